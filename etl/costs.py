"""Counts what a plan costs in requests, and compares it with what is left of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.messages import Text, text
from etl.model import Effect
from etl.vendors.base import Allowance, Destination

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.plans import Outline


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests that a plan still needs."""

    sends: int
    reads: int
    before: int | None = 0
    """At most so many come on top, to read before planning; None when nobody can say how many."""

    @property
    def total(self) -> int:
        """All of them, as far as they are known."""
        return self.sends + self.reads + (self.before or 0)

    @property
    def told(self) -> Text:
        """The sentence for the person."""
        if self.before == 0:
            return text("Requests needed: {sends} to send and {reads} to read", sends=self.sends, reads=self.reads)
        if self.before is not None:
            return text(
                "Requests needed: {sends} to send and at most {reads} to read",
                sends=self.sends,
                reads=self.reads + self.before,
            )
        return text(
            "Requests needed: {sends} to send and {reads} to read, and those that look up first what the vendor has",
            sends=self.sends,
            reads=self.reads,
        )


def cost_of(outlined: Outline, intake: Intake, destination: Destination, *, evidence: bool = True) -> Cost:
    """Return what is still needed: a request a batch, and the reads that belong to movements.

    `evidence`: whether the company wants the stock read before movements.
    """
    moving = (count for group, count in outlined.requests.items() if destination.effect(group) is Effect.DELTA)
    reads = (sum(moving) - outlined.read) * destination.reads_per_batch if evidence else 0
    return Cost(sum(outlined.requests.values()), reads, _before(intake, destination))


def _before(intake: Intake, destination: Destination) -> int | None:
    if destination.survey is None or intake.surveyed:
        return 0
    return None if destination.most_reads is None else destination.most_reads(intake.checked.rows)


def compared(cost: Cost, allowance: Allowance) -> Iterator[Text]:
    """Yield what is left of the plan, and whether that suffices."""
    yield text("The plan has {left} of {total} left.", left=allowance.left, total=allowance.total)
    if cost.total > allowance.left:
        yield text("That does not suffice: {needed} requests are needed.", needed=cost.total)
