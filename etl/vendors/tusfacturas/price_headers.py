"""The headers of a price that may hold the tax: they are asked about, never taken (contract section 2)."""

from __future__ import annotations

_EITHER_PRICE = ("precio_unitario_sin_iva", "precio_con_iva")

PRICE_QUESTIONS: dict[str, tuple[str, ...]] = dict.fromkeys(
    (
        "Precio",
        "Precios",
        "PVP",
        "PVP sugerido",
        "P.V.",
        "Precio final",
        "Precio final unitario",
        "Precio unitario",
        "Precio unit.",
        "P. unit.",
        "P.U.",
        "Precio venta",
        "Precio de venta unitario",
        "Precio de venta al público",
        "Precio público",
        "Precio al público",
        "Precio lista",
        "Precio sugerido",
        "Precio minorista",
        "Precio mayorista",
        "Precio contado",
        "Precio efectivo",
        "Precio bruto",
        "Precio venta bruto",
        "Precio con impuestos",
        "Precio IVA",
        "Precio + IVA",
        "Precio $",
        "Precio ARS",
        "Precio pesos",
        "Precio USD",
        "Precio U$S",
        "Precio dólares",
        "Precio actual",
        "Precio nuevo",
        "Nuevo precio",
        "Importe",
        "Importe unitario",
        "Importe final",
        "Valor",
        "Valor unitario",
    ),
    _EITHER_PRICE,
)
"""By header, the fields that it may mean."""
