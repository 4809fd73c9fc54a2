"""The rows below a header as they stand: which are blank, and what the person sees in the others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, compress, islice, repeat
from typing import overload

from etl.core.blocks import block_at, chosen, in_order
from etl.core.numbers import decimals_of, number_of_float
from etl.core.reading import is_blank, shown
from etl.model import Cell, CellNote, Sheet, SourceRow


class SourceRows(Sequence[SourceRow]):
    """Every row below the header that is not blank, taken from the sheet when it is looked at: go through it in order.

    Each has as many cells as the table has columns. A cell whose look says more than its value (``21%``, ``00123``,
    ``#N/A``) is the text that the person sees.
    """

    def __init__(self, sheet: Sheet, width: int, starts: range, filled: Sequence[bytes | None]) -> None:
        """Take blocks of rows that begin at `starts` in ``sheet.rows``; `filled` flags those with something in them."""
        self._sheet = sheet
        self._width = width
        heights = [min(starts.step, len(sheet.rows) - start) for start in starts]
        self._flags = [
            b"\x01" * height if flags is None else flags for height, flags in zip(heights, filled, strict=True)
        ]
        self._starts = starts
        self._ends = list(accumulate(flags.count(1) for flags in self._flags))
        self._notes: dict[int, dict[int, CellNote]] = {}
        for (number, column), note in sheet.notes.items():
            self._notes.setdefault(number, {})[column] = note

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @property
    def numbers(self) -> Iterator[int]:
        """Their numbers, as Excel shows them."""
        for start, flags in zip(self._starts, self._flags, strict=True):
            yield from compress(range(start + 1, start + 1 + len(flags)), flags)

    def __iter__(self) -> Iterator[SourceRow]:
        for start, flags in zip(self._starts, self._flags, strict=True):
            block = block_at(self._sheet, start, start + len(flags))
            numbers = compress(block.numbers, flags)
            columns = [chosen(block.column(index), flags) for index in range(self._width)]
            rows = zip(*columns, strict=True) if columns else repeat(())
            for number, cells in zip(numbers, rows, strict=False):
                yield SourceRow(number, self._seen(number, cells))

    @overload
    def __getitem__(self, index: int) -> SourceRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[SourceRow]: ...

    def __getitem__(self, index: int | slice) -> SourceRow | list[SourceRow]:
        if isinstance(index, slice):
            return in_order(self, index)
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        block = bisect_right(self._ends, at)
        flags, start = self._flags[block], self._starts[block]
        number = _nth(flags, at - (self._ends[block] - flags.count(1))) + start + 1
        return SourceRow(number, self._seen(number, _wide(self._sheet.rows[number - 1], self._width)))

    def _seen(self, number: int, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        notes = self._notes.get(number)
        return cells if notes is None else _shown_cells(cells, notes)


def _nth(flags: bytes, count: int) -> int:
    """Return the place of the flag that is set after `count` others."""
    return next(islice(compress(range(len(flags)), flags), count, None))


def lying_cells(notes: Mapping[tuple[int, int], CellNote]) -> dict[int, set[int]]:
    """Return the cells that have no value but are not blank: errors, formulas that were never calculated."""
    found: dict[int, set[int]] = {}
    for (row, column), note in notes.items():
        if note.error is not None or note.formula_without_value:
            found.setdefault(row, set()).add(column)
    return found


def covered_rows(sheet: Sheet, column: int, first: int, last: int) -> dict[int, tuple[int, int]]:
    """Return the rows whose cell in a column is covered by a merged one that begins elsewhere and has a value.

    Row number -> (row, column) of the cell that has the value, for rows from `first` to `last`. Each row is looked at
    once, however many areas a file heaps upon each other.
    """
    covered: dict[int, tuple[int, int]] = {}
    reached = first - 1
    for top, bottom, left, right in sorted(sheet.merged):
        if not left <= column <= right or is_blank(sheet.cell(top, left)):
            continue
        for number in range(max(top, reached + 1), min(bottom, last) + 1):
            if (number, column) != (top, left):
                covered[number] = (top, left)
        reached = max(reached, bottom)
    return covered


def seen_at(sheet: Sheet, row: int, column: int, cell: Cell) -> str:
    """Return what the person sees in `cell`, which stands there, with no more decimals than its number format shows."""
    note = sheet.notes.get((row, column))
    decimals = sheet.decimals.of(row, column) if isinstance(cell, float) and note is None else None
    number = number_of_float(cell) if decimals is not None and isinstance(cell, float) else None
    if number is None or decimals is None or decimals_of(number) <= decimals:
        return shown(cell, note)
    return f"{number.quantize(Decimal((0, (1,), -decimals)), ROUND_HALF_UP):f}"


def is_filled(cell: Cell) -> bool:
    """Say whether a cell shows something; the quick test for whole sheets."""
    return cell is not None and (type(cell) is not str or not is_blank(cell))


def _wide(cells: Sequence[Cell], width: int) -> tuple[Cell, ...]:
    return (*cells[:width], *[None] * (width - len(cells)))


def _shown_cells(cells: Sequence[Cell], notes: Mapping[int, CellNote]) -> tuple[Cell, ...]:
    row = list(cells)
    for column, note in notes.items():
        if column < len(row):
            row[column] = shown(row[column], note) or None
    return tuple(row)
