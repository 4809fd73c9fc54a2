"""Runs the parser in a process of its own, with limits (reliability.md XLS-2).

Whatever happens there (a crash, an abort, memory, time) ends here as a `Refusal`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import IO

from etl.io.readers.answers import BrokenAnswerError, Cells, receive_cells, receive_names
from etl.io.readers.limits import Limits
from etl.io.readers.refusal import hostile, unreadable
from etl.messages import text
from etl.model import SheetName

_CHILD = str(Path(__file__).with_name("child.py"))
_PASSED_ON = ("SYSTEMROOT", "WINDIR", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "TMP")


def parse_cells(data: bytes, sheet: str, limits: Limits, box: tuple[int, int] | None = None) -> Cells:
    """Parse one sheet of a workbook in a process of its own; `box` as in `receive_cells`."""
    with _child(data, sheet, limits) as answers:
        return receive_cells(answers, limits, box)


def parse_names(data: bytes, limits: Limits) -> tuple[SheetName, ...]:
    """List the sheets of a workbook in a process of its own."""
    with _child(data, None, limits) as answers:
        return receive_names(answers)


def child_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what of our environment the parser may know: nothing that could be a credential."""
    return {name: value for name, value in ours.items() if name.upper() in _PASSED_ON}


@contextmanager
def _child(data: bytes, sheet: str | None, limits: Limits) -> Iterator[IO[bytes]]:
    """Give a workbook to the parser and yield the stream of its answers; end the process whatever happens."""
    process = _start(limits)
    late: list[bool] = []

    def stop() -> None:
        late.append(True)
        process.kill()

    clock = Timer(limits.child_wall_seconds, stop)
    clock.daemon = True
    clock.start()
    try:
        assert process.stdin is not None  # noqa: S101 - we asked for the pipes
        assert process.stdout is not None  # noqa: S101
        _send(process.stdin, data, sheet)
        yield process.stdout
    except BrokenAnswerError:
        if late:
            seconds = int(limits.child_wall_seconds)
            raise hostile(text("reading the workbook took more than {seconds} seconds", seconds=seconds)) from None
        raise unreadable(
            text("the workbook makes its reader fail: it is damaged, or needs more memory or time than is allowed"),
            text("Copy the table into a new workbook, or save the sheet as CSV, and try with that file."),
        ) from None
    finally:
        clock.cancel()
        process.kill()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        process.wait()
        clock.join()


def _start(limits: Limits) -> subprocess.Popen[bytes]:
    bounds = (str(limits.child_memory_bytes), str(limits.child_cpu_seconds))
    return subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-I", "-B", _CHILD, *bounds],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(os.environ),
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _send(stream: IO[bytes], data: bytes, sheet: str | None) -> None:
    with suppress(OSError):  # it died already: the missing answer tells
        stream.write(json.dumps({"sheet": sheet}).encode() + b"\n")
        stream.write(data)
        stream.close()
