"""Opens CSV files: encoding, delimiter, records; every field stays the text that it is (reliability.md XLS-10)."""

from __future__ import annotations

from etl.io.readers.csv_packs import CsvText, Remarks, pack
from etl.io.readers.dialect import NEVER_THERE, find_delimiter, is_table, sep_line
from etl.io.readers.packed_rows import PackedRows
from etl.io.readers.record_findings import record_findings
from etl.io.readers.refusal import unreadable
from etl.io.readers.source import RawFile, Source
from etl.io.readers.spoilt_letters import spoilt_letters
from etl.io.readers.text_encoding import to_utf8
from etl.messages import text
from etl.model import Sheet, SheetName


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
    remarks = Remarks()
    packs = list(pack(CsvText(data, delimiter or NEVER_THERE, raw.limits), remarks))
    spoilt = () if remarks.spoilt is None else (spoilt_letters(*remarks.spoilt),)
    return Sheet(
        file=raw.file,
        name=None,
        rows=PackedRows(packs, most_columns=max(raw.limits.columns, remarks.counts.usual)),
        sha256=raw.sha256,
        findings=(*raw.findings, *spoilt, *record_findings(remarks.counts, remarks.broken)),
        encoding=encoding,
        delimiter=delimiter,
        modified=raw.saved,
    )
