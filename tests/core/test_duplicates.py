"""Rows with one key are decided before anything is cut into batches: an error on all of them, or what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.headers import Wanted
from etl.core.mapping import ReadingOptions
from etl.core.validation import Checked
from etl.model import Cell, Effect, Severity
from etl.vendors.base import Destination, Kind
from tests.core.tables import KEPT, PAIRS, SHELVES, checked, codes_at, column, destination, sheet

HEADER = ("Code", "Name", "Price", "Count")
MOVES = ("Code", "Count", "Move")


def of(to: Destination, *rows: Sequence[Cell | int], duplicates: str = "error") -> Checked:
    """Check these rows under the usual headers of the destination."""
    header = MOVES if to is PAIRS else HEADER
    return checked(
        sheet(header, *rows), to, Wanted(constants={} if to is not PAIRS else {"move": "A"}), duplicates=duplicates
    )


def test_a_key_in_several_rows_is_an_error_on_all_of_them_at_the_key() -> None:
    """No row of the group is sent, and the message names all its rows."""
    result = of(SHELVES, ("A1", "Tren", 1, 3), ("A2", "Bus", 1, 3), ("A1", "Auto", 2, 4))
    assert codes_at(result.findings) == [("duplicate_key", "A2"), ("duplicate_key", "A4")]
    assert "“A1”" in str(result.findings[0].message)
    assert "2, 4" in str(result.findings[0].message)
    assert [row.number for row in result.rows] == [3]


def test_a_bad_row_still_shares_its_key() -> None:
    """A row that is invalid for another reason makes its double a duplicate too: correcting it would send both."""
    result = of(SHELVES, ("A1", "Tren", 1, "malo"), ("A1", "Bus", 1, 3))
    assert codes_at(result.findings) == [("duplicate_key", "A2"), ("not_a_number", "D2"), ("duplicate_key", "A3")]
    assert not result.rows


def test_one_key_under_two_operations_is_a_duplicate() -> None:
    """The operation is no part of the key."""
    result = of(PAIRS, ("A1", 3, "A"), ("A1", 3, "B"))
    assert [code for code, _ in codes_at(result.findings)] == ["duplicate_key", "duplicate_key"]
    summed = of(PAIRS, ("A1", 3, "A"), ("A1", 3, "B"), duplicates="sum")
    assert [finding.severity for finding in summed.findings] == [Severity.ERROR] * 2
    assert "differ in move" in str(summed.findings[0].message)
    assert not summed.rows


def test_the_last_key_field_is_where_a_key_of_two_fields_is_marked() -> None:
    """With a list and a code, the same code in two lists is two products."""
    to = destination(column("list", Kind.CODE), column("code", Kind.CODE), key=("list", "code"))
    result = checked(sheet(("List", "Code"), ("L1", "A"), ("L2", "A"), ("L1", "A")), to)
    assert codes_at(result.findings) == [("duplicate_key", "B2"), ("duplicate_key", "B4")]


def test_keys_are_compared_as_they_are_sent() -> None:
    """The number 123, the text "123" and "123 " are one code."""
    result = of(SHELVES, (123, "Tren", 1, 3), ("123", "Bus", 1, 3), ("123 ", "Auto", 1, 3))
    assert [finding.row for finding in result.findings if finding.code == "duplicate_key"] == [2, 3, 4]


@pytest.mark.parametrize(("policy", "kept"), [("first", 2), ("last", 4)])
def test_first_and_last_keep_one_row_and_skip_the_others(policy: str, kept: int) -> None:
    """The others are skipped with the row that stands for them, and all are warned of."""
    result = of(KEPT, ("A1", "Tren", 1, 3), ("A2", "Bus", 1, 3), ("A1", "Auto", 2, 4), duplicates=policy)
    assert [row.number for row in result.rows] == sorted({3, kept})
    assert list(result.skipped) == [6 - kept]
    assert f"Row {kept}" in str(result.skipped[6 - kept])
    assert {finding.severity for finding in result.findings} == {Severity.WARNING}
    assert codes_at(result.findings) == [("duplicate_key", "A2"), ("duplicate_key", "A4")]


def test_when_the_row_that_counts_is_bad_no_other_takes_its_place() -> None:
    """The last row was said to count; sending the first because the last is wrong would be a guess."""
    result = of(KEPT, ("A1", "Tren", 1, 3), ("A1", "Auto", 2, "malo"), duplicates="last")
    assert not result.rows
    assert list(result.skipped) == [2]


def test_a_superseded_row_with_an_error_keeps_its_error() -> None:
    """It has one fate: invalid, not skipped as well."""
    result = of(KEPT, ("A1", "Tren", 1, "malo"), ("A1", "Auto", 2, 3), duplicates="last")
    assert [row.number for row in result.rows] == [3]
    assert result.skipped == {}


def test_sum_adds_up_and_all_rows_share_the_fate() -> None:
    """The first row is sent with the sum; the others are in its list, neither skipped nor sent."""
    result = of(PAIRS, ("A1", 3, None), ("A2", 5, None), ("A1", 4, None), ("A1", 10, None), duplicates="sum")
    assert [(row.number, row.values["count"]) for row in result.rows] == [(2, 17), (3, 5)]
    assert result.merged == {2: (2, 4, 5)}
    assert result.skipped == {}
    assert [(finding.row, finding.severity) for finding in result.findings] == [
        (2, Severity.WARNING),
        (4, Severity.WARNING),
        (5, Severity.WARNING),
    ]
    assert "added up to 17" in str(result.findings[0].message)


def test_nothing_is_added_up_beside_a_bad_row() -> None:
    """With one row of the group in error a part of the sum would be sent: none is, and the row to correct is named."""
    result = of(PAIRS, ("A1", 3, None), ("A1", "malo", None), duplicates="sum")
    assert not result.rows
    assert result.merged == {}
    errors = [finding for finding in result.findings if finding.code == "duplicate_key"]
    assert [finding.row for finding in errors] == [2, 3]
    assert "errors in 3" in str(errors[0].message)
    other = of(PAIRS, ("A1", 3, "A"), ("A1", 4, "quizás"), duplicates="sum")
    assert not other.rows
    assert "errors in 3" in str(other.findings[0].message)


@pytest.mark.parametrize(
    ("one", "other"), [("Cam01", "CAM01"), ("A 1", "A1"), ("ABC", "ＡＢＣ"), ("STRASSE", "straße")]
)
def test_keys_that_only_look_different_are_refused_for_movements(one: str, other: str) -> None:
    """Two spellings of one code would move stock of the wrong product; where values are set it is a warning."""
    moved = of(SHELVES, (one, "Tren", 1, 3), (other, "Bus", 1, 3))
    assert codes_at(moved.findings) == [("similar_key", "A2"), ("similar_key", "A3")]
    assert not moved.rows
    assert f"“{one}” (2); “{other}” (3)" in str(moved.findings[0].message)
    kept = of(KEPT, (one, "Tren", 1, 3), (other, "Bus", 1, 3))
    assert [finding.severity for finding in kept.findings] == [Severity.WARNING] * 2
    assert len(kept.rows) == 2


def test_one_group_that_moves_stock_is_enough_for_the_error() -> None:
    """The effect is asked of the groups that the rows are in."""
    mixed = replace(PAIRS, effect=lambda group: Effect.DELTA if group == "B" else Effect.SET)
    rows = (("a1", 3, "A"), ("A1", 3, "B"), ("b1", 3, "A"), ("B1", 3, "A"))
    result = checked(sheet(MOVES, *rows), mixed)
    assert [(finding.row, finding.severity.value) for finding in result.findings] == [
        (2, "error"),
        (3, "error"),
        (4, "warning"),
        (5, "warning"),
    ]


def test_parts_of_a_key_are_compared_one_by_one() -> None:
    """List "A" with code "BC" is not list "AB" with code "C"."""
    to = destination(column("list", Kind.CODE), column("code", Kind.CODE), key=("list", "code"))
    assert checked(sheet(("List", "Code"), ("A", "BC"), ("AB", "C")), to).findings == ()


def test_a_destination_without_a_key_has_no_duplicates() -> None:
    """Lines of a document may repeat."""
    to = replace(SHELVES, key=())
    assert len(of(to, ("A1", "Tren", 1, 3), ("A1", "Tren", 1, 3)).rows) == 2


@given(
    st.lists(
        st.tuples(st.sampled_from(["A1", "A2", "a1", "A 1", None]), st.sampled_from([1, 2, "malo", None])), max_size=12
    ),
    st.sampled_from(["error", "sum"]),
)
def test_no_unit_is_lost_or_counted_twice(rows: list[tuple[str | None, int | str | None]], policy: str) -> None:
    """What is sent is the sum of the rows that are not refused, and each row has one fate."""
    result = of(PAIRS, *rows, duplicates=policy)
    invalid = {finding.row for finding in result.findings if finding.is_error}
    carried = [number for row in result.rows for number in result.merged.get(row.number, (row.number,))]
    numbered = {number: row for number, row in enumerate(rows, start=2) if any(cell is not None for cell in row)}
    assert sorted([*carried, *invalid, *result.skipped]) == sorted(numbered)
    assert sum(int(str(row.values["count"])) for row in result.rows) == sum(int(numbered[n][1] or 0) for n in carried)


def test_a_large_group_is_told_in_few_words() -> None:
    """A key in a thousand rows has a finding on each, and no message of a thousand numbers."""
    result = of(SHELVES, *[("A1", "Tren", 1, 3)] * 1000)
    assert len(result.findings) == 1000
    assert len(str(result.findings[0].message)) < 200


def test_hidden_rows_that_are_left_out_share_no_key() -> None:
    """A filtered double is no double when hidden rows are skipped."""
    found = sheet(HEADER, ("A1", "Tren", 1, 3), ("A1", "Bus", 1, 3), hidden_rows=frozenset({3}))
    assert checked(found, SHELVES, options=ReadingOptions(skip_hidden=True)).findings == ()
