"""The row that a finding names is the row that Excel shows (reliability.md XLS-7)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import xlsxwriter

from etl.io.readers import open_source
from tests.io.readers.books import book, save, worksheet


def _random_sheet(random_: random.Random) -> dict[int, dict[int, str]]:
    """Return {row from 1: {column: text}} with blank rows and columns before and between."""
    rows = sorted(random_.sample(range(1, 60), random_.randint(1, 12)))
    return {
        row: {column: f"{row}/{column}" for column in sorted(random_.sample(range(12), random_.randint(1, 5)))}
        for row in rows
    }


def _check(path: Path, expected: dict[int, dict[int, str]]) -> None:
    sheet = open_source(path).read()
    found = {
        row: {column: cell for column, cell in enumerate(cells) if cell is not None}
        for row, cells in enumerate(sheet.rows, start=1)
        if any(cell is not None for cell in cells)
    }
    assert found == expected
    assert len(sheet.rows) == max(expected)
    assert all(sheet.cell(row, column) == words for row, cells in expected.items() for column, words in cells.items())


def _write(path: Path, sheet: dict[int, dict[int, str]], random_: random.Random) -> None:
    """Write with XlsxWriter, or by hand with blank styled cells and rows that Excel keeps for nothing."""
    if random_.random() < 0.5:
        with xlsxwriter.Workbook(path) as workbook:
            page = workbook.add_worksheet()
            for row, cells in sheet.items():
                for column, words in cells.items():
                    page.write_string(row - 1, column, words)
        return
    lines = []
    for row in range(1, max(sheet) + random_.randint(1, 5)):
        cells = sheet.get(row)
        if cells is None and random_.random() < 0.5:
            continue
        tags = [
            f'<c r="{chr(65 + column)}{row}" t="inlineStr"><is><t>{cells[column]}</t></is></c>'
            if cells and column in cells
            else f'<c r="{chr(65 + column)}{row}" s="1"/>'
            for column in range(14)
            if (cells and column in cells) or random_.random() < 0.3
        ]
        lines.append(f'<row r="{row}">{"".join(tags)}</row>' if tags else f'<row r="{row}" s="1" customFormat="1"/>')
    save(path.parent, book(worksheet("".join(lines))), path.name)


@pytest.mark.parametrize("seed", range(12))
def test_rows_keep_their_number(seed: int, tmp_path: Path) -> None:
    """Sheets with blank rows and columns before and between the data come out with Excel's row numbers."""
    random_ = random.Random(seed)
    sheet = _random_sheet(random_)
    _write(tmp_path / "r.xlsx", sheet, random_)
    _check(tmp_path / "r.xlsx", sheet)


@pytest.mark.long
def test_rows_keep_their_number_in_a_thousand_sheets(tmp_path: Path) -> None:
    """A thousand random sheets, not one row off by one."""
    for seed in range(1000):
        random_ = random.Random(10_000 + seed)
        sheet = _random_sheet(random_)
        path = tmp_path / f"{seed}.xlsx"
        _write(path, sheet, random_)
        _check(path, sheet)


def test_a_large_sheet_comes_through_in_frames(tmp_path: Path) -> None:
    """Rows, types and blanks survive the way from the parser's process, also when it works during the scan."""
    path = tmp_path / "g.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        page = workbook.add_worksheet()
        for row in range(20_000):
            if row % 7 == 3:
                continue
            page.write_row(row, 1, [float(row), f"texto {row}", row if row % 2 else f"T{row}", bool(row % 3)])
            if row % 5:
                page.write_number(row, 6, row / 8)
    rows = open_source(path).read().rows
    assert len(rows) == 20_000
    for row in range(20_000):
        if row % 7 == 3:
            assert rows[row] == ()
            continue
        mixed = float(row) if row % 2 else f"T{row}"
        tail = (None, row / 8) if row % 5 else ()
        assert rows[row] == (None, float(row), f"texto {row}", mixed, bool(row % 3), *tail)
