"""What the recovery tests send: every kind of submission, and how the simulated vendor tells what it really applied."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from etl.core.planning import group_of
from etl.io.journal.records import ItemRecord
from etl.model import Effect
from etl.sandbox import Sandbox
from etl.sandbox.bsale_account import CONSUMPTION, RECEPTION, Document, Kind, Office, Product, Variant
from etl.vendors import DESTINATIONS
from etl.vendors.bsale.payload import reception_of

if TYPE_CHECKING:
    from etl.core.report import Report

LIST = "Mayorista"
MOVES = "tusfacturas.stock"
PRODUCTS = "tusfacturas.productos"
RECEPTIONS = "bsale.recepciones"
CONSUMPTIONS = "bsale.consumos"
INVENTORY = "bsale.inventario"
COUNTERS = "justo.stock"

Values = Mapping[str, object]
_LINES = 50
"""Rows of a document."""
_FIRST = 5000
"""The id of the first of our variants."""
_CORRECTED = 900
"""The id of the first reception that is corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One kind of submission."""

    name: str
    vendor: str
    to: str
    values: Callable[[int], Values]
    """The row with this number, from 0; fifty make a request."""
    submissions: Mapping[str, str]
    """What faults are ordered for: fields of `FaultOrder`."""
    counted: str
    """The submissions among the vendor's counted requests begin so."""
    arrange: Callable[[Sandbox, int], None]
    """Put into the vendor what so many rows need."""
    times: Callable[[Sandbox, ItemRecord], int]
    """How often the vendor applied an item."""
    once: bool
    """Whether a second application would be a fault."""
    is_of: Callable[[str], bool] = lambda _group: True
    """Whether a group of its destination is of this kind."""
    settles: bool
    """Whether every row must be accepted in the end, once the vendor is well."""

    def __str__(self) -> str:
        return self.name

    @property
    def moves(self) -> bool:
        """Whether a second application would move stock again."""
        return DESTINATIONS[self.to].effect(group_of(self.values(0), DESTINATIONS[self.to])) is Effect.DELTA

    def sent(self, sandbox: Sandbox) -> int:
        """Return how many submissions arrived."""
        requests: Mapping[str, int] = getattr(sandbox, self.vendor).requests
        return sum(count for path, count in requests.items() if path.startswith(self.counted))

    def arrived(self, sandbox: Sandbox) -> int:
        """Return how many requests of any kind arrived."""
        return sum(getattr(sandbox, self.vendor).requests.values())

    def is_settled(self, report: Report, rows: int) -> bool:
        """Say whether a run has ended as well as it can: all accepted, or else in doubt where nobody can know."""
        counts = report.counts
        if self.settles:
            return counts["accepted"] == rows
        return counts["accepted"] + counts["uncertain"] == rows


# --- TusFacturas ---------------------------------------------------------------------------------------------------


def product(code: str, stock: int = 100) -> dict[str, object]:
    return {
        "descripcion": f"Producto {code}",
        "codigo": code,
        "lista_precios": LIST,
        "unidad_bulto": "1",
        "precio_unitario_sin_iva": 10.5,
        "alicuota": 21,
        "moneda": "PES",
        "afecta_stock": "S",
        "stock_actual": stock,
        "stock_minimo": 5,
    }


def movement_values(number: int, operation: str = "A") -> dict[str, object]:
    return {
        "operacion": operation,
        "lista_precios": LIST,
        "codigo": f"P{number:03d}",
        "cantidad": Decimal(1 + number % 7),
    }


def product_values(number: int, operation: str = "A") -> dict[str, object]:
    return {
        "operacion": operation,
        "descripcion": f"Producto {number}",
        "codigo": f"P{number:03d}",
        "lista_precios": LIST,
        "unidad_bulto": Decimal(1),
        "precio_unitario_sin_iva": Decimal("10.125"),
        "alicuota": Decimal(21),
        "moneda": "PES",
        "afecta_stock": "S",
        **({"stock_actual": Decimal(4)} if operation == "A" else {}),
    }


def _seed(sandbox: Sandbox, count: int) -> None:
    sandbox.tusfacturas.seed(*(product(f"P{number:03d}") for number in range(count)))


def _nothing(sandbox: Sandbox, count: int) -> None:
    """A creation needs nothing."""


def _tusfacturas(name: str, to: str, operation: str) -> Trade:
    moves = to == MOVES
    path = "productos/stock" if moves else "productos/administrar"
    make = movement_values if moves else product_values
    return Trade(
        name=name,
        vendor="tusfacturas",
        to=to,
        values=lambda number: make(number, operation),
        submissions={"path": path},
        counted=path,
        arrange=_nothing if (to, operation) == (PRODUCTS, "A") else _seed,
        times=lambda sandbox, item: sandbox.tusfacturas.times_applied(*item.key, path),
        once=operation != "M",
        is_of=lambda group: group == operation,
        settles=not moves,
    )


# --- Bsale ---------------------------------------------------------------------------------------------------------


def reception_values(number: int) -> Values:
    head = {"officeId": "1", "document": "Guía", "documentNumber": str(100 + number // _LINES), "note": "prueba"}
    return {**head, "code": f"P{number:03d}", "quantity": Decimal(1 + number % 7), "cost": Decimal("10.5")}


def correction_values(number: int) -> Values:
    head = {"receptionId": Decimal(_CORRECTED + number // _LINES), "officeId": "1", "document": "Guía"}
    line = {"variantId": Decimal(_FIRST + number), "quantity": Decimal(1 + number % 7), "cost": Decimal("10.5")}
    return {**head, "documentNumber": "7", "note": "corregida", **line}


def consumption_values(number: int) -> Values:
    head = {"officeId": "1", "documentNumber": str(100 + number // _LINES), "note": "merma"}
    return {**head, "code": f"P{number:03d}", "quantity": Decimal(1 + number % 7)}


def count_values(number: int) -> Values:
    """A row as the survey leaves it: more was counted than the hundred units that are there."""
    head = {"officeId": str(1 + number // _LINES), "note": "Inventario", "movement": "reception"}
    line = {"variantId": Decimal(_FIRST + number), "quantity": Decimal(1 + number % 7), "stock_bsale": Decimal(100)}
    return {**head, **line}


def _stock_up(sandbox: Sandbox, count: int) -> None:
    account = sandbox.bsale.account
    account.products[999] = Product(id=999, name="De prueba")
    for number in range(count):
        variant = Variant(id=_FIRST + number, code=f"P{number:03d}", product=999)
        account.variants[variant.id] = variant
        for office in {1, 1 + number // _LINES}:
            account.stock(office, variant.id).quantity = Decimal(100)


def _open_offices(sandbox: Sandbox, count: int) -> None:
    """Each fifty rows are counted in an office of their own."""
    account = sandbox.bsale.account
    for office in range(1, 2 + count // _LINES):
        account.offices[office] = Office(office, f"Sucursal {office}")
    _stock_up(sandbox, count)


def _old_receptions(sandbox: Sandbox, count: int) -> None:
    _stock_up(sandbox, count)
    kept = sandbox.bsale.account.documents[RECEPTION]
    day = max(one.day for one in kept.values())
    for number in range(_CORRECTED, _CORRECTED + 1 + count // _LINES):
        kept[number] = Document(id=number, day=day, office=1, note="antes", document="Guía", document_number="7")


def _lines_of(sandbox: Sandbox, item: ItemRecord, kinds: Collection[Kind], method: str) -> int:
    """Count the lines of some kinds of document that moved an item's variant."""
    numbers = {one.code: one.id for one in sandbox.bsale.account.variants.values()}
    variant = int(item.payload.get("variantId") or numbers[item.payload["code"]])
    lines = [one for one in sandbox.bsale.applications if (one.method, one.variant) == (method, variant)]
    return sum(one.kind in kinds for one in lines)


def _bsale(
    name: str,
    to: str,
    make: Callable[[int], Values],
    kinds: Collection[Kind],
    arrange: Callable[[Sandbox, int], None],
    method: str = "POST",
) -> Trade:
    return Trade(
        name=name,
        vendor="bsale",
        to=to,
        values=make,
        submissions={"vendor": "bsale", "method": method},
        counted=method,
        arrange=arrange,
        times=lambda sandbox, item: _lines_of(sandbox, item, kinds, method),
        once=method == "POST",
        is_of=lambda group: (reception_of(group) is None) == (method == "POST") or to != RECEPTIONS,
        settles=True,
    )


# --- Justo ---------------------------------------------------------------------------------------------------------


def counter_values(number: int) -> Values:
    return {
        "storeId": "local-centro",
        "productId": f"P{number:03d}",
        "type": "product",
        "stock": Decimal(3 + number % 7),
    }


def _menu(sandbox: Sandbox, count: int) -> None:
    for number in range(count):
        sandbox.justo.catalogue.add_product(f"own-{number}", f"P{number:03d}")


JUSTO = Trade(
    name="justo",
    vendor="justo",
    to=COUNTERS,
    values=counter_values,
    submissions={"path": "products/itemsStock"},
    counted="products/itemsStock",
    arrange=_menu,
    times=lambda sandbox, item: sandbox.justo.times_applied(*filter(None, item.key)),
    once=False,
    settles=True,
)

TRADES: Mapping[str, Trade] = {
    trade.name: trade
    for trade in (
        _tusfacturas("moves-A", MOVES, "A"),
        _tusfacturas("moves-B", MOVES, "B"),
        _tusfacturas("creates", PRODUCTS, "A"),
        _tusfacturas("sets", PRODUCTS, "M"),
        _bsale("receives", RECEPTIONS, reception_values, {RECEPTION}, _stock_up),
        _bsale("consumes", CONSUMPTIONS, consumption_values, {CONSUMPTION}, _stock_up),
        _bsale("counts", INVENTORY, count_values, {RECEPTION, CONSUMPTION}, _open_offices),
        _bsale("corrects", RECEPTIONS, correction_values, {RECEPTION}, _old_receptions, method="PUT"),
        JUSTO,
    )
}
"""By name: every destination and operation that may lose an answer."""
