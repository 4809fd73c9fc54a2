"""kill -9 at random moments, in each mood of the vendor: nothing doubled, nothing lost, no false word (SUB-1)."""

from __future__ import annotations

import random
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import (
    MOVES,
    PRODUCTS,
    Lab,
    kill,
    movement_values,
    product_values,
    resume_in_child,
    shops,
    start,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")

ROWS = 150
"""Three requests and three reads a run."""


def faults(sandbox: Sandbox, mood: str, seed: int) -> None:
    sandbox.faults.clear()
    sandbox.faults.order(Fault.LATENCY, times=None, delay=0.012)
    if mood == "answers_lost":
        sandbox.faults.order(Fault.CLOSE_BEFORE, times=None, probability=0.04, seed=seed)
        sandbox.faults.order(Fault.CLOSE_AFTER, times=None, probability=0.12, seed=seed + 1)
    if mood == "late_504":
        for path in ("productos/stock", "productos/administrar"):
            order = {"path": path, "times": None, "probability": 0.15, "seed": seed, "status": 504, "delay": 0.3}
            sandbox.faults.order(Fault.STATUS_LATER, **order)


def values_of(to: str, operation: str) -> list[dict[str, object]]:
    make = movement_values if to == MOVES else product_values
    return [make(number, operation) for number in range(ROWS)]


def kill_often(lab: Lab, to: str, operation: str, mood: str, kills: int, seed: int) -> dict[str, int]:
    """Kill `kills` processes that work on runs of `to`, and return how the rows ended, over all runs."""
    rng = random.Random(seed)
    killed = 0
    counts: dict[str, int] = {}
    while killed < kills:
        lab.sandbox.reset()
        if operation != "A" or to == MOVES:
            shops(lab, ROWS)
        faults(lab.sandbox, mood, rng.randrange(10**6))
        run = lab.plan(to, values_of(to, operation))
        for _ in range(6):
            child = start(resume_in_child, lab.environ, str(lab.home), run)
            _let_it_work(lab, child, rng)
            killed += child.is_alive()
            kill(child)
            if child.exitcode is not None and child.exitcode in {0, 1}:
                break
            lab.sandbox.settle()
            assert lab.false_words(run, once=operation != "M") == [], f"seed {seed}, mood {mood}, after {killed} kills"
        lab.sandbox.faults.clear()
        lab.sandbox.settle()
        _settle(lab, run, operation, seed)
        for outcome, count in lab.show(run).counts.items():
            counts[outcome] = counts.get(outcome, 0) + count
    return counts


def _let_it_work(lab: Lab, child: BaseProcess, rng: random.Random) -> None:
    """Wait until the child has asked the vendor something, and then a random while; sometimes not even that."""
    if rng.random() < 0.1:
        child.join(rng.random() * 0.3)
        return
    before = sum(lab.sandbox.tusfacturas.requests.values())
    until = time.monotonic() + 20
    while child.is_alive() and sum(lab.sandbox.tusfacturas.requests.values()) == before and time.monotonic() < until:
        time.sleep(0.002)
    child.join(rng.random() ** 2 * 0.3)


def _settle(lab: Lab, run: str, operation: str, seed: int) -> None:
    """On a quiet vendor, go on until nothing changes: what can be known must be known now (I12)."""
    time.sleep(0.65)
    for _ in range(8):
        report = lab.resume(run)
        assert lab.false_words(run, once=operation != "M") == [], f"seed {seed}"
        if report.exit_code == 0:
            break
        time.sleep(0.1)
    counts = lab.show(run).counts
    if operation == "M" or (operation == "A" and len(lab.applied(run)) and lab.show(run).to == PRODUCTS):
        assert counts["accepted"] == ROWS, counts
    else:
        assert counts["accepted"] + counts["uncertain"] == ROWS, counts


CASES = [(MOVES, "A"), (MOVES, "B"), (PRODUCTS, "A"), (PRODUCTS, "M")]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    with Sandbox() as sandbox:
        yield Lab(tmp_path / "home", sandbox)


@pytest.mark.parametrize(("to", "operation"), CASES)
@pytest.mark.parametrize("mood", ["clean", "answers_lost", "late_504"])
def test_kill_at_random_moments(lab: Lab, to: str, operation: str, mood: str) -> None:
    """A few kills of each kind, in every suite."""
    kill_often(lab, to, operation, mood, kills=3, seed=20_260_302)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("to", "operation"), CASES)
@pytest.mark.parametrize("mood", ["clean", "answers_lost", "late_504"])
def test_kill_at_random_moments_at_length(lab: Lab, to: str, operation: str, mood: str) -> None:
    """SUB-1: 500 kills for stock, 100 for products, in each mood."""
    kills = 500 if to == MOVES and operation == "A" else 100
    print(kill_often(lab, to, operation, mood, kills=kills, seed=7))
