"""A run ended at named points in four ways: whatever happens there, the journal tells the truth afterwards (SUB-2)."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine.default import DefaultDialect

from etl.errors import JournalError
from etl.io import deadline
from etl.io.journal.sql import SqlJournal
from etl.io.transport import HttpTransport
from etl.messages import text
from etl.sandbox import Fault, Sandbox
from etl.vendors.base import Exchange
from tests.recovery.lab import Lab, kill, resume_in_child, start
from tests.recovery.trades import TRADES, Trade

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")

ROWS = 120
POINTS: dict[str, tuple[type, str, str]] = {
    "before the baseline is kept": (SqlJournal, "note_baseline", "before"),
    "after the baseline is kept": (SqlJournal, "note_baseline", "after"),
    "before the intent": (SqlJournal, "intend", "before"),
    "after the intent": (SqlJournal, "intend", "after"),
    "before a commit": (DefaultDialect, "do_commit", "before"),
    "after a commit": (DefaultDialect, "do_commit", "after"),
    "before the connection": (deadline.DeadlineBackend, "connect_tcp", "before"),
    "after the connection": (deadline.DeadlineBackend, "connect_tcp", "after"),
    "before the body": (deadline.DeadlineStream, "write", "before"),
    "after the body": (deadline.DeadlineStream, "write", "after"),
    "before the answer": (deadline.DeadlineStream, "read", "before"),
    "within the answer": (deadline.DeadlineStream, "read", "after"),
    "after the answer": (HttpTransport, "send", "after"),
    "while parsing": (Exchange, "read", "after"),
    "before the outcome": (SqlJournal, "record", "before"),
    "after the outcome": (SqlJournal, "record", "after"),
    "before the details are kept": (SqlJournal, "record_details", "before"),
    "after the details are kept": (SqlJournal, "record_details", "after"),
    "before the end": (SqlJournal, "finish", "before"),
    "after the end": (SqlJournal, "finish", "after"),
}
ENDINGS = ("kill", "term", "exception", "full disk")


class SeededError(Exception):
    """A bug that shows at the failpoint."""


def _end(how: str, owner: type) -> None:
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "term":
        os.kill(os.getpid(), signal.SIGTERM)
    if how == "exception":
        raise SeededError
    if how == "full disk":
        if owner is SqlJournal:
            raise JournalError(text("database or disk is full"))
        raise OSError(errno.ENOSPC, "No space left on device")


def _plant(point: str, how: str, nth: int) -> None:
    """Make the `nth` pass of a point end the process in this way."""
    owner, name, when = POINTS[point]
    passes = iter(range(1, 1_000_000))
    if owner is Exchange:
        import etl.submission as module  # noqa: PLC0415

        module.settle = _wrapped(module.settle, SqlJournal, when, how, nth, passes)  # type: ignore[attr-defined]
        return
    setattr(owner, name, _wrapped(getattr(owner, name), owner, when, how, nth, passes))


def _wrapped(
    real: Callable[..., Any], owner: type, when: str, how: str, nth: int, passes: Iterator[int]
) -> Callable[..., Any]:
    def planted(*args: Any, **named: Any) -> Any:
        hit = next(passes) == nth
        if hit and when == "before":
            _end(how, owner)
        result = real(*args, **named)
        if hit and when == "after":
            _end(how, owner)
        return result

    return planted


def resume_with_a_failpoint(environ: dict[str, str], home: str, run: str, point: str, how: str, nth: int) -> None:
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the child's traceback of a seeded exception
    _plant(point, how, nth)
    resume_in_child(environ, home, run)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def check(sandbox: Sandbox, folder: Path, trade: Trade, point: str, how: str, nth: int) -> None:
    sandbox.reset()
    sandbox.faults.clear()
    sandbox.faults.order(Fault.LATENCY, times=None, delay=0.002)
    lab = Lab(folder / "home", sandbox, {"ETL_RECONCILE_HORIZON": "0.3"})
    run = lab.plan_trade(trade, ROWS)
    child = start(resume_with_a_failpoint, lab.environ, str(lab.home), run, point, how, nth)
    child.join(30)
    kill(child)
    sandbox.settle()
    assert lab.false_words(run, once=trade.once) == []
    time.sleep(0.31)
    for _ in range(5):
        report = lab.resume(run)
        assert lab.false_words(run, once=trade.once) == []
        if report.exit_code == 0:
            break
        time.sleep(0.06)
    assert trade.is_settled(lab.show(run), ROWS), lab.show(run).counts


NAMES = tuple(TRADES)
SAMPLE = [
    *((NAMES[at % 4], point, ENDINGS[(at // 2) % len(ENDINGS)]) for at, point in enumerate(POINTS)),
    *(
        (NAMES[4 + at % (len(NAMES) - 4)], point, ENDINGS[(1 + at // 2) % len(ENDINGS)])
        for at, point in enumerate(POINTS)
    ),
]


@pytest.mark.parametrize(("name", "point", "how"), SAMPLE)
def test_the_truth_survives_a_failpoint(name: str, point: str, how: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """Every point, the kinds of submission and the ways to end in turn."""
    check(sandbox, tmp_path, TRADES[name], point, how, nth=2)


@pytest.mark.long
@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", TRADES)
@pytest.mark.parametrize("nth", [1, 3])
def test_the_truth_survives_every_failpoint(
    name: str, point: str, how: str, nth: int, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Every point x every kind of submission x every way to end, at the first and a later pass."""
    check(sandbox, tmp_path, TRADES[name], point, how, nth)
