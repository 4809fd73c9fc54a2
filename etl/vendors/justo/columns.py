"""The fields of Justo's stock of products and modifiers, and the rules between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from etl.messages import text
from etl.model import Finding, Row, Value
from etl.vendors.base import Choice, Column, Kind, Rule

_PAGE = "products/itemsStock"
_BODY = f"{_PAGE}, examples of the body"
_EXTERNAL = f"{_PAGE}, considerations: external ids"

PRODUCT, MODIFIER = "product", "modifier"

STOCK_COLUMNS: tuple[Column, ...] = (
    Column(
        name="storeId",
        label="Local",
        kind=Kind.CODE,
        required=True,
        as_text=True,
        help=text("The store: Justo's own id of it, or your external id."),
        source=_EXTERNAL,
        aliases=("ID local", "ID del local", "Código local", "Tienda", "ID tienda", "Sucursal", "ID sucursal", "Store"),
        example="local-centro",
    ),
    Column(
        name="type",
        label="Tipo",
        kind=Kind.CHOICE,
        choices=(
            Choice(PRODUCT, "producto", ("productos", "prod.", "P")),
            Choice(MODIFIER, "modificador", ("modificadores", "opción", "opción de modificador", "mod.", "M")),
        ),
        help=text("A product or an option of a modifier. When it is blank, the ids that are filled in say it."),
        source=_BODY,
        aliases=("Tipo de ítem", "Tipo de producto", "Clase"),
        example="product",
    ),
    Column(
        name="productId",
        label="Producto",
        kind=Kind.CODE,
        as_text=True,
        help=text("The product: Justo's own id of it, or your external id. Blank for a modifier."),
        source=_EXTERNAL,
        aliases=("ID producto", "Código producto", "Cód. producto", "Código", "Cod.", "SKU", "Product"),
        example="empanada-carne",
    ),
    Column(
        name="modifierId",
        label="Modificador",
        kind=Kind.CODE,
        as_text=True,
        help=text("The modifier: Justo's own id of it, or your external id. Blank for a product."),
        source=_EXTERNAL,
        aliases=("ID modificador", "Código modificador", "Modifier"),
    ),
    Column(
        name="modifierOptionId",
        label="Opción",
        kind=Kind.CODE,
        as_text=True,
        help=text("The option of the modifier: Justo's own id of it, or your external id. Blank for a product."),
        source=_EXTERNAL,
        aliases=("ID opción", "Código opción", "Opción modificador", "ID opción modificador", "Modifier option"),
    ),
    Column(
        name="stock",
        label="Stock",
        kind=Kind.INTEGER,
        required=True,
        minimum=Decimal(0),
        help=text("How many units there are now: from 0 up. Each order lowers it, and at 0 it is shown as sold out."),
        source=f"{_PAGE}, considerations: orders",
        aliases=("Stock actual", "Cantidad", "Cant.", "Existencia", "Existencias", "Unidades", "Disponible"),
        example="12",
    ),
    Column(
        name="untilDate",
        label="Hasta",
        kind=Kind.DATETIME,
        help=text("Until when the value holds: day and hour. The time zone is that of the profile."),
        source=f"{_PAGE}, example with untilDate",
        aliases=("Fecha hasta", "Hasta fecha", "Vigencia", "Válido hasta", "Until"),
    ),
)


def check_ids(row: Row) -> Sequence[tuple[str, Finding]]:
    """Demand the ids of a product or those of a modifier, and never both (vendor page, examples of the body)."""
    values = row.values
    product, of_modifier = (
        "productId" in values,
        [name for name in ("modifierId", "modifierOptionId") if name in values],
    )
    if product and of_modifier:
        return (("productId", _both()),)
    kind = values.get("type") or _kind(values)
    if kind == PRODUCT and not product:
        return ((of_modifier[0], _wrong_type(PRODUCT)),) if of_modifier else (("productId", _missing("productId")),)
    if kind == MODIFIER and product:
        return (("productId", _wrong_type(MODIFIER)),)
    if kind == MODIFIER:
        missing = [name for name in ("modifierId", "modifierOptionId") if name not in values]
        return tuple((name, _missing(name)) for name in missing)
    return () if product else (("productId", _nothing()),)


def infer_type(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the values with the `type` that the ids tell, where it was not given."""
    kind = None if "type" in values else _kind(values)
    return values if kind is None else {**values, "type": kind}


def _kind(values: Mapping[str, Value]) -> str | None:
    if "productId" in values:
        return PRODUCT
    return MODIFIER if "modifierId" in values or "modifierOptionId" in values else None


def _missing(name: str) -> Finding:
    return Finding("required", text("The cell is blank, and {field} is required", field=name), text("Fill it in"))


def _nothing() -> Finding:
    return Finding(
        "required",
        text("The row names neither a product nor an option of a modifier"),
        text("Fill in productId, or modifierId and modifierOptionId"),
    )


def _both() -> Finding:
    return Finding(
        "conflicting_values",
        text("The row names a product and a modifier"),
        text("Leave the ids of one of them blank, and give the other a row of its own"),
    )


def _wrong_type(kind: str) -> Finding:
    return Finding(
        "conflicting_values",
        text("The type is {type}, and these ids are those of the other type", type=kind),
        text("Correct the type, or leave it blank: the ids say it"),
    )


STOCK_RULES: tuple[Rule, ...] = (Rule(check=check_ids),)
