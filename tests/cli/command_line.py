"""Runs command lines the way a person does: in this process, or as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from etl.cli import run_command_line

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)


class CommandLine:
    """Runs ``etl`` in this process, in a folder and with an environment of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        """Run it to its end."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run_command_line(arguments)
        told = self._capsys.readouterr()
        return Ended(int(left.value.code or 0), told.out, told.err)


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without anything of ours, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ETL_") and name != "LANGUAGE"}
    return {**kept, **more}


def as_process(*arguments: str, cwd: Path, environ: Mapping[str, str], stdin: str | None = None) -> Ended:
    """Run ``python -m etl`` as a process of its own; without `stdin` there is none."""
    found = subprocess.run(
        [sys.executable, "-m", "etl", *arguments],
        cwd=cwd,
        env={**environ, "PYTHONPATH": str(ROOT)},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Ended(found.returncode, found.stdout, found.stderr)


def at_a_terminal(arguments: Sequence[str], typed: str, *, cwd: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    """Run Python on a terminal of its own where `typed` is typed; return the exit code and what is seen."""
    import pty  # noqa: PLC0415 - POSIX's alone

    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    ) as process:
        os.close(follower)
        os.write(leader, typed.encode())
        seen = b""
        with contextlib.suppress(OSError):  # Linux tells the end of a terminal so
            while piece := os.read(leader, 4096):
                seen += piece
        os.close(leader)
        return process.wait(60), seen.decode()
