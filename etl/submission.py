"""Sends a planned run: intents, attempts by verdict, outcomes. Imports no pandas.

The order of the lines is the safety of the program: the intent is durable before the connection is opened, the outcome
soon after the answer, and an item whose attempt ended unclear is never sent again without proof that nothing happened
(unless sending it twice is harmless, and then only for a while).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from etl.consequences import settle
from etl.core.outcomes import ItemState
from etl.core.verdict import MOST_ATTEMPTS, MOST_UNSENT_ATTEMPTS, Verdict, judge
from etl.evidence import Baseline, Evidence
from etl.flights import Flight, Ready, Rest, Result, Settled, Shot, Squadron, Wish, fly
from etl.inquiry import NOTHING, Ending, Halt, Inquiry, describe_refusal, why_not
from etl.io.journal.records import NOT_CONNECTED, BatchRecord, Change, Closing, ItemRecord, Journal
from etl.lookups import Lookups
from etl.messages import text
from etl.model import Answer, Effect, Failure, NoAnswer, Reading, Request
from etl.questions import Questions
from etl.stops import StoppedNow
from etl.vendors.base import Destination

FAILED_BATCHES = 3
"""Consecutive batches without an end after which a run stops (RET-5)."""
KEPT_ANSWER = 64 * 1024
_SENDABLE = frozenset({ItemState.PLANNED, ItemState.UNCERTAIN})
_SETTLED = frozenset({ItemState.CONFIRMED, ItemState.REJECTED})


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
    _asking: Questions = field(init=False)
    _evidence: Evidence = field(init=False)
    lookups: Lookups = field(init=False)
    """Looks up what is in doubt."""

    def __post_init__(self) -> None:
        """Put together what asks on behalf of this run."""
        self._asking = Questions(run=self.run, destination=self.destination, journal=self.journal, inquiry=self.inquiry)
        self._evidence = Evidence(self._asking)
        self.lookups = Lookups(self._asking, self.log)

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
        effect = self._asking.effect(batch)
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
        resendable = doubtful and self._asking.effect(batch) is Effect.SET and self._asking.may_set_again(batch)
        return [
            item
            for item in items
            if item.state is ItemState.PLANNED
            or (item.state is ItemState.UNCERTAIN and (resendable or item.place in self.lookups.missing))
        ]

    def _send_batch(self, batch: BatchRecord, items: Sequence[ItemRecord], size: int) -> Flight:
        """Send the items of a batch, which has `size` of them in all, until they are settled or cannot be."""
        effect = self._asking.effect(batch)
        items = self._evidence.still_true(batch, items)
        baseline = None
        if effect is Effect.DELTA and items:
            self.inquiry.require(self._requests_of_document(batch, items))
            baseline = self._evidence.read_baseline(batch, items)
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
                self.lookups.look_now(batch, [item for item in items if item.ambiguous])
                items = [
                    i for i in self._still_open(batch, items) if not i.ambiguous or i.place in self.lookups.missing
                ]
                if not items and self.lookups.doubtful(batch):
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
        self._evidence.read_details(batch, sent)

    def _requests_of_document(self, batch: BatchRecord, items: Sequence[ItemRecord]) -> int:
        """Return how many requests a batch needs, with the parts of its document that come after it.

        A document that is sent in parts is begun only when all of it fits into the person's limit.
        """
        reads = self.destination.reads_per_batch if self.inquiry.rules.evidence else 0
        own = 1 if self._evidence.is_fresh(batch, items) else 1 + reads
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
        baseline: Baseline | None,
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
        verdict = judge(effect, result, reading, denied=self.inquiry.is_denied(result))
        changes = self._settle(batch, items, result, verdict, reading)
        settled = all(change.state in _SETTLED for change in changes)
        if settled:
            yield Settled()
        self._record(batch, number, result, verdict, changes)
        return result, verdict, settled

    def _intend(
        self, batch: BatchRecord, items: Sequence[ItemRecord], request: Request, baseline: Baseline | None
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

    def _keep(self, batch: BatchRecord, baseline: Baseline | None) -> None:
        if baseline is not None:
            self.journal.note_baseline(self.run, batch.number, baseline.known, baseline.at, baseline.reads)

    def _request(self, batch: BatchRecord, items: Sequence[ItemRecord], *, whole: bool) -> Request:
        """Build the request of these items; the whole batch goes out with exactly the bytes of the plan (I8).

        So does what is put in place of a document: it would lose the lines of the items that are settled.
        """
        if whole or self.destination.indivisible(batch.group):
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
        changes = settle(self._asking.effect(batch), verdict, reading, items, why_not(result))
        if self.destination.bisects and len(items) > 1 and all(one.state is ItemState.REJECTED for one in changes):
            # A definite no to all of them: they are sent again in parts, until the bad ones are alone.
            return [one._replace(state=ItemState.PLANNED) for one in changes]
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
        replaces = self._asking.effect(batch) is Effect.SET and not self.destination.can_be_looked_up
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
        return effect is not Effect.SET or not attempt > unsent or self._asking.may_set_again(batch)

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


def _whole(seconds: float) -> int | str:
    return int(seconds) if seconds < 10**9 else "10^9"
