"""What Bsale's answers say of a document."""

from __future__ import annotations

import json

import pytest

from etl.model import Answer, Json
from etl.vendors.bsale.response import denies, read_consumption, read_reception, record_id, seconds_to_wait

NEW, CORRECTION = "\t1\tGuía\t123\t", "831\t1\tGuía\t123\t"
LINES: tuple[dict[str, Json], ...] = (
    {"code": "629", "quantity": 1},
    {"barCode": "7790000003557", "quantity": 1},
    {"variantId": 40, "quantity": 1},
)
TAKEN = {"id": 831, "href": "https://api.bsale.io/v1/stocks/receptions/831.json", "note": "prueba api"}


def answer(status: int, body: Json) -> Answer:
    return Answer(status, json.dumps(body).encode())


@pytest.mark.parametrize(
    "spoilt",
    [
        {"id": None}, {"id": 0}, {"id": True}, {"id": "831x"}, {"id": 832}, {"href": None}, {"error": "x"},
        {"href": "https://api.bsale.io/v1/stocks/receptions/832.json"},
        {"href": "https://api.bsale.io/v1/stocks/consumptions/831.json"},
    ],
)  # fmt: skip
def test_a_document_is_taken_only_with_its_number_and_its_own_link(spoilt: dict[str, Json]) -> None:
    """An answer that lacks either, or tells another record, is no answer."""
    assert read_reception(NEW, LINES, answer(201, TAKEN)).understood
    assert not read_reception(NEW, LINES, answer(201, {**TAKEN, **spoilt})).understood


def test_a_correction_is_told_of_the_reception_that_was_corrected() -> None:
    """Another number is another reception."""
    assert read_reception(CORRECTION, LINES, answer(200, TAKEN)).understood
    assert not read_reception(CORRECTION.replace("831", "7"), LINES, answer(200, TAKEN)).understood


@pytest.mark.parametrize(
    ("words", "blamed"),
    [
        ("invalid variant", [None, None, None]),
        ("no stock for these products: 629", [True, False, False]),
        ("no stock for these products: 629, 7790000003557.", [True, True, False]),
        ("code 6299 is out of range", [None, None, None]),
        ("at most 40 lines", [None, None, None]),
    ],
)
def test_the_vendors_words_go_on_every_line_and_mark_those_they_name(words: str, blamed: list[bool | None]) -> None:
    """By code, bar code or serial number as a whole word; a small number in a text is no variant."""
    reading = read_reception(NEW, LINES, answer(400, {"error": words}))
    assert [(one.accepted, one.texts) for one in reading.items] == [(False, (words,))] * 3
    assert [one.blamed for one in reading.items] == blamed


@pytest.mark.parametrize("body", [{"errors": [{"field": "x", "message": "malo"}]}, {"message": "malo", "code": 1}])
def test_other_forms_of_errors_are_words_too(body: Json) -> None:
    """Clients have seen them (facts 2.6)."""
    assert read_consumption("1\t\t\t", LINES, answer(400, body)).items[0].texts == ("malo",)


def test_a_refusal_without_words_is_no_refusal() -> None:
    """It may be a machine's on the way."""
    assert not read_reception(NEW, LINES, Answer(400, b"<html>Bad request</html>")).understood
    assert not read_reception(NEW, LINES, answer(500, {"error": "Unexpected error"})).understood


@pytest.mark.parametrize(
    ("status", "body", "denied"),
    [
        (400, {"error": "Cannot be authenticated"}, True),
        (400, {"message": "The user cannot be authenticated.", "code": 1}, True),
        (400, {"error": "invalid variant"}, False),
        (422, {"error": "cannot be authenticated"}, False),
        (201, {"error": "cannot be authenticated"}, False),
        (400, {"error": None}, False),
    ],
)
def test_only_a_400_that_says_so_denies(status: int, body: Json, denied: bool) -> None:
    """The text stands among those of the 400s (facts 2.6)."""
    assert denies(answer(status, body)) is denied
    assert not denies(Answer(400, b"<html>cannot be authenticated"))


@pytest.mark.parametrize(
    ("status", "body", "wait"),
    [
        (429, {"retry_after": 60}, 60.0), (429, {"retry_after": "7"}, 7.0), (429, {"retry_after": -3}, 0.0),
        (429, {"retry_after": None}, None), (429, {}, None), (400, {"retry_after": 60}, None),
    ],
)  # fmt: skip
def test_the_wait_stands_in_the_body(status: int, body: Json, wait: float | None) -> None:
    """`retry_after`, in seconds, as several clients read it (facts 2.7)."""
    assert seconds_to_wait(answer(status, body)) == wait


@pytest.mark.parametrize(("told", "number"), [(7, "7"), ("7", "7"), (0, None), (-1, None), (7.5, None), (True, None)])
def test_ids_come_as_numbers_or_as_text(told: Json, number: str | None) -> None:
    """Nested ones are texts (facts 2.1)."""
    assert record_id(told) == number
