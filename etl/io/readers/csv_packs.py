"""Takes a CSV text apart many records at a time: at once where its quotes are sound, else a record at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import chain, zip_longest

from etl.io.readers.field_counts import FieldCounts
from etl.io.readers.limits import Limits
from etl.io.readers.packed_rows import CellColumn, CellRow
from etl.io.readers.records import Records

BYTES_A_PACK = 512 * 1024


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

    def __len__(self) -> int:
        return self.count

    def rows(self) -> list[CellRow]:
        """Return the rows, without blank cells at their ends."""
        return list(map(cells_of, self.records()))

    def columns(self) -> list[CellColumn]:
        """Return the cells by column."""
        return [_cells(column) for column in zip_longest(*self.records(), fillvalue="")]

    def records(self) -> list[list[str]]:
        """Return the fields as they stand."""
        octets = self.text.data[self.begin : self.end]
        lines = _plain_lines(octets, self.text.limits)
        if lines is not None:
            delimiter = self.text.delimiter
            return [line.split(delimiter) if line else [] for line in lines]
        found = _parse(octets, self.text)
        return list(Records(octets, self.text.delimiter, self.text.limits)) if found is None else found


def cells_of(record: list[str]) -> CellRow:
    """Return a record's cells: blank ones None, those at its end left out."""
    while record and not record[-1]:
        record.pop()
    return tuple([field or None for field in record])


def pack(text: CsvText, counts: FieldCounts, broken: list[int]) -> Iterator[CsvPack]:
    """Go once through all records; yield them packed. `Refusal` when they break a limit.

    The number of fields of each goes into `counts`, the rows whose quotes do not match into `broken`.
    """
    records = Records(text.data, text.delimiter, text.limits)
    row = begin = 0
    while begin < len(text.data):
        end = _cut(text, begin)
        count = _count_at_once(text.data[begin:end], text, counts)
        if not count:
            records.move_to(begin)
            for count, record in enumerate(records, start=1):
                counts.add_all((record,))
                if records.broken:
                    broken.append(row + count)
                if records.offset >= end:
                    break
            end = records.offset
        yield CsvPack(text, begin, end, count)
        row += count
        begin = end


def _cut(text: CsvText, begin: int) -> int:
    """Return where to end a stretch: behind a line's end; where it begins when its first line is too long for it."""
    end = begin + min(BYTES_A_PACK, text.limits.line_bytes)
    return len(text.data) if end >= len(text.data) else max(begin, text.data.rfind(b"\n", begin, end) + 1)


def _count_at_once(octets: bytes, text: CsvText, counts: FieldCounts) -> int:
    """Return how many records there are and count their fields; 0 when they must be looked at one by one."""
    lines = _plain_lines(octets, text.limits)
    if lines is not None:
        counts.add_lines(lines, text.delimiter)
        return len(lines)
    found = _parse(octets, text)
    if found is None:
        return 0
    counts.add_all(found)
    return len(found)


def _plain_lines(octets: bytes, limits: Limits) -> list[str] | None:
    """Return the lines of a stretch in which each line is a record: no quotes, no single carriage returns.

    None when it is not so plain, or when a line is so long that somebody has to look at its fields.
    """
    if b'"' in octets:
        return None
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n")
        if b"\r" in octets:
            return None
    lines = octets.decode().split("\n")
    if not lines[-1]:
        lines.pop()
    return lines if max(map(len, lines), default=0) <= limits.text_length else None


def _parse(octets: bytes, text: CsvText) -> list[list[str]] | None:
    """Return the records of a stretch with quotes; None when they do not match, or the limits need a closer look."""
    if octets.count(b"\r") != octets.count(b"\r\n"):
        return None
    try:
        found = list(csv.reader(StringIO(octets.decode()), delimiter=text.delimiter, strict=True))
    except csv.Error:
        return None
    return found if max(map(len, chain.from_iterable(found)), default=0) <= text.limits.text_length else None


def _cells(column: Sequence[str]) -> CellColumn:
    return [field or None for field in column]
