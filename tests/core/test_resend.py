"""A row of a results workbook is known again, and a corrected one is told from it."""

from __future__ import annotations

from datetime import datetime

import pytest

from etl.core.resend import Mark, ResentRow, known_rows, row_key
from etl.model import Cell

ROW = ("00123", "Tren", 1000.125, None, True, datetime(2026, 3, 1, 10, 30))  # noqa: DTZ001


@pytest.mark.parametrize(
    "saved",
    [
        (*ROW, None, None),
        (" 00123", "Tren\u00a0", 1000.1250000000001, "", True, datetime(2026, 3, 1, 10, 30, 0, 400)),  # noqa: DTZ001
    ],
)
def test_saving_again_does_not_change_the_key(saved: tuple[Cell, ...]) -> None:
    """Programs trim, add empty cells, and write a number's last bit otherwise."""
    assert row_key(saved) == row_key(ROW)


@pytest.mark.parametrize("index", range(len(ROW)))
def test_correcting_any_cell_changes_the_key(index: int) -> None:
    """What was corrected may be sent; what was not may not."""
    corrected = [*ROW]
    corrected[index] = "corrected"
    assert row_key(corrected) != row_key(ROW)


def test_cells_do_not_run_into_each_other() -> None:
    """A text that moves to the next column is a correction."""
    assert row_key(("ab", "c")) != row_key(("a", "bc"))
    assert row_key(("a", None, "b")) != row_key(("a", "b"))
    assert len(row_key(("\ud800",))) == 16


A, B, C = (Mark("r", number, key) for number, key in ((2, "a"), (3, "b"), (4, "c")))


def test_rows_are_known_by_their_cells_first() -> None:
    """Unchanged rows are themselves in any order; a corrected one is what its mark says; an added one has none."""
    assert known_rows([("c", C), ("a", A), ("b!", B), ("new", None)]) == [
        ResentRow("r", 4, changed=False),
        ResentRow("r", 2, changed=False),
        ResentRow("r", 3, changed=True),
        None,
    ]


def test_a_sort_that_left_the_marks_behind_confuses_nothing() -> None:
    """The hidden columns did not move along: the cells still tell which row each one is."""
    assert known_rows([("c", A), ("b", B), ("a", C)]) == [
        ResentRow("r", 4, changed=False),
        ResentRow("r", 3, changed=False),
        ResentRow("r", 2, changed=False),
    ]


def test_a_mark_whose_row_stands_elsewhere_says_nothing() -> None:
    """Row b was sorted away from its mark; what stands beside that mark now is not b, so it counts as added."""
    assert known_rows([("b", A), ("a!", B)]) == [ResentRow("r", 3, changed=False), None]


def test_a_copied_row_is_an_added_one() -> None:
    """Two rows are never the same row of the old run: the copy that was edited is new, the other is itself."""
    assert known_rows([("x", A), ("a", A), ("a", A)]) == [None, ResentRow("r", 2, changed=False), None]


def test_two_equal_rows_keep_their_own_marks() -> None:
    """Lines of a delivery may be equal: each has its own number."""
    twin = Mark("r", 9, "a")
    assert known_rows([("a", twin), ("a", A)]) == [ResentRow("r", 9, changed=False), ResentRow("r", 2, changed=False)]
