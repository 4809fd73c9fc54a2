"""Bsale's lists for ``etl fetch``: every page of them, one line a record or one a line of a document."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from functools import partial

from etl.core.verdict import REFUSALS
from etl.messages import Text, text
from etl.model import Answer, Request
from etl.vendors.answers import json_object
from etl.vendors.base import Conversation, Kind
from etl.vendors.bsale.lists import MOST_PAGES, Query, Record, page_of, page_request, record_of
from etl.vendors.bsale.payload import CONSUMPTIONS, RECEPTIONS
from etl.vendors.bsale.records import Line, detail_of, expanded_details, line_of
from etl.vendors.bsale.response import words_of
from etl.vendors.listing import LIST_CHANGED, Fetched, Filter, ListedColumn, Listing, Wanted


@dataclass(frozen=True, slots=True)
class Told:
    """What was read of a list, or why nothing was."""

    records: tuple[Record, ...] = ()
    refusal: str | None = None
    missing: bool = False
    notes: tuple[Text, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether there are no records to be had."""
        return self.missing or self.refusal is not None


def read_list(path: str, usual: tuple[str, ...], wanted: Wanted) -> Conversation[Fetched | None]:
    """Read a list (its path without ``.json``), or one record of it; with details, the lines of each document.

    `usual` is told in full unless the person says what is, or asks for some attributes only.
    """
    expand = wanted.expand or (() if wanted.fields else usual)
    query = _query(wanted, (*expand, "details") if wanted.details else expand)
    if wanted.number is None:
        told = yield from _pages(f"{path}.json", query, told_apart=not wanted.fields)
    else:
        told = yield from _single(f"{path}/{wanted.number}.json", query)
    if told is None or told.failed:
        return None if told is None else Fetched(refusal=told.refusal, missing=told.missing)
    if wanted.details:
        return (yield from _details(path, told))
    return Fetched(records=tuple(line_of(record) for record in told.records), notes=told.notes)


def _query(wanted: Wanted, expand: Iterable[str]) -> Query:
    """Return the filters as they are, attributes and nested nodes in brackets (page, examples)."""
    lists = {"fields": wanted.fields, "expand": tuple(dict.fromkeys(expand))}
    several = ((name, f"[{','.join(names)}]") for name, names in lists.items() if names)
    return (*wanted.filters.items(), *several)


def _pages(path: str, query: Query, *, told_apart: bool) -> Generator[Request, Answer, Told | None]:
    """Read a list to its end: None when a page cannot be understood.

    A list may hold less than it counts (facts 2.1), so it ends where nothing more comes. `told_apart`: no two of its
    records are equal, so that the same page once more is nothing more.
    """
    records: list[Record] = []
    counts: set[int] = set()
    for _ in range(MOST_PAGES):
        answer = yield page_request(path, query, len(records))
        page = page_of(answer)
        if page is None:
            return _refused(answer)
        counts.add(page.count)
        if not page.items or (told_apart and tuple(records[-len(page.items) :]) == page.items):
            break
        records += page.items
        if len(records) >= page.count:
            break
    if len(counts) > 1:
        return Told(tuple(records), notes=(LIST_CHANGED,))
    return Told(tuple(records), notes=tuple(_miscounted(counts, len(records))))


def _miscounted(counts: Iterable[int], told: int) -> Iterable[Text]:
    for count in counts:
        if count != told:
            yield text("The vendor counts {count} records and told {told}.", count=count, told=told)


def _single(path: str, query: Query) -> Generator[Request, Answer, Told | None]:
    answer = yield Request("GET", path, query=query)
    if answer.status == 404:
        return Told(missing=True)
    record = record_of(answer)
    return _refused(answer) if record is None else Told((record,))


def _refused(answer: Answer) -> Told | None:
    """Return the vendor's refusal of a question; None for what is no answer at all."""
    words = words_of(json_object(answer.body))
    return Told(refusal="; ".join(words)) if answer.status in REFUSALS and words else None


def _details(path: str, told: Told) -> Conversation[Fetched | None]:
    """Return one line a detail; of a document with more than an expanded answer holds, they are read page by page."""
    lines: list[Line] = []
    notes = dict.fromkeys(told.notes)
    for record in told.records:
        details = expanded_details(record)
        if details is None:
            found = yield from _pages(f"{path}/{record.get('id')}/details.json", (), told_apart=True)
            if found is None or found.failed:
                return None if found is None else Fetched(refusal=found.refusal)
            details = found.records
            notes |= dict.fromkeys(found.notes)
        head = line_of(record)
        lines += [{**head, **detail_of(detail)} for detail in details]
    return Fetched(records=tuple(lines), notes=tuple(notes))


def _extent(request: Request, answer: Answer) -> tuple[int, int] | None:
    page, offset = page_of(answer), dict(request.query).get("offset")
    if page is None or offset is None or request.path.endswith("/details.json"):
        return None
    return min(int(offset) + len(page.items), page.count), page.count


_OFFICE = (ListedColumn("officeId", "Sucursal"), ListedColumn("office", "Sucursal (nombre)", optional=True))
_CODES = (
    ListedColumn("code", "SKU", as_text=True, optional=True),
    ListedColumn("barCode", "Código de barras", as_text=True, optional=True),
)
_VARIANT_NAME = ListedColumn("description", "Variante", optional=True)
_USER = (ListedColumn("userId", "ID usuario", optional=True), ListedColumn("user", "Usuario", optional=True))
_LINES = ListedColumn("lines", "Líneas", optional=True)
_OFFICE_FILTER = Filter(name="officeid", kind=Kind.INTEGER)
_VARIANT_FILTERS = (Filter(name="code"), Filter(name="barcode"))
_DETAILS = (
    ListedColumn("detailId", "ID línea"),
    ListedColumn("variantId", "ID variante"),
    ListedColumn("quantity", "Cantidad"),
    ListedColumn("cost", "Costo"),
    ListedColumn("variantStock", "Stock resultante"),
    ListedColumn("serialNumber", "Número de serie", as_text=True, optional=True),
)

STOCKS = Listing(
    name="bsale.stocks",
    title=text("Bsale: stock of variants in offices"),
    columns=(
        ListedColumn("id", "ID stock", optional=True),  # page: a list leaves it out
        *_OFFICE,
        ListedColumn("variantId", "ID variante"),
        *_CODES,
        _VARIANT_NAME,
        ListedColumn("quantity", "Stock"),
        ListedColumn("quantityReserved", "Reservado"),
        ListedColumn("quantityAvailable", "Disponible"),
    ),
    read=partial(read_list, "stocks", ("variant", "office")),
    extent=_extent,
    filters=(_OFFICE_FILTER, Filter(name="variantid", kind=Kind.INTEGER), *_VARIANT_FILTERS),
    expand=("variant", "office"),
    by_number=True,
    number_filters=("officeid",),
    selectable=True,
)

RECEPTION_LIST = Listing(
    name="bsale.receptions",
    title=text("Bsale: receptions of stock"),
    columns=(
        ListedColumn("id", "ID recepción"),
        ListedColumn("admissionDate", "Fecha"),
        ListedColumn("document", "Documento"),
        ListedColumn("documentNumber", "Número de documento", as_text=True),
        ListedColumn("note", "Nota"),
        *_OFFICE,
        *_USER,
        _LINES,
    ),
    detail_columns=_DETAILS,
    read=partial(read_list, RECEPTIONS, ("office",)),
    extent=_extent,
    filters=(Filter(name="admissiondate", kind=Kind.DATETIME), Filter(name="documentnumber"), _OFFICE_FILTER),
    expand=("office", "user", "details"),
    by_number=True,
    selectable=True,
)

CONSUMPTION_LIST = Listing(
    name="bsale.consumptions",
    title=text("Bsale: consumptions of stock"),
    columns=(
        ListedColumn("id", "ID consumo"),
        ListedColumn("consumptionDate", "Fecha"),
        ListedColumn("consumptionTypeId", "Tipo de consumo"),
        ListedColumn("note", "Nota"),
        *_OFFICE,
        *_USER,
        _LINES,
    ),
    detail_columns=_DETAILS,
    read=partial(read_list, CONSUMPTIONS, ("office",)),
    extent=_extent,
    filters=(Filter(name="consumptiondate", kind=Kind.DATETIME), _OFFICE_FILTER),
    expand=("office", "user", "details"),
    by_number=True,
    selectable=True,
)

CONSUMPTION_TYPES = Listing(
    name="bsale.consumption-types",
    title=text("Bsale: types of consumption"),
    columns=(
        ListedColumn("cntId", "ID"),
        ListedColumn("cntI18nName", "Nombre"),
        ListedColumn("cntActive", "Activo"),
        ListedColumn("cntCode", "Código", as_text=True),
    ),
    read=partial(read_list, "stock_consumption_types", ()),
    extent=_extent,
)

OFFICES = Listing(
    name="bsale.offices",
    title=text("Bsale: offices"),
    columns=(
        ListedColumn("id", "ID sucursal"),
        ListedColumn("name", "Nombre"),
        ListedColumn("description", "Descripción"),
        ListedColumn("address", "Dirección"),
        ListedColumn("isVirtual", "Virtual"),
        ListedColumn("state", "Estado"),
    ),
    read=partial(read_list, "offices", ()),
    extent=_extent,
    filters=(Filter(name="name"), Filter(name="state", kind=Kind.INTEGER)),
    by_number=True,
    selectable=True,
)

VARIANTS = Listing(
    name="bsale.variants",
    title=text("Bsale: variants of products"),
    columns=(
        ListedColumn("id", "ID variante"),
        *_CODES,
        ListedColumn("productId", "ID producto"),
        ListedColumn("product", "Producto", optional=True),
        _VARIANT_NAME,
        ListedColumn("serialNumber", "Lleva número de serie"),
        ListedColumn("unlimitedStock", "Stock ilimitado"),
        ListedColumn("allowNegativeStock", "Permite stock negativo"),
        ListedColumn("allowDecimal", "Permite decimales", optional=True),
        ListedColumn("classification", "Clase (3: pack)", optional=True),
        ListedColumn("state", "Estado"),
    ),
    read=partial(read_list, "variants", ("product",)),
    extent=_extent,
    filters=(
        *_VARIANT_FILTERS,
        Filter(name="description"),
        Filter(name="serialnumber", kind=Kind.INTEGER),
        Filter(name="productid", kind=Kind.INTEGER),
        Filter(name="state", kind=Kind.INTEGER),
    ),
    expand=("product",),
    by_number=True,
    selectable=True,
)

LISTINGS = (STOCKS, RECEPTION_LIST, CONSUMPTION_LIST, CONSUMPTION_TYPES, OFFICES, VARIANTS)
