"""What goes on the wire to TusFacturas: the vendor's pages are the measure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.model import Effect, Json, Value
from etl.vendors import VENDORS
from etl.vendors.tusfacturas import PRODUCTS, STOCK, TUSFACTURAS, sign
from etl.vendors.tusfacturas.payload import (
    PRODUCT_FIELDS,
    STOCK_FIELDS,
    product_payload,
    product_request,
    query_request,
    stock_payload,
    stock_request,
)
from tests.vendors.tusfacturas.samples import HARD, TRAIN, TRUCK

CREDENTIALS = {"usertoken": "xxxx", "apikey": "xxxx", "apitoken": "xxxx"}

PRODUCTS_PAGE: dict[str, Any] = {
    "usertoken": "xxxx",
    "apikey": "xxxx",
    "apitoken": "xxxx",
    "operacion": "A",
    "productos": [
        {
            "descripcion": "Tren de carga P#1",
            "unidad_bulto": "1",
            "lista_precios": "Trenes",
            "codigo": "tren10384",
            "precio_unitario_sin_iva": 1000,
            "alicuota": 21,
            "impuestos_internos_alicuota": 0,
            "moneda": "DOL",
            "codbar": "123213213213",
            "rg5329": "S",
            "unidad_medida": "7",
            "afecta_stock": "N",
            "stock_actual": 0,
            "stock_minimo": 100,
        },
        {
            "descripcion": "Camion de arena",
            "unidad_bulto": "1",
            "lista_precios": "Camiones",
            "codigo": "Cam01",
            "precio_unitario_sin_iva": 1000,
            "alicuota": 21,
            "moneda": "PES",
            "codbar": "",
            "impuestos_internos_alicuota": 45,
            "unidad_medida": "7",
            "afecta_stock": "S",
            "stock_actual": 154,
            "stock_minimo": 500,
        },
    ],
}
STOCK_PAGE: dict[str, Any] = {
    "usertoken": "xxxx",
    "apikey": "xxxx",
    "apitoken": "xxxx",
    "operacion": "A",
    "productos": [
        {"lista_precios": "Trenes", "codigo": "tren10384", "cantidad": 140},
        {"lista_precios": "Camiones", "codigo": "Cam01", "cantidad": 30},
    ],
}


def typed(value: Json) -> Json:
    """Return a JSON value with its types, so that ``1``, ``1.0``, ``"1"`` and ``True`` differ."""
    if isinstance(value, dict):
        return {name: typed(one) for name, one in value.items()}
    return [typed(one) for one in value] if isinstance(value, list) else (type(value), value)


def test_the_products_example_of_the_page_comes_out_field_for_field() -> None:
    """The rows of the page's example make its JSON, types included; only ``"codbar": ""`` is left out."""
    request = product_request("A", [product_payload(TRAIN), product_payload(TRUCK)])
    expected = json.loads(json.dumps(PRODUCTS_PAGE))
    del expected["productos"][1]["codbar"]
    assert typed(json.loads(sign(request, CREDENTIALS).body or b"")) == typed(expected)
    assert (request.method, request.path) == ("POST", "productos/administrar")


def test_the_fields_stand_in_the_order_of_the_page() -> None:
    """Order is no matter of JSON, but a person who compares with the page finds it the same."""
    request = product_request("A", [product_payload(TRAIN)])
    signed = json.loads(sign(request, CREDENTIALS).body or b"")
    assert list(signed) == list(PRODUCTS_PAGE)
    assert list(signed["productos"][0]) == list(PRODUCTS_PAGE["productos"][0])


def test_the_stock_example_of_the_page_comes_out_field_for_field() -> None:
    """The rows of the stock page's example make its JSON."""
    rows: list[dict[str, Value]] = [
        {"operacion": "A", "lista_precios": "Trenes", "codigo": "tren10384", "cantidad": Decimal(140)},
        {"operacion": "A", "lista_precios": "Camiones", "codigo": "Cam01", "cantidad": 30},
    ]
    request = stock_request("A", [stock_payload(row) for row in rows])
    signed = sign(request, CREDENTIALS).body or b""
    assert typed(json.loads(signed)) == typed(STOCK_PAGE)
    assert list(json.loads(signed)) == list(STOCK_PAGE)
    assert request.path == "productos/stock"


def test_a_query_names_the_keys_and_nothing_else() -> None:
    """Reading back sends no value and no operacion."""
    request = query_request([product_payload(HARD)])
    assert request.path == "productos/consultar"
    assert json.loads(request.body or b"") == {"productos": [{"lista_precios": "Mayorista – Ñ", "codigo": "00123"}]}


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (Decimal("1000.125"), b"1000.125"),
        (Decimal("1000.120"), b"1000.12"),
        (Decimal("1000.000"), b"1000"),
        (Decimal("1E+3"), b"1000"),
        (Decimal("0.001"), b"0.001"),
        (Decimal("0.000"), b"0"),
        (Decimal("-0"), b"0"),
        (Decimal("123456789012.345"), b"123456789012.345"),
        (Decimal("0.1"), b"0.1"),
        (1000, b"1000"),
    ],
)
def test_prices_leave_as_exact_plain_numbers(value: Value, wire: bytes) -> None:
    """A price is a JSON number with the digits of the sheet: no exponent, no trailing zero, no binary fraction."""
    body = product_request("A", [product_payload({**TRAIN, "precio_unitario_sin_iva": value})]).body or b""
    assert b'"precio_unitario_sin_iva":%s,' % wire in body


@given(st.decimals(min_value=0, max_value=10**9, places=3))
def test_every_price_of_three_decimals_is_exact(price: Decimal) -> None:
    """What the vendor parses is what the sheet says, for any price the vendor takes."""
    body = product_request("A", [product_payload({**TRAIN, "precio_unitario_sin_iva": price})]).body or b""
    told = json.loads(body, parse_float=Decimal)["productos"][0]["precio_unitario_sin_iva"]
    assert Decimal(told) == price
    assert b"e" not in body.partition(b"sin_iva")[2].partition(b",")[0].lower()


@pytest.mark.parametrize("packed", [Decimal(12), 12, "12", Decimal("12.0"), Decimal("1.2E+1")])
def test_unidad_bulto_is_quoted_however_it_was_understood(packed: Value) -> None:
    """The page quotes it; it never leaves as ``"12.0"``."""
    assert product_payload({**TRAIN, "unidad_bulto": packed})["unidad_bulto"] == "12"


def test_alicuotas_keep_their_sign_and_fraction() -> None:
    """Exempt (-1), not taxed (-2), 0 and 10.5 are four different codes on the wire."""
    rates = [Decimal(-1), Decimal(-2), Decimal(0), Decimal("10.5")]
    payloads = [product_payload({**TRAIN, "alicuota": rate}) for rate in rates]
    body = product_request("A", payloads).body or b""
    assert [one["alicuota"] for one in json.loads(body)["productos"]] == [-1, -2, 0, 10.5]
    assert b'"alicuota":10.5,' in body


def test_a_value_that_is_none_leaves_no_key() -> None:
    """Never null on the wire, wherever the nothing comes from."""
    assert product_payload({**TRAIN, "codbar": None}) == product_payload(  # type: ignore[dict-item]
        {name: value for name, value in TRAIN.items() if name != "codbar"}
    )


def test_fields_of_ours_stay_here() -> None:
    """`operacion` goes to the request, `precio_con_iva` nowhere."""
    payload = product_payload({**TRAIN, "operacion": "A", "precio_con_iva": Decimal(1210)})
    assert set(payload) == set(TRAIN)


def test_the_fields_are_those_that_are_declared() -> None:
    """The wire's order and the declared columns name the same fields."""
    for destination, fields in ((PRODUCTS, PRODUCT_FIELDS), (STOCK, STOCK_FIELDS)):
        assert set(fields) == {column.name for column in destination.columns if column.on_wire}


def test_credentials_come_first_and_touch_nothing_else() -> None:
    """The bytes that were planned leave exactly as they are, behind the three credentials, whatever those contain."""
    request = stock_request("A", [{"lista_precios": "L", "codigo": "a", "cantidad": 1}])
    odd = {"usertoken": 'a"b\\', "apikey": "1134", "apitoken": "ñ\n"}
    signed = sign(request, odd)
    assert (signed.body or b"").endswith((request.body or b"")[1:])
    assert {name: json.loads(signed.body or b"")[name] for name in odd} == odd
    assert signed.headers == {"Content-Type": "application/json"}


def test_a_request_without_a_body_is_signed_too() -> None:
    """Methods that take only credentials get them."""
    assert TUSFACTURAS.ping is not None
    assert json.loads(sign(TUSFACTURAS.ping, CREDENTIALS).body or b"") == CREDENTIALS


@pytest.mark.parametrize("missing", sorted(CREDENTIALS))
def test_a_missing_credential_is_never_sent_as_nothing(missing: str) -> None:
    """Without one of the three nothing can be signed."""
    secrets: Mapping[str, str] = {name: value for name, value in CREDENTIALS.items() if name != missing}
    with pytest.raises(KeyError):
        sign(TUSFACTURAS.ping or stock_request("A", []), secrets)


def test_the_effects_are_those_of_the_pages() -> None:
    """Adding is refused when it exists, modifying sets, and both movements move again: the heart of once-only."""
    assert {group: PRODUCTS.effect(group) for group in "AM"} == {"A": Effect.CREATE, "M": Effect.SET}
    assert {group: STOCK.effect(group) for group in "AB"} == {"A": Effect.DELTA, "B": Effect.DELTA}


def test_the_limits_and_names_are_those_of_the_pages() -> None:
    """Address, batch limit, key and secrets, once more by hand: no other test can catch a slip in them."""
    assert VENDORS["tusfacturas"].address == "https://www.tusfacturas.app/app/api/v2/"
    assert VENDORS["tusfacturas"].secrets == ("usertoken", "apikey", "apitoken")
    for destination in (PRODUCTS, STOCK):
        assert destination.batch_limit == 50
        assert destination.key == ("lista_precios", "codigo")
        assert destination.group_fields == ("operacion",)
    assert STOCK.low_stock == ("stock_actual", "stock_minimo")
    assert STOCK.most_uncertain == 1
