"""Finds what was last sent for a key: what is known of a vendor that cannot be asked for its values."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.engine import Connection

from etl.core.outcomes import EFFECTIVE, ItemState
from etl.io.journal import encoding
from etl.io.journal.records import LastValue
from etl.io.journal.schema import items, runs

_AT_ONCE = 500
"""Key ids in one query: below every database's limit of parameters."""


def last_values(
    connection: Connection, account: str, destination: str, key_ids: Iterable[str], *, before: int | None = None
) -> dict[str, LastValue]:
    """Return, by key id, the item of the newest run (by serial number) that was accepted or may have been applied."""
    wanted = list(dict.fromkeys(key_ids))
    query = (
        select(items.c.key_id, items.c.run, items.c.payload, items.c.state, runs.c.started)
        .select_from(items.join(runs, runs.c.id == items.c.run))
        .where(runs.c.account == account, runs.c.destination == destination, items.c.state.in_(list(EFFECTIVE)))
        .order_by(runs.c.serial, items.c.place)
    )
    if before is not None:
        query = query.where(runs.c.serial < before)
    found: dict[str, LastValue] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        part = query.where(items.c.key_id.in_(wanted[first : first + _AT_ONCE]))
        for key_id, run, payload, state, started in connection.execute(part):
            found[key_id] = LastValue(
                run=run, payload=encoding.from_text(payload), state=ItemState(state), started=encoding.at(started)
            )
    return found
