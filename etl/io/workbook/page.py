"""How our sheets are laid out: tables on screen and paper, and pages that are written from top to bottom."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from etl.core.plain_text import plain
from etl.io.workbook.book import Book
from etl.io.workbook.cell_xml import cell_text
from etl.messages import Text, text

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_LINE = 14.5
_MOST_LINES = 12
_STRETCH = 1_000
"""Rows whose cells are drawn together, a column at a time."""


def stretches(count: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the places of `count` rows below a header, stretch by stretch: the first one's, and the rows' numbers."""
    for start in range(0, count, _STRETCH):
        yield start, [str(number) for number in range(start + 2, min(start + _STRETCH, count) + 2)]


def row_xml(number: str, *cells: Iterable[str]) -> str:
    """Return a row with its cells, which are given in the order of their columns."""
    return f'<row r="{number}">{"".join(chain(*cells))}</row>'


def finish_table(book: Book, sheet: Worksheet, *, rows: int, columns: int) -> None:
    """Freeze and repeat the header row, filter the columns, fit the width on landscape pages with their numbers."""
    sheet.freeze_panes(1, 0)
    if columns:
        sheet.autofilter(0, 0, max(rows, 1), columns - 1)
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    sheet.repeat_rows(0)
    finish_page(book, sheet)


def finish_page(book: Book, sheet: Worksheet) -> None:
    """Set paper, margins and footer."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&8&A&R&8" + book.say(text("Page {page} of {pages}", page="&P", pages="&N")))


def line_height(texts: Iterable[tuple[str, float]]) -> float:
    """Return the height of a row that shows wrapped texts in columns of these widths."""
    lines = (sum(math.ceil(max(len(line), 1) / (width * 1.12)) for line in words.split("\n")) for words, width in texts)
    return _LINE * min(max(lines, default=1), _MOST_LINES) + 1


class Page:
    """A sheet that is written from top to bottom, with the row that comes next."""

    def __init__(self, book: Book, sheet: Worksheet, widths: Sequence[float]) -> None:
        """Begin at the top of `sheet`, with columns of these widths."""
        self.book = book
        self.sheet = sheet
        self.row = 0
        self._widths = widths
        self._last = len(widths) - 1
        self._wrapped: list[tuple[str, float]] = []
        for index, width in enumerate(widths):
            sheet.set_column(index, index, width)
        sheet.hide_gridlines(2)

    def put(self, column: int, value: str | float | datetime | Text, style: str) -> None:
        """Write a cell of the current row."""
        format_ = self.book.style(style)
        if isinstance(value, Text):
            value = self.book.say(value)
        if isinstance(value, str):
            words = cell_text(plain(value, 2000))
            self.sheet.write_string(self.row, column, words, format_)
            if style == "wrap":
                self._wrapped.append((words, self._widths[column]))
        elif isinstance(value, datetime):
            self.sheet.write_datetime(self.row, column, value, format_)
        else:
            self.sheet.write_number(self.row, column, value, format_)

    def end_row(self) -> None:
        """Go to the next row; the current one becomes as high as its wrapped texts."""
        if self._wrapped:
            self.sheet.set_row(self.row, line_height(self._wrapped))
        self._wrapped.clear()
        self.row += 1

    def link(self, column: int, target: str, words: str) -> None:
        """Write a cell that leads to another place of this workbook."""
        self.sheet.write_url(self.row, column, f"internal:{target}", self.book.style("link"), cell_text(words))

    def section(self, title: Text) -> None:
        """Begin a section after an empty row."""
        self.row += 1
        self.put(0, title, "section")
        for column in range(1, self._last + 1):
            self.sheet.write_blank(self.row, column, None, self.book.style("section"))
        self.row += 1

    def wide(self, value: Text | str, style: str, height: float | None = None) -> None:
        """Write a line over the whole width."""
        words = self.book.say(value) if isinstance(value, Text) else value
        shown = cell_text(plain(words, 2000))
        self.sheet.merge_range(self.row, 0, self.row, self._last, shown, self.book.style(style))
        self.sheet.set_row(self.row, height or line_height([(shown, sum(self._widths))]))
        self.row += 1
