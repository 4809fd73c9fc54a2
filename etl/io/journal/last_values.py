"""Finds what was last sent for a key: what is known of a vendor that cannot be asked for its values."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.engine import Connection

from etl.core.outcomes import EFFECTIVE, ItemState
from etl.io.journal import encoding
from etl.io.journal.records import LastValue
from etl.io.journal.schema import items, runs, stands_in

_SENT = select(items.c.key_id, items.c.run, items.c.place, items.c.payload, items.c.state).where(stands_in(EFFECTIVE))
_AT_ONCE = 500
"""Key ids in one query: below every database's limit of parameters."""


def last_values(
    connection: Connection, account: str, destination: str, key_ids: Iterable[str], *, before: int | None = None
) -> dict[str, LastValue]:
    """Return, by key id, the item of the newest run (by serial number) that was accepted or may have been applied."""
    wanted = list(dict.fromkeys(key_ids))
    known = select(runs.c.id, runs.c.serial, runs.c.started).where(
        runs.c.account == account, runs.c.destination == destination
    )
    if before is not None:
        known = known.where(runs.c.serial < before)
    of_run = {run: (serial, started) for run, serial, started in connection.execute(known)}
    newest: dict[str, tuple[int, int]] = {}
    found: dict[str, LastValue] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        # By the keys alone: joined with the runs, SQLite would walk through all that they ever sent.
        part = _SENT.where(items.c.key_id.in_(wanted[first : first + _AT_ONCE]))
        for key_id, run, place, payload, state in connection.execute(part):
            if run not in of_run:
                continue
            serial, started = of_run[run]
            if (serial, place) >= newest.get(key_id, (0, 0)):
                newest[key_id] = (serial, place)
                found[key_id] = LastValue(
                    run=run, payload=encoding.from_text(payload), state=ItemState(state), started=encoding.at(started)
                )
    return found
