"""Tables as CSV: what Excel and our own reader find in them."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from etl.io.csv_file import field_of, write_csv
from etl.io.readers import open_source
from etl.vendors.listing import ListedColumn, Shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("00123", "00123"),
        ("a;b\nc", "a;b\nc"),
        (21, "21"),
        (2**60, "1152921504606846976"),
        (Decimal("60.36"), "60,36"),
        (Decimal("-0.5"), "-0,5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.234"), "1,2340"),  # "1,234" could be a thousand and more
        (Decimal("-12.345"), "-12,3450"),
        (Decimal("1234.567"), "1234,567"),
        (date(2026, 3, 31), "2026-03-31"),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+56 9", "'+56 9"),
        ("-A1", "'-A1"),
        (" =1", "' =1"),
        ("\t=1", "'\t=1"),
        ("a=1", "a=1"),
        ("\ud800", "\ufffd"),
    ],
)
def test_a_value_becomes_a_field(value: Shown, expected: str) -> None:
    """Exact numbers with a decimal comma, days in ISO form, and no text that a spreadsheet would calculate."""
    assert field_of(value) == expected


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Python's csv module and our own reader find the same table, codes and all."""
    columns = (
        ListedColumn("code", "SKU", as_text=True),
        ListedColumn("stock", "Stock"),
        ListedColumn("n", "Añejo; sí"),
    )
    records = [{"code": "00123", "stock": Decimal("1.5"), "n": 'dice "hola"'}, {"code": "A;B", "stock": 7, "n": "x"}]
    path = tmp_path / "x.csv"
    path.write_text("older", "utf-8")
    write_csv(path, columns, records)
    wanted = [["SKU", "Stock", "Añejo; sí"], ["00123", "1,5", 'dice "hola"'], ["A;B", "7", "x"]]
    with path.open(encoding="utf-8-sig", newline="") as lines:
        assert list(csv.reader(lines, delimiter=";")) == wanted
    sheet = open_source(path).load("")
    assert [["" if cell is None else cell for cell in row] for row in sheet.rows] == wanted
    assert [one.name for one in tmp_path.iterdir()] == ["x.csv"]
