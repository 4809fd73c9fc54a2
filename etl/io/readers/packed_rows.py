"""The rows of a sheet as a sequence that stays packed: a million rows as Python objects would take a gigabyte."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Protocol, overload

from etl.model import Cell

CellRow = tuple[Cell, ...]
CellColumn = list[Cell]


class Pack(Protocol):
    """Some rows that stand together, to be unpacked in one go."""

    def __len__(self) -> int:
        """Return how many rows there are."""
        ...

    @property
    def widest(self) -> int:
        """How many cells the rows have at most, before the blank ones at their ends are left out."""
        ...

    def rows(self) -> list[CellRow]:
        """Return the rows, without blank cells at their ends."""
        ...

    def columns(self, most: int | None = None) -> list[CellColumn]:
        """Return the cells of the first columns, `most` of them at the most: as many each as rows, None for blank."""
        ...


class PackedRows(Sequence[CellRow]):
    """Rows that are unpacked when they are looked at, some thousands at a time: go through them in order."""

    def __init__(self, packs: Sequence[Pack], count: int | None = None, most_columns: int | None = None) -> None:
        """`count` is how many rows there are when blank ones at the end of the packs do not count.

        Columns beyond `most_columns` are not handed out as such: one long line among a million would fill the memory.
        """
        self._packs = packs
        self._begins = [0, *accumulate(map(len, packs))]
        self._count = self._begins[-1] if count is None else count
        self._most_columns = most_columns
        self._rows: tuple[int, list[CellRow]] = (-1, [])
        self._columns: tuple[int, list[CellColumn]] = (-1, [])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> CellRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[CellRow]: ...

    def __getitem__(self, index: int | slice) -> CellRow | list[CellRow]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._count))]
        if index < 0:
            index += self._count
        if not 0 <= index < self._count:
            raise IndexError(index)
        number = self._pack_of(index)
        at = index - self._begins[number]
        most = self._most_columns
        if self._rows[0] == number or (most is not None and self._packs[number].widest > most):
            return self._rows_of(number)[at]
        cells = [column[at] for column in self._columns_of(number)]
        while cells and cells[-1] is None:
            cells.pop()
        return tuple(cells)

    def __iter__(self) -> Iterator[CellRow]:
        for number in range(self._pack_of(self._count - 1) + 1 if self._count else 0):
            yield from self._rows_of(number)[: self._count - self._begins[number]]

    @property
    def widest(self) -> int:
        """How many columns `columns` hands out at the most."""
        widest = max((pack.widest for pack in self._packs), default=0)
        return widest if self._most_columns is None else min(widest, self._most_columns)

    def columns(self, start: int, stop: int) -> list[CellColumn]:
        """Return the cells of ``rows[start:stop]`` column by column, as `ColumnedRows` says."""
        start, stop, _ = slice(start, stop).indices(self._count)
        joined: list[CellColumn] = []
        at = start
        while at < stop:
            number = self._pack_of(at)
            begin, end = self._begins[number], min(stop, self._begins[number + 1])
            _join(joined, at - start, self._columns_of(number), slice(at - begin, end - begin))
            at = end
        for column in joined:
            column.extend([None] * (stop - start - len(column)))
        while joined and not any(cell is not None for cell in joined[-1]):
            joined.pop()
        return joined

    def _pack_of(self, index: int) -> int:
        return bisect_right(self._begins, index) - 1

    def _rows_of(self, number: int) -> list[CellRow]:
        if self._rows[0] != number:
            self._rows = (number, self._packs[number].rows())
        return self._rows[1]

    def _columns_of(self, number: int) -> list[CellColumn]:
        if self._columns[0] != number:
            self._columns = (number, self._packs[number].columns(self._most_columns))
        return self._columns[1]


def _join(joined: list[CellColumn], height: int, columns: Sequence[CellColumn], part: slice) -> None:
    """Append part of a pack's columns to those before it, of which the longest has `height` cells."""
    while len(joined) < len(columns):
        joined.append([])
    for whole, column in zip(joined, columns, strict=False):
        whole.extend([None] * (height - len(whole)))
        whole.extend(column if part == slice(0, len(column)) else column[part])
