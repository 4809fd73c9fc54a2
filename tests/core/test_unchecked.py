"""What a check without sending says about its own limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etl.core.unchecked import unchecked
from etl.model import Effect
from tests.core.tables import SHELVES

READABLE = replace(SHELVES, survey=lambda *_: None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("effects", "surveyed", "said"),
    [
        ((), False, []),
        ((Effect.CREATE,), False, ["has some of these already"]),
        ((Effect.SET,), False, ["has all of these"]),
        ((Effect.DELTA,), False, ["were sent before", "has all of these"]),
        ((Effect.DELTA,), True, ["were sent before"]),
        ((Effect.SET,), True, []),
    ],
)
def test_each_effect_has_its_own_open_questions(effects: tuple[Effect, ...], surveyed: bool, said: list[str]) -> None:
    """Movements may be repeats; what is added may exist, what is changed may not; a survey answers the latter."""
    found = [str(message) for message in unchecked(effects, SHELVES, surveyed=surveyed)]
    assert len(found) == len(said)
    assert all(words in message for words, message in zip(said, found, strict=True))


def test_where_the_vendor_can_be_read_the_way_is_told() -> None:
    """Only before it was read, and only when there is something to send."""
    assert "--dry-run --read" in str(unchecked((Effect.SET,), READABLE, surveyed=False)[-1])
    assert not unchecked((Effect.SET,), READABLE, surveyed=True)
    assert not unchecked((), READABLE, surveyed=False)
