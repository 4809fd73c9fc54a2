"""Puts a plan into a real journal (SQLite in memory) and sends it to the simulated vendor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from etl.core.outcomes import ItemState
from etl.core.planning import content_hash, plan
from etl.inquiry import Ending, Inquiry, Rules
from etl.io.journal.records import ItemRecord, RowRecord, RunRecord
from etl.io.journal.schema import metadata
from etl.io.journal.sql import SqlJournal
from etl.model import Effect
from etl.reconciliation import Patience
from etl.submission import Submission
from etl.vendors.base import Destination
from tests.submission.simulated import GAP, HORIZON, SimClock, SimVendor, deadline_of, destination, jitter, rows


def memory_journal() -> SqlJournal:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    metadata.create_all(engine)
    return SqlJournal(engine)


@dataclass(slots=True)
class Bench:
    """One run of `count` rows to one simulated vendor."""

    kind: str
    count: int
    limit: int = 3
    max_requests: int | None = None
    journal: SqlJournal = field(default_factory=memory_journal)
    clock: SimClock = field(default_factory=SimClock)
    vendor: SimVendor = field(init=False)
    target: Destination = field(init=False)
    run: str = "f00dfeedf00dfeed"
    submission_class: type[Submission] = Submission
    stop: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.target = destination(self.kind, limit=self.limit)
        self.vendor = SimVendor(self.target.effect(""), self.clock)
        self.clock.tick = self.vendor.arrive
        batches = plan(rows(self.count), {}, self.target)
        items = [item for batch in batches for item in batch.items]
        record = RunRecord(
            id=self.run,
            destination=self.target.name,
            profile="default",
            account="default",
            file="x.csv",
            file_sha256="0" * 64,
            content=content_hash(batches),
            facts={},
            started=self.clock.now(),
            planned=len(batches),
        )
        self.journal.create_run(
            record,
            [RowRecord(number=row.number, cells=(), item=place) for place, row in enumerate(rows(self.count))],
            [
                ItemRecord(
                    place=place,
                    batch=1 + place // self.limit,
                    item_id=item.id,
                    key_id=item.key_id,
                    key=item.key,
                    payload=item.payload,
                    state=ItemState.PLANNED,
                )
                for place, item in enumerate(items)
            ],
            batches,
        )

    def submission(self) -> Submission:
        """Return a new process' view of the run; it recovers what an ended one left."""
        self.journal.recover("default", [self.target.name], self.clock.now())
        return self.submission_class(
            run=self.run,
            destination=self.target,
            journal=self.journal,
            inquiry=Inquiry(
                sender=self.vendor,
                rules=Rules(
                    patience=Patience(HORIZON, GAP),
                    resend_window=120.0,
                    retry_base=0.5,
                    deadline=deadline_of,
                    max_requests=self.max_requests,
                ),
                clock=self.clock,
                rng=jitter(),
                stop_code=lambda: self.stop[0] if self.stop else None,
            ),
            redact=lambda words: words,
        )

    def send(self, faults: Iterable[str] = ()) -> Ending:
        self.vendor.script.extend(faults)
        try:
            return self.submission().send()
        finally:
            self.vendor.script.clear()

    def look(self) -> Ending:
        return self.submission().lookups.look_up(only_due=False)

    def resume(self) -> Ending:
        work = self.submission()
        work.lookups.look_up(only_due=False, resending=True)
        return work.send()

    def states(self) -> dict[str, ItemState]:
        return {item.key[0]: item.state for item in self.journal.items_of(self.run)}

    def violations(self) -> list[str]:
        """Compare what we say with what the vendor really applied (I1, I2, I3)."""
        found = []
        in_flight = {item["key"] for _at, body in self.vendor.late for item in body["items"]}
        for key, state in self.states().items():
            applied = self.vendor.applied[key]
            if self.target.effect("") is not Effect.SET and applied > 1:
                found.append(f"I1: {key} applied {applied} times")
            if state is ItemState.CONFIRMED and not applied:
                found.append(f"I2: {key} confirmed, never applied")
            if state in {ItemState.REJECTED, ItemState.PLANNED} and (applied or key in in_flight):
                found.append(f"I3: {key} is {state.value}, applied {applied}, in flight: {key in in_flight}")
        return found
