"""Decides which row of a sheet is its header, by evidence: the recognised headers, where required ones weigh more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etl.core.reading import is_blank
from etl.core.vocabulary import Vocabulary, header_key, header_text
from etl.model import Cell, Sheet

SEARCHED_ROWS = 50
"""The header is looked for in so many rows."""
_WEIGHT_REQUIRED = 3
_WEIGHT_QUESTION = 2
_WEIGHT_OPTIONAL = 1
_ENOUGH = 2
"""A row with fewer recognised headers is taken only when it is the first one and looks like a header."""


@dataclass(frozen=True, slots=True)
class HeaderCandidate:
    """A row that may be the header."""

    row: int
    score: int
    recognised: Mapping[int, str]
    """Column index -> the field, or the question, that its header stands for."""
    headers: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many different headers are recognised."""
        return len(set(self.recognised.values()))


def candidates_of(sheet: Sheet, vocabulary: Vocabulary, mapped: Sequence[str] = ()) -> tuple[HeaderCandidate, ...]:
    """Return the rows with at least one recognised header, best first, then from the top.

    `mapped` are the headers that the person named (``--map``): they count as required ones.
    """
    wanted = {header_key(header): header for header in mapped}
    found = (
        _candidate(number, cells, vocabulary, wanted)
        for number, cells in enumerate(sheet.rows[:SEARCHED_ROWS], start=1)
    )
    return tuple(sorted((row for row in found if row.score), key=lambda row: (-row.score, row.row)))


def best_of(candidates: Sequence[HeaderCandidate], sheet: Sheet) -> tuple[HeaderCandidate, ...]:
    """Return the header row; several when they tie, none when nothing is good enough.

    A row that repeats the best one (a header on every printed page) is no tie: the first one is the header.
    """
    if not candidates:
        return ()
    first = candidates[0]
    tied = tuple(
        row
        for row in candidates
        if row is first or (row.score == first.score and dict(row.recognised) != dict(first.recognised))
    )
    if first.count >= _ENOUGH or _looks_like_a_header(first, sheet):
        return tied
    return ()


def _candidate(
    number: int, cells: Sequence[Cell], vocabulary: Vocabulary, mapped: Mapping[str, str]
) -> HeaderCandidate:
    headers = tuple(header_text(cell) for cell in cells)
    recognised: dict[int, str] = {}
    weights: dict[str, int] = {}
    for index, header in enumerate(headers):
        if not header or not isinstance(cells[index], str):
            continue
        name, weight = _meaning(header, vocabulary, mapped)
        if name is not None:
            recognised[index] = name
            weights[name] = weight
    return HeaderCandidate(number, sum(weights.values()), recognised, headers)


def _meaning(header: str, vocabulary: Vocabulary, mapped: Mapping[str, str]) -> tuple[str | None, int]:
    key = header_key(header)
    if key and key in mapped:
        return mapped[key], _WEIGHT_REQUIRED
    column = vocabulary.fields.get(key)
    if column is not None:
        return column.name, _WEIGHT_REQUIRED if column.required else _WEIGHT_OPTIONAL
    if key in vocabulary.questions:
        return header, _WEIGHT_QUESTION
    return None, 0


def _looks_like_a_header(row: HeaderCandidate, sheet: Sheet) -> bool:
    above = sheet.rows[: row.row - 1]
    if any(not is_blank(cell) for cells in above for cell in cells):
        return False
    filled = [cell for cell in sheet.rows[row.row - 1] if not is_blank(cell)]
    return len(filled) > 1 and all(isinstance(cell, str) for cell in filled)
