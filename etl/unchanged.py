"""Decides which rows ``--only-changed`` leaves out by the journal, where the vendor's values cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from etl.core.changes import changes_of
from etl.core.outcomes import ItemState
from etl.core.planning import plan
from etl.errors import UsageError
from etl.messages import Text, text
from etl.model import Batch, Effect, Json
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
    """Return the sheet without the rows whose key was last set to exactly their values, and accepted."""
    if destination.remembered is None or not send.only_changed:
        return intake
    items = [item for batch in _batches(intake, destination, send) for item in batch.items]
    last = journal.last_values(account, destination.name, [item.key_id for item in items])
    unchanged: dict[int, Text] = {}
    for item in items:
        known = last.get(item.key_id)
        if known is not None and _equal(known, item.payload, destination):
            unchanged |= dict.fromkeys(item.rows, _reason(known, destination.remembered))
    rows = tuple(row for row in intake.checked.rows if row.number not in unchanged)
    return replace(
        intake, checked=replace(intake.checked, rows=rows), unchanged={**intake.unchanged, **unchanged}, surveyed=True
    )


def _batches(intake: Intake, destination: Destination, send: SendOptions) -> tuple[Batch, ...]:
    return plan(keyed(intake.checked.rows, destination, send.key), intake.checked.merged, destination)


def _equal(known: LastValue, payload: Mapping[str, Json], destination: Destination) -> bool:
    if known.state is not ItemState.CONFIRMED or known.payload.keys() != payload.keys():
        return False
    return not changes_of(known.payload, payload, destination.same)


def _reason(known: LastValue, note: Text) -> Text:
    return text(
        "The same values were accepted in run {run} of {date}: nothing to send. {note}",
        run=known.run,
        date=f"{known.started.astimezone():%d/%m/%Y}",
        note=note,
    )
