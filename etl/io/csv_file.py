"""Writes a table as CSV the way Excel of these countries saves it: UTF-8 with its mark, semicolons, decimal commas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from etl.core.plain_text import whole
from etl.io.workbook.placement import replace_file
from etl.vendors.listing import ListedColumn, Record, Shown

_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r]")
"""What a spreadsheet takes for the beginning of a formula."""
_LIKE_THOUSANDS = re.compile(r"-?\d{1,3},\d{3}", re.ASCII)


def write_csv(path: Path, columns: Sequence[ListedColumn], records: Sequence[Record]) -> None:
    """Write the table, replacing the file at `path`. OSError when it cannot be written; nothing is changed then."""

    def write(target: BinaryIO) -> None:
        lines = io.TextIOWrapper(target, encoding="utf-8-sig", newline="")
        writer = csv.writer(lines, delimiter=";", lineterminator="\r\n")
        writer.writerow([field_of(column.label) for column in columns])
        for record in records:
            writer.writerow([field_of(record.get(column.name)) for column in columns])
        lines.detach()  # flushed; the file is closed by whoever opened it

    replace_file(path, write)


def field_of(value: Shown) -> str:
    """Return a value as a field: no text ever a formula, days in ISO form, numbers without exponent."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{whole(value)}" if _FORMULA.match(value) else whole(value)
    if isinstance(value, date):
        return value.isoformat()
    return _number(value)


def _number(value: int | Decimal) -> str:
    """Return a number with a decimal comma; ``1,234`` as ``1,2340``, which nobody takes for a thousand and more."""
    if isinstance(value, int):
        return str(value)
    written = format(value, "f").replace(".", ",")
    return f"{written}0" if _LIKE_THOUSANDS.fullmatch(written) else written
