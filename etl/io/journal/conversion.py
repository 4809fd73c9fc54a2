"""Records <-> the rows of the journal's tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import RowMapping

from etl.core.outcomes import ItemState
from etl.core.planning import token_of
from etl.io.journal import encoding
from etl.io.journal.records import AttemptRecord, BatchRecord, ItemRecord, LookRecord, RowRecord, RunRecord
from etl.messages import text_from_json
from etl.model import Batch, Outcome

_STATES = {state.value: state for state in ItemState}


def run_values(run: RunRecord) -> dict[str, Any]:
    """Return the row of a run."""
    return {
        "id": run.id,
        "destination": run.destination,
        "profile": run.profile,
        "account": run.account,
        "file": run.file,
        "file_sha256": run.file_sha256,
        "content": run.content,
        "facts": encoding.to_text(dict(run.facts)),
        "state": run.state,
        "started": encoding.moment(run.started),
        "planned": run.planned,
        "sent": run.sent,
        "reads": run.reads,
    }


def run_record(found: RowMapping) -> RunRecord:
    """Return the run of a row of `runs`."""
    return RunRecord(
        id=found["id"],
        destination=found["destination"],
        profile=found["profile"],
        account=found["account"],
        file=found["file"],
        file_sha256=found["file_sha256"],
        content=found["content"],
        facts=encoding.from_text(found["facts"]),
        state=found["state"],
        started=encoding.at(found["started"]),
        finished=encoding.from_moment(found["finished"]),
        exit_code=found["exit_code"],
        stopped=encoding.from_message(found["stopped"]),
        closed_by=found["closed_by"],
        planned=found["planned"],
        sent=found["sent"],
        reads=found["reads"],
        serial=found["serial"],
    )


def row_values(run: str, place: int, row: RowRecord) -> dict[str, Any]:
    """Return the row of a source row at its place in the run."""
    return {
        "run": run,
        "place": place,
        "number": row.number,
        "cells": encoding.cells(row.cells),
        "outcome": row.outcome,
        "reasons": encoding.to_text([reason.to_json() for reason in row.reasons]) if row.reasons else None,
        "derived": encoding.values(row.derived),
        "item": row.item,
        "before": encoding.to_text(dict(row.before)) if row.before else None,
    }


def row_record(found: Sequence[Any]) -> RowRecord:
    """Return the source row of the columns of a row of `rows`, in the table's order: there are many, as of items."""
    _, _, number, cells, outcome, reasons, derived, item, before = found
    return RowRecord(
        number=number,
        cells=encoding.from_cells(cells),
        outcome=Outcome(outcome) if outcome else None,
        reasons=tuple(map(text_from_json, encoding.from_text(reasons))) if reasons else (),
        derived=encoding.from_values(derived),
        item=item,
        before=encoding.from_text(before) if before else {},
    )


def item_values(run: str, item: ItemRecord) -> dict[str, Any]:
    """Return the row of an item."""
    return {
        "run": run,
        "place": item.place,
        "batch": item.batch,
        "item_id": item.item_id,
        "key_id": item.key_id,
        "key": encoding.to_text(list(item.key)),
        "payload": encoding.to_text(dict(item.payload)),
        "state": item.state,
        "ambiguous": item.ambiguous,
        "doubts": item.doubts,
        "inferred": item.inferred,
    }


def item_record(found: Sequence[Any]) -> ItemRecord:
    """Return the item of the columns of a row of `items`, in the table's order: there are many, and this is quick."""
    (
        _, place, batch, item_id, key_id, key, payload, state, ambiguous, doubts,
        reason, vendor_id, data, inferred, evidence,
    ) = found  # fmt: skip
    return ItemRecord(
        place,
        batch,
        item_id,
        key_id,
        tuple(encoding.from_text(key)),
        encoding.from_text(payload),
        _STATES[state],
        bool(ambiguous),
        doubts,
        None if reason is None else encoding.from_message(reason),
        vendor_id,
        {} if data is None else encoding.from_text(data),
        bool(inferred),
        {} if evidence is None else encoding.from_text(evidence),
    )


def batch_values(run: str, batch: Batch) -> dict[str, Any]:
    """Return the row of a batch; its token comes from the run."""
    return {
        "run": run,
        "number": batch.number,
        "group": batch.group,
        "token": token_of(run, batch.number),
        "body": batch.body,
        "body_sha256": hashlib.sha256(batch.body).hexdigest(),
    }


def batch_record(found: RowMapping) -> BatchRecord:
    """Return the batch of a row of `batches`."""
    return BatchRecord(
        number=found["number"],
        group=found["group"],
        token=found["token"],
        body=found["body"],
        baseline=encoding.from_text(found["baseline"]),
        baseline_at=encoding.from_moment(found["baseline_at"]),
    )


def attempt_record(found: RowMapping) -> AttemptRecord:
    """Return the attempt of a row of `attempts`."""
    return AttemptRecord(
        batch=found["batch"],
        number=found["number"],
        places=tuple(json.loads(found["places"])),
        started=encoding.at(found["started"]),
        finished=encoding.from_moment(found["finished"]),
        verdict=found["verdict"],
        detail=found["detail"],
    )


def look_record(found: RowMapping) -> LookRecord:
    """Return the look of a row of `looks`."""
    return LookRecord(
        batch=found["batch"],
        number=found["number"],
        at=encoding.at(found["at"]),
        sightings={int(place): seen for place, seen in encoding.from_text(found["sightings"]).items()},
    )
