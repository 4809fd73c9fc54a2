"""Decides what a row changes at the vendor: the fields that are sent with another value than it had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from etl.model import Json

ERASED = "(vacío)"
"""What stands in a cell to erase the vendor's value, and what is shown of a value that was erased."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A field's value at the vendor before, and the one that is sent; None: nothing there, or erased."""

    before: Json
    after: Json


def changes_of(
    before: Mapping[str, Json], payload: Mapping[str, Json], same: Callable[[Json, Json], bool]
) -> dict[str, Changed]:
    """Return the changed fields in the payload's order.

    `before` is what the vendor had (`Survey.before`), `payload` what is sent (`Item.payload`), `same` says whether a
    sent and a told value are one (`Destination.same`). Fields of which it is not known what the vendor had are left
    out.
    """
    if not before:
        return {}
    return {
        name: Changed(before[name], sent)
        for name, sent in payload.items()
        if name in before and not same(sent, before[name])
    }
