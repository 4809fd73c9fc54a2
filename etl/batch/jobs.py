"""What a jobs file asks for, as plain values (contract section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from etl.core.repeats import Once
from etl.core.thresholds import Setting
from etl.options import SendOptions, SheetOptions

EVERY_PROFILE: Final = "*"
PROFILE_MARK: Final = "{profile}"
"""Stands for the profile's name in paths."""
SETTLE: Final = timedelta(minutes=20)
"""How long a batch may wait at its end for what is not settled yet."""


class NotifyOn(StrEnum):
    """When somebody is told."""

    CHANGE = "change"
    """When a job ends otherwise than last time: what fails every night in the same way rings once."""
    ERRORS = "errors"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who is told, and when. Addresses may hold credentials: they are references or stay in this value."""

    webhook: str | None = field(default=None, repr=False)
    on: NotifyOn = NotifyOn.CHANGE
    format: str = "json"
    """json or text."""
    heartbeat: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long old things are kept; None: for ever."""

    details: timedelta | None = None
    """Cells, requests and answers of settled runs. What guards against sending twice always stays."""
    results: timedelta | None = None
    """Results workbooks that a batch wrote."""
    archives: timedelta | None = None
    """Input files that a batch moved away."""
    logs: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One ``[[jobs]]``. Paths are absolute; they may hold a pattern (`file`) and ``{profile}``."""

    name: str
    file: str
    to: str | None = None
    profile: str | None = None
    """A name, several (``a,b``), ``*`` for all; None: the chosen one."""
    place: str = ""
    """``FILE:LINE`` of the job, for messages."""
    reading: SheetOptions
    """How its sheets are read; without the file."""
    sending: SendOptions
    once: Once | None = None
    """None: movements by content; values may be set again."""
    max_age: timedelta | None = None
    """Of the file; an older one is not sent. None: what the destination says."""
    any_age: bool = False
    """``max_age = "off"``."""
    min_age: float | None = None
    """Seconds that a file must rest; None: ``ETL_MIN_AGE``."""
    done_marker: bool = False
    """Only a file with a ``NAME.done`` beside it is complete."""
    expect: frozenset[int] | None = None
    """Weekdays (Monday is 0) on which a file must come; None: it may come or not."""
    excepted: frozenset[date] = frozenset()
    timezone: str | None = None
    results: str | None = None
    archive: str | None = None
    errors: str | None = None
    guards: Mapping[str, Setting] = field(default_factory=dict)
    """Limits of guards that differ from its profile's, by code."""
    notify: Notify | None = None
    """Its own, in place of the file's."""

    def of_company(self, profile: str | None) -> Job:
        """Return the job as it stands for one profile."""
        name = profile or ""

        def filled(path: str | None) -> str | None:
            return None if path is None else path.replace(PROFILE_MARK, name)

        return replace(
            self,
            profile=profile,
            file=self.file.replace(PROFILE_MARK, name),
            results=filled(self.results),
            archive=filled(self.archive),
            errors=filled(self.errors),
            reading=replace(self.reading, mapping=_filled(self.reading.mapping, name)),
        )


def _filled(path: Path | None, name: str) -> Path | None:
    return None if path is None else Path(str(path).replace(PROFILE_MARK, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsFile:
    """A whole jobs file."""

    path: Path
    jobs: tuple[Job, ...]
    notify: Notify = Notify()
    retention: Retention = Retention()
    settle: timedelta = SETTLE
