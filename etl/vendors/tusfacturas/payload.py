"""Decides how the understood values of a row become TusFacturas's JSON, and how that JSON becomes bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from etl.model import Json, Request, Value
from etl.vendors.bodies import encode, exact
from etl.vendors.tusfacturas.columns import PRODUCT_COLUMNS, STOCK_COLUMNS

PRODUCT_FIELDS = (
    "descripcion",
    "unidad_bulto",
    "lista_precios",
    "codigo",
    "precio_unitario_sin_iva",
    "alicuota",
    "impuestos_internos_alicuota",
    "moneda",
    "codbar",
    "rg5329",
    "unidad_medida",
    "afecta_stock",
    "stock_actual",
    "stock_minimo",
)
"""In the order of the example on the vendor's page "Administrar productos", Request."""

STOCK_FIELDS = ("lista_precios", "codigo", "cantidad")
"""In the order of the example on the vendor's page "Gestión de stock", Request."""

KEY = ("lista_precios", "codigo")
"""What a product is found by: "Administrar productos", hints."""

_QUOTED = frozenset(column.name for column in (*PRODUCT_COLUMNS, *STOCK_COLUMNS) if column.as_text)


def product_payload(values: Mapping[str, Value]) -> dict[str, Json]:
    """Return the "producto" of ``productos/administrar``; fields without a value leave no key."""
    return _picked(values, PRODUCT_FIELDS)


def stock_payload(values: Mapping[str, Value]) -> dict[str, Json]:
    """Return the "producto" of ``productos/stock``."""
    return _picked(values, STOCK_FIELDS)


def product_request(group: str, payloads: Sequence[Mapping[str, Json]]) -> Request:
    """Return the request that adds (group A) or modifies (M) products."""
    items = [_picked(payload, PRODUCT_FIELDS) for payload in payloads]
    return _request("productos/administrar", {"operacion": group, "productos": items})


def stock_request(group: str, payloads: Sequence[Mapping[str, Json]]) -> Request:
    """Return the request that adds units to the stock (group A) or takes them away (B)."""
    items = [_picked(payload, STOCK_FIELDS) for payload in payloads]
    return _request("productos/stock", {"operacion": group, "productos": items})


def query_request(payloads: Sequence[Mapping[str, Json]]) -> Request:
    """Return the request that reads the products of these payloads back, at most 50 (facts 1.2)."""
    return _request("productos/consultar", {"productos": [_picked(payload, KEY) for payload in payloads]})


def _request(path: str, body: Json) -> Request:
    return Request("POST", path, encode(body))


def _picked(values: Mapping[str, Json], names: Sequence[str]) -> dict[str, Json]:
    """Return the fields that have a value, in the vendor's order and in the vendor's types.

    Equal values give equal bytes, however they were written (1000, 1000.0, 1E+3) and wherever they come from
    (a row, or the journal).
    """
    picked: dict[str, Json] = {}
    for name in names:
        value = values.get(name)
        if value is not None:
            plain = exact(value) if type(value) is Decimal else value
            picked[name] = str(plain) if name in _QUOTED else plain
    return picked
