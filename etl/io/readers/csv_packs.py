"""Takes a CSV text apart many records at a time: at once where its quotes are sound, else a record at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from itertools import chain, zip_longest

from etl.io.readers.field_counts import FieldCounts
from etl.io.readers.limits import Limits
from etl.io.readers.packed_rows import CellColumn, CellRow
from etl.io.readers.records import Records
from etl.io.readers.spoilt_letters import is_spoilt

BYTES_A_PACK, ROWS_A_PACK = 512 * 1024, 16_384
"""At the most, but for a record that is longer; a pack of rows as short as that has as many rows."""


@dataclass(frozen=True, slots=True)
class CsvText:
    """A CSV text in UTF-8 and how it is divided."""

    data: bytes
    delimiter: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class CsvPack:
    """A stretch of whole records."""

    text: CsvText
    begin: int
    end: int
    count: int
    plain: bool
    """Whether each line is a record: there are no quotes."""
    fewest: int
    widest: int
    """How many fields the records have: at least and at most."""

    def __len__(self) -> int:
        return self.count

    def rows(self) -> list[CellRow]:
        """Return the rows, without blank cells at their ends."""
        return list(map(cells_of, self.records()))

    def columns(self, most: int | None = None) -> list[CellColumn]:
        """Return the cells by column, of no more than `most` columns."""
        if self.plain and (most is None or self.widest <= most):
            columns = self._plain_columns()
        else:
            columns = list(map(list, zip_longest(*(record[:most] for record in self.records()), fillvalue="")))
        return [[value or None for value in column] if "" in column else [*column] for column in columns]

    def records(self) -> list[list[str]]:
        """Return the fields as they stand."""
        octets, delimiter = self.text.data[self.begin : self.end], self.text.delimiter
        if self.plain:
            return [line.split(delimiter) if line else [] for line in self._lines()]
        found = _parse(octets.decode(), self.text)
        return list(Records(octets, delimiter, self.text.limits)) if found is None else found

    def _plain_columns(self) -> list[list[str]]:
        """Return the fields by column: all of them in one piece, of which each column is every so manieth."""
        delimiter, lines = self.text.delimiter, self._lines()
        if self.fewest < self.widest:
            lacking = [delimiter * (self.widest - 1 - line.count(delimiter)) for line in lines]
            lines = list(map(str.__add__, lines, lacking))
        fields = delimiter.join(lines).split(delimiter)
        return [fields[at :: self.widest] for at in range(self.widest)]

    def _lines(self) -> list[str]:
        return _lines(self.text.data[self.begin : self.end].decode().replace("\r\n", "\n"))


@dataclass(slots=True)
class Remarks:
    """What is seen on the way through all records."""

    counts: FieldCounts = field(default_factory=FieldCounts)
    broken: list[int] = field(default_factory=list)
    """The rows whose quotes do not match."""
    spoilt: tuple[int, str] | None = None
    """Row and text of the first field with spoilt letters."""


def cells_of(record: list[str]) -> CellRow:
    """Return a record's cells: blank ones None, those at its end left out."""
    while record and not record[-1]:
        record.pop()
    return tuple([field or None for field in record])


def pack(text: CsvText, remarks: Remarks) -> Iterator[CsvPack]:
    """Go once through all records; yield them packed. `Refusal` when they break a limit."""
    counts = remarks.counts
    slow: Records | None = None
    row = begin = 0
    while begin < len(text.data):
        end = _cut(text, begin)
        words = text.data[begin:end].decode()
        if lines := _plain_lines(words, text.limits):
            counts.add_lines(lines, text.delimiter)
        elif records := _parse(words, text):
            counts.add_all(records)
        else:
            slow = slow or Records(text.data, text.delimiter, text.limits)
            slow.move_to(begin)
            counts.add_all(_watched(slow, row, end, remarks))
            end = slow.offset
            words = text.data[begin:end].decode()
        packed = CsvPack(text, begin, end, len(counts) - row, bool(lines), *counts.span(row))
        if remarks.spoilt is None and is_spoilt(words):
            spoilt = ((at, value) for at, record in enumerate(packed.records(), row + 1) for value in record)
            remarks.spoilt = next((found for found in spoilt if is_spoilt(found[1])), None)
        yield packed
        row, begin = len(counts), end


def _watched(records: Records, row: int, end: int, remarks: Remarks) -> Iterator[list[str]]:
    """Yield the records that begin before an offset, and note those whose quotes do not match."""
    for number, record in enumerate(records, start=row + 1):
        if records.broken:
            remarks.broken.append(number)
        yield record
        if records.offset >= end:
            return


def _cut(text: CsvText, begin: int) -> int:
    """Return where to end a stretch: behind a line's end; where it begins when its first line is too long for it."""
    end = begin + min(BYTES_A_PACK, text.limits.line_bytes)
    end = len(text.data) if end >= len(text.data) else max(begin, text.data.rfind(b"\n", begin, end) + 1)
    if text.data.count(b"\n", begin, end) > ROWS_A_PACK:
        end -= len(text.data[begin:end].split(b"\n", ROWS_A_PACK)[-1])
    return end


def _plain_lines(words: str, limits: Limits) -> list[str] | None:
    """Return the lines of a stretch in which each line is a record: no quotes, no single carriage returns.

    None when it is not so plain, or when a line is so long that somebody has to look at its fields.
    """
    if '"' in words:
        return None
    words = words.replace("\r\n", "\n")
    lines = _lines(words)
    return None if "\r" in words or max(map(len, lines), default=0) > limits.text_length else lines


def _lines(words: str) -> list[str]:
    lines = words.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _parse(words: str, text: CsvText) -> list[list[str]] | None:
    """Return the records of a stretch with quotes; None when they do not match, or the limits need a closer look."""
    if "\r" in words and words.count("\r") != words.count("\r\n"):
        return None
    try:
        found = list(csv.reader(StringIO(words), delimiter=text.delimiter, strict=True))
    except csv.Error:
        return None
    return found if max(map(len, chain.from_iterable(found)), default=0) <= text.limits.text_length else None
