"""Justo (Chile, Argentina): stock of products and modifiers of a store. What it is, assembled from its parts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from etl.messages import text
from etl.model import Effect, Request
from etl.vendors.base import Derivation, Destination, Exchange, Signed, Vendor, Watched
from etl.vendors.justo.columns import STOCK_COLUMNS, STOCK_RULES, infer_type
from etl.vendors.justo.payload import KEY, MODIFIER_KEY, PRODUCT_KEY, stock_payload, stock_request
from etl.vendors.justo.response import read_submission
from etl.vendors.justo.undo import undo_stock

BATCH_LIMIT = 50
"""The page states no limit; ours is that of every destination (contract section 1)."""

_EFFECTS = {
    # products/itemsStock, description: it "defines or updates" the stock. The same value twice is the same value, but
    # for the orders in between, so that it is sent again by itself only for a while (reliability.md 1.2).
    "": Effect.SET,
}


def sign(request: Request, secrets: Mapping[str, str]) -> Signed:
    """Put the token into the header, as the page's examples have it."""
    headers = {"Authorization": f"Bearer {secrets['token']}", "Content-Type": "application/json"}
    return Signed(body=request.body, headers=headers)


STOCK = Destination(
    name="justo.stock",
    title=text("Justo: stock of products and modifiers"),
    columns=STOCK_COLUMNS,
    key=KEY,
    alternative_keys=(PRODUCT_KEY, MODIFIER_KEY),
    effect=_EFFECTS.__getitem__,
    batch_limit=BATCH_LIMIT,
    payload=stock_payload,
    submit=Exchange(build=stock_request, read=read_submission),
    watched=Watched(stock="stock"),
    undo=undo_stock,
    rules=STOCK_RULES,
    derivation=Derivation(of=("productId", "modifierId", "modifierOptionId"), make=infer_type),
    derived_fields=("type",),
    duplicates=frozenset({"first", "last"}),
    remembered=text("Justo cannot be asked for a counter: orders may have lowered it since."),
    same_thing=("store", "product", "modifierOption"),
    # Page, considerations: every order lowers the counter, so a number of yesterday is not today's.
    fresh_for=timedelta(hours=24),
    # The same consideration: last night's counters must not overwrite what today's orders have lowered.
    unattended_for=timedelta(hours=2),
)

JUSTO = Vendor(
    name="justo",
    title="Justo",
    address="https://api.getjusto.com/api/v2/",
    secrets=("token",),
    sign=sign,
    destinations=(STOCK,),
    # No read is documented for this token (facts 3.2): `etl doctor` cannot ask.
    ping=None,
)
