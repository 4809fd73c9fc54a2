"""A vendor's list as a workbook: what openpyxl finds in it."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl

from etl.io.workbook.listed import write_listed
from etl.vendors.listing import ListedColumn, Record

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
COLUMNS = (
    ListedColumn("code", "SKU", as_text=True),
    ListedColumn("stock", "Stock"),
    ListedColumn("day", "Fecha"),
    ListedColumn("note", "Nota"),
)
RECORDS: tuple[Record, ...] = (
    {"code": "00123", "stock": Decimal("60.36"), "day": date(2020, 3, 9), "note": "=1+1"},
    {"code": "7E12", "stock": 0, "note": "http://example.com/"},
    {"code": None, "stock": Decimal("1311.08850457782"), "day": None, "note": "a & <b>\x07"},
)


def test_every_value_keeps_its_type(tmp_path: Path) -> None:
    """Codes and whatever looks like a formula or a link are text, numbers exact, days dates, blanks empty."""
    path = tmp_path / "stock.xlsx"
    write_listed(path, "bsale.stocks", COLUMNS, RECORDS, NOW)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Stocks"]
    sheet = book["Stocks"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["SKU", "Stock", "Fecha", "Nota"],
        ["00123", 60.36, datetime(2020, 3, 9), "=1+1"],  # noqa: DTZ001 - Excel's
        ["7E12", 0, None, "http://example.com/"],
        [None, 1311.08850457782, None, "a & <b>\ufffd"],
    ]
    assert [sheet["D2"].data_type, sheet["D3"].hyperlink] == ["s", None]
    assert (sheet["A2"].number_format, sheet["C2"].number_format) == ("@", "dd/mm/yyyy")
    with zipfile.ZipFile(path) as package:
        assert b'<dimension ref="A1:D4"/>' in package.read("xl/worksheets/sheet1.xml")
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:D4")


def test_an_empty_list_is_a_header(tmp_path: Path) -> None:
    """Nothing found is no error."""
    path = tmp_path / "stock.xlsx"
    write_listed(path, "bsale.stocks", COLUMNS, (), NOW)
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [["SKU", "Stock", "Fecha", "Nota"]]
