"""Scans a worksheet's XML as bytes, many cells at a time, in the plain form that Excel and the usual libraries write.

What is written in another form is left to `sheet_parse`, which is slower and takes any XML. Both find the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from etl.io.readers.limits import Limits
from etl.io.readers.refusal import hostile
from etl.io.readers.row_arrays import RowArrays, UnusualXmlError
from etl.io.readers.sheet_facts import FORMULA_NOTE, SheetFacts, SheetTally
from etl.io.readers.sheet_parse import parse_sheet
from etl.io.readers.tag_words import without_prefix
from etl.messages import text

_LONGEST_HEAD = 4 * 1024 * 1024
_LONGEST_ROW = 16 * 1024 * 1024

_ATTRIBUTE = re.compile(r'\s([\w:]+)="([^"]*)"')
_COLUMN_TAG = re.compile(rb"<col\s[^>]*>")
_MERGE_TAG = re.compile(rb'<mergeCell\s[^>]*?ref="([A-Z0-9:]+)"')


def scan_sheet(
    name: str,
    blocks: Callable[[], Iterable[bytes]],
    formats: Mapping[int, str],
    limits: Limits,
    decimals: Mapping[int, int] | None = None,
) -> SheetFacts:
    """Return the facts of the worksheet in the part `name`; raise `Refusal` when it breaks a limit.

    `blocks` begins a new reading of the part each time it is called; `formats` are the formats worth a note, and
    `decimals` how many decimals formats show, by style.
    """
    try:
        return scan_plain(blocks(), SheetTally(formats, limits, decimals))
    except UnusualXmlError:
        return parse_sheet(name, blocks(), SheetTally(formats, limits, decimals))


def scan_plain(blocks: Iterable[bytes], tally: SheetTally) -> SheetFacts:
    """Return the facts of a worksheet in the plain form; raise `UnusualXmlError` when it is in another."""
    scan = _Scan(tally)
    for block in without_prefix(blocks, b"worksheet"):
        scan.feed(block)
    scan.finish()
    return tally.facts()


class _Scan:
    """The three stretches of a worksheet: what stands before its rows, the rows, what stands after them."""

    def __init__(self, tally: SheetTally) -> None:
        self._tally = tally
        self._stretch = self._head
        self._held = b""
        self._last_row = 0

    def feed(self, block: bytes) -> None:
        self._stretch(self._held + block)

    def finish(self) -> None:
        if self._stretch != self._tail:
            raise UnusualXmlError

    def _head(self, seen: bytes) -> None:
        at = seen.find(b"<sheetData")
        end = seen.find(b">", at) + 1
        if at < 0 or not end:
            if len(seen) > _LONGEST_HEAD:
                raise UnusualXmlError
            self._held = seen
            return
        if b"<worksheet" not in seen[:at] or b"<!" in seen[:at]:
            raise UnusualXmlError
        for tag in _COLUMN_TAG.findall(seen[:at]):
            self._tally.note_columns(dict(_ATTRIBUTE.findall(tag.decode("utf-8", "replace"))))
        self._held = b""
        self._stretch = self._tail if seen[end - 2 : end - 1] == b"/" else self._rows
        self._stretch(seen[end:])

    def _rows(self, seen: bytes) -> None:
        last_row = seen.rfind(b"<row")
        end = seen.find(b"</sheetData", max(0, last_row))
        cut = end if end >= 0 else last_row
        if cut <= 0 and end < 0:
            if len(seen) > _LONGEST_ROW:
                raise hostile(text("a row of the sheet is {size} bytes long", size=len(seen)))
            self._held = seen
            return
        self._scan_rows(seen[:cut])
        self._held = seen[cut:]
        if end >= 0:
            self._held, self._stretch = b"", self._tail
            self._tail(seen[end:])

    def _tail(self, seen: bytes) -> None:
        if b"<sheetData" in seen or b"<row " in seen or b"<row>" in seen:
            raise UnusualXmlError
        cut = seen.rfind(b">") + 1
        for match in _MERGE_TAG.finditer(seen[:cut]):
            self._tally.note_area(match[1].decode())
        self._held = seen[cut:]
        if len(self._held) > _LONGEST_HEAD:
            raise UnusualXmlError

    def _scan_rows(self, seen: bytes) -> None:
        rows = RowArrays(seen, self._last_row)
        if not len(rows.numbers):
            return
        self._last_row = int(rows.numbers[-1])
        tally = self._tally
        rows.check_extent(tally)
        rows.check_texts(tally)
        tally.hidden_rows.update(rows.hidden())
        for row, column, words in rows.errors():
            tally.note_error(row, column, words)
        for row, column in rows.formulas_without_value():
            tally.notes[row, column] = FORMULA_NOTE
        if tally.formats:
            rows.note_formats(tally)
        if tally.decimals:
            tally.note_decimals(*rows.decimals(tally.decimals))
