"""What the journal keeps, as values, and the interface that its implementations share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol

from etl.core.outcomes import ItemState
from etl.messages import Text
from etl.model import Batch, Cell, Finding, Json, Outcome, Value

CRASHED = "crashed"
"""Verdict of an attempt whose process ended before the outcome was recorded."""
NOT_CONNECTED = "not_connected"
"""Verdict of an attempt that never reached the vendor: no request was used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run: what was read, for whom, and how it ended. `facts` holds what only reports need."""

    id: str
    destination: str
    profile: str
    account: str
    file: str
    file_sha256: str
    content: str
    facts: Mapping[str, Json]
    state: str = "planned"
    """planned, finished, or stopped before its end."""
    started: datetime
    finished: datetime | None = None
    exit_code: int | None = None
    stopped: Text | None = None
    closed_by: str | None = None
    planned: int = 0
    """Requests that the plan needs."""
    sent: int = 0
    reads: int = 0
    serial: int = 0
    """The order in which runs were put into the journal, from 1: tells which is newer whatever the clock said. 0: it is
    not there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRecord:
    """A non-blank source row. Its outcome is its own (`outcome`) or that of its item."""

    number: int | None
    cells: tuple[Cell, ...]
    outcome: Outcome | None = None
    reasons: tuple[Text, ...] = ()
    derived: Mapping[str, Value] = field(default_factory=dict)
    item: int | None = None
    """Place of its item in the run."""
    before: Mapping[str, Json] = field(default_factory=dict)
    """By field, what the vendor had when it was read before planning, whether it changes or not (`Survey.before`).

    Empty when it was not read or had nothing of this key. `etl.core.changes` compares it with the item's payload."""


class ItemRecord(NamedTuple):
    """An item as it stands now: a tuple, for there are as many as rows."""

    place: int
    batch: int
    item_id: str
    key_id: str
    key: tuple[str, ...]
    payload: Mapping[str, Json]
    state: ItemState
    ambiguous: bool = False
    """An attempt's end is unknown and nothing has settled it since (sticky ambiguity)."""
    doubts: int = 0
    """How many of its attempts ended so."""
    reason: Text | None = None
    vendor_id: str | None = None
    data: Mapping[str, Json] = MappingProxyType({})
    inferred: bool = False
    evidence: Mapping[str, Json] = MappingProxyType({})
    """before, expected, seen: from the last look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an item stands, without what was sent: enough for the once-only rules, and quick to read."""

    place: int
    item_id: str
    key_id: str
    state: ItemState


@dataclass(frozen=True, slots=True, kw_only=True)
class LastValue:
    """What the newest run with a key sent for it, and where that stands."""

    run: str
    payload: Mapping[str, Json]
    state: ItemState
    started: datetime
    """When that run began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """A request's frozen body (without credentials) and what was read before it."""

    number: int
    group: str
    token: str
    body: bytes
    baseline: Json = None
    baseline_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One request for a batch."""

    batch: int
    number: int
    places: tuple[int, ...]
    started: datetime
    finished: datetime | None = None
    verdict: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRecord:
    """One look at the vendor's data for a batch, with what it concluded, by place."""

    batch: int
    number: int
    at: datetime
    sightings: Mapping[int, Mapping[str, Json]]


class Change(NamedTuple):
    """A new state of an item, and what is known with it."""

    place: int
    state: ItemState
    ambiguous: bool = False
    doubt: bool = False
    """This very attempt ended unclear."""
    reason: Text | None = None
    vendor_id: str | None = None
    data: Mapping[str, Json] = MappingProxyType({})
    inferred: bool = False
    evidence: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How an attempt ended."""

    at: datetime
    verdict: str
    status: int | None = None
    detail: str | None = None
    answer: str | None = None
    """The vendor's answer without secrets, at most 64 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldDoubt:
    """Rows of a run whose fate has been unknown for long."""

    run: str
    destination: str
    profile: str
    account: str
    items: int
    since: datetime
    """When the first of them was sent last."""


class Journal(Protocol):
    """The commit points T0 to T5 of reliability.md 1.3. Each method is one durable transaction, but within `together`.

    All of them raise `errors.JournalError` when the transaction cannot be made durable. It is used by one thread.
    """

    def together(self) -> AbstractContextManager[None]:
        """Give a block whose writes are one transaction: durable together at its end, or, after an error, none of them.

        Nothing waits for anybody in it, but after `make_durable`: other processes write into the same database.
        """

    def make_durable(self) -> None:
        """Commit what a block of `together` has written so far, if this is within one."""

    def create_run(
        self, run: RunRecord, rows: Sequence[RowRecord], items: Sequence[ItemRecord], batches: Sequence[Batch]
    ) -> None:
        """T0: the whole plan, before anything is sent."""

    def add_findings(self, run: str, findings: Iterable[Finding]) -> None:
        """Keep what the checks found, for later reports."""

    def note_baseline(self, run: str, batch: int, baseline: Json, at: datetime, reads: int) -> None:
        """Keep what was read before the first attempt of a batch."""

    def intend(self, run: str, batch: int, places: Sequence[int], body_sha256: str, at: datetime) -> int:
        """T1: planned (or, to be resent, uncertain) -> sending. Returns the attempt's number."""

    def record(
        self,
        run: str,
        batch: int,
        attempt: int,
        closing: Closing,
        changes: Sequence[Change],
        *,
        replaces: bool = False,
    ) -> None:
        """T2: the outcome of an attempt.

        `replaces`: what was accepted settles what older runs left open for its keys.
        """

    def recover(self, account: str, destinations: Iterable[str], at: datetime) -> int:
        """T3: every `sending` of the account, whose lock the caller holds, becomes uncertain. Returns how many."""

    def record_look(
        self, run: str, batch: int, at: datetime, sightings: Mapping[int, Json], changes: Sequence[Change], reads: int
    ) -> None:
        """T4: what a look concluded."""

    def record_word(
        self, run: str, changes: Sequence[Change], *, who: str, applied: bool, why: str, at: datetime
    ) -> None:
        """T5: an operator's word."""

    def record_details(self, run: str, changes: Sequence[Change], reads: int) -> None:
        """Keep what was read of accepted items after their answer told too little; they stay accepted."""

    def withdraw(self, run: str, changes: Sequence[Change], reads: int) -> None:
        """Take planned items out of what is sent: what they rest on is no longer so."""

    def split_batch(
        self, run: str, batch: int, parts: Sequence[tuple[Sequence[int], Callable[[str], bytes]]]
    ) -> list[int]:
        """Make new batches of a refused one, each of planned items (their places) and of the body for its own token.

        Returns their numbers.
        """

    def count_reads(self, run: str, reads: int) -> None:
        """Count reads that concluded nothing."""

    def finish(self, run: str, *, state: str, exit_code: int, stopped: Text | None, at: datetime) -> None:
        """Close a run, or stop it for now."""

    def close_older(self, run: str, older: str) -> None:
        """Mark that `run` stands in place of an older run of the same content."""

    def run(self, run: str) -> RunRecord:
        """Return a run; KeyError when there is none."""

    def find_runs(self, prefix: str) -> list[str]:
        """Return the ids that begin with `prefix`, newest first ('' gives all)."""

    def history(self, since: datetime | None = None, until: datetime | None = None) -> list[RunRecord]:
        """Return the runs that began from `since` on and before `until`, newest first."""

    def sent_groups(self, account: str, destination: str) -> dict[str, str]:
        """Return the groups of which something was sent, with the last run that did: group -> run."""

    def old_doubts(self, before: datetime) -> list[OldDoubt]:
        """Return the runs with items that were sent before a moment and nobody has settled, oldest first."""

    def runs_of(self, account: str, destination: str) -> list[RunRecord]:
        """Return the runs of an account for a destination, newest first."""

    def rows_of(self, run: str) -> list[RowRecord]:
        """Return the source rows in the sheet's order."""

    def items_of(self, run: str, batch: int | None = None) -> list[ItemRecord]:
        """Return the items in order, of one batch or all."""

    def standings_of(self, run: str) -> list[Standing]:
        """Return where each item stands, in order."""

    def last_attempts(self, account: str, destination: str) -> dict[str, datetime]:
        """Return, by run, when its last attempt began; runs without one are absent."""

    def last_values(
        self, account: str, destination: str, key_ids: Iterable[str], *, before: int | None = None
    ) -> dict[str, LastValue]:
        """Return, by key id, what the newest run that sent the key (or may have) sent for it.

        `before`: only of runs with a lower serial number. Refused, superseded and unsent rows changed nothing: an older
        run's value counts then.
        """

    def sent_elsewhere(self, run: str, since: datetime) -> dict[tuple[str, ...], str]:
        """Return the keys that other runs of the same account and destination have sent since: key -> run."""

    def batches_of(self, run: str) -> list[BatchRecord]:
        """Return the batches in order."""

    def batches_with(self, run: str, states: Iterable[ItemState]) -> set[int]:
        """Return the numbers of the batches that have an item in one of these states."""

    def attempts_of(self, run: str, batch: int | None = None) -> list[AttemptRecord]:
        """Return the attempts by batch and number, of one batch or all."""

    def looks_of(self, run: str, batch: int) -> list[LookRecord]:
        """Return the looks for a batch, oldest first."""

    def findings_of(self, run: str) -> list[Finding]:
        """Return what `add_findings` kept."""

    def tally(self, run: str) -> list[tuple[Outcome | None, ItemState | None, int]]:
        """Return how many source rows have each outcome of their own, or an item in each state."""

    def state_counts(self, run: str) -> dict[ItemState, int]:
        """Return how many items are in each state."""

    def shed(self, before: datetime, at: datetime) -> int:
        """Remove the details of settled runs that began before a moment; return of how many."""

    def close(self) -> None:
        """Let go of the database."""
