"""Decides which row sets back the stock that a run has set."""

from __future__ import annotations

from collections.abc import Mapping

from etl.messages import Text, text
from etl.model import Json
from etl.vendors.base import Done
from etl.vendors.justo.payload import KEY

_VALUES = ("stock", "untilDate")


def undo_stock(done: Done) -> Mapping[str, Json] | Text:
    """Return the stock that was accepted before; or why there is none: Justo itself cannot be asked."""
    if done.before is None:
        return text("It is not known what it was before: this journal has no earlier stock of it.")
    if all(done.before.get(name) == done.payload.get(name) for name in _VALUES):
        return text("It changed nothing.")
    key = {name: value for name, value in done.payload.items() if name in {*KEY, "type"}}
    return {**key, **{name: done.before[name] for name in _VALUES if name in done.before}}
