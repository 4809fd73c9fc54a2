"""The process that parses a workbook: limits on itself first, then python-calamine, then the cells to stdout.

It is started as a script of its own, so it imports nothing of `etl` and little else. `sandbox` is its other end.

Arguments: memory in bytes, CPU in seconds. Input: a line of JSON (``{"sheet": name or null}``), then the file's bytes.
Output: frames, each a line of JSON and the bytes that it announces. ``{"names": [[name, visible], ...]}`` when no sheet
was asked for; else ``{"left", "height", "width"}``, then ``{"rows": n, "columns": [[kind, size, ...], ...]}`` for some
rows at a time, then ``{"end": rows}``. ``{"failure": kind, "detail": words}`` when the file cannot be parsed.
A column's kind has a letter for each kind of cell in it: ``d`` doubles, ``s`` texts with NUL between them, ``j`` texts
that have a NUL themselves (JSON), ``b`` booleans (a byte each), ``p`` durations (seconds, doubles), and ``t``, ``D``,
``c`` moments, dates and times (ISO 8601, with NUL between them). Its bytes are those of each kind, one after the other;
when there are several, a byte for each cell stands before them: its letter's index.
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

_KINDS = {str: "s", float: "d", int: "d", bool: "b", datetime: "t", date: "D", time: "c", timedelta: "p"}

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
    kinds = sorted(map(_KINDS.__getitem__, set(map(type, cells))))
    if len(kinds) < 2:
        encoded = [_encode(kind, cells) for kind in kinds]
        pieces = [octets for _, octets in encoded]
    else:
        places = {type_: kinds.index(kind) for type_, kind in _KINDS.items() if kind in kinds}
        order = bytes(map(places.__getitem__, map(type, cells)))
        encoded = [
            _encode(kind, [cell for cell, found in zip(cells, order, strict=True) if found == place])
            for place, kind in enumerate(kinds)
        ]
        pieces = [order, *(octets for _, octets in encoded)]
    return ["".join(kind for kind, _ in encoded), *map(len, pieces)], pieces


def _encode(kind: str, cells: Sequence[Any]) -> tuple[str, bytes]:
    """Return the kind and the bytes of cells of one kind."""
    match kind:
        case "d":
            return kind, array("d", cells).tobytes()
        case "b":
            return kind, bytes(cells)
        case "p":
            return kind, array("d", [cell.total_seconds() for cell in cells]).tobytes()
        case "s":
            joined = "\0".join(cells)
            if joined.count("\0") >= len(cells):
                return "j", json.dumps(list(cells)).encode()
            return kind, joined.encode()
        case _:
            return kind, "\0".join([cell.isoformat() for cell in cells]).encode()


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
        data.close()  # it has made a copy
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
