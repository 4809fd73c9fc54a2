"""Decides how Bsale's records become lines of a table: ids of nested nodes, days, texts, exact numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from etl.core.zones import zone_of
from etl.model import Json
from etl.vendors.answers import is_number, number_of, shown
from etl.vendors.bsale.lists import Record
from etl.vendors.listing import Shown

EXPANDED_LINES = 25
"""Lines of a document that an expanded answer holds; it does not say that there are more (facts 2.1)."""

Line = dict[str, Shown]

_DATES = frozenset({"admissionDate", "consumptionDate"})
_DAY_SECONDS = 86_400
_LAST_SECOND = 253_402_300_799
"""Of the year 9999."""

_TEXTS = frozenset({"document", "documentNumber", "note", "code", "barCode", "description", "name", "cntCode"})
"""What is text, even when it is told as a number (facts 2.2: a POST does so)."""

_PARTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "office": {"office": ("name",)},
    "user": {"user": ("firstName", "lastName")},
    "variant": {"code": ("code",), "barCode": ("barCode",), "description": ("description",)},
    "product": {
        "product": ("name",),
        "classification": ("classification",),
        "allowDecimal": ("allowDecimal",),
    },
}
"""What is shown of a nested node that was told in full: column -> its attributes."""


def line_of(record: Record) -> Line:
    """Return a record as one line: a nested node as its id (`officeId`), and what was told of it as columns."""
    line: Line = {}
    for name, value in record.items():
        if isinstance(value, dict):
            line |= _nested(name, value)
        elif name != "href":
            line[name] = _value(name, value)
    return line


def detail_of(record: Record) -> Line:
    """Return a line of a document; its own id is `detailId`, and its serial number is a text."""
    line = line_of(record)
    serial = record.get("serialNumber")
    if serial is not None:
        line["serialNumber"] = _text(serial)
    return {"detailId": line.pop("id", None), **line}


def expanded_details(record: Record) -> tuple[Record, ...] | None:
    """Return the lines that a document's record holds; None when they are not all of them, or may not be."""
    node: Json = record.get("details")
    items = node.get("items") if isinstance(node, dict) else None
    if not isinstance(node, dict) or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    count = number_of(node.get("count"))
    whole = count == len(items) if isinstance(count, int) else len(items) < EXPANDED_LINES
    return tuple(items) if whole else None


def _nested(name: str, node: Mapping[str, Json]) -> Line:
    if name == "details":
        count = number_of(node.get("count"))
        return {} if count is None else {"lines": count}
    number = number_of(node.get("id"))
    line: Line = {} if number is None else {f"{name}Id": number}
    for column, attributes in _PARTS.get(name, {}).items():
        told = [_value(column, node[one]) for one in attributes if one in node]
        if told:
            line[column] = told[0] if len(attributes) == 1 else " ".join(str(one) for one in told if one is not None)
    return line


def _value(name: str, value: Json) -> Shown:
    if name in _DATES and is_number(value):
        return _day(int(value))
    if is_number(value) and name not in _TEXTS:
        return number_of(value)
    return _text(value)


def _text(value: Json) -> str | None:
    """Return a value as text; None for a blank one."""
    told = None if value is None else shown(str(value) if is_number(value) else value)
    return None if told is None or not str(told).strip() else str(told)


def _day(seconds: int) -> date | int:
    """Return the day of a moment: in lists it begins at 00:00 UTC, elsewhere in Chile (page, samples)."""
    zone = zone_of("America/Santiago")
    if not 0 <= seconds <= _LAST_SECOND - _DAY_SECONDS:
        return seconds
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.date() if seconds % _DAY_SECONDS == 0 else moment.astimezone(zone).date()
