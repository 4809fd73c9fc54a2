"""Looks up what is in doubt: what the vendor's data says of rows whose answer was lost (reliability.md 1.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from etl.core.outcomes import ItemState
from etl.inquiry import Ending, Halt
from etl.io.journal.records import CRASHED, BatchRecord, ItemRecord
from etl.messages import text
from etl.model import Doubt, Effect, Json, Presence, Sighting
from etl.questions import Questions
from etl.reconciliation import Situation, conclude, is_due, last_sent, sighting_json

_DOUBTFUL = frozenset({ItemState.UNCERTAIN, ItemState.ABSENT})


@dataclass(frozen=True, slots=True)
class Lookups:
    """Looks for the doubtful rows of one run; what a look concludes is in the journal."""

    asking: Questions
    log: Callable[..., None]
    missing: set[int] = field(default_factory=set)
    """Creations that the last look did not find: the vendor refuses a second one, so they may go out again at once."""

    def look_up(self, *, only_due: bool, resending: bool = False) -> Ending:
        """Look up every uncertain item once; with `only_due`, those whose next look is due.

        With `resending`, values that sending will set again anyway are left to it.
        """
        asking = self.asking
        try:
            doubtful = asking.journal.batches_with(asking.run, _DOUBTFUL)
            for batch in asking.journal.batches_of(asking.run) if doubtful else ():
                if batch.number not in doubtful:
                    continue
                asking.inquiry.heed_signals()
                items = self.doubtful(batch)
                if not items or (resending and asking.effect(batch) is Effect.SET and asking.may_set_again(batch)):
                    continue
                if not only_due or self._is_due(batch, items):
                    self._look(batch, items)
        except Halt as halt:
            return halt.ending
        return Ending()

    def in_doubt(self) -> bool:
        """Whether an uncertain item could be settled by looking."""
        asking = self.asking
        return asking.destination.look_up is not None and bool(
            asking.journal.state_counts(asking.run).get(ItemState.UNCERTAIN)
        )

    def doubtful(self, batch: BatchRecord) -> list[ItemRecord]:
        """Return the items of a batch whose fate is not known for good."""
        return [item for item in self.asking.journal.items_of(self.asking.run, batch.number) if item.state in _DOUBTFUL]

    def look_now(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> None:
        """Look up items that were just sent and whose answer was lost. Raises Halt with an exit code."""
        try:
            self._look(batch, items)
        except Halt as halt:
            # It was taken, perhaps, and cannot be looked up now: uncertain, never failed.
            raise Halt(
                halt.ending.exit_code or 5, halt.ending.message or text("The vendor could not be asked.")
            ) from halt

    def _is_due(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> bool:
        asking = self.asking
        looks = [look.at for look in asking.journal.looks_of(asking.run, batch.number)]
        sent_at = self._sent_at(batch)
        moments = [sent_at[item.place] for item in items if item.place in sent_at]
        return bool(moments) and is_due(max(moments), looks, asking.inquiry.now(), asking.inquiry.rules.patience)

    def _look(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> None:
        asking = self.asking
        if asking.destination.look_up is None:
            return
        doubt = Doubt(
            group=batch.group,
            payloads=tuple(item.payload for item in items),
            token=batch.token,
            baseline=_by_position(items, batch.baseline),
        )
        sightings, reads = asking.hold(asking.destination.look_up(doubt))
        sightings = self._without_false_evidence(batch, items, sightings)
        now = asking.inquiry.now()
        earlier = asking.journal.looks_of(asking.run, batch.number)
        sent_at = self._sent_at(batch)
        effect = asking.effect(batch)
        changes, kept = [], {}
        for sighting in sightings:
            item = items[sighting.position]
            missing = effect is Effect.CREATE and sighting.presence is Presence.ABSENT
            (self.missing.add if missing else self.missing.discard)(item.place)
            situation = Situation(effect, now, sent_at.get(item.place, now), earlier)
            changes.append(conclude(item, sighting, situation, asking.inquiry.rules.patience))
            kept[item.place] = sighting_json(sighting)
        asking.journal.record_look(asking.run, batch.number, now, kept, changes, reads)
        self.log("look", run=asking.run, batch=batch.number, rows=len(items), reads=reads)

    def _without_false_evidence(
        self, batch: BatchRecord, items: Sequence[ItemRecord], sightings: Sequence[Sighting]
    ) -> tuple[Sighting, ...]:
        """Take back what was concluded from totals that another run of ours has changed since the first attempt."""
        journal, run = self.asking.journal, self.asking.run
        attempts = journal.attempts_of(run, batch.number)
        if not attempts or not any(sighting.inferred for sighting in sightings):
            return tuple(sightings)
        moved = journal.sent_elsewhere(run, attempts[0].started)
        return tuple(
            replace(
                sighting,
                presence=Presence.UNKNOWN,
                note=text("Run {run} moved it since, so nothing can be concluded from the stock now.", run=other),
            )
            if sighting.inferred and (other := moved.get(items[sighting.position].key)) is not None
            else sighting
            for sighting in sightings
        )

    def _sent_at(self, batch: BatchRecord) -> dict[int, datetime]:
        attempts = self.asking.departures(batch)
        places = {place for attempt in attempts for place in attempt.places}
        found = {place: last_sent(place, attempts, CRASHED) for place in places}
        return {place: moment for place, moment in found.items() if moment is not None}


def _by_position(items: Sequence[ItemRecord], baseline: Mapping[str, Json] | None) -> Json:
    if baseline is None:
        return None
    return {str(position): baseline.get(str(item.place)) for position, item in enumerate(items)}
