"""Bsale's lists: every page, filter and line of them, against the simulation and against strange answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.model import Answer, Request
from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from etl.sandbox.bsale_account import Stock, Variant
from etl.vendors.bsale import BSALE
from etl.vendors.bsale.listings import LISTINGS, STOCKS
from etl.vendors.bsale.lists import page_request
from etl.vendors.listing import LIST_CHANGED, Fetched, Listing, Wanted
from tests.sandbox.bsale_client import BsaleCaller
from tests.vendors.kit import ask, hold

EVERYTHING = Wanted()
LISTS = {listing.name.partition(".")[2]: listing for listing in LISTINGS}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def read(sandbox: Sandbox, name: str, **wanted: Any) -> Fetched:
    """Read a list of the simulated vendor to its end."""
    fetched = hold(LISTS[name].read(Wanted(**wanted)), lambda request: ask(sandbox, BSALE, request), most=60)
    assert fetched is not None
    return fetched


def told(listing: Listing, *answers: Any, status: int = 200, wanted: Wanted = EVERYTHING) -> Fetched | None:
    """Read a list whose answers are these, the last of them for ever."""
    waiting = [json.dumps(answer).encode() for answer in answers]

    def answer(_: Request) -> Answer:
        return Answer(status, waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return hold(listing.read(wanted), answer)


def page(*items: Any, count: int) -> dict[str, Any]:
    return {"href": "x", "count": count, "limit": 50, "offset": 0, "items": [*items]}


# What is read.


def test_stock_comes_with_codes_and_names(sandbox: Sandbox) -> None:
    """A line has what a stock-take needs: office, variant, its codes as text, the three quantities."""
    first, *rest = read(sandbox, "stocks").records
    assert first == {
        "officeId": 2,
        "office": "Sucursal Norte",
        "variantId": 351,
        "code": "351",
        "barCode": "7790000003519",
        "description": "250 g",
        "quantity": Decimal("60.36"),
        "quantityReserved": 0,
        "quantityAvailable": Decimal("60.36"),
    }
    assert len(rest) == 19
    assert {record["code"] for record in rest} >= {"00750", "750"}


def test_all_pages_are_followed_with_their_filters(sandbox: Sandbox) -> None:
    """50 a page; `next` forgets the filters, the program does not."""
    for number in range(1, 131):
        sandbox.bsale.account.variants[9000 + number] = Variant(id=9000 + number, code=f"N{number}", product=657)
        sandbox.bsale.account.stocks[4, 9000 + number] = Stock(9000 + number, Decimal(number))
    records = read(sandbox, "stocks", filters={"officeid": "4"}).records
    assert [record["quantity"] for record in records] == [*range(1, 131)]
    assert {record["officeId"] for record in records} == {4}
    assert sandbox.bsale.requests["GET stocks.json"] == 3


@pytest.mark.parametrize(
    ("name", "wanted", "column", "expected"),
    [
        ("stocks", {"filters": {"variantid": "1223"}}, "code", ["892777267"]),
        ("stocks", {"filters": {"code": "00750"}}, "variantId", [750]),
        ("stocks", {"filters": {"barcode": "7790000006299", "officeid": "2"}}, "quantity", [8]),
        ("stocks", {"number": 44977}, "id", [44977]),
        ("stocks", {"number": 44977, "filters": {"officeid": "2"}}, "id", [44977]),
        ("stocks", {"fields": ("quantity",)}, "code", [None] * 20),
        ("receptions", {"filters": {"admissiondate": "1584921600"}}, "id", [492, 493]),
        ("receptions", {"filters": {"documentnumber": "123"}}, "documentNumber", ["123"]),
        ("receptions", {"filters": {"officeid": "2"}}, "id", []),
        ("receptions", {"number": 487}, "admissionDate", [date(2020, 3, 9)]),
        ("receptions", {"number": 487, "expand": ("user",)}, "user", ["Ana"]),
        ("receptions", {"expand": ("details",)}, "lines", [3, 0, 0, 0]),
        ("consumptions", {"filters": {"consumptiondate": "1600646400"}}, "consumptionDate", [date(2020, 9, 21)]),
        ("consumptions", {"number": 8}, "office", ["Casa Matriz"]),
        ("consumption-types", {}, "cntCode", ["12", "13", "14", "15", "16", "17"]),
        ("offices", {}, "name", ["Casa Matriz", "Sucursal Norte", "Sucursal Sur"]),
        ("offices", {"filters": {"state": "1"}}, "id", [3]),
        ("offices", {"number": 3}, "state", [1]),
        ("variants", {"filters": {"serialnumber": "1"}}, "serialNumber", [1]),
        ("variants", {"filters": {"code": "TE-ROJO", "state": "1"}}, "id", [760]),
        ("variants", {"number": 720}, "classification", [3]),
        ("variants", {"number": 720}, "product", ["Desayuno completo"]),
    ],
)
def test_filters_ids_and_days(
    sandbox: Sandbox, name: str, wanted: dict[str, Any], column: str, expected: list[Any]
) -> None:
    """Every filter of the page reaches the vendor; ids come out as numbers, codes as text, dates as days."""
    assert [record.get(column) for record in read(sandbox, name, **wanted).records] == expected


def test_every_list_is_read_and_its_columns_are_what_is_told(sandbox: Sandbox) -> None:
    """No declared column stays empty for want of a name, but those that an expansion or a single record brings."""
    for name, listing in LISTS.items():
        fetched = read(sandbox, name)
        seen = {column for record in fetched.records for column in record}
        assert seen, name
        assert fetched.notes == ()
        assert {column.name for column in listing.columns if not column.optional} <= seen, name


def test_every_line_of_every_document(sandbox: Sandbox) -> None:
    """An expanded document ends after 25 lines and does not say so: the others are read page by page."""
    sent = {10: 0, 25: 0, 26: 0, 60: 0}
    caller = BsaleCaller(sandbox)
    for size in sent:
        details = [{"quantity": number + 1, "variantId": 629} for number in range(size)]
        body = {"officeId": 2, "details": details}
        sent[size] = caller.post("stocks/receptions.json", body).json()["id"]
    lines = read(sandbox, "receptions", details=True, filters={"officeid": "2"}).records
    for size, number in sent.items():
        assert [one["quantity"] for one in lines if one["id"] == number] == [*range(1, size + 1)]
    assert len({line["detailId"] for line in lines}) == 121
    assert sandbox.bsale.requests["GET stocks/receptions.json"] == 1
    assert sum("details.json" in path for path in sandbox.bsale.requests) == 2
    (first, *_) = read(sandbox, "receptions", details=True, number=12).records
    assert (first["detailId"], first["variantId"], first["cost"]) == (65, 391, 3200)
    assert (first["document"], first["variantStock"], first["serialNumber"]) == ("Factura", Decimal("85.55"), None)


def test_a_serial_number_is_a_text(sandbox: Sandbox) -> None:
    """It may look like a number."""
    body = {"officeId": 1, "details": [{"quantity": 1, "variantId": 710, "serialNumber": "0042"}]}
    number = BsaleCaller(sandbox).post("stocks/receptions.json", body).json()["id"]
    (line,) = read(sandbox, "receptions", details=True, number=number).records
    assert line["serialNumber"] == "0042"


def test_a_consumptions_lines(sandbox: Sandbox) -> None:
    """Long fractions stay exact."""
    costs = [line["cost"] for line in read(sandbox, "consumptions", details=True, number=1).records]
    assert costs == [3200, Decimal("1311.08850457782")]


def test_codes_are_texts_however_they_are_told() -> None:
    """Some answers have them as numbers; a serial number, too, is one only in a variant."""
    record = {"id": 1, "code": 629, "barCode": 7790000006299, "serialNumber": 1, "description": "", "state": 0}
    fetched = told(LISTS["variants"], page(record, count=1))
    assert fetched is not None
    assert fetched.records == (
        {"id": 1, "code": "629", "barCode": "7790000006299", "serialNumber": 1, "description": None, "state": 0},
    )
    lines = {"items": [{"id": 5, "serialNumber": 42, "quantity": 1.0}], "count": 1}
    fetched = told(LISTS["receptions"], {"id": 7, "details": lines}, wanted=Wanted(number=7, details=True))
    assert fetched is not None
    assert fetched.records == ({"id": 7, "lines": 1, "detailId": 5, "serialNumber": "42", "quantity": 1},)


# What can be strange.


def test_what_is_not_there_and_what_is_refused(sandbox: Sandbox) -> None:
    """A record that does not exist, a filter that the vendor does not know."""
    assert read(sandbox, "receptions", number=99) == Fetched(missing=True)
    assert read(sandbox, "stocks", filters={"color": "red"}) == Fetched(refusal="invalid parameter: color")


@pytest.mark.parametrize(
    "answer", [{}, [], {"items": []}, {"items": "x", "count": 1}, {"items": [5], "count": 1}, page({}, {}, count=1)]
)
@pytest.mark.parametrize("name", sorted(LISTS))
def test_what_is_no_page_ends_the_list(name: str, answer: Any) -> None:
    """Half an answer is no list: nothing is concluded."""
    assert told(LISTS[name], answer) is None


def test_a_list_that_counts_more_than_it_tells_ends() -> None:
    """The page's own sample of consumption types counts ten and tells five: said, and not asked for ever."""
    listing = LISTS["consumption-types"]
    five = [{"cntId": number} for number in range(5)]
    for answers in ((page(*five, count=10), page(count=10)), (page(*five, count=10),)):
        fetched = told(listing, *answers)
        assert fetched is not None
        assert len(fetched.records) == 5
        assert [str(note) for note in fetched.notes] == ["The vendor counts 10 records and told 5."]


def test_equal_records_of_a_narrowed_list_are_all_kept() -> None:
    """With some attributes only, a page may equal the one before and still be another one."""
    zeros = [{"quantity": 0}] * 50
    answers = (page(*zeros, count=100), page(*zeros, count=100))
    fetched = told(STOCKS, *answers, wanted=Wanted(fields=("quantity",)))
    assert fetched is not None
    assert len(fetched.records) == 100


def test_a_list_that_changes_meanwhile_is_said() -> None:
    """Its length was not the same on both pages."""
    fetched = told(LISTS["offices"], page({"id": 1}, count=2), page({"id": 2}, {"id": 3}, count=3))
    assert fetched is not None
    assert fetched.notes == (LIST_CHANGED,)


@pytest.mark.parametrize(
    ("node", "reads"),
    [
        ({"href": "x"}, 1),
        ({"items": [{"id": 1}]}, 0),
        ({"items": [{"id": 1}] * 25}, 1),
        ({"items": [{"id": 1}] * 25, "count": 25}, 0),
        ({"items": [{"id": 1}] * 25, "count": 26}, 1),
        ({"items": [5], "count": 1}, 1),
        (None, 1),
    ],
)
def test_expanded_lines_are_trusted_when_they_are_all(node: Any, reads: int) -> None:
    """Else the list of lines is read; a vendor that does not expand loses nothing."""
    asked: list[str] = []

    def answer(request: Request) -> Answer:
        asked.append(request.path)
        details = request.path.endswith("details.json")
        told = page({"id": 7}, count=1) if details else {"id": 12, "details": node}
        return Answer(200, json.dumps(told).encode())

    fetched = hold(LISTS["receptions"].read(Wanted(number=12, details=True)), answer)
    assert fetched is not None
    assert len(asked) == 1 + reads
    assert {record["id"] for record in fetched.records} == {12}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "items", "count", "office", "variant", "details", "admissionDate", "code", "x"]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from([200, 400, 404, 500]),
)
def test_any_answer_ends_in_a_table_or_in_nothing(answer: Any, status: int) -> None:
    """Whatever comes back is never an error of the program, and every value can be shown."""
    for listing in LISTINGS:
        fetched = told(listing, {"count": 1, "items": [answer]} if status == 200 else answer, status=status)
        for record in fetched.records if fetched is not None else ():
            assert all(value is None or isinstance(value, str | int | Decimal | date) for value in record.values())


def test_how_far_it_got_is_known() -> None:
    """For the progress bar; the lines of a document do not count."""
    answer = Answer(200, json.dumps(page({"id": 1}, count=60)).encode())
    assert STOCKS.extent(page_request("stocks.json", (), 50), answer) == (51, 60)
    assert STOCKS.extent(page_request("stocks/receptions/1/details.json", (), 0), answer) is None
    assert STOCKS.extent(Request("GET", "stocks/1.json"), answer) is None


def test_the_token_is_the_vendors_header() -> None:
    """What the lists are read with."""
    signed = BSALE.sign(page_request("stocks.json", (), 0), DEMO_CREDENTIALS["bsale"])
    assert signed.headers["access_token"] == DEMO_CREDENTIALS["bsale"]["access_token"]
