"""What TusFacturas's answers are understood to say."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest

from etl.model import Answer, ItemReading, Json, Reading
from etl.vendors.answers import number_of
from etl.vendors.tusfacturas.response import read_submission

SENT: list[dict[str, Json]] = [
    {"lista_precios": "Trenes", "codigo": "tren10384", "cantidad": 140},
    {"lista_precios": "Camiones", "codigo": "Cam01", "cantidad": 30},
]

STOCK_PAGE = rb"""
{
	"error": "N",
	"errores": [],
	"productos": [
		{
			"lista_precios": "Trenes",
			"codigo": "tren10384",
			"error": "S",
			"errores": [
				"No existen productos que afecten el stock con el codigo enviado:tren10384"
			]
		},
		{
			"codigo": "Cam01",
			"lista_precios": "Camiones",
			"stock_actual": 204,
			"stock_minimo": 500,
			"error": "N",
			"errores": []
		}
	]
}
"""

PRODUCTS_PAGE = rb"""
    {
	"error": "N",
	"errores": [],
	"productos": [
		{
			"codigo": "tren10384",
			"lista_precios": "Trenes",
			"error": "N",
			"errores": []
		},
		{
			"codigo": "Cam01",
			"lista_precios": "Camiones",
			"error": "S",
			"errores": [
				"Ya existe un producto en esa lista de precios con el codigo: Cam01. No se agregara."
			]
		}
	]
}
"""


def read(told: Any, *, status: int = 200, sent: list[dict[str, Json]] = SENT) -> Reading:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return read_submission("A", sent, Answer(status, body))


def item(codigo: Json, lista_precios: Json, error: Json = "N", **more: Json) -> dict[str, Json]:
    return {"codigo": codigo, "lista_precios": lista_precios, "error": error, "errores": [], **more}


def whole(*items: Json, **more: Json) -> dict[str, Json]:
    return {"error": "N", "errores": [], "productos": list(items), **more}


TRAIN, TRUCK = item("tren10384", "Trenes"), item("Cam01", "Camiones")


def accepted(reading: Reading) -> dict[int, bool]:
    return {one.position: one.accepted for one in reading.items}


def test_the_stock_answer_of_the_page() -> None:
    """One item refused with the vendor's words, the other accepted with its stock, under a top-level "N"."""
    refusal = "No existen productos que afecten el stock con el codigo enviado:tren10384"
    assert read(STOCK_PAGE) == Reading(
        understood=True,
        items=(
            ItemReading(0, accepted=False, texts=(refusal,)),
            ItemReading(1, accepted=True, data={"stock_actual": 204, "stock_minimo": 500}),
        ),
    )


def test_the_products_answer_of_the_page() -> None:
    """Whatever the order of the fields, "S" is a refusal with its words."""
    reading = read(PRODUCTS_PAGE)
    assert accepted(reading) == {0: True, 1: False}
    assert reading.items[1].texts == (
        "Ya existe un producto en esa lista de precios con el codigo: Cam01. No se agregara.",
    )


def test_order_alone_is_no_error() -> None:
    """Items are matched by key."""
    reading = read(whole({**TRUCK, "error": "S"}, TRAIN))
    assert accepted(reading) == {0: True, 1: False}


def test_what_the_answer_omits_is_omitted() -> None:
    """A short list is understood for what it lists."""
    assert accepted(read(whole(TRUCK))) == {1: True}
    assert read(whole()) == Reading(understood=True)


def test_a_key_that_is_told_twice_is_not_taken() -> None:
    """Two words about one item are no word, even when they agree."""
    assert accepted(read(whole(TRAIN, TRUCK, TRUCK))) == {0: True}
    assert accepted(read(whole(TRAIN, TRUCK, {**TRUCK, "error": "S"}))) == {0: True}


def test_keys_that_were_not_sent_are_not_taken() -> None:
    """An answer about somebody else's product says nothing of ours."""
    assert accepted(read(whole(TRAIN, item("Cam01", "Trenes"), item("cam01", "Camiones")))) == {0: True}


def test_a_key_that_was_sent_twice_is_not_guessed() -> None:
    """Two equal keys in one request cannot be told apart in its answer."""
    assert accepted(read(whole(TRUCK, TRAIN), sent=[SENT[0], SENT[1], SENT[1]])) == {0: True}


@pytest.mark.parametrize(
    "wrong", ["x", None, 5, [], {}, {"codigo": "Cam01"}, {**TRUCK, "error": "s"}, {**TRUCK, "error": True}]
)
def test_an_item_without_a_clear_word_leaves_the_others(wrong: Json) -> None:
    """One broken item makes that item unanswered, not the others."""
    assert accepted(read(whole(TRAIN, wrong))) == {0: True}


@pytest.mark.parametrize("unhashable", [[], {}, [1], {"a": 1}])
def test_flags_and_keys_of_any_type_are_read(unhashable: Json) -> None:
    """A list where a text belongs is no reason to stumble."""
    assert accepted(read(whole(TRAIN, {**TRUCK, "error": unhashable}))) == {0: True}
    assert accepted(read(whole(TRAIN, {**TRUCK, "codigo": unhashable}))) == {0: True}
    assert not read(whole(TRAIN, error=unhashable)).understood


def test_trailing_blanks_and_escapes_are_no_difference() -> None:
    r"""The vendor's texts may end in a blank, and come with ``\/`` and ``\uXXXX``."""
    sent = [{"lista_precios": "Peña 1/2", "codigo": "ñ "}]
    body = (
        rb'{"error":"N ","errores":[],"productos":[{"lista_precios":"Pe\u00f1a 1\/2 ","codigo":"\u00f1","error":"N "}]}'
    )
    assert accepted(read(body, sent=sent)) == {0: True}


def test_numbers_for_texts_are_tolerated_where_nothing_is_lost() -> None:
    """A code that is all digits may come back unquoted, even without its leading zeros, if only one can be meant."""
    sent = [{"lista_precios": "1", "codigo": "00123"}, {"lista_precios": "1", "codigo": "77"}]
    assert accepted(read(whole(item(123, 1), item(77, 1)), sent=sent)) == {0: True, 1: True}
    twins = [{"lista_precios": "1", "codigo": "00123"}, {"lista_precios": "1", "codigo": "123"}]
    assert accepted(read(whole(item(123, 1)), sent=twins)) == {1: True}
    zeros = [{"lista_precios": "1", "codigo": "00123"}, {"lista_precios": "1", "codigo": "0123"}]
    assert accepted(read(whole(item(123, 1)), sent=zeros)) == {}
    assert accepted(read(whole(item("123", 1)), sent=sent)) == {}


@pytest.mark.parametrize(
    ("told", "data"),
    [
        ({"stock_actual": "204", "stock_minimo": " 5 "}, {"stock_actual": 204, "stock_minimo": 5}),
        ({"stock_actual": 204.0}, {"stock_actual": 204}),
        ({"stock_actual": 1.5, "stock_minimo": -3}, {"stock_actual": Decimal("1.5"), "stock_minimo": -3}),
        ({"stock_actual": None, "stock_minimo": "mucho"}, {}),
        ({"stock_actual": True, "stock_minimo": [1]}, {}),
        ({"stock_actual": 10**40, "stock_minimo": "1_000"}, {}),
        ({"otro": 1}, {}),
    ],
)
def test_counts_are_numbers_or_nothing(told: dict[str, Json], data: dict[str, Json]) -> None:
    """What is handed on can be compared and added; text that is no plain number is not handed on."""
    reading = read(whole({**TRUCK, **told}))
    assert dict(reading.items[0].data) == data
    assert [type(value) for value in reading.items[0].data.values()] == [type(value) for value in data.values()]


@pytest.mark.parametrize("words", [[""], [], [" "], None, "", {}, 5])
def test_a_refusal_without_words_is_still_a_refusal(words: Json) -> None:
    """`errores` may be ``[""]`` or ``[]`` (facts 1.8): the flag decides, and no blank word is shown."""
    reading = read(whole(TRAIN, {**TRUCK, "error": "S", "errores": words}))
    assert accepted(reading) == {0: True, 1: False}
    assert reading.items[1].texts == ()


def test_words_on_an_accepted_item_are_kept() -> None:
    """A remark of the vendor reaches the person, and is no refusal."""
    reading = read(whole({**TRUCK, "errores": ["", "Revise el precio. "]}))
    assert reading.items == (ItemReading(1, accepted=True, texts=("Revise el precio.",)),)


def test_words_may_have_codes() -> None:
    """Some methods tell their errors a second time with codes (facts 1.8)."""
    details = [{"code": "TFC-6001", "text": "Punto de venta"}, {"code": 1}, 5]
    assert read({"error": "S", "errores": ["Uno"], "error_details": details}).texts == ("Uno", "Punto de venta")


@pytest.mark.parametrize(
    "told",
    [
        {"error": "S", "errores": ["No"]},
        {"error": "S", "errores": ["No"], "productos": []},
        {"error": "S", "errores": ["No"], "productos": None},
        {"error": "S", "errores": "No", "productos": {"0": TRAIN}},
    ],
)
def test_a_refusal_as_a_whole_is_not_understood_but_heard(told: Json) -> None:
    """Top-level "S" without items proves nothing (facts 1.8); its words are for the person."""
    assert read(told) == Reading(understood=False, texts=("No",))


def test_items_under_a_top_level_s_decide() -> None:
    """Elsewhere a top-level "S" means partial success: the item list decides (facts 1.8)."""
    reading = read({"error": "S", "errores": ["Uno fallo"], "productos": [TRAIN, {**TRUCK, "error": "S"}]})
    assert reading.understood
    assert accepted(reading) == {0: True, 1: False}
    assert reading.texts == ("Uno fallo",)


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"null",
        b"[]",
        b'"N"',
        b"<html>",
        b"{}",
        {"error": "N"},
        {"error": "N", "productos": None},
        {"error": "N", "productos": {"0": TRAIN}},
        {"errores": [], "productos": [TRAIN, TRUCK]},
        {"error": "X", "productos": [TRAIN, TRUCK]},
        {"error": False, "productos": [TRAIN, TRUCK]},
        json.dumps(whole(TRAIN, TRUCK)).encode() + b"}",
        json.dumps(whole(TRAIN, TRUCK)).encode() + b" <!-- -->",
        json.dumps(whole({**TRUCK, "n": 1})).replace('"n": 1', '"n": NaN').encode(),
        json.dumps(whole(item("ñ", "L")), ensure_ascii=False).encode("latin-1"),
    ],
)
def test_less_than_a_whole_answer_is_no_answer(told: Any) -> None:
    """Only a JSON object with a clear flag and a list of products speaks of items."""
    assert read(told) == Reading(understood=False)


def test_a_byte_order_mark_is_no_harm() -> None:
    """A whole answer behind a mark is whole."""
    assert accepted(read(b"\xef\xbb\xbf" + json.dumps(whole(TRAIN, TRUCK)).encode())) == {0: True, 1: True}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 422])
def test_the_words_of_a_refusal_by_status_are_heard(status: int) -> None:
    """A 4xx of the vendor's own program carries its words; a machine on the way has none in this form."""
    assert read({"error": "S", "errores": ["Acceso denegado"]}, status=status).texts == ("Acceso denegado",)
    assert read({"message": "Forbidden"}, status=status) == Reading(understood=False)
    assert read(b"<h1>413</h1>", status=status) == Reading(understood=False)


def test_half_a_character_in_the_vendor_s_words_can_be_stored() -> None:
    """A lone surrogate would break the workbook after the stock has moved: it is replaced."""
    body = json.dumps(whole({**TRUCK, "error": "S", "errores": ["mal \ud800 texto"]})).encode()
    (only,) = read(body).items
    assert only.texts == ("mal ? texto",)


def test_monstrous_numbers_are_read_at_once() -> None:
    """No digit string makes the reader compute for long."""
    started = time.monotonic()
    for digits in ("1e999999999", "1e-999999999", "9" * 4000, "-1e400", "0." + "1" * 4000):
        body = json.dumps(whole(TRUCK)).replace('"errores": []}', f'"stock_actual": {digits}}}').encode()
        (reading,) = read(body).items or (ItemReading(1, accepted=True),)
        assert dict(reading.data) in ({}, {"stock_actual": 0}, {"stock_actual": Decimal(digits)})
    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12),
        ("-3.50", Decimal("-3.5")),
        ("١٢", None),
        ("1e3", None),
        ("", None),
        (None, None),
        (False, None),
        (7, 7),
    ],
)
def test_number_of(value: Json, number: Json) -> None:
    """Only plain digits are a number in text."""
    assert number_of(value) == number
