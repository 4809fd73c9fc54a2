"""How jobs ended, and how a batch did: the words and codes of contract sections 4 and 8."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from etl.core.report import Report, ReportRow
from etl.messages import Text, text, translate
from etl.model import Finding, Json, Outcome


class State(StrEnum):
    """How a job ended."""

    DONE = "done"
    """Its sheet was handled to the end; the exit code says whether rows have to be corrected."""
    READY = "ready"
    """Only looked at (``--check``): it could be sent."""
    REPEAT = "repeat"
    NO_FILE = "no_file"
    TOO_OLD = "too_old"
    BUSY = "busy"
    """The account, the jobs file or the sheet is in use."""
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    STOPPED = "stopped"
    """A signal ended the batch during the job."""
    NOT_RUN = "not_run"
    """A signal ended the batch before the job."""


GRAVEST: Final = (130, 143, 70, 7, 4, 3, 6, 5, 2, 1, 0)
"""Exit codes in the order in which the first that applies is taken (contract section 4)."""
TOO_OLD_CODE: Final = 3
_CALM: Final = frozenset({State.DONE, State.READY, State.REPEAT, State.NO_FILE})
NOTHING: Final[Mapping[str, int]] = {"read": 0, **{outcome.value: 0 for outcome in Outcome}}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnding:
    """How a job ended for one file of one profile."""

    name: str
    state: State
    exit_code: int = 0
    profile: str | None = None
    to: str | None = None
    file: str | None = None
    run: str | None = None
    counts: Mapping[str, int] = field(default_factory=lambda: NOTHING)
    message: Text | None = None
    """Why, when it is not plain from the state."""
    notes: tuple[Text, ...] = ()
    report: Report | None = None
    missing: bool = False
    """A file was expected today and none came."""
    archived: str | None = None
    """Where the file is now."""

    @property
    def is_problem(self) -> bool:
        """Whether somebody has to do something."""
        return self.missing or self.exit_code != 0 or self.state not in _CALM

    def signature(self) -> str:
        """Return what tells this ending from last night's: the state and what is wrong with which keys, not where."""
        told = [self.state.value, str(self.exit_code), str(self.missing)]
        if self.is_problem and self.report is not None:
            rows = {row.number: row for row in self.report.rows}
            errors = [finding for finding in self.report.findings if finding.is_error]
            told += sorted({_trouble(finding, rows.get(finding.row), self.report) for finding in errors})
        return hashlib.sha256("\n".join(told).encode("utf-8", "replace")).hexdigest()

    def to_json(self, language: str) -> dict[str, Json]:
        """Return its object in ``batch --json``."""
        return {
            "name": self.name,
            "state": self.state.value,
            "run": self.run,
            "counts": dict(self.counts),
            "exit_code": self.exit_code,
            "profile": self.profile,
            "to": self.to,
            "file": self.file,
            "results": self.report.results if self.report is not None else None,
            "archived": self.archived,
            "message": None if self.message is None else translate(self.message, language),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnding:
    """How a batch ended."""

    id: str
    jobs: tuple[JobEnding, ...]
    started: datetime
    notices: tuple[Text, ...] = ()
    """Rows that are uncertain for more than a day, of any earlier run."""
    notes: tuple[Text, ...] = ()
    stopped: int | None = None
    """The exit code of the signal that ended it."""
    checked: bool = False

    @property
    def exit_code(self) -> int:
        """The gravest; 7 also while older rows are uncertain (JOB-9)."""
        codes = {job.exit_code for job in self.jobs}
        if self.stopped is not None:
            codes.add(self.stopped)
        if self.notices and not self.checked:
            codes.add(7)
        return gravest(codes)

    def to_json(self, language: str) -> dict[str, Any]:
        """Return what ``--json`` adds to its object."""
        return {
            "batch": self.id,
            "jobs": [job.to_json(language) for job in self.jobs],
            "notices": [translate(notice, language) for notice in self.notices],
        }


def gravest(codes: Iterable[int]) -> int:
    """Return the exit code that counts among several."""
    present = set(codes)
    return next((code for code in GRAVEST if code in present), max(present, default=0))


def state_of(report: Report) -> State:
    """Return the state that a report means for its job."""
    code = report.exit_code
    if code in {130, 143}:
        return State.STOPPED
    if code == 6:
        return State.REPEAT if report.repeat else State.BUSY
    if code == 7 or report.counts["uncertain"]:
        return State.UNCERTAIN
    return State.DONE if code in {0, 1} else State.FAILED


def is_settled(report: Report) -> bool:
    """Whether nothing of a run waits to be sent or looked into."""
    waiting = any(row.outcome is Outcome.NOT_SENT and row.batch is not None for row in report.rows)
    return not waiting and not report.counts["uncertain"]


def lines_of(ending: BatchEnding) -> Iterator[Text]:
    """Yield what a person reads of a batch: what is long uncertain first, then a line a job."""
    yield from ending.notices
    for job in ending.jobs:
        yield _line(job)
        for note in _details(job):
            yield text("  {note}", note=note)
    yield from ending.notes


_STATES: Final[Mapping[State, Text]] = {
    State.DONE: text("done"),
    State.READY: text("ready"),
    State.REPEAT: text("sent already"),
    State.NO_FILE: text("no file"),
    State.TOO_OLD: text("too old"),
    State.BUSY: text("busy"),
    State.UNCERTAIN: text("UNCERTAIN"),
    State.FAILED: text("FAILED"),
    State.STOPPED: text("stopped"),
    State.NOT_RUN: text("not begun"),
}


def _line(job: JobEnding) -> Text:
    name = job.name if job.profile is None else f"{job.name} ({job.profile})"
    counted = ", ".join(f"{word}={count}" for word, count in job.counts.items() if count)
    about = " - ".join(part for part in (job.file or "", counted, job.run or "") if part)
    state = _STATES[job.state]
    return (
        text("{name}: {state} - {about}", name=name, state=state, about=about)
        if about
        else text("{name}: {state}", name=name, state=state)
    )


def _details(job: JobEnding) -> Iterator[Text]:
    if job.message is not None:
        yield job.message
    report = job.report
    if report is not None and job.is_problem:
        if report.results is not None:
            yield text("Results: {path}", path=report.results)
        yield from report.next_steps
    yield from job.notes


def _trouble(finding: Finding, row: ReportRow | None, report: Report) -> str:
    """Return what a finding is about in words that are the same tomorrow, when the row stands elsewhere."""
    parts = (finding.code, finding.field or "", str(finding.value), translate(finding.message, "en"))
    return "|".join((*parts, _key(row, report)))


def _key(row: ReportRow | None, report: Report) -> str:
    from etl.vendors import DESTINATIONS  # noqa: PLC0415

    if row is None or report.to not in DESTINATIONS:
        return ""
    key = DESTINATIONS[report.to].key
    places = [column.column for column in report.columns if column.field in key]
    return "/".join(str(row.cells[place]) for place in places if place < len(row.cells))
