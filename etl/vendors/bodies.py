"""Decides how exact numbers become JSON: no exponent, no trailing zeros, never a binary fraction in between."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

import msgspec

from etl.model import Json

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(body: Json) -> bytes:
    """Return a body as the bytes that are sent: equal values give equal bytes."""
    return _ENCODER.encode(body)


@lru_cache(maxsize=65536)
def exact(number: Decimal) -> int | Decimal:
    """Return the number without exponent and trailing zeros: an int when it is whole."""
    plain = format(number, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return Decimal(plain) if "." in plain else int(plain)
