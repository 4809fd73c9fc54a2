"""Good rows for TusFacturas: those of the vendor's pages, and some that are harder to spell."""

from __future__ import annotations

import json
from decimal import Decimal

from etl.model import Json, Value
from etl.sandbox import Sandbox
from tests.vendors.kit import Payloads, Sample

TRAIN: dict[str, Value] = {
    "descripcion": "Tren de carga P#1",
    "unidad_bulto": Decimal(1),
    "lista_precios": "Trenes",
    "codigo": "tren10384",
    "precio_unitario_sin_iva": Decimal(1000),
    "alicuota": Decimal(21),
    "impuestos_internos_alicuota": Decimal(0),
    "moneda": "DOL",
    "codbar": "123213213213",
    "rg5329": "S",
    "unidad_medida": "7",
    "afecta_stock": "N",
    "stock_actual": 0,
    "stock_minimo": 100,
}
"""First product of the example of "Administrar productos"."""

TRUCK: dict[str, Value] = {
    "descripcion": "Camion de arena",
    "unidad_bulto": 1,
    "lista_precios": "Camiones",
    "codigo": "Cam01",
    "precio_unitario_sin_iva": Decimal("1000.00"),
    "alicuota": Decimal(21),
    "moneda": "PES",
    "impuestos_internos_alicuota": Decimal(45),
    "unidad_medida": "7",
    "afecta_stock": "S",
    "stock_actual": Decimal(154),
    "stock_minimo": Decimal(500),
}
"""Its second product. The page's ``"codbar": ""`` is a blank cell here."""

HARD: dict[str, Value] = {
    "descripcion": 'Algodón 100% "ñandú" 1/2" \\ 𝄞',
    "unidad_bulto": Decimal(12),
    "lista_precios": "Mayorista – Ñ",
    "codigo": "00123",
    "precio_unitario_sin_iva": Decimal("1707.125"),
    "alicuota": Decimal("10.5"),
    "moneda": "PES",
    "afecta_stock": "S",
}
"""Leading zeros, every kind of letter, exact decimals, and nothing that is optional."""


def _with_operation(operation: str, *rows: dict[str, Value]) -> tuple[dict[str, Value], ...]:
    return tuple({**row, "operacion": operation} for row in rows)


def _movement(lista_precios: str, codigo: str, cantidad: Value) -> dict[str, Value]:
    return {"lista_precios": lista_precios, "codigo": codigo, "cantidad": cantidad}


def _all_added(group: str, payloads: Payloads) -> bytes:
    told = [
        {"codigo": sent["codigo"], "lista_precios": sent["lista_precios"], "error": "N", "errores": []}
        for sent in payloads
    ]
    return json.dumps({"error": "N", "errores": [], "productos": told}).encode()


def _all_moved(group: str, payloads: Payloads) -> bytes:
    counts = {"stock_actual": 204, "stock_minimo": 500}
    told: list[Json] = [{**item, **counts} for item in json.loads(_all_added(group, payloads))["productos"]]
    return json.dumps({"error": "N", "errores": [""], "productos": told}).encode()


def _arrange_products(sandbox: Sandbox, group: str, payloads: Payloads) -> None:
    if group == "M":
        _arrange_stock(sandbox, group, payloads)


def _arrange_stock(sandbox: Sandbox, group: str, payloads: Payloads) -> None:
    for sent in payloads:
        sandbox.tusfacturas.seed({"lista_precios": sent["lista_precios"], "codigo": sent["codigo"], "stock_actual": 50})


SAMPLES = {
    "tusfacturas.productos": Sample(
        rows={"A": _with_operation("A", TRAIN, TRUCK, HARD), "M": _with_operation("M", TRUCK, HARD)},
        answer=_all_added,
        arrange=_arrange_products,
    ),
    "tusfacturas.stock": Sample(
        rows={
            "A": _with_operation(
                "A", _movement("Trenes", "tren10384", Decimal(140)), _movement("Camiones", "Cam01", 30)
            ),
            "B": _with_operation(
                "B", _movement("Mayorista – Ñ", "00123", Decimal("1E+1")), _movement("Camiones", "Cam01", 3)
            ),
        },
        answer=_all_moved,
        arrange=_arrange_stock,
    ),
}
