"""Keeps the requests of an account within the number that its vendor answers in a time, instead of being refused."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Final

LOOK_EVERY: Final = 0.2
"""Seconds after which a waiting request looks whether somebody asked to stop."""
_LEAST: Final = 0.001
"""Less than this no clock is sure to move."""
_ACCOUNTS: Final = 256


class Pacer:
    """Lets `requests` pass in any `seconds`; the next one waits until the oldest of them is that old.

    Any thread may ask. A burst is not slowed down: only what the vendor would refuse waits.
    """

    def __init__(
        self,
        requests: int,
        seconds: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._seconds = seconds
        self._passed: deque[float] = deque(maxlen=requests)
        self._most = requests
        self._guard = threading.Lock()
        self._now = now
        self._sleep = sleep

    def take_turn(self, stopping: Callable[[], bool]) -> bool:
        """Wait for a turn; False when `stopping` became true before there was one."""
        while (left := self._seconds_left()) > 0:
            if stopping():
                return False
            self._sleep(min(max(left, _LEAST), LOOK_EVERY))
        return True

    def _seconds_left(self) -> float:
        """Return the seconds until the next turn; at 0 the turn is taken."""
        with self._guard:
            now = self._now()
            if len(self._passed) < self._most or now - self._passed[0] >= self._seconds:
                self._passed.append(now)  # at its full length it forgets the oldest
                return 0.0
            return self._seconds - (now - self._passed[0])


@lru_cache(maxsize=_ACCOUNTS)
def pacer_of(address: str, account: str, requests: int, seconds: float) -> Pacer:  # noqa: ARG001 - the key
    """Return the pacer of an account at a vendor's address: one for all that this process sends there."""
    return Pacer(requests, seconds)
