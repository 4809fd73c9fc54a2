"""TusFacturas's list of products, page by page, as a table that is a valid input of `tusfacturas.productos`."""

from __future__ import annotations

from collections.abc import Mapping

from etl.messages import text
from etl.model import Answer, Json, Request
from etl.vendors.answers import clean, json_object, number_of
from etl.vendors.base import Column, Conversation, Kind
from etl.vendors.bodies import encode
from etl.vendors.listing import LIST_CHANGED, Fetched, ListedColumn, Listing, Record, Shown, Wanted
from etl.vendors.tusfacturas.columns import PRODUCT_COLUMNS
from etl.vendors.tusfacturas.payload import PRODUCT_FIELDS
from etl.vendors.tusfacturas.response import listed_products, refuses, words_of

PAGE = 1000
"""Products of a page: the most that the vendor gives (facts 1.2)."""
MOST_PAGES = 10_000
_PATH = "productos/listar"
_COLUMNS = {column.name: column for column in PRODUCT_COLUMNS if column.name in PRODUCT_FIELDS}


def page_request(page: int) -> Request:
    """Return the request for a page, from 0: the oldest products first, so that new ones do not shift the others."""
    body = {"orden_criterio": "fecha_creacion", "orden": "ASC", "pagina": page, "limite": PAGE}
    return Request("POST", _PATH, encode(body))


def read_products(wanted: Wanted) -> Conversation[Fetched | None]:  # noqa: ARG001 - the list has no filters
    """Read every page. Codes need not be unique in a list (facts 1.10): every product that is told stands there."""
    records: list[Record] = []
    totals: set[int] = set()
    for page in range(MOST_PAGES):
        answer = yield page_request(page)
        body = json_object(answer.body)
        products, total = listed_products(answer, body), number_of(body.get("total"))
        if refuses(body) and not products:
            return Fetched(refusal="; ".join(words_of(body)))
        if products is None or not isinstance(total, int):
            return None
        totals.add(total)
        records += [_record(product) for product in products]
        if len(records) >= total:
            return Fetched(records=tuple(records), notes=(LIST_CHANGED,) if len(totals) > 1 else ())
        if not products:
            return None
    return None


def _record(product: Mapping[str, Json]) -> Record:
    return {name: _shown(column, product.get(name)) for name, column in _COLUMNS.items()}


def _shown(column: Column, value: Json) -> Shown:
    """Return a value in the type of its column; blank texts are blank cells."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    number = number_of(value)
    if number is not None and not column.as_text and column.kind not in {Kind.TEXT, Kind.CODE}:
        return number
    return clean(str(value))


def _extent(request: Request, answer: Answer) -> tuple[int, int] | None:
    page, total = json_object(request.body or b"").get("pagina"), number_of(json_object(answer.body).get("total"))
    return (min((page + 1) * PAGE, total), total) if isinstance(page, int) and isinstance(total, int) else None


PRODUCTS = Listing(
    name="tusfacturas.productos",
    title=text("TusFacturas: all products with price and stock"),
    columns=tuple(
        ListedColumn(column.name, column.label, as_text=column.as_text or column.kind in {Kind.TEXT, Kind.CODE})
        for column in _COLUMNS.values()
    ),
    read=read_products,
    extent=_extent,
)
