"""Settles what older runs left open once a newer run has set a value for the same key (reliability.md 1.3, I12)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select, update
from sqlalchemy.engine import Connection

from etl.core.outcomes import ItemState
from etl.io.journal import encoding
from etl.io.journal.schema import items, runs, stands_in
from etl.messages import text

_OPEN = (ItemState.PLANNED, ItemState.UNCERTAIN)


def supersede(connection: Connection, run: str, places: Sequence[int]) -> None:
    """Close the unsent and uncertain items of older runs whose key was just accepted in `run` (the items at `places`).

    Only runs of the same account and destination that were put in before it, whatever the clock said. It is part of the
    caller's transaction.
    """
    if not places:
        return
    mine, older = runs.alias("mine"), runs.alias("older")
    same = and_(
        mine.c.account == older.c.account,
        mine.c.destination == older.c.destination,
        older.c.serial < mine.c.serial,
    )
    before = select(older.c.id).select_from(mine.join(older, same)).where(mine.c.id == run)
    mine_keys = select(items.c.key_id).where(items.c.run == run, items.c.place.in_(list(places)))
    keys = list(connection.execute(mine_keys).scalars())
    connection.execute(
        update(items)
        .where(
            items.c.run.in_(before.scalar_subquery()),
            items.c.key_id.in_(keys),
            stands_in(_OPEN),
        )
        .values(
            state=ItemState.SUPERSEDED,
            ambiguous=False,
            reason=encoding.message(
                text("Run {run} has set a newer value since; this one is not sent any more.", run=run)
            ),
        )
    )
