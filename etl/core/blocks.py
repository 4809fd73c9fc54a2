"""Goes through a sheet some ten thousand rows at a time, a column at a time: memory grows with a block, not with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, islice, zip_longest
from typing import TypeVar

from etl.core.different import Different
from etl.model import Cell, ColumnedRows, Sheet

T = TypeVar("T")

BLOCK_ROWS = 65_536
"""Rows of a block: enough for what is done once a block to weigh nothing."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a sheet that follow each other, as columns."""

    first: int
    """Number of the first row, as Excel shows it."""
    height: int
    columns: Sequence[Sequence[Cell]]
    """By index from 0, as many as the widest row has; each `height` cells long."""
    _different: dict[int, Different] = field(default_factory=dict, repr=False)

    @property
    def numbers(self) -> range:
        """The numbers of its rows."""
        return range(self.first, self.first + self.height)

    def column(self, index: int) -> Sequence[Cell]:
        """Return the cells of a column; blank ones when no row reaches it."""
        return self.columns[index] if index < len(self.columns) else [None] * self.height

    def different(self, index: int) -> Different:
        """Return each cell of a column once."""
        if index not in self._different:
            self._different[index] = Different(self.column(index))
        return self._different[index]

    def row(self, number: int) -> list[Cell]:
        """Return the cells of a row by its number."""
        at = number - self.first
        return [column[at] for column in self.columns]


def blocks_below(sheet: Sheet, row: int) -> Iterator[Block]:
    """Yield the rows below a row."""
    for start in range(row, len(sheet.rows), BLOCK_ROWS):
        yield block_at(sheet, start, min(start + BLOCK_ROWS, len(sheet.rows)))


def block_at(sheet: Sheet, start: int, stop: int) -> Block:
    """Return ``sheet.rows[start:stop]`` as columns."""
    rows = sheet.rows
    if isinstance(rows, ColumnedRows):
        return Block(start + 1, stop - start, rows.columns(start, stop))
    return Block(start + 1, stop - start, list(zip_longest(*rows[start:stop])))


def chosen(cells: Sequence[Cell], flags: bytes | None) -> Sequence[Cell]:
    """Return the cells of the rows whose flag is set; all of them where there are no flags."""
    return cells if flags is None else list(compress(cells, flags))


def flags_without(flags: bytes | None, out: Iterable[int], numbers: range) -> bytes | None:
    """Return the flags of rows with these numbers, with those of the rows in `out` taken away; None: all are set."""
    places = [number - numbers.start for number in out if number in numbers]
    if not places:
        return flags
    changed = bytearray(flags or b"\x01" * len(numbers))
    for at in places:
        changed[at] = 0
    return bytes(changed)


def in_order(rows: Sequence[T], index: slice) -> list[T]:
    """Return a slice of rows that are quick to go through and slow to pick out one by one."""
    places = range(*index.indices(len(rows)))
    return list(islice(rows, places.start, places.stop, places.step)) if places.step > 0 else list(rows)[index]
