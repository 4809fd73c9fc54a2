"""Drives the batches of a run: one by one, or several requests in flight while all decisions stay in one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from etl.inquiry import STOPPED, Halt, Inquiry, LimitReached
from etl.model import Answer, Effect, NoAnswer, Request
from etl.stops import StoppedNow

LOOK_EVERY: Final = 0.2
"""Seconds after which a wait for answers looks whether a signal came."""
AHEAD: Final = 2
"""Requests whose intent is durable before a place is free: so many more than have left are in doubt after a crash."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One request to send, whose intent is written; what comes back is the result.

    Where it cannot leave any more, the Halt that forbids it is thrown instead: it records that and lets it out again.
    """

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


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer settled every item: whatever is written about it now, the next may leave. Nothing comes back."""


Result: TypeAlias = Answer | NoAnswer | None
Wish: TypeAlias = Ready | Shot | Rest | Settled
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

    The intents of the next few are durable before their places are free. So an answer is followed at once by the next
    departure, and the disk is waited for once a turn, by nobody: one transaction takes the outcomes of the answers and
    the next intents. The first request goes alone, so that refused credentials cost one. After a Halt nothing leaves:
    what is in flight is waited for, what was about to leave records that it never did, and then the Halt is raised.
    """

    inquiry: Inquiry
    most: int
    together: Callable[[], AbstractContextManager[None]] = nullcontext
    """Gives a block whose writes are durable when it ends, as one (`Journal.together`)."""
    halt: Halt | None = None
    _grounded: bool = False
    """Whether nothing may leave any more: a Halt came that is not only about new batches."""
    _room: int = 1
    _ahead: int = 0
    _waiting: Iterator[Flight] = field(default_factory=lambda: iter(()))
    _ready: deque[Flight] = field(default_factory=deque)
    _intended: list[tuple[Shot, Flight]] = field(default_factory=list)
    """Their intent is written, and not durable before the turn's transaction is."""
    _cleared: deque[tuple[Shot, Flight]] = field(default_factory=deque)
    """Their intent is durable: they leave when a place is free."""
    _aloft: dict[Future[Answer | NoAnswer], Flight] = field(default_factory=dict)
    _landed: SimpleQueue[Future[Answer | NoAnswer]] = field(default_factory=SimpleQueue)
    _resting: list[tuple[float, Flight]] = field(default_factory=list)

    def fly(self, flights: Iterable[Flight]) -> None:
        """Carry all batches to their end. Raises Halt, or StoppedNow after every flight has recorded it."""
        self._waiting = iter(flights)
        pool = ThreadPoolExecutor(self.most, "request")
        try:
            self._prepare(pool)
            while self._aloft or self._cleared or self._resting or self._may_intend():
                self._turn(pool)
        except StoppedNow as stop:
            self._abandon(stop)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if self.halt is not None:
            raise self.halt

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        """Take in the answers that came and let the next ones leave; then write both down, and prepare more."""
        answers = self._take_in()
        with self.together():
            for future in answers:
                self._room, self._ahead = self.most, AHEAD
                self._advance(self._aloft.pop(future), future.result(), pool)
                self._launch(pool)
            for _ in range(AHEAD):
                if self._may_intend():
                    self._advance(self._ready.popleft(), None, pool)
        self._cleared.extend(self._intended)
        self._intended.clear()
        self._launch(pool)
        self._recall()
        self._prepare(pool)
        self._wake(pool)

    def _take_in(self) -> list[Future[Answer | NoAnswer]]:
        """Return the answers that have come; wait for one, but not for long, when there is nothing else to do."""
        if not self._aloft:
            return []
        found = []
        try:
            found.append(self._landed.get(timeout=0 if self._may_intend() else LOOK_EVERY))
            while True:
                found.append(self._landed.get_nowait())
        except Empty:
            return found

    def _may_intend(self) -> bool:
        """Whether a batch is ready whose intent may be written now: for a free place, or for one of the next."""
        taken = len(self._aloft) + len(self._resting) + len(self._cleared) + len(self._intended)
        return self.halt is None and bool(self._ready) and taken < self._room + self._ahead

    def _advance(self, flight: Flight, result: Result, pool: ThreadPoolExecutor) -> None:
        """Let a batch take its next step, and note what it wants."""
        try:
            wish = flight.send(result)
            if isinstance(wish, Settled):
                self._launch(pool)
                wish = flight.send(None)
        except StopIteration:
            return
        except Halt as halt:
            self._note(halt)
            return
        if isinstance(wish, Shot):
            self._intended.append((wish, flight))
        elif isinstance(wish, Ready):
            self._ready.append(flight)
        elif isinstance(wish, Rest) and self.halt is None:
            self._resting.append((self.inquiry.now().timestamp() + wish.seconds, flight))

    def _note(self, halt: Halt) -> None:
        self.halt = self.halt or halt
        self._grounded = self._grounded or not isinstance(halt, LimitReached)

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        """Let those that are cleared take the free places."""
        while self._cleared and not self._grounded and len(self._aloft) + len(self._resting) < self._room:
            try:
                self.inquiry.heed_signals()
            except Halt as halt:
                self._note(halt)
                return
            shot, flight = self._cleared.popleft()
            future = pool.submit(self.inquiry.sender.send, shot.request, effect=shot.effect, deadline=shot.deadline)
            self._aloft[future] = flight
            future.add_done_callback(self._landed.put)

    def _recall(self) -> None:
        """Once nothing may leave, let those that were cleared record that they never left."""
        if self.halt is not None and self._grounded:
            with self.together():
                while self._cleared:
                    _give_up(self._cleared.popleft()[1], self.halt)

    def _prepare(self, pool: ThreadPoolExecutor) -> None:
        """Get batches ready for as long as no answer waits; nothing of them is written."""
        while self.halt is None and len(self._ready) < self.most and self._landed.empty():
            flight = next(self._waiting, None)
            if flight is None:
                return
            self._advance(flight, None, pool)

    def _wake(self, pool: ThreadPoolExecutor) -> None:
        """Let those go on whose rest is over; when nothing else is left to do, sleep until the first is."""
        if self.halt is not None:
            self._resting.clear()
        if not self._resting:
            return
        now = self.inquiry.now().timestamp()
        if not self._aloft and not self._may_intend():
            self.inquiry.clock.sleep(max(min(until for until, _ in self._resting) - now, 0.0))
            now = self.inquiry.now().timestamp()
        due = [entry for entry in self._resting if entry[0] <= now or self.inquiry.stop_code() is not None]
        self._resting = [entry for entry in self._resting if entry not in due]
        for _, flight in due:
            if self.halt is None:
                self._advance(flight, None, pool)

    def _abandon(self, stop: StoppedNow) -> None:
        """Give up what is in flight: each batch records that its end is unknown, or that it never left."""
        for flight in self._aloft.values():
            _give_up(flight, stop)
        for _, flight in self._cleared:
            _give_up(flight, Halt(stop.exit_code, STOPPED))


def _give_up(flight: Flight, why: StoppedNow | Halt) -> None:
    with suppress(StoppedNow, Halt, StopIteration):
        flight.throw(why)
