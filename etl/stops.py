"""Decides what SIGINT and SIGTERM do: the first finishes the request in flight, the second ends at once."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Self

EXIT_CODES: Final = {signal.SIGINT.value: 130, signal.SIGTERM.value: 143}
"""Contract section 4. Windows' CTRL_BREAK asks for the same as SIGTERM."""

SAME_STOP: Final = 0.3
"""Seconds in which a repeated signal is the same wish: systemd and a launcher may both deliver one stop."""

if sys.platform == "win32":
    _SIGNALS: Final = (signal.SIGINT, signal.SIGBREAK)
    EXIT_CODES[signal.SIGBREAK.value] = 143
else:
    _SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StoppedNow(BaseException):
    """A second signal: what is in flight is given up. Not an `Exception`, so that nothing on the way swallows it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.exit_code = EXIT_CODES.get(signum, 128 + signum)


def _say_nothing(_signum: int) -> None:
    pass


class Stops:
    """Installs the signal handlers while it is entered (in the main thread; elsewhere it only says "not asked").

    The first signal sets `requested` and calls `told` once; blocking system calls go on, because the handler returns
    (PEP 475). A second one raises `StoppedNow` in the main thread. SIGINT counts also where a shell started us with it
    ignored (a job in the background): whoever sends it wants the run to end. One that is entered within another shares
    the wish with it: a batch of many runs ends as a whole.
    """

    def __init__(self, told: Callable[[int], None] = _say_nothing) -> None:
        """`told(signum)` says that the request in flight is being finished; it runs inside the handler."""
        self._told = told
        self._requested: int | None = None
        self._asked_at: float | None = None
        self._previous: dict[int, Any] = {}
        self._around: Stops | None = None

    @property
    def requested(self) -> int | None:
        """The number of the first signal, or None."""
        return self._requested

    @property
    def exit_code(self) -> int | None:
        """130 or 143 once a signal asked to stop, else None."""
        return None if self._requested is None else EXIT_CODES.get(self._requested, 128 + self._requested)

    def asked_at(self) -> float | None:
        """Return the `time.monotonic()` moment of the first signal, or None. The transport takes this function."""
        return self._asked_at

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for signum in _SIGNALS:
                self._previous[signum] = signal.signal(signum, self._handle)
            around = getattr(self._previous[_SIGNALS[0]], "__self__", None)
            if isinstance(around, Stops):
                self._around = around
                self._asked_at, self._requested = around.asked_at(), around.requested
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._previous:
            signum, handler = self._previous.popitem()
            # None: the handler was not installed from Python and cannot be put back.
            signal.signal(signum, signal.SIG_DFL if handler is None else handler)

    def _handle(self, signum: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self.note(now, signum)
            try:
                self._told(signum)
            except (RuntimeError, OSError):
                # The stream was being written when the signal came, or is gone: not worth breaking the run for.
                return
        elif signum != self._requested or now - self._asked_at > SAME_STOP:
            self._asked_at = -math.inf  # no patience left for what other threads have in flight
            raise StoppedNow(signum)

    def note(self, now: float, signum: int) -> None:
        """Remember the wish, also where one was awaited around this: it holds for all that is under way."""
        self._asked_at, self._requested = now, signum
        if self._around is not None:
            self._around.note(now, signum)
