"""Remembers each file that a job took, from the private copy to its place in the archive, so that a crash loses none.

An errand is a folder ``batch/open/ID`` of the home with the copy and what is known of it. It is closed when its run is
settled: where the file goes is written down before it is moved, and each step may be done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from etl.batch.jobs import Job
from etl.batch.settling import Look, Wanted, copy_whole, look_at, remove_taken
from etl.io.files import make_private_folder, open_private, write_private_file
from etl.messages import Text

_KNOWN: Final = "errand.json"
_MOST_NAMES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A file that a job took."""

    id: str
    batch: str
    job: str
    profile: str | None
    source: Path
    look: Look
    sha256: str
    copy: Path
    taken: datetime
    run: str | None = None
    results: Path | None = None
    """The results workbook that was written."""
    target: Path | None = None
    """Where the file goes; written down before it is moved."""

    @property
    def folder(self) -> Path:
        """The errand's own folder."""
        return self.copy.parent.parent


@dataclass(frozen=True, slots=True)
class Handled:
    """A file that stays where it is and was done with."""

    run: str | None
    at: datetime


class Errands:
    """The errands of one jobs file in a home. Whoever uses it holds the jobs file's lock."""

    def __init__(self, home: Path, jobs: Path) -> None:
        self._place = home / "batch"
        self._jobs = str(jobs)

    def left(self) -> list[Errand]:
        """Return the errands that are not closed, oldest first; what a crash left half made is removed."""
        found = []
        for folder in self._folders():
            known = _read(folder / _KNOWN)
            if known is None:
                shutil.rmtree(folder, ignore_errors=True)
            elif known["jobs"] == self._jobs:
                found.append(_errand(folder, known))
        return sorted(found, key=lambda one: one.taken)

    def begin(self, job: Job, wanted: Wanted, look: Look, *, batch: str, now: datetime) -> Errand | Text:
        """Take a file that rests: copy it, and write down what it is for. Text: why it cannot be taken after all."""
        name = f"{batch}-{os.urandom(4).hex()}"
        copy = self._place / "open" / name / "file" / wanted.path.name
        make_private_folder(copy.parent)
        digest = copy_whole(wanted.path, look, copy, now)
        if isinstance(digest, Text):
            shutil.rmtree(copy.parent.parent, ignore_errors=True)
            return digest
        errand = Errand(
            id=name,
            batch=batch,
            job=job.name,
            profile=job.profile,
            source=wanted.path,
            look=look,
            sha256=digest,
            copy=copy,
            taken=now,
        )
        self.note(errand)
        return errand

    def note(self, errand: Errand) -> None:
        """Write down what is known of an errand now, whole or not at all."""
        known = {
            "jobs": self._jobs,
            "batch": errand.batch,
            "job": errand.job,
            "profile": errand.profile,
            "source": str(errand.source),
            "look": [errand.look.size, errand.look.mtime_ns, errand.look.inode],
            "sha256": errand.sha256,
            "name": errand.copy.name,
            "taken": errand.taken.isoformat(),
            "run": errand.run,
            "results": _shown(errand.results),
            "target": _shown(errand.target),
        }
        write_private_file(errand.folder / _KNOWN, json.dumps(known).encode())

    def drop(self, errand: Errand) -> None:
        """Forget an errand: its file stays where it is, and is taken again next time."""
        (errand.folder / _KNOWN).unlink(missing_ok=True)
        shutil.rmtree(errand.folder, ignore_errors=True)

    def close(self, errand: Errand, folder: str | None, now: datetime, *, take_results: bool) -> Errand:
        """Put the file of a settled errand into `folder` (None: it stays), with its results; return where all is.

        It may be done again after a crash at any point. OSError when the folder cannot be written: it stays open.
        """
        if folder is not None:
            errand = self._move(errand, Path(folder), take_results=take_results, now=now)
        if look_at(errand.source) == errand.look:
            self._remember(errand, now)
        self.drop(errand)
        return errand

    def handled(self, job: Job, path: Path, look: Look) -> Handled | None:
        """Return when this very file was done with, if it was and nobody saved it since."""
        known = _read(self._memory(job.name, job.profile, path))
        if known is None or [known["size"], known["mtime_ns"]] != [look.size, look.mtime_ns]:
            return None
        return Handled(known["run"], datetime.fromisoformat(known["at"]))

    def forget_gone(self) -> None:
        """Forget files that are not there any more."""
        for path in (self._place / "handled").glob("*.json"):
            known = _read(path)
            if known is None or not os.path.lexists(known["source"]):
                path.unlink(missing_ok=True)

    def receipts(self) -> Iterator[tuple[Path, int, datetime, str]]:
        """Yield what was put away: path, size, when, and whether it is an ``archive`` or ``results``."""
        for path in sorted((self._place / "receipts").glob("*.jsonl")):
            for line in path.read_text("utf-8").splitlines():
                with contextlib.suppress(ValueError):
                    told = json.loads(line)
                    yield Path(told["path"]), told["size"], datetime.fromisoformat(told["at"]), told["kind"]

    def forget_receipts(self, before: datetime) -> None:
        """Forget what was put away in months that ended before a moment."""
        for path in (self._place / "receipts").glob("*.jsonl"):
            if path.stem < f"{before:%Y-%m}":
                path.unlink(missing_ok=True)

    def _folders(self) -> list[Path]:
        with contextlib.suppress(FileNotFoundError):
            return [path for path in (self._place / "open").iterdir() if path.is_dir()]
        return []

    def _move(self, errand: Errand, folder: Path, *, take_results: bool, now: datetime) -> Errand:
        folder.mkdir(parents=True, exist_ok=True)
        if errand.target is None:
            errand = replace(errand, target=_free(folder / errand.source.name))
            self.note(errand)
        target = errand.target
        if target is None:
            return errand
        _place_file(errand, target)
        Wanted(errand.source, 0.0).marker.unlink(missing_ok=True)
        self._add_receipt(target, "archive", now)
        if take_results and errand.results is not None and errand.results.parent != folder:
            beside = _free(target.with_name(f"{target.stem}.resultados.xlsx"))
            with contextlib.suppress(FileNotFoundError):
                shutil.move(errand.results, beside)
                errand = replace(errand, results=beside)
        if errand.results is not None:
            self._add_receipt(errand.results, "results", now)
        return errand

    def _remember(self, errand: Errand, now: datetime) -> None:
        path = self._memory(errand.job, errand.profile, errand.source)
        make_private_folder(path.parent)
        known = {
            "source": str(errand.source),
            "size": errand.look.size,
            "mtime_ns": errand.look.mtime_ns,
            "run": errand.run,
            "at": now.isoformat(),
        }
        write_private_file(path, json.dumps(known).encode())

    def _memory(self, job: str, profile: str | None, source: Path) -> Path:
        name = hashlib.sha256("\0".join([self._jobs, job, profile or "", str(source)]).encode()).hexdigest()[:32]
        return self._place / "handled" / f"{name}.json"

    def _add_receipt(self, path: Path, kind: str, now: datetime) -> None:
        look = look_at(path)
        if look is None:
            return
        moment = now.astimezone(UTC)
        line = json.dumps({"at": moment.isoformat(), "path": str(path), "size": look.size, "kind": kind})
        folder = self._place / "receipts"
        make_private_folder(folder)
        descriptor = open_private(folder / f"{moment:%Y-%m}.jsonl", os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line.encode() + b"\n")
        finally:
            os.close(descriptor)


def _place_file(errand: Errand, target: Path) -> None:
    """Bring the file to `target`: itself where that goes, else the copy; another that came in its place stays."""
    if look_at(target) is not None and _digest(target) == errand.sha256:
        remove_taken(errand.source, errand.look)
        return
    if look_at(errand.source) == errand.look:
        with contextlib.suppress(OSError):
            errand.source.rename(target)
            if look_at(target) == errand.look:
                return
            target.rename(errand.source)  # saved again in this very moment: it is another file
    temporary = target.with_name(f".etl.{errand.id}.tmp")
    try:
        shutil.copy2(errand.copy, temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    remove_taken(errand.source, errand.look)


def _free(path: Path) -> Path:
    """Return the path, or ``NAME (2)`` and so on where something stands already."""
    for number in range(2, _MOST_NAMES):
        if not os.path.lexists(path):
            return path
        stem = path.stem.removesuffix(f" ({number - 1})")
        path = path.with_name(f"{stem} ({number}){path.suffix}")
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        known: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return known


def _errand(folder: Path, known: dict[str, Any]) -> Errand:
    return Errand(
        id=folder.name,
        batch=known["batch"],
        job=known["job"],
        profile=known["profile"],
        source=Path(known["source"]),
        look=Look(*known["look"]),
        sha256=known["sha256"],
        copy=folder / "file" / known["name"],
        taken=datetime.fromisoformat(known["taken"]),
        run=known["run"],
        results=None if known["results"] is None else Path(known["results"]),
        target=None if known["target"] is None else Path(known["target"]),
    )
