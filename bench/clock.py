"""Runs a command and tells how long it took and how much memory it and its children held."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Took:
    """What a command cost: seconds of the clock, MB of all its processes together at their highest (Linux)."""

    seconds: float
    megabytes: float
    output: str


def run(
    arguments: Sequence[str | Path], *, cwd: Path, environ: Mapping[str, str], ends: Sequence[int] = (0, 1)
) -> Took:
    """Run this Python with these arguments; SystemExit when it ends with another code than expected."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peaks: dict[int, int] = {}
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks, done), daemon=True)
    watcher.start()
    output, errors = process.communicate()
    took = time.perf_counter() - begun
    done.set()
    watcher.join()
    if process.returncode not in ends:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with {process.returncode}:\n{errors[-2000:]}")
    return Took(took, sum(peaks.values()) / 1024, output)


def _watch(pid: int, peaks: dict[int, int], done: threading.Event) -> None:
    """Note the highest resident size of a process and of its children, in KB."""
    while not done.wait(LOOK_EVERY):
        for member in (pid, *_children(pid)):
            peaks[member] = max(peaks.get(member, 0), _high_water(member))


def _children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(number) for number in found.split()]


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
