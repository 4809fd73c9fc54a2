"""What an attempt writes: its intent (T1), its outcome (T2), and what becomes of its items.

These are the statements of every request, so they are built once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Update, bindparam, func, insert, select, update
from sqlalchemy.engine import Connection

from etl.core.outcomes import ItemState
from etl.errors import InternalError
from etl.io.journal import encoding
from etl.io.journal.prepared import execute
from etl.io.journal.records import NOT_CONNECTED, Change, Closing
from etl.io.journal.schema import attempts, items, runs, stands_in
from etl.messages import text

_AT_ONCE = 500
"""Places in one statement: below every database's limit of parameters."""
_RANGE = ("first", "last")
_SENDABLE = (ItemState.PLANNED, ItemState.UNCERTAIN)

_OF_BATCH = (attempts.c.run == bindparam("of_run"), attempts.c.batch == bindparam("of_batch"))
_LAST_NUMBER = select(func.max(attempts.c.number)).where(*_OF_BATCH)
_ADD_ATTEMPT = insert(attempts)
_CLOSE_ATTEMPT = update(attempts).where(*_OF_BATCH, attempts.c.number == bindparam("of_number"))
_COUNT_REQUEST = update(runs).where(runs.c.id == bindparam("of_run")).values(sent=runs.c.sent + 1)
_OF_RUN = items.c.run == bindparam("of_run")
_NEW = {
    "state": bindparam("new_state"),
    "ambiguous": bindparam("new_ambiguous"),
    "doubts": items.c.doubts + bindparam("doubt"),
    "reason": bindparam("new_reason"),
    "vendor_id": bindparam("new_vendor_id"),
    "data": bindparam("new_data"),
    "inferred": bindparam("new_inferred"),
    "evidence": func.coalesce(bindparam("new_evidence"), items.c.evidence),
}


def intend(connection: Connection, run: str, batch: int, places: Sequence[int], body_sha256: str, at: datetime) -> int:
    """Write the intent of an attempt and return its number. It is part of the caller's transaction."""
    number: int = 1 + (execute(connection, _LAST_NUMBER, {"of_run": run, "of_batch": batch}).scalar() or 0)
    execute(
        connection,
        _ADD_ATTEMPT,
        {
            "run": run,
            "batch": batch,
            "number": number,
            "places": json.dumps(list(places)),
            "body_sha256": body_sha256,
            "started": encoding.moment(at),
        },
    )
    named = _at(places)
    sent = execute(connection, _sending(tuple(named)), {"of_run": run, **named})
    expect(sent.rowcount, len(places), "intend")
    return number


def record(
    connection: Connection, run: str, batch: int, attempt: int, closing: Closing, changes: Sequence[Change]
) -> None:
    """Write how an attempt ended, and count its request if it left. It is part of the caller's transaction."""
    execute(
        connection,
        _CLOSE_ATTEMPT,
        {
            "of_run": run,
            "of_batch": batch,
            "of_number": attempt,
            "finished": encoding.moment(closing.at),
            "verdict": closing.verdict,
            "status": closing.status,
            "detail": closing.detail,
            "answer": closing.answer,
        },
    )
    if closing.verdict != NOT_CONNECTED:
        execute(connection, _COUNT_REQUEST, {"of_run": run})
    change(connection, run, changes, (ItemState.SENDING,))


def change(connection: Connection, run: str, changes: Sequence[Change], allowed: tuple[ItemState, ...]) -> None:
    """Give items their new states, all of them or none: they must stand in one of the `allowed` states."""
    if not changes:
        return
    new = [_new_values(one) for one in changes]
    places = [one.place for one in changes]
    if len(changes) <= _AT_ONCE and all(values == new[0] for values in new):
        # Most answers say the same of every row.
        named = _at(places)
        found = execute(connection, _changing(allowed, tuple(named)), {**new[0], "of_run": run, **named})
    else:
        each = [{**values, "of_run": run, **_at([place])} for place, values in zip(places, new, strict=True)]
        found = execute(connection, _changing(allowed, _RANGE), each)
    expect(found.rowcount, len(changes), "change")


@lru_cache(maxsize=64)
def _sending(places: tuple[str, ...]) -> Update:
    return update(items).where(_OF_RUN, _are_at(places), stands_in(_SENDABLE)).values(state=ItemState.SENDING)


@lru_cache(maxsize=64)
def _changing(allowed: tuple[ItemState, ...], places: tuple[str, ...]) -> Update:
    return update(items).where(_OF_RUN, _are_at(places), stands_in(allowed)).values(_NEW)


def _are_at(places: tuple[str, ...]) -> ColumnElement[bool]:
    """Whether an item is at one of the places that `_at` has named so: quicker than a list that is expanded."""
    if places == _RANGE:
        first, last = _RANGE
        return items.c.place.between(bindparam(first), bindparam(last))
    return items.c.place.in_([bindparam(name) for name in places])


def _at(places: Sequence[int]) -> dict[str, int]:
    """Name places: all of them, or the ends of a range without gaps, as most batches are."""
    first, last = min(places), max(places)
    if list(places) == list(range(first, last + 1)):
        return dict(zip(_RANGE, (first, last), strict=True))
    return {f"at_{number}": place for number, place in enumerate(places)}


def _new_values(change: Change) -> dict[str, Any]:
    return {
        "new_state": change.state,
        "new_ambiguous": change.ambiguous,
        "doubt": int(change.doubt),
        "new_reason": encoding.message(change.reason),
        "new_vendor_id": change.vendor_id,
        "new_data": encoding.to_text(dict(change.data)) if change.data else None,
        "new_inferred": change.inferred,
        "new_evidence": encoding.to_text(dict(change.evidence)) if change.evidence else None,
    }


def expect(found: int, wanted: int, step: str) -> None:
    """Refuse a transition that the state machine does not have: it must concern as many rows as were meant."""
    if found != wanted:
        raise InternalError(
            text(
                "The journal refused a step ({step}): {found} of {wanted} rows.", step=step, found=found, wanted=wanted
            )
        )
