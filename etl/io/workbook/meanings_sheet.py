"""The sheet `Mapeos`: each value that a code list refused once, with a proposal and a place to say what is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from etl.core.causes import ranges
from etl.core.meanings import HIDDEN_FIELD, RefusedValue
from etl.core.plain_text import plain
from etl.io.workbook.book import Book
from etl.io.workbook.cell_xml import cell_text
from etl.io.workbook.entry_rules import Lists, entry_of
from etl.io.workbook.look import TABS
from etl.io.workbook.names import Heading, heading
from etl.io.workbook.page import finish_table, line_height
from etl.io.workbook.user_table import comment_box
from etl.messages import ntext, text

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MOST_VALUES = 1_000
"""Values that are shown: more than that is a wrong column, not a wrong word."""

_RANGES = 12
_WIDTHS: Mapping[Heading, float] = {
    Heading.COLUMN: 24,
    Heading.VALUE: 34,
    Heading.TIMES: 8,
    Heading.ROWS: 32,
    Heading.PROPOSAL: 20,
    Heading.MEANING: 26,
    Heading.USE: 26,
}
_PLACES = {kind: index for index, kind in enumerate(_WIDTHS)}


def fill_meanings_sheet(book: Book, sheet: Worksheet, refused: Sequence[RefusedValue], lists: Lists) -> None:
    """Fill `Mapeos`; `lists` are the entries of the drop-downs."""
    shown = refused[:MOST_VALUES]
    for kind, index in _PLACES.items():
        sheet.write_string(0, index, heading(kind, book.language), book.style("header"))
        sheet.set_column(index, index, _WIDTHS[kind], book.style("text") if kind is Heading.VALUE else None)
    sheet.write_string(0, len(_PLACES), HIDDEN_FIELD)
    sheet.set_column(len(_PLACES), len(_PLACES), None, None, {"hidden": True})
    sheet.set_row(0, 24)
    _explain(book, sheet)
    for row, value in enumerate(shown, start=1):
        _write_value(book, sheet, row, value)
        _offer_entries(book, sheet, row, value, lists)
    finish_table(book, sheet, rows=len(shown), columns=len(_PLACES))
    sheet.set_tab_color(TABS["amber"])


def _explain(book: Book, sheet: Worksheet) -> None:
    words = book.say(
        text(
            "Choose here once what each value means; leave it blank for values that are simply wrong. It holds for all "
            "rows with that value when this workbook is sent, and a mapping file given with --mapping keeps it."
        )
    )
    sheet.write_comment(0, _PLACES[Heading.USE], words, comment_box(words))


def _write_value(book: Book, sheet: Worksheet, row: int, value: RefusedValue) -> None:
    top, wrap = book.style("top"), book.style("wrap")
    shown, more = ranges(value.rows, _RANGES)
    rows = book.say(ntext("{shown} and {count} more", "{shown} and {count} more", more, shown=shown)) if more else shown
    sheet.write_string(row, _PLACES[Heading.COLUMN], cell_text(plain(value.header)), top)
    sheet.write_string(row, _PLACES[Heading.VALUE], cell_text(value.value), book.style("wrap text"))
    sheet.write_number(row, _PLACES[Heading.TIMES], value.count, book.style("count"))
    sheet.write_string(row, _PLACES[Heading.ROWS], rows, wrap)
    if value.proposal is not None:
        entry = entry_of(value.column, value.proposal)
        place = _PLACES[Heading.PROPOSAL]
        if isinstance(entry, str):
            sheet.write_string(row, place, cell_text(entry), top)
        else:
            sheet.write_number(row, place, float(entry), book.style("value"))
        if value.proposal.meaning != entry:
            sheet.write_string(row, _PLACES[Heading.MEANING], cell_text(value.proposal.meaning), top)
    sheet.write_blank(row, _PLACES[Heading.USE], None, book.style("decide"))
    sheet.write_string(row, len(_PLACES), value.column.name)
    sheet.set_row(row, line_height([(value.value, _WIDTHS[Heading.VALUE]), (rows, _WIDTHS[Heading.ROWS])]))


def _offer_entries(book: Book, sheet: Worksheet, row: int, value: RefusedValue, lists: Lists) -> None:
    place = _PLACES[Heading.USE]
    sheet.data_validation(
        row,
        place,
        row,
        place,
        {
            "validate": "list",
            "source": lists.references[value.column.name],
            "input_title": heading(Heading.USE, book.language),
            "input_message": book.say(text("What does this value mean? Choose it, or leave it blank.")),
        },
    )
