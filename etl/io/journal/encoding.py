"""Values <-> the texts in which the journal keeps them. Numbers with decimals stay exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from etl.messages import Text, text_from_json
from etl.model import Cell, Json, Value

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ROW_DECODER = msgspec.json.Decoder(list[Any])
_AS_THEY_ARE = frozenset({str, float, bool, type(None)})
"""The types of cells that JSON has: a row of nothing else needs no look at each cell."""


def to_text(value: Json) -> str:
    """Return JSON text."""
    return _ENCODER.encode(value).decode()


def from_text(words: str | None) -> Json:
    """Return the JSON value; None for no text."""
    return None if words is None else _DECODER.decode(words)


def moment(at: datetime) -> str:
    """Return a moment as UTC ISO 8601 text that sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def at(words: str) -> datetime:
    """Return the moment of such a text."""
    return datetime.fromisoformat(words)


def from_moment(words: str | None) -> datetime | None:
    """Return the moment of such a text; None for none."""
    return None if words is None else datetime.fromisoformat(words)


def message(value: Text | None) -> str | None:
    """Return a text's JSON."""
    return None if value is None else to_text(value.to_json())


def from_message(words: str | None) -> Text | None:
    """Return the text of such JSON."""
    return None if words is None else text_from_json(from_text(words))


def cells(row: Sequence[Cell]) -> str:
    """Return the JSON of a source row; dates and times are marked, so that they come back as such."""
    return to_text(list(row) if _AS_THEY_ARE.issuperset(map(type, row)) else [_cell(value) for value in row])


def from_cells(words: str) -> tuple[Cell, ...]:
    """Return the source row of such JSON, numbers as the floats that the sheet holds."""
    row = _ROW_DECODER.decode(words)
    return tuple(row) if _AS_THEY_ARE.issuperset(map(type, row)) else tuple(map(_from_cell, row))


def _cell(value: Cell) -> Json:
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    if isinstance(value, timedelta):
        return {"seconds": value.total_seconds()}
    return value


def _from_cell(value: Json) -> Cell:
    if isinstance(value, dict):
        kind, content = next(iter(value.items()))
        if kind == "at":
            return datetime.fromisoformat(content)
        if kind == "day":
            return date.fromisoformat(content)
        if kind == "time":
            return time.fromisoformat(content)
        return timedelta(seconds=content)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    cell: Cell = value
    return cell


def values(derived: Mapping[str, Value]) -> str | None:
    """Return the JSON of understood values; None when there are none."""
    if not derived:
        return None
    return to_text({name: _value(value) for name, value in derived.items()})


def from_values(words: str | None) -> dict[str, Value]:
    """Return the understood values of such JSON."""
    if words is None:
        return {}
    return {name: _from_value(value) for name, value in from_text(words).items()}


def _value(value: Value) -> Json:
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    return {"decimal": str(value)} if isinstance(value, Decimal) else value


def _from_value(value: Json) -> Value:
    if isinstance(value, dict):
        kind, content = next(iter(value.items()))
        return datetime.fromisoformat(content) if kind == "at" else Decimal(content)
    found: Value = value
    return found
