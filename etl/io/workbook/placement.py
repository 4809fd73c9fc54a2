"""Decides under which name a workbook comes to stand, and puts it there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from etl.io.files import is_open
from etl.io.workbook.package import is_untouched, read_properties
from etl.messages import Text, text

Write: TypeAlias = Callable[[BinaryIO], None]
"""Writes the whole file; may be called again with another file after an OSError."""

_MOST_NAMES = 1_000


@dataclass(frozen=True, slots=True)
class Written:
    """Where a workbook was written, and what the person should know about that."""

    path: Path
    notes: tuple[Text, ...] = ()


def replace_file(path: Path, write: Write) -> Path:
    """Write `path`, replacing what is there; a reader sees the old file or the new one, whole. OSError if it cannot."""
    with _complete_file(path, write) as complete:
        complete.replace(path)
    return path


def place(path: Path, write: Write, *, fallback: Path) -> Written:
    """Write `path`, or ``NAME (2)`` beside it when the file there is not ours, was changed since, or is open.

    When the folder cannot be written, the file goes to the folder `fallback`. Both are told in the notes.
    OSError when neither can be written; then no file was changed and nothing is left behind.
    """
    try:
        return _place_beside(path, write)
    except OSError as problem:
        if fallback == path.parent:
            raise
        fallback.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = _place_beside(fallback / path.name, write)
        note = text(
            "The folder {folder} cannot be written ({reason}); the results are in {path}",
            folder=str(path.parent),
            reason=problem.strerror or type(problem).__name__,
            path=str(written.path),
        )
        return Written(written.path, (note, *written.notes))


def _place_beside(path: Path, write: Write) -> Written:
    with _complete_file(path, write) as complete:
        first: Text | None = None
        for candidate in _candidates(path):
            obstacle = _obstacle(candidate) or _move(complete, candidate)
            if obstacle is None:
                return Written(candidate, () if first is None else (_renamed(first, candidate),))
            first = first or obstacle
    raise FileExistsError(str(path))


@contextlib.contextmanager
def _complete_file(path: Path, write: Write) -> Iterator[Path]:
    """Give the name of a whole, synced file beside `path`, readable by its owner alone; unless moved it is removed."""
    handle, name = tempfile.mkstemp(prefix=".etl.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w+b") as target:
            write(target)
            target.flush()
            os.fsync(target.fileno())
        yield Path(name)
        _sync_folder(path.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def _candidates(path: Path) -> Iterator[Path]:
    """Yield the path, then ``NAME (2)``, ``NAME (3)`` and so on."""
    yield path
    for number in range(2, _MOST_NAMES):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")


def _obstacle(path: Path) -> Text | None:
    """Return why the file at `path` must stay; None when there is none or it is ours and untouched."""
    if not os.path.lexists(path):
        return None
    name = path.name
    if is_open(path):
        return _open_elsewhere(name)
    try:
        if path.is_symlink() or not path.is_file() or not read_properties(path):
            return text("{name} is not a workbook of this program, so it stays", name=name)
        return None if is_untouched(path) else text("{name} was changed since it was written, so it stays", name=name)
    except PermissionError:
        return _open_elsewhere(name)


def _move(complete: Path, path: Path) -> Text | None:
    """Move the file to `path`; return why that was not possible when another program holds the file there."""
    try:
        complete.replace(path)
    except PermissionError:
        # Windows refuses to replace a file that Excel has open, whatever its lock file says.
        if not path.exists():
            raise
        return _open_elsewhere(path.name)
    return None


def _open_elsewhere(name: str) -> Text:
    return text("{name} is open in another program, so it stays", name=name)


def _renamed(obstacle: Text, path: Path) -> Text:
    return text("{obstacle}; the new results are in {name}", obstacle=obstacle, name=path.name)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; Windows has no such thing for folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
