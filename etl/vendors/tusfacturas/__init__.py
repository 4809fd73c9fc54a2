"""TusFacturas (Argentina): products and stock. What it is, assembled from its columns, payloads and answers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from etl.messages import text
from etl.model import Effect, Request
from etl.vendors.base import Derivation, Destination, Exchange, Signed, Vendor, Watched
from etl.vendors.tusfacturas.account import CONSUMPTION, read_allowance
from etl.vendors.tusfacturas.columns import (
    PRICE_QUESTIONS,
    PRODUCT_COLUMNS,
    PRODUCT_RULES,
    STOCK_COLUMNS,
    derive_product,
)
from etl.vendors.tusfacturas.listings import PRODUCTS as PRODUCT_LIST
from etl.vendors.tusfacturas.payload import KEY, product_payload, product_request, stock_payload, stock_request
from etl.vendors.tusfacturas.reconcile import look_up_movements, look_up_products, read_stock
from etl.vendors.tusfacturas.response import read_submission, same_product_value
from etl.vendors.tusfacturas.survey import most_reads, preview_products, survey_products
from etl.vendors.tusfacturas.undo import undo_movement, undo_product

BATCH_LIMIT = 50
"""Products a request may hold: both pages, hints."""

SECRETS = ("usertoken", "apikey", "apitoken")
"""In the order of the pages' examples."""

_PRODUCT_EFFECTS = {
    # "Administrar productos", answer: a code that exists is refused per item and nothing is added.
    "A": Effect.CREATE,
    # "Administrar productos", hints: the product is looked up by its key and changed; `stock_actual` is not used.
    "M": Effect.SET,
    # Ours: A or M once the vendor was read. It never goes out itself.
    "U": Effect.SET,
}
_STOCK_EFFECTS = {
    # "Gestión de stock", Request Body: units are added to the stock …
    "A": Effect.DELTA,
    # … or taken from it, each time it is called; there is no reference that would tell a repetition (facts 1.10).
    "B": Effect.DELTA,
}


def sign(request: Request, secrets: Mapping[str, str]) -> Signed:
    """Put the three credentials first into the JSON body, as the pages' examples have them (facts 1.1)."""
    named = msgspec.json.encode({name: secrets[name] for name in SECRETS})
    body = request.body or b"{}"
    rest = b"}" if body == b"{}" else b"," + body[1:]
    return Signed(body=named[:-1] + rest, headers={"Content-Type": "application/json"})


PRODUCTS = Destination(
    name="tusfacturas.productos",
    title=text("TusFacturas: products of a price list"),
    columns=PRODUCT_COLUMNS,
    key=KEY,
    group_fields=("operacion",),
    effect=_PRODUCT_EFFECTS.__getitem__,
    batch_limit=BATCH_LIMIT,
    payload=product_payload,
    submit=Exchange(build=product_request, read=read_submission),
    look_up=look_up_products,
    undo=undo_product,
    watched=Watched(
        price="precio_unitario_sin_iva",
        currency="moneda",
        tax_rate="alicuota",
        price_list="lista_precios",
        # "Administrar productos", hints: used only to create.
        unused=("stock_actual",),
    ),
    survey=survey_products,
    most_reads=most_reads,
    preview=preview_products,
    completes=frozenset({"M", "U"}),
    undecided=frozenset({"U"}),
    default_group="U",
    parallel=True,
    rules=PRODUCT_RULES,
    derivation=Derivation(of=("precio_con_iva",), make=derive_product),
    derived_fields=("precio_unitario_sin_iva",),
    questions=PRICE_QUESTIONS,
    same=same_product_value,
    duplicates=frozenset({"first", "last"}),
)

STOCK = Destination(
    name="tusfacturas.stock",
    title=text("TusFacturas: stock movements"),
    columns=STOCK_COLUMNS,
    key=KEY,
    group_fields=("operacion",),
    effect=_STOCK_EFFECTS.__getitem__,
    batch_limit=BATCH_LIMIT,
    payload=stock_payload,
    submit=Exchange(build=stock_request, read=read_submission),
    baseline=read_stock,
    reads_per_batch=1,
    look_up=look_up_movements,
    undo=undo_movement,
    watched=Watched(taken=("B", "cantidad")),
    duplicates=frozenset({"sum"}),
    summed="cantidad",
    low_stock=("stock_actual", "stock_minimo"),
)

TUSFACTURAS = Vendor(
    name="tusfacturas",
    title="TusFacturas",
    address="https://www.tusfacturas.app/app/api/v2/",
    secrets=SECRETS,
    sign=sign,
    destinations=(PRODUCTS, STOCK),
    listings=(PRODUCT_LIST,),
    ping=CONSUMPTION,
    allowance=read_allowance,
)
