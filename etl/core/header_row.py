"""Decides which row of a sheet is its header, by evidence: the recognised headers, where required ones weigh more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from etl.core.reading import is_blank
from etl.core.vocabulary import Vocabulary, header_key, header_text
from etl.model import Sheet

SEARCHED_ROWS = 50
"""The header is looked for in so many rows."""
_LOOKED_BEYOND = 1000
"""Up to this row a header is pointed out, and not taken."""
_WEIGHT_REQUIRED = 3
_WEIGHT_QUESTION = 2
_WEIGHT_OPTIONAL = 1
_MOST_AREAS = 500
"""No header has more merged cells."""
_ENOUGH = 2
"""A row with fewer recognised headers is taken only when it is the first one and looks like a header."""


@dataclass(frozen=True, slots=True)
class HeaderCandidate:
    """A row that may be the header."""

    row: int
    score: int
    """How well it fits: every header that is known counts."""
    needed: int
    """The share of the score that is due to required fields and open questions: without them a table is of no use."""
    recognised: Mapping[int, str]
    """Column index -> the field, or the question, that its header stands for."""
    headers: tuple[str, ...]
    lines: int = 1
    """2 when merged cells make one header of this row and the one above."""

    @property
    def count(self) -> int:
        """How many different headers are recognised."""
        return len(set(self.recognised.values()))


def candidates_of(sheet: Sheet, vocabulary: Vocabulary, mapped: Sequence[str] = ()) -> tuple[HeaderCandidate, ...]:
    """Return the rows among the first 50 with at least one recognised header, best first, then from the top.

    `mapped` are the headers that the person named (``--map``): they count as required ones.
    """
    return _candidates(sheet, range(1, SEARCHED_ROWS + 1), vocabulary, mapped)


def header_beyond(sheet: Sheet, vocabulary: Vocabulary, mapped: Sequence[str] = ()) -> HeaderCandidate | None:
    """Return the row that looks most like a header below those that are searched, to point it out."""
    found = _candidates(sheet, range(SEARCHED_ROWS + 1, _LOOKED_BEYOND + 1), vocabulary, mapped)
    return next((row for row in found if row.count >= _ENOUGH), None)


def _candidates(
    sheet: Sheet, numbers: range, vocabulary: Vocabulary, mapped: Sequence[str]
) -> tuple[HeaderCandidate, ...]:
    found: dict[int, HeaderCandidate] = {}
    for number in numbers:
        if number > len(sheet.rows):
            break
        row = candidate_at(sheet, number, vocabulary, mapped)
        above = found.get(number - 1)
        if row.lines > 1 and above is not None and above.score <= row.score:
            del found[number - 1]
        if row.score:
            found[number] = row
    return tuple(sorted(found.values(), key=lambda row: (-row.score, row.row)))


def candidate_at(sheet: Sheet, number: int, vocabulary: Vocabulary, mapped: Sequence[str] = ()) -> HeaderCandidate:
    """Return a row as a header, with the row above it where merged cells make a better known header of both."""
    wanted = {header_key(header): header for header in mapped}
    plain = _candidate(sheet, number, _texts(sheet, number), 1, vocabulary, wanted)
    both = _two_lines(sheet, number) if number > 1 and sheet.merged else None
    if both is None:
        return plain
    combined = _candidate(sheet, number, both, 2, vocabulary, wanted)
    return combined if combined.score > plain.score else plain


def best_of(candidates: Sequence[HeaderCandidate], sheet: Sheet) -> tuple[HeaderCandidate, ...]:
    """Return the header row; several when they tie, none when nothing is good enough.

    Optional headers never decide between two rows that have the same required ones: the sheet may hold two tables. A
    row that repeats one above it, or a part of it (a header on every printed page), is no tie.
    """
    if not candidates:
        return ()
    first = candidates[0]
    if first.count < _ENOUGH and not _looks_like_a_header(first, sheet):
        return ()
    return (first, *(row for row in candidates[1:] if row.needed == first.needed and not _is_lesser(row, first)))


def _is_lesser(row: HeaderCandidate, first: HeaderCandidate) -> bool:
    """Say whether a row is no rival of the best one: it has a single familiar word, or repeats it further down."""
    repeats = row.recognised.items() <= first.recognised.items()
    return row.count < min(_ENOUGH, first.count) or (repeats and row.row > first.row)


def _candidate(
    sheet: Sheet,
    number: int,
    headers: tuple[str, ...],
    lines: int,
    vocabulary: Vocabulary,
    mapped: Mapping[str, str],
) -> HeaderCandidate:
    recognised: dict[int, str] = {}
    weights: dict[str, int] = {}
    for index, header in enumerate(headers):
        if not header or not isinstance(sheet.cell(number, index), str | None):
            continue
        name, weight = _meaning(header, vocabulary, mapped)
        if name is not None:
            recognised[index] = name
            weights[name] = weight
    needed = sum(weight for weight in weights.values() if weight != _WEIGHT_OPTIONAL)
    return HeaderCandidate(number, sum(weights.values()), needed, recognised, headers, lines)


def _texts(sheet: Sheet, number: int) -> tuple[str, ...]:
    return tuple(header_text(cell) for cell in sheet.rows[number - 1])


def _two_lines(sheet: Sheet, number: int) -> tuple[str, ...] | None:
    """Return the headers that a row and the one above make together; None when they are no header of two lines.

    "Precio" merged over "s/IVA" and "c/IVA" reads "Precio s/IVA" and "Precio c/IVA"; "Código" beside it stands in
    either row or is merged over both. A column with something in both rows has a header above data, and a merged cell
    with nothing to divide it below is a title or a wide column: neither makes two lines.
    """
    areas = [area for area in sheet.merged if area[0] < number <= area[1] + 1][:_MOST_AREAS]
    if not areas or any(not isinstance(cell, str | None) for cell in sheet.rows[number - 1]):
        return None
    upper, lower = _texts(sheet, number - 1), _texts(sheet, number)
    pairs = list(zip_longest(upper, lower, fillvalue=""))
    divided: dict[int, str] = {}
    for top, last_row, left, right in areas:
        below = [index for index, (_, part) in enumerate(pairs) if left <= index <= right and part]
        if top == last_row == number - 1 and len(below) > 1:
            divided |= dict.fromkeys(below, header_text(sheet.cell(top, left)))
    if not divided or any(above and below for index, (above, below) in enumerate(pairs) if index not in divided):
        return None
    return tuple(
        f"{divided[index]} {below}".strip() if index in divided else above or below
        for index, (above, below) in enumerate(pairs)
    )


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
