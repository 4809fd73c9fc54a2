"""The values of some fields of many rows at once, whatever keeps the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from typing import Protocol, runtime_checkable

from etl.model import Row, Value


@runtime_checkable
class KeptByColumn(Protocol):
    """Rows that are kept column by column, and made only when they are looked at."""

    @property
    def numbers(self) -> Iterator[int]:
        """Their numbers, as Excel shows them."""

    def values_of(self, names: Sequence[str], erasure: Value | None = None) -> Iterator[tuple[Value | None, ...]]:
        """Yield the values of these fields of each row, in its order: see the function `values_of`."""

    def counted(self, names: Sequence[str]) -> Counter[tuple[Value | None, ...]]:
        """Count the rows by the values of these fields."""

    def at_zero(self, name: str) -> Iterator[int]:
        """Yield the numbers of the rows that have a 0 in this field."""

    def partly_blank(self, names: Sequence[str]) -> list[str]:
        """Return those of these fields that may be blank in some row."""

    def among(self, numbers: Container[int]) -> Iterator[Row]:
        """Yield the rows with these numbers."""


def values_of(
    rows: Sequence[Row], names: Sequence[str], erasure: Value | None = None
) -> Iterator[tuple[Value | None, ...]]:
    """Yield the values of these fields of each row; None for a blank field, `erasure` for one that is to be erased."""
    if isinstance(rows, KeptByColumn):
        return rows.values_of(names, erasure)
    return (tuple([row.values.get(name, erasure if name in row.erased else None) for name in names]) for row in rows)


def counted(rows: Sequence[Row], names: Sequence[str]) -> Counter[tuple[Value | None, ...]]:
    """Return how many rows have the same values of these fields; None for a blank field."""
    return rows.counted(names) if isinstance(rows, KeptByColumn) else Counter(values_of(rows, names))


def partly_blank(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """Return those of these fields that are blank in some row, be it to be erased."""
    if isinstance(rows, KeptByColumn):
        return rows.partly_blank(names)
    return [name for name in names if any(name not in row.values for row in rows)]


def numbers_at_zero(rows: Sequence[Row], name: str) -> set[int]:
    """Return the numbers of the rows that have a 0 in this field."""
    if isinstance(rows, KeptByColumn):
        return set(rows.at_zero(name))
    return {row.number for row in rows if row.values.get(name) == 0}


def numbers_of(rows: Sequence[Row]) -> Iterator[int]:
    """Yield the rows' numbers."""
    return rows.numbers if isinstance(rows, KeptByColumn) else (row.number for row in rows)


def among(rows: Sequence[Row], numbers: Container[int]) -> Iterator[Row]:
    """Yield the rows with these numbers."""
    if isinstance(rows, KeptByColumn):
        return rows.among(numbers)
    return (row for row in rows if row.number in numbers)
