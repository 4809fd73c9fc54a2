"""The sheet `Resumen`: what became of the rows, what to do next, and why rows failed, on one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from etl.core.causes import Cause, ranges
from etl.core.plain_text import plain
from etl.core.report import Report, ReportRow
from etl.io.workbook.book import Book
from etl.io.workbook.changed_values import write_changes
from etl.io.workbook.errors_sheet import Listed
from etl.io.workbook.look import TABS, state_colour
from etl.io.workbook.names import STATE_ORDER, Heading, SheetKind, heading, state
from etl.io.workbook.page import Page, finish_page
from etl.io.workbook.resend_sheet import rows_to_resend
from etl.io.workbook.rows_sheet import Placed, local
from etl.messages import Text, ntext, text
from etl.model import MappedColumn, Outcome
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_WIDTHS = (30, 13, 62, 50, 34, 20)
_MOST_CAUSES = 200
_MOST_LOW = 100
_RANGES = 40


@dataclass(frozen=True, slots=True)
class SummaryLinks:
    """What the other sheets show, and where."""

    causes: Sequence[Cause]
    rows: Placed
    errors: Listed
    refused: int = 0
    """Values in `Mapeos`."""


def fill_summary_sheet(
    book: Book, sheet: Worksheet, report: Report, destination: Destination, links: SummaryLinks
) -> None:
    """Fill `Resumen`."""
    page = Page(book, sheet, _WIDTHS)
    _write_head(page, report, destination)
    _write_next_steps(page, report, links)
    _write_counts(page, report)
    write_changes(page, report)
    if report.unchecked:
        page.section(text("What a check cannot know"))
        for open_question in report.unchecked:
            page.wide(open_question, "wrap")
    if links.causes:
        _write_causes(page, links)
    if destination.low_stock:
        _write_low_stock(page, report, destination, links.rows)
    _write_facts(page, report, destination)
    finish_page(book, sheet)
    sheet.set_tab_color(TABS["calm"])


def _write_head(page: Page, report: Report, destination: Destination) -> None:
    title = text("Results of {file}", file=report.file or destination.name)
    if report.run is None:
        title = text("Check of {file}", file=report.file or destination.name)
    page.wide(title, "title", 30)
    page.wide(text("{title} ({name})", title=destination.title, name=destination.name), "subtitle")
    message, style = _headline(report, page.book)
    page.wide(message, style, 30)
    for notice in report.notices:
        page.wide(notice, "mild banner", 22)
    if report.stopped:
        page.wide(report.stopped, "mild banner", 22)


def _headline(report: Report, book: Book) -> tuple[Text, str]:
    """Return the one thing to know, and how it looks."""
    counts = report.counts
    uncertain, unsent = counts["uncertain"], counts["not_sent"]
    wrong = counts["invalid"] + counts["rejected"]
    if uncertain:
        sheet = book.name_of(SheetKind.UNCERTAIN)
        return (
            ntext("{count} row is uncertain: look at it first, in the sheet {sheet}",
                  "{count} rows are uncertain: look at them first, in the sheet {sheet}", uncertain, sheet=sheet),
            "unsure banner",
        )  # fmt: skip
    if wrong:
        return ntext("{count} row has to be corrected", "{count} rows have to be corrected", wrong), "bad banner"
    if not counts["read"]:
        return text("There are no rows to send"), "mild banner"
    if report.run is None:
        return text("Every row is valid; nothing was sent"), "good banner"
    if unsent:
        return ntext("{count} row was not sent yet", "{count} rows were not sent yet", unsent), "mild banner"
    return text("Every row arrived"), "good banner"


def _write_next_steps(page: Page, report: Report, links: SummaryLinks) -> None:
    lines = list(_links(page.book, report, links))
    if not lines and not report.next_steps:
        return
    page.section(text("What to do next"))
    for step in report.next_steps:
        page.wide(step, "wrap")
    for sheet, message in lines:
        page.link(0, f"{sheet}!A1", sheet)
        page.put(1, message, "top")
        page.end_row()


def _links(book: Book, report: Report, links: SummaryLinks) -> Iterator[tuple[str, Text]]:
    """Yield the other sheets with what is to be done or seen there, the most urgent first."""
    if report.uncertain:
        yield (
            book.name_of(SheetKind.UNCERTAIN),
            ntext("decide on {count} row whose fate is not known", "decide on {count} rows whose fate is not known",
                  len(report.uncertain)),
        )  # fmt: skip
    resent = len(rows_to_resend(report)) if report.run is not None else 0
    if resent:
        yield (
            book.name_of(SheetKind.RESEND),
            ntext("correct or complete {count} row here, save, and run this workbook",
                  "correct or complete {count} rows here, save, and run this workbook", resent),
        )  # fmt: skip
    if links.refused:
        yield book.name_of(SheetKind.MEANINGS), _ask_meanings(links.refused, sent=report.run is not None)
    if links.causes:
        count = sum(len(cause.findings) for cause in links.causes)
        yield links.errors.sheet, ntext("{count} finding, cell by cell", "{count} findings, cell by cell", count)
    yield links.rows.sheet, text("every row of the sheet with its state")


def _ask_meanings(count: int, *, sent: bool) -> Text:
    if sent:
        return ntext(
            "say once what {count} value means that is in no list; it holds for all rows that are sent from here",
            "say once what each of {count} values means that are in no list; it holds for all rows that are sent "
            "from here",
            count,
        )  # fmt: skip
    return ntext(
        "say once what {count} value means that is in no list; save, and give the sheet again with --mapping THIS.xlsx",
        "say once what each of {count} values means that are in no list; save, and give the sheet again with "
        "--mapping THIS.xlsx",
        count,
    )  # fmt: skip


def _write_counts(page: Page, report: Report) -> None:
    page.section(text("Rows"))
    page.put(0, heading(Heading.STATE, page.book.language), "own header")
    page.put(1, text("Rows"), "own header")
    page.end_row()
    first = page.row
    counts = report.counts
    for outcome in STATE_ORDER:
        words = state(outcome, page.book.language)
        if outcome is Outcome.NOT_SENT and report.run is None:
            words = f"{words} ({page.book.say(text('valid'))})"
        page.put(0, words, f"state:{outcome}")
        page.put(1, counts[outcome.value], "number")
        page.end_row()
    page.put(0, text("Read in all"), "total")
    page.put(1, counts["read"], "total number")
    page.end_row()
    if counts["read"]:
        _insert_chart(page, first)


def _insert_chart(page: Page, first: int) -> None:
    last = first + len(STATE_ORDER) - 1
    name = page.book.name_of(SheetKind.SUMMARY)
    chart = page.book.add_bar_chart()
    chart.add_series(
        {
            "categories": [name, first, 0, last, 0],
            "values": [name, first, 1, last, 1],
            "points": [{"fill": {"color": state_colour(outcome)}} for outcome in STATE_ORDER],
            "data_labels": {"value": True, "num_format": "#,##0;;"},
            "gap": 35,
        }
    )
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "line": {"none": True}, "major_tick_mark": "none"})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}, "min": 0})
    chart.set_chartarea({"border": {"none": True}})
    chart.set_size({"width": 520, "height": 20 * (len(STATE_ORDER) + 2)})
    page.sheet.insert_chart(first - 1, 2, chart, {"x_offset": 12, "y_offset": 6, "object_position": 2})


def _write_causes(page: Page, links: SummaryLinks) -> None:
    page.section(text("Why: causes and their rows"))
    language = page.book.language
    titles: tuple[Text | str, ...] = (
        heading(Heading.COLUMN, language),
        text("Findings"),
        heading(Heading.PROBLEM, language),
        heading(Heading.WHAT_TO_DO, language),
        text("Rows"),
        heading(Heading.CODE, language),
    )
    for column, title in enumerate(titles):
        page.put(column, title, "own header")
    page.end_row()
    for cause, line in zip(links.causes[:_MOST_CAUSES], links.errors.lines, strict=False):
        _write_cause(page, cause, f"{links.errors.sheet}!A{line}")
    rest = len(links.causes) - _MOST_CAUSES
    if rest > 0:
        page.link(0, f"{links.errors.sheet}!A1", links.errors.sheet)
        page.put(2, ntext("{count} cause more", "{count} causes more", rest), "wrap")
        page.end_row()


def _write_cause(page: Page, cause: Cause, target: str) -> None:
    first = cause.first
    problem: Text = cause.problem
    if cause.varied:
        problem = text("for instance: {problem}", problem=problem)
    if not first.is_error:
        problem = text("Warning: {problem}", problem=problem)
    page.link(0, target, plain(first.header or first.field or page.book.say(text("whole row"))))
    page.put(1, len(cause.findings), "count")
    page.put(2, problem, "wrap")
    if cause.hint:
        page.put(3, cause.hint, "wrap")
    shown, more = ranges(cause.rows, _RANGES)
    rows: Text | str = shown
    if more:
        rows = ntext("{shown} and {count} more", "{shown} and {count} more", more, shown=shown)
    page.put(4, rows, "wrap")
    page.put(5, first.code, "top!error" if first.is_error else "top!warning")
    page.end_row()


def _write_low_stock(page: Page, report: Report, destination: Destination, placed: Placed) -> None:
    stock, minimum = destination.low_stock or ("", "")
    low = list(report.low_stock(stock, minimum))
    if not low:
        return
    page.section(text("At or below their minimum stock"))
    for column, title in enumerate((" / ".join(destination.key), stock, minimum)):
        page.put(column, title, "own header")
    page.end_row()
    keys = [mapped.column for field in destination.key if (mapped := _mapped(report, field))]
    for row in low[:_MOST_LOW]:
        words = " / ".join(_shown(row, column) for column in keys) or str(row.number or "")
        target = placed.link(row.number, None) if row.number is not None else None
        if target:
            page.link(0, target.removeprefix("internal:"), plain(words))
        else:
            page.put(0, words, "top")
        page.put(1, _number(row.data[stock]), "value")
        page.put(2, _number(row.data[minimum]), "value")
        page.end_row()
    if len(low) > _MOST_LOW:
        page.wide(text("and {count} more", count=len(low) - _MOST_LOW), "label")


def _mapped(report: Report, field: str) -> MappedColumn | None:
    return next((mapped for mapped in report.columns if mapped.field == field), None)


def _shown(row: ReportRow, column: int) -> str:
    cell = row.cells[column] if column < len(row.cells) else None
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell if cell is not None else "")


def _number(value: str | float | Decimal) -> float:
    return float(value)


def _write_facts(page: Page, report: Report, destination: Destination) -> None:
    page.section(text("About this workbook"))
    for label, value in _facts(report, destination):
        if value in (None, ""):
            continue
        page.put(0, label, "label")
        page.put(1, _moment(value) if isinstance(value, datetime) else value, "value")
        page.end_row()


def _moment(moment: datetime) -> str:
    """Return a moment in this machine's time, with its distance from UTC: ``21/11/2026 17:31:06 (-03:00)``."""
    return f"{local(moment):%d/%m/%Y %H:%M:%S} ({moment.astimezone().isoformat()[-6:]})"


def _facts(report: Report, destination: Destination) -> Iterator[tuple[Text, str | int | datetime | Text | None]]:
    yield text("Run"), report.run or text("none: nothing was sent")
    yield text("File"), report.file
    yield text("SHA-256 of the file"), report.file_sha256
    yield text("Sheet"), report.sheet
    yield text("Destination"), destination.name
    yield text("Company"), report.company
    yield text("Profile"), report.profile
    yield text("Account"), report.account
    yield text("Host"), report.host
    yield text("Set for all rows"), ", ".join(f"{name} = {value}" for name, value in report.constants.items())
    yield text("Columns left out"), ", ".join(header for header in report.ignored_columns if header)
    yield text("Started"), report.started
    yield text("Finished"), report.finished
    for line in report.cost:
        yield text("Requests"), line
    yield text("Requests planned"), report.requests.planned
    yield text("Requests sent"), report.requests.sent
    yield text("Requests that only read"), report.requests.reads
