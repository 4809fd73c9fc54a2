"""The table in README: what a line says, which figures are called missed, what stays of an older table."""

from __future__ import annotations

import pytest

from bench.table import BEGIN, END, Figure, line, missed, with_table

GOOD = Figure("P5", "sending / vendor's time", 1.08, 1.10, detail="27 s / 25 s")
BAD = Figure("P1", "validate / calamine", 3.0, 2.5)
MORE = Figure("P12", "script by hand / ours", 4.2, 5, at_least=True)
MEMORY = Figure("P9", "memory of P1", 512.4, 400, unit=" MB")
SMALL = Figure("P3", "script by hand / validate", 2.0, 12, at_least=True, tells=False)


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (GOOD, "| P5 | sending / vendor's time | 1.08 | <= 1.1 | 27 s / 25 s |"),
        (BAD, "| P1 | validate / calamine | 3.00 **missed** | <= 2.5 |  |"),
        (MORE, "| P12 | script by hand / ours | 4.20 **missed** | >= 5 |  |"),
        (MEMORY, "| P9 | memory of P1 | 512 MB **missed** | <= 400 |  |"),
        (SMALL, "| P3 | script by hand / validate | 2.00 (too small to tell) | >= 12 |  |"),
    ],
)
def test_a_line_says_what_was_reached(figure: Figure, expected: str) -> None:
    """A goal that is missed stands out, whichever way it is meant; a size that tells nothing is said."""
    assert line(figure) == expected


def test_what_is_missed_is_named_once() -> None:
    """Two missed lines of a figure are one; a figure that was measured too small is never called missed."""
    assert missed([GOOD, BAD, BAD, MORE, SMALL]) == "missed: P1, P12; too small to tell: P3"
    assert missed([GOOD]) == "missed: none"


def test_a_table_keeps_what_was_not_measured_this_time() -> None:
    """Parts can be measured one by one: new lines replace their own, the rest stays, in the order of the figures."""
    old = Figure("P5", GOOD.what, 2.07, 1.10)
    before = with_table(f"above\n{BEGIN}\n{END}\nbelow\n", map(line, [MORE, old, BAD]), "Measured on one machine.")
    after = with_table(before, [line(GOOD)], "Measured on another machine.")
    rows = [row for row in after.splitlines() if row.startswith("| P")]
    assert rows == [line(BAD), line(GOOD), line(MORE)]
    assert after.startswith(f"above\n{BEGIN}\n| figure |")
    assert after.endswith(f"\n\nMeasured on another machine.\n{END}\nbelow\n")
