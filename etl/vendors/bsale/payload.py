"""Decides how the rows of a document become Bsale's JSON, where our mark goes, and how all of it becomes bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import msgspec

from etl.model import Json, Request, Value
from etl.vendors.bodies import encode, exact
from etl.vendors.bsale.columns import LONGEST_NOTE, identifier_of

RECEPTIONS = "stocks/receptions"
CONSUMPTIONS = "stocks/consumptions"

RECEPTION_HEAD = ("document", "officeId", "documentNumber", "note")
CONSUMPTION_HEAD = ("note", "officeId", "documentNumber", "consumptionTypeId")
"""In the order of the examples on the vendor's page."""
_LINE = ("quantity", "variantId", "code", "barCode", "cost", "serialNumber")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def reception_payload(values: Mapping[str, Value]) -> dict[str, Json]:
    """Return what a row says of its reception and of its line; fields without a value leave no key."""
    return _payload(values, RECEPTION_HEAD)


def consumption_payload(values: Mapping[str, Value]) -> dict[str, Json]:
    """Return what a row says of its consumption and of its line."""
    return _payload(values, CONSUMPTION_HEAD)


def reception_request(group: str, payloads: Sequence[Mapping[str, Json]]) -> Request:
    """Return the request that makes a reception of these lines, or puts them in place of those of one that exists."""
    head = reception_of(group)
    path = f"{RECEPTIONS}.json" if head is None else f"{RECEPTIONS}/{head}.json"
    return Request("POST" if head is None else "PUT", path, _body(payloads, RECEPTION_HEAD))


def consumption_request(group: str, payloads: Sequence[Mapping[str, Json]]) -> Request:  # noqa: ARG001 - no change
    """Return the request that makes a consumption of these lines."""
    return new_document(CONSUMPTIONS, payloads)


def new_document(resource: str, payloads: Sequence[Mapping[str, Json]]) -> Request:
    """Return the request that makes a document of these lines."""
    head = CONSUMPTION_HEAD if resource == CONSUMPTIONS else RECEPTION_HEAD
    return Request("POST", f"{resource}.json", _body(payloads, head))


def reception_of(group: str) -> str | None:
    """Return the reception that a group corrects (its first field); None when it makes a new one."""
    return group.partition("\t")[0] or None


def marked(request: Request, token: str) -> Request:
    """Return the request with our mark at the end of its note, by which its record can be found again.

    A PUT carries none: it can be repeated, and the record is known by its number.
    """
    if request.method != "POST" or request.body is None:
        return request
    body = _DECODER.decode(request.body)
    note = fitted(body.pop("note", ""), LONGEST_NOTE - len(token) - 1)
    whole = {**body, "note": f"{note} {token}" if note else token}
    head = CONSUMPTION_HEAD if request.path.startswith(CONSUMPTIONS) else RECEPTION_HEAD
    return replace(request, body=encode({name: whole[name] for name in (*head, "details") if name in whole}))


def fitted(note: str, most: int = LONGEST_NOTE) -> str:
    """Return a note cut to what the vendor keeps."""
    return note if len(note) <= most else note[:most].rstrip()


def _payload(values: Mapping[str, Value], head: Sequence[str]) -> dict[str, Json]:
    identifier = identifier_of(values)
    names = (*head, *(name for name in _LINE if name not in ("variantId", "code", "barCode") or name == identifier))
    return {name: _wire_value(name, values[name]) for name in names if values.get(name) is not None}


def _body(payloads: Sequence[Mapping[str, Json]], head: Sequence[str]) -> bytes:
    """Return a document: what its rows have in common once, then a line a row, in order."""
    first = {name: payloads[0][name] for name in head if name in payloads[0]}
    if "note" in first:
        first["note"] = fitted(first["note"])
    lines = [{name: _wire_value(name, line[name]) for name in _LINE if name in line} for line in payloads]
    return encode({**first, "details": lines})


def _wire_value(name: str, value: Json) -> Json:
    """Return numbers exactly and the office's number as one; an office's name waits to be looked up."""
    if name == "officeId" and isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return exact(value) if isinstance(value, Decimal) else value
