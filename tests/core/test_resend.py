"""A row of a results workbook is known again, and a corrected one is told from it."""

from __future__ import annotations

from datetime import datetime

import pytest

from etl.core.resend import row_key
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
