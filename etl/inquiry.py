"""Asks a vendor: reads with retries, counted and within the limits, for surveys, baselines and looks."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from etl.core.verdict import MOST_ATTEMPTS, REFUSALS, Pause, RetryBudget, Verdict, judge, pause_before
from etl.errors import ConfigurationError, EtlError, InterruptedRunError, StoppedError
from etl.messages import Text, text
from etl.model import Answer, Effect, Failure, Json, NoAnswer, Request
from etl.reconciliation import Patience
from etl.vendors.base import Conversation

T = TypeVar("T")

NOTHING = NoAnswer(Failure.NO_ANSWER, "")
"""No answer yet."""


STOPPED = text("Stopped on request.")
NOT_TOLD = text("The vendor did not tell the stock before the movement, so nothing of it was sent.")


class Clock(Protocol):
    """Time, as the tests can turn it."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware."""

    def sleep(self, seconds: float) -> None:
        """Wait; may return early when a stop was requested."""


class Sender(Protocol):
    """One attempt under a total deadline (`io.transport`)."""

    def send(self, request: Request, *, effect: Effect, deadline: float) -> Answer | NoAnswer:
        """Send once and return what came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The waiting times and limits of a submission, in seconds and requests."""

    patience: Patience
    resend_window: float
    retry_base: float
    deadline: Callable[[Effect], float]
    evidence: bool = True
    """Whether movements are preceded by a read of the stock."""
    max_requests: int | None = None
    settings: Mapping[str, Json] = field(default_factory=dict)
    """The profile's settings of its vendor."""
    in_flight: int = 1
    """Requests at once, where vendor and effect allow more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why asking or sending ended: `exit_code` None when it came to its end, else 4, 5, 130 or 143."""

    exit_code: int | None = None
    message: Text | None = None


class Halt(Exception):  # noqa: N818 - it governs control flow between inquiry and submission, and becomes an `Ending`
    """Nothing more is asked or sent in this run."""

    def __init__(self, exit_code: int, message: Text) -> None:
        super().__init__(str(message))
        self.ending = Ending(exit_code=exit_code, message=message)


class LimitReached(Halt):
    """The person allows no more requests: those that are counted already may still go out."""

    def __init__(self, limit: int) -> None:
        super().__init__(5, text("The limit of {limit} requests (--max-requests) was reached.", limit=limit))


def ending_error(ending: Ending, message: Text) -> EtlError:
    """Return the error that ends a command which could not ask to the end; `message` says what was not done."""
    if ending.exit_code == 4:
        return ConfigurationError(ending.message or message)
    if ending.exit_code in {130, 143}:
        return StoppedError(ending.exit_code)
    return InterruptedRunError(message)


@dataclass(slots=True, kw_only=True)
class Inquiry:
    """The way to a vendor's account: counts every request, of whatever kind, against the person's limit."""

    sender: Sender
    rules: Rules
    clock: Clock
    rng: random.Random
    stop_code: Callable[[], int | None] = lambda: None
    """130 or 143 once a signal asked to stop."""
    retry_hint: Callable[[Answer], float | None] | None = None
    denies: Callable[[Answer], bool] | None = None
    """Says of an answer whose status does not tell it that the credentials let nobody in."""
    used: int = 0
    """Requests made so far: reads and submissions."""
    reads: int = 0
    budget: RetryBudget = field(default_factory=RetryBudget)

    def hold(self, conversation: Conversation[T]) -> T:
        """Hold a conversation and return what it concluded. Raises Halt when it cannot be held to its end."""
        try:
            request = next(conversation)
            while True:
                request = conversation.send(self._fetch(request))
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            conversation.close()

    def learn(self, begin: Callable[[], Conversation[T | None]]) -> T | None:
        """Hold a conversation until it concludes something, a few times at most. Raises Halt as `hold` does."""
        for attempt in range(1, MOST_ATTEMPTS + 1):
            value = self.hold(begin())
            if value is not None:
                return value
            self.clock.sleep(self.pause(attempt).seconds)
            self.heed_signals()
        return None

    def use(self, count: int) -> None:
        """Count requests that are about to be made. Raises LimitReached when the person allows fewer."""
        self.require(count)
        self.used += count

    def require(self, count: int) -> None:
        """Raise LimitReached when so many requests more would be too many."""
        limit = self.rules.max_requests
        if limit is not None and self.used + count > limit:
            raise LimitReached(limit)

    def give_back(self, count: int) -> None:
        """Count off requests that were about to be made and were not."""
        self.used -= count

    def heed_signals(self) -> None:
        """Raise Halt once a signal asked to stop."""
        code = self.stop_code()
        if code is not None:
            raise Halt(code, STOPPED)

    def now(self) -> datetime:
        """Return the clock's time."""
        return self.clock.now()

    def is_denied(self, result: Answer | NoAnswer) -> bool:
        """Say whether an answer's words tell that the credentials let nobody in."""
        return self.denies is not None and isinstance(result, Answer) and self.denies(result)

    def pause(self, attempt: int, result: Answer | NoAnswer = NOTHING) -> Pause:
        """Return how long to wait after this attempt (from 1), with the vendor's own word if it gave one."""
        hint = self.retry_hint(result) if self.retry_hint is not None and isinstance(result, Answer) else None
        return pause_before(attempt, result, self.now(), self.rules.retry_base, hint, self.rng)

    def _fetch(self, request: Request) -> Answer:
        result: Answer | NoAnswer = NOTHING
        for attempt in range(1, MOST_ATTEMPTS + 1):
            self.heed_signals()
            self.use(1)
            self.reads += 1
            result = self.sender.send(request, effect=Effect.READ, deadline=self.rules.deadline(Effect.READ))
            if judge(Effect.READ, result, None, denied=self.is_denied(result)) is Verdict.STOP:
                raise Halt(4, describe_refusal(result))
            if isinstance(result, Answer) and (200 <= result.status < 300 or result.status in REFUSALS):
                self.budget.succeeded()
                return result
            if attempt == MOST_ATTEMPTS or not self.budget.take():
                break
            pause = self.pause(attempt, result)
            if pause.too_long:
                break
            self.clock.sleep(pause.seconds)
        raise Halt(5, text("The vendor could not be asked: {why}", why=why_not(result)))


_FAILURES: Mapping[Failure, Text] = {
    Failure.NOT_CONNECTED: text("no connection could be made ({detail})."),
    Failure.NO_ANSWER: text("the connection ended without a whole answer ({detail})."),
    Failure.TIMED_OUT: text("there was no whole answer in time ({detail})."),
    Failure.TOO_LARGE: text("the answer was too large ({detail})."),
    Failure.UNREADABLE: text("the answer could not be read ({detail})."),
}


def why_not(result: Answer | NoAnswer) -> Text:
    """Return what was wrong with an answer, or with its absence."""
    if isinstance(result, NoAnswer):
        return Text(_FAILURES[result.failure].msgid, (("detail", result.detail),))
    if 200 <= result.status < 300:
        return text("the answer (HTTP {status}) was not a whole answer of this vendor.", status=result.status)
    return text("the vendor answered with HTTP {status}.", status=result.status)


def describe_refusal(result: Answer | NoAnswer) -> Text:
    """Return why the vendor lets nobody in: 401, 402, 403, words that say so, or an address that leads elsewhere."""
    status = result.status if isinstance(result, Answer) else 0
    if status == 402:
        return text("The vendor says that the account is blocked or unpaid (HTTP 402).")
    if status >= 400:
        return text("The vendor refused the credentials (HTTP {status}).", status=status)
    return text("The vendor's address leads elsewhere (HTTP {status}); redirects are never followed.", status=status)
