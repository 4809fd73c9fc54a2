"""Sends a planned run: intents, attempts by verdict, outcomes; looks up what is in doubt. Imports no pandas.

The order of the lines is the safety of the program: the intent is durable before the connection is opened, the outcome
soon after the answer, and an item whose attempt ended unclear is never sent again without proof that nothing happened
(unless sending it twice is harmless, and then only for a while).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from etl.core.outcomes import ItemState
from etl.core.verdict import MOST_ATTEMPTS, MOST_UNSENT_ATTEMPTS, Verdict, judge
from etl.flights import Flight, Ready, Rest, Result, Settled, Shot, Squadron, Wish, fly
from etl.inquiry import NOT_TOLD, NOTHING, Ending, Halt, Inquiry, describe_refusal, why_not
from etl.io.journal.records import CRASHED, NOT_CONNECTED, BatchRecord, Change, Closing, ItemRecord, Journal
from etl.messages import Text, text, verbatim
from etl.model import Answer, Doubt, Effect, Failure, ItemReading, Json, NoAnswer, Presence, Reading, Request, Sighting
from etl.reconciliation import Situation, conclude, is_due, last_sent, sighting_json
from etl.stops import StoppedNow
from etl.vendors.base import Conversation, Destination

T = TypeVar("T")

FAILED_BATCHES = 3
"""Consecutive batches without an end after which a run stops (RET-5)."""
KEPT_ANSWER = 64 * 1024
_SENDABLE = frozenset({ItemState.PLANNED, ItemState.UNCERTAIN})
_DOUBTFUL = frozenset({ItemState.UNCERTAIN, ItemState.ABSENT})
_SETTLED = frozenset({ItemState.CONFIRMED, ItemState.REJECTED})
FRESH = timedelta(seconds=120)
"""How old a stock that was read for the guards may be to count as the stock before sending."""


@dataclass(frozen=True, slots=True)
class _Baseline:
    """What was read before the first attempt of a batch, when, and in how many reads."""

    known: Mapping[str, Json]
    at: datetime
    reads: int


@dataclass(slots=True, kw_only=True)
class Submission:
    """One run on its way to one vendor's account, whose lock the caller holds."""

    run: str
    destination: Destination
    journal: Journal
    inquiry: Inquiry
    redact: Callable[[str], str]
    progress: Callable[[int, int], None] = lambda _done, _total: None
    log: Callable[..., None] = lambda _event, **_fields: None
    """Writes an event with its fields; never a body, a header or a credential."""
    _done: int = 0
    _failed: int = 0
    _uncertain: int = 0
    _numbers: dict[str, list[int]] = field(default_factory=dict)
    """By group, the batches that were not sent when sending began."""
    _missing: set[int] = field(default_factory=set)
    """Creations that the last look did not find: the vendor refuses a second one, so they may go out again at once."""

    # --- sending -------------------------------------------------------------------------------------------------

    def send(self) -> Ending:
        """Send every planned item, several batches at once where that is harmless, and return why it ended."""
        batches = self.journal.batches_of(self.run)
        wanted = self.journal.batches_with(self.run, _SENDABLE)
        unsent = [batch for batch in batches if batch.number in wanted]
        self._done = len(batches) - len(unsent)
        self._numbers.clear()
        for batch in unsent:
            self._numbers.setdefault(batch.group, []).append(batch.number)
        together = [batch for batch in unsent if self._may_fly_together(batch)]
        numbers = {batch.number for batch in together}
        try:
            squadron = Squadron(self.inquiry, self.inquiry.rules.in_flight, self.journal.together)
            squadron.fly(self._flights(together, len(batches)))
            for flight in self._flights([batch for batch in unsent if batch.number not in numbers], len(batches)):
                fly(flight, self.inquiry)
        except Halt as halt:
            return halt.ending
        self.progress(len(batches), len(batches))
        return Ending()

    def _may_fly_together(self, batch: BatchRecord) -> bool:
        """Whether other requests may be in flight with it: never with movements, nor where the last value must win."""
        effect = self._effect(batch)
        return self.inquiry.rules.in_flight > 1 and self.destination.parallel and effect is not Effect.DELTA

    def _flights(self, batches: Sequence[BatchRecord], total: int) -> Iterator[Flight]:
        for batch in batches:
            yield self._flight(batch, total)

    def _flight(self, batch: BatchRecord, total: int) -> Flight:
        self.progress(self._done, total)
        self.inquiry.heed_signals()
        own = self.journal.items_of(self.run, batch.number)
        items = self._sendable(batch, own)
        if items:
            yield from self._send_batch(batch, items, len(own))
        self._done += 1

    def _sendable(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> list[ItemRecord]:
        doubtful = any(item.state is ItemState.UNCERTAIN for item in items)
        resendable = doubtful and self._effect(batch) is Effect.SET and self._in_window(batch)
        return [
            item
            for item in items
            if item.state is ItemState.PLANNED
            or (item.state is ItemState.UNCERTAIN and (resendable or item.place in self._missing))
        ]

    def _send_batch(self, batch: BatchRecord, items: Sequence[ItemRecord], size: int) -> Flight:
        """Send the items of a batch, which has `size` of them in all, until they are settled or cannot be."""
        effect = self._effect(batch)
        items = self._still_true(batch, items)
        baseline = None
        if effect is Effect.DELTA and items:
            self.inquiry.require(self._requests_of_document(batch, items))
            baseline = self._read_baseline(batch, items)
        attempt = unsent = 0
        sent = items
        while items:
            attempt += 1
            whole = len(items) == size
            result, verdict, settled = yield from self._attempt(batch, items, effect, baseline, whole=whole)
            baseline = None
            if verdict in {Verdict.STOP, Verdict.UNKNOWN_STOP}:
                raise Halt(4, describe_refusal(result))
            items = [] if settled else self._still_open(batch, items)
            if not items:
                break
            if self._was_refused(verdict, items):
                yield from self._send_in_parts(batch, items)
                return
            if effect is Effect.DELTA and any(item.ambiguous for item in items):
                self._count_uncertain()
                return
            if effect is Effect.CREATE and verdict is not Verdict.NOT_PROCESSED and any(i.ambiguous for i in items):
                items = self._look_now(batch, items)
                if not items and self._doubtful(batch):
                    self._give_up(result, verdict)
                    return
                if not items:
                    break
            unsent += verdict is Verdict.NOT_PROCESSED
            if not (yield from self._may_retry(batch, effect, result, attempt, unsent)):
                self._give_up(result, verdict)
                return
        self._failed = 0
        self.inquiry.budget.succeeded()
        self._read_details(batch, sent)

    def _requests_of_document(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> int:
        """Return how many requests a batch needs, with the parts of its document that come after it.

        A document that is sent in parts is begun only when all of it fits into the person's limit.
        """
        reads = self.destination.reads_per_batch if self.inquiry.rules.evidence else 0
        own = 1 if self._is_fresh(batch, items) else 1 + reads
        if not self.destination.documents or self.inquiry.rules.max_requests is None:
            return own
        later = [number for number in self._numbers.get(batch.group, ()) if number > batch.number]
        parts = [self.journal.items_of(self.run, number) for number in later]
        open_parts = sum(any(item.state is ItemState.PLANNED for item in part) for part in parts)
        return own + open_parts * (1 + reads)

    def _attempt(
        self,
        batch: BatchRecord,
        items: Sequence[ItemRecord],
        effect: Effect,
        baseline: _Baseline | None,
        *,
        whole: bool,
    ) -> Generator[Wish, Result, tuple[Answer | NoAnswer, Verdict, bool]]:
        """Send once: what came back, the verdict on it, and whether it settled every item."""
        request = self._request(batch, items, whole=whole)
        yield Ready()
        number = self._intend(batch, items, request, baseline)
        try:
            result = (yield Shot(request, effect, self.inquiry.rules.deadline(effect))) or NOTHING
        except StoppedNow:
            lost = NoAnswer(Failure.NO_ANSWER, "stopped by a second signal")
            self._record(batch, number, lost, Verdict.UNKNOWN, self._settle(batch, items, lost, Verdict.UNKNOWN, None))
            raise
        except Halt:
            self._take_back(batch, number, items)
            raise
        payloads = [item.payload for item in items]
        reading = self.destination.submit.read(batch.group, payloads, result) if isinstance(result, Answer) else None
        verdict = judge(effect, result, reading)
        changes = self._settle(batch, items, result, verdict, reading)
        settled = all(change.state in _SETTLED for change in changes)
        if settled:
            yield Settled()
        self._record(batch, number, result, verdict, changes)
        return result, verdict, settled

    def _intend(
        self, batch: BatchRecord, items: Sequence[ItemRecord], request: Request, baseline: _Baseline | None
    ) -> int:
        """Write the intent of an attempt, and with it what was read for it: its number. Raises Halt before any."""
        digest = hashlib.sha256(request.body or b"").hexdigest()
        try:
            self.inquiry.heed_signals()
            self.inquiry.use(1)
        except Halt:
            self._keep(batch, baseline)
            raise
        with self.journal.together():
            self._keep(batch, baseline)
            return self.journal.intend(
                self.run, batch.number, [item.place for item in items], digest, self.inquiry.now()
            )

    def _keep(self, batch: BatchRecord, baseline: _Baseline | None) -> None:
        if baseline is not None:
            self.journal.note_baseline(self.run, batch.number, baseline.known, baseline.at, baseline.reads)

    def _request(self, batch: BatchRecord, items: Sequence[ItemRecord], *, whole: bool) -> Request:
        """Build the request of these items; the whole batch goes out with exactly the bytes of the plan (I8)."""
        if whole:
            return replace(self.destination.submit.build(batch.group, [items[0].payload]), body=batch.body)
        request = self.destination.submit.build(batch.group, [item.payload for item in items])
        return request if self.destination.mark is None else self.destination.mark(request, batch.token)

    def _settle(
        self,
        batch: BatchRecord,
        items: Sequence[ItemRecord],
        result: Answer | NoAnswer,
        verdict: Verdict,
        reading: Reading | None,
    ) -> list[Change]:
        """Return what becomes of the items that were sent."""
        changes = settle(self._effect(batch), verdict, reading, items, why_not(result))
        if self.destination.bisects and len(items) > 1 and all(one.state is ItemState.REJECTED for one in changes):
            # A definite no to all of them: they are sent again in parts, until the bad ones are alone.
            return [replace(one, state=ItemState.PLANNED) for one in changes]
        return changes

    def _record(
        self,
        batch: BatchRecord,
        number: int,
        result: Answer | NoAnswer,
        verdict: Verdict,
        changes: Sequence[Change],
    ) -> None:
        """Write what came of an attempt, and of its items."""
        never_left = isinstance(result, NoAnswer) and result.failure is Failure.NOT_CONNECTED
        closing = Closing(
            at=self.inquiry.now(),
            verdict=NOT_CONNECTED if never_left else verdict.value,
            status=result.status if isinstance(result, Answer) else None,
            detail=None if isinstance(result, Answer) else f"{result.failure.value}: {result.detail}",
            answer=self._kept(result.body) if isinstance(result, Answer) else None,
        )
        self._close(batch, number, closing, changes)

    def _take_back(self, batch: BatchRecord, number: int, items: Sequence[ItemRecord]) -> None:
        """Record that an attempt never left, although its intent was written: its items stand as they did before."""
        self.inquiry.give_back(1)
        closing = Closing(at=self.inquiry.now(), verdict=NOT_CONNECTED, detail="the run ended before its turn")
        changes = [
            Change(place=item.place, state=item.state, ambiguous=item.ambiguous, reason=item.reason) for item in items
        ]
        self._close(batch, number, closing, changes)

    def _close(self, batch: BatchRecord, number: int, closing: Closing, changes: Sequence[Change]) -> None:
        """Write how an attempt ended into the journal and the log."""
        replaces = self._effect(batch) is Effect.SET and not self.destination.can_be_looked_up
        self.journal.record(self.run, batch.number, number, closing, changes, replaces=replaces)
        self.log(
            "attempt",
            run=self.run,
            batch=batch.number,
            attempt=number,
            rows=len(changes),
            verdict=closing.verdict,
            status=closing.status,
            detail=closing.detail,
        )

    def _was_refused(self, verdict: Verdict, items: Sequence[ItemRecord]) -> bool:
        """Whether a batch that is no document of the person was refused as a whole, and nothing of it is in doubt."""
        refused = self.destination.bisects and verdict in {Verdict.READ, Verdict.REFUSED}
        return refused and len(items) > 1 and all(item.state is ItemState.PLANNED for item in items)

    def _send_in_parts(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> Flight:
        """Send a refused batch as two, each with a token of its own, so that neither is taken for the other."""
        middle = len(items) // 2
        halves = (items[:middle], items[middle:])
        parts = [([item.place for item in half], partial(self._body, batch.group, half)) for half in halves]
        numbers = self.journal.split_batch(self.run, batch.number, parts)
        for part in [one for one in self.journal.batches_of(self.run) if one.number in numbers]:
            own = self.journal.items_of(self.run, part.number)
            yield from self._send_batch(part, own, len(own))

    def _body(self, group: str, items: Sequence[ItemRecord], token: str) -> bytes:
        request = self.destination.submit.build(group, [item.payload for item in items])
        mark = self.destination.mark
        return (request if mark is None else mark(request, token)).body or b""

    def _kept(self, body: bytes) -> str:
        return self.redact(body[:KEPT_ANSWER].decode("utf-8", "replace"))

    def _still_open(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> list[ItemRecord]:
        places = {item.place for item in items}
        found = self.journal.items_of(self.run, batch.number)
        return [i for i in found if i.place in places and i.state in {ItemState.PLANNED, ItemState.UNCERTAIN}]

    def _may_retry(
        self, batch: BatchRecord, effect: Effect, result: Answer | NoAnswer, attempt: int, unsent: int
    ) -> Generator[Wish, Result, bool]:
        """Wait for the next attempt, if there may be one."""
        if attempt - unsent >= MOST_ATTEMPTS or unsent >= MOST_UNSENT_ATTEMPTS or not self.inquiry.budget.take():
            return False
        pause = self.inquiry.pause(attempt, result)
        if pause.too_long:
            raise Halt(
                5,
                text(
                    "The vendor asks to wait {seconds} seconds: too long to wait here.", seconds=_whole(pause.seconds)
                ),
            )
        yield Rest(pause.seconds)
        self.inquiry.heed_signals()
        return effect is not Effect.SET or not attempt > unsent or self._in_window(batch)

    def _in_window(self, batch: BatchRecord) -> bool:
        """Whether a value may still be set again: soon after the first attempt, or before any."""
        sent = [
            attempt.started
            for attempt in self.journal.attempts_of(self.run, batch.number)
            if attempt.verdict != NOT_CONNECTED
        ]
        return not sent or 0 <= (self.inquiry.now() - min(sent)).total_seconds() <= self.inquiry.rules.resend_window

    def _give_up(self, result: Answer | NoAnswer, verdict: Verdict) -> None:
        if verdict is Verdict.NOT_PROCESSED:
            raise Halt(5, text("The vendor does not take requests: {why}", why=why_not(result)))
        self._failed += 1
        if self._failed >= FAILED_BATCHES:
            raise Halt(
                5,
                text(
                    "{count} batches in a row had no clear answer, the last one: {why} Nothing more is sent.",
                    count=self._failed,
                    why=why_not(result),
                ),
            )

    def _count_uncertain(self) -> None:
        self._uncertain += 1
        if self._uncertain >= self.destination.most_uncertain:
            raise Halt(
                5,
                text("The fate of a stock movement is not known. Nothing more is sent, so that it can be looked into."),
            )

    def _effect(self, batch: BatchRecord) -> Effect:
        return self.destination.effect(batch.group)

    # --- reading -------------------------------------------------------------------------------------------------

    def _read_baseline(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> _Baseline | None:
        """Read what must be known before the first attempt; without it a lost answer could never be settled.

        It is written with the attempt's intent. None when nothing is to be read.
        """
        read = self.destination.baseline
        if read is None or not self.inquiry.rules.evidence or self._is_fresh(batch, items):
            return None
        if self.destination.keeps_baseline and batch.baseline is not None:
            return None
        payloads = [item.payload for item in items]
        baseline, reads = self._counted(lambda: self.inquiry.learn(lambda: read(batch.group, payloads)))
        if baseline is None:
            self.journal.count_reads(self.run, reads)
            raise Halt(5, NOT_TOLD)
        return _Baseline({**(batch.baseline or {}), **_by_place(items, baseline)}, self.inquiry.now(), reads)

    def _is_fresh(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> bool:
        """Whether it was read just now, for the guards, and nothing of the batch went out since."""
        if batch.baseline is None or batch.baseline_at is None or self.journal.attempts_of(self.run, batch.number):
            return False
        known = all(str(item.place) in batch.baseline for item in items)
        return known and timedelta() <= self.inquiry.now() - batch.baseline_at <= FRESH

    def _still_true(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> Sequence[ItemRecord]:
        """Return the items that may still be sent by what the vendor has now; the others are refused, with the reason.

        What may have been applied is not looked at: that is settled by looking it up.
        """
        recheck = self.destination.recheck
        if recheck is None or any(item.state is not ItemState.PLANNED for item in items):
            return items
        payloads = [item.payload for item in items]
        settings = self.inquiry.rules.settings
        gone, reads = self._counted(lambda: self.inquiry.learn(lambda: recheck(batch.group, payloads, settings)))
        if gone is None:
            self.journal.count_reads(self.run, reads)
            raise Halt(5, NOT_TOLD)
        refused = [Change(place=items[at].place, state=ItemState.REJECTED, reason=why) for at, why in gone.items()]
        self.journal.withdraw(self.run, refused, reads)
        return [item for at, item in enumerate(items) if at not in gone]

    def _read_details(self, batch: BatchRecord, sent: Sequence[ItemRecord]) -> None:
        """Read what the answer did not tell of rows that were just accepted. They stay so whatever comes of it."""
        if self.destination.details is None:
            return
        places = {item.place for item in sent}
        found = self.journal.items_of(self.run, batch.number)
        items = [one for one in found if one.place in places and one.state is ItemState.CONFIRMED]
        if not items or items[0].vendor_id is None:
            return
        payloads = [item.payload for item in items]
        try:
            told, reads = self._converse(self.destination.details(batch.group, payloads, items[0].vendor_id))
        except Halt:
            return
        changes = [
            Change(place=item.place, state=item.state, vendor_id=item.vendor_id, data={**item.data, **told[at]})
            for at, item in enumerate(items)
            if at in told
        ]
        self.journal.record_details(self.run, changes, reads)

    def _converse(self, conversation: Conversation[T]) -> tuple[T, int]:
        """Hold a conversation with the vendor: (what it concluded, reads made). Raises Halt when it cannot be held."""
        return self._counted(lambda: self.inquiry.hold(conversation))

    def _counted(self, ask: Callable[[], T]) -> tuple[T, int]:
        """Ask the vendor: (what it told, reads made). What was written before is durable before that."""
        self.journal.make_durable()
        before = self.inquiry.reads
        try:
            value = ask()
        except Halt:
            self.journal.count_reads(self.run, self.inquiry.reads - before)
            raise
        return value, self.inquiry.reads - before

    def look_up(self, *, only_due: bool, resending: bool = False) -> Ending:
        """Look up every uncertain item once; with `only_due`, those whose next look is due.

        With `resending`, values that `send` will set again anyway are left to it.
        """
        try:
            doubtful = self.journal.batches_with(self.run, _DOUBTFUL)
            for batch in self.journal.batches_of(self.run) if doubtful else ():
                if batch.number not in doubtful:
                    continue
                self.inquiry.heed_signals()
                items = self._doubtful(batch)
                if not items or (resending and self._effect(batch) is Effect.SET and self._in_window(batch)):
                    continue
                if not only_due or self._is_due(batch, items):
                    self._look(batch, items)
        except Halt as halt:
            return halt.ending
        return Ending()

    def in_doubt(self) -> bool:
        """Whether an uncertain item could be settled by looking."""
        return self.destination.look_up is not None and bool(
            self.journal.state_counts(self.run).get(ItemState.UNCERTAIN)
        )

    def _doubtful(self, batch: BatchRecord) -> list[ItemRecord]:
        return [item for item in self.journal.items_of(self.run, batch.number) if item.state in _DOUBTFUL]

    def _is_due(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> bool:
        looks = [look.at for look in self.journal.looks_of(self.run, batch.number)]
        sent_at = self._sent_at(batch)
        moments = [sent_at[item.place] for item in items if item.place in sent_at]
        return bool(moments) and is_due(max(moments), looks, self.inquiry.now(), self.inquiry.rules.patience)

    def _look_now(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> list[ItemRecord]:
        """Look up a creation whose answer was lost, and return what is still to be sent."""
        doubtful = [item for item in items if item.ambiguous]
        try:
            self._look(batch, doubtful)
        except Halt as halt:
            # It was taken, perhaps, and cannot be looked up now: uncertain, never failed.
            raise Halt(
                halt.ending.exit_code or 5, halt.ending.message or text("The vendor could not be asked.")
            ) from halt
        return [item for item in self._still_open(batch, items) if not item.ambiguous or item.place in self._missing]

    def _look(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> None:
        if self.destination.look_up is None:
            return
        doubt = Doubt(
            group=batch.group,
            payloads=tuple(item.payload for item in items),
            token=batch.token,
            baseline=_by_position(items, batch.baseline),
        )
        sightings, reads = self._converse(self.destination.look_up(doubt))
        sightings = self._without_false_evidence(batch, items, sightings)
        now = self.inquiry.now()
        earlier = self.journal.looks_of(self.run, batch.number)
        sent_at = self._sent_at(batch)
        effect = self._effect(batch)
        changes, kept = [], {}
        for sighting in sightings:
            item = items[sighting.position]
            missing = effect is Effect.CREATE and sighting.presence is Presence.ABSENT
            (self._missing.add if missing else self._missing.discard)(item.place)
            situation = Situation(effect, now, sent_at.get(item.place, now), earlier)
            changes.append(conclude(item, sighting, situation, self.inquiry.rules.patience))
            kept[item.place] = sighting_json(sighting)
        self.journal.record_look(self.run, batch.number, now, kept, changes, reads)
        self.log("look", run=self.run, batch=batch.number, rows=len(items), reads=reads)

    def _without_false_evidence(
        self, batch: BatchRecord, items: Sequence[ItemRecord], sightings: Sequence[Sighting]
    ) -> tuple[Sighting, ...]:
        """Take back what was concluded from totals that another run of ours has changed since the first attempt."""
        attempts = self.journal.attempts_of(self.run, batch.number)
        if not attempts or not any(sighting.inferred for sighting in sightings):
            return tuple(sightings)
        moved = self.journal.sent_elsewhere(self.run, attempts[0].started)
        return tuple(
            replace(
                sighting,
                presence=Presence.UNKNOWN,
                note=text("Run {run} moved it since, so nothing can be concluded from the stock now.", run=run),
            )
            if sighting.inferred and (run := moved.get(items[sighting.position].key)) is not None
            else sighting
            for sighting in sightings
        )

    def _sent_at(self, batch: BatchRecord) -> dict[int, datetime]:
        attempts = [
            attempt for attempt in self.journal.attempts_of(self.run, batch.number) if attempt.verdict != NOT_CONNECTED
        ]
        places = {place for attempt in attempts for place in attempt.places}
        found = {place: last_sent(place, attempts, CRASHED) for place in places}
        return {place: moment for place, moment in found.items() if moment is not None}


def settle(
    effect: Effect, verdict: Verdict, reading: Reading | None, items: Sequence[ItemRecord], why: Text
) -> list[Change]:
    """Return what the verdict on one attempt makes of each of its items. Pure; every item gets exactly one change."""
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


def _whole(seconds: float) -> int | str:
    return int(seconds) if seconds < 10**9 else "10^9"


def _by_place(items: Sequence[ItemRecord], baseline: Mapping[str, Json]) -> dict[str, Json]:
    return {str(items[int(position)].place): seen for position, seen in baseline.items()}


def _by_position(items: Sequence[ItemRecord], baseline: Mapping[str, Json] | None) -> Json:
    if baseline is None:
        return None
    return {str(position): baseline.get(str(item.place)) for position, item in enumerate(items)}
