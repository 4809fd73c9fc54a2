"""The sheet `Inciertas`: what is known of the rows whose fate is not, and where a person decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from etl.core.plain_text import plain
from etl.core.report import Report, UncertainRow
from etl.core.resend import HIDDEN_RUN
from etl.core.row_names import row_name
from etl.io.workbook.book import MAX_ROWS, Book
from etl.io.workbook.cell_xml import cell_text
from etl.io.workbook.look import TABS
from etl.io.workbook.names import APPLIED, RESEND, Heading, SheetKind, heading
from etl.io.workbook.page import finish_table, line_height
from etl.io.workbook.rows_sheet import local, shown_value
from etl.messages import Text, text
from etl.model import Json

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_WIDE = frozenset((Heading.REASON, Heading.WHY))


def add_uncertain_sheet(book: Book, report: Report) -> None:
    """Add `Inciertas`: what was sent, when, what was read before and after, and a drop-down for the decision."""
    sheet = book.add_sheet(SheetKind.UNCERTAIN)
    sent = tuple(dict.fromkeys(name for row in report.uncertain for name in row.payload))
    titles = _titles(book, sent)
    widths = _widths(book, titles)
    for index, title in enumerate(titles):
        sheet.write_string(0, index, cell_text(title), book.style("header"))
        sheet.set_column(index, index, widths[index])
    sheet.set_row(0, 32)
    decision_at = len(titles) - 3
    shown = report.uncertain[: MAX_ROWS - 1]
    for number, row in enumerate(shown, start=1):
        values = _values(book, row, sent, report.run)
        _write_row(book, sheet, number, values)
        sheet.set_row(number, line_height((str(v), width) for v, width in zip(values, widths, strict=True) if v))
        for column in (decision_at, decision_at + 1):
            sheet.write_blank(number, column, None, book.style("decide"))
    _offer_decisions(book, sheet, decision_at, len(shown))
    sheet.set_column(len(titles) - 1, len(titles) - 1, None, None, {"hidden": True})
    finish_table(book, sheet, rows=len(shown), columns=len(titles) - 1)
    sheet.set_tab_color(TABS["violet"])


def _titles(book: Book, sent: Sequence[str]) -> list[str]:
    language = book.language
    return [
        heading(Heading.ROW, language),
        heading(Heading.BATCH, language),
        *sent,
        book.say(text("Sent at")),
        book.say(text("Read before")),
        book.say(text("Expected after")),
        book.say(text("Read after")),
        book.say(text("Read at")),
        heading(Heading.REASON, language),
        heading(Heading.DECISION, language),
        heading(Heading.WHY, language),
        HIDDEN_RUN,
    ]


def _widths(book: Book, titles: Sequence[str]) -> list[float]:
    wide = {heading(kind, book.language) for kind in _WIDE}
    narrow = {heading(kind, book.language) for kind in (Heading.ROW, Heading.BATCH)}
    return [48 if title in wide else 9 if title in narrow else 20 for title in titles]


def _values(book: Book, row: UncertainRow, sent: Sequence[str], run: str | None) -> list[Json]:
    """Return the cells of a row; None where a person writes or nothing is known."""
    reason: Text = row.reason
    if row.inferred:
        reason = text(
            "{reason}. As far as totals can tell it was not applied; sales in between can hide the truth", reason=reason
        )
    return [
        row.ref if row.ref > 0 else row_name(row.ref),
        row.batch,
        *(shown_value(row.payload.get(name)) for name in sent),
        local(row.sent_at),
        _listed(row.before),
        _listed(row.expected),
        _listed(row.seen),
        local(row.seen_at) if row.seen_at else None,
        plain(book.say(reason)),
        None,
        None,
        run,
    ]


def _listed(known: Mapping[str, Json]) -> str | None:
    """Return ``stock_actual: 204, stock_minimo: 500``."""
    return ", ".join(f"{name}: {shown_value(value)}" for name, value in known.items()) or None


def _write_row(book: Book, sheet: Worksheet, number: int, values: Sequence[Json]) -> None:
    for column, value in enumerate(values):
        if isinstance(value, bool):
            sheet.write_boolean(number, column, value, book.style("value"))
        elif isinstance(value, int | float | Decimal):
            sheet.write_number(number, column, float(value), book.style("value"))
        elif isinstance(value, datetime):
            sheet.write_datetime(number, column, value, book.style("fact"))
        elif value is not None:
            sheet.write_string(number, column, cell_text(str(value)), book.style("wrap"))


def _offer_decisions(book: Book, sheet: Worksheet, column: int, rows: int) -> None:
    words = [APPLIED[book.language], RESEND[book.language]]
    sheet.data_validation(
        1,
        column,
        max(rows, 1),
        column,
        {
            "validate": "list",
            "source": words,
            "input_title": heading(Heading.DECISION, book.language),
            "input_message": book.say(
                text(
                    "Look the row up at the vendor. {applied}: it is there. {resend}: it is not, send it once more.",
                    applied=words[0],
                    resend=words[1],
                )
            ),
        },
    )
