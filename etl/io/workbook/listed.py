"""Writes a vendor's list as a workbook: one sheet, one line a record, codes as text, days as dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from etl.core.identity import Identity, WorkbookKind
from etl.io.workbook.book import MAX_ROWS, Book, Styles
from etl.io.workbook.cell_xml import cell_xml
from etl.io.workbook.look import TABS
from etl.io.workbook.page import finish_table
from etl.io.workbook.placement import replace_file
from etl.io.workbook.user_table import fitting_width
from etl.messages import DEFAULT_LANGUAGE
from etl.model import column_letter
from etl.vendors.listing import ListedColumn, Record, Shown

MOST_RECORDS = MAX_ROWS - 1
_SAMPLE = 200
_STYLES = ("header", "plain", "spaced text", "date")


def write_listed(
    path: Path, name: str, columns: Sequence[ListedColumn], records: Sequence[Record], now: datetime
) -> None:
    """Write the workbook of the list `name` (``vendor.resource``), replacing the file at `path`.

    OSError when it cannot be written; nothing is changed then.
    """

    def write(target: BinaryIO) -> None:
        book = Book(DEFAULT_LANGUAGE, name, now)
        title = name.rpartition(".")[2].capitalize()
        sheet = book.add_sheet(title)
        for index, column in enumerate(columns):
            shown = [record.get(column.name) for record in records[:_SAMPLE]]
            style = book.style("spaced text") if column.as_text else None
            sheet.set_column(index, index, fitting_width(column.label, shown), style)
        book.stream(
            sheet,
            lambda styles: _rows(columns, records, styles),
            _STYLES,
            last_row=len(records) + 1,
            columns=len(columns),
        )
        finish_table(book, sheet, rows=len(records), columns=len(columns))
        sheet.set_tab_color(TABS["calm"])
        book.save(Identity(kind=WorkbookKind.LISTING, to=None, data_sheet=title), target)

    replace_file(path, write)


def _rows(columns: Sequence[ListedColumn], records: Sequence[Record], styles: Styles) -> Iterator[str]:
    letters = [column_letter(index) for index in range(len(columns))]
    header = [
        cell_xml(f"{letter}1", column.label, styles["header"]) for letter, column in zip(letters, columns, strict=True)
    ]
    yield f'<row r="1" ht="32" customHeight="1">{"".join(header)}</row>'
    for number, record in enumerate(records, start=2):
        cells = [
            cell_xml(f"{letter}{number}", value, styles[_style(value)])
            for letter, column in zip(letters, columns, strict=True)
            if (value := record.get(column.name)) is not None
        ]
        yield f'<row r="{number}">{"".join(cells)}</row>'


def _style(value: Shown) -> str:
    if isinstance(value, str):
        return "spaced text"  # ids stand right beside it
    return "date" if isinstance(value, date) else "plain"
