"""Decides how the understood values of a row become Justo's JSON, and how that JSON becomes bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from etl.model import Json, Request, Value
from etl.vendors.justo.columns import MODIFIER

KEY = ("storeId", "productId", "modifierId", "modifierOptionId")
PRODUCT_KEY = ("storeId", "productId")
MODIFIER_KEY = ("storeId", "modifierId", "modifierOptionId")

PRODUCT_FIELDS = ("storeId", "productId", "type", "stock", "untilDate")
MODIFIER_FIELDS = ("type", "storeId", "modifierId", "modifierOptionId", "untilDate", "stock")
"""In the order of the examples on the vendor's page."""

_PATH = "products/itemsStock"


def stock_payload(values: Mapping[str, Value]) -> dict[str, Json]:
    """Return an element of the body; fields without a value leave no key."""
    names = MODIFIER_FIELDS if values.get("type") == MODIFIER else PRODUCT_FIELDS
    return {name: _wire_value(values[name]) for name in names if values.get(name) is not None}


def stock_request(group: str, payloads: Sequence[Mapping[str, Json]]) -> Request:  # noqa: ARG001 - there is one group
    """Return the request that sets these stocks: always an array, also for one item (contract section 1)."""
    return Request("PATCH", _PATH, msgspec.json.encode([stock_payload(payload) for payload in payloads]))


def _wire_value(value: Value) -> Json:
    """Return text as it is, a number as a whole one, a moment as UTC with milliseconds (vendor page, untilDate)."""
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return value
