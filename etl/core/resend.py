"""Decides how a row of a results workbook is recognised as the row that it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from etl.model import Cell

HIDDEN_RUN = "etl_corrida"
HIDDEN_ROW = "etl_fila"
HIDDEN_KEY = "etl_clave"
HIDDEN_HEADERS = (HIDDEN_RUN, HIDDEN_ROW, HIDDEN_KEY)
"""The hidden last columns of `Reenviar`: run id, row number in the user's sheet, key of the row as it stood there."""

_KEY_LENGTH = 16


def row_key(cells: Sequence[Cell]) -> str:
    """Return a short hash of a row's cells: the same after any program saved them, another once one was corrected.

    Blanks at the edges of texts and empty cells at the row's end do not count.
    """
    words = [_canonical(cell) for cell in cells]
    while words and not words[-1]:
        words.pop()
    return hashlib.sha256("\x1f".join(words).encode("utf-8", "replace")).hexdigest()[:_KEY_LENGTH]


def _canonical(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{cell}T00:00:00" if isinstance(cell, date) else str(cell)
