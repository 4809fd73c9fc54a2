"""What is made of rows by what TusFacturas tells, whatever that is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.model import Answer, Json, Request, Row, Value
from etl.vendors.base import Survey, Wishes
from etl.vendors.tusfacturas.payload import product_payload, product_request
from etl.vendors.tusfacturas.survey import preview_products, survey_products
from tests.vendors.kit import as_stored, hold

TOLD: dict[str, Json] = {
    "error": "N",
    "errores": [],
    "descripcion": "Tren de carga 100% ",
    "unidad_bulto": 12,
    "lista_precios": "Trenes",
    "codigo": "T1",
    "precio_unitario_sin_iva": "1000.500",
    "alicuota": "10.50",
    "impuestos_internos_alicuota": 0,
    "moneda": "PES",
    "codbar": None,
    "rg5329": "S",
    "unidad_medida": 7,
    "afecta_stock": "S",
    "stock_actual": 40,
    "stock_minimo": 3,
}


def row(number: int = 2, code: str = "T1", erased: frozenset[str] = frozenset(), **values: Value) -> Row:
    given: dict[str, Value] = {"operacion": "U", "lista_precios": "Trenes", "codigo": code, **values}
    return Row(number, given, erased)


def telling(*products: Mapping[str, Json]) -> Callable[[Request], Answer]:
    told = {"error": "N", "errores": [], "productos": list(products)}
    return lambda _request: Answer(200, json.dumps(told).encode())


def survey(*rows: Row, answer: Callable[[Request], Answer] | None = None, **wishes: object) -> Survey:
    asked = survey_products(rows, Wishes(**wishes))  # type: ignore[arg-type]
    return hold(asked, answer or telling(TOLD), most=60)


def test_what_was_read_goes_back_as_it_was_read_in_the_types_of_the_page() -> None:
    """Numbers that are told quoted go as numbers, ids told as numbers go quoted; texts keep their blanks; no stock."""
    found = survey(row(precio_unitario_sin_iva=Decimal(1080)))
    (planned,) = found.rows
    body = json.loads(product_request("M", [product_payload(planned.values)]).body or b"")
    assert body == {
        "operacion": "M",
        "productos": [
            {
                "descripcion": "Tren de carga 100% ",
                "unidad_bulto": "12",
                "lista_precios": "Trenes",
                "codigo": "T1",
                "precio_unitario_sin_iva": 1080,
                "alicuota": 10.5,
                "impuestos_internos_alicuota": 0,
                "moneda": "PES",
                "rg5329": "S",
                "unidad_medida": "7",
                "afecta_stock": "S",
                "stock_minimo": 3,
            }
        ],
    }
    assert found.before[2]["stock_actual"] == 40
    assert found.before[2]["precio_unitario_sin_iva"] == "1000.500"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"precio_unitario_sin_iva": Decimal("1000.5"), "alicuota": Decimal("10.5")},
        {"unidad_medida": "7", "unidad_bulto": Decimal(12), "descripcion": "Tren de carga 100%"},
        {"stock_actual": Decimal(999)},
    ],
)
def test_equal_in_worth_is_unchanged(values: Mapping[str, Value]) -> None:
    """How the vendor writes a value is no difference, and the stock is none of a modification's business."""
    found = survey(row(**values))
    assert (found.rows, list(found.unchanged)) == ((), [2])


def test_nothing_is_unchanged_while_something_is_wrong_with_it() -> None:
    """A product that the vendor has without a required field takes no change without it: that is said, not skipped."""
    found = survey(row(), answer=telling({**TOLD, "moneda": " "}))
    assert (found.rows, dict(found.unchanged)) == ((), {})
    assert [(number, name, one.code) for number, name, one in found.findings] == [(2, "moneda", "required")]
    found = survey(row(), answer=telling({**TOLD, "moneda": ""}), constants={"moneda": "DOL"})
    assert [one.values["moneda"] for one in found.rows] == ["DOL"]


def test_a_whole_modification_is_not_read() -> None:
    """Nothing is asked of a row of M that leaves nothing open: it costs what it cost before."""
    whole = {
        "operacion": "M",
        "descripcion": "Tren",
        "unidad_bulto": Decimal(1),
        "precio_unitario_sin_iva": Decimal(1),
        "alicuota": Decimal(21),
        "impuestos_internos_alicuota": Decimal(0),
        "moneda": "PES",
        "rg5329": "N",
        "afecta_stock": "N",
        "stock_minimo": Decimal(0),
    }
    asked: list[Request] = []

    def answer(request: Request) -> Answer:
        asked.append(request)
        return telling(TOLD)(request)

    rows = (row(erased=frozenset({"codbar", "unidad_medida"}), **whole),)
    (planned,) = survey(*rows, answer=answer).rows
    assert asked == []
    assert (planned.values["codbar"], planned.erased) == ("", {"unidad_medida"})
    assert preview_products(rows) == ()
    survey(*rows, answer=answer, only_changed=True)
    assert len(asked) == 1


def test_a_product_that_is_not_told_is_not_sent() -> None:
    """Silence is no proof that there is none: nothing is added, and the row says so."""
    found = survey(row(), row(3, "T2"))
    assert [(number, one.code) for number, _, one in found.findings] == [(3, "not_read")]
    assert survey(row(), answer=lambda _request: Answer(200, b"{}")).unread is not None


anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.sampled_from(["N", "S", "T1", "Trenes", "\ud800", "7"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
products = st.fixed_dictionaries(
    {"lista_precios": st.just("Trenes"), "codigo": st.sampled_from(["T1", "T2"])},
    optional={name: anything for name in TOLD if name not in {"lista_precios", "codigo"}},
)
answers = st.one_of(
    anything,
    st.fixed_dictionaries(
        {"error": st.just("N"), "productos": st.one_of(anything, st.lists(products, max_size=3))},
        optional={"errores": anything, "total": anything},
    ),
)


@given(st.lists(answers, min_size=1, max_size=4), st.sampled_from([200, 400, 404]), st.booleans())
def test_whatever_is_told_each_row_has_one_fate(told: list[Json], status: int, only_changed: bool) -> None:
    """Any JSON ends in a plan that can be stored and sent, findings or "unchanged": each row in exactly one of them."""
    given_answers = iter(told * 40)

    def answer(_request: Request) -> Answer:
        return Answer(status, json.dumps(next(given_answers)).encode())

    rows = tuple(
        row(number, f"T{number}", operacion=operation, precio_con_iva=Decimal(121))
        for number, operation in enumerate("UMA" * 20, start=1)
    )
    found = survey(*rows, answer=answer, only_changed=only_changed)
    if found.unread is not None:
        assert not found.rows
        return
    planned = [one.number for one in found.rows]
    refused = {number for number, _, one in found.findings if one.is_error}
    assert sorted([*planned, *found.unchanged, *refused]) == [one.number for one in rows]
    for one in found.rows:
        assert one.values["operacion"] in {"A", "M"}
        as_stored(product_payload(one.values))
    as_stored({str(number): dict(known) for number, known in found.before.items()})
