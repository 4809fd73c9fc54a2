"""Writes a destination's blank workbook: drop-downs, limits and explanations, all out of its declared columns."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from etl.core.example import example_cells, marked_column
from etl.core.identity import Identity, WorkbookKind
from etl.core.needs import needed
from etl.io.workbook.book import MAX_COLUMNS, MAX_ROWS, Book
from etl.io.workbook.cell_xml import cell_text
from etl.io.workbook.entry_rules import add_entry_rules, add_lists, as_sentences, entry_advice, entry_of, format_advice
from etl.io.workbook.look import TABS
from etl.io.workbook.names import SheetKind
from etl.io.workbook.page import Page, finish_page, finish_table
from etl.io.workbook.placement import replace_file
from etl.io.workbook.user_table import comment_box, fitting_width
from etl.messages import Text, text
from etl.model import MappedColumn
from etl.vendors.base import Column, Destination, Kind, Need

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_GUIDE_WIDTHS = (30, 30, 13, 60, 24, 70)
_ALLOWED = (
    "sort", "autofilter", "insert_rows", "delete_rows", "format_cells", "format_columns", "format_rows",
    "insert_columns", "delete_columns",
)  # fmt: skip


def write_template(destination: Destination, path: Path, language: str) -> Path:
    """Write the blank workbook of a destination, replacing the file at `path`; the same bytes each time.

    OSError when it cannot be written; the file that was there is then as before.
    """
    return replace_file(path, lambda target: _write(destination, language, target))


def template_name(destination: Destination) -> str:
    """Return the file name of a destination's template in the project's ``templates`` folder."""
    return f"{destination.name}.xlsx"


def data_sheet_name(destination: Destination) -> str:
    """Return the name of the sheet that is filled in."""
    return destination.name.rpartition(".")[2].capitalize()


def _write(destination: Destination, language: str, target: BinaryIO) -> None:
    book = Book(language, destination.name)
    name = data_sheet_name(destination)
    sheet = book.add_sheet(name)
    _fill_data_sheet(book, sheet, destination)
    _fill_guide(Page(book, book.add_sheet(SheetKind.GUIDE), _GUIDE_WIDTHS), destination, name)
    columns, lists = dict(enumerate(destination.columns)), add_lists(book, destination)
    add_entry_rules(book, sheet, destination, columns, lists, first_row=1, advise=True)
    identity = Identity(
        kind=WorkbookKind.TEMPLATE,
        to=destination.name,
        data_sheet=name,
        columns=tuple(
            MappedColumn(column.name, column.label, index) for index, column in enumerate(destination.columns)
        ),
    )
    book.save(identity, target)


def _fill_data_sheet(book: Book, sheet: Worksheet, destination: Destination) -> None:
    """Write headers and example row, and open everything below the headers to the person."""
    examples = example_cells(destination, book.language)
    for index, (column, example) in enumerate(zip(destination.columns, examples, strict=True)):
        style = "text" if _is_written_as_text(column) else ""
        sheet.set_column(index, index, fitting_width(column.label, (example,)), book.style(f"open {style}".strip()))
        need = destination.need(column)
        header = "header" if need is Need.NEVER else "required header"
        sheet.write_string(0, index, cell_text(column.label), book.style(header))
        advice = as_sentences(book, [*entry_advice(column, need), *_example_of(column)])
        sheet.write_comment(0, index, advice, comment_box(advice))
        _write_example(book, sheet, index, column, example, marked=column is marked_column(destination))
    sheet.set_column(len(examples), MAX_COLUMNS - 1, None, book.style("open"))
    sheet.set_row(0, 34)
    finish_table(book, sheet, rows=MAX_ROWS - 1, columns=len(examples))
    sheet.protect("", dict.fromkeys(_ALLOWED, True))
    sheet.set_tab_color(TABS["amber"])


def _is_written_as_text(column: Column) -> bool:
    return column.kind in (Kind.CODE, Kind.TEXT, Kind.DATETIME)


def _example_of(column: Column) -> Sequence[Text]:
    return [text("Example: {example}", example=str(_example_entry(column)))] if column.example else []


def _example_entry(column: Column) -> str | Decimal:
    """Return a column's example as a person enters it: choices as the drop-down offers them, numbers as numbers."""
    for choice in column.choices:
        if str(choice.value) == column.example:
            return entry_of(column, choice)
    if column.kind in (Kind.INTEGER, Kind.DECIMAL):
        try:
            return Decimal(column.example)
        except InvalidOperation:
            return column.example
    return column.example


def _write_example(book: Book, sheet: Worksheet, index: int, column: Column, example: str, *, marked: bool) -> None:
    style = book.style("example text" if _is_written_as_text(column) else "example")
    entry = example if marked else _example_entry(column)
    if isinstance(entry, Decimal):
        sheet.write_number(1, index, float(entry), style)
    elif entry:
        sheet.write_string(1, index, cell_text(entry), style)
    else:
        sheet.write_blank(1, index, None, style)


def _fill_guide(page: Page, destination: Destination, data_sheet: str) -> None:
    page.wide(text("How to fill in this workbook"), "title", 30)
    page.wide(text("{title} ({name})", title=destination.title, name=destination.name), "subtitle")
    page.section(text("Steps"))
    for step in _steps(data_sheet):
        page.wide(step, "wrap")
    if destination.completes:
        page.wide(_completion(destination), "wrap")
    page.section(text("Columns"))
    titles = (text("Column"), text("Field"), text("Required"), text("Format"), text("Example"), text("What it is"))
    for index, title in enumerate(titles):
        page.put(index, title, "own header")
    page.end_row()
    for column in destination.columns:
        _write_column(page, destination, column)
    for column in destination.columns:
        if column.choices:
            _write_choices(page, column)
    finish_page(page.book, page.sheet)
    page.sheet.set_tab_color(TABS["calm"])


def _steps(data_sheet: str) -> Sequence[Text]:
    return (
        text("1. Fill in the sheet {sheet}, one row each, from row 2 on.", sheet=data_sheet),
        text("2. Columns with a brown header are required; the others may stay blank or be deleted."),
        text("3. Row 2 is an example. It is never sent; it may stay or be deleted."),
        text("4. Arrows in a cell offer its values; the cell's message says what belongs into it."),
        text("5. The protection has no password and only keeps the headers; sorting, filtering and inserting work."),
        text("6. Save as .xlsx and check it: etl validate FILE. The destination is known; --to is not needed."),
    )


def _completion(destination: Destination) -> Text:
    """Return what a blank cell means where the vendor's values complete the rows."""
    return text(
        "To change what exists already, {fields} and what is to be changed are enough: any other column may be "
        "deleted. A blank cell keeps what is there; (vacío) in an optional column erases it.",
        fields=", ".join(destination.column(name).label for name in destination.key),
    )


def _write_column(page: Page, destination: Destination, column: Column) -> None:
    need = destination.need(column)
    page.put(0, column.label, "header" if need is Need.NEVER else "required header")
    page.put(1, column.name, "wrap")
    page.put(2, needed(need), "wrap")
    page.put(3, as_sentences(page.book, format_advice(column)), "wrap")
    page.put(4, str(_example_entry(column)), "wrap")
    page.put(5, column.help, "wrap")
    page.end_row()


def _write_choices(page: Page, column: Column) -> None:
    page.section(text("Values of {column}", column=column.label))
    for index, title in enumerate((text("Value"), text("Meaning"))):
        page.put(index, title, "own header")
    page.end_row()
    for choice in column.choices:
        if isinstance(choice.value, Decimal):
            page.put(0, float(choice.value), "value")
        else:
            page.put(0, choice.value, "value")
        page.put(1, choice.meaning, "wrap")
        page.end_row()
