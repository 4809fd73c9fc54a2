"""The simulated Bsale against the vendor's stock page: its samples, its rules, and what is really applied."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from etl.sandbox import Fault, Sandbox
from etl.sandbox.bsale_account import CONSUMPTION, RECEPTION
from tests.sandbox.bsale_client import PUBLIC, BsaleCaller

RECEIVED: dict[str, Any] = {
    "document": "Guía",
    "officeId": 1,
    "documentNumber": "123",
    "note": "prueba api",
    "details": [{"quantity": 32.22, "code": 629, "cost": 3200}],
}
"""The page's own example of a reception."""
CONSUMED: dict[str, Any] = {
    "note": "prueba de consumo api",
    "officeId": 1,
    "details": [{"quantity": 13, "variantId": 629}],
}


@pytest.fixture
def bsale(sandbox: Sandbox) -> BsaleCaller:
    return BsaleCaller(sandbox)


def line(**change: Any) -> dict[str, Any]:
    return {**RECEIVED, "details": [{"quantity": 1, "variantId": 629, **change}]}


# What it answers.


def test_a_stock_is_told_as_on_the_page(bsale: BsaleCaller) -> None:
    """Alone with its number, in a list without; nested ids are texts."""
    assert bsale.told("stocks/1442.json") == {
        "href": f"{PUBLIC}stocks/1442.json",
        "id": 1442,
        "quantity": 0,
        "quantityReserved": 0,
        "quantityAvailable": 0,
        "variant": {"href": f"{PUBLIC}variants/3960.json", "id": "3960"},
        "office": {"href": f"{PUBLIC}offices/1.json", "id": "1"},
    }
    assert bsale.told("stocks.json", limit=2) == {
        "href": f"{PUBLIC}stocks.json",
        "count": 20,
        "limit": 2,
        "offset": 0,
        "items": [
            {
                "quantity": quantity,
                "quantityReserved": 0,
                "quantityAvailable": quantity,
                "variant": {"href": f"{PUBLIC}variants/351.json", "id": "351"},
                "office": {"href": f"{PUBLIC}offices/{office}.json", "id": str(office)},
            }
            for office, quantity in ((2, 60.36), (1, 0))
        ],
        "next": f"{PUBLIC}stocks.json?limit=2&offset=2",
    }


def test_documents_are_told_as_on_the_page(bsale: BsaleCaller) -> None:
    """The field names differ between receptions and consumptions, down to their capitals; dates are 00:00 UTC."""
    assert bsale.told("stocks/receptions/492.json") == {
        "href": f"{PUBLIC}stocks/receptions/492.json",
        "id": 492,
        "admissionDate": 1584921600,
        "document": "Guía",
        "documentNumber": "123",
        "note": "prueba api",
        "imagestionCctId": 0,
        "imagestionCcDescription": "",
        "internalDispatchId": 0,
        "updateStock": 0,
        "office": {"href": f"{PUBLIC}offices/1.json", "id": "1"},
        "user": {"href": f"{PUBLIC}users/2.json", "id": "2"},
        "details": {"href": f"{PUBLIC}stocks/receptions/492/details.json"},
    }
    assert bsale.told("stocks/consumptions/8.json") == {
        "href": f"{PUBLIC}stocks/consumptions/8.json",
        "id": 8,
        "consumptionDate": 1664841600,
        "note": "Ajuste de Stock: Inventario",
        "imagestionCcdescription": "",
        "imagestionCenterCostId": 0,
        "updateStock": 1,
        "consumptionTypeId": 1,
        "office": {"href": f"{PUBLIC}offices/1.json", "id": "1"},
        "user": {"href": f"{PUBLIC}users/1.json", "id": "1"},
        "details": {"href": f"{PUBLIC}stocks/consumptions/8/details.json"},
    }


def test_lines_are_told_as_on_the_page(bsale: BsaleCaller) -> None:
    """A reception's line has a serial number, a consumption's has none; the variant's address lacks its s."""
    assert bsale.told("stocks/receptions/12/details/65.json") == {
        "href": f"{PUBLIC}stocks/receptions/12/details/65.json",
        "id": 65,
        "quantity": 32.02,
        "cost": 3200,
        "variantStock": 85.55,
        "serialNumber": None,
        "variant": {"href": f"{PUBLIC}variant/391.json", "id": "391"},
    }
    told = bsale.told("stocks/consumptions/1/details.json")
    assert (told["href"], told["count"], told["limit"]) == (f"{PUBLIC}stocks/consumptions/1/details.json", 2, 25)
    assert told["items"][1] == {
        "href": f"{PUBLIC}stocks/consumptions/1/details/2.json",
        "id": 2,
        "quantity": 78.64,
        "cost": 1311.08850457782,
        "variantStock": 106.56,
        "variant": {"href": f"{PUBLIC}variant/388.json", "id": "388"},
    }
    assert bsale.told("stock_consumption_types.json")["items"][0] == {
        "cntId": 1,
        "cntI18nName": "consumption_type.retiro",
        "cntActive": 1,
        "cntCode": "12",
    }


def test_a_reception_adds_stock_and_answers_as_on_the_page(bsale: BsaleCaller) -> None:
    """The answer has the page's fields, a document number as a number, and a date that is midnight in Chile."""
    answer = bsale.post("stocks/receptions.json", RECEIVED)
    assert answer.status_code == 201
    told = bsale.public(answer)
    day = told.pop("admissionDate")
    assert told == {
        "imagestionCcDescription": None,
        "href": f"{PUBLIC}stocks/receptions/494.json",
        "id": 494,
        "details": {"href": f"{PUBLIC}stocks/receptions/494/details.json"},
        "document": "Guía",
        "documentNumber": 123,
        "office": {"href": f"{PUBLIC}offices/1.json", "id": "1"},
        "imagestionCctId": 0,
        "note": "prueba api",
        "internalDispatchId": 0,
    }
    assert day == bsale.told("stocks/receptions/494.json")["admissionDate"] + 4 * 3600
    assert bsale.sandbox.bsale.stock(1, 629).quantity == Decimal("82.22")
    (detail,) = bsale.told("stocks/receptions/494/details.json")["items"]
    assert (detail["quantity"], detail["cost"], detail["variantStock"]) == (32.22, 3200, 82.22)
    (moved,) = bsale.sandbox.bsale.applications
    assert (moved.kind, moved.document, moved.office, moved.variant) == (RECEPTION, 494, 1, 629)
    assert (moved.quantity, moved.note, moved.method) == (Decimal("32.22"), "prueba api", "POST")


def test_a_consumption_takes_stock_and_answers_as_on_the_page(bsale: BsaleCaller) -> None:
    """No answer about a consumption has a document number."""
    told = bsale.public(bsale.post("stocks/consumptions.json", {**CONSUMED, "documentNumber": "77"}))
    assert told.pop("consumptionDate") == bsale.told("stocks/consumptions/9.json")["consumptionDate"] + 4 * 3600
    assert told == {
        "office": {"id": "1", "href": f"{PUBLIC}offices/1.json"},
        "imagestionCenterCostId": None,
        "details": {"href": f"{PUBLIC}stocks/consumptions/9/details.json"},
        "note": "prueba de consumo api",
        "imagestionCcdescription": None,
        "id": 9,
        "href": f"{PUBLIC}stocks/consumptions/9.json",
    }
    assert bsale.sandbox.bsale.stock(1, 629).quantity == 37
    assert "documentNumber" not in bsale.told("stocks/consumptions/9.json")


def test_a_reception_can_be_written_anew(bsale: BsaleCaller) -> None:
    """PUT takes back what the reception had added, adds what it now says, and answers with the same id."""
    number = bsale.post("stocks/receptions.json", RECEIVED).json()["id"]
    body = {
        "document": "Guía",
        "officeId": 2,
        "documentNumber": "123",
        "note": "Prueba de ingreso vía api",
        "details": [{"quantity": 27, "variantId": 629, "cost": 2970}],
    }
    for _ in range(2):
        told = bsale.public(bsale.put(f"stocks/receptions/{number}.json", body))
        assert (told["id"], told["office"]["id"], told["documentNumber"]) == (number, "2", 123)
    shop = bsale.sandbox.bsale
    assert (shop.stock(1, 629).quantity, shop.stock(2, 629).quantity) == (50, 35)
    assert len(shop.documents(RECEPTION)) == 5
    assert bsale.put("stocks/receptions/99.json", body).status_code == 404
    by_code = {**body, "details": [{"quantity": 27, "code": "629"}]}
    assert bsale.put(f"stocks/receptions/{number}.json", by_code).status_code == 400


def test_the_same_document_twice_moves_stock_twice(bsale: BsaleCaller) -> None:
    """There is no key that would make a repeat harmless."""
    for _ in range(2):
        bsale.post("stocks/receptions.json", line(quantity=5))
    assert bsale.sandbox.bsale.stock(1, 629).quantity == 60
    assert bsale.sandbox.bsale.times_applied(1, 629, RECEPTION) == 2


# What it refuses.


@pytest.mark.parametrize("name", ["code", "barCode", "variantId"])
def test_a_line_names_its_variant_in_one_of_three_ways(bsale: BsaleCaller, name: str) -> None:
    """By id, code or bar code, written as on the page."""
    value = {"code": "629", "barCode": "7790000006299", "variantId": 629}[name]
    body = {**RECEIVED, "details": [{"quantity": 1, name: value}]}
    assert bsale.post("stocks/receptions.json", body).status_code == 201
    assert bsale.sandbox.bsale.applications[0].variant == 629


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"variantId": "629"}, "no implicit conversion of String into Integer"),
        ({"variantId": 999}, "invalid variant"),
        ({"variantId": 730}, "invalid variant"),  # no longer in use
        ({"variantId": 720}, "invalid variant"),  # a pack
        ({"code": "629"}, "invalid variant"),  # two identifiers
        ({"id": 629}, "Invalid JSON object: id"),
        ({"barcode": "7790000006299"}, "Invalid JSON object: barcode"),
        ({"quantity": 0}, "invalid quantity"),
        ({"quantity": -1}, "invalid quantity"),
        ({"quantity": "1"}, "invalid quantity"),
        ({"quantity": True}, "invalid quantity"),
        ({"quantity": None}, "invalid quantity"),
        ({"quantity": 1e12}, "invalid quantity"),
        ({"cost": "3200"}, "invalid cost"),
        ({"cost": -1}, "invalid cost"),
        ({"cost": None}, "invalid cost"),
        ({"serialNumber": ""}, "invalid serial number"),
        ({"serialNumber": 7}, "invalid serial number"),
        ({"variantId": 710}, "invalid serial number"),  # wants one
        ({"variantId": 700, "quantity": 1.5}, "invalid quantity"),  # whole units only
    ],
)
def test_a_wrong_line_refuses_the_whole_document(bsale: BsaleCaller, change: dict[str, Any], words: str) -> None:
    """Its good neighbours are not applied either, and the answer does not say which line it was."""
    good = {"quantity": 1, "variantId": 355}
    body = {**RECEIVED, "details": [good, {"quantity": 1, "variantId": 629, **change}, good]}
    answer = bsale.post("stocks/receptions.json", body)
    assert (answer.status_code, answer.json()) == (400, {"error": words})
    assert bsale.sandbox.bsale.applications == ()
    assert len(bsale.sandbox.bsale.documents(RECEPTION)) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"officeId": "1"},
        {"officeId": 3},
        {"officeId": 77},
        {"officeId": None},
        {"document": 5},
        {"document": None},
        {"documentNumber": "45-A"},
        {"documentNumber": None},
        {"note": None},
        {"note": "x" * 101},
        {"consumptionTypeId": 1},
        {"details": []},
        {"details": {}},
        {"details": [5]},
        {"color": "red"},
    ],
)
def test_a_wrong_head_refuses_the_document(bsale: BsaleCaller, change: dict[str, Any]) -> None:
    """Types are the page's; nothing is null; no field is invented."""
    answer = bsale.post("stocks/receptions.json", {**line(), **change})
    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}
    assert bsale.sandbox.bsale.applications == ()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"7"])
def test_what_is_no_object_is_refused(bsale: BsaleCaller, body: bytes) -> None:
    """With the same status, and nothing applied."""
    assert bsale.send("POST", "stocks/receptions.json", content=body).status_code == 400
    assert bsale.sandbox.bsale.applications == ()


def test_a_code_as_a_number_must_be_an_integer_of_the_database(bsale: BsaleCaller) -> None:
    """A bar code in the place of a code, as a number, is out of its range; as a text it is just not known."""
    answer = bsale.post("stocks/receptions.json", {**RECEIVED, "details": [{"quantity": 1, "code": 7790000006299}]})
    assert answer.json() == {"error": "code is out of range for an integer column"}


def test_codes_that_are_not_unique_mean_the_oldest_in_use(bsale: BsaleCaller) -> None:
    """Two variants with one code, and codes that differ by zeros only, are the client's business."""
    for code in ("OFERTA", "TE-ROJO", "00750", "750"):
        bsale.post("stocks/receptions.json", {**RECEIVED, "details": [{"quantity": 1, "code": code}]})
    assert [one.variant for one in bsale.sandbox.bsale.applications] == [740, 761, 750, 751]


def test_a_consumption_has_no_cost_and_a_type_in_use(bsale: BsaleCaller) -> None:
    """Only the types that are listed as active."""
    cost = {**CONSUMED, "details": [{"quantity": 1, "variantId": 629, "cost": 5}]}
    assert bsale.post("stocks/consumptions.json", cost).status_code == 400
    for number, status in ((2, 201), (6, 400), (99, 400), ("2", 400)):
        body = {**CONSUMED, "consumptionTypeId": number}
        assert bsale.post("stocks/consumptions.json", body).status_code == status
    assert bsale.told("stocks/consumptions/9.json")["consumptionTypeId"] == 2


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ([{"quantity": 25, "variantId": 700}], "no stock for these products: TAZA-BLANCA"),
        ([{"quantity": 21, "variantId": 700}], "no stock for these products: TAZA-BLANCA"),  # four are reserved
        ([{"quantity": 10, "variantId": 700}, {"quantity": 11, "code": "TAZA-BLANCA"}], "no stock for these"),
        ([{"quantity": 1, "variantId": 18855}], "no stock for these products: TE-VERDE"),  # of another office
        ([{"quantity": 1, "variantId": 710, "serialNumber": "SN-9"}], "invalid serial number"),
    ],
)
def test_what_is_not_there_cannot_be_consumed(bsale: BsaleCaller, details: list[dict[str, Any]], words: str) -> None:
    """Counted over all lines, without what is reserved; these words are the only ones that name a code."""
    answer = bsale.post("stocks/consumptions.json", {**CONSUMED, "details": details})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(words)
    assert bsale.sandbox.bsale.applications == ()


def test_customers_buy_what_is_available(bsale: BsaleCaller) -> None:
    """Down to what is reserved, never below; that is no application of ours."""
    shop = bsale.sandbox.bsale
    for _ in range(10):
        shop.sell()
    assert [shop.stock(2, 629).quantity, shop.stock(2, 629).reserved] == [2, 2]
    assert (shop.stock(2, 18855).quantity, shop.stock(1, 629).quantity) == (0, 40)
    assert shop.applications == ()


def test_some_variants_go_below_nothing(bsale: BsaleCaller) -> None:
    """Those that allow it, and those without end."""
    details = [{"quantity": 8, "variantId": 1223}, {"quantity": 3, "variantId": 702}]
    assert bsale.post("stocks/consumptions.json", {**CONSUMED, "details": details}).status_code == 201
    assert bsale.sandbox.bsale.stock(1, 1223).quantity == -5


def test_units_with_a_serial_number_come_and_go_by_it(bsale: BsaleCaller) -> None:
    """One that was received can be consumed once."""
    unit = {"quantity": 1, "variantId": 710, "serialNumber": "SN-0003"}
    assert bsale.post("stocks/receptions.json", {**RECEIVED, "details": [unit]}).status_code == 201
    taken = {**CONSUMED, "details": [unit]}
    assert [bsale.post("stocks/consumptions.json", taken).status_code for _ in range(2)] == [201, 400]


def test_the_gate(bsale: BsaleCaller) -> None:
    """Address, token, method: looked at in this order, and told with the page's statuses."""
    assert bsale.send("GET", "nothing.json").status_code == 404
    assert bsale.send("GET", "stocks").status_code == 404
    wrong = bsale.send("GET", "stocks.json", token="another")
    assert (wrong.status_code, wrong.json()) == (401, {"error": "The access token is wrong"})
    assert bsale.send("DELETE", "stocks/receptions/12.json").status_code == 405
    assert bsale.send("PUT", "stocks/consumptions/1.json", json=CONSUMED).status_code == 405
    assert bsale.send("POST", "stocks.json", json={}).status_code == 405
    assert bsale.send("POST", "stocks/receptions/12.json", json=RECEIVED).status_code == 405
    bearer = httpx.get(bsale.url + "stocks.json", headers={"Authorization": "Bearer x"}, trust_env=False)
    assert bearer.status_code == 401
    assert bsale.sandbox.bsale.requests["GET stocks.json"] == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 429, 500, 502])
def test_every_status_of_the_page_can_be_ordered(bsale: BsaleCaller, status: int) -> None:
    """With the vendor's body, and nothing applied."""
    bsale.sandbox.faults.order(Fault.STATUS_BEFORE, status=status, retry_after="1")
    answer = bsale.post("stocks/receptions.json", RECEIVED)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)
    assert answer.headers["Retry-After"] == "1"
    assert bsale.sandbox.bsale.applications == ()


def test_half_a_document_and_one_that_moves_nothing(bsale: BsaleCaller) -> None:
    """Faults may leave what no refusal does: some lines only, or a document whose stock did not move."""
    body = {**RECEIVED, "details": [{"quantity": 1, "variantId": 355}, {"quantity": 2, "variantId": 629}]}
    bsale.sandbox.faults.order(Fault.CLOSE_MIDWAY, items=1)
    bsale.sandbox.faults.order(Fault.CREATE_WITHOUT_STOCK, nth=2)
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            bsale.post("stocks/receptions.json", body)
    shop = bsale.sandbox.bsale
    assert [len(one.details) for one in shop.documents(RECEPTION)[-2:]] == [1, 2]
    assert (shop.stock(1, 355).quantity, shop.stock(1, 629).quantity) == (Decimal("43.2"), 50)


@pytest.mark.parametrize("fault", [Fault.REFUSED_BEFORE, Fault.REFUSED_AFTER])
def test_a_refusal_with_200_may_or_may_not_be_applied(bsale: BsaleCaller, fault: Fault) -> None:
    """It looks the same."""
    bsale.sandbox.faults.order(fault)
    answer = bsale.post("stocks/consumptions.json", CONSUMED)
    assert (answer.status_code, answer.json().keys()) == (200, {"error"})
    assert bsale.sandbox.bsale.times_applied(1, 629, CONSUMPTION) == (fault is Fault.REFUSED_AFTER)


def test_spoilt_answers(bsale: BsaleCaller) -> None:
    """A list may be short, reversed, doubled or strange; the answer to a document may lack its id or have another's."""
    faults = (Fault.SHORT_LIST, Fault.REORDERED, Fault.DUPLICATED_ITEMS, Fault.STRANGE_ITEMS)
    for number, fault in enumerate(faults, 1):
        bsale.sandbox.faults.order(fault, nth=number, items=2)
    ids = [[one["id"] for one in bsale.told("stocks/receptions.json")["items"]] for _ in range(4)]
    assert ids == [[12, 487], [493, 492, 487, 12], [12, 12, 487, 492, 493], [999_999_999, 487, 492, 493]]
    bsale.sandbox.faults.order(Fault.SHORT_LIST)
    assert "id" not in bsale.post("stocks/receptions.json", RECEIVED).json()
    bsale.sandbox.faults.order(Fault.STRANGE_ITEMS)
    assert bsale.post("stocks/receptions.json", RECEIVED).json()["id"] == 999_999_999
