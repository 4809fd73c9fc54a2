"""What is read of the vendor around sending: before it, so that a lost answer can be settled, and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from etl.core.outcomes import ItemState
from etl.inquiry import NOT_TOLD, Halt
from etl.io.journal.records import BatchRecord, Change, ItemRecord
from etl.model import Json
from etl.questions import Questions

FRESH = timedelta(seconds=120)
"""How old a stock that was read for the guards may be to count as the stock before sending."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was read before the first attempt of a batch, when, and in how many reads."""

    known: Mapping[str, Json]
    at: datetime
    reads: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Reads for the batches of one run what is known only now."""

    asking: Questions

    def read_baseline(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> Baseline | None:
        """Read what must be known before the first attempt; without it a lost answer could never be settled.

        It is written with the attempt's intent. None when nothing is to be read. Raises Halt when it is not told.
        """
        destination, inquiry = self.asking.destination, self.asking.inquiry
        read = destination.baseline
        if read is None or not inquiry.rules.evidence or self.is_fresh(batch, items):
            return None
        if destination.keeps_baseline and batch.baseline is not None:
            return None
        payloads = [item.payload for item in items]
        told, reads = self.asking.learn(lambda: read(batch.group, payloads))
        if told is None:
            self._end_untold(reads)
        known = {str(items[int(position)].place): seen for position, seen in told.items()}
        return Baseline({**(batch.baseline or {}), **known}, inquiry.now(), reads)

    def is_fresh(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> bool:
        """Whether it was read just now, for the guards, and nothing of the batch went out since."""
        asking = self.asking
        if batch.baseline is None or batch.baseline_at is None or asking.journal.attempts_of(asking.run, batch.number):
            return False
        known = all(str(item.place) in batch.baseline for item in items)
        return known and timedelta() <= asking.inquiry.now() - batch.baseline_at <= FRESH

    def still_true(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> Sequence[ItemRecord]:
        """Return the items that may still be sent by what the vendor has now; the others are refused, with the reason.

        What may have been applied is not looked at: that is settled by looking it up.
        """
        asking = self.asking
        recheck = asking.destination.recheck
        if recheck is None or any(item.state is not ItemState.PLANNED for item in items):
            return items
        payloads = [item.payload for item in items]
        gone, reads = asking.learn(lambda: recheck(batch.group, payloads, asking.inquiry.rules.settings))
        if gone is None:
            self._end_untold(reads)
        refused = [Change(place=items[at].place, state=ItemState.REJECTED, reason=why) for at, why in gone.items()]
        asking.journal.withdraw(asking.run, refused, reads)
        return [item for at, item in enumerate(items) if at not in gone]

    def _end_untold(self, reads: int) -> NoReturn:
        self.asking.journal.count_reads(self.asking.run, reads)
        raise Halt(5, NOT_TOLD)

    def read_details(self, batch: BatchRecord, sent: Sequence[ItemRecord]) -> None:
        """Read what the answer did not tell of rows that were just accepted. They stay so whatever comes of it."""
        asking = self.asking
        if asking.destination.details is None:
            return
        places = {item.place for item in sent}
        found = asking.journal.items_of(asking.run, batch.number)
        items = [one for one in found if one.place in places and one.state is ItemState.CONFIRMED]
        if not items or items[0].vendor_id is None:
            return
        payloads = [item.payload for item in items]
        try:
            told, reads = asking.hold(asking.destination.details(batch.group, payloads, items[0].vendor_id))
        except Halt:
            return
        changes = [
            Change(place=item.place, state=item.state, vendor_id=item.vendor_id, data={**item.data, **told[at]})
            for at, item in enumerate(items)
            if at in told
        ]
        asking.journal.record_details(asking.run, changes, reads)
