"""Decides how a row of a results workbook is recognised as the row that it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from etl.model import Cell

HIDDEN_RUN = "etl_corrida"
HIDDEN_ROW = "etl_fila"
HIDDEN_KEY = "etl_clave"
HIDDEN_HEADERS = (HIDDEN_RUN, HIDDEN_ROW, HIDDEN_KEY)
"""The hidden last columns of `Reenviar`: run id, row number in the user's sheet, key of the row as it stood there."""

_KEY_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Mark:
    """What the hidden columns of a row say: the run, its number there, and the key of its cells as they stood."""

    run: str
    number: int
    key: str


@dataclass(frozen=True, slots=True)
class ResentRow:
    """What a row of ``Reenviar`` was."""

    run: str
    number: int
    """In the sheet of that run."""
    changed: bool
    """Somebody corrected a cell since."""


def known_rows(rows: Sequence[tuple[str, Mark | None]]) -> list[ResentRow | None]:
    """Return which row each one was, from the key of its cells now and its mark; None for a row that was added.

    Each mark counts once. Cells tell more than the mark beside them: a sort may have left the hidden columns behind,
    and a row that was copied brings the mark of another. Only then a row is taken for its mark's, corrected.
    """
    found: list[ResentRow | None] = [None] * len(rows)
    waiting = dict.fromkeys(mark for _, mark in rows if mark is not None)
    for place, (key, mark) in enumerate(rows):
        if mark in waiting and mark is not None and mark.key == key:
            found[place] = ResentRow(mark.run, mark.number, changed=False)
            del waiting[mark]
    by_key: dict[str, list[Mark]] = {}
    for mark in waiting:
        by_key.setdefault(mark.key, []).append(mark)
    for place, (key, _) in enumerate(rows):
        if found[place] is None and by_key.get(key):
            moved = by_key[key].pop(0)
            found[place] = ResentRow(moved.run, moved.number, changed=False)
            del waiting[moved]
    for place, (_, mark) in enumerate(rows):
        if found[place] is None and mark is not None and mark in waiting:
            found[place] = ResentRow(mark.run, mark.number, changed=True)
            del waiting[mark]
    return found


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
