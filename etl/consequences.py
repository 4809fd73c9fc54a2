"""What the verdict on an attempt makes of its items: pure, and every item gets exactly one change."""

from __future__ import annotations

from collections.abc import Sequence

from etl.core.outcomes import ItemState
from etl.core.verdict import Verdict
from etl.io.journal.records import Change, ItemRecord
from etl.messages import Text, text, verbatim
from etl.model import Effect, ItemReading, Reading


def settle(
    effect: Effect, verdict: Verdict, reading: Reading | None, items: Sequence[ItemRecord], why: Text
) -> list[Change]:
    """Return what the verdict on one attempt makes of each of its items."""
    if verdict is Verdict.READ and reading is not None:
        named = {entry.position: entry for entry in reading.items}
        return [_read_change(effect, named.get(place), item) for place, item in enumerate(items)]
    if verdict is Verdict.REFUSED:
        words = _words(reading.texts if reading else ()) or why
        return [_rejected(effect, item, words) for item in items]
    if verdict in {Verdict.NOT_PROCESSED, Verdict.STOP}:
        return [_not_processed(item, why) for item in items]
    return [_doubted(item, why) for item in items]


def _read_change(effect: Effect, entry: ItemReading | None, item: ItemRecord) -> Change:
    if entry is None:
        return _doubted(item, text("The vendor's answer does not name this row."))
    if entry.accepted:
        return Change(
            place=item.place, state=ItemState.CONFIRMED, vendor_id=entry.vendor_id, data=entry.data, reason=None
        )
    words = _words(entry.texts) or text("The vendor refused it without saying why.")
    if entry.blamed is not None:
        words = (
            text("The vendor refused the document because of this row: {words}", words=words)
            if entry.blamed
            else text("The vendor refused the document because of another row: {words}", words=words)
        )
    return _rejected(effect, item, words)


def _rejected(effect: Effect, item: ItemRecord, words: Text) -> Change:
    """Settle a row by a refusal only if no earlier attempt of it may have been applied (sticky ambiguity)."""
    if item.ambiguous or (effect is Effect.CREATE and item.doubts):
        reason = text("An earlier attempt had no answer, and a later one was refused: {words}", words=words)
        return Change(place=item.place, state=ItemState.UNCERTAIN, ambiguous=True, reason=reason)
    return Change(place=item.place, state=ItemState.REJECTED, reason=words)


def _not_processed(item: ItemRecord, why: Text) -> Change:
    if item.ambiguous:
        return Change(place=item.place, state=ItemState.UNCERTAIN, ambiguous=True, reason=item.reason)
    return Change(place=item.place, state=ItemState.PLANNED, reason=why)


def _doubted(item: ItemRecord, why: Text) -> Change:
    return Change(place=item.place, state=ItemState.UNCERTAIN, ambiguous=True, doubt=True, reason=why)


def _words(texts: Sequence[str]) -> Text | None:
    said = [words for words in texts if words.strip()]
    return verbatim("; ".join(said)) if said else None
