"""kill -9 at random moments, in each mood of the vendor: nothing doubled, nothing lost, no false word (SUB-1)."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import Lab, kill, resume_in_child, start
from tests.recovery.trades import TRADES, Trade

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")

ROWS = 150
"""Three requests and three reads a run."""


MOODS = ("clean", "answers_lost", "late_504")


def faults(sandbox: Sandbox, mood: str, seed: int, trade: Trade) -> None:
    sandbox.faults.clear()
    sandbox.faults.order(Fault.LATENCY, times=None, delay=0.012)
    if mood == "answers_lost":
        sandbox.faults.order(Fault.CLOSE_BEFORE, times=None, probability=0.04, seed=seed)
        sandbox.faults.order(Fault.CLOSE_AFTER, times=None, probability=0.12, seed=seed + 1)
    if mood == "late_504":
        order = {"times": None, "probability": 0.15, "seed": seed, "status": 504, "delay": 0.3}
        sandbox.faults.order(Fault.STATUS_LATER, **trade.submissions, **order)


def kill_often(lab: Lab, trade: Trade, mood: str, kills: int, seed: int, rows: int = ROWS) -> dict[str, int]:
    """Kill `kills` processes that work on runs of a trade, and return how the rows ended, over all runs."""
    rng = random.Random(seed)
    killed = 0
    counts: dict[str, int] = {}
    while killed < kills:
        lab.sandbox.reset()
        faults(lab.sandbox, mood, rng.randrange(10**6), trade)
        run = lab.plan_trade(trade, rows)
        for _ in range(6):
            child = start(resume_in_child, lab.environ, str(lab.home), run)
            _let_it_work(lab, child, rng, trade)
            killed += child.is_alive()
            kill(child)
            if child.exitcode is not None and child.exitcode in {0, 1}:
                break
            lab.sandbox.settle()
            assert lab.false_words(run, once=trade.once) == [], f"seed {seed}, mood {mood}, after {killed} kills"
        lab.sandbox.faults.clear()
        lab.sandbox.settle()
        _settle(lab, run, trade, seed, rows)
        for outcome, count in lab.show(run).counts.items():
            counts[outcome] = counts.get(outcome, 0) + count
    return counts


def _let_it_work(lab: Lab, child: BaseProcess, rng: random.Random, trade: Trade) -> None:
    """Wait until the child has asked the vendor something, and then a random while; sometimes not even that."""
    if rng.random() < 0.1:
        child.join(rng.random() * 0.3)
        return
    before = trade.arrived(lab.sandbox)
    until = time.monotonic() + 20
    while child.is_alive() and trade.arrived(lab.sandbox) == before and time.monotonic() < until:
        time.sleep(0.002)
    child.join(rng.random() ** 2 * 0.3)


def _settle(lab: Lab, run: str, trade: Trade, seed: int, rows: int) -> None:
    """On a quiet vendor, go on until nothing changes: what can be known must be known now (I12)."""
    time.sleep(0.65)
    for _ in range(8):
        report = lab.resume(run)
        assert lab.false_words(run, once=trade.once) == [], f"seed {seed}"
        if report.exit_code == 0:
            break
        time.sleep(0.1)
    assert trade.is_settled(lab.show(run), rows), lab.show(run).counts


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        yield Lab(tmp_path / "home", sandbox)


ALWAYS = ("moves-A", "moves-B", "creates", "sets", "receives")
CHOSEN = [
    *((name, mood) for name in ALWAYS for mood in MOODS),
    ("consumes", "answers_lost"),
    ("counts", "late_504"),
    ("corrects", "late_504"),
    ("justo", "answers_lost"),
]


@pytest.mark.parametrize(("name", "mood"), CHOSEN)
def test_kill_at_random_moments(lab: Lab, name: str, mood: str) -> None:
    """A few kills of each kind, in every suite."""
    kill_often(lab, TRADES[name], mood, kills=3, seed=20_260_302)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", TRADES)
@pytest.mark.parametrize("mood", MOODS)
def test_kill_at_random_moments_at_length(lab: Lab, name: str, mood: str) -> None:
    """SUB-1: 500 kills for stock, 100 for the others, in each mood."""
    kills = 500 if name == "moves-A" else 100
    print(kill_often(lab, TRADES[name], mood, kills=kills, seed=7))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["creates", "sets"])
@pytest.mark.parametrize("mood", MOODS)
def test_kill_with_several_in_flight_at_length(lab: Lab, name: str, mood: str) -> None:
    """The same with four requests in flight, and the intents of the next ones written ahead."""
    several = lab.home.with_name("etl.toml")
    keys = [f'{key} = "env:ETL_TUSFACTURAS_{key.upper()}"' for key in ("usertoken", "apikey", "apitoken")]
    several.write_text("\n".join(["[profiles.default.tusfacturas]", "in_flight = 4", *keys]))
    several.chmod(0o600)
    lab.timing = {"ETL_CONFIG": str(several)}
    print(kill_often(lab, TRADES[name], mood, kills=50, seed=11, rows=600))
