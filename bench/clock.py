"""Runs a command and tells how long it took and how much memory it and its children held together."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Took:
    """What a command cost: seconds of the clock, and the most MB that all its processes held at one moment (Linux).

    Pages that several processes share are divided among them (the proportional set size), so none counts twice.
    """

    seconds: float
    megabytes: float
    output: str


def run(arguments: Sequence[str | Path], *, cwd: Path, environ: Mapping[str, str], ends: Sequence[int]) -> Took:
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
    moments: list[int] = [0]
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, moments, done), daemon=True)
    watcher.start()
    output, errors = process.communicate()
    took = time.perf_counter() - begun
    done.set()
    watcher.join()
    if process.returncode not in ends:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with {process.returncode}:\n{errors[-2000:]}")
    return Took(took, max(moments) / 1024, output)


def _watch(pid: int, moments: list[int], done: threading.Event) -> None:
    """Note, again and again, what a process and all that come from it hold together, in KB."""
    while not done.wait(LOOK_EVERY):
        moments.append(sum(held(member) for member in family(pid)))


def family(pid: int) -> Iterator[int]:
    """Yield a process and its children, and theirs."""
    yield pid
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        found = [child for one in threads for child in (one / "children").read_text(encoding="ascii").split()]
    except OSError:
        return
    for child in found:
        yield from family(int(child))


def held(pid: int) -> int:
    """Return the proportional set size of a process in KB; 0 when it has ended or the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
