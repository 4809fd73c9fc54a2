"""Rows for Justo: which are understood, which are refused, and that the size of a request changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.core.headers import Wanted, find_layout
from etl.core.mapping import ReadingOptions, map_rows
from etl.core.planning import plan
from etl.core.validation import Checked, check
from etl.freshness import age_findings
from etl.model import Answer, Cell, Sheet
from etl.sandbox import DEMO_CREDENTIALS
from etl.sandbox.justo import Justo
from etl.sandbox.wire import Incoming
from etl.vendors.justo import JUSTO, STOCK
from tests.core.tables import sheet

HEADERS = ("Local", "Tipo", "Producto", "Modificador", "Opción", "Stock", "Hasta")


def checked(*rows: tuple[Cell, ...], constants: Mapping[str, str] | None = None, duplicates: str = "error") -> Checked:
    found = sheet(HEADERS, *rows)
    layout, _ = find_layout(found, STOCK, Wanted(constants=constants or {}))
    return check(map_rows(found, layout, STOCK, ReadingOptions()), STOCK, layout, duplicates=duplicates)


def sent(result: Checked) -> list[dict[str, object]]:
    (batch,) = plan(result.rows, result.merged, STOCK)
    body: list[dict[str, object]] = json.loads(batch.body)
    return body


def codes(result: Checked) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.cell) for finding in result.findings]


def test_products_and_modifiers_stand_in_one_sheet() -> None:
    """The type is that of the column, or what the ids tell; ids stay as they are; the body is an array."""
    result = checked(
        ("s1", "producto", "abc 00123-x", None, None, 9, None),
        ("s1", None, 123.0, None, None, "45", None),
        ("s1", None, None, "m1", "o1", 0, datetime(2021, 8, 9, 12, 15, 0, 52_000)),  # noqa: DTZ001 - Excel's
    )
    assert result.findings == ()
    assert sent(result) == [
        {"storeId": "s1", "productId": "abc 00123-x", "type": "product", "stock": 9},
        {"storeId": "s1", "productId": "123", "type": "product", "stock": 45},
        {
            "type": "modifier",
            "storeId": "s1",
            "modifierId": "m1",
            "modifierOptionId": "o1",
            "untilDate": "2021-08-09T15:15:00.052Z",
            "stock": 0,
        },
    ]
    assert result.derived == {3: {"type": "product"}, 4: {"type": "modifier"}}


def test_the_type_may_come_from_set() -> None:
    """``--set type=…`` fills blank cells, and is held against the ids."""
    row = ("s1", None, None, "m1", "o1", 3, None)
    assert sent(checked(row, constants={"type": "modificador"}))[0]["type"] == "modifier"
    assert codes(checked(row, constants={"type": "product"})) == [("conflicting_values", "D2")]


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (("s1", None, None, None, None, 3, None), [("required", "C2")]),
        (("s1", "product", None, None, None, 3, None), [("required", "C2")]),
        (("s1", None, None, "m", None, 3, None), [("required", "E2")]),
        (("s1", None, None, None, "o", 3, None), [("required", "D2")]),
        (("s1", "modifier", None, None, None, 3, None), [("required", "D2"), ("required", "E2")]),
        (("s1", None, "p", "m", None, 3, None), [("conflicting_values", "C2")]),
        (("s1", "modifier", "p", None, None, 3, None), [("conflicting_values", "C2")]),
        (("s1", "product", None, "m", "o", 3, None), [("conflicting_values", "D2")]),
        ((None, None, "p", None, None, 3, None), [("required", "A2")]),
        (("s1", None, "p", None, None, None, None), [("required", "F2")]),
        (("s1", None, "p", None, None, 2.5, None), [("not_an_integer", "F2")]),
        (("s1", None, "p", None, None, -1, None), [("out_of_range", "F2")]),
        (("s1", None, "p", None, None, "muchas", None), [("not_a_number", "F2")]),
        (("s1", None, "7,79E+12", None, None, 3, None), [("precision_lost", "C2")]),
        (("s1", None, "p", None, None, 3, "31/03/2026"), [("not_a_date", "G2")]),
        (("s1", "combo", "p", None, None, 3, None), [("not_allowed", "B2")]),
    ],
)
def test_a_row_that_cannot_be_sent_says_where_and_why(row: tuple[Cell, ...], wanted: list[tuple[str, str]]) -> None:
    """One finding a mistake, at the cell to correct; a spoilt id is not called missing as well."""
    result = checked(row)
    assert codes(result) == wanted
    assert not result.rows


def test_a_repeated_key_is_marked_at_the_last_cell_of_its_own_key() -> None:
    """A product's key ends in productId, a modifier's in modifierOptionId; one option of two modifiers is two."""
    rows = (
        ("s1", None, "p", None, None, 1, None),
        ("s1", None, "p", None, None, 2, None),
        ("s2", None, "p", None, None, 3, None),
        ("s1", None, None, "m", "o", 4, None),
        ("s1", None, None, "m", "o", 5, None),
        ("s1", None, None, "n", "o", 6, None),
    )
    result = checked(*rows)
    assert codes(result) == [("duplicate_key", cell) for cell in ("C2", "C3", "E5", "E6")]
    assert [row.number for row in result.rows] == [4, 7]
    assert "storeId + productId" in str(result.findings[0].message)
    assert "modifierId" not in str(result.findings[0].message)
    for policy, kept in (("first", [2, 4, 5, 7]), ("last", [3, 4, 6, 7])):
        assert [row.number for row in checked(*rows, duplicates=policy).rows] == kept


def delivered(justo: Justo, result: Checked, limit: int) -> list[tuple[tuple[int, ...], bool, tuple[str, ...]]]:
    """Send everything in requests of at most `limit` items, and return what is told of each row."""
    target = replace(STOCK, batch_limit=limit)
    told = []
    for batch in plan(result.rows, result.merged, target):
        payloads = [item.payload for item in batch.items]
        request = target.submit.build(batch.group, payloads)
        signed = JUSTO.sign(request, DEMO_CREDENTIALS["justo"])
        headers = {name.lower(): value for name, value in signed.headers.items()}
        reply = justo.answer(request.path, Incoming(request.method, request.path, (), headers, signed.body or b"", 1))
        reading = target.submit.read(batch.group, payloads, Answer(reply.status, reply.body))
        assert sorted(item.position for item in reading.items) == list(range(len(payloads)))
        told += [(batch.items[item.position].rows, item.accepted, item.texts) for item in reading.items]
    return sorted(told)


KNOWN = ("empanada-carne", "empanada-humita", "00123", "nadie-lo-conoce")
some_rows = st.lists(st.tuples(st.sampled_from(KNOWN), st.integers(0, 99)), min_size=1, max_size=60)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(some_rows, st.integers(1, 50), st.sampled_from(["first", "last"]))
def test_the_size_of_a_request_changes_nothing(rows: Sequence[tuple[str, int]], limit: int, policy: str) -> None:
    """The first wins inside a body and the last across bodies: a repeated key is decided before either can happen."""
    result = checked(
        *(("local-centro", None, code, None, None, units, None) for code, units in rows), duplicates=policy
    )
    ends = []
    for size in (limit, 50):
        justo = Justo(DEMO_CREDENTIALS["justo"])
        ends.append((delivered(justo, result, size), [justo.stock("local-centro", known) for known in KNOWN[:3]]))
    assert ends[0] == ends[1]
    wanted = dict(rows if policy == "last" else reversed(rows))
    assert ends[0][1] == [wanted.get(known) for known in KNOWN[:3]]


@pytest.mark.parametrize(("hours", "warned"), [(0, False), (23.9, False), (24.1, True), (900, True)])
def test_a_sheet_of_yesterday_is_warned_of(hours: float, warned: bool) -> None:
    """Orders have lowered the stock since it was saved; a sheet that does not say when is not."""
    now = datetime(2026, 3, 31, tzinfo=UTC)
    plain = sheet(HEADERS)
    old: Sheet = replace(plain, modified=now - timedelta(hours=hours))
    found = age_findings(old, STOCK, now)
    assert [(finding.code, finding.is_error) for finding in found] == ([("old_sheet", False)] if warned else [])
    assert age_findings(replace(plain, modified=None), STOCK, now) == ()
    assert age_findings(old, replace(STOCK, fresh_for=None), now) == ()
