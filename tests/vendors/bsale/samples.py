"""Good rows for Bsale: those of the vendor's page, and some that are harder to spell."""

from __future__ import annotations

import json
from decimal import Decimal

from etl.model import Json, Value
from etl.sandbox import Sandbox
from etl.sandbox.bsale_account import Product, Variant
from tests.vendors.kit import Payloads, Sample

GUIDE: dict[str, Value] = {"officeId": "1", "document": "Guía", "documentNumber": "123", "note": "prueba api"}
"""The head of the page's reception."""

RECEIVED: dict[str, Value] = {**GUIDE, "quantity": Decimal("32.22"), "code": "629", "cost": Decimal(3200)}
"""POST una recepción, example; its code goes as text (contract section 1)."""
HARD: dict[str, Value] = {
    **GUIDE,
    "quantity": Decimal("1E+1"),
    "code": "Ñandú–00123/A",
    "cost": Decimal("1311.0885045"),
}
BY_BAR_CODE: dict[str, Value] = {**GUIDE, "quantity": Decimal("0.5"), "barCode": "0780000007507"}

CORRECTED: dict[str, Value] = {
    "receptionId": Decimal(831),
    "officeId": "2",
    "document": "Guía",
    "documentNumber": "123",
    "note": "Prueba de ingreso vía api",
    "quantity": Decimal(27),
    "variantId": Decimal(629),
    "cost": Decimal(2970),
}
"""PUT una recepción, example."""

CONSUMED: dict[str, Value] = {
    "note": "prueba de consumo api",
    "officeId": "1",
    "quantity": Decimal(13),
    "variantId": Decimal(629),
}
"""POST un consumo, example."""


def _made(resource: str, number: int, **more: Json) -> bytes:
    href = f"https://api.bsale.io/v1/stocks/{resource}/{number}.json"
    office = {"href": "https://api.bsale.io/v1/offices/1.json", "id": "1"}
    told = {"admissionDate": 1407297600, "href": href, "id": number, "office": office, "note": "prueba api", **more}
    return json.dumps(told).encode()


def _received(group: str, payloads: Payloads) -> bytes:
    return _made("receptions", 831, document="Guía", documentNumber=123)


def _consumed(group: str, payloads: Payloads) -> bytes:
    return _made("consumptions", 593, imagestionCenterCostId=None)


def _arrange(sandbox: Sandbox, group: str, payloads: Payloads) -> None:
    account = sandbox.bsale.account
    account.products[999] = Product(id=999, name="Ñandú")
    account.variants[999] = Variant(id=999, code="Ñandú–00123/A", product=999)
    sandbox.bsale.move(1, 629, Decimal(100))
    if group.startswith("831\t"):
        sandbox.bsale.control(
            "document", {"kind": "receptions", "id": 831, "day": "2024-08-06", "office": 1, "note": "prueba api"}
        )


def _counted(group: str, payloads: Payloads) -> bytes:
    return _consumed(group, payloads) if group.startswith("consumption") else _received(group, payloads)


COUNTED: dict[str, Value] = {"officeId": "1", "note": "Inventario", "variantId": Decimal(629)}
"""What a survey made of a count; the quantity is the difference."""
SAMPLES = {
    "bsale.inventario": Sample(
        rows={
            "POST": (
                {**COUNTED, "movement": "reception", "quantity": Decimal("2.5"), "cost": Decimal(100)},
                {**COUNTED, "movement": "reception", "quantity": Decimal(7), "variantId": Decimal(355)},
            ),
            "POST consumo": (
                {**COUNTED, "movement": "consumption", "quantity": Decimal("2.5")},
                {**COUNTED, "movement": "consumption", "quantity": Decimal(7), "variantId": Decimal(355)},
            ),
        },
        answer=_counted,
        arrange=_arrange,
        telling=frozenset({200, 201, 400, 404, 405, 413, 415, 422}),
    ),
    "bsale.recepciones": Sample(
        rows={
            "POST": (RECEIVED, HARD, BY_BAR_CODE),
            "PUT": (CORRECTED, {**CORRECTED, "variantId": Decimal(351), "quantity": Decimal("1.5")}),
        },
        answer=_received,
        arrange=_arrange,
        telling=frozenset({200, 201, 400, 404, 405, 413, 415, 422}),
    ),
    "bsale.consumos": Sample(
        rows={"POST": (CONSUMED, {**CONSUMED, "variantId": Decimal(355), "quantity": Decimal("0.75")})},
        answer=_consumed,
        arrange=_arrange,
        telling=frozenset({200, 201, 400, 404, 405, 413, 415, 422}),
    ),
}
