"""Recognises the columns `Estado` and `Motivo` of an annotated copy: they are ours and no data of the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from etl.core.header_row import SEARCHED_ROWS
from etl.core.reading import is_blank
from etl.io.workbook.names import Heading, heading_kind, state_words
from etl.model import Cell, Sheet

_PAIR = [Heading.STATE, Heading.REASON]


def without_own_columns(sheet: Sheet) -> tuple[Sheet, int | None]:
    """Return the sheet with our two columns blank, and the index of the first; the sheet as it is without them.

    They are known by their headers side by side, and by the words of outcomes that stand below, and by nothing else:
    so they are recognised wherever the table was carried, and a column of the user's own is never taken for ours.
    """
    for number, cells in enumerate(sheet.rows[:SEARCHED_ROWS], start=1):
        kinds = [heading_kind(cell.strip()) if isinstance(cell, str) else None for cell in cells]
        for column in range(len(cells) - 1):
            if kinds[column : column + 2] == _PAIR and _has_outcomes(sheet, number, column):
                return _blanked(sheet, column), column
    return sheet, None


def _has_outcomes(sheet: Sheet, header_row: int, column: int) -> bool:
    below = [sheet.cell(number, column) for number in range(header_row + 1, len(sheet.rows) + 1)]
    told = [cell for cell in below if not is_blank(cell)]
    words = state_words()
    return bool(told) and all(isinstance(cell, str) and cell.strip() in words for cell in told)


def _blanked(sheet: Sheet, first: int) -> Sheet:
    ours = (first, first + 1)
    rows = [_without(cells, ours) for cells in sheet.rows]
    notes = {place: note for place, note in sheet.notes.items() if place[1] not in ours}
    return replace(sheet, rows=rows, notes=notes)


def _without(cells: Sequence[Cell], ours: Sequence[int]) -> tuple[Cell, ...]:
    kept = [None if index in ours else cell for index, cell in enumerate(cells)]
    while kept and kept[-1] is None:
        kept.pop()
    return tuple(kept)
