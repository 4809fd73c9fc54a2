"""Reading from the simulated Bsale: pages, filters, fields, expansions, its limit, and its moods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from etl.sandbox.bsale import Bsale
from etl.sandbox.wire import Incoming
from tests.sandbox.bsale_client import PUBLIC, BsaleCaller

RECEPTIONS = "stocks/receptions.json"


@pytest.fixture
def bsale(sandbox: Sandbox) -> BsaleCaller:
    return BsaleCaller(sandbox)


def test_pages_are_25_long_and_at_most_50(bsale: BsaleCaller) -> None:
    """`next` forgets everything but limit and offset, and is not there on the last page."""
    for _ in range(60):
        bsale.post(RECEPTIONS, {"officeId": 2, "note": "n", "details": [{"quantity": 1, "variantId": 629}]})
    first = bsale.told(RECEPTIONS, officeid=2, expand="[office]")
    assert (first["count"], first["limit"], first["offset"], len(first["items"])) == (60, 25, 0, 25)
    assert first["next"] == f"{PUBLIC}{RECEPTIONS}?limit=25&offset=25"
    last = bsale.told(RECEPTIONS, officeid=2, limit=50, offset=50)
    assert len(last["items"]) == 10
    assert "next" not in last
    assert "next" not in bsale.told(RECEPTIONS, officeid=2, limit=30, offset=30)
    assert bsale.told(RECEPTIONS, limit=10, offset=1000)["items"] == []
    for wrong in ({"limit": 51}, {"limit": 0}, {"limit": "x"}, {"offset": -1}, {"offset": "1.5"}):
        assert bsale.refused(RECEPTIONS, **wrong) == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"officeid": 2}, [("351", 60.36), ("629", 8), ("18855", 4), ("700", 12)]),
        ({"variantid": "[1223]"}, [("1223", 3)]),
        ({"code": "[892777267]"}, [("1223", 3)]),
        ({"code": "750"}, [("751", 40)]),
        ({"code": "00750"}, [("750", 30)]),
        ({"code": "OFERTA"}, [("740", 15), ("741", 5)]),
        ({"barcode": "7790000006299", "officeid": "2"}, [("629", 8)]),
        ({"code": "nobody"}, []),
        ({"officeid": 77}, []),
    ],
)
def test_stocks_can_be_filtered(bsale: BsaleCaller, query: dict[str, Any], expected: list[tuple[str, float]]) -> None:
    """By office and variant, in lower case, in brackets or not; codes are texts."""
    items = bsale.told("stocks.json", **query)["items"]
    assert [(one["variant"]["id"], one["quantity"]) for one in items] == expected


def test_a_pack_has_stock_only_when_it_is_asked_for_in_an_office(bsale: BsaleCaller) -> None:
    """As many as its parts make up, whatever is reserved of them."""
    (pack,) = bsale.told("stocks.json", code="DESAYUNO", officeid=1)["items"]
    assert (pack["quantity"], pack["quantityReserved"], pack["variant"]["id"]) == (12, 0, "720")
    assert bsale.told("stocks.json", code="DESAYUNO")["items"] == []
    assert "720" not in {one["variant"]["id"] for one in bsale.told("stocks.json", officeid=1)["items"]}
    assert bsale.told("variants/720.json", expand="product")["product"]["classification"] == 3


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        (RECEPTIONS, {"admissiondate": 1584921600}, [492, 493]),
        (RECEPTIONS, {"admissiondate": 1584936000}, []),
        (RECEPTIONS, {"documentnumber": "123"}, [492]),
        (RECEPTIONS, {"documentnumber": "123", "officeid": 2}, []),
        ("stocks/consumptions.json", {"consumptiondate": 1600646400}, [1]),
        ("stocks/consumptions.json", {"officeid": 1}, [1, 2, 3, 8]),
    ],
)
def test_documents_can_be_filtered(bsale: BsaleCaller, path: str, query: dict[str, Any], expected: list[int]) -> None:
    """A date is the second at which the list says the day begins."""
    assert [one["id"] for one in bsale.told(path, **query)["items"]] == expected


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("stocks.json", {"barCode": "7790000006299"}),
        ("stocks.json", {"variantId": 629}),
        ("stocks.json", {"variantid": "TE"}),
        ("stocks.json", {"documentnumber": "1"}),
        ("stocks.json", {"expand": "details"}),
        ("stocks.json", {"fields": "price"}),
        ("stocks/consumptions.json", {"documentnumber": "1"}),
        ("stock_consumption_types.json", {"officeid": 1}),
        ("stocks/receptions/12.json", {"limit": 5}),
    ],
)
def test_a_name_that_the_resource_does_not_have_is_refused(
    bsale: BsaleCaller, path: str, query: dict[str, Any]
) -> None:
    """A filter that was overlooked would answer with everything."""
    assert bsale.refused(path, **query) == 400


def test_a_parameter_is_given_once(bsale: BsaleCaller) -> None:
    """Which of two counts nobody says."""
    assert bsale.send("GET", "stocks.json?officeid=1&officeid=2").status_code == 400


def test_fields_narrow_what_is_told(bsale: BsaleCaller) -> None:
    """The page writes them in lower case."""
    told = bsale.told(RECEPTIONS, fields="[admissiondate,document,documentnumber]", limit=1)
    assert told["items"] == [{"admissionDate": 1579046400, "document": "Factura", "documentNumber": "1187"}]
    told = bsale.told("stocks/consumptions.json", fields="[consumptiondate,note]", limit=1)
    assert told["items"] == [{"consumptionDate": 1600646400, "note": "a"}]


def test_expansions(bsale: BsaleCaller) -> None:
    """Nested nodes in full, in lists and alone, with and without brackets."""
    told = bsale.told("stocks/44977.json", expand="[variant,office]")
    assert (told["variant"]["code"], told["office"]["name"]) == ("TE-VERDE", "Sucursal Norte")
    assert told["variant"]["id"] == 18855
    (item,) = bsale.told("stocks.json", variantid=18855, expand="variant")["items"]
    assert (item["variant"]["barCode"], item["office"]["id"]) == ("7790000188551", "2")
    (first, *_) = bsale.told(RECEPTIONS, expand="[office,details]")["items"]
    assert [one["id"] for one in first["details"]["items"]] == [65, 66, 67]
    assert bsale.told(f"{RECEPTIONS[:-5]}/12.json", expand="details,user")["user"]["firstName"] == "Ana"
    assert bsale.told("stocks/44977.json", officeid=2)["id"] == 44977
    assert bsale.refused("stocks/44977.json", officeid=1) == 404


def test_expanded_details_end_after_25_and_do_not_say_so(bsale: BsaleCaller) -> None:
    """Only the list of details has all of them, at most 50 a page."""
    lines = [{"quantity": 1, "variantId": 629} for _ in range(60)]
    number = bsale.post(RECEPTIONS, {"officeId": 1, "details": lines}).json()["id"]
    inside = bsale.told(f"stocks/receptions/{number}.json", expand="details")["details"]
    assert (len(inside["items"]), "next" in inside) == (25, False)
    told = bsale.told(f"stocks/receptions/{number}/details.json", limit=50)
    assert (told["count"], len(told["items"]), "next" in told) == (60, 50, True)


def test_lists_have_what_is_in_use(bsale: BsaleCaller) -> None:
    """Offices and variants that are not are told alone, or when their state is asked for."""
    assert [one["id"] for one in bsale.told("offices.json")["items"]] == [1, 2, 4]
    assert [one["id"] for one in bsale.told("offices.json", state=1)["items"]] == [3]
    assert bsale.told("offices/3.json")["state"] == 1
    assert [one["id"] for one in bsale.told("variants.json", code="TE-ROJO")["items"]] == [761]
    assert [one["id"] for one in bsale.told("variants.json", code="TE-ROJO", state=1)["items"]] == [760]
    assert [one["id"] for one in bsale.told("variants.json", serialnumber=1)["items"]] == [710]
    assert bsale.told("variants/760.json")["state"] == 1
    told = bsale.told("variants/629.json")
    assert (told["code"], told["barCode"], told["product"]["id"]) == ("629", "7790000006299", "656")
    for path in ("variants/99.json", "offices/99.json", "stocks/9.json", "stocks/receptions/12/details/1.json"):
        assert bsale.refused(path) == 404


# Its limit and its moods.


def test_too_many_requests_are_told_how_long_to_wait(bsale: BsaleCaller) -> None:
    """In a header and in the body, or in one of them; afterwards it answers again."""
    bsale.sandbox.bsale.account.mood.requests = 2
    assert [bsale.send("GET", "offices.json").status_code for _ in range(3)] == [200, 200, 429]
    answer = bsale.post(RECEPTIONS, {"officeId": 1, "details": [{"quantity": 1, "variantId": 629}]})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == str(answer.json()["retry_after"])
    assert 290 <= answer.json()["retry_after"] <= 300
    assert bsale.sandbox.bsale.applications == ()
    for hint, told in (("header", True), ("body", False)):
        bsale.sandbox.bsale.account.mood.hints = (hint,)
        answer = bsale.send("GET", "offices.json")
        assert ("Retry-After" in answer.headers, "retry_after" in answer.json()) == (told, not told)


def test_the_window_of_the_limit_and_the_day_in_chile() -> None:
    """A new window begins when the old one has passed; the day of a document is that of Chile."""
    now = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)  # still the 21st in Chile
    told = DEMO_CREDENTIALS["bsale"]
    shop = Bsale(told, now=lambda: now)
    shop.account.mood.requests = 1
    headers = {"access_token": told["access_token"], "content-type": "application/json"}
    body = b'{"officeId": 1, "details": [{"quantity": 1, "variantId": 629}]}'
    request = Incoming("POST", RECEPTIONS, (), headers, body, 1)
    assert [shop.answer(RECEPTIONS, request).status for _ in range(2)] == [201, 429]
    now += timedelta(seconds=300)
    assert shop.answer(RECEPTIONS, request).status == 201
    assert [one.midnight for one in shop.documents("receptions")[-2:]] == [
        int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())
    ] * 2


def test_a_note_may_come_back_otherwise_or_not_at_all(bsale: BsaleCaller) -> None:
    """The page's own samples answer with another note than was sent."""
    body = {"officeId": 1, "note": "mine", "details": [{"quantity": 1, "variantId": 629}]}
    bsale.sandbox.bsale.account.mood.notes = "other_echo"
    told = bsale.post(RECEPTIONS, body).json()
    assert told["note"] == "prueba api"
    assert bsale.told(f"stocks/receptions/{told['id']}.json")["note"] == "mine"
    bsale.sandbox.bsale.account.mood.notes = "lost"
    told = bsale.post(RECEPTIONS, body).json()
    assert "mine" not in {told["note"], bsale.told(f"stocks/receptions/{told['id']}.json")["note"]}
    assert [one.note for one in bsale.sandbox.bsale.applications] == ["mine", "mine"]


def test_lists_may_begin_with_the_newest(bsale: BsaleCaller) -> None:
    """Nobody says in which order they come."""
    bsale.sandbox.bsale.account.mood.newest_first = True
    assert [one["id"] for one in bsale.told(RECEPTIONS)["items"]] == [493, 492, 487, 12]


def test_it_can_be_steered_and_looked_at_over_http(bsale: BsaleCaller) -> None:
    """Offices, products, variants, stock, other people's documents and the mood; the truth as JSON."""

    def control(action: str, **data: Any) -> int:
        url = f"{bsale.sandbox.root}_control/bsale/{action}"
        return httpx.post(url, json=data, trust_env=False).status_code

    assert control("office", id=9, name="Nueva") == 200
    assert control("product", id=900, name="Pan", allow_decimal=False) == 200
    assert control("variant", id=9001, code="PAN", product=900) == 200
    assert control("stock", office=9, variant=9001, quantity=7.5, reserved=1) == 200
    assert control("move", office=9, variant=9001, quantity=-2) == 200
    assert control("document", kind="receptions", day="2026-01-02", office=9, note="otra") == 200
    assert control("mood", requests=50, hints=["body"]) == 200
    for action, wrong in (("mood", {"speed": 1}), ("variant", {"id": 1, "code": "x", "product": 5}), ("move", {})):
        assert control(action, **wrong) == 400
    assert control("nothing") == 404
    body = {"officeId": 9, "note": "mine", "details": [{"quantity": 2, "code": "PAN", "cost": 10}]}
    assert bsale.post(RECEPTIONS, body).json()["id"] == 495
    state = httpx.get(f"{bsale.sandbox.root}_control/state", trust_env=False).json()["bsale"]
    assert {"office": 9, "variant": 9001, "quantity": 7.5, "reserved": 1} in state["stocks"]
    (document,) = state["documents"]
    assert (document["id"], document["note"], document["lines"]) == (495, "mine", 1)
    (moved,) = state["applications"]
    assert moved["sent"] == {"quantity": 2, "code": "PAN", "cost": 10}
    assert (moved["office"], moved["variant"], moved["kind"]) == (9, 9001, "receptions")
    assert state["requests"] == {f"POST {RECEPTIONS}": 1}


def test_it_can_be_as_new(bsale: BsaleCaller) -> None:
    """Nothing of one test is left for the next."""
    bsale.post(RECEPTIONS, {"officeId": 1, "details": [{"quantity": 1, "variantId": 629}]})
    bsale.sandbox.bsale.move(1, 629, Decimal(-4))
    bsale.sandbox.bsale.account.mood.newest_first = True
    assert bsale.sandbox.bsale.stock(1, 629).quantity == 47
    bsale.sandbox.reset()
    fresh = Bsale(DEMO_CREDENTIALS["bsale"])
    assert bsale.sandbox.bsale.state() == fresh.state()
    assert bsale.sandbox.bsale.account.mood == fresh.account.mood
