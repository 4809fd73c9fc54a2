"""The fields of Bsale's receptions and consumptions, each declared once with the source of its rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from etl.messages import text
from etl.model import Value
from etl.vendors.base import Column, Kind

RECEPTION_PAGE = "Stocks, POST una recepción de stock"
CONSUMPTION_PAGE = "Stocks, POST un consumo de stock"
_IDENTIFIERS = "Stocks, ejemplo JSON y tip: variante por id, barCode o code"

IDENTIFIERS = ("variantId", "code", "barCode")
"""What a line can be known by, in the order in which the first one that is there is sent (``--key`` says another)."""

LONGEST_NOTE = 100
"""Characters of a note. The page states no limit; two unrelated clients cut at 100 (facts 2.5)."""
TOKEN_LENGTH = 20
"""Of our mark, which goes after the user's note with a space between."""
LONGEST_OWN_NOTE = LONGEST_NOTE - TOKEN_LENGTH - 1

OFFICE = Column(
    name="officeId",
    label="Sucursal",
    kind=Kind.CODE,
    required=True,
    max_length=100,
    looked_up=True,
    help=text("The office: its number, or its name, which is looked up before sending."),
    source=RECEPTION_PAGE,
    aliases=(
        "ID sucursal",
        "Id de la sucursal",
        "Nombre sucursal",
        "Oficina",
        "Bodega",
        "Local",
        "Tienda",
        "Office",
        "Office id",
    ),
    example="1",
)

DOCUMENT_NUMBER = Column(
    name="documentNumber",
    label="Número de documento",
    kind=Kind.CODE,
    max_length=15,
    as_text=True,
    help=text("The number of the delivery note or invoice: digits alone. Rows with the same one make one document."),
    source=RECEPTION_PAGE,
    aliases=("Nº documento", "N° documento", "Nro. documento", "Num. documento", "Folio", "Número", "Nº guía"),
    example="123",
)

NOTE = Column(
    name="note",
    label="Nota",
    kind=Kind.TEXT,
    max_length=1000,
    help=text(
        "A remark that Bsale shows. With the mark of the run it has at most 100 characters: a longer one is cut."
    ),
    source=RECEPTION_PAGE,
    aliases=("Observación", "Observaciones", "Comentario", "Comentarios", "Glosa", "Notas"),
    example="Recepción semanal",
)

QUANTITY = Column(
    name="quantity",
    label="Cantidad",
    kind=Kind.DECIMAL,
    required=True,
    minimum=Decimal(0),
    above_minimum=True,
    help=text("How many units come in. Decimals are allowed."),
    source=RECEPTION_PAGE,
    aliases=("Cant.", "Unidades", "Cantidad recibida", "Recibido", "Recibidas", "Qty"),
    example="12",
)

COST = Column(
    name="cost",
    label="Costo",
    kind=Kind.DECIMAL,
    minimum=Decimal(0),
    help=text("The net cost of a unit."),
    source=RECEPTION_PAGE,
    aliases=("Costo unitario", "Costo neto", "Costo neto unitario", "Precio costo", "Precio de costo"),
    example="3200",
)

VARIANT = Column(
    name="variantId",
    label="ID variante",
    kind=Kind.INTEGER,
    minimum=Decimal(1),
    replaces="code",
    help=text("The number that Bsale itself gives a variant: the only sure way to name it."),
    source=_IDENTIFIERS,
    aliases=("Id de la variante", "Variante id", "Variant id"),
)

CODE = Column(
    name="code",
    label="SKU",
    kind=Kind.CODE,
    required=True,
    as_text=True,
    help=text("The code (SKU) of the variant. Instead of it, variantId or barCode will do. Leading zeros count."),
    source=_IDENTIFIERS,
    aliases=(
        "Código",
        "Cod.",
        "Código SKU",
        "Código producto",
        "Código de producto",
        "Código variante",
        "Cód. interno",
    ),
    example="629",
)

BAR_CODE = Column(
    name="barCode",
    label="Código de barras",
    kind=Kind.CODE,
    as_text=True,
    barcode=True,
    replaces="code",
    help=text("The bar code of the variant."),
    source=_IDENTIFIERS,
    aliases=("Código barras", "Cod. barras", "Cod. barra", "Código barra", "EAN", "EAN13", "Barcode"),
)

SERIAL = Column(
    name="serialNumber",
    label="Número de serie",
    kind=Kind.CODE,
    as_text=True,
    help=text("The serial number, for variants that have one: a row for each unit."),
    source=f"{RECEPTION_PAGE}, info: productos con serie",
    aliases=("Nº serie", "N° serie", "Nro. de serie", "Serie", "Serial"),
)

CONSUMPTION_TYPE = Column(
    name="consumptionTypeId",
    label="Tipo de consumo",
    kind=Kind.INTEGER,
    minimum=Decimal(1),
    help=text("The number of one of the account's types of consumption (withdrawal, waste …)."),
    source="Stocks, GET tipos de consumos; facts 2.2",
    aliases=("ID tipo de consumo", "Tipo consumo", "Motivo"),
)

RECEPTION_COLUMNS: tuple[Column, ...] = (
    OFFICE,
    Column(
        name="document",
        label="Documento",
        kind=Kind.TEXT,
        max_length=50,
        help=text("What the goods came with: GUÍA, FACTURA, OTRO, or words of your own."),
        source=RECEPTION_PAGE,
        aliases=("Tipo de documento", "Tipo documento", "Tipo doc."),
        example="Guía",
    ),
    DOCUMENT_NUMBER,
    NOTE,
    QUANTITY,
    COST,
    CODE,
    BAR_CODE,
    VARIANT,
    SERIAL,
    Column(
        name="receptionId",
        label="ID recepción a corregir",
        kind=Kind.INTEGER,
        minimum=Decimal(1),
        on_wire=False,
        help=text("Only to correct a reception that exists: its number. Its lines are then replaced by these."),
        source="Stocks, PUT una recepción de stock",
    ),
)

CONSUMPTION_COLUMNS: tuple[Column, ...] = (
    replace(OFFICE, source=CONSUMPTION_PAGE),
    replace(
        DOCUMENT_NUMBER,
        source=CONSUMPTION_PAGE,
        help=text("A number of your own: digits alone. Rows with the same one make one document."),
    ),
    replace(NOTE, source=CONSUMPTION_PAGE, example="Merma de la semana"),
    CONSUMPTION_TYPE,
    replace(
        QUANTITY,
        source=CONSUMPTION_PAGE,
        help=text("How many units go out. Decimals are allowed."),
        aliases=("Cant.", "Unidades", "Cantidad consumida", "Consumo", "Qty"),
    ),
    CODE,
    BAR_CODE,
    VARIANT,
    replace(SERIAL, source=f"{CONSUMPTION_PAGE}, info: productos con serie"),
)


def identifier_of(values: Mapping[str, Value]) -> str | None:
    """Return the field by which a line is sent: the first that has a value; None when none has."""
    return next((name for name in IDENTIFIERS if values.get(name) is not None), None)
