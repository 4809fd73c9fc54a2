"""Decides which rows ``--only-changed`` leaves out by the journal, where the vendor's values cannot be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from etl.core.changes import changes_of
from etl.core.outcomes import ItemState
from etl.core.planning import plan
from etl.errors import UsageError
from etl.messages import Text, text
from etl.model import Batch, Effect, Item, Json
from etl.options import SendOptions
from etl.plans import keyed
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.io.journal.records import Journal, LastValue


def refuse_movements(intake: Intake, destination: Destination, send: SendOptions) -> None:
    """Raise UsageError for ``--only-changed`` with movements: a second equal delivery is a delivery (contract 3)."""
    if not send.only_changed:
        return
    if any(destination.effect(batch.group) is Effect.DELTA for batch in _batches(intake, destination, send)):
        raise UsageError(
            text("--only-changed makes no sense for movements of stock: a second equal delivery is not “unchanged”."),
            hint=text("To leave out the rows that were sent already, say --only-new."),
        )


def without_accepted(
    intake: Intake, destination: Destination, journal: Journal, account: str, send: SendOptions
) -> Intake:
    """Return the sheet without the rows whose key was last set to exactly their values, and accepted.

    A document is left out whole or not at all: it goes as one value.
    """
    if destination.remembered is None or not send.only_changed:
        return intake
    items = [item for batch in _batches(intake, destination, send) for item in batch.items]
    last = journal.last_values(account, destination.name, [item.key_id for item in items])
    equal = {item.id for item in items if _equal(last.get(item.key_id), item.payload, destination)}
    if destination.documents:
        equal = _whole_documents(items, equal, last, journal)
    unchanged = {
        row: _reason(last[item.key_id], destination.remembered)
        for item in items
        if item.id in equal
        for row in item.rows
    }
    rows = tuple(row for row in intake.checked.rows if row.number not in unchanged)
    return replace(
        intake, checked=replace(intake.checked, rows=rows), unchanged={**intake.unchanged, **unchanged}, surveyed=True
    )


def _whole_documents(
    items: Iterable[Item], equal: Collection[str], last: Mapping[str, LastValue], journal: Journal
) -> set[str]:
    """Return the items of documents whose lines were all accepted as they are in one run, with no other line."""
    documents: dict[str, list[Item]] = {}
    for item in items:
        documents.setdefault(item.group, []).append(item)
    found: set[str] = set()
    for group, lines in documents.items():
        runs = {last[line.key_id].run for line in lines if line.id in equal}
        if len(runs) == 1 and all(line.id in equal for line in lines):
            (run,) = runs
            sent = {batch.number for batch in journal.batches_of(run) if batch.group == group}
            if sum(item.batch in sent for item in journal.items_of(run)) == len(lines):
                found |= {line.id for line in lines}
    return found


def _batches(intake: Intake, destination: Destination, send: SendOptions) -> tuple[Batch, ...]:
    return plan(keyed(intake.checked.rows, destination, send.key), intake.checked.merged, destination)


def _equal(known: LastValue | None, payload: Mapping[str, Json], destination: Destination) -> bool:
    if known is None or known.state is not ItemState.CONFIRMED or known.payload.keys() != payload.keys():
        return False
    return not changes_of(known.payload, payload, destination.same)


def _reason(known: LastValue, note: Text) -> Text:
    return text(
        "The same values were accepted in run {run} of {date}: nothing to send. {note}",
        run=known.run,
        date=f"{known.started.astimezone():%d/%m/%Y}",
        note=note,
    )
