"""The simulated Justo against the vendor's page."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from tests.sandbox.conftest import TLS

STORE = "Li4eEa3W2hiuGGCFa"
PRODUCT: dict[str, Any] = {"storeId": STORE, "productId": "r5RZaWcBzzWz3WAnp", "type": "product", "stock": 9}
OPTION: dict[str, Any] = {
    "type": "modifier",
    "storeId": STORE,
    "modifierId": "gSnnm7XEWqKbNqNKd",
    "modifierOptionId": "PG68HFqD7rGz6XGBe",
    "untilDate": "2021-08-09T15:15:00.052Z",
    "stock": 23,
}
EXTERNAL: dict[str, Any] = {**PRODUCT, "storeId": "local-centro", "productId": "empanada-carne"}


def patch(sandbox: Sandbox, body: Any, token: str | None = None, path: str = "products/itemsStock") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token or DEMO_CREDENTIALS['justo']['token']}"}
    return httpx.patch(sandbox.url("justo") + path, json=body, headers=headers, trust_env=False, verify=TLS)


def test_takes_the_examples_of_the_page(sandbox: Sandbox) -> None:
    """One item as an object, several as an array; the answer has every node and the stock's own id."""
    assert patch(sandbox, PRODUCT).json()["data"][0]["stock"] == 9
    answer = patch(sandbox, [PRODUCT, OPTION])
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "ok"
    assert [one["type"] for one in told["data"]] == ["product", "modifier"]
    assert told["data"][0].keys() == {
        "_id", "product", "store", "modifier", "modifierOption", "type", "websiteId", "createdAt", "stock",
    }  # fmt: skip
    assert told["data"][1]["modifierOption"]["_id"] == "PG68HFqD7rGz6XGBe"
    assert sandbox.justo.stock(STORE, "gSnnm7XEWqKbNqNKd", "PG68HFqD7rGz6XGBe") == 23
    assert sandbox.justo.times_applied(STORE, "r5RZaWcBzzWz3WAnp") == 2


def test_external_ids_are_the_same_things(sandbox: Sandbox) -> None:
    """A product has one counter, by whichever id it is named; in one body the first value counts."""
    own = sandbox.justo.catalogue.thing("local-centro", "empanada-carne")
    told = patch(sandbox, [EXTERNAL, {**PRODUCT, "storeId": own[0], "productId": own[1], "stock": 4}]).json()["data"]
    assert [(one["product"]["externalId"], one["stock"]) for one in told] == [("empanada-carne", 9)] * 2
    assert sandbox.justo.stock(*own) == 9


def test_partial_errors_are_a_207_and_nothing_good_a_400(sandbox: Sandbox) -> None:
    """What has no errors is set; the others are echoed as they were sent, with all their texts."""
    half = {"storeId": STORE, "type": "modifier", "stock": 88}
    stranger = {**OPTION, "storeId": "non_existant_id"}
    answer = patch(sandbox, [half, PRODUCT, stranger])
    told = answer.json()
    assert (answer.status_code, told["status"]) == (207, "Multi-Status")
    assert len(told["data"]["processedData"]) == 1
    assert told["data"]["errors"] == [
        {"item": half, "errors": ["Missing parameter 'modifierId' or 'modifierOptionId'"]},
        {"item": stranger, "errors": ["Store not found [storeId:non_existant_id]"]},
    ]
    answer = patch(sandbox, [half, stranger])
    assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (400, "error", "Validations errors")
    assert len(sandbox.justo.applications) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"stock": 2.5},
        {"stock": -1},
        {"stock": "9"},
        {"stock": True},
        {"stock": None},
        {"type": "bad_type"},
        {"productId": 123},
        {"productId": ""},
        {"productId": "nobody knows it"},
        {"modifierId": "m"},
        {"untilDate": "2021-08-09"},
        {"untilDate": "2021-08-09T15:15:00Z"},
        {"untilDate": None},
        {"color": "red"},
    ],
)
def test_is_strict(change: dict[str, Any], sandbox: Sandbox) -> None:
    """A wrong field, type or id is never set."""
    answer = patch(sandbox, [{**PRODUCT, **change}])
    assert answer.status_code == 400
    assert answer.json()["data"]["errors"][0]["errors"]
    assert sandbox.justo.applications == ()


def test_the_gate(sandbox: Sandbox) -> None:
    """Token, path, method and form of the body are looked at before anything is set."""
    assert patch(sandbox, [PRODUCT], token="another").status_code == 401
    assert patch(sandbox, [PRODUCT], path="products/other").status_code == 404
    for body in ([], "x", [1], 7):
        assert patch(sandbox, body).status_code == 400
    url, headers = sandbox.url("justo") + "products/itemsStock", {"Authorization": "Bearer x"}
    assert httpx.post(url, json=[], headers=headers, trust_env=False, verify=TLS).status_code == 405
    assert sandbox.justo.applications == ()
    assert sandbox.justo.requests["products/itemsStock"] == 6


def test_orders_lower_what_has_a_counter(sandbox: Sandbox) -> None:
    """Each order takes one of everything, to 0 at most; over HTTP too."""
    patch(sandbox, [PRODUCT, {**EXTERNAL, "stock": 1}])
    for _ in range(2):
        httpx.post(sandbox.root + "_control/justo/order", trust_env=False, verify=TLS)
    assert sandbox.justo.stock(STORE, PRODUCT["productId"]) == 7
    assert sandbox.justo.stock("local-centro", "empanada-carne") == 0
    assert len(sandbox.justo.applications) == 2
    sandbox.reset()
    assert sandbox.justo.stock(STORE, PRODUCT["productId"]) is None
