"""What a look at TusFacturas's data says of items whose answer was lost."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from etl.messages import translate
from etl.model import Answer, Doubt, Json, Presence, Request, Sighting
from etl.sandbox import Fault, Sandbox
from etl.vendors.tusfacturas import PRODUCTS, STOCK, TUSFACTURAS
from etl.vendors.tusfacturas.payload import product_payload
from etl.vendors.tusfacturas.reconcile import look_up_movements, look_up_products, read_stock
from tests.vendors.kit import as_stored, ask, hold
from tests.vendors.tusfacturas.samples import HARD, TRAIN, TRUCK

PRESENT, ABSENT, DIFFERENT, UNKNOWN = Presence.PRESENT, Presence.ABSENT, Presence.DIFFERENT, Presence.UNKNOWN


def movements(*units: int) -> tuple[dict[str, Json], ...]:
    """Return a movement each of the products p0, p1 and so on."""
    return tuple({"lista_precios": "L", "codigo": f"p{at}", "cantidad": units[at]} for at in range(len(units)))


def told(stocks: dict[str, Json], **more: Json) -> Callable[[Request], Answer]:
    """Answer queries out of a stock by code; a code that is not in it does not exist."""

    def answer(request: Request) -> Answer:
        products = []
        for asked in json.loads(request.body or b"")["productos"]:
            if asked["codigo"] in stocks:
                known = {"descripcion": "x", "afecta_stock": "S", "stock_actual": stocks[asked["codigo"]], **more}
                products.append({"error": "N", "errores": [], **asked, **known})
            else:
                products.append({"error": "S", "errores": ["No existe"], **asked})
        return Answer(200, json.dumps({"error": "N", "errores": [], "productos": products}).encode())

    return answer


def infer(
    units: tuple[int, ...], before: Json, after: dict[str, Json], group: str = "A", **more: Json
) -> tuple[Sighting, ...]:
    doubt = Doubt(group, movements(*units), "token", as_stored(before))
    return hold(look_up_movements(doubt), told(after, **more))


def presences(sightings: tuple[Sighting, ...]) -> list[Presence]:
    return [one.presence for one in sightings]


# Stock: what is read before.


def test_the_baseline_is_the_stock_by_position() -> None:
    """Units where there is a product that keeps stock, None where there is none."""
    baseline = hold(read_stock("A", movements(1, 1, 1)), told({"p0": 7, "p2": "-3 "}))
    assert baseline == {"0": 7, "1": None, "2": -3}
    assert hold(read_stock("A", movements(1)), told({"p0": 7}, afecta_stock="N")) == {"0": None}


def test_a_baseline_that_cannot_be_understood_is_none() -> None:
    """Without a whole answer nothing is pretended, so that the caller can ask again."""
    for body in (b"<html>", b"{}", b'{"error":"S","errores":["x"]}'):
        assert hold(read_stock("A", movements(1)), lambda _, body=body: Answer(200, body)) is None
    assert hold(read_stock("A", movements(1)), lambda _: Answer(404, b"{}")) is None


def test_more_than_fifty_are_asked_for_in_parts() -> None:
    """The vendor takes 50 keys a request (facts 1.2)."""
    asked: list[int] = []

    def answer(request: Request) -> Answer:
        asked.append(len(json.loads(request.body or b"")["productos"]))
        return told({f"p{at}": at for at in range(120)})(request)

    baseline = hold(read_stock("A", movements(*[1] * 120)), answer)
    assert asked == [50, 50, 20]
    assert baseline == {str(at): at for at in range(120)}


# Stock: what is inferred after.


def test_all_as_expected_is_present() -> None:
    """Every difference is exactly what was sent: it was applied, as far as totals can tell."""
    sightings = infer((5, 2), {"0": 10, "1": 0}, {"p0": 15, "p1": 2})
    assert presences(sightings) == [PRESENT, PRESENT]
    assert all(one.inferred for one in sightings)
    assert sightings[0].before == {"stock_actual": 10}
    assert sightings[0].expected == {"stock_actual": 15}
    assert sightings[0].seen == {"stock_actual": 15}


def test_group_b_takes_away() -> None:
    """The expected difference of a withdrawal is negative."""
    assert presences(infer((5,), {"0": 10}, {"p0": 5}, "B")) == [PRESENT]
    assert presences(infer((5,), {"0": 10}, {"p0": 15}, "B")) == [UNKNOWN]


def test_nothing_moved_is_absent() -> None:
    """No difference anywhere: it was not applied, as far as totals can tell."""
    sightings = infer((5, 2), {"0": 10, "1": 0}, {"p0": 10, "p1": 0})
    assert presences(sightings) == [ABSENT, ABSENT]
    assert all(one.inferred for one in sightings)


def test_the_first_ones_applied_and_the_rest_not_means_it_died_on_the_way() -> None:
    """The first k are confirmed; of the rest nothing is said, since the vendor may still be at it."""
    sightings = infer((5, 2, 1, 1), {"0": 10, "1": 0, "2": 0, "3": 0}, {"p0": 15, "p1": 2, "p2": 0, "p3": 0})
    assert presences(sightings) == [PRESENT, PRESENT, UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    "after",
    [
        {"p0": 14, "p1": 2},  # one was sold meanwhile
        {"p0": 10, "p1": 2},  # the second and not the first
        {"p0": 20, "p1": 4},  # twice
        {"p0": 15, "p1": "?"},
    ],
)
def test_anything_else_is_unknown(after: dict[str, Json]) -> None:
    """Sales in between make totals speak of something else: every row stays uncertain, with its three figures."""
    sightings = infer((5, 2), {"0": 10, "1": 0}, after)
    assert presences(sightings) == [UNKNOWN, UNKNOWN]
    for one in sightings:
        assert one.before
        assert one.expected
        assert one.note is not None


@pytest.mark.parametrize("before", [None, {}, {"0": None, "1": 0}, [], "x"])
def test_without_a_baseline_nothing_is_concluded(before: Json) -> None:
    """The stock after alone says nothing, however plausible it looks."""
    assert presences(infer((5, 2), before, {"p0": 5, "p1": 2})) == [UNKNOWN, UNKNOWN]


def test_products_that_cannot_be_moved_do_not_spoil_the_others() -> None:
    """A wrong code in the sheet would have been refused; the other rows are judged without it."""
    sightings = infer((5, 2, 3), {"0": 10, "1": None, "2": 0}, {"p0": 15, "p2": 3})
    assert presences(sightings) == [PRESENT, ABSENT, PRESENT]
    assert sightings[1].inferred
    assert sightings[1].note is not None
    assert presences(infer((5,), {"0": None}, {"p0": 0}, afecta_stock="N")) == [ABSENT]


def test_a_product_that_vanished_is_unknown() -> None:
    """It had stock before and is gone now: somebody else is at work."""
    assert presences(infer((5, 2), {"0": 10, "1": 0}, {"p0": 15})) == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":"S","errores":["x"],"productos":[]}'])
def test_a_look_without_an_answer_concludes_nothing(body: bytes) -> None:
    """No answer about a product is not the answer that there is none."""
    doubt = Doubt("A", movements(5), "token", {"0": 10})
    (only,) = hold(look_up_movements(doubt), lambda _: Answer(200, body))
    assert (only.presence, only.inferred) == (UNKNOWN, True)
    assert only.expected == {"stock_actual": 15}


def test_two_products_under_one_key_conclude_nothing() -> None:
    """The vendor does not keep codes unique (facts 1.10): which of the two moved cannot be said."""

    def answer(request: Request) -> Answer:
        one = json.loads(told({"p0": 15})(request).body)["productos"][0]
        return Answer(200, json.dumps({"error": "N", "errores": [], "productos": [one, one]}).encode())

    (only,) = hold(look_up_movements(Doubt("A", movements(5), "token", {"0": 10})), answer)
    assert only.presence is UNKNOWN


def test_inference_is_never_wrong_while_nobody_mimics_it() -> None:
    """SUB-9: in 200 runs with lost answers and sales, no PRESENT that was not applied, no ABSENT that was."""
    with Sandbox() as sandbox:
        judged = {presence for seed in range(200) for presence in _one_run_with_sales(sandbox, random.Random(seed))}
    assert judged == {PRESENT, ABSENT, UNKNOWN}


def _one_run_with_sales(sandbox: Sandbox, rng: random.Random) -> set[Presence]:
    sandbox.reset()
    shop = sandbox.tusfacturas
    sent = movements(*(rng.randint(101, 200) for _ in range(rng.randint(1, 6))))
    shop.seed(*({"lista_precios": "L", "codigo": one["codigo"], "stock_actual": rng.randint(0, 50)} for one in sent))

    def answer(request: Request) -> Answer:
        return ask(sandbox, TUSFACTURAS, request)

    baseline = as_stored(hold(read_stock("A", sent), answer))
    fault = rng.choice([Fault.STATUS_BEFORE, Fault.STATUS_AFTER, Fault.SHORT_LIST])
    sandbox.faults.order(fault, path="productos/stock", status=504)
    ask(sandbox, TUSFACTURAS, STOCK.submit.build("A", sent))
    for _ in range(rng.choice([0, 0, 1, 3])):
        shop.move("L", rng.choice(sent)["codigo"], -rng.randint(1, 33))
    sightings = hold(look_up_movements(Doubt("A", sent, "token", baseline)), answer)
    for sighting in sightings:
        applied = shop.times_applied("L", sent[sighting.position]["codigo"])
        assert sighting.inferred
        assert sighting.presence is not (ABSENT if applied else PRESENT)
    return set(presences(sightings))


# Products.


def product(values: Any = TRUCK, **changes: Any) -> dict[str, Json]:
    return product_payload({**values, **changes})


def stored(values: Any = TRUCK, **changes: Json) -> dict[str, Json]:
    """Return the product as `productos/consultar` tells it."""
    blank: dict[str, Json] = {
        "impuestos_internos_alicuota": 0,
        "codbar": "",
        "rg5329": "N",
        "unidad_medida": "",
        "stock_actual": 0,
        "stock_minimo": 0,
    }
    return {"error": "N", "errores": [], **blank, **as_stored(product_payload(values)), **changes}


def judge(group: str, sent: dict[str, Json], *known: dict[str, Json]) -> Sighting:
    def answer(_: Request) -> Answer:
        told_of = {"error": "N", "errores": [], "productos": list(known)}
        return Answer(200, as_bytes(told_of))

    (sighting,) = hold(look_up_products(Doubt(group, (as_stored(sent),), "token")), answer)
    return sighting


def as_bytes(value: Json) -> bytes:
    return json.dumps(value, default=float).encode()


MISSING = {"error": "S", "errores": ["No existe"], "lista_precios": "Camiones", "codigo": "Cam01"}


@pytest.mark.parametrize("values", [TRUCK, HARD])
@pytest.mark.parametrize("group", ["A", "M"])
def test_equal_values_are_present(group: str, values: dict[str, Any]) -> None:
    """It is there as it was sent."""
    assert judge(group, product(values), stored(values)).presence is PRESENT


@pytest.mark.parametrize(
    "echo",
    [
        {"precio_unitario_sin_iva": "1000.00", "alicuota": "21", "stock_minimo": "500"},
        {"descripcion": "Camion de arena ", "moneda": "PES "},
        {"unidad_bulto": 1, "unidad_medida": 7},
        {"descripcion": "Camion  de arena"},
        {"campo_nuevo": {"a": 1}},
    ],
)
@pytest.mark.parametrize("group", ["A", "M"])
def test_the_echo_s_types_and_blanks_are_no_difference(group: str, echo: dict[str, Json]) -> None:
    """Numbers may be told as texts and texts as numbers, and texts may end in blanks."""
    assert judge(group, product(), stored(**echo)).presence is PRESENT


def test_the_vendor_s_percent_escape_is_no_difference() -> None:
    """A percent sign may be kept as ``#&#`` (facts 1.11)."""
    sent = product(descripcion="Algodón 100%")
    assert judge("A", sent, stored(descripcion="Algodón 100#&#")).presence is PRESENT


def test_bar_codes_are_compared_as_texts() -> None:
    """A leading zero is a difference when both are texts, and none when the vendor tells a number."""
    sent = product(codbar="0779")
    assert judge("A", sent, stored(codbar="779")).presence is DIFFERENT
    assert judge("A", sent, stored(codbar=779)).presence is PRESENT


def test_a_missing_product_is_absent() -> None:
    """An item with "S" and no description says that there is none (reliability 1.5); it is no inference."""
    for group in "AM":
        sighting = judge(group, product(), MISSING)
        assert (sighting.presence, sighting.inferred) == (ABSENT, False)


def test_other_values_after_an_addition_are_somebody_else_s_product() -> None:
    """The person learns which fields differ, and how."""
    sighting = judge("A", product(), stored(precio_unitario_sin_iva=999, moneda="DOL"))
    assert sighting.presence is DIFFERENT
    assert sighting.note is not None
    words = translate(sighting.note, "en")
    assert "precio_unitario_sin_iva: 999 ≠ 1000" in words
    assert "moneda: DOL ≠ PES" in words
    assert "descripcion" not in words
    assert sighting.seen == {"precio_unitario_sin_iva": 999, "moneda": "DOL"}
    assert sighting.expected == {"precio_unitario_sin_iva": 1000, "moneda": "PES"}


def test_other_values_after_a_modification_are_absent() -> None:
    """It was not set, or set over since: it can be set again."""
    sighting = judge("M", product(), stored(precio_unitario_sin_iva=999))
    assert (sighting.presence, sighting.inferred) == (ABSENT, False)


def test_an_added_product_without_its_stock_is_unknown() -> None:
    """Products and their initial stock are two steps of the vendor: the second may be lost (reliability 1.2)."""
    sighting = judge("A", product(), stored(stock_actual=0))
    assert sighting.presence is UNKNOWN
    assert (sighting.seen, sighting.expected) == ({"stock_actual": 0}, {"stock_actual": 154})


@pytest.mark.parametrize("changes", [{"afecta_stock": "N"}, {"stock_actual": 0}])
def test_stock_that_was_not_added_is_not_compared(changes: dict[str, Any]) -> None:
    """Without stock to add, a sale since then changes nothing of the verdict."""
    sent = product(TRUCK, **changes)
    assert judge("A", sent, stored({**TRUCK, **changes}, stock_actual=-3)).presence is PRESENT


def test_a_modification_never_looks_at_the_stock() -> None:
    """`stock_actual` is not used on M."""
    assert judge("M", product(), stored(stock_actual=3)).presence is PRESENT


@pytest.mark.parametrize("group", ["A", "M"])
def test_what_was_not_sent_is_not_compared(group: str) -> None:
    """Optional fields that were blank say nothing."""
    assert judge(group, product(HARD), stored(HARD, stock_minimo=77, codbar="9")).presence is PRESENT


@pytest.mark.parametrize("group", ["A", "M"])
def test_a_field_that_is_not_told_leaves_it_unknown(group: str) -> None:
    """Nobody is told "rejected" or "sent" on grounds of what the vendor does not say."""
    known = stored()
    del known["rg5329"]
    known["unidad_medida"] = None
    sighting = judge(group, product(), known)
    assert sighting.presence is UNKNOWN
    assert sighting.note is not None
    assert "unidad_medida" in translate(sighting.note, "en")


@pytest.mark.parametrize("group", ["A", "M"])
def test_no_word_about_a_product_is_unknown(group: str) -> None:
    """An answer that omits the key, or tells it twice, is neither presence nor absence."""
    assert judge(group, product()).presence is UNKNOWN
    assert judge(group, product(), stored(), stored()).presence is UNKNOWN
    assert judge(group, product(), {**stored(), "error": None}).presence is UNKNOWN
    assert judge(group, product(), {**stored(), "error": "S"}).presence is UNKNOWN


def test_a_lost_initial_stock_is_found_over_the_wire() -> None:
    """The whole way: the vendor dies between the product and its stock, and the look-up does not confirm it."""
    with Sandbox() as sandbox:
        sandbox.faults.order(Fault.SHORT_LIST, items=0)
        sent = (product(TRUCK), product(TRAIN))
        ask(sandbox, TUSFACTURAS, PRODUCTS.submit.build("A", sent))
        sandbox.tusfacturas.move("Camiones", "Cam01", -154)
        doubt = Doubt("A", sent, "token")
        sightings = hold(look_up_products(doubt), lambda request: ask(sandbox, TUSFACTURAS, request))
        assert presences(sightings) == [UNKNOWN, PRESENT]
