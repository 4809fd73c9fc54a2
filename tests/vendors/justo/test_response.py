"""What Justo's answers are understood to say: the page's own samples, and whatever differs from them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.model import Answer, ItemReading, Json, Reading
from etl.vendors.justo.response import read_submission

PAGE = Path(__file__).parent / "page"
STORE = "xKoiiqdtKGaRA2ve4"
PRODUCT: dict[str, Json] = {"storeId": STORE, "productId": "r5RZaWcBzzWz3WAnp", "type": "product", "stock": 6}
OPTION: dict[str, Json] = {
    "type": "modifier",
    "storeId": STORE,
    "modifierId": "modifier_external_id",
    "modifierOptionId": "modifier_option_external_id",
    "stock": 1,
}
HALF: dict[str, Json] = {"storeId": STORE, "type": "modifier", "stock": 88}
STRANGER: dict[str, Json] = {
    "storeId": "non_existant_id",
    "modifierId": "DyozZ7bmqB64YQTmQ",
    "modifierOptionId": "v44wppcCP3QAFopMA",
    "type": "modifier",
    "stock": 70,
}


def sample(status: int) -> Any:
    return json.loads((PAGE / f"answer-{status}.json").read_text("utf-8"))


def read(sent: list[dict[str, Json]], told: Any, status: int = 200) -> Reading:
    return read_submission("", sent, Answer(status, json.dumps(told).encode()))


def stock(number: int, product: str, external: str | None = None, units: int = 6) -> dict[str, Json]:
    return {
        "_id": f"stock-{number}",
        "product": {"_id": product, "name": "x", "externalId": external},
        "store": {"_id": STORE, "name": "x", "externalId": None},
        "type": "product",
        "stock": units,
    }


def test_the_pages_200_accepts_both_although_it_tells_one_twice() -> None:
    """Ids of both kinds are recognised, and a stock told twice is no reason for doubt."""
    for sent in itertools.permutations((PRODUCT, OPTION)):
        reading = read([*sent], sample(200))
        assert reading.understood
        by_type = {sent[item.position]["type"]: item for item in reading.items}
        assert {kind: item.vendor_id for kind, item in by_type.items()} == {
            "modifier": "LP4Aud472h7LHcAXW",
            "product": "xSFBykdrXEAz5GBWe",
        }
        assert all(item.accepted for item in reading.items)
        assert by_type["product"].data == {"stock": 6, "store": STORE, "product": "r5RZaWcBzzWz3WAnp"}
        assert by_type["modifier"].data["modifierOption"] == "RNbsQKhNx5LxJahqG"


def test_the_pages_207_says_of_each_item_what_became_of_it() -> None:
    """A modifier whose node is null is known by its option; refusals are known by the echoed item."""
    sent = [STRANGER, PRODUCT, HALF, OPTION]
    reading = read(sent, sample(207), 207)
    assert [(item.position, item.accepted, item.texts) for item in reading.items] == [
        (0, False, ("Store not found [storeId:non_existant_id]",)),
        (1, True, ()),
        (2, False, ("Missing parameter 'modifierId' or 'modifierOptionId'",)),
        (3, True, ()),
    ]
    assert [item.vendor_id for item in reading.items] == [None, "JGFjp2T5d24NhtB7B", None, "yFqs24Y9Z8fmdRJsr"]


def test_the_pages_400_refuses_each_item_with_its_own_words() -> None:
    """Nothing was set, and every echoed item says why; what it does not echo is not answered."""
    told = sample(400)
    sent = [*(error["item"] for error in told["data"]["errors"]), PRODUCT]
    reading = read(sent, told, 400)
    assert reading.understood
    assert [(item.position, item.accepted, item.texts) for item in reading.items] == [
        (0, False, ("The parameter 'type' must be 'product' or 'modifier'",)),
        (1, False, ("Missing parameter 'stock'",)),
        (2, False, ("Modifier option not found [modifierOptionId:non_existant_id]",)),
    ]


def test_several_texts_on_one_item_are_all_there() -> None:
    """Whether they come in one list or in several entries."""
    errors = [{"item": PRODUCT, "errors": ["one", "two"]}, {"item": PRODUCT, "errors": "three"}]
    reading = read([PRODUCT], {"status": "error", "error": "Validations errors", "data": {"errors": errors}}, 400)
    assert reading.items == (ItemReading(0, accepted=False, texts=("one", "two", "three")),)


@given(st.data())
def test_the_order_of_an_answer_means_nothing(data: st.DataObject) -> None:
    """Every order of the lists and of the fields gives the same reading (never by position)."""
    sent = [{**PRODUCT, "productId": f"p{number}", "stock": number % 3} for number in range(8)]
    stocks = [stock(number, f"p{number}", units=number % 3) for number in range(5)]
    errors = [{"item": dict(reversed(sent[number].items())), "errors": [f"e{number}"]} for number in range(5, 8)]
    told = {
        "status": "Multi-Status",
        "data": {"processedData": data.draw(st.permutations(stocks)), "errors": data.draw(st.permutations(errors))},
    }
    reading = read(sent, told, 207)
    assert [(item.position, item.vendor_id, item.texts) for item in reading.items] == [
        *((number, f"stock-{number}", ()) for number in range(5)),
        *((number, None, (f"e{number}",)) for number in range(5, 8)),
    ]


def test_numbers_of_an_echo_may_be_written_otherwise() -> None:
    """6, 6.0 and 6e0 are one number; "6" is another value."""
    for written, known in (("6", True), ("6.0", True), ("6e0", True), ('"6"', False), ("7", False)):
        item = json.dumps(PRODUCT).replace('"stock": 6', f'"stock": {written}')
        body = f'{{"status":"error","error":"x","data":{{"errors":[{{"item":{item},"errors":["no"]}}]}}}}'
        reading = read_submission("", [PRODUCT], Answer(400, body.encode()))
        assert bool(reading.items) is known, written


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"status": "ok", "data": [stock(1, "somebody else's")]}, "a stranger's stock"),
        ({"status": "ok", "data": [{**stock(1, PRODUCT["productId"]), "store": {"_id": "other"}}]}, "another store"),
        ({"status": "ok", "data": [{**stock(1, PRODUCT["productId"]), "type": "modifier"}]}, "another type"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_not_told_of_an_item_does_not_accept_it(told: Any, why: str) -> None:
    """What is unaccounted for is not accepted, and no item is made up."""
    assert read([PRODUCT], told).items == ()


def test_what_is_told_both_ways_is_not_answered() -> None:
    """An item that was set and refused in one answer is neither."""
    told = {
        "status": "Multi-Status",
        "data": {"processedData": [stock(1, PRODUCT["productId"])], "errors": [{"item": PRODUCT, "errors": ["no"]}]},
    }
    assert read([PRODUCT], told, 207).items == ()


def test_an_object_in_place_of_an_array_is_read() -> None:
    """One item may be answered without its list."""
    assert read([PRODUCT], {"status": "ok", "data": stock(1, PRODUCT["productId"])}).items[0].vendor_id == "stock-1"


def test_an_internal_and_an_external_id_of_one_product_take_an_answer_each() -> None:
    """Each takes the answer with its own number; that they are one product is seen in the data."""
    other = {**PRODUCT, "productId": "00123", "stock": 9}
    stocks = [stock(1, PRODUCT["productId"], "00123", 9), stock(2, PRODUCT["productId"], "00123", 6)]
    reading = read([PRODUCT, other], {"status": "ok", "data": stocks})
    assert [(item.vendor_id, item.data["stock"]) for item in reading.items] == [("stock-2", 6), ("stock-1", 9)]
    assert len({item.data["product"] for item in reading.items}) == 1
    one = read([PRODUCT, other], {"status": "ok", "data": stocks[:1]})
    assert [item.position for item in one.items] == [1]


def test_an_id_that_is_external_for_one_and_internal_for_another_is_no_trouble() -> None:
    """Each answer goes to the item that only it can be of."""
    first, second = {**PRODUCT, "productId": "X"}, {**PRODUCT, "productId": "p2"}
    stocks = [stock(2, "p2", "X"), stock(1, "X")]
    reading = read([first, second], {"status": "ok", "data": stocks})
    assert [item.vendor_id for item in reading.items] == ["stock-1", "stock-2"]


@pytest.mark.parametrize("status", [200, 207, 400])
def test_the_form_of_an_answer_belongs_to_its_status(status: int) -> None:
    """A form under a status that is not its own tells nothing of items."""
    for form in {200, 207, 400} - {status}:
        assert not read([PRODUCT, OPTION, HALF], sample(form), status).understood


def test_a_refusal_as_a_whole_keeps_its_words() -> None:
    """A definite no of the vendor's own, under a status that says so; a page of a machine on the way has no words."""
    told = {"status": "error", "error": "Validations errors", "data": {"errors": []}}
    assert read([PRODUCT], told, 400) == Reading(understood=False, texts=("Validations errors",))
    assert read([PRODUCT], told, 200) == Reading(understood=False)
    assert read([PRODUCT], {"error": "bad gateway"}, 400) == Reading(understood=False)
