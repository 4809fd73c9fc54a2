"""Decides whether an object that was sent has exactly the fields, types and limits of TusFacturas's pages.

Written from those pages apart from our own column declarations, so that a mistake there does not hide itself here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from etl.model import Json

Check = Callable[[Json], str | None]
"""A value that was sent -> what is wrong with it, in the vendor's manner; None when it will do."""

UNITS = frozenset(
    str(unit)
    for first, last in (
        (1, 11),
        (14, 18),
        (20, 20),
        (25, 25),
        (27, 27),
        (29, 35),
        (41, 41),
        (47, 54),
        (61, 68),
        (95, 98),
    )
    for unit in range(first, last + 1)
)
"""The ids of the vendor's table of units."""

RATES = frozenset(Decimal(rate) for rate in ("27", "21", "10.5", "0", "-1", "-2"))
"""The vendor's table of VAT rates: -1 is exempt, -2 not taxed."""

_FAR = 10**15


@dataclass(frozen=True, slots=True)
class SentField:
    """A field that an object may have."""

    name: str
    check: Check
    required: bool = True


def complaints(sent: Mapping[str, Json], fields: Mapping[str, SentField]) -> list[str]:
    """Return what is wrong with an object: unknown, missing and bad fields; empty when nothing is."""
    found = [f"El campo {name} no existe." for name in sent if name not in fields]
    for name, field in fields.items():
        if name not in sent:
            if field.required:
                found.append(f"El campo {name} es requerido.")
        elif (wrong := field.check(sent[name])) is not None:
            found.append(f"El campo {name} {wrong}.")
    return found


def _object(*fields: SentField) -> Mapping[str, SentField]:
    return MappingProxyType({field.name: field for field in fields})


def _text(limit: int, *, blank: bool = False) -> Check:
    def check(value: Json) -> str | None:
        if not isinstance(value, str):
            return "debe ser alfanumerico"
        if not value.strip() and not blank:
            return "no puede estar vacio"
        return f"supera los {limit} caracteres" if len(value) > limit else None

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: Json) -> str | None:
        return None if isinstance(value, str) and value in allowed else f"debe ser uno de: {', '.join(allowed)}"

    return check


def _unit(value: Json) -> str | None:
    return None if isinstance(value, str) and value in UNITS else "no existe en la tabla de unidades de medida"


def _rate(value: Json) -> str | None:
    good = isinstance(value, int | Decimal) and not isinstance(value, bool) and value in RATES
    return None if good else "no existe en la tabla de alicuotas"


def _number(decimals: int) -> Check:
    def check(value: Json) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return "debe ser numerico"
        if not 0 <= value < _FAR:
            return "esta fuera de rango"
        exponent = 0 if isinstance(value, int) else value.as_tuple().exponent
        return f"admite hasta {decimals} decimales" if isinstance(exponent, int) and -exponent > decimals else None

    return check


def _integer(minimum: int) -> Check:
    def check(value: Json) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return "debe ser numerico entero"
        return None if minimum <= value < _FAR else "esta fuera de rango"

    return check


def _quoted_integer(value: Json) -> str | None:
    good = isinstance(value, str) and value.isascii() and value.isdecimal() and int(value) >= 1
    return None if good else "debe ser un numero entero, entre comillas"


_KEY = (SentField("lista_precios", _text(255)), SentField("codigo", _text(50)))
KEY_FIELDS = _object(*_KEY)

PRODUCT_FIELDS = _object(
    SentField("descripcion", _text(255)),
    SentField("unidad_bulto", _quoted_integer),
    *_KEY,
    SentField("precio_unitario_sin_iva", _number(3)),
    SentField("alicuota", _rate),
    SentField("impuestos_internos_alicuota", _number(2), required=False),
    SentField("moneda", _one_of("PES", "DOL")),
    SentField("codbar", _text(255, blank=True), required=False),
    SentField("rg5329", _one_of("S", "N"), required=False),
    SentField("unidad_medida", _unit, required=False),
    SentField("afecta_stock", _one_of("S", "N")),
    SentField("stock_actual", _integer(-_FAR), required=False),
    SentField("stock_minimo", _integer(-_FAR), required=False),
)

STOCK_FIELDS = _object(*_KEY, SentField("cantidad", _integer(1)))

LISTING_FIELDS = _object(
    SentField("orden_criterio", _one_of("fecha_creacion", "descripcion", "codigo")),
    SentField("orden", _one_of("ASC", "DESC")),
    SentField("pagina", _integer(0)),
    SentField("limite", _integer(1)),
)
