"""Keeps the cells of a workbook as the parser's process sends them, and turns them into cells when they are wanted."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

from etl.io.readers.packed_rows import CellColumn, CellRow
from etl.model import Cell

_Cells: TypeAlias = "str | array[float] | list[Cell]"
"""Cells of one kind: texts with NUL between them, doubles, and whatever is rare, one by one."""


@dataclass(slots=True)
class PackedColumn:
    """A column of some rows."""

    kinds: tuple[_Cells, ...]
    order: bytes | None
    """When there are several kinds: which of them each cell is of."""
    blanked: list[int] = field(default_factory=list)
    """Indexes of the cells that are None, whatever was sent."""

    def cells(self) -> CellColumn:
        """Return the cells, blank ones None."""
        unpacked = list(map(_unpack, self.kinds))
        cells = unpacked[0] if self.order is None else _in_order(unpacked, self.order)
        for index in self.blanked:
            cells[index] = None
        return cells


@dataclass(frozen=True, slots=True)
class Frame:
    """The cells of some rows, column by column."""

    left: int
    """Columns before the first, in which nothing stands."""
    packed: tuple[PackedColumn, ...]
    count: int

    def __len__(self) -> int:
        return self.count

    @property
    def widest(self) -> int:
        """How many columns there are."""
        return self.left + len(self.packed)

    def columns(self, most: int | None = None) -> list[CellColumn]:
        """Return the cells by column, of no more than `most` columns."""
        nothing: list[CellColumn] = [[None] * self.count for _ in range(self.left)]
        return [*nothing, *(column.cells() for column in self.packed)][:most]

    def rows(self) -> list[CellRow]:
        """Return the rows, without blank cells at their ends."""
        return list(_trimmed(zip(*self.columns(), strict=True)))

    def blank(self, row: int, column: int) -> None:
        """Make a cell None, if there is one; both indexes are from 0 in this frame."""
        if self.left <= column < self.left + len(self.packed):
            self.packed[column - self.left].blanked.append(row)

    def filled(self) -> int:
        """Return how many rows there are up to the last in which something stands."""
        return max(map(_filled, self.columns()), default=0)


def pack_column(kinds: str, pieces: Sequence[bytes], count: int) -> tuple[PackedColumn, list[int]]:
    """Return the column of `count` cells that `child.encode_column` made bytes of.

    With it come the indexes of its numbers that are none (infinite); those cells are None. ValueError or LookupError
    for bytes that make no such column.
    """
    order = pieces[0] if len(kinds) > 1 else None
    packed = tuple(_pack(*one) for one in zip(kinds, pieces[order is not None :], strict=True))
    sizes = list(map(_size, packed))
    sound = order is None or (len(order) == count and list(map(order.count, range(len(kinds)))) == sizes)
    if sum(sizes) != count or not sound:
        raise ValueError(kinds)
    column = PackedColumn(packed, order)
    if any(isinstance(cells, array) and not math.isfinite(sum(cells)) for cells in packed):
        infinite = [at for at, cell in enumerate(column.cells()) if isinstance(cell, float) and not math.isfinite(cell)]
        column.blanked.extend(infinite)
    return column, list(column.blanked)


def _pack(kind: str, octets: bytes) -> _Cells:
    match kind:
        case "s":
            return octets.decode()
        case "d":
            return array("d", octets)
        case "b":
            return list(map(bool, octets))
        case "p":
            return [timedelta(seconds=seconds) for seconds in array("d", octets)]
        case "t":
            return list(map(datetime.fromisoformat, octets.decode().split("\0")))
        case "D":
            return list(map(date.fromisoformat, octets.decode().split("\0")))
        case "c":
            return list(map(time.fromisoformat, octets.decode().split("\0")))
        case "j":
            return [str(cell) or None for cell in json.loads(octets)]
        case _:
            raise LookupError(kind)


def _size(cells: _Cells) -> int:
    return cells.count("\0") + 1 if isinstance(cells, str) else len(cells)


def _unpack(cells: _Cells) -> CellColumn:
    if isinstance(cells, str):
        texts: list[Cell] = [*cells.split("\0")]
        return [text or None for text in texts] if _has_blank(cells) else texts
    return [*cells]


def _has_blank(joined: str) -> bool:
    return not joined or joined[0] == "\0" or joined[-1] == "\0" or "\0\0" in joined


def _in_order(kinds: Sequence[CellColumn], order: bytes) -> CellColumn:
    sources: list[Iterator[Cell]] = [iter(cells) for cells in kinds]
    return list(map(next, map(sources.__getitem__, order)))


def _trimmed(rows: Iterator[CellRow]) -> Iterator[CellRow]:
    """Yield the rows without the blank cells at their ends."""
    for row in rows:
        if row[-1] is not None:
            yield row
            continue
        end = len(row) - 1
        while end and row[end - 1] is None:
            end -= 1
        yield row[:end]


def _filled(column: CellColumn) -> int:
    """Return how many cells there are up to the last that is not blank."""
    end = len(column)
    while end and column[end - 1] is None:
        end -= 1
    return end
