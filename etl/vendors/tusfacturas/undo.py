"""Decides which row sets back what a run did to a product or to its stock."""

from __future__ import annotations

from collections.abc import Mapping

from etl.messages import Text, text
from etl.model import Json
from etl.vendors.base import Done
from etl.vendors.tusfacturas.payload import KEY, PRODUCT_FIELDS, STOCK_FIELDS
from etl.vendors.tusfacturas.response import same_product_value

_SET = tuple(name for name in PRODUCT_FIELDS if name not in {*KEY, "stock_actual"})
"""What a modification sets: the stock is only used to add a product (vendor page, hints)."""
_OPPOSITE = {"A": "B", "B": "A"}


def undo_product(done: Done) -> Mapping[str, Json] | Text:
    """Return the modification that sets the changed fields back, and no other one; or why there is none."""
    if done.group == "A":
        return text("It was added, and TusFacturas deletes no product by this way: do it there.")
    if done.before is None:
        return text("It is not known what it was before: the run did not read it.")
    changed = {
        name: _blank_as_none(done.before[name])
        for name in _SET
        if name in done.before and not same_product_value(done.payload.get(name), done.before[name])
    }
    if not changed:
        return text("It changed nothing.")
    return {"operacion": "M", **{name: done.payload[name] for name in KEY}, **changed}


def undo_movement(done: Done) -> Mapping[str, Json]:
    """Return the opposite movement of the same units."""
    return {"operacion": _OPPOSITE[done.group], **{name: done.payload[name] for name in STOCK_FIELDS}}


def _blank_as_none(value: Json) -> Json:
    return None if isinstance(value, str) and not value.strip() else value
