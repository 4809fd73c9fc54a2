"""The process that parses a workbook: limits on itself first, then python-calamine, then the cells to stdout.

It is started as a script of its own, so it imports nothing of `etl` and little else. `sandbox` is its other end.

Arguments: memory in bytes, CPU in seconds. Input: a line of JSON (``{"sheet": name or null}``), then the file's bytes.
Output: frames, each a line of JSON and the bytes that it announces. ``{"names": [[name, visible], ...]}`` when no sheet
was asked for; else ``{"left", "height", "width"}``, then ``{"rows": n, "columns": [[kind, size, ...], ...]}`` for some
rows at a time, then ``{"end": rows}``. ``{"failure": kind, "detail": words}`` when the file cannot be parsed.
A column is ``d`` (doubles), ``s`` (texts with NUL between them) or ``m``: each cell's kind, the doubles, the texts.
"""

from __future__ import annotations

import gc
import json
import sys
from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from io import BytesIO
from itertools import islice
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

ROWS_A_FRAME = 2048
"""Rows that travel together."""

_FORBIDDEN = ("socket.", "subprocess.", "os.", "ctypes.", "open", "shutil.", "urllib.")
_ALLOWED = ("os.putenv",)


def limit_self(memory: int, cpu: int) -> None:
    """Bind this process where the system can: address space, CPU time, no core file, no file written.

    Windows has no such limits; there the parent's clock is what holds.
    """
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        limits = {"RLIMIT_AS": memory, "RLIMIT_CPU": cpu, "RLIMIT_CORE": 0, "RLIMIT_FSIZE": 0}
        for name, most in limits.items():
            with suppress(ValueError, OSError):  # macOS knows no RLIMIT_AS; a lower limit of the user's stays
                resource.setrlimit(getattr(resource, name), (most, most))


def forbid(event: str, _: Sequence[object]) -> None:
    """Audit hook: from now on no network, no process, no file."""
    if event.startswith(_FORBIDDEN) and event not in _ALLOWED:
        raise PermissionError(event)


def encode_column(cells: Sequence[Any]) -> tuple[list[object], list[bytes]]:
    """Return the description of a column of cells, and the bytes that it describes."""
    kinds = set(map(type, cells))
    if kinds == {float}:
        octets = array("d", cells).tobytes()
        return ["d", len(octets)], [octets]
    if kinds == {str}:
        joined = "\0".join(cells)
        if joined.count("\0") == len(cells) - 1:
            octets = joined.encode()
            return ["s", len(octets)], [octets]
    return _encode_mixed(cells)


def _encode_mixed(cells: Sequence[Any]) -> tuple[list[object], list[bytes]]:
    kinds = bytearray()
    numbers = array("d")
    texts = []
    for cell in cells:
        kind, shown = _encode_cell(cell)
        kinds += kind
        if isinstance(shown, str):
            texts.append(shown)
        else:
            numbers.append(shown)
    pieces = [bytes(kinds), numbers.tobytes(), json.dumps(texts).encode() if texts else b""]
    return ["m", *map(len, pieces)], pieces


def _encode_cell(cell: Any) -> tuple[bytes, str | float]:
    kind = type(cell)
    if kind is str:
        return b"s", cell
    if kind is float or kind is int:
        return b"d", float(cell)
    if kind is bool:
        return b"b", float(cell)
    if kind is datetime:
        return b"t", cell.isoformat()
    if kind is date:
        return b"D", cell.isoformat()
    if kind is time:
        return b"c", cell.isoformat()
    if kind is timedelta:
        return b"p", cell.total_seconds()
    raise TypeError(kind)


def _send(head: object, pieces: Iterable[bytes] = ()) -> None:
    out = sys.stdout.buffer
    out.write(json.dumps(head).encode() + b"\n")
    for piece in pieces:
        out.write(piece)


def _send_sheet(sheet: CalamineSheet) -> None:
    start, end = sheet.start, sheet.end
    height = end[0] + 1 if end else 0
    width = end[1] + 1 if end else 0
    _send({"left": start[1] if start else 0, "height": height, "width": width})
    rows = iter(sheet.iter_rows()) if height else iter(())
    count = 0
    while some := list(islice(rows, ROWS_A_FRAME)):
        columns = [encode_column(cells) for cells in zip(*some, strict=True)]
        count += len(some)
        _send(
            {"rows": len(some), "columns": [head for head, _ in columns]},
            (piece for _, pieces in columns for piece in pieces),
        )
    _send({"end": count})


def _send_names(workbook: CalamineWorkbook) -> None:
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    _send({"names": [[sheet.name, sheet.visible == SheetVisibleEnum.Visible] for sheet in sheets]})


def main(memory: int, cpu: int) -> None:
    """Serve one request."""
    limit_self(memory, cpu)
    name = json.loads(sys.stdin.buffer.readline())["sheet"]
    data = BytesIO(sys.stdin.buffer.read())
    sys.addaudithook(forbid)
    gc.disable()  # it would only walk through the rows again and again
    try:
        workbook = CalamineWorkbook.from_filelike(data)
        if name is None:
            _send_names(workbook)
        else:
            _send_sheet(workbook.get_sheet_by_name(name))
    except PasswordError:
        _send({"failure": "password", "detail": ""})
    except CalamineError as error:
        _send({"failure": "damaged", "detail": str(error)[:200]})
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
