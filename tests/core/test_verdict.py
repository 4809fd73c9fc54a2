"""The verdict table of reliability.md 1.4, Retry-After, back-off and the retry budget."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.verdict import BACKOFF_CAP, LONGEST_WAIT, REFUSALS, RetryBudget, Verdict, judge, pause_before, retry_after
from etl.model import Answer, Effect, Failure, ItemReading, NoAnswer, Reading

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WHOLE = Reading(understood=True, items=(ItemReading(0, accepted=True),))
BROKEN = Reading(understood=False)
REFUSED = Reading(understood=False, texts=("lista de precios desconocida",))
READ, NO, AGAIN, STOP = Verdict.READ, Verdict.REFUSED, Verdict.NOT_PROCESSED, Verdict.STOP
UNKNOWN, UNKNOWN_STOP = Verdict.UNKNOWN, Verdict.UNKNOWN_STOP
MOVES, SETS = Effect.DELTA, Effect.SET

TABLE = [
    (NoAnswer(Failure.NOT_CONNECTED, ""), None, AGAIN, AGAIN),
    (NoAnswer(Failure.NO_ANSWER, ""), None, UNKNOWN, UNKNOWN),
    (NoAnswer(Failure.TIMED_OUT, ""), None, UNKNOWN, UNKNOWN),
    (NoAnswer(Failure.TOO_LARGE, ""), None, UNKNOWN, UNKNOWN),
    (NoAnswer(Failure.UNREADABLE, ""), None, UNKNOWN, UNKNOWN),
    (Answer(200, b""), WHOLE, READ, READ),
    (Answer(200, b""), BROKEN, UNKNOWN, UNKNOWN),
    (Answer(200, b""), None, UNKNOWN, UNKNOWN),
    (Answer(204, b""), BROKEN, UNKNOWN, UNKNOWN),
    *((Answer(status, b""), BROKEN, UNKNOWN, UNKNOWN) for status in (408, 500, 502, 503, 504, 520, 524)),
    (Answer(429, b""), BROKEN, AGAIN, AGAIN),
    *((Answer(status, b""), REFUSED, NO, NO) for status in (400, 404, 405, 413, 415, 422)),
    *((Answer(status, b"<html>"), BROKEN, UNKNOWN, UNKNOWN) for status in (400, 404, 405, 413, 415, 422)),
    *((Answer(status, b""), BROKEN, STOP, STOP) for status in (401, 402, 403, 301, 307, 308)),
    *((Answer(status, b""), BROKEN, UNKNOWN_STOP, STOP) for status in (302, 303)),
]


@pytest.mark.parametrize(("result", "reading", "movement", "setting"), TABLE)
def test_each_row_of_the_table(
    result: Answer | NoAnswer, reading: Reading | None, movement: Verdict, setting: Verdict
) -> None:
    """Every failure means for each effect exactly what the table says."""
    assert judge(MOVES, result, reading) is movement
    assert judge(SETS, result, reading) is setting


@pytest.mark.parametrize("effect", list(Effect))
def test_words_that_deny_stop_as_a_status_does(effect: Effect) -> None:
    """Nothing was applied, and nothing will be until the credentials are repaired."""
    assert judge(effect, Answer(400, b""), REFUSED, denied=True) is STOP


@given(st.integers(100, 599), st.sampled_from(list(Effect)), st.sampled_from([WHOLE, BROKEN, REFUSED, None]))
def test_no_status_is_without_a_verdict(status: int, effect: Effect, reading: Reading | None) -> None:
    """Any status gets a verdict; items are read from an understood 2xx, or from a refusal that tells of each."""
    verdict = judge(effect, Answer(status, b""), reading)
    tells_of_items = 200 <= status < 300 or status in REFUSALS
    assert (verdict is Verdict.READ) == (tells_of_items and reading is WHOLE)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 12 ", 12.0),
        ("0", 0.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("1000000000", 1e9),
        ("9" * 30, float("inf")),
        ("Mon, 02 Mar 2026 12:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 11:59:00 GMT", 0.0),
        ("Mon, 99 Mar 2026 99:00:00 GMT", None),
        ("٧", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    """Seconds, a date, the past, nonsense: each has one meaning (RET-3)."""
    assert retry_after(header, NOW) == seconds


def test_the_pause_is_never_shorter_than_the_vendor_asks() -> None:
    """A stated wait is kept, and one beyond the cap ends the run (RET-3)."""
    rng = random.Random(1)
    asked = Answer(429, b"", {"retry-after": "30"})
    assert all(pause_before(5, asked, NOW, 0.5, None, rng).seconds >= 30 for _ in range(200))
    assert (
        pause_before(1, Answer(429, b"", {"retry-after": str(int(LONGEST_WAIT))}), NOW, 0.5, None, rng).too_long
        is False
    )
    assert pause_before(1, Answer(429, b"", {"retry-after": "301"}), NOW, 0.5, None, rng).too_long
    assert pause_before(1, Answer(429, b""), NOW, 0.5, 60.0, rng).seconds >= 60


def test_back_off_is_full_jitter_under_a_cap() -> None:
    """Draws fill 0 to min(cap, base * 2^n) evenly (RET-2)."""
    rng = random.Random(2)
    lost = NoAnswer(Failure.NO_ANSWER, "")
    for attempt, top in ((1, 0.5), (2, 1.0), (4, 4.0), (20, BACKOFF_CAP)):
        draws = sorted(pause_before(attempt, lost, NOW, 0.5, None, rng).seconds for _ in range(10_000))
        worst = max(abs(value / top - (place + 0.5) / 10_000) for place, value in enumerate(draws))
        assert worst < 0.02, "not uniform"
        assert draws[0] >= 0
        assert draws[-1] <= top


@settings(max_examples=300)
@given(st.lists(st.booleans(), max_size=400))
def test_retries_stay_a_tenth_of_the_requests(failures: list[bool]) -> None:
    """Whatever fails, retries are at most ten and a tenth of the successes (RET-4)."""
    budget = RetryBudget()
    taken = succeeded = 0
    for failed in failures:
        if failed:
            taken += budget.take()
        else:
            budget.succeeded()
            succeeded += 1
        assert taken <= 10 + 0.1 * succeeded + 1e-6
