"""The simulated Bsale account as new: what the vendor's page shows, and what its traps need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from etl.sandbox.bsale_account import (
    CONSUMPTION,
    RECEPTION,
    Account,
    ConsumptionType,
    Detail,
    Document,
    Office,
    Product,
    Stock,
    Variant,
)

_OFFICES = (
    Office(1, "Casa Matriz"),
    Office(2, "Sucursal Norte"),
    Office(3, "Bodega Cerrada", state=1),
    Office(4, "Sucursal Sur"),
)

_TYPES = (
    ConsumptionType(1, "consumption_type.retiro", active=True, code="12"),
    ConsumptionType(2, "consumption_type.mermas", active=True, code="13"),
    ConsumptionType(3, "consumption_type.desmedro", active=True, code="14"),
    ConsumptionType(4, "consumption_type.destruccion", active=True, code="15"),
    ConsumptionType(5, "Eventos internos", active=True, code="16"),
    ConsumptionType(6, "Muestras", active=False, code="17"),
)

_PRODUCTS = (
    Product(id=656, name="Café en grano"),
    Product(id=657, name="Té en hebras"),
    Product(id=658, name="Taza de loza", allow_decimal=False),
    Product(id=659, name="Molinillo eléctrico", allow_decimal=False),
    Product(id=660, name="Desayuno completo", allow_decimal=False, parts=((388, Decimal(1)), (700, Decimal(2)))),
)

_VARIANTS = (
    # Those of the page.
    Variant(id=351, code="351", bar_code="7790000003519", product=656, description="250 g"),
    Variant(id=355, code="355", bar_code="7790000003557", product=656, description="500 g", cost=Decimal(3200)),
    Variant(id=388, code="388", bar_code="7790000003885", product=656, cost=Decimal("1311.08850457782")),
    Variant(id=391, code="391", bar_code="7790000003915", product=656, description="2 kg"),
    Variant(id=393, code="393", bar_code="7790000003939", product=656, description="5 kg"),
    Variant(id=629, code="629", bar_code="7790000006299", product=656, description="1 kg", cost=Decimal(3200)),
    Variant(id=1223, code="892777267", bar_code="7790000012238", product=657, allow_negative_stock=True),
    Variant(id=3960, code="TE-NEGRO", bar_code="7790000039600", product=657, description="Negro"),
    Variant(id=18855, code="TE-VERDE", bar_code="7790000188551", product=657, description="Verde"),
    # Whole units only; stock without end; a serial number; a pack; no longer in use.
    Variant(id=700, code="TAZA-BLANCA", bar_code="7800000007007", product=658, description="Blanca"),
    Variant(id=701, code="TAZA-AZUL", bar_code="7800000007014", product=658, description="Azul"),
    Variant(id=702, code="TAZA-REGALO", product=658, description="De regalo", unlimited_stock=True),
    Variant(id=710, code="MOL-220", bar_code="7800000007106", product=659, description="220 V", serial_number=True),
    Variant(id=720, code="DESAYUNO", bar_code="7800000007205", product=660),
    Variant(id=730, code="TAZA-ROJA", bar_code="7800000007304", product=658, description="Roja", state=1),
    # A code that two have; codes and bar codes that differ by leading zeros only; a code that an old one has, too.
    Variant(id=740, code="OFERTA", bar_code="7800000007403", product=657, description="Surtido de otoño"),
    Variant(id=741, code="OFERTA", bar_code="7800000007410", product=657, description="Surtido de invierno"),
    Variant(id=750, code="00750", bar_code="0780000007507", product=657, description="Menta"),
    Variant(id=751, code="750", bar_code="780000007507", product=657, description="Menta y limón"),
    Variant(id=760, code="TE-ROJO", bar_code="7800000007601", product=657, description="Rojo, antes", state=1),
    Variant(id=761, code="TE-ROJO", bar_code="7800000007618", product=657, description="Rojo"),
)

_STOCKS: Mapping[tuple[int, int], tuple[int, str, str]] = {
    # (office, variant): (id, quantity, reserved)
    (2, 351): (101, "60.36", "0"),
    (1, 351): (102, "0", "0"),
    (1, 355): (103, "42.2", "0"),
    (1, 388): (104, "106.56", "6"),
    (1, 391): (105, "85.55", "0"),
    (1, 393): (106, "107.84", "0"),
    (1, 629): (107, "50", "0"),
    (2, 629): (108, "8", "2"),
    (1, 1223): (109, "3", "0"),
    (1, 3960): (1442, "0", "0"),
    (2, 18855): (44977, "4", "0"),
    (1, 700): (110, "24", "4"),
    (2, 700): (111, "12", "0"),
    (1, 701): (112, "9", "0"),
    (1, 710): (113, "2", "0"),
    (1, 740): (114, "15", "0"),
    (1, 741): (115, "5", "0"),
    (1, 750): (116, "30", "0"),
    (1, 751): (117, "40", "0"),
    (1, 761): (118, "7", "0"),
}

_NOTE = "Ajuste de Stock: Vendedor local"


def _detail(number: int, variant: int, quantity: str, cost: str, stock: str) -> Detail:
    return Detail(
        id=number, variant=variant, quantity=Decimal(quantity), cost=Decimal(cost), variant_stock=Decimal(stock)
    )


_RECEPTIONS = (
    Document(
        id=12,
        day=date(2020, 1, 15),
        office=1,
        note="Compra del mes",
        document="Factura",
        document_number="1187",
        details=(
            _detail(65, 391, "32.02", "3200", "85.55"),
            _detail(66, 388, "32.22", "3200", "185.2"),
            _detail(67, 393, "14.46", "3200", "107.84"),
        ),
    ),
    Document(id=487, day=date(2020, 3, 9), office=1, note=_NOTE, document="Sin Documento", update_stock=1),
    Document(
        id=492, day=date(2020, 3, 23), office=1, note="prueba api", document="Guía", document_number="123", user=2
    ),
    Document(id=493, day=date(2020, 3, 23), office=1, note="Recepcion / Vendedor local", document="Factura"),
)

_CONSUMPTIONS = (
    Document(
        id=1,
        day=date(2020, 9, 21),
        office=1,
        note="a",
        details=(
            _detail(1, 355, "36.78", "3200", "42.2"),
            _detail(2, 388, "78.64", "1311.08850457782", "106.56"),
        ),
    ),
    Document(id=2, day=date(2021, 3, 10), office=1, note="Inventario: Vendedor local"),
    Document(id=3, day=date(2021, 5, 13), office=1, note=_NOTE, update_stock=1),
    Document(id=8, day=date(2022, 10, 4), office=1, note="Ajuste de Stock: Inventario", update_stock=1),
)


def new_account() -> Account:
    """Return an account with all of this, in which nothing was applied yet."""
    return Account(
        offices={one.id: one for one in _OFFICES},
        products={one.id: one for one in _PRODUCTS},
        variants={one.id: one for one in _VARIANTS},
        types={one.id: one for one in _TYPES},
        users={1: "Ana", 2: "Bruno"},
        stocks={key: Stock(own, Decimal(quantity), Decimal(held)) for key, (own, quantity, held) in _STOCKS.items()},
        serials={(1, 710, "SN-0001"), (1, 710, "SN-0002")},
        documents={
            RECEPTION: {one.id: one for one in _RECEPTIONS},
            CONSUMPTION: {one.id: one for one in _CONSUMPTIONS},
        },
    )
