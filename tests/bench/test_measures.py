"""What a measurement is: pairs in turn, medians, the same work on the same sheets, memory of all processes at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench.clock import family, held
from bench.measures import FULL, PARTS, QUICK, amid, ratio
from bench.sheets import HEADERS, products


def test_pairs_are_measured_in_turn_and_the_middle_one_counts() -> None:
    """One slow moment of the machine does not decide a figure, since it falls on both or on one pair of several."""
    order: list[str] = []

    def timed(name: str, seconds: Iterator[float]) -> float:
        order.append(name)
        return next(seconds)

    ours, its = iter([2.0, 30.0, 4.0]), iter([1.0, 10.0, 1.0])
    value, detail = ratio(3, lambda: timed("ours", ours), lambda: timed("its", its))
    assert value == 3.0
    assert detail == "4.00 s / 1.00 s"
    assert order == ["ours", "its"] * 3


def test_the_sheets_are_the_same_in_every_run() -> None:
    """Equal sizes give equal cells, and about the share of bad rows that was asked for."""
    assert list(products(500, 0.02)) == list(products(500, 0.02))
    assert all(len(cells) == len(HEADERS) for cells in products(50, 0.5))
    spoilt = sum(good != bad for good, bad in zip(products(2_000, 0.0), products(2_000, 0.5), strict=True))
    assert spoilt > 500


def test_a_part_is_named_for_every_goal_of_the_quick_form() -> None:
    """What CI asks for exists, and the quick form is smaller in everything."""
    assert {"reading", "sending", "starting"} <= set(PARTS)
    assert QUICK.rows < FULL.rows
    assert QUICK.batches < FULL.batches
    assert QUICK.long_rows < FULL.long_rows
    assert QUICK.moves < FULL.moves


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_memory_is_that_of_all_processes_and_shared_pages_count_once() -> None:
    """A child's own 50 MB are seen; what a fork shares with its parent is not counted twice."""
    own = "x = bytearray(50_000_000); import sys; print(flush=True); sys.stdin.read()"
    fork = "x = bytearray(50_000_000)\nimport os, sys\nif os.fork(): print(flush=True)\nsys.stdin.read()"
    for code, processes, most in ((own, 1, 90_000), (fork, 2, 90_000)):
        child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        members = list(family(child.pid))
        assert len(members) == processes
        assert 50_000 < sum(map(held, members)) < most
        child.communicate(b"")
    assert held(os.getpid()) > 0


def test_a_long_peer_is_compared_with_the_median_of_ours_around_it() -> None:
    """One slow moment of the machine, before the peer or after it, does not decide the figure."""
    value, words = amid(60, (5.0, 9.0), (4.0, 5.0))
    assert value == 12
    assert words == "60.00 s / 5.00 and 9.00 s before, 4.00 and 5.00 s after"
