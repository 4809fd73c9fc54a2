"""Divides the rows of a workbook that has each line of a CSV file undivided in its first cell.

That is what becomes of a comma-separated file that is opened and saved where Excel expects semicolons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.io.readers.csv_packs import cells_of
from etl.io.readers.dialect import find_delimiter, is_table
from etl.io.readers.field_counts import FieldCounts
from etl.io.readers.limits import Limits
from etl.io.readers.record_findings import record_findings
from etl.io.readers.records import Records
from etl.messages import text
from etl.model import UNDIVIDED_COLUMNS, Cell, Finding, Severity

_LOOKED_AT = 200
_RARELY = 0.1
_EXCELS_OWN = ";"
"""Where Excel itself divided a line."""


@dataclass(frozen=True, slots=True)
class Divided:
    """The rows with a value a cell, and what there is to say."""

    rows: Sequence[tuple[Cell, ...]]
    delimiter: str
    findings: tuple[Finding, ...]


def divide(sheet: str, rows: Sequence[tuple[Cell, ...]], limits: Limits) -> Divided | None:
    """Return the rows divided, under their numbers; None when the cells hold values, as they do in most sheets."""
    first = [row for row in rows[:_LOOKED_AT] if row]
    if len(first) < 2 or sum(len(row) > 1 for row in first) > len(first) * _RARELY:
        return None
    sample = "\n".join(str(row[0]) for row in first).encode()
    delimiter = find_delimiter(sample)
    if delimiter is None or not is_table(sample, delimiter):
        return None
    divided: list[tuple[Cell, ...]] = []
    counts = FieldCounts()
    broken: list[int] = []
    for number, row in enumerate(rows, start=1):
        if not all(isinstance(cell, str) for cell in row):
            divided.append(row)
            counts.add_all([["?"] * len(row)])
            continue
        line = _EXCELS_OWN.join(map(str, row)).encode()
        records = Records(line, delimiter, limits)
        record = next(iter(records), [])
        if records.broken or records.offset < len(line):
            broken.append(number)
        counts.add_all([record])
        divided.append(cells_of(record))
    return Divided(divided, delimiter, (_remark(sheet, delimiter), *record_findings(counts, broken, sheet)))


def _remark(sheet: str, delimiter: str) -> Finding:
    return Finding(
        code=UNDIVIDED_COLUMNS,
        message=text(
            "Each row of the sheet «{sheet}» has all of its values in one cell, as in a CSV file: they are divided at "
            "each “{delimiter}”, so that what is told of column B is the second value in the cell",
            sheet=sheet,
            delimiter="Tab" if delimiter == "\t" else delimiter,
        ),
        hint=text(
            "Look at the columns with etl inspect. In Excel, Data, Text to Columns divides column A for good; save the "
            "workbook then."
        ),
        severity=Severity.WARNING,
        sheet=sheet,
    )
