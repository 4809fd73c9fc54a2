"""Judges which records of a CSV file have a field too many or too few, compared with the header's."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat

_HEADER_WITHIN = 50
"""Records that are not blank, among which the header is looked for."""
_NUMBER = re.compile(r"[\s$%(+-]*\d[\d.,\s/:%)+-]*")


_BLANKS = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What `str.strip` takes away."""


@dataclass(slots=True)
class FieldCounts:
    """Collects the number of fields of each record: all of them, and those up to the last that is not blank."""

    _all: array[int] = field(default_factory=lambda: array("i"))
    _filled: array[int] = field(default_factory=lambda: array("i"))
    _first: list[tuple[int, list[str]]] = field(default_factory=list)
    """The first records that are not blank, with their index."""

    def add_all(self, records: Iterable[Sequence[str]]) -> None:
        """Take the next records."""
        for record in records:
            count = len(record)
            while count and not record[count - 1].strip():
                count -= 1
            if count and len(self._first) < _HEADER_WITHIN:
                self._first.append((len(self._all), list(record)))
            self._all.append(len(record))
            self._filled.append(count)

    def add_lines(self, lines: Sequence[str], delimiter: str) -> None:
        """Take the next records, each a line without quotes."""
        known = 0
        while len(self._first) < _HEADER_WITHIN and known < len(lines):
            self.add_all([lines[known].split(delimiter) if lines[known] else []])
            known += 1
        rest = lines[known:] if known else lines
        counts = _count_fields(rest, delimiter)
        filled = list(map(str.rstrip, rest, repeat(_BLANKS + delimiter)))
        self._all.extend(counts)
        self._filled.extend(counts if filled == rest else _count_fields(filled, delimiter))

    def __len__(self) -> int:
        return len(self._all)

    def span(self, start: int) -> tuple[int, int]:
        """Return the least and the largest number of fields of the records from index `start` on."""
        counts = set(self._all[start:])
        return min(counts), max(counts)

    @property
    def usual(self) -> int:
        """The number of fields that most records have, of those that are not blank; 0 when all are."""
        counts = Counter(compress(self._all, self._filled))
        return max(counts, key=lambda count: (counts[count], count), default=0)

    def wrong(self) -> Iterator[tuple[int, int, int]]:
        """Yield (index, fields found, fields expected) of the records below the header that do not fit it.

        Blank fields at an end are harmless on either side: a record may end in delimiters that the header lacks.
        """
        header = self._header()
        if header is None:
            return
        index, most = header, self._all[header]
        least = self._filled[header]
        if most < 2:
            return
        pairs = set(zip(self._all, self._filled, strict=True))
        unfit = {(all_, filled) for all_, filled in pairs if filled and (filled > most or all_ < least)}
        if not unfit:
            return
        for at in range(index + 1, len(self._all)):
            all_, filled = pair = (self._all[at], self._filled[at])
            if pair in unfit:
                yield at, filled if filled > most else all_, least

    def _header(self) -> int | None:
        """Return the index of the record that looks like the header.

        It is the last with several names and no number above the first numbers; without any numbers, the first.
        """
        usual = self.usual
        data = next((at for at, record in self._first if len(record) == usual and _has_number(record)), None)
        named = [at for at, record in self._first if _count_names(record) > 1 and not _has_number(record)]
        if data is None:
            return named[0] if named else None
        above = [at for at in named if at < data]
        return above[-1] if above else next(at for at, record in self._first if len(record) == usual)


def _count_fields(lines: Sequence[str], delimiter: str) -> Iterable[int]:
    counts = map(str.count, lines, repeat(delimiter))
    return [count + 1 if line else 0 for count, line in zip(counts, lines, strict=True)]


def _has_number(record: Sequence[str]) -> bool:
    return any(map(_NUMBER.fullmatch, record))


def _count_names(record: Sequence[str]) -> int:
    return sum(1 for cell in record if cell.strip() and not _NUMBER.fullmatch(cell))
