"""One outcome a row, always: what the journal's states and the checks before it mean for the person."""

from __future__ import annotations

from enum import StrEnum

from etl.model import Outcome


class ItemState(StrEnum):
    """Where an item stands in the journal (reliability.md 1.3)."""

    PLANNED = "planned"
    SENDING = "sending"
    """The intent is on disk; the outcome is not. Found at start-up it becomes `UNCERTAIN`."""
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    ABSENT = "absent"
    """Not applied as far as totals can tell: an operator decides, the program does not."""
    DUPLICATED = "duplicated"
    """The vendor has it twice: an alarm, never compensated by itself."""
    SUPERSEDED = "superseded"
    """A newer run set another value for its key: what this one held does not matter any more."""


_OUTCOMES = {
    ItemState.PLANNED: Outcome.NOT_SENT,
    ItemState.SENDING: Outcome.UNCERTAIN,
    ItemState.CONFIRMED: Outcome.ACCEPTED,
    ItemState.REJECTED: Outcome.REJECTED,
    ItemState.UNCERTAIN: Outcome.UNCERTAIN,
    ItemState.ABSENT: Outcome.UNCERTAIN,
    ItemState.DUPLICATED: Outcome.UNCERTAIN,
    ItemState.SUPERSEDED: Outcome.SKIPPED,
}

UNSETTLED = frozenset({ItemState.SENDING, ItemState.UNCERTAIN, ItemState.ABSENT, ItemState.DUPLICATED})
"""States in which somebody must still look."""

EFFECTIVE = frozenset({ItemState.CONFIRMED, *UNSETTLED})
"""States in which the item was, or may have been, applied."""


def outcome_of(state: ItemState) -> Outcome:
    """Return what a person is told of an item in this state (contract section 1)."""
    return _OUTCOMES[state]
