"""What an answer, or its absence, means and what may be done next: the table of reliability.md 1.4 as one function.

Nothing here knows a vendor: a vendor says whether it understood the answer, the effect says what a repeat would do.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from etl.model import Answer, Effect, Failure, NoAnswer, Reading

LONGEST_WAIT = 300.0
"""Seconds; a vendor that asks for more ends the run (RET-3)."""
BACKOFF_CAP = 20.0
MOST_ATTEMPTS = 4
"""Of a request that may be repeated after an unclear end (RET-1)."""
MOST_UNSENT_ATTEMPTS = 5
"""Of a request that was proven not to be processed (RET-1)."""

REFUSALS = frozenset({400, 404, 405, 413, 415, 422})
CREDENTIAL_REFUSALS = frozenset({401, 402, 403})
PLAIN_REDIRECTS = frozenset({301, 307, 308})


class Verdict(StrEnum):
    """What happened to the request, as far as anybody can know."""

    READ = "read"
    """A whole answer: every item it names has its outcome."""
    REFUSED = "refused"
    """A definite no to all of it: nothing was applied."""
    NOT_PROCESSED = "not_processed"
    """Proven: nothing was applied; it may be sent again after a pause."""
    STOP = "stop"
    """Proven: nothing was applied, and nothing will be until somebody repairs the configuration."""
    UNKNOWN = "unknown"
    """It may have been applied."""
    UNKNOWN_STOP = "unknown_stop"
    """It may have been applied, and the configuration needs a look."""


def judge(effect: Effect, result: Answer | NoAnswer, reading: Reading | None, *, denied: bool = False) -> Verdict:
    """Return the verdict on one attempt. `reading` is what the vendor's reader made of an answer, None without one.

    `denied`: the answer says otherwise than by its status that the credentials let nobody in.
    """
    if isinstance(result, NoAnswer):
        return Verdict.NOT_PROCESSED if result.failure is Failure.NOT_CONNECTED else Verdict.UNKNOWN
    status = result.status
    if 200 <= status < 300:
        return Verdict.READ if reading is not None and reading.understood else Verdict.UNKNOWN
    if denied or status in CREDENTIAL_REFUSALS or status in PLAIN_REDIRECTS:
        return Verdict.STOP
    if 300 <= status < 400:
        # Post-redirect-get: it may have been applied. What only sets a value can be sent again after the repair.
        return Verdict.STOP if effect in {Effect.SET, Effect.READ} else Verdict.UNKNOWN_STOP
    if status == 429:
        return Verdict.NOT_PROCESSED
    if status in REFUSALS and _speaks_the_contract(reading):
        return Verdict.READ if reading is not None and reading.items else Verdict.REFUSED
    return Verdict.UNKNOWN


def _speaks_the_contract(reading: Reading | None) -> bool:
    """Whether a refusal came from the vendor's program and not from a machine on the way."""
    return reading is not None and (reading.understood or bool(reading.texts))


@dataclass(frozen=True, slots=True)
class Pause:
    """How long to wait before the next attempt; `too_long` when the vendor asks for more than we wait."""

    seconds: float
    too_long: bool = False


def pause_before(
    attempt: int, result: Answer | NoAnswer, now: datetime, base: float, hint: float | None, rng: random.Random
) -> Pause:
    """Return the pause after attempt number `attempt` (from 1): full jitter, never shorter than the vendor asks."""
    jitter = rng.uniform(0.0, min(BACKOFF_CAP, base * 2 ** (attempt - 1)))
    asked = hint
    if isinstance(result, Answer):
        stated = retry_after(result.headers.get("retry-after"), now)
        asked = max((seconds for seconds in (stated, hint) if seconds is not None), default=None)
    if asked is None:
        return Pause(jitter)
    if asked > LONGEST_WAIT:
        return Pause(asked, too_long=True)
    return Pause(max(asked, jitter))


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110 10.2.3); None when it says nothing usable."""
    if header is None:
        return None
    words = header.strip()
    if words.isascii() and words.isdigit():
        return float(words) if len(words) <= 12 else float("inf")
    try:
        moment = parsedate_to_datetime(words)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


class RetryBudget:
    """Keeps retries to a tenth of the requests, so that a sick vendor is not made sicker (RET-4)."""

    def __init__(self, size: float = 10.0, refill: float = 0.1) -> None:
        self._size = size
        self._refill = refill
        self._left = size

    def take(self) -> bool:
        """Take one retry; False when none is left."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def succeeded(self) -> None:
        """Give back a part of a retry after a clean request."""
        self._left = min(self._size, self._left + self._refill)
