"""Runs the parser in a process of its own, with limits, and takes the cells from it (reliability.md XLS-2).

Whatever happens there (a crash, an abort, memory, time) ends here as a `Refusal`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO, Any, Self

from etl.io.readers.frames import decode_column
from etl.io.readers.limits import Limits
from etl.io.readers.recognition import password_protected
from etl.io.readers.refusal import Refusal, damaged, hostile, unreadable
from etl.messages import text
from etl.model import Cell, SheetName

_CHILD = str(Path(__file__).with_name("child.py"))
_PASSED_ON = ("SYSTEMROOT", "WINDIR", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "TMP")
_LONGEST_HEAD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a sheet: ``rows[i]`` is the row that Excel shows as ``i + 1``, without blank cells at its end."""

    rows: list[tuple[Cell, ...]]
    not_finite: list[tuple[int, int]]
    """(row number, column index) of numbers that are none (infinite); their cell is None."""


def parse_cells(data: bytes, sheet: str, limits: Limits, box: tuple[int, int] | None = None) -> Cells:
    """Parse one sheet of a workbook in a process of its own.

    `box` is how many rows and columns our own scan found at most: a parser that finds more has read another sheet.
    """
    with _Child(data, sheet, limits) as child:
        return child.receive_cells(box)


def parse_names(data: bytes, limits: Limits) -> tuple[SheetName, ...]:
    """List the sheets of a workbook in a process of its own."""
    with _Child(data, None, limits) as child:
        return child.receive_names()


def child_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what of our environment the parser may know: nothing that could be a credential."""
    return {name: value for name, value in ours.items() if name.upper() in _PASSED_ON}


class _Child:
    """The process, its clock and its frames."""

    def __init__(self, data: bytes, sheet: str | None, limits: Limits) -> None:
        self._data = data
        self._sheet = sheet
        self._limits = limits
        self._late = False

    def __enter__(self) -> Self:
        command = [
            sys.executable,
            "-I",
            "-B",
            _CHILD,
            str(self._limits.child_memory_bytes),
            str(self._limits.child_cpu_seconds),
        ]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(os.environ),
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._clock = Timer(self._limits.child_wall_seconds, self._stop)
        self._clock.daemon = True
        self._clock.start()
        self._send()
        return self

    def __exit__(self, *_: object) -> None:
        self._clock.cancel()
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self._process.wait()

    def _stop(self) -> None:
        self._late = True
        self._process.kill()

    def _send(self) -> None:
        stream = self._process.stdin
        assert stream is not None  # noqa: S101 - we asked for the pipe
        with suppress(BrokenPipeError, OSError):  # it died already: the missing answer tells
            stream.write(json.dumps({"sheet": self._sheet}).encode() + b"\n")
            stream.write(self._data)
            stream.close()

    @property
    def _answers(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101 - we asked for the pipe
        return self._process.stdout

    def _broken(self) -> Refusal:
        """Return the refusal for an answer that stops short or makes no sense."""
        if self._late:
            return hostile(
                text(
                    "reading the workbook took more than {seconds} seconds",
                    seconds=int(self._limits.child_wall_seconds),
                )
            )
        return unreadable(
            text("the workbook makes its reader fail: it is damaged, or needs more memory or time than is allowed"),
            text("Copy the table into a new workbook, or save the sheet as CSV, and try with that file."),
        )

    def _receive(self, size: int) -> bytes:
        octets = self._answers.read(size) if 0 <= size <= self._limits.child_memory_bytes else b""
        if len(octets) != size:
            raise self._broken()
        return octets

    def _receive_head(self) -> dict[str, Any]:
        line = self._answers.readline(_LONGEST_HEAD)
        try:
            head = json.loads(line)
        except ValueError:
            raise self._broken() from None
        if not isinstance(head, dict):
            raise self._broken()
        if head.get("failure") == "password":
            raise password_protected()
        if "failure" in head:
            raise damaged(str(head.get("detail")))
        return head

    @contextmanager
    def _sense(self) -> Iterator[None]:
        """Refuse answers whose bytes are not what they should be."""
        try:
            yield
        except (ValueError, TypeError, KeyError, LookupError, StopIteration, OverflowError):
            raise self._broken() from None

    def receive_names(self) -> tuple[SheetName, ...]:
        head = self._receive_head()
        with self._sense():
            return tuple(SheetName(str(name), bool(visible)) for name, visible in head["names"])

    def receive_cells(self, box: tuple[int, int] | None) -> Cells:
        head = self._receive_head()
        with self._sense():
            left, height, width = int(head["left"]), int(head["height"]), int(head["width"])
            self._check_box(height, width, box)
            cells = Cells([], [])
            while "end" not in (head := self._receive_head()):
                columns = [
                    self._receive_column(described, head["rows"], len(cells.rows), index, cells.not_finite)
                    for index, described in enumerate(head["columns"], left)
                ]
                if len(cells.rows) + head["rows"] > height or left + len(columns) > width:
                    raise self._broken()
                blank: list[list[Cell]] = [[None] * head["rows"]] * left
                cells.rows.extend(_trimmed(zip(*blank, *columns, strict=True)))
            if head["end"] != len(cells.rows):
                raise self._broken()
        while cells.rows and not cells.rows[-1]:
            cells.rows.pop()
        return cells

    def _check_box(self, height: int, width: int, box: tuple[int, int] | None) -> None:
        if height * width > self._limits.cells:
            raise hostile(
                text(
                    "the sheet is {rows} rows by {columns} columns: more than can be read", rows=height, columns=width
                ),
                text("Delete what stands far below or beside the table, or divide the sheet."),
            )
        if box is not None and (height > box[0] or width > box[1]):
            raise hostile(text("the sheet that is listed is not the sheet that is found"))

    def _receive_column(
        self, described: Sequence[Any], count: int, above: int, index: int, not_finite: list[tuple[int, int]]
    ) -> list[Cell]:
        kind, *sizes = described
        cells, infinite = decode_column(kind, [self._receive(size) for size in sizes])
        if len(cells) != count:
            raise self._broken()
        not_finite.extend((above + at + 1, index) for at in infinite)
        return cells


def _trimmed(rows: Iterable[tuple[Cell, ...]]) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows without the blank cells at their ends."""
    for row in rows:
        if row[-1] is not None:
            yield row
            continue
        end = len(row) - 1
        while end and row[end - 1] is None:
            end -= 1
        yield row[:end]
