"""A vendor's limit on requests is kept by waiting, not found out by refusals."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.io.pacing import Pacer, pacer_of


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def never() -> bool:
    return False


@given(
    requests=st.integers(1, 8),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=40),
)
def test_never_more_than_the_limit_in_any_window(requests: int, pauses: list[float]) -> None:
    """However the requests come, no window of 2 seconds holds more than the limit; and all of them pass."""
    clock = Time()
    pacer = Pacer(requests, 2.0, now=lambda: clock.now, sleep=clock.sleep)
    passed = []
    for pause in pauses:
        clock.now += pause
        assert pacer.take_turn(never)
        passed.append(clock.now)
    for first, later in zip(passed, passed[requests:], strict=False):
        assert later - first >= 2.0 - 1e-9


def test_a_burst_within_the_limit_does_not_wait() -> None:
    """Short runs are as fast as the vendor."""
    clock = Time()
    pacer = Pacer(100, 300.0, now=lambda: clock.now, sleep=clock.sleep)
    assert all(pacer.take_turn(never) for _ in range(100))
    assert clock.now == 0
    pacer.take_turn(never)
    assert clock.now == pytest.approx(300, abs=0.01)


def test_a_stop_ends_the_waiting() -> None:
    """Whoever presses Ctrl+C does not wait for the window."""
    clock = Time()
    pacer = Pacer(1, 300.0, now=lambda: clock.now, sleep=clock.sleep)
    assert pacer.take_turn(never)
    assert not pacer.take_turn(lambda: clock.now > 1)
    assert clock.now < 2


def test_threads_share_the_limit() -> None:
    """Requests in flight at once are counted together."""
    pacer = Pacer(5, 0.2)
    waited = threading.Barrier(4)
    passed: list[float] = []

    def work() -> None:
        waited.wait()
        for _ in range(4):
            pacer.take_turn(never)
            passed.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(passed)
    assert len(times) == 16
    assert all(later - first > 0.15 for first, later in zip(times, times[5:], strict=False))


def test_an_account_has_one_pacer_in_a_process() -> None:
    """Several jobs for one account count together; another account has its own."""
    one = pacer_of("https://x/", "acme", 10, 1)
    assert pacer_of("https://x/", "acme", 10, 1) is one
    assert pacer_of("https://x/", "other", 10, 1) is not one
