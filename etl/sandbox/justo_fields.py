"""Decides whether an item of itemsStock has exactly the fields and types of Justo's page.

Written from that page apart from our own column declarations, so that a mistake there does not hide itself here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from etl.model import Json

_MOMENT = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
_SHARED = frozenset({"storeId", "type", "stock", "untilDate"})
_IDS = {"product": ("productId",), "modifier": ("modifierId", "modifierOptionId")}


def complaints(item: Mapping[str, Json]) -> list[str]:
    """Return what is wrong with an item, in the page's words where it has some; empty when nothing is."""
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in _IDS:
        return ["The parameter 'type' must be 'product' or 'modifier'"]
    found = [f"Unknown parameter '{name}'" for name in item if name not in {*_SHARED, *_IDS[kind]}]
    found += [f"Missing parameter '{name}'" for name in ("storeId", "stock") if name not in item]
    if any(name not in item for name in _IDS[kind]):
        found.append("Missing parameter " + " or ".join(f"'{name}'" for name in _IDS[kind]))
    found += [
        f"The parameter '{name}' must be a text"
        for name in ("storeId", *_IDS[kind])
        if name in item and not (isinstance(item[name], str) and item[name].strip())
    ]
    return found + _bad_values(item)


def _bad_values(item: Mapping[str, Json]) -> list[str]:
    found = []
    stock = item.get("stock", 0)
    if isinstance(stock, bool) or not isinstance(stock, int) or stock < 0:
        found.append("The parameter 'stock' must be a whole number from 0 up")
    until = item.get("untilDate", "2021-08-09T15:15:00.052Z")
    if not isinstance(until, str) or not _MOMENT.fullmatch(until):
        found.append("The parameter 'untilDate' must be an ISO date in UTC")
    return found
