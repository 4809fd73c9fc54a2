"""Several requests in flight: the same outcomes as one by one, never more than allowed, and never with movements."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from etl.core.outcomes import ItemState
from etl.dispatch import RealClock, submission
from etl.flights import AHEAD, Flight, Ready, Shot, Squadron
from etl.inquiry import Ending, Halt, Inquiry, LimitReached, Rules, Sender
from etl.io.journal.records import NOT_CONNECTED
from etl.messages import text
from etl.model import Answer, Effect, NoAnswer, Request
from etl.reconciliation import Patience
from etl.sandbox import Fault, Sandbox
from etl.stops import StoppedNow
from tests.recovery.lab import (
    MOVES,
    PRODUCTS,
    Lab,
    Silent,
    kill,
    movement_values,
    product_values,
    resume_in_child,
    shops,
    start,
)

CONFIGURATION = """
[profiles.default.tusfacturas]
in_flight = 4
usertoken = "env:ETL_TUSFACTURAS_USERTOKEN"
apikey = "env:ETL_TUSFACTURAS_APIKEY"
apitoken = "env:ETL_TUSFACTURAS_APITOKEN"
"""
ROWS = 500
"""Ten requests."""


class Gauge:
    """Counts how many requests are with the sender at once."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._guard = threading.Lock()
        self._now = 0
        self.peak = 0
        self.sent = 0

    def send(self, request: Request, *, effect: Effect, deadline: float) -> Answer | NoAnswer:
        with self._guard:
            self._now += 1
            self.sent += 1
            self.peak = max(self.peak, self._now)
        try:
            return self._sender.send(request, effect=effect, deadline=deadline)
        finally:
            with self._guard:
                self._now -= 1


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    configuration = tmp_path / "etl.toml"
    configuration.write_text(CONFIGURATION)
    configuration.chmod(0o600)
    with Sandbox() as sandbox:
        yield Lab(tmp_path / "home", sandbox, {"ETL_CONFIG": str(configuration)})


def send(lab: Lab, run: str) -> tuple[Ending, Gauge]:
    """Send a planned run through a gauge."""
    settings = lab.settings
    profile = settings.profile("tusfacturas", None)
    with lab.journal() as journal, submission(run, journal, settings, profile, Silent()) as work:
        gauge = work.inquiry.sender = Gauge(work.inquiry.sender)
        ending = work.send()
        assert work.inquiry.used == gauge.sent, "what is counted is what left"
        return ending, gauge


def values(operation: str, rows: int = ROWS) -> list[dict[str, object]]:
    return [product_values(number, operation) for number in range(rows)]


class Witness(Gauge):
    """Looks into the journal with a connection of its own, which sees only what is durable, before a request leaves."""

    def __init__(self, sender: Sender, journal: Path) -> None:
        super().__init__(sender)
        self._journal = journal
        self.early: list[bytes] = []
        self.held: list[bytes] = []

    def send(self, request: Request, *, effect: Effect, deadline: float) -> Answer | NoAnswer:
        body = request.body or b""
        with closing(sqlite3.connect(self._journal, timeout=1, isolation_level=None)) as journal:
            if effect is Effect.READ:
                try:
                    journal.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    self.held.append(body)
            elif not journal.execute(
                "SELECT count(*) FROM attempts JOIN items USING (run, batch)"
                " WHERE body_sha256 = ? AND finished IS NULL AND state = 'sending'",
                (hashlib.sha256(body).hexdigest(),),
            ).fetchone()[0]:
                self.early.append(body)
        return super().send(request, effect=effect, deadline=deadline)


def witnessed(lab: Lab, run: str) -> Witness:
    """Send a planned run before the eyes of a witness."""
    settings = lab.settings
    profile = settings.profile("tusfacturas", None)
    with lab.journal() as journal, submission(run, journal, settings, profile, Silent()) as work:
        witness = work.inquiry.sender = Witness(work.inquiry.sender, lab.home / "journal.db")
        work.send()
        return witness


@pytest.mark.parametrize("operation", ["A", "M"])
def test_every_intent_is_durable_before_its_request_leaves(lab: Lab, operation: str) -> None:
    """Also with several in flight, and when it is written ahead of its turn (I6, T1)."""
    if operation == "M":
        shops(lab, ROWS)
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.02)
    witness = witnessed(lab, lab.plan(PRODUCTS, values(operation)))
    assert witness.sent == ROWS / 50
    assert witness.early == []


def test_nothing_is_held_open_in_the_journal_while_the_vendor_is_asked(lab: Lab) -> None:
    """A lost creation is looked up between answers that are being written: other processes can write meanwhile."""
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.02)
    lab.sandbox.faults.order(Fault.CLOSE_AFTER, times=4, path="productos/administrar")
    witness = witnessed(lab, lab.plan(PRODUCTS, values("A")))
    assert witness.sent > ROWS / 50, "there were reads"
    assert witness.held == witness.early == []


def test_an_answer_and_the_next_intent_cost_one_transaction(lab: Lab) -> None:
    """The disk is waited for once a request, not twice: besides the first ones, one commit an answer at most."""
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.02)
    run = lab.plan(PRODUCTS, values("A", 1000))
    settings = lab.settings
    commits: list[int] = []
    with (
        lab.journal() as journal,
        submission(run, journal, settings, settings.profile("tusfacturas", None), Silent()) as work,
    ):
        event.listen(journal._engine, "commit", lambda _connection: commits.append(1))
        assert work.send() == Ending()
    assert len(commits) <= 20 + 4


@pytest.mark.parametrize("operation", ["A", "M"])
def test_products_go_out_several_at_once_and_each_once(lab: Lab, operation: str) -> None:
    """With in_flight 4, up to four requests are under way, never more, and every row is applied exactly once."""
    if operation == "M":
        shops(lab, ROWS)
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.05)
    run = lab.plan(PRODUCTS, values(operation))
    ending, gauge = send(lab, run)
    assert ending == Ending()
    assert 2 <= gauge.peak <= 4
    assert lab.show(run).counts["accepted"] == ROWS
    assert lab.false_words(run) == []
    assert gauge.sent == ROWS / 50


def test_a_movement_is_alone_in_flight_whatever_the_setting(lab: Lab) -> None:
    """Stock movements go one after another, although the profile allows four requests."""
    shops(lab, 150)
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.03)
    run = lab.plan(MOVES, [movement_values(number) for number in range(150)])
    ending, gauge = send(lab, run)
    assert ending == Ending()
    assert gauge.peak == 1
    assert lab.show(run).counts["accepted"] == 150


def test_refused_credentials_cost_one_request(lab: Lab) -> None:
    """The first request goes alone, so wrong credentials are not shown to the vendor several times."""
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, times=None, status=401)
    run = lab.plan(PRODUCTS, values("A"))
    ending, gauge = send(lab, run)
    assert ending.exit_code == 4
    assert gauge.sent == 1
    assert lab.show(run).counts["not_sent"] == ROWS


def test_what_is_in_flight_at_the_end_is_recorded(lab: Lab) -> None:
    """When one of several requests ends the run, the answers of the others still count: nothing stays half known."""
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.05)
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, nth=5, status=403)
    run = lab.plan(PRODUCTS, values("A"))
    ending, gauge = send(lab, run)
    counts = lab.show(run).counts
    assert ending.exit_code == 4
    assert counts["uncertain"] == 0
    assert counts["accepted"] >= 150
    assert counts["accepted"] + counts["not_sent"] == ROWS
    assert lab.false_words(run) == []
    assert lab.show(run).requests.sent == gauge.sent, "what was to leave next never left, and is no request"
    with lab.journal() as journal:
        held = [one for one in journal.attempts_of(run) if one.verdict == NOT_CONNECTED]
        assert len(held) <= AHEAD
        assert {item.state for one in held for item in journal.items_of(run, one.batch)} <= {ItemState.PLANNED}
    assert lab.resume(run).counts["accepted"] == ROWS


def test_a_refusal_lets_nothing_more_leave(lab: Lab) -> None:
    """Not even what is written ahead: besides those under way with it, nobody shows the refused credentials again."""
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.05)
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, nth=5, times=None, status=401)
    ending, gauge = send(lab, lab.plan(PRODUCTS, values("A", 1000)))
    assert ending.exit_code == 4
    assert gauge.sent <= 4 + 4


@pytest.mark.parametrize("operation", ["A", "M"])
def test_lost_answers_among_several_in_flight_are_settled(lab: Lab, operation: str) -> None:
    """Connections cut after applying, four at a time: each creation is looked up, each value set again; none twice."""
    if operation == "M":
        shops(lab, ROWS)
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.02)
    lab.sandbox.faults.order(Fault.CLOSE_AFTER, times=None, probability=0.3, seed=11, path="productos/administrar")
    run = lab.plan(PRODUCTS, values(operation))
    for _ in range(6):
        if lab.resume(run).exit_code == 0:
            break
        time.sleep(0.7)
    lab.sandbox.faults.clear()
    time.sleep(0.7)
    assert lab.resume(run).counts["accepted"] == ROWS
    assert lab.false_words(run, once=operation == "A") == []


@pytest.mark.parametrize("limit", [1, 2, 5, 9])
def test_requests_are_limited_in_all(lab: Lab, limit: int) -> None:
    """--max-requests holds exactly with several in flight, too: what is written ahead within it goes out."""
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.02)
    run = lab.plan(PRODUCTS, values("A"))
    report = lab.resume(run, max_requests=limit)
    assert (report.exit_code, report.requests.sent) == (5, limit)
    assert report.counts["accepted"] == limit * 50


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("operation", ["A", "M"])
def test_a_kill_with_several_in_flight_doubles_and_loses_nothing(lab: Lab, operation: str) -> None:
    """Kill -9 with four requests under way, again and again: no product is created twice, every row is settled."""
    if operation == "M":
        shops(lab, ROWS)
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.05)
    run = lab.plan(PRODUCTS, values(operation))
    for pause in (0.35, 0.25, 0.3):
        child = start(resume_in_child, lab.environ, str(lab.home), run)
        time.sleep(pause)
        kill(child)
    time.sleep(0.7)
    for _ in range(4):
        report = lab.resume(run)
        if report.exit_code == 0:
            break
        time.sleep(0.7)
    assert report.counts["accepted"] == ROWS
    assert lab.false_words(run, once=operation == "A") == []


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM")
def test_a_second_signal_leaves_what_is_in_flight_uncertain_and_ends_soon(lab: Lab) -> None:
    """It does not wait for four slow answers: they are recorded as unknown, what was to leave next as never sent."""
    slow: dict[str, Any] = {"times": None, "delay": 25.0}
    lab.timing = {**lab.timing, "ETL_TIMEOUT": "60"}
    lab.sandbox.faults.order(Fault.LATENCY, nth=2, **slow)
    run = lab.plan(PRODUCTS, values("A"))
    begun = time.monotonic()
    child = start(resume_in_child, lab.environ, str(lab.home), run)
    while sum(lab.sandbox.tusfacturas.requests.values()) < 5:
        assert time.monotonic() - begun < 30
        time.sleep(0.01)
    asked = time.monotonic()
    for _ in range(2):
        os.kill(child.pid or 0, signal.SIGTERM)
        time.sleep(0.4)
    child.join(20)
    assert child.exitcode == 143
    assert time.monotonic() - asked < 15
    counts = lab.show(run).counts
    assert counts["uncertain"] == 200
    assert counts["not_sent"] == ROWS - 200 - counts["accepted"]


class Answering:
    """A vendor that answers soon, in whatever thread asks, and remembers what left."""

    def __init__(self) -> None:
        self.left: list[int] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def send(self, request: Request, *, effect: Effect, deadline: float) -> Answer | NoAnswer:  # noqa: ARG002
        self.left.append(int(request.path))
        time.sleep(0.005)
        self.may_answer.wait(20)
        return Answer(200, request.body or b"", {})


Told = list[tuple[str, int]]


def _told(place: int, told: Told, end: Callable[[int], None]) -> Flight:
    """A batch that tells what it does, and may end the run when its outcome is written."""
    told.append(("prepared", place))
    yield Ready()
    told.append(("intended", place))
    try:
        yield Shot(Request("POST", str(place), b"{}"), Effect.SET, 5.0)
    except Halt:
        told.append(("never left", place))
        raise
    except StoppedNow:
        told.append(("unknown", place))
        raise
    told.append(("recorded", place))
    end(place)


def _inquiry(sender: Answering, stops: Sequence[int] = ()) -> Inquiry:
    rules = Rules(patience=Patience(1.0, 0.1), resend_window=1.0, retry_base=0.1, deadline=lambda _effect: 5.0)
    return Inquiry(
        sender=sender,
        rules=rules,
        clock=RealClock(),
        rng=random.Random(1),
        stop_code=lambda: stops[0] if stops else None,
    )


def _carry(
    most: int, end: Callable[[int], None] = lambda _place: None, stops: Sequence[int] = ()
) -> tuple[Told, set[int]]:
    """Let thirty batches fly, so many at once: what they told, and which of them left."""
    told: Told = []
    sender = Answering()
    with suppress(Halt):
        Squadron(_inquiry(sender, stops), most).fly(_told(place, told, end) for place in range(30))
    assert len(sender.left) == len(set(sender.left))
    return told, set(sender.left)


def places(told: Told, step: str) -> set[int]:
    return {place for one, place in told if one == step}


def test_the_next_batches_are_prepared_while_the_others_are_under_way() -> None:
    """As many as may fly are ready; few intents are ahead of the places, and none before the first answer."""
    told, _left = _carry(3)
    assert sorted(told) == sorted((step, place) for place in range(30) for step in ("prepared", "intended", "recorded"))
    for at in range(len(told)):
        done = Counter(step for step, _ in told[: at + 1])
        assert done["intended"] - done["recorded"] <= (3 + AHEAD if done["recorded"] else 1)
        assert done["prepared"] - done["intended"] <= 3
    assert told.index(("prepared", 1)) < told.index(("recorded", 0))


def _refuse(place: int) -> None:
    if place == 7:
        raise Halt(4, text("Stopped on request."))


def test_nothing_leaves_after_a_halt() -> None:
    """Refused credentials stop what is ready; what was to leave next says that it did not; the others are recorded."""
    told, left = _carry(3, _refuse)
    halted = told.index(("recorded", 7))
    assert places(told[halted:], "intended") == places(told[halted:], "prepared") == set()
    assert places(told, "recorded") == left
    assert places(told, "never left") == places(told, "intended") - left
    assert len(places(told, "never left")) <= AHEAD


def test_nothing_leaves_after_a_signal() -> None:
    """A signal holds back what was to leave next, although its intent is written; it is no request in doubt."""
    stops: list[int] = []
    told, left = _carry(3, lambda place: stops.append(130) if place == 7 else None, stops)
    asked = told.index(("recorded", 7))
    assert places(told[:asked], "intended") >= left
    assert places(told, "recorded") == left
    assert places(told, "never left") == places(told, "intended") - left


def test_what_is_counted_already_still_leaves_when_the_limit_is_reached() -> None:
    """The person's limit ends what is begun, not what is about to leave within it: the number is exact."""

    def spent(place: int) -> None:
        if place == 7:
            raise LimitReached(10)

    told, left = _carry(3, spent)
    assert places(told, "never left") == set()
    assert places(told, "intended") == places(told, "recorded") == left


def test_a_second_signal_tells_what_left_from_what_did_not() -> None:
    """Three are under way and two were to leave next: of those nothing is in doubt."""
    told: Told = []
    sender = Answering()

    def hold(_place: int) -> None:
        sender.may_answer.clear()

    def flights() -> Iterator[Flight]:
        yield from (_told(place, told, hold) for place in range(8))
        raise StoppedNow(signal.SIGTERM)

    with pytest.raises(StoppedNow):
        Squadron(_inquiry(sender), 3).fly(flights())
    sender.may_answer.set()
    assert (places(told, "recorded"), places(told, "unknown")) == ({0}, {1, 2, 3})
    assert places(told, "never left") == {4, 5}
