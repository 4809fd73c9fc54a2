"""The list of TusFacturas's products, page by page, against its simulation and against strange answers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from etl.model import Answer, Request
from etl.sandbox import Sandbox
from etl.vendors import LISTINGS
from etl.vendors.listing import LIST_CHANGED, Fetched, Wanted
from etl.vendors.tusfacturas import TUSFACTURAS
from etl.vendors.tusfacturas.listings import PRODUCTS, page_request, read_products
from tests.vendors.kit import ask, hold


def read(*answers: Any, status: int = 200) -> Fetched | None:
    """Read a list whose pages are these."""
    waiting = iter(answers)
    return hold(read_products(Wanted()), lambda _: Answer(status, json.dumps(next(waiting)).encode()))


def page(*codes: str, total: int) -> dict[str, Any]:
    products = [{"error": "N", "errores": [], "codigo": code, "lista_precios": "L"} for code in codes]
    return {"error": "N", "errores": [], "total": total, "productos": products}


def test_every_page_is_read() -> None:
    """1,000 a page, oldest first; values in the types of their columns, blank texts as blank cells."""
    with Sandbox() as sandbox:
        sandbox.tusfacturas.seed(
            {
                "lista_precios": "L",
                "codigo": "00123",
                "codbar": "077",
                "unidad_medida": "7",
                "precio_unitario_sin_iva": Decimal("10.125"),
            },
            *({"lista_precios": "L", "codigo": str(number)} for number in range(2050)),
        )
        fetched = hold(read_products(Wanted()), lambda request: ask(sandbox, TUSFACTURAS, request))
        assert sandbox.tusfacturas.requests["productos/listar"] == 3
    assert fetched is not None
    assert len(fetched.records) == 2051
    assert fetched.notes == ()
    first = fetched.records[0]
    assert (first["codigo"], first["codbar"], first["unidad_medida"]) == ("00123", "077", "7")
    assert fetched.records[1]["codbar"] is None
    assert (first["precio_unitario_sin_iva"], first["alicuota"], first["moneda"]) == (Decimal("10.125"), 21, "PES")
    assert {column.name for column in PRODUCTS.columns} == set(first)


def test_a_code_that_stands_twice_is_told_twice() -> None:
    """Codes need not be unique in a list."""
    fetched = read(page("a", "a", total=2))
    assert fetched is not None
    assert [record["codigo"] for record in fetched.records] == ["a", "a"]


def test_a_list_that_changes_meanwhile_is_said() -> None:
    """Then a product may stand twice, or be missing."""
    fetched = read(page("a", "b", total=3), page("c", "d", total=4))
    assert fetched is not None
    assert fetched.notes == (LIST_CHANGED,)


def test_a_refusal_keeps_the_vendors_words() -> None:
    """The person is told why."""
    assert read({"error": "S", "errores": ["sin cupo"], "productos": []}) == Fetched(refusal="sin cupo")


@pytest.mark.parametrize(
    "answer",
    [{}, [], 5, {"error": "N", "productos": []}, page(total=3), {**page("a", total=1), "productos": "x"}],
)
def test_what_is_no_page_ends_the_list(answer: Any) -> None:
    """A list without its end is no list."""
    assert read(answer) is None
    assert read(page("a", total=1), status=500) is None


def test_how_far_it_got_is_known() -> None:
    """For the progress bar."""
    answer = Answer(200, json.dumps(page("a", total=1500)).encode())
    assert PRODUCTS.extent(page_request(0), answer) == (1000, 1500)
    assert PRODUCTS.extent(page_request(1), answer) == (1500, 1500)
    assert PRODUCTS.extent(Request("POST", "x"), answer) is None
    assert LISTINGS[PRODUCTS.name] is PRODUCTS
