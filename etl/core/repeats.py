"""Once only: whether a plan of stock movements repeats what was already sent (contract section 6). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

OVERLAP_DAYS = timedelta(days=7)
LEAST_EQUAL = 2


class Once(StrEnum):
    """What makes the sheet of a scheduled job a repeat (contract section 8, in place of section 6)."""

    CONTENT = "content"
    """The same rows, whenever they were sent."""
    CONTENT_AND_DAY = "content+day"
    """The same rows on the same day: each day's delivery is its own."""
    DOCUMENT = "document"
    """The same document, whatever its rows: one with this head, or, where sheets have none, a file of this name."""


@dataclass(frozen=True, slots=True)
class SentRun:
    """An earlier run of the account and destination, newest first in every list."""

    id: str
    started: datetime
    file_sha256: str
    content: str
    effective: frozenset[str]
    """Ids of its items that were accepted or are uncertain."""
    keys: frozenset[str]
    """Ids of their keys, operation included."""
    unfinished: bool
    """It has rows that were not sent, or that nobody knows about."""
    closed: bool = False
    waiting: bool = False
    """It has rows that were not sent."""
    file: str = ""
    """The file's name."""
    last: datetime | None = None
    """When its last request went out: a plan may wait long for its `resume`."""

    @property
    def moved(self) -> Counter[str]:
        """How many of its items that were accepted or are uncertain are the same line."""
        return Counter(map(base_id, self.effective))

    def is_recent(self, now: datetime) -> bool:
        """Say whether it sent anything in the last days."""
        return now - (self.last or self.started) <= OVERLAP_DAYS

    def is_of(self, file_sha256: str, content: str) -> bool:
        """Say whether it sent this very file, or the same content saved otherwise."""
        return self.content == content or self.file_sha256 == file_sha256


@dataclass(frozen=True, slots=True)
class Repeat:
    """Why a plan must not be sent as it is: the run that it repeats."""

    run: str
    kind: str
    """``unfinished``, ``same`` (bytes or content), ``corrected`` (at least half of the rows equal) or ``document``."""
    equal: int
    of: int


@dataclass(frozen=True, slots=True)
class NewOnly:
    """What ``--only-new`` makes of a plan: item index -> run that already has it, or has its key with other values."""

    sent: Mapping[int, str] = field(default_factory=dict)
    held: Mapping[int, str] = field(default_factory=dict)


def find_repeat(
    file_sha256: str,
    content: str,
    ids: Sequence[str],
    earlier: Sequence[SentRun],
    now: datetime,
    *,
    corrected: bool = True,
) -> Repeat | None:
    """Return the first reason not to send, or None. A run with nothing accepted or uncertain never bars anything.

    `corrected`: a sheet with many rows equal to one run is taken for the corrected original (no results workbook is).
    """
    barring = [run for run in earlier if run.effective]
    wanted = Counter(map(base_id, ids))
    for run in barring:
        if run.is_of(file_sha256, content):
            equal = (wanted & run.moved).total()
            kind = "unfinished" if run.unfinished and not run.closed else "same"
            return Repeat(run.id, kind, equal, len(ids))
    for run in barring if corrected else ():
        if not run.is_recent(now):
            continue
        equal = (wanted & run.moved).total()
        if equal >= LEAST_EQUAL and equal * 2 >= len(ids):
            return Repeat(run.id, "corrected", equal, len(ids))
    return None


def find_scheduled_repeat(
    once: Once,
    sheet: tuple[str, str, str],
    earlier: Sequence[SentRun],
    is_today: Callable[[datetime], bool],
) -> Repeat | None:
    """Return why a scheduled job must not send a sheet (its file's hash, its content, its name), or None.

    With `CONTENT_AND_DAY` another day's run of the same rows bars only while rows of it wait to be sent: they are its
    own, and go first.
    """
    file_sha256, content, name = sheet
    for run in earlier:
        if not run.effective:
            continue
        if once is Once.DOCUMENT:
            if run.file == name:
                return Repeat(run.id, "document", len(run.effective), len(run.effective))
            continue
        if not run.is_of(file_sha256, content):
            continue
        open_still = (run.unfinished if once is Once.CONTENT else run.waiting) and not run.closed
        if once is Once.CONTENT or open_still or is_today(run.last or run.started):
            return Repeat(run.id, "unfinished" if open_still else "same", len(run.effective), len(run.effective))
    return None


def only_new(
    ids: Sequence[str],
    key_ids: Sequence[str],
    earlier: Sequence[SentRun],
    now: datetime,
    *,
    file_sha256: str = "",
    content: str = "",
) -> NewOnly:
    """Return which items an earlier run already has, and which have their key sent otherwise.

    The runs of the last days count, and, however old, those of the same file or content. Where lines have no key, equal
    ones may stand several times in a sheet: as many of them are taken out as all these runs have had together.
    """
    recent = [run for run in earlier if run.effective and (run.is_recent(now) or run.is_of(file_sha256, content))]
    sent: dict[int, str] = {}
    held: dict[int, str] = {}
    had = [(run.id, run.moved) for run in recent]
    known = {line for _run, moved in had for line in moved}
    for index, (identity, key) in enumerate(zip(ids, key_ids, strict=True)):
        line = base_id(identity)
        same = next(((run, left) for run, left in had if left[line]), None)
        other = next((run.id for run in recent if key in run.keys), None)
        if same is not None:
            sent[index] = same[0]
            same[1][line] -= 1
        elif other is not None and line not in known:
            held[index] = other
    return NewOnly(sent, held)


def overtaken_by(ids: Iterable[str], key_ids: Iterable[str], newer: Iterable[SentRun], *, by_key: bool) -> str | None:
    """Return the newer run that already has one of the items (or, `by_key`, a value for one of their keys).

    The number of a repeated line does not count: it changes when one of its equals is left out.
    """
    wanted, keys = set(map(base_id, ids)), set(key_ids)
    for run in newer:
        if run.moved.keys() & wanted or (by_key and run.keys & keys):
            return run.id
    return None


def base_id(identity: str) -> str:
    """Return an item's id without the number that a repeated line gets."""
    return identity.partition("-")[0]
