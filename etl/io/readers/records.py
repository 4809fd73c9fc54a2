"""Cuts a CSV text into records, one a row.

A record whose quotes do not match is taken literally, line by line, so that it can never swallow the rows below it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from etl.io.readers.limits import Limits
from etl.io.readers.refusal import Refusal, hostile, unreadable
from etl.messages import text

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_UNCLOSED = text("Look for a quote that is opened and never closed.")


class Records:
    """Iterates over the records of a UTF-8 text; blank lines are empty records."""

    def __init__(self, data: bytes, delimiter: str, limits: Limits) -> None:
        self.offset = 0
        """Where the next record begins."""
        self.broken = False
        """Whether the quotes of the record that was read last do not match."""
        self._data = data
        self._delimiter = delimiter
        self._limits = limits
        self._returns = data.count(b"\r") != data.count(b"\r\n")
        """Whether single carriage returns end lines, too."""
        self._stream = self._raw_lines()
        self._pending: list[bytes] = []
        self._taken: list[bytes] = []
        self._size = 0
        self._broken_records = 0

    def move_to(self, offset: int) -> None:
        """Go on with the record that begins at an offset."""
        self.offset = offset
        self._pending.clear()
        self._stream = self._raw_lines()

    def __iter__(self) -> Iterator[list[str]]:
        reader = self._reader()
        while True:
            self._taken.clear()
            self._size = 0
            self.broken = False
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error:
                record = self._take_literally()
                reader = self._reader()
            if self._size > self._limits.text_length:
                self._check_lengths(record)
            self.offset += self._size
            yield record

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines(), delimiter=self._delimiter, strict=True)

    def _raw_lines(self) -> Iterator[bytes]:
        if self._returns:
            return (match[0] for match in _LINE.finditer(self._data, self.offset))
        stream = io.BytesIO(self._data)
        stream.seek(self.offset)
        return stream

    def _lines(self) -> Iterator[str]:
        """Yield the lines that were given back, then the others, and remember those of the record being read."""
        most = self._limits.line_bytes
        while line := self._pending.pop() if self._pending else next(self._stream, b""):
            if len(line) > most:
                raise _line_too_long(len(line), most)
            self._taken.append(line)
            self._size += len(line)
            if self._size > most and len(self._taken) > 1:
                raise csv.Error("the quotes swallow the file")
            yield line.decode()

    def _take_literally(self) -> list[str]:
        """Give all lines of the record but the first back, and return that one with its quotes as they stand."""
        self.broken = True
        self._broken_records += 1
        if self._broken_records > self._limits.broken_records:
            raise unreadable(
                text("the quotes of more than {count} rows do not match", count=self._limits.broken_records), _UNCLOSED
            )
        first, *others = self._taken
        self._pending.extend(reversed(others))
        self._size = len(first)
        return first.decode().rstrip("\r\n").split(self._delimiter)

    def _check_lengths(self, record: Sequence[str]) -> None:
        longest, most = max(map(len, record), default=0), self._limits.text_length
        if longest > most:
            raise hostile(
                text(
                    "a field of {length} characters stands in the file; a cell holds at most {limit}",
                    length=longest,
                    limit=most,
                ),
                _UNCLOSED,
            )


def _line_too_long(size: int, most: int) -> Refusal:
    return hostile(
        text("a line of the file is {size} bytes long; the limit is {limit}", size=size, limit=most),
        text("Export the list again, with one product a line."),
    )
