"""Which requests a fault falls on."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.sandbox import faults
from etl.sandbox.faults import Fault, FaultBook, FaultOrder, Picked

PATH = "productos/stock"
FAULTS_SOURCE = Path(faults.__file__).read_text(encoding="utf-8")


def falls(book: FaultBook, count: int, path: str = PATH) -> list[int]:
    """Return the numbers of the requests that something falls on."""
    return [number for number in range(1, count + 1) if book.pick("tusfacturas", path).order is not None]


def test_falls_once_on_the_first_request_if_nothing_else_is_said() -> None:
    """An order without details means the very next request, and only that."""
    book = FaultBook()
    book.order(Fault.CLOSE_AFTER)
    assert falls(book, 5) == [1]


def test_falls_on_the_nth_request_and_as_often_as_ordered() -> None:
    """`nth` and `times` count matching requests, from the moment of the order."""
    book = FaultBook()
    book.order(Fault.CLOSE_AFTER, nth=3, times=2)
    assert falls(book, 7) == [3, 4]


def test_never_ends_when_times_is_none() -> None:
    """A vendor can be broken for good."""
    book = FaultBook()
    book.order(Fault.CLOSE_AFTER, nth=2, times=None)
    assert falls(book, 4) == [2, 3, 4]


def test_other_paths_and_vendors_are_neither_hit_nor_counted() -> None:
    """A fault of one method leaves the others, and their counts, alone."""
    book = FaultBook()
    book.order(Fault.CLOSE_AFTER, path=PATH, nth=2)
    book.order(Fault.CLOSE_AFTER, vendor="bsale", times=None)
    assert falls(book, 3, "productos/consultar") == []
    assert falls(book, 3) == [2]


def test_equal_seeds_draw_alike_and_other_seeds_otherwise() -> None:
    """A run with random faults can be had again from its seed."""

    def drawn(seed: int) -> list[int]:
        book = FaultBook()
        book.order(Fault.CLOSE_AFTER, times=None, probability=0.3, seed=seed)
        return falls(book, 200)

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert 30 < len(drawn(7)) < 90


def test_the_first_order_wins_and_latency_adds_to_it() -> None:
    """One request has at most one fault, however late it is."""
    book = FaultBook()
    book.order(Fault.LATENCY, delay=0.2, times=None)
    book.order(Fault.HTML)
    book.order(Fault.EMPTY, times=2)
    assert book.pick("tusfacturas", PATH) == Picked(FaultOrder(fault=Fault.HTML), 0.2)
    assert book.pick("tusfacturas", PATH).order == FaultOrder(fault=Fault.EMPTY, times=2)
    assert book.pick("tusfacturas", PATH) == Picked(None, 0.2)


def test_tells_what_has_fired_and_forgets_it_when_cleared() -> None:
    """A test can make sure that its fault did happen."""
    book = FaultBook()
    book.order(Fault.EMPTY)
    book.order(Fault.RESET_ON_ACCEPT)
    assert book.pick_connection() is True
    assert book.pick_connection() is False
    falls(book, 2)
    assert [one.fault for one in book.fired] == [Fault.RESET_ON_ACCEPT, Fault.EMPTY]
    book.order(Fault.EMPTY)
    book.clear()
    assert book.fired == ()
    assert falls(book, 2) == []


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_says_what_it_does(fault: Fault) -> None:
    """The one who orders a fault learns from its line in the enum whether the request is applied."""
    source = FAULTS_SOURCE.partition(f'{fault.name} = "{fault.value}"')[2].lstrip()
    described = source.startswith('"""')
    assert described
    told = source.split('"""')[1].lower()
    assert "applied" in told or fault is Fault.LATENCY
