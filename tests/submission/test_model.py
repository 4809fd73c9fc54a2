"""The state machine against a simulated vendor: random faults, crashes, waits, looks and operators (SUB-3, SUB-4)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import etl.consequences
import etl.reconciliation
import etl.submission
from etl.core.outcomes import ItemState
from etl.core.verdict import Verdict, judge
from etl.io.journal.records import Change
from etl.io.journal.sql import SqlJournal
from etl.messages import text
from etl.model import Answer, Effect, NoAnswer, Request
from etl.submission import Submission
from tests.submission.bench_of_runs import Bench
from tests.submission.simulated import FAULTS, HORIZON, Crash

KINDS = ("totals", "records", "create", "set")


class RunMachine(RuleBasedStateMachine):
    """A run, a vendor that may do anything the verdict table knows, and a person who decides truthfully."""

    submission_class: type[Submission] = Submission
    kinds: tuple[str, ...] = KINDS
    faults: tuple[str, ...] = FAULTS

    @initialize(data=st.data(), count=st.integers(1, 7))
    def begin(self, data: st.DataObject, count: int) -> None:
        kind = data.draw(st.sampled_from(self.kinds))
        self.bench = Bench(kind, count, submission_class=self.submission_class)
        self.intents: list[str] = []
        self.bench.vendor.on_send = self._check_intent
        if data.draw(st.booleans()):
            self.bench.vendor.unknown.add("k0")

    def _check_intent(self) -> None:
        """I6: whoever is being sent stands in the journal as `sending`."""
        if ItemState.SENDING not in self.bench.states().values():
            self.intents.append("I6: a request without an intent in the journal")

    def _do(self, work: Callable[[], Any]) -> None:
        with contextlib.suppress(Crash):
            work()

    def _draw_faults(self, data: st.DataObject) -> list[str]:
        return data.draw(st.lists(st.sampled_from(self.faults), max_size=5))

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        faults = self._draw_faults(data)
        self._do(lambda: self.bench.send(faults))

    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        self.bench.vendor.script.extend(self._draw_faults(data))
        self._do(self.bench.resume)
        self.bench.vendor.script.clear()

    @rule()
    def reconcile(self) -> None:
        self._do(self.bench.look)

    @rule(seconds=st.sampled_from([1.0, 61.0, 130.0, 500.0, HORIZON]))
    def wait(self, seconds: float) -> None:
        self.bench.clock.sleep(seconds)

    @rule(pick=st.integers(0, 6))
    def operator_decides(self, pick: int) -> None:
        """An operator says what is true, once nothing is in flight any more."""
        if self.bench.vendor.late:
            return
        open_states = {ItemState.UNCERTAIN, ItemState.ABSENT}
        items = [i for i in self.bench.journal.items_of(self.bench.run) if i.state in open_states]
        if not items:
            return
        item = items[pick % len(items)]
        applied = bool(self.bench.vendor.applied[item.key[0]])
        change = Change(place=item.place, state=ItemState.CONFIRMED if applied else ItemState.PLANNED)
        self.bench.journal.record_word(
            self.bench.run, [change], who="ana", applied=applied, why="seen", at=self.bench.clock.now()
        )

    @invariant()
    def truth(self) -> None:
        if hasattr(self, "bench"):
            assert not self.bench.violations()
            assert not self.intents


def explore(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_row_is_doubled_lost_or_falsely_reported() -> None:
    """I1, I2, I3 and I6 hold whatever the vendor, the process and the clock do."""
    explore(RunMachine, 100, 20)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_no_row_is_doubled_lost_or_falsely_reported_at_length() -> None:
    """The same, at the length of SUB-3."""
    explore(RunMachine, 20_000, 50)


def _judged(statuses: set[int], verdict: Verdict) -> Callable[..., Verdict]:
    def wrong(effect: Effect, result: Answer | NoAnswer, reading: Any, *, denied: bool = False) -> Verdict:
        if isinstance(result, Answer) and result.status in statuses:
            return verdict
        return judge(effect, result, reading, denied=denied)

    return wrong


def resend_uncertain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Submission,
        "_sendable",
        lambda _self, _batch, items: [item for item in items if item.state in {ItemState.PLANNED, ItemState.UNCERTAIN}],
    )


def intent_after_send(patch: pytest.MonkeyPatch) -> None:
    honest = Submission._attempt

    def wrong(self: Submission, batch: Any, items: Any, effect: Effect, baseline: Any, *, whole: bool) -> Any:
        request = self._request(batch, items, whole=whole)
        early = self.inquiry.sender.send(request, effect=effect, deadline=60.0)

        class Replay:
            def send(self, *_args: Any, **_named: Any) -> Any:
                return early

        real, self.inquiry.sender = self.inquiry.sender, Replay()
        try:
            return (yield from honest(self, batch, items, effect, baseline, whole=whole))
        finally:
            self.inquiry.sender = real

    patch.setattr(Submission, "_attempt", wrong)


def gateway_timeout_is_rejected(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(etl.submission, "judge", _judged({504}, Verdict.REFUSED))


def gateway_timeout_is_planned(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(etl.submission, "judge", _judged({504}, Verdict.NOT_PROCESSED))


def lost_is_confirmed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(etl.consequences, "_doubted", lambda item, _why: Change(place=item.place, state=ItemState.CONFIRMED))


def recover_to_planned(patch: pytest.MonkeyPatch) -> None:
    honest = SqlJournal.recover

    def wrong(self: SqlJournal, account: str, names: Any, at: Any) -> int:
        run = self.find_runs("")[0]
        crashed = [item.place for item in self.items_of(run) if item.state is ItemState.SENDING]
        found = honest(self, account, names, at)
        changes = [Change(place=place, state=ItemState.PLANNED) for place in crashed]
        if changes:
            self.record_word(run, changes, who="bug", applied=False, why="bug", at=at)
        return found

    patch.setattr(SqlJournal, "recover", wrong)


def no_horizon(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(etl.reconciliation.Situation, "past", lambda _self, _seconds, _at=None: True)


def forget_ambiguity(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        etl.consequences,
        "_not_processed",
        lambda item, why: Change(place=item.place, state=ItemState.PLANNED, reason=why),
    )


def refusal_settles_doubt(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        etl.consequences,
        "_rejected",
        lambda _effect, item, words: Change(place=item.place, state=ItemState.REJECTED, reason=words),
    )


def short_answer_is_planned(patch: pytest.MonkeyPatch) -> None:
    honest = etl.consequences._read_change

    def wrong(effect: Effect, entry: Any, item: Any) -> Change:
        if entry is None:
            return Change(place=item.place, state=ItemState.PLANNED, reason=text("missing"))
        return honest(effect, entry, item)

    patch.setattr(etl.consequences, "_read_change", wrong)


MOVES = ("totals", "records")
BUGS = (
    (resend_uncertain, MOVES, ("lost_after", "fine")),
    (intent_after_send, MOVES, ("fine",)),
    (gateway_timeout_is_rejected, KINDS, ("504_after", "fine")),
    (gateway_timeout_is_planned, KINDS, ("504_after", "504_late", "fine")),
    (lost_is_confirmed, KINDS, ("lost_before", "fine")),
    (recover_to_planned, KINDS, ("crash_after", "fine")),
    (no_horizon, KINDS, ("504_late", "fine")),
    (forget_ambiguity, ("set",), ("lost_after", "401", "fine")),
    (refusal_settles_doubt, ("set", "create"), ("lost_after", "400")),
    (short_answer_is_planned, KINDS, ("short_answer", "fine")),
)


@pytest.mark.parametrize(("bug", "kinds", "faults"), BUGS, ids=[bug.__name__ for bug, _kinds, _faults in BUGS])
def test_the_model_finds_seeded_bugs(
    bug: Callable[[pytest.MonkeyPatch], None],
    kinds: tuple[str, ...],
    faults: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The test has teeth: each of these mistakes is found within 500 examples."""
    bug(monkeypatch)
    focused = type("Focused", (RunMachine,), {"kinds": kinds, "faults": faults})
    with pytest.raises(AssertionError, match=r"I[1236]:"):
        explore(focused, 500, 20)


def test_what_was_read_before_a_movement_is_kept_when_nothing_is_sent() -> None:
    """A signal during the read: the movement does not leave, and the read and what it told are in the journal."""
    bench = Bench("totals", 2)
    work = bench.submission()
    sender = work.inquiry.sender

    class Signalled:
        def send(self, request: Request, *, effect: Effect, deadline: float) -> Answer | NoAnswer:
            bench.stop.append(130)
            return sender.send(request, effect=effect, deadline=deadline)

    work.inquiry.sender = Signalled()
    assert work.send().exit_code == 130
    assert bench.vendor.sent == []
    assert bench.journal.run(bench.run).reads == 1
    assert bench.journal.batches_of(bench.run)[0].baseline == {"0": 0, "1": 0}
    assert set(bench.states().values()) == {ItemState.PLANNED}
