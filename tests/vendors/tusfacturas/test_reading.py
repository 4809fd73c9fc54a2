"""Which requests reading products takes, and what a list that moves, or lies, proves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from etl.model import Answer, Request
from etl.sandbox import Sandbox
from etl.vendors.tusfacturas import TUSFACTURAS
from etl.vendors.tusfacturas.reading import Looks, look_at_all
from tests.vendors.kit import ask, hold

LISTAR, CONSULTAR = "productos/listar", "productos/consultar"
Key = tuple[str, str]


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


def fill(sandbox: Sandbox, count: int, price_list: str = "L") -> None:
    sandbox.tusfacturas.seed(*({"lista_precios": price_list, "codigo": f"P{number}"} for number in range(count)))


def keys(*numbers: int) -> list[Key]:
    return [("L", f"P{number}") for number in numbers]


def read(sandbox: Sandbox, wanted: list[Key], answer: Callable[[Request], Answer] | None = None) -> Looks:
    return hold(look_at_all(wanted), answer or (lambda request: ask(sandbox, TUSFACTURAS, request)), most=100)


def states(looks: Looks, wanted: list[Key]) -> list[str]:
    """Return, in letters, what is known of each key: found, missing, several or unknown."""
    found = [looks.of(key) for key in wanted]
    return ["f" if one.product else "m" if one.missing else "s" if one.several else "?" for one in found]


@pytest.mark.parametrize(
    ("there", "wanted", "requests"),
    [
        (3000, range(50), {CONSULTAR: 1}),
        (60, range(60), {LISTAR: 1}),
        (3000, range(3000), {LISTAR: 3}),
        (2001, range(2001), {LISTAR: 3}),
        (2000, range(2000), {LISTAR: 2}),
        (5000, range(4950, 5010), {LISTAR: 1, CONSULTAR: 2}),
        (5000, range(1040), {LISTAR: 1, CONSULTAR: 1}),
        (0, range(60), {LISTAR: 1}),
        (1500, range(1500, 1700), {LISTAR: 2}),
    ],
)
def test_the_fewest_requests_are_made(sandbox: Sandbox, there: int, wanted: range, requests: dict[str, int]) -> None:
    """By keys, by pages, or pages until the rest is cheaper by keys; each key is known in the end."""
    fill(sandbox, there)
    asked = keys(*wanted)
    looks = read(sandbox, asked)
    assert sandbox.tusfacturas.requests == requests
    assert states(looks, asked) == ["f" if number < there else "m" for number in wanted]


def test_a_product_that_moved_to_a_page_already_read_is_asked_for(sandbox: Sandbox) -> None:
    """A product deleted between two pages shifts the others: none of them is taken for missing."""
    fill(sandbox, 1500)

    def answer(request: Request) -> Answer:
        told = ask(sandbox, TUSFACTURAS, request)
        if json.loads(request.body or b"").get("pagina") == 0:
            sandbox.tusfacturas.forget("L", "P3")
        return told

    asked = keys(*range(1500))
    looks = read(sandbox, asked, answer)
    assert states(looks, asked) == ["f"] * 1500
    assert sandbox.tusfacturas.requests == {LISTAR: 2, CONSULTAR: 1}
    assert looks.total is None


def test_a_product_added_between_pages_is_no_repetition(sandbox: Sandbox) -> None:
    """New products come last: nothing is told twice, and what is not in a list that grew is asked for."""
    fill(sandbox, 1500)

    def answer(request: Request) -> Answer:
        told = ask(sandbox, TUSFACTURAS, request)
        if json.loads(request.body or b"").get("pagina") == 0:
            sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "P1600"})
        return told

    asked = keys(*range(1400), 1600, 1700)
    looks = read(sandbox, asked, answer)
    assert states(looks, asked) == ["f"] * 1401 + ["m"]
    assert sandbox.tusfacturas.requests == {LISTAR: 2, CONSULTAR: 1}


def page(*products: dict[str, object], total: int | None = None, **more: object) -> Answer:
    told = {"error": "N", "errores": [], "total": len(products) if total is None else total, "productos": products}
    return Answer(200, json.dumps({**told, **more}).encode())


def product(code: object, **more: object) -> dict[str, object]:
    return {"error": "N", "errores": [], "lista_precios": "L", "codigo": code, "descripcion": "x", **more}


def answering(by_path: dict[str, Answer], asked: Counter[str]) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        asked[request.path] += 1
        return by_path[request.path]

    return answer


def test_a_code_that_two_products_have_is_nobodys(sandbox: Sandbox) -> None:
    """A list may hold a code twice: which one is meant is not guessed; a product that is told twice is one."""
    told = page(product("P0"), product("P0", descripcion="y"), product("P1"), product("P1"), product(2, total=5))
    looks = read(sandbox, [*keys(0, 1), ("L", "2"), *keys(*range(3, 60))], answering({LISTAR: told}, Counter()))
    assert states(looks, [*keys(0, 1), ("L", "2"), *keys(3)]) == ["s", "f", "f", "m"]


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(404, b'{"error":"S","errores":["El recurso no existe."]}'),
        Answer(200, b'{"error":"S","errores":["No disponible en su plan."],"productos":[]}'),
        Answer(200, b"<html>"),
        page(product("P0"), total=0),
        page(product("P0"), total="many"),  # type: ignore[arg-type]
    ],
)
def test_without_a_list_the_keys_are_asked_for(sandbox: Sandbox, refusal: Answer) -> None:
    """The list is newer than the rest of the interface: where it is refused or garbled, there is another way."""
    fill(sandbox, 70)

    def answer(request: Request) -> Answer:
        return refusal if request.path == LISTAR else ask(sandbox, TUSFACTURAS, request)

    asked = keys(*range(80))
    looks = read(sandbox, asked, answer)
    assert states(looks, asked) == ["f"] * 70 + ["m"] * 10
    assert sandbox.tusfacturas.requests == {CONSULTAR: 2}
    assert looks.understood


def test_what_cannot_be_understood_is_asked_thrice_and_then_unknown(sandbox: Sandbox) -> None:
    """A garbled answer may be a bad moment; a refusal is final, and its words are kept."""
    asked: Counter[str] = Counter()
    looks = read(sandbox, keys(1), answering({CONSULTAR: Answer(200, b"{")}, asked))
    assert (looks.understood, asked[CONSULTAR]) == (False, 3)
    asked.clear()
    refusal = Answer(200, b'{"error":"S","errores":["Sin cupo."],"productos":[]}')
    looks = read(sandbox, keys(1), answering({CONSULTAR: refusal}, asked))
    assert (looks.understood, asked[CONSULTAR], looks.words) == (False, 1, ("Sin cupo.",))


def test_a_page_that_is_not_full_ends_the_list(sandbox: Sandbox) -> None:
    """A vendor that gives fewer than 1,000 a page is not believed to have told the first 1,000."""
    short = page(*(product(f"P{number}") for number in range(100)), total=300)
    told = {LISTAR: short, CONSULTAR: page(product("P150"))}
    asked: Counter[str] = Counter()
    looks = read(sandbox, keys(*range(90), 150), answering(told, asked))
    assert states(looks, keys(*range(90), 150)) == ["f"] * 91
    assert asked == {LISTAR: 1, CONSULTAR: 1}
