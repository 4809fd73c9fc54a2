"""Several requests in flight: the same outcomes as one by one, never more than allowed, and never with movements."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etl.dispatch import RealClock, submission
from etl.flights import Flight, Ready, Shot, Squadron
from etl.inquiry import Ending, Halt, Inquiry, Rules, Sender
from etl.messages import text
from etl.model import Answer, Effect, NoAnswer, Request
from etl.reconciliation import Patience
from etl.sandbox import Fault, Sandbox
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
        return work.send(), gauge


def values(operation: str, rows: int = ROWS) -> list[dict[str, object]]:
    return [product_values(number, operation) for number in range(rows)]


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
    ending, _gauge = send(lab, run)
    counts = lab.show(run).counts
    assert ending.exit_code == 4
    assert counts["uncertain"] == 0
    assert counts["accepted"] >= 150
    assert counts["accepted"] + counts["not_sent"] == ROWS
    assert lab.false_words(run) == []
    assert lab.resume(run).counts["accepted"] == ROWS


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


def test_requests_are_limited_in_all(lab: Lab) -> None:
    """--max-requests holds with several in flight, too."""
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=0.02)
    run = lab.plan(PRODUCTS, values("A"))
    report = lab.resume(run, max_requests=5)
    assert (report.exit_code, report.requests.sent) == (5, 5)
    assert report.counts["accepted"] == 250


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


def _stopped_twice(environ: dict[str, str], home: str, run: str) -> None:
    """Resume, and send itself two signals while requests are in flight."""

    def signals() -> None:
        time.sleep(0.6)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.4)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=signals, daemon=True).start()
    resume_in_child(environ, home, run)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM")
def test_a_second_signal_leaves_what_is_in_flight_uncertain_and_ends_soon(lab: Lab) -> None:
    """The second signal does not wait for four slow answers: they are recorded as unknown, and the process ends."""
    slow: dict[str, Any] = {"times": None, "delay": 25.0}
    lab.timing = {**lab.timing, "ETL_TIMEOUT": "60"}
    lab.sandbox.faults.order(Fault.LATENCY, nth=2, **slow)
    run = lab.plan(PRODUCTS, values("A"))
    begun = time.monotonic()
    child = start(_stopped_twice, lab.environ, str(lab.home), run)
    child.join(20)
    assert child.exitcode == 143
    assert time.monotonic() - begun < 15
    counts = lab.show(run).counts
    assert counts["uncertain"] == 200
    assert counts["not_sent"] == ROWS - 200 - counts["accepted"]


class Answering:
    """A vendor that answers soon, in whatever thread asks."""

    def send(self, request: Request, *, effect: Effect, deadline: float) -> Answer | NoAnswer:  # noqa: ARG002
        time.sleep(0.005)
        return Answer(200, request.body or b"", {})


def _told(place: int, told: list[tuple[str, int]], refused: int | None) -> Flight:
    """A batch that tells what it does, and ends the run when it is the refused one."""
    told.append(("prepared", place))
    yield Ready()
    told.append(("sent", place))
    yield Shot(Request("POST", "x", b"{}"), Effect.SET, 5.0)
    told.append(("recorded", place))
    if place == refused:
        raise Halt(4, text("Stopped on request."))


def _inquiry() -> Inquiry:
    rules = Rules(patience=Patience(1.0, 0.1), resend_window=1.0, retry_base=0.1, deadline=lambda _effect: 5.0)
    return Inquiry(sender=Answering(), rules=rules, clock=RealClock(), rng=random.Random(1))


def test_the_next_batches_are_prepared_while_the_others_are_under_way() -> None:
    """A free place is taken at once: as many as may fly are ready, and none is sent before its turn."""
    told: list[tuple[str, int]] = []
    Squadron(_inquiry(), 3).fly(_told(place, told, None) for place in range(30))
    assert sorted(told) == sorted((step, place) for place in range(30) for step in ("prepared", "sent", "recorded"))
    for at in range(len(told)):
        done = Counter(step for step, _ in told[: at + 1])
        assert done["sent"] - done["recorded"] <= (3 if done["recorded"] else 1)
        assert done["prepared"] - done["sent"] <= 3
    assert told.index(("prepared", 1)) < told.index(("recorded", 0))


def test_what_is_prepared_is_not_sent_after_a_halt() -> None:
    """Refused credentials stop the batch that was ready, too; those under way are still recorded."""
    told: list[tuple[str, int]] = []
    squadron = Squadron(_inquiry(), 3)
    with pytest.raises(Halt):
        squadron.fly(_told(place, told, 7) for place in range(30))
    halted = told.index(("recorded", 7))
    assert not [step for step, _ in told[halted:] if step in {"sent", "prepared"}]
    assert Counter(step for step, _ in told)["sent"] == Counter(step for step, _ in told)["recorded"] < 30
