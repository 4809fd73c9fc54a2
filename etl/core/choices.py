"""Understands a cell of a code list: the code itself, its meaning, or a plain synonym; anything else is not allowed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from etl.core.amounts import hundredfold
from etl.core.code_lists import choices_by_name, folded, likely_choice, value_key
from etl.core.limits import listed
from etl.core.numbers import number_of_float, written_number
from etl.core.reading import CellReader, CellReading, Problem, bare, is_percent, shown
from etl.messages import Text, text
from etl.model import Cell, CellNote
from etl.vendors.base import Choice, Column


def choice_reader(column: Column) -> CellReader:
    """Return the reader of a code list; where its codes are numbers, ``10,5`` and ``21%`` are understood too."""
    names = choices_by_name(column)
    numbers = {choice.value: choice for choice in column.choices if isinstance(choice.value, Decimal)}

    def read(cell: Cell, note: CellNote | None) -> CellReading:
        if column.said and cell is not None and (said := column.said.get(value_key(shown(cell, note)))) is not None:
            return said
        if isinstance(cell, str):
            raw = bare(cell)
            if not raw:
                return None
            found = _named(raw, names) or _of_text(raw, column, numbers)
        elif isinstance(cell, bool):
            found = names.get("true" if cell else "false")
        elif isinstance(cell, float):
            found = _of_number(cell, note, column, names, numbers)
        else:
            found = None
        return found.value if found is not None else _not_allowed(cell, note, column)

    return read


def _named(raw: str, names: Mapping[str, Choice]) -> Choice | None:
    """Return the choice of that name. Digits must stand alone: ``1.5`` is not the code 15, nor ``-7`` the code 7."""
    name = folded(raw)
    return names.get(name) if not name.isdigit() or (raw.isascii() and raw.isdigit()) else None


def _of_text(raw: str, column: Column, numbers: Mapping[Decimal, Choice]) -> Choice | None:
    """Return the one choice that a number written as text can mean: the list settles ``10.500``."""
    written = written_number(raw) if numbers else None
    if written is None or written.money or (written.percent and not column.percent):
        return None
    found = [number for number in written.readings if number in numbers]
    if len(found) != 1 or (written.percent and found[0] < 0):
        return None
    return numbers[found[0]]


def _of_number(
    cell: float, note: CellNote | None, column: Column, names: Mapping[str, Choice], numbers: Mapping[Decimal, Choice]
) -> Choice | None:
    number = number_of_float(cell)
    if number is None:
        return None
    if is_percent(note):
        return numbers.get(hundredfold(number)) if column.percent and number >= 0 else None
    if numbers:
        return numbers.get(number)
    return names.get(str(int(number))) if number == int(number) and number >= 0 else None


def _not_allowed(cell: Cell, note: CellNote | None, column: Column) -> Problem:
    seen = shown(cell, note)
    return Problem(
        "not_allowed",
        text("“{value}” is not one of the values of this column", value=seen),
        _advice(seen, column),
    )


def _advice(seen: str, column: Column) -> Text:
    allowed = listed(column.choices)
    likely = likely_choice(seen, column)
    if likely is None:
        return text("Write one of these: {allowed}", allowed=allowed)
    if isinstance(likely.value, Decimal) and column.percent and written_number(seen) is not None:
        return text(
            "If {rate}% is meant, write {rate} or {rate}%. Allowed are: {allowed}",
            rate=f"{likely.value:f}",
            allowed=allowed,
        )
    return text(
        "Is {value} ({meaning}) meant? Allowed are: {allowed}",
        value=str(likely.value),
        meaning=likely.meaning,
        allowed=allowed,
    )
