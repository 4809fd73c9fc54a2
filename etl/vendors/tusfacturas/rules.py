"""The rules between TusFacturas' product fields, and the price without the tax out of the price with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal

from etl.core.numbers import rounded
from etl.messages import text
from etl.model import Finding, Row, Severity, Value
from etl.vendors.base import Rule

_EXACT = Context(prec=60)
_PRICE_DECIMALS = 3


def warn_of_ignored_stock(row: Row) -> Sequence[tuple[str, Finding]]:
    """Warn where `stock_actual` is ignored: it is used on A with afecta_stock S only (vendor page, hints)."""
    if "stock_actual" not in row.values:
        return ()
    if row.values.get("operacion") == "M":
        return (
            (
                "stock_actual",
                Finding(
                    "ignored_value",
                    text("The stock is not changed by modifying a product: this value is ignored"),
                    text("To move stock, send a sheet of movements to tusfacturas.stock"),
                    Severity.WARNING,
                ),
            ),
        )
    if row.values.get("afecta_stock") == "N":
        return (
            (
                "stock_actual",
                Finding(
                    "ignored_value",
                    text("No stock is kept of this product (afecta_stock N): this value is ignored"),
                    text("If stock is to be kept, write S in afecta_stock"),
                    Severity.WARNING,
                ),
            ),
        )
    return ()


def refuse_two_prices(row: Row) -> Sequence[tuple[str, Finding]]:
    """Refuse a price with the tax beside one without it, or beside internal taxes (contract section 2)."""
    if "precio_con_iva" not in row.values:
        return ()
    findings: list[tuple[str, Finding]] = []
    if "precio_unitario_sin_iva" in row.values:
        findings.append(
            (
                "precio_con_iva",
                Finding(
                    "conflicting_values",
                    text("The row has a price with the tax and one without it"),
                    text("Leave one of the two cells blank"),
                ),
            )
        )
    if row.values.get("impuestos_internos_alicuota"):
        findings.append(
            (
                "precio_con_iva",
                Finding(
                    "conflicting_values",
                    text("With internal taxes the price without the tax cannot be told from the price with it"),
                    text("Give the price without the tax (precio_unitario_sin_iva)"),
                ),
            )
        )
    return findings


def derive_product(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the values with `precio_unitario_sin_iva` in place of `precio_con_iva`.

    It is divided by 1 + alicuota/100 (0, exempt and not taxed: by 1) and rounded half-even to 3 decimals, as the vendor
    keeps unit prices (vendor page "Redondeos").
    """
    price, rate = values.get("precio_con_iva"), values.get("alicuota")
    if not isinstance(price, Decimal) or not isinstance(rate, Decimal):
        return values
    kept = {name: value for name, value in values.items() if name != "precio_con_iva"}
    return {**kept, "precio_unitario_sin_iva": price_without_tax(price, rate)}


def price_without_tax(price: Decimal, rate: Decimal) -> Decimal:
    """Return the price without the tax of a price with it; `rate` is the vendor's code (-1 and -2 bear no tax)."""
    if rate <= 0:
        return rounded(price, _PRICE_DECIMALS)
    return rounded(_EXACT.divide(price, 1 + rate / 100), _PRICE_DECIMALS)


PRODUCT_RULES: tuple[Rule, ...] = (
    Rule(concerns="stock_actual", check=warn_of_ignored_stock),
    Rule(concerns="precio_con_iva", check=refuse_two_prices),
)
