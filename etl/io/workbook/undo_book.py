"""Writes the workbook that sets a run back: rows that `etl run` takes as they stand, and a page that explains them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from etl.core.changes import ERASED
from etl.core.identity import Identity, WorkbookKind
from etl.io.workbook.book import Book
from etl.io.workbook.cell_xml import cell_text
from etl.io.workbook.look import TABS
from etl.io.workbook.names import Heading, SheetKind, heading
from etl.io.workbook.page import Page, finish_page, finish_table
from etl.io.workbook.placement import replace_file
from etl.io.workbook.rows_sheet import local
from etl.io.workbook.user_table import fitting_width
from etl.messages import ntext, text
from etl.model import Json, MappedColumn
from etl.undoing import Undo
from etl.vendors.answers import number_of
from etl.vendors.base import Column, Kind

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_WIDTHS = (14, 44, 90)
_SAMPLE = 200


def write_undo(undo: Undo, path: Path, language: str) -> Path:
    """Write the workbook, replacing the file at `path`. OSError when it cannot be; the file is then as before."""
    return replace_file(path, lambda target: _write(undo, language, target))


def _write(undo: Undo, language: str, target: BinaryIO) -> None:
    book = Book(language, undo.run.file, undo.run.finished)
    summary, sheet = book.add_sheet(SheetKind.SUMMARY), book.add_sheet(SheetKind.UNDO)
    columns = _columns(undo)
    _fill_rows(book, sheet, undo, columns)
    _fill_summary(Page(book, summary, _WIDTHS), undo)
    identity = Identity(
        kind=WorkbookKind.UNDO,
        to=undo.to.name,
        data_sheet=book.name_of(SheetKind.UNDO),
        run=undo.run.id,
        profile=undo.run.profile,
        columns=tuple(MappedColumn(column.name, column.label, index) for index, column in enumerate(columns)),
    )
    book.save(identity, target)


def _columns(undo: Undo) -> list[Column]:
    """Return the columns that some row needs, in the destination's order."""
    used = {name for row in undo.rows for name in row}
    return [column for column in undo.to.columns if column.name in used]


def _fill_rows(book: Book, sheet: Worksheet, undo: Undo, columns: Sequence[Column]) -> None:
    for index, column in enumerate(columns):
        style = book.style("plain" if column.kind in (Kind.INTEGER, Kind.DECIMAL) else "text")
        shown = [row.get(column.name) for row in undo.rows[:_SAMPLE]]
        sheet.set_column(index, index, fitting_width(column.label, shown), style)
        sheet.write_string(0, index, cell_text(column.label), book.style("header"))
        for number, row in enumerate(undo.rows, start=1):
            if column.name in row:
                _write_cell(book, sheet, number, index, column, row[column.name])
    finish_table(book, sheet, rows=len(undo.rows), columns=len(columns))
    sheet.set_tab_color(TABS["amber"])


def _write_cell(book: Book, sheet: Worksheet, number: int, index: int, column: Column, value: Json) -> None:
    """Write a value as a person would enter it: numbers as numbers, all else as text, so that nothing is spoilt."""
    count = number_of(value) if column.kind in (Kind.INTEGER, Kind.DECIMAL) else None
    if count is not None:
        sheet.write_number(number, index, float(count), book.style("plain"))
    else:
        words = ERASED if value is None else _plain(value)
        sheet.write_string(number, index, cell_text(words), book.style("text"))


def _plain(value: Json) -> str:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


def _fill_summary(page: Page, undo: Undo) -> None:
    run = undo.run
    page.wide(text("Undo of {file}", file=run.file), "title", 30)
    page.wide(
        text(
            "Run {run} of {date} to {to}", run=run.id, date=f"{local(run.started):%d/%m/%Y %H:%M}", to=run.destination
        ),
        "subtitle",
    )
    page.wide(
        ntext("{count} row sets back what the run did. Nothing was sent.",
              "{count} rows set back what the run did. Nothing was sent.", len(undo.rows)),
        "mild banner",
        30,
    )  # fmt: skip
    page.section(text("What to do next"))
    page.wide(
        text(
            "1. Look at the sheet {sheet}; delete the rows that are to stay.", sheet=page.book.name_of(SheetKind.UNDO)
        ),
        "wrap",
    )
    page.wide(text("2. See what it would change: etl run FILE --dry-run --read"), "wrap")
    page.wide(text("3. Send it: etl run FILE. The destination is known; --to is not needed."), "wrap")
    if undo.left_out:
        _fill_left_out(page, undo)
    finish_page(page.book, page.sheet)
    page.sheet.set_tab_color(TABS["calm"])


def _fill_left_out(page: Page, undo: Undo) -> None:
    page.section(text("Rows of the run that are not set back"))
    language = page.book.language
    titles = (heading(Heading.ROW, language), " / ".join(undo.to.key), heading(Heading.REASON, language))
    for index, title in enumerate(titles):
        page.put(index, title, "own header")
    page.end_row()
    for entry in undo.left_out:
        page.put(0, ", ".join(str(row) for row in entry.rows if row is not None), "wrap")
        page.put(1, entry.key, "wrap")
        page.put(2, entry.reason, "wrap")
        page.end_row()
