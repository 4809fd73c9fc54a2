"""The rows below a header as they stand: which are blank, and what the person sees in the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from etl.core.numbers import decimals_of, number_of_float
from etl.core.reading import is_blank, shown
from etl.model import Cell, CellNote, Layout, Sheet, SourceRow


def data_rows(sheet: Sheet, header_row: int) -> list[int]:
    """Return the numbers of the rows below the header that are not blank; an error in a cell is not blank."""
    lying = lying_cells(sheet.notes)
    return [
        number
        for number, cells in enumerate(sheet.rows[header_row:], start=header_row + 1)
        if any(map(is_filled, cells)) or number in lying
    ]


def source_rows(sheet: Sheet, layout: Layout) -> tuple[SourceRow, ...]:
    """Return every row below the header that is not blank, with as many cells as the table has columns.

    A cell whose look says more than its value (``21%``, ``00123``, ``#N/A``) is the text that the person sees.
    """
    return shown_rows(sheet, data_rows(sheet, layout.header_row), len(layout.headers))


def shown_rows(sheet: Sheet, numbers: Sequence[int], width: int) -> tuple[SourceRow, ...]:
    """Return these rows with so many cells each, as the person sees them."""
    noted: dict[int, dict[int, CellNote]] = {}
    for (number, column), note in sheet.notes.items():
        noted.setdefault(number, {})[column] = note
    return tuple(
        SourceRow(number, _source_cells(sheet.rows[number - 1], width, noted.get(number))) for number in numbers
    )


def lying_cells(notes: Mapping[tuple[int, int], CellNote]) -> dict[int, set[int]]:
    """Return the cells that have no value but are not blank: errors, formulas that were never calculated."""
    found: dict[int, set[int]] = {}
    for (row, column), note in notes.items():
        if note.error is not None or note.formula_without_value:
            found.setdefault(row, set()).add(column)
    return found


def covered_rows(sheet: Sheet, column: int, first: int, last: int) -> dict[int, tuple[int, int]]:
    """Return the rows whose cell in a column is covered by a merged one that begins elsewhere and has a value.

    Row number -> (row, column) of the cell that has the value, for rows from `first` to `last`. Each row is looked at
    once, however many areas a file heaps upon each other.
    """
    covered: dict[int, tuple[int, int]] = {}
    reached = first - 1
    for top, bottom, left, right in sorted(sheet.merged):
        if not left <= column <= right or is_blank(sheet.cell(top, left)):
            continue
        for number in range(max(top, reached + 1), min(bottom, last) + 1):
            if (number, column) != (top, left):
                covered[number] = (top, left)
        reached = max(reached, bottom)
    return covered


def seen_at(sheet: Sheet, row: int, column: int) -> str:
    """Return what the person sees in a cell, with no more decimals than its number format shows."""
    cell, note = sheet.cell(row, column), sheet.notes.get((row, column))
    decimals = sheet.decimals.of(row, column) if isinstance(cell, float) and note is None else None
    number = number_of_float(cell) if decimals is not None and isinstance(cell, float) else None
    if number is None or decimals is None or decimals_of(number) <= decimals:
        return shown(cell, note)
    return f"{number.quantize(Decimal((0, (1,), -decimals)), ROUND_HALF_UP):f}"


def is_filled(cell: Cell) -> bool:
    """Say whether a cell shows something; the quick test for whole sheets."""
    return cell is not None and (type(cell) is not str or not is_blank(cell))


def _source_cells(cells: Sequence[Cell], width: int, notes: Mapping[int, CellNote] | None) -> tuple[Cell, ...]:
    row = [*cells[:width], *[None] * (width - len(cells))]
    for column, note in (notes or {}).items():
        if column < width:
            row[column] = shown(row[column], note) or None
    return tuple(row)
