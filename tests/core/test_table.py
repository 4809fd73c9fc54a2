"""What the person sees in a cell: its number with the decimals of its format, when that hides some."""

from __future__ import annotations

import pytest

from etl.core.table import seen_at
from etl.model import Cell, CellNote, ShownDecimals
from tests.core.tables import sheet


@pytest.mark.parametrize(
    ("cell", "decimals", "seen"),
    [
        (84.0368420622541, 2, "84.04"), (84.0368420622541, 0, "84"), (0.125, 2, "0.13"), (-0.125, 2, "-0.13"),
        (21.0, 2, "21"), (1707.1768000000002, 3, "1707.177"), ("84.0368", 2, "84.0368"),
        (None, 2, ""), (True, 2, "VERDADERO"),
    ],
)  # fmt: skip
def test_a_number_is_seen_with_the_decimals_of_its_format(cell: Cell, decimals: int, seen: str) -> None:
    """Excel rounds halves away from zero; a format that shows more than there is adds nothing."""
    found = sheet((cell,), decimals=ShownDecimals([1 << 14], [decimals]))
    assert seen_at(found, 1, 0, found.cell(1, 0)) == seen


def test_a_format_that_changes_the_meaning_goes_first() -> None:
    """A percent cell is seen as a percentage, an unknown format as the number itself."""
    note = {(1, 0): CellNote(number_format="0%")}
    assert seen_at(sheet((0.215,), notes=note, decimals=ShownDecimals([1 << 14], [0])), 1, 0, 0.215) == "21.5%"
    assert seen_at(sheet((0.215, 1)), 1, 0, 0.215) == "0.215"
