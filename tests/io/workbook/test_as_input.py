"""What we write is read again as it was meant: `Reenviar` and filled templates are valid input."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from etl.core.headers import Wanted, choose_sheet, find_layout
from etl.core.identity import from_properties
from etl.core.mapping import ReadingOptions, map_rows
from etl.core.resend import HIDDEN_HEADERS, row_key
from etl.core.validation import Checked, check
from etl.io.readers import open_source
from etl.io.workbook.results import write_results
from etl.io.workbook.template import data_sheet_name, write_template
from etl.model import Cell, Layout, Outcome, Sheet
from etl.vendors import DESTINATIONS
from etl.vendors.base import Destination
from tests.io.workbook.shop import DEPOT, ROWS, RUN, row, shop_report

RESENT = [found for found in ROWS if found.outcome in ("invalid", "rejected", "not_sent")]


def test_resend_is_read_with_the_same_values_and_findings_as_the_users_sheet(tmp_path: Path) -> None:
    """Nothing that was right becomes wrong on the way, and what was wrong is still found, the error cell too."""
    path = write_results(shop_report(), DEPOT, tmp_path / "r.xlsx", "es", fallback=tmp_path).path
    source = open_source(path)
    identity = from_properties(source.properties)
    assert identity is not None
    sheet = source.read(identity.data_sheet)
    wanted = Wanted(tuple((mapped.header, mapped.field) for mapped in identity.columns), identity.constants)
    layout, _ = find_layout(sheet, DEPOT, wanted)
    assert layout.header_row == 1
    assert [(mapped.field, mapped.column) for mapped in layout.columns][:4] == [
        (mapped.field, mapped.column) for mapped in identity.columns
    ]
    checked = check(map_rows(sheet, layout, DEPOT, ReadingOptions(identity.options["decimal"])), DEPOT, layout)
    found = [(finding.row, finding.column, finding.code) for finding in checked.findings]
    assert found == [(2, 0, "ambiguous_code"), (4, 2, "error_cell")]
    by_number = {found.number: found.values for found in checked.rows}
    assert by_number[3] == {
        "code": "00007", "name": "=1+1", "price": Decimal(5), "rate": Decimal(21), "move": "A",
    }  # fmt: skip


def test_the_hidden_keys_name_the_rows(tmp_path: Path) -> None:
    """Run, row number and key are read back, and an unchanged row has the key that it was written with."""
    path = write_results(shop_report(), DEPOT, tmp_path / "r.xlsx", "es", fallback=tmp_path).path
    header, *rows = open_source(path).read("Reenviar").rows
    first = list(header).index(HIDDEN_HEADERS[0])
    assert tuple(header[first:]) == HIDDEN_HEADERS
    assert [(cells[first], cells[first + 1]) for cells in rows] == [(RUN, float(found.number)) for found in RESENT]
    for cells, found in zip(rows, RESENT, strict=True):
        assert cells[first + 2] == row_key(cells[:first]) == row_key(found.cells)


STRANGE: tuple[Cell, ...] = (
    "a\x00b", "x" * 40_000, " edge\u00a0", "", "_x0041_", "a\r\nb", "21%", "=1", True, 1707.1768000000002, 0.1 + 0.2,
    1e15, -0.0, date(2026, 3, 1), datetime(2026, 3, 1, 10, 30, 15), time(10, 30), timedelta(hours=36), None,  # noqa: DTZ001
)  # fmt: skip


@pytest.mark.parametrize("cell", STRANGE, ids=lambda cell: repr(cell)[:20])
def test_any_unchanged_row_is_known_as_unchanged(cell: Cell, tmp_path: Path) -> None:
    """A row that nobody touched is never taken for a corrected one, whatever its cells hold."""
    report = shop_report([row(4, ("00001", cell, "end"), Outcome.REJECTED)], [])
    path = write_results(report, DEPOT, tmp_path / "r.xlsx", "es", fallback=tmp_path).path
    header, cells = open_source(path).read("Reenviar").rows
    first = list(header).index(HIDDEN_HEADERS[0])
    assert cells[first + 2] == row_key(cells[:first])


def filled(destination: Destination, path: Path) -> Path:
    """Write a template and put one row below its example: the example's own values without the marker."""
    write_template(destination, path, "es")
    book = openpyxl.load_workbook(path)
    sheet = book[data_sheet_name(destination)]
    for cell in sheet[2]:
        value = cell.value
        if isinstance(value, str) and value.startswith("EJEMPLO"):
            value = value.partition(": ")[2]
        sheet.cell(3, cell.column).value = value
    book.save(path)
    return path


def read(path: Path, destination: Destination) -> tuple[Sheet, Layout, Checked]:
    """Read a file as `etl run` does when nothing is said about it: the sheet is chosen by evidence."""
    source = open_source(path)
    visible = [source.read(sheet.name) for sheet in source.sheets if sheet.visible]
    sheet = choose_sheet(visible, destination, Wanted())
    layout, _ = find_layout(sheet, destination, Wanted())
    return sheet, layout, check(map_rows(sheet, layout, destination, ReadingOptions()), destination, layout)


@pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)
def test_a_filled_template_is_valid_and_its_example_is_skipped(destination: Destination, tmp_path: Path) -> None:
    """The sheet is found by itself, every column is known, the example row is no data, and the row below is valid."""
    path = filled(destination, tmp_path / "t.xlsx")
    sheet, layout, checked = read(path, destination)
    assert sheet.name == data_sheet_name(destination)
    assert {mapped.field for mapped in layout.columns} == {column.name for column in destination.columns}
    assert [found for found in checked.findings if found.is_error] == []
    assert list(checked.skipped) == [2]
    assert [found.number for found in checked.rows] == [3]
    identity = from_properties(open_source(path).properties)
    assert identity is not None
    assert identity.to == destination.name


@pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)
def test_the_results_of_a_real_destination_can_be_read(destination: Destination, tmp_path: Path) -> None:
    """From a filled template to `Reenviar` and back: the same values, so the same request."""
    sheet, layout, checked = read(filled(destination, tmp_path / "t.xlsx"), destination)
    (sent,) = checked.rows
    (cells,) = (
        found.cells for found in map_rows(sheet, layout, destination, ReadingOptions()).rows if found.number == 3
    )
    found = RESENT[3]._replace(number=3, cells=cells)
    report = shop_report(
        [found], [], to=destination.name, headers=layout.headers, columns=layout.columns, constants={}, options={}
    )
    path = write_results(report, destination, tmp_path / "r.xlsx", "es", fallback=tmp_path).path
    sheet = open_source(path).read("Reenviar")
    layout, _ = find_layout(sheet, destination, Wanted())
    assert len(map_rows(sheet, layout, destination, ReadingOptions()).rows) == 1
    again = check(map_rows(sheet, layout, destination, ReadingOptions()), destination, layout)
    assert [found.values for found in again.rows] == [sent.values]
