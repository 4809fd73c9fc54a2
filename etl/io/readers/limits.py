"""How large a file may be before it is refused, and what the parser may use (reliability.md XLS-1, XLS-2, XLS-10)."""

from __future__ import annotations

from dataclasses import dataclass

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a reader refuses to go beyond. Sizes are bytes, times are seconds."""

    file_bytes: int = 25 * _MIB
    """Of a workbook, as it lies on the disk."""
    parts: int = 1_000
    """Files inside the workbook's zip."""
    inflated_bytes: int = 200 * _MIB
    """All parts together, decompressed."""
    ratio: int = 100
    """Decompressed to compressed size of one part, once it is larger than `ratio_grace_bytes`."""
    ratio_grace_bytes: int = 100 * _KIB
    xml_part_bytes: int = 32 * _MIB
    """Of a part that describes the workbook: its list of sheets, its styles, its properties."""
    rows: int = 200_000
    """Rows of data in a workbook's sheet. It does not bind CSV."""
    columns: int = 256
    """Does not bind CSV either."""
    cells: int = 5_000_000
    """Rows x columns of the box around the cells that hold something."""
    text_length: int = 32_767
    """Characters in one cell or CSV field: Excel's own limit."""
    csv_bytes: int = 1024 * _MIB
    line_bytes: int = _MIB
    """Of one line of a CSV file."""
    broken_records: int = 1_000
    """CSV records whose quotes do not match, before the whole file is given up."""
    small_sheet_bytes: int = 4 * _MIB
    """Of a sheet's XML: a larger sheet is worth a process that scans it while another parses it."""
    child_memory_bytes: int = 1024 * _MIB
    child_cpu_seconds: int = 60
    child_wall_seconds: float = 90.0


DEFAULT_LIMITS = Limits()

HEADER_ROOM = 50
"""Rows that may stand above the data (titles and headers), on top of `Limits.rows`."""
