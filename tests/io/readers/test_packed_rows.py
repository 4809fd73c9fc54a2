"""Rows stay packed until they are looked at: as rows or by column, in any order, they are the same cells."""

from __future__ import annotations

import random
from datetime import date
from itertools import zip_longest
from pathlib import Path

import pytest
import xlsxwriter

from etl.io.readers import open_source
from etl.io.readers.csv_packs import BYTES_A_PACK, ROWS_A_PACK, CsvText, Remarks, cells_of, pack
from etl.io.readers.limits import Limits
from etl.io.readers.packed_rows import PackedRows
from etl.io.readers.records import Records
from etl.io.readers.refusal import Refusal
from etl.model import Cell, ColumnedRows, Sheet
from tests.io.readers.books import save


def by_column(rows: list[tuple[Cell, ...]]) -> list[list[Cell]]:
    return [list(column) for column in zip_longest(*rows)]


def check(sheet: Sheet, random_: random.Random) -> None:
    """Compare what is asked for in every way with what iterating gives."""
    rows = [tuple(row) for row in sheet.rows]
    count = len(rows)
    assert len(sheet.rows) == count
    assert isinstance(sheet.rows, ColumnedRows)
    assert all(not row or row[-1] is not None for row in rows)
    assert sheet.rows.columns(0, count) == by_column(rows)
    for _ in range(12):
        start, stop = sorted(random_.choices(range(count + 3), k=2))
        assert sheet.rows.columns(start, stop) == by_column(rows[start:stop])
    for at in random_.choices(range(count), k=12):
        assert sheet.rows[at] == sheet.rows[at - count] == rows[at]
    assert sheet.rows[count // 2 : count // 2 + 9] == rows[count // 2 : count // 2 + 9]
    with pytest.raises(IndexError):
        sheet.rows[count]
    assert (sheet.cell(count + 1, 0), sheet.cell(0, 0)) == (None, None)


def _cell(random_: random.Random) -> str | float | bool | date | None:
    return random_.choice((None, None, "texto", "ñandú – 1", 1.5, 7.0, True, date(2024, 1, 2), "x" * 300))


def test_the_rows_of_a_workbook(tmp_path: Path) -> None:
    """Rows of several frames, of every kind of cell, ragged and with gaps, are the same by row and by column."""
    for seed in range(4):
        random_ = random.Random(seed)
        path = tmp_path / f"{seed}.xlsx"
        kinds = [random_.choice(("mixed", "text", "number", "rare")) for _ in range(8)]
        with xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy"}) as workbook:
            page = workbook.add_worksheet()
            for row in range(random_.choice((9, 2048, 5000))):
                for column, kind in enumerate(kinds[: random_.randint(0, 8)]):
                    cell = {"text": f"T{row}", "number": row / 8, "rare": None if row % 900 else "raro"}.get(kind)
                    page.write(row + seed, column + seed, _cell(random_) if kind == "mixed" else cell)
        check(open_source(path).read(), random_)


def _text(random_: random.Random, records: int, odd: str) -> str:
    """Return records; `odd` are the fields of which there is one now and then."""
    lines = []
    for _ in range(records):
        fields = [random_.choice(("", "10,5", "ñandú", "Pala ancha", " ")) for _ in range(random_.randint(1, 6))]
        if random_.random() < 0.001:
            fields.append(odd)
        lines.append(random_.choice((";".join(fields), ";".join(fields), "")) + random_.choice(("\n", "\r\n")))
    return "".join(lines)


ODD = {
    "plain": "x",
    "quoted": '"con ""comillas"" y\nlínea; nueva"',
    "broken": 'medida 1/2" "',
    "return": "uno\rdos",
    "long": "x" * 40_000,
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("length", [400, 60_000])
def test_the_records_of_a_csv(odd: str, length: int) -> None:
    """Whichever way a stretch of a CSV text is taken apart, its records are those that the slow reading finds."""
    random_ = random.Random(length)
    data = _text(random_, length, ODD[odd]).encode()
    limits = Limits(text_length=50_000)
    records = Records(data, ";", limits)
    expected, slow = [], Remarks()
    for row, record in enumerate(records, start=1):
        slow.counts.add_all((record,))
        if records.broken:
            slow.broken.append(row)
        expected.append(cells_of(record))
    remarks = Remarks()
    packs = list(pack(CsvText(data, ";", limits), remarks))
    assert len(packs) >= len(data) // BYTES_A_PACK
    assert remarks == slow
    rows = PackedRows(packs)
    assert list(rows) == expected
    check(Sheet("x.csv", None, rows, ""), random_)


def test_fields_too_long_are_seen_in_every_way() -> None:
    """A field beyond the limit is refused among plain lines, among quoted ones and where quotes do not match."""
    for field in ("x" * 101, '"' + "x" * 101 + '"', '"' + "x\n" * 60 + '"', '"' + "x" * 101):
        data = ("a;b\n" * 9 + f"{field};b\n").encode()
        with pytest.raises(Refusal, match="a cell holds at most 100"):
            list(pack(CsvText(data, ";", Limits(text_length=100)), Remarks()))


def test_a_csv_of_several_packs(tmp_path: Path) -> None:
    """A file in another encoding, with more rows than are kept unpacked, keeps each row under its number."""
    count = BYTES_A_PACK // 5
    sheet = open_source(
        save(tmp_path, "".join(f"{number};Ñ{number}\n" for number in range(count)).encode("cp1252"), "l.csv")
    ).read()
    assert [row[0] for row in sheet.rows] == [str(number) for number in range(count)]
    assert sheet.cell(count, 1) == f"Ñ{count - 1}"
    check(sheet, random.Random(5))


def test_a_long_line_does_not_widen_a_million_rows(tmp_path: Path) -> None:
    """Of a row far wider than the others, and wider than a sheet may be, the columns beyond that limit are left out."""
    wide = ";".join(["w"] * 5000)
    for quoted in ("", '"x"'):
        sheet = open_source(save(tmp_path, f"a;b\n1;2\n{wide}\n{quoted}\n3;4\n".encode(), "l.csv")).read()
        assert len(sheet.rows[2]) == 5000
        assert isinstance(sheet.rows, ColumnedRows)
        assert len(sheet.rows.columns(0, 5)) == sheet.rows.widest == Limits().columns
        assert sheet.rows.columns(0, 5)[1] == ["b", "2", "w", None, "4"]
        assert len(sheet.rows.columns(0, 2)) == 2


def test_a_table_may_be_wider_than_a_workbook(tmp_path: Path) -> None:
    """A CSV file all of whose rows are wide has all of its columns."""
    wide = ";".join(["w"] * 300)
    sheet = open_source(save(tmp_path, f"{wide}\n{wide}\n".encode(), "l.csv")).read()
    assert isinstance(sheet.rows, ColumnedRows)
    assert sheet.rows.columns(0, 2) == [["w", "w"]] * 300


def test_short_rows_are_packed_by_number() -> None:
    """A file of nearly nothing but blank lines has packs of so many rows, however few bytes they are."""
    data = b"a;b\n" + b"\n" * (2 * ROWS_A_PACK) + b"1;2"
    packs = list(pack(CsvText(data, ";", Limits()), Remarks()))
    assert [len(one) for one in packs] == [ROWS_A_PACK, ROWS_A_PACK, 2]
    assert PackedRows(packs)[2 * ROWS_A_PACK + 1] == ("1", "2")
