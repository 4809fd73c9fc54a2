"""Good rows for Justo: those of the vendor's page, and some that are harder to spell."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from etl.model import Json, Value
from etl.sandbox import Sandbox
from tests.vendors.kit import Payloads, Sample

PRODUCT: dict[str, Value] = {
    "storeId": "Li4eEa3W2hiuGGCFa",
    "productId": "r5RZaWcBzzWz3WAnp",
    "type": "product",
    "stock": Decimal(9),
}
OPTION: dict[str, Value] = {
    "type": "modifier",
    "storeId": "Li4eEa3W2hiuGGCFa",
    "modifierId": "Jhjk987lJklnAdxf9",
    "modifierOptionId": "pqMan54HyrC537Nnm",
    "untilDate": datetime(2021, 8, 9, 15, 15, 0, 52_000, tzinfo=UTC),
    "stock": Decimal(4),
}
"""The items of the page's examples."""

HARD: dict[str, Value] = {
    "storeId": "Ñuñoa – 1/2",
    "productId": "00123",
    "type": "product",
    "stock": Decimal("1E+1"),
}
"""External ids with zeros and every kind of letter."""


def _all_set(group: str, payloads: Payloads) -> bytes:
    return json.dumps({"status": "ok", "data": [_told(at, sent) for at, sent in enumerate(payloads)]}).encode()


def _told(at: int, sent: Json) -> Json:
    names = {"store": "storeId", "product": "productId", "modifier": "modifierId", "modifierOption": "modifierOptionId"}
    nodes = {
        node: {"_id": f"own-{sent[name]}", "name": "x", "externalId": sent[name]} if name in sent else None
        for node, name in names.items()
    }
    return {"_id": f"stock-{at}", **nodes, "type": sent["type"], "createdAt": "2022-05-26", "stock": int(sent["stock"])}


def _arrange(sandbox: Sandbox, group: str, payloads: Payloads) -> None:
    sandbox.justo.catalogue.add_store("ownOfTheStore", "Ñuñoa – 1/2")


SAMPLES = {
    "justo.stock": Sample(
        rows={"": (PRODUCT, OPTION, HARD)},
        answer=_all_set,
        arrange=_arrange,
        telling=frozenset({200, 207, 400}),
    )
}
