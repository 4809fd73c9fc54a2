"""What a look at Bsale's records says of a document whose answer was lost (SUB-8)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Literal

import pytest

from etl.model import Answer, Doubt, Json, Presence, Request, Sighting
from etl.sandbox import Fault, Sandbox
from etl.sandbox.bsale_account import RECEPTION
from etl.vendors.bsale import BSALE, RECEPTIONS
from etl.vendors.bsale.lists import rest_of_list
from etl.vendors.bsale.payload import marked
from tests.vendors.bsale.samples import GUIDE
from tests.vendors.kit import TOKEN, as_stored, ask, hold

GROUP = "\t1\tGuía\t123\tprueba api"
PAYLOADS: tuple[dict[str, Json], ...] = tuple(
    RECEPTIONS.payload({**GUIDE, "code": code, "quantity": Decimal(units)})
    for code, units in (("629", "2.5"), ("355", "1"), ("TE-NEGRO", "7"))
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def answering(sandbox: Sandbox, request: Request) -> Answer:
    return ask(sandbox, BSALE, request)


def note_mark(sandbox: Sandbox) -> Json:
    assert RECEPTIONS.baseline is not None
    return as_stored(hold(RECEPTIONS.baseline(GROUP, PAYLOADS), lambda request: answering(sandbox, request)))


def send(sandbox: Sandbox, token: str = TOKEN) -> None:
    request = marked(RECEPTIONS.submit.build(GROUP, PAYLOADS), token)
    assert answering(sandbox, request).status == 201


def look(sandbox: Sandbox, baseline: Json) -> tuple[Sighting, ...]:
    assert RECEPTIONS.look_up is not None
    doubt = Doubt(GROUP, PAYLOADS, TOKEN, baseline)
    return hold(RECEPTIONS.look_up(doubt), lambda request: answering(sandbox, request), most=200)


def presences(sightings: tuple[Sighting, ...]) -> set[Presence]:
    return {one.presence for one in sightings}


def somebody_elses(sandbox: Sandbox, count: int) -> None:
    for _ in range(count):
        sandbox.bsale.control("document", {"kind": "receptions", "day": "2026-01-05", "office": 1, "note": "otra"})


@pytest.mark.parametrize("newest_first", [False, True])
def test_our_document_is_found_among_many(sandbox: Sandbox, newest_first: bool) -> None:
    """Whatever came before and after it, over several pages, in either order of the list."""
    sandbox.bsale.account.mood.newest_first = newest_first
    somebody_elses(sandbox, 60)
    baseline = note_mark(sandbox)
    somebody_elses(sandbox, 70)
    send(sandbox)
    somebody_elses(sandbox, 5)
    sightings = look(sandbox, baseline)
    assert presences(sightings) == {Presence.PRESENT}
    number = str(sandbox.bsale.applications[0].document)
    assert {one.vendor_id for one in sightings} == {number}
    assert [one.seen["variantStock"] for one in sightings] == [Decimal("52.5"), Decimal("43.2"), 7]


def test_only_what_is_new_is_read(sandbox: Sandbox) -> None:
    """From the high-water mark on: an old account with many documents costs no more than a new one."""
    somebody_elses(sandbox, 400)
    baseline = note_mark(sandbox)
    send(sandbox)
    before = sum(sandbox.bsale.requests.values())
    look(sandbox, baseline)
    assert sum(sandbox.bsale.requests.values()) - before == 2, "one page of the list, one of the lines"


def test_two_documents_with_our_mark_are_an_alarm(sandbox: Sandbox) -> None:
    """Their numbers are told; nothing is undone."""
    baseline = note_mark(sandbox)
    send(sandbox)
    send(sandbox)
    sightings = look(sandbox, baseline)
    assert presences(sightings) == {Presence.DUPLICATED}
    for one in {str(one.document) for one in sandbox.bsale.applications}:
        assert one in str(sightings[0].note)


def test_another_runs_document_is_not_ours(sandbox: Sandbox) -> None:
    """It has the same lines and head, and another mark."""
    baseline = note_mark(sandbox)
    send(sandbox, "[imp:ffffffff-0001]")
    assert presences(look(sandbox, baseline)) == {Presence.ABSENT}


def test_a_document_whose_note_was_lost_is_never_overlooked(sandbox: Sandbox) -> None:
    """A vendor that keeps other notes: not taken for ours, not called absent either; its number is told."""
    sandbox.bsale.account.mood.notes = "lost"
    baseline = note_mark(sandbox)
    send(sandbox)
    sightings = look(sandbox, baseline)
    assert presences(sightings) == {Presence.UNKNOWN}
    assert str(sandbox.bsale.applications[0].document) in str(sightings[0].note)


def test_a_document_with_other_lines_is_not_confirmed(sandbox: Sandbox) -> None:
    """Our mark and half of our lines: what was sent and what is there are both shown."""
    baseline = note_mark(sandbox)
    sandbox.faults.order(Fault.CLOSE_MIDWAY, method="POST", items=2)
    with pytest.raises(OSError, match=r".*"):
        send(sandbox)
    sightings = look(sandbox, baseline)
    assert presences(sightings) == {Presence.UNKNOWN}
    assert sightings[0].expected["lines"] == 3
    assert sightings[0].seen["lines"] == 2


def test_a_line_that_came_back_as_two_is_confirmed(sandbox: Sandbox) -> None:
    """Sums count, not lines (facts 2.8)."""
    baseline = note_mark(sandbox)
    send(sandbox)
    documents = sandbox.bsale.account.documents[RECEPTION]
    ours = documents[sandbox.bsale.applications[0].document]
    first, *rest = ours.details
    halves = (replace(first, quantity=Decimal(1)), replace(first, id=9999, quantity=Decimal("1.5")))
    documents[ours.id] = replace(ours, details=(*halves, *rest))
    assert presences(look(sandbox, baseline)) == {Presence.PRESENT}


def test_a_list_that_changes_under_the_look_is_read_anew(sandbox: Sandbox) -> None:
    """A document deleted before the mark shifts the list: the whole of it is read."""
    somebody_elses(sandbox, 30)
    baseline = note_mark(sandbox)
    documents = sandbox.bsale.account.documents[RECEPTION]
    for number in list(documents)[4:9]:
        del documents[number]
    send(sandbox)
    assert presences(look(sandbox, baseline)) == {Presence.PRESENT}


Told = Literal["nothing", "ours", "twice", "unmarked"]


@pytest.mark.parametrize("seed", range(25))
def test_no_mixture_of_documents_leads_to_a_wrong_word(sandbox: Sandbox, seed: int) -> None:
    """Present only when it is there once, absent only when it is not there at all (SUB-8)."""
    rng = random.Random(seed)
    somebody_elses(sandbox, rng.randrange(70))
    baseline = rng.choice([note_mark(sandbox), None])
    sandbox.bsale.account.mood.newest_first = rng.random() < 0.5
    somebody_elses(sandbox, rng.randrange(60))
    times = rng.choice([0, 1, 1, 2])
    sandbox.bsale.account.mood.notes = rng.choice(["kept", "kept", "lost"])
    kept = sandbox.bsale.account.mood.notes == "kept"
    for _ in range(times):
        send(sandbox)
        somebody_elses(sandbox, rng.randrange(3))
    (presence,) = presences(look(sandbox, baseline))
    if kept and times:
        assert presence is (Presence.PRESENT if times == 1 else Presence.DUPLICATED)
    elif times:
        assert presence is Presence.UNKNOWN
    else:
        assert presence in {Presence.ABSENT, Presence.UNKNOWN}
        assert presence is Presence.ABSENT or baseline is None


def test_a_list_is_read_to_its_end_whatever_its_pages_hold() -> None:
    """Short pages go on, an empty one before the end is no list, and `count` says when it ends."""

    def pages(sizes: list[int], count: int) -> list[int] | None:
        given = iter(sizes)

        def answer(request: Request) -> Answer:
            offset = int(dict(request.query)["offset"])
            items = [f'{{"id": {offset + at}}}' for at in range(next(given))]
            return Answer(200, f'{{"count": {count}, "items": [{", ".join(items)}]}}'.encode())

        found = hold(rest_of_list("x.json"), answer)
        return None if found is None else [one["id"] for one in found]

    assert pages([50, 50, 7], 107) == list(range(107))
    assert pages([10, 3], 13) == list(range(13))
    assert pages([10, 0], 13) is None
    assert pages([0], 0) == []
