"""Runs what handles foreign workbooks in a process of its own, with limits (reliability.md XLS-2).

Whatever happens there (a crash, an abort, memory, time) ends here as a `Refusal`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread, Timer
from typing import IO, TypeAlias

from etl.io.readers.answers import BrokenAnswerError
from etl.io.readers.limits import Limits
from etl.io.readers.refusal import hostile, unreadable
from etl.messages import text
from etl.model import Json

Buffer: TypeAlias = bytes | memoryview

MEMORY_IS_BOUND = sys.platform.startswith("linux")
"""Whether the system keeps the parser to its memory: macOS and Windows do not."""

_CHILD = str(Path(__file__).with_name("child.py"))
_ROOT = str(Path(__file__).parents[3])
_RUN = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from importlib import import_module; import_module(sys.argv[2]).main(*sys.argv[3:])"
)
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy's threads would each take address space, and no child calculates."""
_BEHIND = 5
"""The priority of what can wait: it gets a fourth of a processor that somebody else wants, too."""
_PASSED_ON = ("SYSTEMROOT", "WINDIR", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "TMP")


def child_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what of our environment the parser may know: nothing that could be a credential."""
    return {name: value for name, value in ours.items() if name.upper() in _PASSED_ON}


@dataclass(slots=True)
class Confined:
    """A process that works under limits."""

    answers: IO[bytes]
    late: bool = False
    """Its time was over before it had answered, so it was ended."""


@contextmanager
def parsing(data: bytes, sheet: str | None, limits: Limits) -> Iterator[IO[bytes]]:
    """Give a workbook to the parser and yield the stream of its answers, as `answering` does.

    `sheet` is the one whose cells are asked for; None asks for the names of all.
    """
    with answering((_CHILD,), {"sheet": sheet}, data, limits) as answers:
        yield answers


@contextmanager
def answering(
    program: Sequence[str], request: Json, data: Buffer, limits: Limits, *, gives_way: bool = False
) -> Iterator[IO[bytes]]:
    """Run a program that reads a workbook, as `confined` does, and yield the stream of its answers.

    `BrokenAnswerError` inside the block becomes the `Refusal` that tells why.
    """
    with confined(program, request, data, limits, gives_way=gives_way) as child:
        try:
            yield child.answers
        except BrokenAnswerError:
            if child.late:
                seconds = int(limits.child_wall_seconds)
                raise hostile(text("reading the workbook took more than {seconds} seconds", seconds=seconds)) from None
            raise unreadable(
                text("the workbook makes its reader fail: it is damaged, or needs more memory or time than is allowed"),
                text("Copy the table into a new workbook, or save the sheet as CSV, and try with that file."),
            ) from None


def program_of(module: str) -> tuple[str, ...]:
    """Return what follows the interpreter on the command line to run the `main` of a module of ours."""
    return ("-c", _RUN, _ROOT, module)


@contextmanager
def confined(
    program: Sequence[str], request: Json, data: Buffer, limits: Limits, *, gives_way: bool = False
) -> Iterator[Confined]:
    """Run a Python program on untrusted bytes and yield its answers; end the process whatever happens.

    `program` is what follows the interpreter on the command line; memory in bytes and CPU time in seconds are added,
    by which the program must bind itself. It is sent one line of JSON, then the bytes. One that `gives_way` leaves the
    processor to others that need it, where the system knows such a thing.
    """
    process = _start(program, limits)
    if gives_way and sys.platform != "win32":
        with suppress(OSError):  # a system that does not let us only takes longer
            os.setpriority(os.PRIO_PROCESS, process.pid, _BEHIND)
    assert process.stdin is not None  # noqa: S101 - we asked for the pipes
    assert process.stdout is not None  # noqa: S101
    child = Confined(process.stdout)

    def stop() -> None:
        child.late = True
        process.kill()

    clock = Timer(limits.child_wall_seconds, stop)
    clock.daemon = True
    sender = Thread(target=_send, args=(process.stdin, request, data), daemon=True)
    try:
        clock.start()
        sender.start()
        yield child
    finally:
        clock.cancel()
        process.kill()
        process.wait()
        sender.join()
        clock.join()
        process.stdout.close()


def _start(program: Sequence[str], limits: Limits) -> subprocess.Popen[bytes]:
    bounds = (str(limits.child_memory_bytes), str(limits.child_cpu_seconds))
    return subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-I", "-B", *program, *bounds],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**child_environment(os.environ), **_ONE_THREAD},
        process_group=0,  # of its own, so that Ctrl+C reaches us alone; of our session, in which priorities count
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _send(stream: IO[bytes], request: Json, data: Buffer) -> None:
    with suppress(OSError), stream:  # when it died already, the missing answer tells
        stream.write(json.dumps(request).encode() + b"\n")
        stream.write(data)
