"""What one run asks its vendor beside sending, and what it knows of its own attempts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from etl.inquiry import Halt, Inquiry
from etl.io.journal.records import NOT_CONNECTED, AttemptRecord, BatchRecord, Journal
from etl.model import Effect
from etl.vendors.base import Conversation, Destination

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Asks for one run, whose account's lock the caller holds; each read is counted with the run, whatever it told."""

    run: str
    destination: Destination
    journal: Journal
    inquiry: Inquiry

    def hold(self, conversation: Conversation[T]) -> tuple[T, int]:
        """Hold a conversation: (what it concluded, reads made). Raises Halt when it cannot be held."""
        return self._counted(lambda: self.inquiry.hold(conversation))

    def learn(self, begin: Callable[[], Conversation[T | None]]) -> tuple[T | None, int]:
        """Hold a conversation until it concludes something, a few times at most: (that or None, reads made)."""
        return self._counted(lambda: self.inquiry.learn(begin))

    def _counted(self, ask: Callable[[], T]) -> tuple[T, int]:
        """Ask the vendor: (what it told, reads made). What was written before is durable before that."""
        self.journal.make_durable()
        before = self.inquiry.reads
        try:
            value = ask()
        except Halt:
            self.journal.count_reads(self.run, self.inquiry.reads - before)
            raise
        return value, self.inquiry.reads - before

    def effect(self, batch: BatchRecord) -> Effect:
        """Return what sending a batch does."""
        return self.destination.effect(batch.group)

    def departures(self, batch: BatchRecord) -> list[AttemptRecord]:
        """Return the attempts of a batch that left, as far as is known, oldest first."""
        attempts = self.journal.attempts_of(self.run, batch.number)
        return [attempt for attempt in attempts if attempt.verdict != NOT_CONNECTED]

    def may_set_again(self, batch: BatchRecord) -> bool:
        """Whether a value may still be set again: soon after the first attempt, or before any."""
        sent = [attempt.started for attempt in self.departures(batch)]
        return not sent or 0 <= (self.inquiry.now() - min(sent)).total_seconds() <= self.inquiry.rules.resend_window
