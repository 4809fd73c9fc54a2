"""Reads how much of some variants an office has: by office or by variant, whichever takes fewer requests."""

from __future__ import annotations

import math
from collections.abc import Collection, Generator, Iterable
from dataclasses import dataclass
from decimal import Decimal

from etl.model import Answer, Request
from etl.vendors.answers import number_of
from etl.vendors.bsale.lists import PAGE, Record, page_of, page_request, rest_of_list
from etl.vendors.bsale.response import record_id

Place = tuple[str, str]
"""(office, variant), both as text."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What an office has of a variant: all of it, and what is not reserved (page, Atributos)."""

    quantity: Decimal
    available: Decimal


Stocks = dict[Place, Stock]


def read_stocks(wanted: Collection[Place]) -> Generator[Request, Answer, Stocks | None]:
    """Return the stock at these places; a place without a record has none. None when an answer is not understood."""
    found: Stocks = {}
    for office in sorted({office for office, _variant in wanted}):
        variants = sorted({variant for place, variant in wanted if place == office}, key=int)
        records = yield from _of_office(office, variants)
        if records is None:
            return None
        found.update(_stocks(records))
    return {place: stock for place, stock in found.items() if place in wanted}


def _of_office(office: str, variants: list[str]) -> Generator[Request, Answer, list[Record] | None]:
    query = (("officeid", office),)
    if len(variants) > 1:
        page = page_of((yield page_request("stocks.json", query, 0)))
        if page is None:
            return None
        if math.ceil(page.count / PAGE) - 1 <= len(variants):
            rest = (
                (yield from rest_of_list("stocks.json", query, len(page.items))) if page.count > len(page.items) else []
            )
            return None if rest is None else [*page.items, *rest]
    records: list[Record] = []
    for variant in variants:
        part = yield from rest_of_list("stocks.json", (("variantid", variant), *query))
        if part is None:
            return None
        records += part
    return records


def _stocks(records: Iterable[Record]) -> Stocks:
    found: Stocks = {}
    for record in records:
        office, variant = (_number(record.get(name)) for name in ("office", "variant"))
        quantity = number_of(record.get("quantity"))
        available = number_of(record.get("quantityAvailable", quantity))
        if office is not None and variant is not None and quantity is not None and available is not None:
            found[office, variant] = Stock(Decimal(quantity), Decimal(available))
    return found


def _number(node: object) -> str | None:
    return record_id(node.get("id")) if isinstance(node, dict) else None
