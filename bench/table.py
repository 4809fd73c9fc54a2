"""Figures and the table in README that shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
HEADING = ("| figure | what | ratio | goal | ours / theirs (medians) |", "|---|---|---|---|---|")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured ratio beside its goal; `at_least` where more is better."""

    name: str
    what: str
    value: float
    goal: float
    at_least: bool = False
    unit: str = "x"
    detail: str = ""
    tells: bool = True
    """Whether it was measured at the size that its goal is meant for; else the fixed costs of a start decide it."""

    @property
    def missed(self) -> bool:
        """Whether the goal is missed, as far as the size lets it be said."""
        reached = self.value >= self.goal if self.at_least else self.value <= self.goal
        return self.tells and not reached


def line(figure: Figure) -> str:
    """Return a figure as a line of the table."""
    sign = ">=" if figure.at_least else "<="
    value = f"{figure.value:,.2f}" if figure.unit == "x" else f"{figure.value:,.0f}{figure.unit}"
    mark = " **missed**" if figure.missed else "" if figure.tells else " (too small to tell)"
    return f"| {figure.name} | {figure.what} | {value}{mark} | {sign} {figure.goal:g} | {figure.detail} |"


def missed(figures: Iterable[Figure]) -> str:
    """Return the figures that miss their goals, each once, and those of which the size tells nothing."""
    seen = list(figures)
    names = dict.fromkeys(figure.name for figure in seen if figure.missed)
    silent = dict.fromkeys(figure.name for figure in seen if not figure.tells)
    told = f"missed: {', '.join(names) or 'none'}"
    return f"{told}; too small to tell: {', '.join(silent)}" if silent else told


def with_table(text: str, lines: Iterable[str], note: str) -> str:
    """Return README with these lines between its marks; those of figures that were not measured stay as they were."""
    head, _, rest = text.partition(BEGIN)
    known, _, tail = rest.partition(END)
    kept = {_named(row): row for row in known.splitlines() if row.startswith("| ") and not row.startswith("| figure")}
    measured = {_named(row): row for row in lines}
    table = [*HEADING, *sorted((kept | measured).values(), key=_order), "", note]
    return head + "\n".join([BEGIN, *table, END]) + tail


def _named(row: str) -> tuple[str, ...]:
    return tuple(row.split(" | ")[:2])


def _order(row: str) -> tuple[int, str]:
    name = row.removeprefix("| ").partition(" ")[0]
    return (int(name[1:]) if name[1:].isdigit() else 0, row)
