"""The sheet `Reenviar`: the rows to be corrected or sent for the first time, a valid input as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from etl.core.report import Report, ReportRow
from etl.core.resend import HIDDEN_HEADERS, row_key
from etl.io.workbook.book import MAX_ROWS, Book, Styles
from etl.io.workbook.cell_xml import cell_xml, column_xml
from etl.io.workbook.entry_rules import Lists, add_entry_rules
from etl.io.workbook.look import TABS
from etl.io.workbook.page import finish_table, row_xml, stretches
from etl.io.workbook.user_table import UserTable, key_column
from etl.model import Outcome, column_letter
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

RESENT = frozenset((Outcome.INVALID, Outcome.REJECTED, Outcome.NOT_SENT))
"""The outcomes of the rows that may be sent from a results workbook."""


def rows_to_resend(report: Report) -> list[ReportRow]:
    """Return the rows that belong into `Reenviar`, in the sheet's order."""
    return [row for row in report.rows if row.outcome in RESENT]


def fill_resend_sheet(
    book: Book, sheet: Worksheet, report: Report, destination: Destination, table: UserTable, lists: Lists
) -> None:
    """Fill `Reenviar`; `lists` are the entries of its drop-downs."""
    chosen = rows_to_resend(report)[: MAX_ROWS - 1]
    table.set_columns(sheet, book)
    table.comment(
        sheet, book, zip(chosen, range(2, len(chosen) + 2), strict=True), anchor=key_column(report, destination)
    )
    first, columns = table.width, table.width + len(HIDDEN_HEADERS)
    sheet.set_column(first, columns - 1, None, book.style("text"), {"hidden": True})
    declared = {column.name: column for column in destination.columns}
    rules = {mapped.column: declared[mapped.field] for mapped in report.columns if mapped.field in declared}
    add_entry_rules(book, sheet, destination, rules, lists, first_row=1, advise=False)

    def rows(styles: Styles) -> Iterator[str]:
        letters = [column_letter(index) for index in range(first, columns)]
        header = [cell_xml(f"{letter}1", name, "") for letter, name in zip(letters, HIDDEN_HEADERS, strict=True)]
        yield f'<row r="1" ht="32" customHeight="1">{"".join(table.header_xml(styles))}{"".join(header)}</row>'
        for start, numbers in stretches(len(chosen)):
            stretch = chosen[start : start + len(numbers)]
            hidden = zip(*((report.run, row.number, row_key(table.read_back(row))) for row in stretch), strict=True)
            keys = [
                column_xml(letter, numbers, values, lambda _: "")
                for letter, values in zip(letters, hidden, strict=True)
            ]
            yield from map(row_xml, numbers, table.cells_xml(stretch, numbers, styles), zip(*keys, strict=True))

    book.stream(sheet, rows, table.styles, last_row=len(chosen) + 1, columns=columns)
    # The filter reaches over the hidden columns: sorting with it takes them along.
    finish_table(book, sheet, rows=len(chosen), columns=columns)
    sheet.set_tab_color(TABS["amber" if chosen else "grey"])
