"""What a look at the vendor's data changes: when presence, absence or doubt may be concluded (reliability.md 1.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from etl.core.outcomes import ItemState
from etl.io.journal.records import AttemptRecord, Change, ItemRecord, LookRecord
from etl.messages import Text, text
from etl.model import Effect, Json, Presence, Sighting

LADDER = (5.0, 30.0, 120.0)
"""Seconds after the last byte at which a look is due, before the horizon."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long absence must last before it proves anything, in seconds."""

    horizon: float
    gap: float


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of an item when a look has been made at `now`."""

    effect: Effect
    now: datetime
    sent_at: datetime
    earlier: Sequence[LookRecord]

    def past(self, seconds: float, at: datetime | None = None) -> bool:
        """Whether `at` (now) is that long after the last byte was sent; never true while the clock is before it."""
        return ((at or self.now) - self.sent_at).total_seconds() >= seconds


def last_sent(place: int, attempts: Sequence[AttemptRecord], crashed: str) -> datetime | None:
    """Return when the last byte for an item may have been sent; None when it never was."""
    moments = [
        attempt.started if attempt.finished is None or attempt.verdict == crashed else attempt.finished
        for attempt in attempts
        if place in attempt.places
    ]
    return max(moments, default=None)


def is_due(sent_at: datetime, looks: Sequence[datetime], now: datetime, patience: Patience) -> bool:
    """Whether the next look at a batch is due, after those at `looks`: past the horizon, a gap after the last one."""
    rung = LADDER[len(looks)] if len(looks) < len(LADDER) else patience.horizon
    if any((look - sent_at).total_seconds() >= patience.horizon for look in looks):
        return (now - max(looks)).total_seconds() >= patience.gap
    return (now - sent_at).total_seconds() >= min(rung, patience.horizon)


def conclude(item: ItemRecord, sighting: Sighting, situation: Situation, patience: Patience) -> Change:
    """Return what a sighting makes of an uncertain (or inferred absent) item."""
    presence = sighting.presence
    if presence is Presence.PRESENT:
        return _change(item, sighting, ItemState.CONFIRMED, sighting.note, settled=True)
    if presence is Presence.DUPLICATED:
        reason = sighting.note or text(
            "The vendor has this row twice. Correct the stock by hand; nothing is undone here."
        )
        return _change(item, sighting, ItemState.DUPLICATED, reason)
    if presence is Presence.DIFFERENT and situation.effect is Effect.CREATE:
        reason = sighting.note or text("It already exists with other values.")
        return _change(item, sighting, ItemState.REJECTED, reason, settled=True)
    if presence is Presence.ABSENT:
        return _absent(item, sighting, situation, patience)
    return _change(item, sighting, ItemState.UNCERTAIN, sighting.note or item.reason)


def _absent(item: ItemRecord, sighting: Sighting, situation: Situation, patience: Patience) -> Change:
    again = text("The vendor does not have it: it can be sent again.")
    if situation.effect in {Effect.CREATE, Effect.SET}:
        # A creation may be sent again at once (the vendor refuses a second one), but is only called "not sent" when
        # a late arrival of the first attempt can be ruled out.
        if situation.past(patience.horizon):
            return _change(item, sighting, ItemState.PLANNED, again, settled=True)
        return _change(item, sighting, ItemState.UNCERTAIN, sighting.note or item.reason)
    if not _absent_twice(item.place, sighting, situation, patience):
        waiting = text("Not seen at the vendor so far; a late arrival is still possible.")
        return _change(item, sighting, ItemState.UNCERTAIN, waiting)
    if sighting.inferred:
        reason = text("It does not seem to have been applied, as far as the stock before and after can tell.")
        return _change(item, sighting, ItemState.ABSENT, reason)
    return _change(item, sighting, ItemState.PLANNED, again, settled=True)


def _absent_twice(place: int, sighting: Sighting, situation: Situation, patience: Patience) -> bool:
    """Whether two equal looks, a gap apart and both past the horizon, found nothing."""
    if not situation.past(patience.horizon):
        return False
    seen = dict(sighting.seen)
    return any(
        situation.past(patience.horizon, look.at)
        and (situation.now - look.at).total_seconds() >= patience.gap
        and _found_nothing(look.sightings.get(place), seen)
        for look in situation.earlier
    )


def _found_nothing(earlier: Mapping[str, Json] | None, seen: Mapping[str, Json]) -> bool:
    return earlier is not None and earlier["presence"] == Presence.ABSENT and dict(earlier["seen"]) == dict(seen)


def _change(
    item: ItemRecord, sighting: Sighting, state: ItemState, reason: Text | None, *, settled: bool = False
) -> Change:
    confirmed = state is ItemState.CONFIRMED
    return Change(
        place=item.place,
        state=state,
        ambiguous=not settled,
        reason=reason,
        vendor_id=sighting.vendor_id if confirmed else item.vendor_id,
        data=dict(sighting.seen) if confirmed else item.data,
        inferred=sighting.inferred and state in {ItemState.CONFIRMED, ItemState.ABSENT},
        evidence=evidence_of(sighting),
    )


def evidence_of(sighting: Sighting) -> dict[str, Json]:
    """Return what a person needs to decide: before, expected, read back."""
    return {"before": dict(sighting.before), "expected": dict(sighting.expected), "seen": dict(sighting.seen)}


def sighting_json(sighting: Sighting) -> dict[str, Json]:
    """Return the form in which the journal keeps a sighting."""
    return {"presence": sighting.presence.value, "inferred": sighting.inferred, **evidence_of(sighting)}
