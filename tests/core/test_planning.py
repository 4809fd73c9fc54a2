"""Rows become items with stable ids, and items requests: by group, in order, within the limit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from etl.core.planning import content_hash, group_label, group_of, marked, plan, token_of
from etl.model import Batch, Item, Request, Row
from etl.vendors.base import Kind
from tests.core.tables import PAIRS, column, destination

NAMES = ("office", "number", "note", "code", "bar", "units")
SHIPMENTS = destination(
    *(column(name, Kind.CODE) for name in NAMES),
    name="depot.shipments",
    key=(),
    known_by=("office", "number", "code", "bar"),
    amount="units",
    identifiers=("code", "bar"),
    group_fields=("office", "number", "note"),
    documents=True,
    kinds=(("POST", "1\t\t"),),
    batch_limit=3,
    payload=lambda values: {name: value for name, value in values.items() if name != "bar" or "code" not in values},
)


def ship(*rows: dict[str, object]) -> tuple[Batch, ...]:
    return plan([Row(number, row) for number, row in enumerate(rows, start=2)], {}, SHIPMENTS)  # type: ignore[arg-type]


def line(code: str = "x", units: int = 1, **more: object) -> dict[str, object]:
    return {"office": "1", "number": "5", "code": code, "units": Decimal(units), **more}


def item(**more: object) -> Item:
    (batch,) = ship(line(**more))  # type: ignore[arg-type]
    return batch.items[0]


def test_rows_of_one_document_stand_together_in_order() -> None:
    """Wherever they stood in the sheet; documents go out in the order of their first rows."""
    batches = ship(line("a"), line("b", number="6"), line("c"), line("d", number="6"))
    assert [[one.payload["code"] for one in batch.items] for batch in batches] == [["a", "c"], ["b", "d"]]


@given(st.lists(st.sampled_from("pqr"), max_size=20), st.integers(1, 5))
def test_no_line_is_lost_where_the_limit_cuts(numbers: list[str], limit: int) -> None:
    """Every row is in one batch, each batch within the limit, and the order in a document is the sheet's."""
    rows = [Row(at, {**line(), "number": number}) for at, number in enumerate(numbers)]  # type: ignore[dict-item]
    batches = plan(rows, {}, replace(SHIPMENTS, batch_limit=limit))
    placed = [row for batch in batches for one in batch.items for row in one.rows]
    assert sorted(placed) == list(range(len(numbers)))
    assert all(1 <= len(batch.items) <= limit for batch in batches)
    for group in {batch.group for batch in batches}:
        own = [row for batch in batches if batch.group == group for one in batch.items for row in one.rows]
        assert own == sorted(own)


def test_a_replacement_is_never_cut() -> None:
    """A second request would put its rows in place of the first's."""
    rows = [Row(at, line(str(at))) for at in range(9)]  # type: ignore[arg-type]
    whole = plan(rows, {}, replace(SHIPMENTS, indivisible=lambda _group: True))
    assert [len(batch.items) for batch in whole] == [9]


def test_a_line_is_the_same_by_what_it_is_known_by_and_its_quantity() -> None:
    """Neither note nor an identifier that is not sent makes a new movement of it; number and quantity do."""
    known = item()
    assert item(note="otra").id == known.id
    assert item(bar="779").id == known.id
    assert item(note="otra").content != known.content
    assert item(units=2).id != known.id
    assert item(units=2).key_id == known.key_id
    for other in (item(number="6"), item(office="2"), item(code="y")):
        assert known.id != other.id
        assert known.key_id != other.key_id


def test_equal_lines_are_numbered() -> None:
    """Each has an id of its own, and all of them the same beginning."""
    (batch,) = ship(line(), line(), line(units=2))
    first, second, third = (one.id for one in batch.items)
    assert second == f"{first}-2"
    assert not third.startswith(first)


def test_the_content_tells_sheets_apart_that_move_the_same() -> None:
    """A note of its own makes another sheet; the order of the rows does not."""
    assert content_hash(ship(line("a"), line("b"))) == content_hash(ship(line("b"), line("a")))
    assert content_hash(ship(line("a"))) != content_hash(ship(line("a", note="n")))
    assert content_hash(ship(line("a"))) != content_hash(ship(line("a"), line("a")))


texts = st.text(st.characters(exclude_characters="\t", exclude_categories=("Cs",)), max_size=200)


@given(texts, texts, texts)
def test_a_document_has_a_name_of_its_own_that_the_journal_can_hold(office: str, number: str, note: str) -> None:
    """At most 256 characters, whatever the note; another head is another name."""
    office, number = office[:60], number[:15]
    name = group_of({"office": office, "number": number, "note": note}, SHIPMENTS)
    assert len(name) <= 256
    assert group_of({"office": office, "number": number, "note": note + "x"}, SHIPMENTS) != name
    assert group_of({"office": office, "number": number + "x", "note": note}, SHIPMENTS) != name


def test_a_group_is_shown_by_what_it_holds() -> None:
    """An operation by its code, a document by its head without the blank fields."""
    assert group_label("A", PAIRS) == "move=A"
    assert group_label("1\t\tnota", SHIPMENTS) == "office=1, note=nota"


def test_each_batch_carries_its_own_mark() -> None:
    """Twenty characters of the run and the number of the batch, in the body that is kept."""

    def mark(request: Request, token: str) -> Request:
        return replace(request, body=token.encode())

    bodies = [
        batch.body
        for batch in marked(ship(line(), line(number="6")), "0123456789abcdef", replace(SHIPMENTS, mark=mark))
    ]
    assert bodies == [b"[imp:01234567-0001]", b"[imp:01234567-0002]"]
    assert len(token_of("0123456789abcdef", 1)) <= 20
