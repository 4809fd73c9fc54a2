"""Opens CSV files: encoding, delimiter, records; every field stays the text that it is (reliability.md XLS-10)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from etl.io.readers.csv_packs import CsvPack, CsvText, pack
from etl.io.readers.dialect import NEVER_THERE, find_delimiter, is_table, sep_line
from etl.io.readers.field_counts import FieldCounts
from etl.io.readers.packed_rows import PackedRows
from etl.io.readers.record_findings import record_findings
from etl.io.readers.refusal import unreadable
from etl.io.readers.source import RawFile, Source
from etl.io.readers.text_encoding import to_utf8
from etl.messages import text
from etl.model import Finding, Severity, Sheet, SheetName

_SPOILT_FIRST = (b"\xc3\x83", b"\xc3\x82", b"\xef\xbf\xbd")
_SPOILT = re.compile(
    rb"\xc3\x83(?:\xc2[\x80-\xbf]|\xe2\x80.|\xe2\x82\xac|\xe2\x84\xa2|\xc5.|\xc6\x92|\xcb.)|\xc3\x82\xc2[\xa0-\xbf]|\xef\xbf\xbd",
    re.DOTALL,
)
"""UTF-8 that somebody read as cp1252 and saved again (Ã³, Â°), and the sign that stands for a lost letter."""
_SHOWN_LENGTH = 80


def open_delimited(raw: RawFile, encoding: str, *, must_be_table: bool) -> Source:
    """Return the source of a CSV file; raise `Refusal` when it is no text, or breaks a limit.

    `must_be_table`: its name does not say CSV, so it must look like one.
    """
    decoded, encoding = to_utf8(raw.data, encoding)
    delimiter, begin = sep_line(decoded)
    if delimiter is None:
        delimiter = find_delimiter(decoded)
        if must_be_table and not is_table(decoded, delimiter):
            raise unreadable(
                text("it is a text, not a spreadsheet (.xlsx, .xlsm) or a CSV file"),
                text("Ask for the list as an Excel workbook (.xlsx) or as CSV, and try with that file."),
            )
    sheet = _read(raw, decoded[begin:], delimiter, encoding)
    names = (SheetName(None),)
    return Source(file=raw.file, sha256=raw.sha256, kind="csv", sheets=names, modified=raw.saved, load=lambda _: sheet)


def _read(raw: RawFile, data: bytes, delimiter: str | None, encoding: str) -> Sheet:
    """Go once through all records, to count their fields and to keep the limits."""
    counts = FieldCounts()
    broken: list[int] = []
    packs = list(pack(CsvText(data, delimiter or NEVER_THERE, raw.limits), counts, broken))
    return Sheet(
        file=raw.file,
        name=None,
        rows=PackedRows(packs),
        sha256=raw.sha256,
        findings=(*raw.findings, *_spoilt_letters(data, packs), *record_findings(counts, broken)),
        encoding=encoding,
        delimiter=delimiter,
        modified=raw.saved,
    )


def _spoilt_letters(data: bytes, packs: Sequence[CsvPack]) -> Iterator[Finding]:
    """Yield a warning for the first text whose letters were spoilt before the file was saved."""
    found = _SPOILT.search(data) if any(begin in data for begin in _SPOILT_FIRST) else None
    if found is None:
        return
    number = bisect_right(packs, found.start(), key=lambda one: one.begin) - 1
    above = sum(map(len, packs[:number]))
    for row, record in enumerate(packs[number].records(), start=above + 1):
        shown = next((field for field in record if _SPOILT.search(field.encode())), None)
        if shown is None:
            continue
        shown = shown[:_SHOWN_LENGTH]
        yield Finding(
            code="spoilt_letters",
            message=text(
                "Row {row} shows «{value}»: letters were spoilt before the file was saved", row=row, value=shown
            ),
            hint=text("Export the list again as “CSV UTF-8” or .xlsx; the rows are sent as they stand otherwise."),
            severity=Severity.WARNING,
            row=row,
            value=shown,
        )
        return
