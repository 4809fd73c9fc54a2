"""Finds in the journal what a run did, and puts together the rows that set it back; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etl.core.outcomes import ItemState, outcome_of
from etl.errors import UsageError
from etl.messages import Text, text
from etl.model import Effect, Json, Outcome
from etl.runs import find_run, open_journal_of
from etl.settings import Settings
from etl.vendors import DESTINATIONS
from etl.vendors.base import Destination, Done

if TYPE_CHECKING:
    from etl.io.journal.records import ItemRecord, Journal, LastValue, RowRecord, RunRecord


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that the run sent, or may have sent, and that are not set back."""

    rows: tuple[int | None, ...]
    """As they are numbered in the sheet of the run."""
    key: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Undo:
    """What sets a run back: rows for a destination, by field (None: to be erased), and what is not among them."""

    run: RunRecord
    to: Destination
    rows: tuple[Mapping[str, Json], ...]
    left_out: tuple[LeftOut, ...]


def undo_run(run: str, path: Path, settings: Settings, language: str) -> Undo:
    """Write the sheet that sets a run back to `path`, replacing the file there, and return what stands in it.

    Only accepted rows are in it. Nothing is written when it would hold no row. Raises UsageError for a run that is not
    known, or whose destination has no way back; OSError when the file cannot be written.
    """
    with open_journal_of(settings) as journal:
        undo = _put_together(find_run(journal, run), journal)
    if undo.rows:
        from etl.io.workbook.undo_book import write_undo  # noqa: PLC0415 - XlsxWriter

        write_undo(undo, path, language)
    return undo


def _put_together(record: RunRecord, journal: Journal) -> Undo:
    destination = DESTINATIONS[record.destination]
    undo = destination.undo
    if undo is None:
        raise UsageError(text("What was sent to {to} cannot be set back by a sheet.", to=destination.name))
    rows: list[Mapping[str, Json]] = []
    left_out: list[LeftOut] = []
    for entry in _entries(record, journal, destination):
        found = entry.obstacle(record, destination) or undo(entry.done)
        if isinstance(found, Text):
            left_out.append(LeftOut(entry.numbers, entry.label, found))
        else:
            rows.append(found)
    return Undo(record, DESTINATIONS[destination.undone_by or destination.name], tuple(rows), tuple(left_out))


@dataclass(frozen=True, slots=True)
class _Entry:
    """An item that reached the vendor, or may have."""

    item: ItemRecord
    numbers: tuple[int | None, ...]
    done: Done
    last: LastValue | None
    """What any run sent last for its key."""
    corrected_by: str | None = None
    """The run that has corrected its document since."""

    @property
    def label(self) -> str:
        return " / ".join(part for part in self.item.key if part)

    def obstacle(self, record: RunRecord, destination: Destination) -> Text | None:
        """Return why it must not be set back now."""
        if outcome_of(self.item.state) is Outcome.UNCERTAIN:
            return text("It is uncertain whether it was applied. Settle that first: etl reconcile {run}", run=record.id)
        if self.corrected_by is not None:
            return text(
                "Run {run} has corrected its document since: this run's lines hold no more.", run=self.corrected_by
            )
        moved = destination.effect(self.done.group) is Effect.DELTA
        if not moved and self.last is not None and self.last.run != record.id:
            return text("Run {run} has set it anew since: undo that one first.", run=self.last.run)
        return None


def _entries(record: RunRecord, journal: Journal, destination: Destination) -> Iterator[_Entry]:
    groups = {batch.number: batch.group for batch in journal.batches_of(record.id)}
    rows = _rows_by_item(journal.rows_of(record.id))
    items = [item for item in journal.items_of(record.id) if _reached(item)]
    keys = [item.key_id for item in items]
    last = journal.last_values(record.account, record.destination, keys)
    earlier = _earlier(record, journal, destination, keys)
    corrections = _corrections(record, journal, destination)
    for item in items:
        before = next((row.before for row in rows[item.place] if row.before), None) or earlier.get(item.key_id)
        done = Done(group=groups[item.batch], payload=item.payload, before=before, vendor_id=item.vendor_id)
        numbers = tuple(row.number for row in rows[item.place])
        yield _Entry(item, numbers, done, last.get(item.key_id), corrections.get(item.vendor_id or ""))


def _corrections(record: RunRecord, journal: Journal, destination: Destination) -> Mapping[str, str]:
    """Return the documents that other runs have corrected, by the vendor's number: the last run that did."""
    if destination.corrects is None:
        return {}
    place = destination.group_fields.index(destination.corrects)
    sent = journal.sent_groups(record.account, destination.name)
    return {group.split("\t")[place]: run for group, run in sent.items() if run != record.id}


def _reached(item: ItemRecord) -> bool:
    return outcome_of(item.state) in {Outcome.ACCEPTED, Outcome.UNCERTAIN}


def _rows_by_item(rows: Iterable[RowRecord]) -> dict[int, list[RowRecord]]:
    found: dict[int, list[RowRecord]] = {}
    for row in rows:
        if row.item is not None:
            found.setdefault(row.item, []).append(row)
    return found


def _earlier(
    record: RunRecord, journal: Journal, destination: Destination, keys: Sequence[str]
) -> Mapping[str, Mapping[str, Json]]:
    """Return, by key id, what was accepted before this run, where the vendor cannot be read."""
    if destination.remembered is None:
        return {}
    values = journal.last_values(record.account, record.destination, keys, before=record.serial)
    return {key: value.payload for key, value in values.items() if value.state is ItemState.CONFIRMED}
