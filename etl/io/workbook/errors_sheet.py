"""The sheet `Errores`: one line a finding, causes together, each cell a link to where it stands in `Filas`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.core.causes import Cause
from etl.core.plain_text import plain
from etl.io.workbook.book import MAX_ROWS, Book, Styles
from etl.io.workbook.cell_xml import cell_xml
from etl.io.workbook.look import TABS
from etl.io.workbook.names import Heading, SheetKind, heading, origin_word
from etl.io.workbook.page import finish_table, line_height
from etl.io.workbook.rows_sheet import Placed
from etl.messages import text
from etl.model import Finding, column_letter

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MAX_LINKS = 20_000
"""Linked cells; Excel takes 65,530, and each is slow to open."""

_WRAPPED = 5_000
"""Lines up to which long texts are wrapped; Excel measures the height of each such line when it opens the file."""
_COLUMNS: Mapping[Heading, float] = {
    Heading.ROW: 8,
    Heading.CELL: 9,
    Heading.COLUMN: 26,
    Heading.VALUE: 26,
    Heading.CODE: 20,
    Heading.PROBLEM: 64,
    Heading.WHAT_TO_DO: 56,
    Heading.SOURCE: 12,
}
_LETTERS = tuple(column_letter(index) for index in range(len(_COLUMNS)))
_ROW_AT, _CELL_AT, _CODE_AT, _PROBLEM_AT, _HINT_AT = 0, 1, 4, 5, 6
_WRAPPED_AT = {_PROBLEM_AT: Heading.PROBLEM, _HINT_AT: Heading.WHAT_TO_DO}
_SHOWN_VALUE = 120


@dataclass(frozen=True, slots=True)
class Listed:
    """Where `Errores` lists what."""

    sheet: str
    lines: tuple[int, ...]
    """The first line of each cause, by the cause's index."""
    left_out: int
    """Findings that did not fit into a sheet."""


def fill_errors_sheet(book: Book, sheet: Worksheet, found: Sequence[Cause], placed: Placed) -> Listed:
    """Fill `Errores`; the order of `found` is the order of the sheet."""
    findings = [finding for cause in found for finding in cause.findings]
    shown = findings[: MAX_ROWS - 1]
    for index, width in enumerate(_COLUMNS.values()):
        sheet.set_column(index, index, width)
    linked = _link(sheet, shown[:MAX_LINKS], placed)
    wraps = len(shown) <= _WRAPPED

    def rows(styles: Styles) -> Iterator[str]:
        header = [
            cell_xml(f"{column_letter(index)}1", heading(kind, book.language), styles["header"])
            for index, kind in enumerate(_COLUMNS)
        ]
        yield f'<row r="1" ht="24" customHeight="1">{"".join(header)}</row>'
        for number, finding in enumerate(shown, start=2):
            yield _line(book, finding, number, linked.get(number), styles, wraps=wraps)

    book.stream(
        sheet,
        rows,
        ("header", "top", "wrap", "link", "top!error", "top!warning"),
        last_row=len(shown) + 1,
        columns=len(_COLUMNS),
    )
    finish_table(book, sheet, rows=len(shown), columns=len(_COLUMNS))
    has_errors = any(cause.first.is_error for cause in found)
    sheet.set_tab_color(TABS["red" if has_errors else "amber" if found else "grey"])
    return Listed(book.name_of(SheetKind.ERRORS), _first_lines(found), len(findings) - len(shown))


def _first_lines(found: Sequence[Cause]) -> tuple[int, ...]:
    lines, line = [], 2
    for cause in found:
        lines.append(min(line, MAX_ROWS))
        line += len(cause.findings)
    return tuple(lines)


def _link(sheet: Worksheet, shown: Sequence[Finding], placed: Placed) -> dict[int, int]:
    """Link the cell of each finding, or its row where it has no cell; return the linked column by line."""
    linked = {}
    for number, finding in enumerate(shown, start=2):
        address = placed.link(finding.row, finding.column) if finding.row is not None else None
        if address:
            column = _CELL_AT if finding.cell else _ROW_AT
            sheet.write_url(number - 1, column, address, None, finding.cell or str(finding.row))
            linked[number] = column
    return linked


def _line(book: Book, finding: Finding, number: int, linked: int | None, styles: Styles, *, wraps: bool) -> str:
    problem = plain(book.say(finding.message))
    values = (
        finding.row,
        finding.cell,
        plain(finding.header or finding.field or "") or None,
        None if finding.value is None else plain(finding.value, _SHOWN_VALUE),
        finding.code,
        problem if finding.is_error else book.say(text("Warning: {problem}", problem=problem)),
        plain(book.say(finding.hint)) if finding.hint else None,
        origin_word(finding.origin, book.language),
    )
    body = "wrap" if wraps else "top"
    marks = {_PROBLEM_AT: body, _HINT_AT: body, _CODE_AT: "top!error" if finding.is_error else "top!warning"} | (
        {} if linked is None else {linked: "link"}
    )
    cells = [
        cell_xml(f"{_LETTERS[index]}{number}", value, styles[marks.get(index, "top")])
        for index, value in enumerate(values)
        if value is not None
    ]
    height = f' ht="{_height(values)}" customHeight="1"' if wraps else ""
    return f'<row r="{number}"{height}>{"".join(cells)}</row>'


def _height(values: Sequence[str | int | None]) -> float:
    return line_height((str(values[at] or ""), _COLUMNS[kind]) for at, kind in _WRAPPED_AT.items())
