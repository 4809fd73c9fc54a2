"""Removes the details of old settled runs; what the once-only rules go by always stays (contract section 6)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, and_, delete, select, update
from sqlalchemy.engine import Connection

from etl.core.outcomes import UNSETTLED, ItemState
from etl.io.journal import encoding
from etl.io.journal.schema import attempts, batches, findings, items, looks, rows, runs

SHED = "shed"
"""The fact of a run that says since when its details are gone."""


def shed_details(connection: Connection, before: datetime, at: datetime) -> int:
    """Remove cells, requests, answers and findings of settled runs that began before a moment; return how many runs.

    A run stays with its file's hash, its content, its items' ids, keys and states, its outcomes and its attempts'
    times: a sheet that was sent is recognised for ever. A run with anything open keeps everything.
    """
    old = [
        (run, facts) for run, facts in connection.execute(_old_runs(before)) if SHED not in encoding.from_text(facts)
    ]
    for run, facts in old:
        blank = {"cells": encoding.cells(()), "derived": None, "reasons": None}
        connection.execute(update(rows).where(rows.c.run == run).values(**blank))
        connection.execute(
            update(items).where(items.c.run == run).values(payload="{}", data=None, evidence=None, reason=None)
        )
        connection.execute(update(batches).where(batches.c.run == run).values(body=b"", baseline=None))
        connection.execute(update(attempts).where(attempts.c.run == run).values(answer=None, detail=None))
        for table in (looks, findings):
            connection.execute(delete(table).where(table.c.run == run))
        known = {**encoding.from_text(facts), SHED: encoding.moment(at)}
        connection.execute(update(runs).where(runs.c.id == run).values(facts=encoding.to_text(known)))
    return len(old)


def _old_runs(before: datetime) -> Select[str, str]:
    open_states = [ItemState.PLANNED, *UNSETTLED]
    is_open = select(items.c.run).where(and_(items.c.run == runs.c.id, items.c.state.in_(open_states))).exists()
    return select(runs.c.id, runs.c.facts).where(runs.c.started < encoding.moment(before), ~is_open)
