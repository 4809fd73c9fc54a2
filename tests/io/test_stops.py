"""The first signal finishes what is in flight, the second ends at once, and nothing stays installed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from etl.stops import SAME_STOP, StoppedNow, Stops

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way")


def hit(signum: int) -> None:
    """Send this process a signal and let its handler run."""
    os.kill(os.getpid(), signum)
    time.sleep(0.01)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_is_remembered_and_told_once(signum: int, code: int) -> None:
    """A stop is asked for, not done: the program goes on and knows with which code to end (contract section 4)."""
    told: list[int] = []
    with Stops(told.append) as stops:
        assert (stops.requested, stops.exit_code, stops.asked_at()) == (None, None, None)
        before = time.monotonic()
        hit(signum)
        assert (stops.requested, stops.exit_code, told) == (signum, code, [signum])
        asked = stops.asked_at()
        assert asked is not None
        assert before <= asked <= time.monotonic()
    assert stops.requested == signum


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once(second: int) -> None:
    """The second signal, of either kind, breaks out of whatever runs; the first one decides the exit code."""
    with Stops() as stops:
        hit(signal.SIGINT)
        time.sleep(SAME_STOP + 0.05)
        with pytest.raises(StoppedNow):
            hit(second)
        assert stops.exit_code == 130


def test_one_stop_that_arrives_twice_is_one_stop() -> None:
    """Systemd signals the launcher and its child, and the launcher forwards it: the request in flight is not lost."""
    told: list[int] = []
    with Stops(told.append) as stops:
        for _ in range(3):
            hit(signal.SIGTERM)
        assert stops.requested == signal.SIGTERM
    assert told == [signal.SIGTERM]


def test_stopping_now_passes_every_except_exception() -> None:
    """Code that survives errors does not survive a second signal."""
    assert not issubclass(StoppedNow, Exception)
    assert StoppedNow(signal.SIGTERM).exit_code == 143


def test_the_handlers_that_were_there_come_back() -> None:
    """After the run Ctrl+C means again what it meant before, also when it ended by a second signal."""
    before = [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)]
    stops = Stops()
    with stops:
        assert signal.getsignal(signal.SIGINT) != before[0]
        hit(signal.SIGINT)
        with pytest.raises(StoppedNow):
            hit(signal.SIGTERM)
    assert [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_background_job_can_be_stopped_too() -> None:
    """A shell starts background jobs with SIGINT ignored; sent on purpose it still ends a run, and is ignored again."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stops() as stops:
            hit(signal.SIGINT)
            assert stops.exit_code == 130
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, previous)


def test_another_thread_can_enter_without_installing_anything() -> None:
    """Outside the main thread there are no handlers to install, and nothing fails."""
    seen: list[int | None] = []

    def run() -> None:
        with Stops() as stops:
            seen.append(stops.requested)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [None]


@pytest.mark.parametrize("error", [RuntimeError("reentrant call"), BrokenPipeError()])
def test_a_message_that_cannot_be_shown_does_not_break_the_run(error: Exception) -> None:
    """The terminal may be in the middle of a write, or gone."""

    def fail(_signum: int) -> None:
        raise error

    with Stops(fail) as stops:
        hit(signal.SIGTERM)
    assert stops.requested == signal.SIGTERM


def sleeps(seconds: float) -> Callable[[], None]:
    """Sleep through a signal."""
    return lambda: time.sleep(seconds)


def test_a_system_call_goes_on_after_the_first_signal() -> None:
    """PEP 475: what waits when the first signal comes waits on."""
    threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    with Stops() as stops:
        begun = time.monotonic()
        sleeps(0.3)()
        assert time.monotonic() - begun >= 0.3
        assert stops.requested == signal.SIGTERM


def test_a_process_ends_with_the_code_of_its_signal() -> None:
    """Seen from outside: SIGTERM finishes the work, says so, and ends with 143."""
    program = (
        "import sys, time\nfrom etl.stops import Stops\n"
        "with Stops(lambda s: print('finishing', s, flush=True)) as stops:\n"
        "    print('ready', flush=True)\n"
        "    while stops.requested is None: time.sleep(0.01)\n"
        "    time.sleep(0.1)\n    print('finished', flush=True)\n"
        "sys.exit(stops.exit_code)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "finishing 15\nfinished\n"
    assert process.returncode == 143
