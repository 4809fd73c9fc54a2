"""The rows of a typed table that may be sent, made when they are looked at: a hundred thousand need no memory."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, compress, islice, repeat
from typing import overload

from etl.core.blocks import in_order
from etl.core.typed_table import TypedBlock, TypedTable
from etl.model import Row, Value


class TypedRows(Sequence[Row]):
    """Rows of a table in the sheet's order, but for some: go through them in order."""

    def __init__(
        self,
        table: TypedTable,
        left_out: Iterable[int] = (),
        instead: Mapping[int, Row] | None = None,
        *,
        derived: bool,
    ) -> None:
        """Leave out rows of the table by number; `instead` are rows that stand for those of their number.

        `derived`: they are given in the vendor's own fields (`Destination.derive`).
        """
        self._table = table
        self._left_out = frozenset(left_out)
        self._instead = instead or {}
        derivation = table.destination.derivation if derived else None
        self._of = [name for name in table.names if derivation is not None and name in derivation.of]
        self._ends: list[int] | None = None
        self._flags: dict[int, bytes] = {}
        """Of a block, by its first row, which are not left out."""

    def __len__(self) -> int:
        return len(self._table) - len(self._left_out)

    def __iter__(self) -> Iterator[Row]:
        for block in self._table.blocks():
            yield from map(self._finished, block.rows(self._left_out))

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return in_order(self, index)
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        if self._ends is None:
            self._ends = list(accumulate(sum(self._kept(block)) for block in self._table.blocks()))
        number = bisect_right(self._ends, at)
        block = self._table.block(number)
        nth = at - (self._ends[number - 1] if number else 0)
        place = next(islice(compress(range(len(block.numbers)), self._kept(block)), nth, None))
        return self._finished(next(block.rows_at([place])))

    def values_of(self, names: Sequence[str], erasure: Value | None = None) -> Iterator[tuple[Value | None, ...]]:
        """Yield the values of these fields of each row, in its order: see `row_values.values_of`."""
        if not names:
            yield from repeat((), len(self))
            return
        if self._of or self._instead:
            for row in self:
                yield tuple([row.values.get(name, erasure if name in row.erased else None) for name in names])
            return
        for block in self._table.blocks():
            yield from self._values_in(block, names, erasure)

    def counted(self, names: Sequence[str]) -> Counter[tuple[Value | None, ...]]:
        """Count the rows by the values of these fields."""
        if not names or self._of or self._instead:
            return Counter(self.values_of(names))
        found: Counter[tuple[Value | None, ...]] = Counter()
        for block in self._table.blocks():
            found.update(self._values_in(block, names))
        return found

    def partly_blank(self, names: Sequence[str]) -> list[str]:
        """Return those of these fields that are blank in some row; a row that is left out may be it."""
        present = () if self._of or self._instead else self._table.names
        return [name for name in names if name not in present or name in self._table.seen.blank]

    def at_zero(self, name: str) -> Iterator[int]:
        """Yield the numbers of the rows that have a 0 in this field."""
        if name == self._table.destination.watched.price and not (self._of or self._instead):
            return (number for number in self._table.seen.free if number not in self._left_out)
        return (number for number, (value,) in zip(self.numbers, self.values_of([name]), strict=True) if value == 0)

    def among(self, numbers: Container[int]) -> Iterator[Row]:
        """Yield the rows with these numbers."""
        for block in self._table.blocks():
            places = [
                at for at, number in enumerate(block.numbers) if number in numbers and number not in self._left_out
            ]
            yield from map(self._finished, block.rows_at(places))

    @property
    def numbers(self) -> Iterator[int]:
        """The rows' numbers."""
        for block in self._table.blocks():
            yield from compress(block.numbers, self._kept(block)) if self._left_out else block.numbers

    def touched(self, also: Collection[int]) -> Iterator[Row]:
        """Yield, before they are derived, the rows that `Destination.derive` may change, and those in `also`."""
        if not (self._of or also):
            return
        for block in self._table.blocks():
            columns = [block.values(name) for name in self._of]
            places = [
                at
                for at, number in enumerate(block.numbers)
                if number not in self._left_out
                and (number in also or any(column[at] is not None for column in columns))
            ]
            yield from (self._instead.get(row.number, row) for row in block.rows_at(places))

    def _values_in(
        self, block: TypedBlock, names: Sequence[str], erasure: Value | None = None
    ) -> Iterator[tuple[Value | None, ...]]:
        columns = [self._column(block, name, erasure) for name in names]
        kept = self._kept(block) if self._left_out else None
        return zip(*(column if kept is None else compress(column, kept) for column in columns), strict=True)

    def _column(self, block: TypedBlock, name: str, erasure: Value | None) -> Sequence[Value | None]:
        if name not in self._table.names:
            return [None] * len(block.numbers)
        erased = block.erased if erasure is not None else {}
        if not erased:
            return block.values(name)
        pairs = zip(block.numbers, block.values(name), strict=True)
        return [erasure if name in erased.get(number, ()) else value for number, value in pairs]

    def _kept(self, block: TypedBlock) -> bytes:
        """Return a 1 for each row of a block that is not left out, a 0 for the others."""
        first = block.numbers[0] if block.numbers else 0
        if first not in self._flags:
            self._flags[first] = bytes([number not in self._left_out for number in block.numbers])
        return self._flags[first]

    def _finished(self, row: Row) -> Row:
        row = self._instead.get(row.number, row)
        if not self._of:
            return row
        values = self._table.destination.derive(row.values)
        return row if values is row.values else Row(row.number, values, row.erased)
