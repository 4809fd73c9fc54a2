"""Drives the batches of a run: one by one, or several requests in flight while all decisions stay in one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from etl.inquiry import Halt, Inquiry
from etl.model import Answer, Effect, NoAnswer, Request
from etl.stops import StoppedNow

LOOK_EVERY: Final = 0.2
"""Seconds after which a wait for answers looks whether a signal came."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One request to send now; what comes back is the result."""

    request: Request
    effect: Effect
    deadline: float


@dataclass(frozen=True, slots=True)
class Rest:
    """Seconds to wait before going on; nothing comes back."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything is prepared and nothing written: a place among the requests in flight is wanted. Nothing comes back.

    Whoever never gives it closes the batch, which has not begun.
    """


Result: TypeAlias = Answer | NoAnswer | None
Wish: TypeAlias = Ready | Shot | Rest
Flight: TypeAlias = Generator[Wish, Result, None]
"""A batch on its way: it yields what it wants and is sent the result. StoppedNow is thrown into it when its request is
given up; it records that and lets it out again. Its `Halt` ends the run."""


def fly(flight: Flight, inquiry: Inquiry) -> None:
    """Carry one batch to its end in this thread. Raises what the batch raises."""
    wish = next(flight, None)
    while wish is not None:
        try:
            result: Result = None
            if isinstance(wish, Rest):
                inquiry.clock.sleep(wish.seconds)
            elif isinstance(wish, Shot):
                result = inquiry.sender.send(wish.request, effect=wish.effect, deadline=wish.deadline)
        except StoppedNow as stop:
            flight.throw(stop)
            raise
        try:
            wish = flight.send(result)
        except StopIteration:
            return


@dataclass(slots=True)
class Squadron:
    """Batches whose order does not matter, several in flight, and as many prepared while they are.

    The first goes alone, so that refused credentials cost one request. After a Halt nothing new begins: what is in
    flight is waited for and recorded, and then the Halt is raised.
    """

    inquiry: Inquiry
    most: int
    halt: Halt | None = None
    _aloft: dict[Future[Answer | NoAnswer], Flight] = field(default_factory=dict)
    _landed: SimpleQueue[Future[Answer | NoAnswer]] = field(default_factory=SimpleQueue)
    _resting: list[tuple[float, Flight]] = field(default_factory=list)
    _ready: deque[Flight] = field(default_factory=deque)
    _waiting: Iterator[Flight] = field(default_factory=lambda: iter(()))
    _room: int = 1

    def fly(self, flights: Iterable[Flight]) -> None:
        """Carry all batches to their end. Raises Halt, or StoppedNow after every flight has recorded it."""
        self._waiting = iter(flights)
        pool = ThreadPoolExecutor(self.most, "request")
        try:
            self._fill(pool)
            while self._aloft or self._resting:
                self._land(pool)
                self._wake(pool)
                self._fill(pool)
        except StoppedNow as stop:
            self._abandon(stop)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if self.halt is not None:
            raise self.halt

    def _fill(self, pool: ThreadPoolExecutor) -> None:
        """Let those that are ready take the free places; prepare others for as long as no answer waits."""
        while self.halt is None:
            if self._ready and len(self._aloft) + len(self._resting) < self._room:
                self._advance(self._ready.popleft(), None, pool)
            elif (
                len(self._ready) < self.most
                and self._landed.empty()
                and (flight := next(self._waiting, None)) is not None
            ):
                self._advance(flight, None, pool)
            else:
                return

    def _advance(self, flight: Flight, result: Result, pool: ThreadPoolExecutor) -> None:
        """Let a batch take its next step, and do what it wants."""
        try:
            wish = flight.send(result)
        except StopIteration:
            return
        except Halt as halt:
            self.halt = self.halt or halt
            return
        if isinstance(wish, Shot):
            future = pool.submit(self.inquiry.sender.send, wish.request, effect=wish.effect, deadline=wish.deadline)
            self._aloft[future] = flight
            future.add_done_callback(self._landed.put)
        elif isinstance(wish, Ready):
            self._ready.append(flight)
        elif self.halt is None:
            self._resting.append((self.inquiry.now().timestamp() + wish.seconds, flight))

    def _land(self, pool: ThreadPoolExecutor) -> None:
        """Take in the next answer, if one came."""
        if not self._aloft:
            return
        try:
            future = self._landed.get(timeout=LOOK_EVERY)
        except Empty:
            return
        self._room = self.most
        self._advance(self._aloft.pop(future), future.result(), pool)

    def _wake(self, pool: ThreadPoolExecutor) -> None:
        """Let those go on whose rest is over; when nothing else is left to do, sleep until the first is."""
        if self.halt is not None:
            self._resting.clear()
        if not self._resting:
            return
        now = self.inquiry.now().timestamp()
        if not self._aloft:
            self.inquiry.clock.sleep(max(min(until for until, _ in self._resting) - now, 0.0))
            now = self.inquiry.now().timestamp()
        due = [entry for entry in self._resting if entry[0] <= now or self.inquiry.stop_code() is not None]
        self._resting = [entry for entry in self._resting if entry not in due]
        for _, flight in due:
            if self.halt is None:
                self._advance(flight, None, pool)

    def _abandon(self, stop: StoppedNow) -> None:
        """Give up what is in flight; each batch records that its end is unknown."""
        for flight in self._aloft.values():
            try:
                flight.throw(stop)
            except (StoppedNow, Halt, StopIteration):
                continue
