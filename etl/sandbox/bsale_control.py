"""How a simulated Bsale is steered from outside, and what it tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import msgspec

from etl.model import Json
from etl.sandbox.bsale_account import Account, Document, Kind, Mood, Office, Product, Stock, Variant

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def _decimal(value: Json) -> Decimal:
    return Decimal(str(value))


def _record(data: Json, kind: type[T]) -> T:
    """Return a record made of JSON; ValueError for a name that it does not have."""
    known = {one.name for one in fields(kind)}
    if unknown := sorted(set(data) - known):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    return msgspec.convert(data, kind)


def _office(account: Account, data: Json) -> None:
    one = _record(data, Office)
    account.offices[one.id] = one


def _product(account: Account, data: Json) -> None:
    one = _record(data, Product)
    account.products[one.id] = one


def _variant(account: Account, data: Json) -> None:
    one = _record(data, Variant)
    if one.product not in account.products:
        raise ValueError(f"no such product: {one.product}")
    account.variants[one.id] = one


def _stock(account: Account, data: Json) -> None:
    stock: Stock = account.stock(data["office"], data["variant"])
    stock.quantity, stock.reserved = _decimal(data["quantity"]), _decimal(data.get("reserved", 0))


def _move(account: Account, data: Json) -> None:
    account.stock(data["office"], data["variant"]).quantity += _decimal(data["quantity"])


def _document(account: Account, data: Json) -> None:
    kind: Kind = data["kind"]
    number = data.get("id", account.next_document(kind))
    account.documents[kind][number] = Document(
        id=number, day=date.fromisoformat(data["day"]), office=data["office"], note=data.get("note", "")
    )


def _mood(account: Account, data: Json) -> None:
    now = {one.name: getattr(account.mood, one.name) for one in fields(Mood)}
    account.mood = _record({**now, **data}, Mood)


CONTROLS: Mapping[str, Callable[[Account, Json], None]] = {
    "office": _office,
    "product": _product,
    "variant": _variant,
    "stock": _stock,
    "move": _move,
    "document": _document,
    "mood": _mood,
}
"""By action: ``office``, ``product``, ``variant`` make one known (the fields of `bsale_account`); ``stock`` sets and
``move`` changes (`office`, `variant`, `quantity`) without an application; ``document`` is somebody else's (`kind`,
`day`, `office`, `note`, `id`); ``mood`` sets fields of `Mood`."""


def stated(account: Account) -> dict[str, Json]:
    """Return stock, applications and the documents they made as JSON."""
    made = {(one.kind, one.document) for one in account.applied}
    return {
        "stocks": [
            {"office": office, "variant": variant, "quantity": one.quantity, "reserved": one.reserved}
            for (office, variant), one in account.stocks.items()
        ],
        "documents": [
            {
                "kind": kind,
                "id": one.id,
                "office": one.office,
                "note": one.note,
                "document": one.document,
                "document_number": one.document_number,
                "lines": len(one.details),
            }
            for kind, every in account.documents.items()
            for one in every.values()
            if (kind, one.id) in made
        ],
        "applications": [
            {name.name: _plain(getattr(one, name.name)) for name in fields(one)} for one in account.applied
        ],
    }


def _plain(value: Json) -> Json:
    return dict(value) if isinstance(value, Mapping) else value
