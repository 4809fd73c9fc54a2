"""Decides which files of a job may be taken now: whole, at rest, and nobody is writing them (JOB-2, JOB-3)."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import math
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from etl.errors import InterruptedRunError
from etl.inquiry import Clock
from etl.io.files import is_open, network_filesystem
from etl.io.workbook.package import is_untouched
from etl.messages import Text, text

LONGEST_GAP: Final = 5.0
SHORTEST_GAP: Final = 0.2
"""Seconds between two looks at a file."""
SHARE_AGE: Final = 6.0
"""How many times longer a file on a network share must rest: its clock and its caches are another machine's."""
BROKEN_FOR: Final = 600.0
"""Seconds after which a workbook without its end is no copy under way any more, but broken."""
_SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".csv", ".txt", ".tsv", ".tab", ".xls", ".xlsb", ".ods"})
_OUR_OUTPUT: Final = re.compile(r"\.(resultados|validacion|anotado)( \(\d+\))?$")
_ZIP: Final = b"PK\x03\x04"
_CHECKED_BYTES: Final = 256 * 2**20
"""Of a workbook's unpacked parts whose checksums are looked at; the reader's own limits come after."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the system says of a file: the same in two looks, and nobody is writing it."""

    size: int
    mtime_ns: int
    inode: int

    @property
    def saved(self) -> datetime:
        """When it was saved."""
        return datetime.fromtimestamp(self.mtime_ns / 1e9, UTC)

    def age(self, now: datetime) -> float:
        """Return how many seconds ago it was saved; 0 for a time to come, as of a machine whose clock is ahead."""
        return max(0.0, (now - self.saved).total_seconds())


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a job may take, and what must hold for it."""

    path: Path
    min_age: float
    done_marker: bool = False

    @property
    def marker(self) -> Path:
        """The file that says that this one is complete."""
        return self.path.with_name(f"{self.path.name}.done")


def look_at(path: Path) -> Look | None:
    """Return what the system says of a file; None when there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Look(found.st_size, found.st_mtime_ns, found.st_ino) if path.is_file() else None


def find_inputs(pattern: str) -> tuple[Path, ...]:
    """Return the files that a job's `file` names, oldest first: one file, all sheets of a folder, or a pattern's.

    Locks, part files, hidden and empty files are none, and neither are workbooks that this program wrote and nobody
    changed since.
    """
    path = Path(pattern)
    if path.is_file():
        return (path,)
    found = path.iterdir() if path.is_dir() else (Path(name) for name in glob.glob(pattern, recursive=True))  # noqa: PTH207 - an absolute pattern
    looks = [(candidate, look_at(candidate)) for candidate in found if _is_sheet(candidate)]
    usable = [(look.mtime_ns, str(candidate)) for candidate, look in looks if look is not None and look.size]
    return tuple(Path(name) for _, name in sorted(usable) if not _is_our_output(Path(name)))


def _is_sheet(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(("~$", "."))


def _is_our_output(path: Path) -> bool:
    found = _OUR_OUTPUT.search(path.stem)
    if found is None or path.suffix.lower() != ".xlsx":
        return False
    return found[1] != "resultados" or is_untouched(path)


def gap_of(wanted: Sequence[Wanted]) -> float:
    """Return how many seconds lie between two looks: as long as the files must rest, at most 5."""
    return min(LONGEST_GAP, max([SHORTEST_GAP, *(one.min_age for one in wanted)]))


def wait_for_rest(
    wanted: Sequence[Wanted], clock: Clock, stopping: Callable[[], bool] = lambda: False
) -> Mapping[Path, Look | Text]:
    """Look at the files until they rest or that takes too long; return the look, or why a file cannot be taken now."""
    gap = gap_of(wanted)
    patience = max((one.min_age for one in wanted), default=0.0) + 4 * gap
    rounds = math.ceil(patience / gap)  # not by the clock, which may jump
    earlier: dict[Path, Look | None] = {one.path: look_at(one.path) for one in wanted}
    found: dict[Path, Look | Text] = {}
    while rounds and (waiting := [one for one in wanted if not isinstance(found.get(one.path), Look)]):
        rounds -= 1
        clock.sleep(gap)
        now = clock.now()
        for one in waiting:
            look = look_at(one.path)
            found[one.path] = _judged(one, earlier[one.path], look, now)
            earlier[one.path] = look
        if stopping():
            break
    return found


def _judged(wanted: Wanted, earlier: Look | None, look: Look | None, now: datetime) -> Look | Text:
    name = wanted.path.name
    if look is None:
        return text("{file} is gone", file=name)
    if is_open(wanted.path):
        return text("{file} is open in another program", file=name)
    if look != earlier or not look.size:
        return text("{file} is still being written", file=name)
    if look.age(now) < wanted.min_age:
        return text("{file} was changed {age} s ago, and has to rest for {least} s", file=name, age=int(look.age(now)),
                    least=int(wanted.min_age))  # fmt: skip
    if wanted.done_marker and not _is_marked(wanted, look):
        return text("{file} waits for its mark {marker}", file=name, marker=wanted.marker.name)
    return look


def _is_marked(wanted: Wanted, look: Look) -> bool:
    mark = look_at(wanted.marker)
    return mark is not None and mark.mtime_ns >= look.mtime_ns


def resting_time(path: Path, seconds: float) -> float:
    """Return how long a file must rest: longer on a network share."""
    return seconds * (SHARE_AGE if network_filesystem(path.parent) is not None else 1.0)


def copy_whole(path: Path, look: Look, target: Path, now: datetime) -> str | Text:
    """Copy a file that rests to `target`, hashing it; return the SHA-256, or why it cannot be taken after all.

    Nothing of it stays when it changed meanwhile, or when it is a workbook without its end. InterruptedRunError when
    there is no room, OSError when it cannot be read.
    """
    digest = hashlib.sha256()
    if shutil.disk_usage(target.parent).free < look.size + 2**20:
        raise InterruptedRunError(
            text("There is no room to copy {file} to {folder}. Nothing was sent.", file=path.name,
                 folder=str(target.parent)),
            hint=text("Free some space and run it again."),
        )  # fmt: skip
    with path.open("rb") as source, target.open("xb") as copy:
        while piece := source.read(2**20):
            digest.update(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    if look_at(path) != look or target.stat().st_size != look.size:
        target.unlink()
        return text("{file} is still being written", file=path.name)
    if look.age(now) < BROKEN_FOR and not _is_whole(target):
        target.unlink()
        return text("{file} has no end yet", file=path.name)
    os.utime(target, ns=(look.mtime_ns, look.mtime_ns))
    return digest.hexdigest()


def _is_whole(path: Path) -> bool:
    """Say whether a workbook has its end and its parts their checksums; what is no workbook has no such thing."""
    with path.open("rb") as file:
        if file.read(4) != _ZIP:
            return True
    left = _CHECKED_BYTES
    try:
        with zipfile.ZipFile(path) as package:
            for part in package.infolist():
                with package.open(part) as opened:
                    while left > 0 and (piece := opened.read(2**20)):
                        left -= len(piece)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError):
        return False
    except (NotImplementedError, RuntimeError):
        return True  # encrypted or strangely packed: for the reader to refuse
    return True


def remove_taken(path: Path, look: Look) -> bool:
    """Remove a file that was taken, unless another has come in its place; say whether it is gone."""
    if look_at(path) != look:
        return True
    with contextlib.suppress(OSError):
        path.unlink()
        return True
    return False
