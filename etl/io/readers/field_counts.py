"""Judges which records of a CSV file have a field too many or too few, compared with the header's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_HEADER_WITHIN = 50
"""Records that are not blank, among which the header is looked for."""
_NUMBER = re.compile(r"[\s$%(+-]*\d[\d.,\s/:%)+-]*")


@dataclass(slots=True)
class FieldCounts:
    """Collects the number of fields of each record: all of them, and those up to the last that is not blank."""

    _all: list[int] = field(default_factory=list)
    _filled: list[int] = field(default_factory=list)
    _first: list[tuple[int, list[str]]] = field(default_factory=list)
    """The first records that are not blank, with their index."""

    def add(self, record: Sequence[str]) -> None:
        """Take the next record."""
        count = len(record)
        while count and not record[count - 1].strip():
            count -= 1
        if count and len(self._first) < _HEADER_WITHIN:
            self._first.append((len(self._all), list(record)))
        self._all.append(len(record))
        self._filled.append(count)

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
        for at in range(index + 1, len(self._all)):
            if self._filled[at] and (self._filled[at] > most or self._all[at] < least):
                yield at, max(self._filled[at], 1) if self._filled[at] > most else self._all[at], least

    def _header(self) -> int | None:
        """Return the index of the record that looks like the header.

        It is the last with several names and no number above the first numbers; without any numbers, the first.
        """
        usual = self._usual()
        data = next((at for at, record in self._first if len(record) == usual and _has_number(record)), None)
        named = [at for at, record in self._first if _count_names(record) > 1 and not _has_number(record)]
        if data is None:
            return named[0] if named else None
        above = [at for at in named if at < data]
        return above[-1] if above else next(at for at, record in self._first if len(record) == usual)

    def _usual(self) -> int:
        counts = Counter(count for count, filled in zip(self._all, self._filled, strict=True) if filled)
        return max(counts, key=lambda count: (counts[count], count), default=0)


def _has_number(record: Sequence[str]) -> bool:
    return any(map(_NUMBER.fullmatch, record))


def _count_names(record: Sequence[str]) -> int:
    return sum(1 for cell in record if cell.strip() and not _NUMBER.fullmatch(cell))
