"""The GETs of the simulated Bsale: lists with their filters, single records, the lines of a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from etl.model import Json
from etl.sandbox.bsale_account import ACTIVE, CONSUMPTION, PACK, RECEPTION, Document, Kind, Variant
from etl.sandbox.bsale_query import Asked, GateError, understand
from etl.sandbox.bsale_told import Teller, pack_stock

Query = Sequence[tuple[str, str]]
T = TypeVar("T")

_BY_VARIANT = ("variantid", "code", "barcode")
_STOCK_FILTERS = ("officeid", *_BY_VARIANT)
_STOCK_EXPAND = ("variant", "office")
_DOCUMENT_FILTERS: Mapping[Kind, tuple[str, ...]] = {
    RECEPTION: ("admissiondate", "documentnumber", "officeid"),
    CONSUMPTION: ("consumptiondate", "officeid"),
}
_DOCUMENT_EXPAND = ("office", "user", "details")
_VARIANT_FILTERS = ("code", "barcode", "description", "serialnumber", "productid", "state")


def _found(table: Mapping[int, T], number: int) -> T:
    if number not in table:
        raise GateError(404, "The requested resource was not found")
    return table[number]


def stocks(teller: Teller, query: Query) -> Json:
    """``stocks.json``; a pack is told only when it and an office are asked for (page, tip on packs)."""
    asked = understand(query, filters=_STOCK_FILTERS, expand=_STOCK_EXPAND)
    account, office = teller.account, asked.number("officeid")
    wanted = _variant_filter(asked)
    found = [
        (place, variant, one)
        for (place, variant), one in account.stocks.items()
        if office in {None, place} and wanted(account.variants[variant])
    ]
    if office in account.offices and any(name in asked.filters for name in _BY_VARIANT):
        for one in filter(wanted, account.variants.values()):
            product = account.products[one.product]
            if product.classification == PACK:
                found.append((office, one.id, pack_stock(account, office, product)))
    return _listed(teller, asked, "stocks", found, lambda one: teller.expanded(teller.stock(*one), asked.expand))


def _variant_filter(asked: Asked) -> Callable[[Variant], bool]:
    number, code, bar_code = asked.number("variantid"), asked.filters.get("code"), asked.filters.get("barcode")

    def matches(variant: Variant) -> bool:
        pairs = ((number, variant.id), (code, variant.code), (bar_code, variant.bar_code))
        return all(wanted in {None, held} for wanted, held in pairs)

    return matches


def _listed(teller: Teller, asked: Asked, path: str, records: Sequence[T], tell: Callable[[T], Json]) -> Json:
    """Return a page of records as nodes, expanded and narrowed as was asked."""
    href, after = teller.href(path), asked.offset + asked.limit
    items = [asked.only_fields(tell(one)) for one in records[asked.offset : after]]
    page = {"href": href, "count": len(records), "limit": asked.limit, "offset": asked.offset, "items": items}
    # The address of the next page knows limit and offset only (page, samples).
    return page if after >= len(records) else {**page, "next": f"{href}?limit={asked.limit}&offset={after}"}


def stock(teller: Teller, query: Query, number: int) -> Json:
    """``stocks/ID.json``; with an `officeid` that is not its own it is not there."""
    asked = understand(query, filters=("officeid",), expand=_STOCK_EXPAND, paged=False)
    for (office, variant), one in teller.account.stocks.items():
        if one.id == number and asked.number("officeid") in {None, office}:
            return teller.expanded(teller.single_stock(office, variant, one), asked.expand)
    raise GateError(404, "The requested resource was not found")


def documents(teller: Teller, query: Query, kind: Kind) -> Json:
    """``stocks/receptions.json``, ``stocks/consumptions.json``; a date is the epoch that the list shows."""
    asked = understand(query, filters=_DOCUMENT_FILTERS[kind], expand=_DOCUMENT_EXPAND)
    found = _matching(asked, kind, teller.account.documents[kind].values())
    ordered = sorted(found, key=lambda one: one.id, reverse=teller.account.mood.newest_first)
    return _listed(
        teller,
        asked,
        f"stocks/{kind}",
        ordered,
        lambda one: teller.expanded(teller.document(kind, one), asked.expand, kind),
    )


def _matching(asked: Asked, kind: Kind, every: Iterable[Document]) -> Iterable[Document]:
    office = asked.number("officeid")
    day = asked.number("admissiondate" if kind == RECEPTION else "consumptiondate")
    number = asked.filters.get("documentnumber")
    for one in every:
        pairs = ((office, one.office), (day, one.midnight), (number, one.document_number))
        if all(wanted in {None, held} for wanted, held in pairs):
            yield one


def document(teller: Teller, query: Query, kind: Kind, number: int) -> Json:
    """``stocks/receptions/ID.json``, ``stocks/consumptions/ID.json``."""
    asked = understand(query, expand=_DOCUMENT_EXPAND, paged=False)
    one = _found(teller.account.documents[kind], number)
    return teller.expanded(teller.document(kind, one), asked.expand, kind)


def details(teller: Teller, query: Query, kind: Kind, number: int) -> Json:
    """``…/ID/details.json``: paged like any list."""
    asked = understand(query, expand=("variant",))
    every = _found(teller.account.documents[kind], number).details
    return _listed(
        teller,
        asked,
        f"stocks/{kind}/{number}/details",
        every,
        lambda one: teller.expanded(teller.detail(kind, number, one), asked.expand),
    )


def detail(teller: Teller, query: Query, kind: Kind, number: int, line: int) -> Json:
    """``…/ID/details/ID.json``."""
    asked = understand(query, expand=("variant",), paged=False)
    lines = {one.id: one for one in _found(teller.account.documents[kind], number).details}
    return teller.expanded(teller.detail(kind, number, _found(lines, line)), asked.expand)


def consumption_types(teller: Teller, query: Query) -> Json:
    """``stock_consumption_types.json``."""
    asked = understand(query)
    every = tuple(teller.account.types.values())
    return _listed(teller, asked, "stock_consumption_types", every, teller.consumption_type)


def offices(teller: Teller, query: Query) -> Json:
    """``offices.json``: those in use, unless a `state` is asked for."""
    asked = understand(query, filters=("name", "state"))
    state, name = _state(asked), asked.filters.get("name")
    every = teller.account.offices.values()
    found = [one for one in every if one.state == state and name in {None, one.name}]
    return _listed(teller, asked, "offices", found, teller.office)


def _state(asked: Asked) -> int:
    state = asked.number("state")
    return ACTIVE if state is None else state


def office(teller: Teller, query: Query, number: int) -> Json:
    """``offices/ID.json``: one that is closed, too."""
    understand(query, paged=False)
    return teller.office(_found(teller.account.offices, number))


def variants(teller: Teller, query: Query) -> Json:
    """``variants.json``: those in use, unless a `state` is asked for (facts 2.1, counts)."""
    asked = understand(query, filters=_VARIANT_FILTERS, expand=("product",))
    state, serial, product = _state(asked), asked.number("serialnumber"), asked.number("productid")
    by_code, description = _variant_filter(asked), asked.filters.get("description")
    found = [
        one
        for _, one in sorted(teller.account.variants.items())
        if by_code(one)
        and one.state == state
        and description in {None, one.description}
        and serial in {None, int(one.serial_number)}
        and product in {None, one.product}
    ]
    return _listed(teller, asked, "variants", found, lambda one: teller.expanded(teller.variant(one), asked.expand))


def variant(teller: Teller, query: Query, number: int) -> Json:
    """``variants/ID.json``: one that is no longer in use, too."""
    asked = understand(query, expand=("product",), paged=False)
    return teller.expanded(teller.variant(_found(teller.account.variants, number)), asked.expand)


def product(teller: Teller, query: Query, number: int) -> Json:
    """``products/ID.json``."""
    understand(query, paged=False)
    return teller.product(_found(teller.account.products, number))


def user(teller: Teller, query: Query, number: int) -> Json:
    """``users/ID.json``."""
    understand(query, paged=False)
    _found(teller.account.users, number)
    return teller.user(number)
