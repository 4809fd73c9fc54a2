"""Reads Bsale's variants as a survey needs them: once, all pages or one by one, whichever takes fewer requests."""

from __future__ import annotations

import math
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from etl.model import Answer, Json, Request, Row
from etl.vendors.answers import number_of
from etl.vendors.bsale.columns import IDENTIFIERS
from etl.vendors.bsale.lists import PAGE, Record, page_of, page_request, record_of, rest_of_list
from etl.vendors.bsale.response import record_id

ACTIVE = 0
"""`state` of what is in use (facts 2.2)."""
PACK, SERVICE = 3, 1
"""`classification` of a product without stock of its own."""
_EXPAND = ("expand", "[product]")
_FILTERS = {"code": "code", "barCode": "barcode"}
"""`barCode` in bodies, `barcode` in filters (facts 2.1)."""
_BAR_CODE_LENGTHS = (8, 12, 13, 14)
_MORE_ZEROS = 4

Named = tuple[str, str]
"""An identifier: (field, value as text)."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What is known of a variant that is in use."""

    id: str
    code: str
    bar_code: str
    serial: bool
    negative: bool
    """Stock may fall below zero."""
    unlimited: bool
    """Stock is not counted."""
    decimals: bool
    classification: int

    def named(self, name: str) -> str:
        """Return its identifier of this field."""
        return {"variantId": self.id, "code": self.code, "barCode": self.bar_code}[name]


@dataclass(slots=True)
class Catalogue:
    """The variants in use that were read, by identifier."""

    by_name: dict[Named, list[Variant]] = field(default_factory=dict)

    def add(self, records: Iterable[Record]) -> None:
        """Take in records; those that are not in use, or are no variants, are left out."""
        for record in records:
            variant = _variant(record)
            if variant is None or variant.id in {one.id for one in self.by_name.get(("variantId", variant.id), ())}:
                continue
            for name in IDENTIFIERS:
                if variant.named(name):
                    self.by_name.setdefault((name, variant.named(name)), []).append(variant)

    def find(self, name: str, value: str) -> Sequence[Variant]:
        """Return the variants in use that have exactly this identifier."""
        return self.by_name.get((name, value), ())

    def but_for_zeros(self, name: str, value: str) -> list[str]:
        """Return the other identifiers of this field that differ from a value by leading zeros alone."""
        bare = value.lstrip("0")
        return sorted(
            other
            for field_name, other in self.by_name
            if field_name == name and other != value and other.lstrip("0") == bare
        )


def identifiers_of(rows: Iterable[Row]) -> set[Named]:
    """Return all identifiers that stand in these rows."""
    return {(name, str(row.values[name])) for row in rows for name in IDENTIFIERS if name in row.values}


def read_catalogue(
    rows: Sequence[Row], numeric: Collection[tuple[int, str]]
) -> Generator[Request, Answer, Catalogue | None]:
    """Read the variants that these rows name; None when an answer cannot be understood.

    `numeric` are the cells (row, field) that hold a number, whose leading zeros may be lost: codes with more zeros are
    read too.
    """
    wanted = identifiers_of(rows)
    padded = {
        (name, longer)
        for row in rows
        for name in _FILTERS
        if name in row.values and (row.number, name) in numeric
        for longer in _with_zeros(name, str(row.values[name]))
    }
    singles = sorted(wanted | padded)
    if len(singles) <= 1:
        return (yield from _one_by_one(singles))
    page = page_of((yield page_request("variants.json", (_EXPAND,), 0)))
    if page is None:
        return None
    if math.ceil(page.count / PAGE) - 1 > len(singles):
        return (yield from _one_by_one(singles))
    found = Catalogue()
    found.add(page.items)
    if len(page.items) < page.count:
        rest = yield from rest_of_list("variants.json", (_EXPAND,), len(page.items))
        if rest is None:
            return None
        found.add(rest)
    return found


def _with_zeros(name: str, value: str) -> list[str]:
    lengths = _BAR_CODE_LENGTHS if name == "barCode" else range(len(value) + 1, len(value) + 1 + _MORE_ZEROS)
    return [value.zfill(length) for length in lengths if length > len(value)]


def _one_by_one(wanted: Iterable[Named]) -> Generator[Request, Answer, Catalogue | None]:
    found = Catalogue()
    for name, value in wanted:
        if name == "variantId":
            answer = yield Request("GET", f"variants/{value}.json", query=(_EXPAND,))
            record = record_of(answer)
            if record is None and answer.status != 404:
                return None
            found.add([] if record is None else [record])
            continue
        records = yield from rest_of_list("variants.json", ((_FILTERS[name], value), _EXPAND))
        if records is None:
            return None
        found.add(records)
    return found


def _variant(record: Record) -> Variant | None:
    number = record_id(record.get("id"))
    if number is None or number_of(record.get("state", ACTIVE)) != ACTIVE:
        return None
    product = record.get("product")
    product = product if isinstance(product, dict) else {}
    return Variant(
        id=number,
        code=_text(record.get("code")),
        bar_code=_text(record.get("barCode")),
        serial=_flag(record, "serialNumber"),
        negative=_flag(record, "allowNegativeStock"),
        unlimited=_flag(record, "unlimitedStock"),
        decimals=_flag(product, "allowDecimal", default=1),
        classification=int(number_of(product.get("classification")) or 0),
    )


def _flag(record: Mapping[str, Json], name: str, default: int = 0) -> bool:
    return number_of(record.get(name, default)) == 1


def _text(value: Json) -> str:
    """Return a code as text: answers to a new variant tell it as a number (facts 2.2)."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if number_of(value) is not None else ""
