"""Measures reading beside python-calamine alone, in turn, on a sheet made here: ``uv run python -m bench``."""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import xlsxwriter
from python_calamine import CalamineWorkbook

from etl.io.readers import open_source

ROWS, COLUMNS, ROUNDS = 100_000, 14, 5
GOAL = 1.5
"""Reading may cost this many times what python-calamine costs alone."""


def make_sheet(path: Path, rows: int) -> None:
    """Write a product sheet: codes, texts, prices, flags."""
    rng = random.Random(7)
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    page = book.add_worksheet("Productos")
    page.write_row(0, 0, [f"Columna {number}" for number in range(COLUMNS)])
    for row in range(1, rows + 1):
        texts = [
            f"{row:06d}",
            f"Producto {row}",
            "Mayorista",
            "PES",
            "S",
            "unidades",
            f"779{rng.randrange(10**9):010d}",
        ]
        numbers = [1, round(rng.uniform(1, 90_000), 3), 21, 0, rng.randrange(500), 5, row]
        page.write_row(row, 0, [*texts, *numbers])
    book.close()


def by_calamine(path: Path) -> int:
    """Iterate over the sheet with the library alone: the floor."""
    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    return sum(1 for _row in sheet.iter_rows())


def by_us(path: Path) -> int:
    """Read it as every command does: pre-scan, child process with limits, notes."""
    return len(open_source(path).read().rows)


def seconds(work: Callable[[Path], int], path: Path) -> float:
    """Return how long one reading takes; both must see the same rows."""
    start = time.perf_counter()
    found = work(path)
    took = time.perf_counter() - start
    if found != ROWS + 1:
        raise SystemExit(f"{work.__name__} saw {found} rows")
    return took


def main() -> int:
    """Print medians and their ratio; 1 when the goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "productos.xlsx"
        make_sheet(path, ROWS)
        pairs = [(seconds(by_calamine, path), seconds(by_us, path)) for _ in range(ROUNDS)]
    floor, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(mine / its for its, mine in pairs)
    print(
        f"read xlsx, {ROWS:,} x {COLUMNS}: python-calamine {floor:.2f} s, ours {ours:.2f} s, "
        f"ratio {ratio:.2f} (goal {GOAL})"
    )
    return int(ratio > GOAL)


if __name__ == "__main__":
    sys.exit(main())
