"""The rows of a CSV file as a sequence that stays packed: a million rows as Python objects would take a gigabyte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from etl.io.readers.limits import Limits
from etl.io.readers.records import Records
from etl.model import Cell

ROWS_A_PACK = 4096

CsvRow = tuple[Cell, ...]


class PackedRows(Sequence[CsvRow]):
    """Rows that are taken apart when they are looked at, some thousands at a time: go through them in order."""

    def __init__(self, data: bytes, packs: Sequence[int], count: int, delimiter: str, limits: Limits) -> None:
        """`packs` are the offsets at which each `ROWS_A_PACK` rows begin."""
        self._data = data
        self._packs = (*packs, len(data))
        self._count = count
        self._delimiter = delimiter
        self._limits = limits
        self._unpacked: tuple[int, list[CsvRow]] = (-1, [])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> CsvRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[CsvRow]: ...

    def __getitem__(self, index: int | slice) -> CsvRow | list[CsvRow]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._count))]
        if index < 0:
            index += self._count
        if not 0 <= index < self._count:
            raise IndexError(index)
        return self._pack(index // ROWS_A_PACK)[index % ROWS_A_PACK]

    def __iter__(self) -> Iterator[CsvRow]:
        for number in range(len(self._packs) - 1):
            yield from self._pack(number)

    def _pack(self, number: int) -> list[CsvRow]:
        if self._unpacked[0] != number:
            octets = self._data[self._packs[number] : self._packs[number + 1]]
            rows = [cells_of(record) for record in Records(octets, self._delimiter, self._limits)]
            self._unpacked = (number, rows)
        return self._unpacked[1]


def cells_of(record: list[str]) -> CsvRow:
    """Return a record's cells: blank ones None, those at its end left out."""
    while record and not record[-1]:
        record.pop()
    return tuple([field or None for field in record])
