"""What a person asks of a command, as plain values: the cli fills them in, the pipeline reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from etl.core.repeats import Once
from etl.core.thresholds import Thresholds
from etl.core.zones import zone_of
from etl.messages import Text
from etl.model import DEFAULT_ZONE


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOptions:
    """Which sheet, and how it is read, mapped and validated. None: not said (a mapping file or a default decides)."""

    file: Path
    to: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    maps: tuple[tuple[str, str], ...] = ()
    """``--map HEADER=field``; a header ``@C`` names a column by its letters."""
    mapping: Path | None = None
    constants: tuple[tuple[str, str], ...] = ()
    """``--set field=value``."""
    decimal: str | None = None
    """auto, comma or point."""
    encoding: str = "auto"
    round: bool | None = None
    hidden: str | None = None
    """include or skip."""
    allow_legacy: bool = False
    duplicates: str | None = None
    """error, sum, first or last."""
    strict: bool = False
    meanings: tuple[tuple[str, str, str], ...] = ()
    """What a person said of values that a code list refused: (field, value as written, code); the last word counts."""
    typed: str | None = field(default=None, compare=False)
    """The command line as it was typed, to be repeated with an option more."""
    known_headers: tuple[str, ...] | None = None
    """The headers that the sheet had when its mapping file was made."""
    zone_of: Callable[[str, str | None], str] = field(default=lambda _vendor, _profile: DEFAULT_ZONE, compare=False)
    """(vendor, profile) -> the time zone of dates that are written without one."""
    guards_of: Callable[[str, str | None], Thresholds] = field(
        default=lambda _vendor, _profile: Thresholds(), compare=False
    )
    """(vendor, profile) -> the limits beyond which a guard asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Where results go."""

    results: Path | None = None
    write_results: bool = True
    annotate: bool = False
    """Also write a copy of the user's own workbook with what was found in it."""
    fallback: Path | None = None
    """The folder for workbooks whose own folder cannot be written."""
    language: str = "es"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """The job of a batch for which a run is made; kept with the run."""

    batch: str
    job: str
    errand: str
    """The file that the job took."""
    once: Once | None = None
    """What makes it a repeat; None: movements by content, and values may be set again."""
    zone: str = DEFAULT_ZONE
    """Where its days begin and end."""

    def day_of(self, moment: datetime) -> date:
        """Return the day of a moment, where the job is at home."""
        return moment.astimezone(zone_of(self.zone) or UTC).date()

    def delivery(self, now: datetime) -> str | None:
        """Return what tells deliveries of equal content apart; None where they are the same one."""
        return self.day_of(now).isoformat() if self.once is Once.CONTENT_AND_DAY else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """How a run is sent."""

    dry_run: bool = False
    payloads: Path | None = None
    yes: bool = False
    again: bool = False
    only_new: bool = False
    only_changed: bool = False
    retry_rejected: bool = False
    read: bool = False
    """In a dry run: read the vendor, as the run would."""
    confirm: tuple[str, ...] = ()
    """Codes of guards that may pass."""
    key: str | None = None
    """The identifier that is sent where a row has several."""
    partial_documents: bool = False
    max_requests: int | None = None
    wait: float = 0.0
    """Seconds to wait for a busy account."""
    scheduled: Scheduled | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An operator's word on uncertain rows: applied or to be sent again, and why."""

    rows: Sequence[int]
    """References (`etl.core.row_names`): row numbers, -1 for the first row that was added to a results workbook."""
    applied: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which runs are listed; what is not said leaves none out."""

    profiles: tuple[str, ...] = ()
    to: str | None = None
    outcomes: tuple[str, ...] = ()
    """Runs with rows of any of these outcomes."""
    since: datetime | None = None
    until: datetime | None = None
    """Runs that began before it."""


class Person(Protocol):
    """Whoever started the command: asked on a terminal, told on stderr."""

    @property
    def interactive(self) -> bool:
        """Whether there is a terminal to ask on."""

    def say(self, message: Text) -> None:
        """Tell something (stderr; nothing with -q)."""

    def ask(self, question: Text) -> bool:
        """Ask a yes/no question on the terminal."""

    def progress(self, done: int, total: int) -> None:
        """Show how many batches are done (only on a terminal)."""
