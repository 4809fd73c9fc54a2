"""What TusFacturas's methods do to its data, as its pages describe them; no HTTP and no threads here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from etl.model import Json
from etl.sandbox.faults import Fault, FaultOrder
from etl.sandbox.tusfacturas_fields import KEY_FIELDS, LISTING_FIELDS, PRODUCT_FIELDS, STOCK_FIELDS, complaints

BATCH_LIMIT = 50
LISTING_LIMIT = 1000
QUOTA = 100_000

Key = tuple[str, str]
"""(lista_precios, codigo)"""

ENCODER = msgspec.json.Encoder(decimal_format="number")

BLANK: Mapping[str, Json] = MappingProxyType(
    {
        "descripcion": "",
        "unidad_bulto": "1",
        "lista_precios": "",
        "codigo": "",
        "precio_unitario_sin_iva": 0,
        "alicuota": 21,
        "impuestos_internos_alicuota": 0,
        "moneda": "PES",
        "codbar": "",
        "rg5329": "N",
        "unidad_medida": "",
        "afecta_stock": "S",
        "stock_actual": 0,
        "stock_minimo": 0,
    }
)
"""A product of which nothing is known, in the order in which `productos/consultar` tells it."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One change that was really made."""

    number: int
    """From 1, in the order of happening."""
    method: str
    operation: str
    lista_precios: str
    codigo: str
    body_sha256: str
    """Of the request's body without its credentials."""
    sent: Mapping[str, Json]


@dataclass(slots=True)
class Shop:
    """The data of one account."""

    products: dict[Key, dict[str, Json]] = field(default_factory=dict)
    applications: list[Applied] = field(default_factory=list)
    used: int = 0
    """Requests that count against the plan."""
    quota: int = QUOTA
    """Requests that the plan has in all."""
    erases: bool = True
    """The strict mood: operacion M sets what it is not given to its blank. False: keeps it."""


def refused(words: str) -> dict[str, Json]:
    """Return the body that refuses a request as a whole."""
    return {"error": "S", "errores": [words], "productos": []}


def digest(body: Mapping[str, Json]) -> str:
    """Return the SHA-256 of a body without credentials, in the bytes that were sent if those were canonical."""
    return hashlib.sha256(ENCODER.encode(body)).hexdigest()


class WholeRefusalError(Exception):
    """The request is refused as a whole, with these words."""


def _verdict(errors: list[str]) -> dict[str, Json]:
    return {"error": "S" if errors else "N", "errores": errors}


def _items(body: Mapping[str, Json], operations: tuple[str, ...]) -> list[dict[str, Json]]:
    """Return the items of a well-formed request; no `operations`: it must have no `operacion`."""
    known = {"productos", "operacion"} if operations else {"productos"}
    if unknown := sorted(set(body) - known):
        raise WholeRefusalError(f"Hay campos que no corresponden: {', '.join(unknown)}.")
    if operations and body.get("operacion") not in operations:
        raise WholeRefusalError(f"El campo operacion debe ser uno de: {', '.join(operations)}.")
    items = body.get("productos")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise WholeRefusalError("El campo productos debe ser una lista de objetos producto.")
    if len(items) > BATCH_LIMIT:
        raise WholeRefusalError(f"Se enviaron {len(items)} productos. El limite por lote es {BATCH_LIMIT}.")
    return items


def _taken(items: list[dict[str, Json]], order: FaultOrder | None) -> list[dict[str, Json]]:
    return items[: order.items] if order is not None and order.fault is Fault.CLOSE_MIDWAY else items


def _told_key(item: Mapping[str, Json]) -> dict[str, Json]:
    return {"lista_precios": item.get("lista_precios"), "codigo": item.get("codigo")}


def administrar(shop: Shop, body: dict[str, Json], order: FaultOrder | None) -> dict[str, Json]:
    """``productos/administrar``: A adds what does not exist, M changes what does."""
    items, sha256, operation = _items(body, ("A", "M")), digest(body), body["operacion"]
    change = _add if operation == "A" else _modify
    told = []
    for item in _taken(items, order):
        errors = complaints(item, PRODUCT_FIELDS) or change(shop, item, order)
        if not errors:
            _record(shop, "productos/administrar", operation, item, sha256)
        told.append({"codigo": item.get("codigo"), "lista_precios": item.get("lista_precios"), **_verdict(errors)})
    return {"error": "N", "errores": [], "productos": told}


def _add(shop: Shop, item: dict[str, Json], order: FaultOrder | None) -> list[str]:
    key = (item["lista_precios"], item["codigo"])
    if key in shop.products:
        return [f"Ya existe un producto en esa lista de precios con el codigo: {key[1]}. No se agregara."]
    lost = order is not None and order.fault is Fault.CREATE_WITHOUT_STOCK
    units = item.get("stock_actual", 0) if item["afecta_stock"] == "S" and not lost else 0
    shop.products[key] = {**BLANK, **item, "stock_actual": units}
    return []


def _modify(shop: Shop, item: dict[str, Json], order: FaultOrder | None) -> list[str]:  # noqa: ARG001 - as _add
    key = (item["lista_precios"], item["codigo"])
    known = shop.products.get(key)
    if known is None:
        return [f"No existe un producto en esa lista de precios con el codigo: {key[1]}. No se modificara."]
    shop.products[key] = {**(BLANK if shop.erases else known), **item, "stock_actual": known["stock_actual"]}
    return []


def stock(shop: Shop, body: dict[str, Json], order: FaultOrder | None) -> dict[str, Json]:
    """``productos/stock``: A adds units, B takes them away."""
    items, sha256, operation = _items(body, ("A", "B")), digest(body), body["operacion"]
    told = []
    for item in _taken(items, order):
        errors = complaints(item, STOCK_FIELDS)
        product = None if errors else shop.products.get((item["lista_precios"], item["codigo"]))
        if product is not None and product["afecta_stock"] == "S":
            product["stock_actual"] += item["cantidad"] if operation == "A" else -item["cantidad"]
            _record(shop, "productos/stock", operation, item, sha256)
            counts = {name: product[name] for name in ("stock_actual", "stock_minimo")}
            told.append({**_told_key(item), **counts, **_verdict([])})
            continue
        errors = errors or [f"No existen productos que afecten el stock con el codigo enviado:{item['codigo']}"]
        told.append({**_told_key(item), **_verdict(errors)})
    return {"error": "N", "errores": [], "productos": told}


def consultar(shop: Shop, body: dict[str, Json], order: FaultOrder | None) -> dict[str, Json]:  # noqa: ARG001
    """``productos/consultar``: every field of the products asked for."""
    told = []
    for item in _items(body, ()):
        errors = complaints(item, KEY_FIELDS)
        product = None if errors else shop.products.get((item["lista_precios"], item["codigo"]))
        if product is not None:
            told.append({**_verdict([]), **product})
            continue
        errors = errors or [f"No existe un producto en esa lista de precios con el codigo: {item['codigo']}"]
        told.append({**_verdict(errors), **_told_key(item)})
    return {"error": "N", "errores": [], "productos": told}


def listar(shop: Shop, body: dict[str, Json], order: FaultOrder | None) -> dict[str, Json]:  # noqa: ARG001
    """``productos/listar``: a page of all products."""
    errors = complaints(body, LISTING_FIELDS)
    if not errors and body["limite"] > LISTING_LIMIT:
        errors = [f"El limite maximo es {LISTING_LIMIT}."]
    if errors:
        return {"error": "S", "errores": errors, "productos": []}
    products = list(shop.products.values())
    if body["orden_criterio"] != "fecha_creacion":
        products.sort(key=lambda product: str(product[body["orden_criterio"]]))
    if body["orden"] == "DESC":
        products.reverse()
    first = body["pagina"] * body["limite"]
    page = [{**_verdict([]), **product} for product in products[first : first + body["limite"]]]
    return {"error": "N", "errores": [], "total": len(products), "productos": page}


def consumo(shop: Shop, body: dict[str, Json], order: FaultOrder | None) -> dict[str, Json]:  # noqa: ARG001
    """``micuenta/consumo``: what is used of the plan."""
    if body:
        raise WholeRefusalError("Hay campos que no corresponden.")
    return {
        "error": "N",
        "errores": [],
        "abonos_pendientes": 0,
        "comprobantes_generados": shop.used,
        "comprobantes_cupo": shop.quota,
        "comprobantes_disponibles": shop.quota - shop.used,
    }


def unidades(shop: Shop, body: dict[str, Json], order: FaultOrder | None) -> dict[str, Json]:  # noqa: ARG001
    """``tablas_referencia/unidades_medida``: the table of units."""
    from etl.vendors.tusfacturas.columns import PRODUCT_COLUMNS  # noqa: PLC0415 - only this method needs it

    if body:
        raise WholeRefusalError("Hay campos que no corresponden.")
    units = next(column for column in PRODUCT_COLUMNS if column.name == "unidad_medida").choices
    items = [{"id": str(unit.value), "descripcion": unit.meaning} for unit in units]
    return {"error": "N", "errores": [], "rta": "", "items": items}


def _record(shop: Shop, method: str, operation: str, item: dict[str, Json], sha256: str) -> None:
    number = len(shop.applications) + 1
    sent = MappingProxyType(dict(item))
    shop.applications.append(Applied(number, method, operation, item["lista_precios"], item["codigo"], sha256, sent))


METHODS: Mapping[str, Callable[[Shop, dict[str, Json], FaultOrder | None], dict[str, Json]]] = MappingProxyType(
    {
        "productos/administrar": administrar,
        "productos/stock": stock,
        "productos/consultar": consultar,
        "productos/listar": listar,
        "micuenta/consumo": consumo,
        "tablas_referencia/unidades_medida": unidades,
    }
)
