"""The user's own columns as our sheets show them: same headers, order and types, wrong cells filled and commented."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import repeat, zip_longest
from typing import TYPE_CHECKING, Any

from etl.core.plain_text import plain
from etl.core.report import Report, ReportRow
from etl.io.workbook.book import MAX_COLUMNS, Book, Styles
from etl.io.workbook.cell_xml import cell_text, cell_xml, column_xml, error_xml
from etl.messages import Text
from etl.model import Cell, Finding, column_letter
from etl.vendors.base import Destination, Kind

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MAX_COMMENTS = 1_000
"""Commented cells of a sheet; the rest is only filled, for comments are slow to open."""

_OURS = 60
"""Columns that are kept free for ours."""
_SAMPLE = 200
_NARROWEST, _WIDEST = 9, 46
_UNREADABLE = frozenset(("error_cell", "formula_without_value"))
_BASES = ("plain", "text", "date", "moment", "time", "span")
_MARKS = ("", "!error", "!warning")

Notes = Mapping[int, Sequence[Finding]]
"""The findings of a row by column index."""


class UserTable:
    """The user's columns, ready to be written row by row."""

    def __init__(self, report: Report, destination: Destination) -> None:
        """Look over the report once: its width, its types, its findings by place."""
        self._report = report
        self.width = min(_width(report), MAX_COLUMNS - _OURS)
        self.headers = (*report.headers, *("",) * self.width)[: self.width]
        self.notes = _notes_by_row(report.findings, self.width)
        self.row_notes = _notes_of_rows(report.findings)
        self._text_styles = _text_styles(report, destination, self.width)
        self._letters = [column_letter(index) for index in range(self.width)]
        self._number_formats = {code for row in report.rows if row.formats for code in row.formats.values()}

    @property
    def styles(self) -> set[str]:
        """Names of all styles that the cells may ask for."""
        bases = (*_BASES, *(f"number:{code}" for code in self._number_formats))
        return {base + mark for base in bases for mark in _MARKS} | {"header", "own header"}

    def header_xml(self, styles: Styles) -> list[str]:
        """Return the cells of the header row; blank headers stay blank."""
        return [
            cell_xml(f"{letter}1", header or None, styles["header"])
            for letter, header in zip(self._letters, self.headers, strict=True)
        ]

    def cells_xml(self, rows: Sequence[ReportRow], numbers: Sequence[str], styles: Styles) -> Iterator[Sequence[str]]:
        """Yield the cells of each row of a stretch, which stand at rows of the sheet with these numbers."""
        columns = [
            column_xml(letter, numbers, values, partial(_style_of, styles, styles[text_style]))
            for letter, text_style, values in zip(
                self._letters, self._text_styles, zip_longest(*(row.cells for row in rows)), strict=False
            )
        ]
        cells: Iterable[Sequence[str]] = zip(*columns, strict=True) if columns else repeat(())
        for row, number, drawn in zip(rows, numbers, cells, strict=False):
            found = self.notes.get(row.number, {}) if row.number is not None else {}
            yield self._with_special(drawn, row, number, found, styles) if found or row.formats else drawn

    def _with_special(
        self, drawn: Sequence[str], row: ReportRow, number: str, found: Notes, styles: Styles
    ) -> list[str]:
        """Return the cells of a row, drawn anew where they have findings or a number format of their own."""
        cells = [*drawn, *[""] * (self.width - len(drawn))]
        for index in {*found, *row.formats}:
            cells[index] = self._special(row, number, index, found.get(index, ()), styles)
        return cells

    def set_columns(self, sheet: Worksheet, book: Book) -> None:
        """Give the columns their widths and, down the whole column, the text format of codes."""
        sampled = self._report.rows[:_SAMPLE]
        for index, (header, style) in enumerate(zip(self.headers, self._text_styles, strict=True)):
            shown = [row.cells[index] for row in sampled if index < len(row.cells)]
            sheet.set_column(index, index, fitting_width(header, shown), book.style(style))

    def comment(
        self, sheet: Worksheet, book: Book, positions: Iterable[tuple[ReportRow, int]], *, anchor: int | None = None
    ) -> None:
        """Comment the cells that have findings, up to `MAX_COMMENTS`; `positions` are rows with their numbers here.

        Findings about a whole row are told at the column `anchor`, if there is one.
        """
        left = MAX_COMMENTS
        for row, number in positions:
            for column, findings in self._commented(row.number, anchor).items():
                if not left:
                    return
                words = comment_text(book.say, findings)
                sheet.write_comment(number - 1, column, words, comment_box(words))
                left -= 1

    def _commented(self, row: int | None, anchor: int | None) -> Notes:
        if row is None:
            return {}
        whole = self.row_notes.get(row) if anchor is not None else None
        notes = self.notes.get(row, {})
        return {**notes, anchor: [*notes.get(anchor, ()), *whole]} if whole and anchor is not None else notes

    def read_back(self, row: ReportRow) -> list[Cell]:
        """Return the cells of a row as a reader will find them here: texts as they fit, error cells without a value."""
        found = self.notes.get(row.number, {}) if row.number is not None else {}
        return [
            None
            if index in found and _broken(found[index], value) is not None
            else cell_text(value)
            if isinstance(value, str)
            else value
            for index, value in enumerate(row.cells[: self.width])
        ]

    def _special(self, row: ReportRow, number: str, index: int, findings: Sequence[Finding], styles: Styles) -> str:
        """Return a cell with findings or a number format of its own."""
        value = row.cells[index] if index < len(row.cells) else None
        style = styles[self._style(row, index, value) + _mark(findings)]
        reference = f"{self._letters[index]}{number}"
        broken = _broken(findings, value)
        return cell_xml(reference, value, style) if broken is None else error_xml(reference, broken.value or "", style)

    def _style(self, row: ReportRow, index: int, value: Cell) -> str:
        if index in row.formats:
            return f"number:{row.formats[index]}"
        return self._text_styles[index] if value is None or isinstance(value, str) else _base(value)


def fitting_width(header: str, values: Iterable[Any]) -> float:
    """Return a column width that fits most of what it shows; long headers wrap."""
    lengths = sorted(len(str(value)) for value in values if value is not None)
    usual = lengths[int(len(lengths) * 0.95)] if lengths else 0
    longest_word = max((len(word) for word in header.split()), default=0)
    return min(max(usual + 2, longest_word + 4, min(len(header), 18) + 3, _NARROWEST), _WIDEST)


def comment_text(say: Callable[[Text], str], findings: Iterable[Finding], *, codes: bool = False) -> str:
    """Return what a cell's comment says: every problem with what to do about it, and with `codes` its code."""
    lines = []
    for finding in findings:
        problem = plain(say(finding.message))
        lines.append(f"{finding.code}: {problem}" if codes else problem)
        if finding.hint:
            lines.append(plain(say(finding.hint)))
    return "\n".join(lines)


def key_column(report: Report, destination: Destination) -> int:
    """Return the column where a finding about a whole row is told: the last of the key, as for duplicates."""
    columns = {mapped.field: mapped.column for mapped in report.columns}
    return next((columns[field] for field in reversed(destination.key) if field in columns), 0)


def comment_box(words: str) -> dict[str, Any]:
    """Return the size that a comment needs to be read whole."""
    lines = sum(len(line) // 46 + 1 for line in words.split("\n"))
    return {"width": 300, "height": 14 + 16 * lines, "author": "etl", "font_size": 9}


def _width(report: Report) -> int:
    """Return how many columns the sheet has: its headers, and whatever stands further to the right."""
    width = len(report.headers)
    for row in report.rows:
        if len(row.cells) > width:
            width = max(width, max((i + 1 for i, cell in enumerate(row.cells) if cell is not None), default=0))
    return width


def _notes_by_row(findings: Iterable[Finding], width: int) -> dict[int, dict[int, list[Finding]]]:
    notes: dict[int, dict[int, list[Finding]]] = {}
    for finding in findings:
        if finding.row is not None and finding.column is not None and finding.column < width:
            notes.setdefault(finding.row, {}).setdefault(finding.column, []).append(finding)
    return notes


def _notes_of_rows(findings: Iterable[Finding]) -> dict[int, list[Finding]]:
    """Return the findings about whole rows: a vendor's refusal names no cell."""
    notes: dict[int, list[Finding]] = {}
    for finding in findings:
        if finding.row is not None and finding.column is None:
            notes.setdefault(finding.row, []).append(finding)
    return notes


def _text_styles(report: Report, destination: Destination, width: int) -> list[str]:
    """Return the style of texts a column: the text format but where numbers, dates or choices belong."""
    styles = ["text"] * width
    kinds = {column.name: column.kind for column in destination.columns}
    for mapped in report.columns:
        if mapped.column < width and kinds.get(mapped.field, Kind.TEXT) not in (Kind.TEXT, Kind.CODE):
            styles[mapped.column] = "plain"
    return styles


def _mark(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    return "!error" if any(finding.is_error for finding in findings) else "!warning"


def _broken(findings: Sequence[Finding], value: Cell) -> Finding | None:
    """Return the finding that says that a cell is an error, unless something else stands in it."""
    broken = next((finding for finding in findings if finding.code in _UNREADABLE), None)
    return broken if broken is not None and value in (None, broken.value) else None


def _style_of(styles: Styles, of_texts: str, value: Cell) -> str:
    return of_texts if isinstance(value, str) else styles[_base(value)]


def _base(value: Cell) -> str:
    """Return the style of a value that is no text."""
    if isinstance(value, datetime):
        return "moment" if value.time() != time() else "date"
    if isinstance(value, date):
        return "date"
    if isinstance(value, timedelta):
        return "span"
    return "time" if isinstance(value, time) else "plain"
