"""Decides which line takes back what came in by a reception, or brings back what went out by a consumption."""

from __future__ import annotations

from collections.abc import Mapping

from etl.messages import Text, text
from etl.model import Json
from etl.vendors.base import Done
from etl.vendors.bsale.columns import IDENTIFIERS
from etl.vendors.bsale.payload import reception_of

_KEPT = ("officeId", "quantity", *IDENTIFIERS, "serialNumber")


def undo_reception(done: Done) -> Mapping[str, Json] | Text:
    """Return the line of a consumption; or why there is none."""
    if reception_of(done.group) is not None:
        return text("It corrected a reception that exists: what its lines were before is not known.")
    return _opposite(done, "Anula la recepción")


def undo_consumption(done: Done) -> Mapping[str, Json]:
    """Return the line of a reception."""
    return {"document": "OTRO", **_opposite(done, "Anula el consumo")}


def _opposite(done: Done, note: str) -> dict[str, Json]:
    """Return the same units of the same variant in a document that names the one it undoes.

    Its number makes the movement another one than the undo of an equal delivery. What stands in a note is read at the
    vendor, so that its language does not change.
    """
    named = {"documentNumber": done.vendor_id, "note": f"{note} {done.vendor_id}"} if done.vendor_id else {"note": note}
    return {**named, **{name: done.payload[name] for name in _KEPT if name in done.payload}}
