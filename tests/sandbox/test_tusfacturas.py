"""The simulated TusFacturas against the vendor's pages."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from tests.sandbox.conftest import Caller

TRAIN: dict[str, Any] = {
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
}
TRUCK: dict[str, Any] = {
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
}


def administrar(caller: Caller, operation: str, *products: dict[str, Any]) -> dict[str, Any]:
    answer = caller.post("productos/administrar", {"operacion": operation, "productos": list(products)})
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_takes_the_example_of_the_page_and_refuses_it_the_second_time(sandbox: Sandbox, caller: Caller) -> None:
    """Operacion A adds what is new; a code that exists is refused with the page's own words, and nothing changes."""
    first = administrar(caller, "A", TRAIN, TRUCK)
    assert first == {
        "error": "N",
        "errores": [],
        "productos": [
            {"codigo": "tren10384", "lista_precios": "Trenes", "error": "N", "errores": []},
            {"codigo": "Cam01", "lista_precios": "Camiones", "error": "N", "errores": []},
        ],
    }
    second = administrar(caller, "A", {**TRUCK, "descripcion": "Otro"})
    assert second["error"] == "N"
    assert second["productos"][0]["error"] == "S"
    assert second["productos"][0]["errores"] == [
        "Ya existe un producto en esa lista de precios con el codigo: Cam01. No se agregara."
    ]
    assert sandbox.tusfacturas.products["Camiones", "Cam01"]["descripcion"] == "Camion de arena"
    assert sandbox.tusfacturas.times_applied("Camiones", "Cam01") == 1


def test_adds_the_initial_stock_only_where_stock_is_kept(sandbox: Sandbox, caller: Caller) -> None:
    """`stock_actual` counts on A and with afecta_stock S only."""
    administrar(caller, "A", {**TRAIN, "stock_actual": 9}, TRUCK)
    assert sandbox.tusfacturas.stock("Trenes", "tren10384") == 0
    assert sandbox.tusfacturas.stock("Camiones", "Cam01") == 154


def test_modifying_keeps_the_stock_and_erases_what_is_not_given(sandbox: Sandbox, caller: Caller) -> None:
    """Operacion M never moves stock, and in the strict mood a field that is left out is lost."""
    administrar(caller, "A", TRUCK)
    changed = {**TRUCK, "precio_unitario_sin_iva": 12.125, "stock_actual": 1}
    del changed["unidad_medida"], changed["stock_minimo"]
    assert administrar(caller, "M", changed)["productos"][0]["error"] == "N"
    product = sandbox.tusfacturas.products["Camiones", "Cam01"]
    assert (product["stock_actual"], product["unidad_medida"], product["stock_minimo"]) == (154, "", 0)
    assert str(product["precio_unitario_sin_iva"]) == "12.125"


def test_the_lenient_mood_keeps_what_is_not_given(sandbox: Sandbox, caller: Caller) -> None:
    """What the vendor does with absent fields is not documented: both moods can be had."""
    administrar(caller, "A", TRUCK)
    sandbox.tusfacturas.erases = False
    administrar(caller, "M", {name: value for name, value in TRUCK.items() if name != "stock_minimo"})
    assert sandbox.tusfacturas.products["Camiones", "Cam01"]["stock_minimo"] == 500


def test_modifying_what_does_not_exist_is_refused_per_item(sandbox: Sandbox, caller: Caller) -> None:
    """Operacion M never creates."""
    told = administrar(caller, "M", TRUCK)
    assert told["productos"][0]["error"] == "S"
    assert sandbox.tusfacturas.products == {}
    assert sandbox.tusfacturas.applications == ()


def test_moves_stock_each_time_it_is_asked_to(sandbox: Sandbox, caller: Caller) -> None:
    """The same body twice moves twice; the answer tells the stock after the movement."""
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a", "stock_actual": 10, "stock_minimo": 3})
    assert caller.move(("a", 4)).json()["productos"] == [
        {"lista_precios": "L", "codigo": "a", "stock_actual": 14, "stock_minimo": 3, "error": "N", "errores": []}
    ]
    caller.move(("a", 4))
    caller.move(("a", 5), operation="B")
    assert sandbox.tusfacturas.stock("L", "a") == 13
    assert sandbox.tusfacturas.times_applied("L", "a", "productos/stock") == 3


@pytest.mark.parametrize("seeded", [{}, {"afecta_stock": "N"}])
def test_a_product_without_stock_is_refused_with_the_page_s_words(
    sandbox: Sandbox, caller: Caller, seeded: dict[str, Any]
) -> None:
    """A code that is unknown, or keeps no stock, fails alone; the others of the request are moved."""
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "b"})
    if seeded:
        sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a", **seeded})
    told = caller.move(("a", 1), ("b", 1)).json()
    assert told["error"] == "N"
    assert told["productos"][0]["errores"] == ["No existen productos que afecten el stock con el codigo enviado:a"]
    assert "stock_actual" not in told["productos"][0]
    assert sandbox.tusfacturas.stock("L", "b") == 1


WRONG_PRODUCTS = {
    "unknown field": {"color": "rojo"},
    "null": {"codbar": None},
    "long descripcion": {"descripcion": "x" * 256},
    "blank descripcion": {"descripcion": " "},
    "number as codigo": {"codigo": 37},
    "long codigo": {"codigo": "x" * 51},
    "long lista_precios": {"lista_precios": "x" * 256},
    "unidad_bulto unquoted": {"unidad_bulto": 1},
    "unidad_bulto zero": {"unidad_bulto": "0"},
    "unidad_bulto with decimals": {"unidad_bulto": "1.5"},
    "price as text": {"precio_unitario_sin_iva": "1000"},
    "price with 4 decimals": {"precio_unitario_sin_iva": 1.0001},
    "negative price": {"precio_unitario_sin_iva": -1},
    "price true": {"precio_unitario_sin_iva": True},
    "alicuota outside the table": {"alicuota": 5},
    "alicuota as text": {"alicuota": "21"},
    "moneda outside the table": {"moneda": "USD"},
    "long codbar": {"codbar": "1" * 256},
    "codbar as number": {"codbar": 7790001},
    "internal taxes with 3 decimals": {"impuestos_internos_alicuota": 1.234},
    "unidad_medida unquoted": {"unidad_medida": 7},
    "unidad_medida outside the table": {"unidad_medida": "12"},
    "rg5329 other": {"rg5329": "s"},
    "afecta_stock other": {"afecta_stock": "si"},
    "stock_actual with decimals": {"stock_actual": 1.5},
    "stock_actual as text": {"stock_actual": "1"},
    "stock_minimo null": {"stock_minimo": None},
}


@pytest.mark.parametrize("wrong", WRONG_PRODUCTS.values(), ids=WRONG_PRODUCTS.keys())
def test_refuses_a_product_with_one_wrong_field(sandbox: Sandbox, caller: Caller, wrong: dict[str, Any]) -> None:
    """A payload that leaves the page's types, limits or tables cannot pass; its neighbour does."""
    told = administrar(caller, "A", {**TRUCK, **wrong}, TRAIN)
    assert [item["error"] for item in told["productos"]] == ["S", "N"]
    assert len(sandbox.tusfacturas.products) == 1


@pytest.mark.parametrize(
    "name",
    sorted(set(TRUCK) - {"codbar", "impuestos_internos_alicuota", "unidad_medida", "stock_actual", "stock_minimo"}),
)
def test_refuses_a_product_without_a_required_field(sandbox: Sandbox, caller: Caller, name: str) -> None:
    """What the page's field table marks as required must be there."""
    told = administrar(caller, "A", {key: value for key, value in TRUCK.items() if key != name})
    assert told["productos"][0]["error"] == "S"
    assert sandbox.tusfacturas.products == {}


@pytest.mark.parametrize(
    "wrong",
    [{"cantidad": 0}, {"cantidad": -1}, {"cantidad": 1.5}, {"cantidad": "1"}, {"cantidad": None}, {"nota": "x"}],
)
def test_refuses_a_movement_with_a_wrong_field(sandbox: Sandbox, caller: Caller, wrong: dict[str, Any]) -> None:
    """Only whole units above zero move, and nothing undocumented is sent."""
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a"})
    item = {"lista_precios": "L", "codigo": "a", "cantidad": 1, **wrong}
    told = caller.post("productos/stock", {"operacion": "A", "productos": [item]}).json()
    assert told["productos"][0]["error"] == "S"
    assert sandbox.tusfacturas.stock("L", "a") == 0


@pytest.mark.parametrize(
    "body",
    [
        {"operacion": "A"},
        {"operacion": "A", "productos": []},
        {"operacion": "A", "productos": ["a"]},
        {"operacion": "A", "productos": {"a": 1}},
        {"operacion": "M", "productos": [{}]},
        {"operacion": "A", "productos": [{}], "nota": "x"},
        {"productos": [{}]},
        {"operacion": "A", "productos": [{"lista_precios": "L", "codigo": "a", "cantidad": 1}] * 51},
    ],
)
def test_refuses_a_request_as_a_whole(sandbox: Sandbox, caller: Caller, body: dict[str, Any]) -> None:
    """A wrong envelope, another operacion, or more than 50 products: top-level "S", no item, nothing moved."""
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a"})
    answer = caller.post("productos/stock", body)
    assert answer.status_code == 200
    assert answer.json()["error"] == "S"
    assert answer.json()["errores"][0]
    assert answer.json()["productos"] == []
    assert sandbox.tusfacturas.applications == ()


def test_takes_exactly_fifty(sandbox: Sandbox, caller: Caller) -> None:
    """The limit of the page is 50, not 49."""
    sandbox.tusfacturas.seed(*({"lista_precios": "L", "codigo": str(number)} for number in range(50)))
    told = caller.move(*((str(number), 1) for number in range(50))).json()
    assert [item["error"] for item in told["productos"]] == ["N"] * 50


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "productos/stock", {}, None, 405),
        ("PUT", "productos/stock", {"content-type": "application/json"}, b"{}", 405),
        ("POST", "productos/borrar", {"content-type": "application/json"}, b"{}", 404),
        ("POST", "productos/stock", {"content-type": "text/plain"}, b"{}", 415),
        ("POST", "productos/stock", {"content-type": "application/json"}, b"{", 400),
        ("POST", "productos/stock", {"content-type": "application/json"}, b"[]", 400),
        ("POST", "productos/stock", {"content-type": "application/json"}, b'{"a": "\xff"}', 400),
        ("POST", "productos/stock", {"content-type": "application/json; charset=utf-8"}, b"{}", 401),
    ],
)
def test_the_gate_answers_with_the_documented_statuses(
    sandbox: Sandbox, method: str, path: str, headers: dict[str, str], body: bytes | None, status: int
) -> None:
    """400, 401, 404, 405 (and 415) come with words in the vendor's form and change nothing."""
    answer = httpx.request(method, sandbox.url("tusfacturas") + path, headers=headers, content=body, trust_env=False)
    assert answer.status_code == status
    assert answer.json()["error"] == "S"
    assert answer.json()["errores"][0]
    assert sandbox.tusfacturas.requests[path] == 1


@pytest.mark.parametrize("name", ["usertoken", "apikey", "apitoken"])
def test_each_credential_is_checked(sandbox: Sandbox, caller: Caller, name: str) -> None:
    """No two of the three open the door."""
    answer = caller.post("micuenta/consumo", {}, **{name: "other"})
    assert answer.status_code == 401


def test_apikey_may_be_a_number(caller: Caller) -> None:
    """The vendor shows it both ways."""
    number = int(DEMO_CREDENTIALS["tusfacturas"]["apikey"])
    assert caller.post("micuenta/consumo", {}, apikey=number).status_code == 200


def test_other_credentials_can_be_chosen() -> None:
    """A test may bring secrets of its own, to look for them later."""
    own = {"usertoken": "u", "apikey": "2", "apitoken": "t"}
    with Sandbox(credentials={"tusfacturas": own}) as sandbox:
        caller = Caller(sandbox)
        assert caller.post("micuenta/consumo", {}, **own).status_code == 200
        assert caller.post("micuenta/consumo", {}).status_code == 401


def test_consultar_tells_every_field_and_refuses_unknown_keys_per_item(sandbox: Sandbox, caller: Caller) -> None:
    """The read-back call tells what was written, in the sample's shape."""
    administrar(caller, "A", TRAIN)
    keys = [{"lista_precios": "Trenes", "codigo": "tren10384"}, {"lista_precios": "Trenes", "codigo": "no"}]
    told = caller.post("productos/consultar", {"productos": keys}).json()
    assert told["error"] == "N"
    assert told["productos"][0] == {"error": "N", "errores": [], **TRAIN}
    assert told["productos"][1]["error"] == "S"
    assert "descripcion" not in told["productos"][1]


def test_listar_pages_and_sorts(sandbox: Sandbox, caller: Caller) -> None:
    """Pages start at 0, hold at most 1000, and `total` counts all."""
    sandbox.tusfacturas.seed(*({"lista_precios": "L", "codigo": code} for code in ("b", "c", "a")))

    def listed(**changes: Any) -> dict[str, Any]:
        wanted = {"orden_criterio": "codigo", "orden": "ASC", "pagina": 0, "limite": 2, **changes}
        told: dict[str, Any] = caller.post("productos/listar", wanted).json()
        return told

    def codes(told: dict[str, Any]) -> list[str]:
        return [product["codigo"] for product in told["productos"]]

    assert (listed()["total"], codes(listed())) == (3, ["a", "b"])
    assert codes(listed(pagina=1)) == ["c"]
    assert codes(listed(orden="DESC")) == ["c", "b"]
    assert codes(listed(orden_criterio="fecha_creacion", limite=1000)) == ["b", "c", "a"]
    for wrong in ({"limite": 1001}, {"limite": 0}, {"pagina": -1}, {"orden": "x"}, {"orden_criterio": "precio"}):
        assert listed(**wrong)["error"] == "S"


def test_consumo_counts_every_call(sandbox: Sandbox, caller: Caller) -> None:
    """The plan counts failed calls too (facts 1.9)."""
    caller.post("productos/nada", {})
    told = caller.post("micuenta/consumo", {}).json()
    assert told["comprobantes_generados"] == 2
    assert told["comprobantes_disponibles"] == told["comprobantes_cupo"] - 2


def test_answers_carry_the_escapes_of_the_vendor(sandbox: Sandbox, caller: Caller) -> None:
    r"""Slashes come as ``\/`` and everything outside ASCII as ``\uXXXX``, beyond the basic plane as two."""
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "ñ/𝄞"})
    answer = caller.move(("ñ/𝄞", 1))
    assert rb'"codigo":"\u00f1\/\ud834\udd1e"' in answer.content
    assert answer.json()["productos"][0]["codigo"] == "ñ/𝄞"


def test_tells_what_was_applied_by_which_body(sandbox: Sandbox, caller: Caller) -> None:
    """The digest of an application is that of the body without credentials, so that it can be found in a journal."""
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a"})
    caller.move(("a", 2))
    (applied,) = sandbox.tusfacturas.applications
    body = b'{"operacion":"A","productos":[{"lista_precios":"L","codigo":"a","cantidad":2}]}'
    assert applied.body_sha256 == hashlib.sha256(body).hexdigest()
    assert (applied.operation, applied.codigo, applied.sent["cantidad"]) == ("A", "a", 2)


def test_others_may_move_stock_without_an_application(sandbox: Sandbox) -> None:
    """A sale changes the stock and is not ours."""
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a", "stock_actual": 5})
    sandbox.tusfacturas.move("L", "a", -2)
    assert sandbox.tusfacturas.stock("L", "a") == 3
    assert sandbox.tusfacturas.applications == ()


def test_seeding_a_field_that_does_not_exist_is_a_mistake(sandbox: Sandbox) -> None:
    """A misspelt field in a test does not pass unseen."""
    with pytest.raises(ValueError, match="presio"):
        sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a", "presio": 1})
