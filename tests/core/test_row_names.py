"""Every row of a run can be named by a person, also one that was added to a results workbook and has no number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.row_names import listed_rows, ref_of, row_name, row_refs


@given(st.lists(st.none() | st.integers(1, 1_048_576), max_size=20))
def test_a_name_says_which_row_is_meant(numbers: list[int | None]) -> None:
    """Numbers are what Excel shows, added rows are counted; what is written is read as the same row."""
    refs = row_refs(numbers)
    assert [ref if ref > 0 else None for ref in refs] == numbers
    assert len({ref for ref in refs if ref < 0}) == numbers.count(None)
    assert [ref_of(row_name(ref)) for ref in refs] == refs


@pytest.mark.parametrize("name", ["", "0", "+0", "-1", "1.5", "x", "++1", "12345678", "+", "１"])
def test_what_names_no_row(name: str) -> None:
    """A typing slip never means another row."""
    assert ref_of(name) is None


def test_rows_are_listed_as_resolve_takes_them() -> None:
    """Ranges for numbers, one by one for added rows; nothing twice."""
    assert listed_rows([5, 3, 4, -1, 9, -2, 9]) == "3-5,9,+1,+2"
