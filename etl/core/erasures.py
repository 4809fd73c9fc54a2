"""Understands ``(vacío)`` in a cell: the vendor's value is to be erased, where a blank cell keeps it."""

from __future__ import annotations

from dataclasses import replace

from etl.core.changes import ERASED
from etl.core.code_lists import folded
from etl.core.column_reading import SheetColumn
from etl.core.different import Different
from etl.core.reading import Problem, trimmed
from etl.messages import text
from etl.model import Cell, Finding
from etl.vendors.base import Column, Destination, Need


def erases(cell: Cell) -> bool:
    """Say whether a cell says ``(vacío)``, in whatever capitals and with or without its accent."""
    if not isinstance(cell, str) or len(cell) > 3 * len(ERASED):
        return False
    words = trimmed(cell)
    return words.startswith("(") and words.endswith(")") and folded(words) == folded(ERASED)


def without_erasures(
    cells: SheetColumn, declared: Column, destination: Destination
) -> tuple[SheetColumn, tuple[int, ...], tuple[Finding, ...]]:
    """Return the column with blank cells for ``(vacío)``, the rows that erase, and an error where nothing may be.

    What every product must have cannot be erased; what is never sent has nothing to erase and is simply blank.
    """
    suspicious = cells.different.texts if ")" in cells.different.joined else ()
    words = {cell for cell in suspicious if ")" in cell and erases(cell)}
    if not words:
        return cells, (), ()
    found = [number for number, cell in zip(cells.numbers, cells.cells, strict=True) if cell in words]
    kept = [None if cell in words else cell for cell in cells.cells]
    blanked = replace(cells, cells=kept, different=Different(kept))
    if destination.need(declared) is not Need.NEVER:
        problem = Problem(
            "required",
            text("{field} cannot be erased: every row needs it", field=declared.name),
            text("Leave the cell blank to keep what the vendor has, or write a value"),
        )
        return blanked, (), tuple(cells.finding(problem, number, ERASED) for number in found)
    return blanked, tuple(found) if destination.erasable(declared) else (), ()
