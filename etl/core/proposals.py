"""Proposes which column of a sheet may feed which field, by its header and by its values. Nothing is applied here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from etl.core.cells import gather_evidence, reader_of
from etl.core.header_row import SEARCHED_ROWS, HeaderCandidate, best_of, candidates_of
from etl.core.headers import Draft, Wanted, draft_of, missing_fields, problems_of
from etl.core.limits import broken_limit, has_valid_check_digit, is_barcode_number
from etl.core.reading import Problem, Remarked, is_blank, shown
from etl.core.table import data_rows, shown_rows
from etl.core.vocabulary import header_key, vocabulary_of
from etl.messages import Text, text
from etl.model import Cell, CellNote, Finding, MappedColumn, Sheet, SourceRow
from etl.vendors.base import Column, Destination, Kind

SAMPLE_ROWS = 10
_LOOKED_AT = 200
_WORTH_SAYING = 0.6
_MOST_BY_VALUES = 0.95
_SHOWN_CANDIDATES = 5
_PART = 0.6


@dataclass(frozen=True, slots=True)
class Proposal:
    """A column that may feed a field."""

    field: str
    header: str
    column: int
    confidence: float
    """From 0 to 1."""
    reason: Text


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a sheet holds, as far as a destination is concerned."""

    sheet: str | None
    header_row: int | None
    """As Excel shows it; None for a sheet without anything that looks like a header."""
    certain: bool
    """Whether the header row was recognised by its headers; otherwise it is a guess by its looks."""
    candidates: tuple[HeaderCandidate, ...]
    """Rows that may be the header, best first."""
    headers: tuple[str, ...]
    columns: tuple[MappedColumn, ...]
    """Recognised by their headers."""
    proposals: tuple[Proposal, ...]
    """For columns that are not recognised, the best first; at most one a column and a field, but for open questions."""
    problems: tuple[Finding, ...]
    """Why the sheet cannot be used as it is."""
    missing: tuple[str, ...]
    """Required fields without a column."""
    settable: tuple[str, ...]
    """Those of them that one value for all rows (``--set``) can give."""
    sample: tuple[SourceRow, ...]


def inspect_sheet(sheet: Sheet, destination: Destination, wanted: Wanted | None = None) -> Inspection:
    """Return what a sheet holds for a destination. UsageError as for `find_layout`, never FileError."""
    wanted = wanted if wanted is not None else Wanted()
    vocabulary = vocabulary_of(destination)
    candidates = candidates_of(sheet, vocabulary, [header for header, _ in wanted.maps if not header.startswith("@")])
    best = best_of(candidates, sheet)
    guessed = candidates[0].row if candidates else _row_like_a_header(sheet)
    row = wanted.header_row or (best[0].row if best else guessed)
    if row is None:
        return Inspection(sheet.name, None, False, (), (), (), (), (), (), (), ())
    draft = draft_of(sheet, row, vocabulary, wanted)
    missing = missing_fields(draft, destination)
    numbers = data_rows(sheet, row)
    return Inspection(
        sheet=sheet.name,
        header_row=row,
        certain=wanted.header_row is not None or len(best) == 1,
        candidates=candidates[:_SHOWN_CANDIDATES],
        headers=draft.headers,
        columns=tuple(MappedColumn(draft.fed[index], draft.headers[index], index) for index in sorted(draft.fed)),
        proposals=_proposals(sheet, numbers, draft, destination),
        problems=tuple(problems_of(draft, sheet, destination)),
        missing=missing,
        settable=tuple(name for name in missing if name not in destination.key[-1:]),
        sample=shown_rows(sheet, numbers[:SAMPLE_ROWS], len(draft.headers)),
    )


def _row_like_a_header(sheet: Sheet) -> int | None:
    """Return the first of the fullest rows of texts among the first 50."""
    counts: dict[int, int] = {}
    for number, cells in enumerate(sheet.rows[:SEARCHED_ROWS], start=1):
        filled = [cell for cell in cells if not is_blank(cell)]
        if filled and all(isinstance(cell, str) for cell in filled):
            counts[number] = len(filled)
    return max(counts, key=lambda number: (counts[number], -number)) if counts else None


def _proposals(sheet: Sheet, numbers: Sequence[int], draft: Draft, destination: Destination) -> tuple[Proposal, ...]:
    free = [column for column in destination.columns if column.name not in draft.settled]
    asked = [
        Proposal(
            name, draft.headers[index], index, 1 / len(meant), text("the header does not say whether the tax is in it")
        )
        for index, meant in draft.asked.items()
        for name in meant
    ]
    taken = {name for names in draft.asked.values() for name in names}
    found = [
        proposal
        for index, header in enumerate(draft.headers)
        if index not in draft.fed and index not in draft.asked
        for column in free
        if column.name not in taken
        for proposal in _compared(sheet, numbers, index, header, column)
    ]
    found.sort(key=lambda proposal: -proposal.confidence)
    chosen: list[Proposal] = []
    for proposal in found:
        if not any(other.column == proposal.column or other.field == proposal.field for other in chosen):
            chosen.append(proposal)
    return tuple(sorted((*asked, *chosen), key=lambda proposal: -proposal.confidence))


def _compared(sheet: Sheet, numbers: Sequence[int], index: int, header: str, column: Column) -> Iterator[Proposal]:
    filled = _filled_cells(sheet, numbers, index)
    if not filled:
        return
    by_name = _likeness(header, column) if header else 0.0
    understood = _understood(filled, column)
    by_values = _told_by_values(filled, column, understood)
    if column.barcode and not by_values:
        return
    confidence = round(max(by_name * understood, by_values), 2)
    if confidence < _WORTH_SAYING:
        return
    if by_values > by_name * understood:
        reason = text("its values look like it ({percent}%)", percent=int(understood * 100))
    else:
        reason = text("its header is like “{known}”", known=_nearest_header(header, column))
    yield Proposal(column.name, header, index, confidence, reason)


def _filled_cells(sheet: Sheet, numbers: Sequence[int], index: int) -> list[tuple[Cell, CellNote | None]]:
    found: list[tuple[Cell, CellNote | None]] = []
    for number in numbers:
        cell = sheet.cell(number, index)
        if not is_blank(cell):
            found.append((cell, sheet.notes.get((number, index))))
            if len(found) == _LOOKED_AT:
                break
    return found


def _known_headers(column: Column) -> tuple[str, ...]:
    return (column.label, column.name, *column.aliases)


def _likeness(header: str, column: Column) -> float:
    """Return from 0 to 1 how like a header is to the known ones, also with its words in another order.

    A header that is only a part of a known one ("Precio" of "Lista precio") counts less.
    """
    key = header_key(header)
    words = " ".join(header.casefold().split())
    best = 0.0
    for known in _known_headers(column):
        known_key = header_key(known)
        alike = max(fuzz.ratio(key, known_key), fuzz.token_sort_ratio(words, known.casefold()) * 0.9) / 100
        shorter, longer = sorted((len(key), len(known_key)))
        best = max(best, alike if longer and shorter / longer > _PART else alike * 0.8)
    return best


def _nearest_header(header: str, column: Column) -> str:
    key = header_key(header)
    return max(_known_headers(column), key=lambda known: fuzz.ratio(key, header_key(known)))


def _understood(cells: Sequence[tuple[Cell, CellNote | None]], column: Column) -> float:
    """Return the share of the cells that are good values of the column."""
    evidence = gather_evidence({cell for cell, _ in cells}, [(c, n) for c, n in cells if n is not None], column)
    read = reader_of(column, evidence)
    good = 0
    for cell, note in cells:
        reading = read(cell, note)
        value = reading.value if isinstance(reading, Remarked) else reading
        good += value is not None and not isinstance(value, Problem) and broken_limit(value, column) is None
    return good / len(cells)


def _told_by_values(cells: Sequence[tuple[Cell, CellNote | None]], column: Column, understood: float) -> float:
    """Return how surely the values alone tell the field: bar codes by their check digits, code lists by their words."""
    if column.barcode:
        codes = [shown(cell, note) for cell, note in cells]
        good = sum(is_barcode_number(code) and has_valid_check_digit(code) for code in codes)
        return _MOST_BY_VALUES * good / len(codes)
    if column.kind is Kind.CHOICE and any(isinstance(cell, str) for cell, _ in cells):
        words = {shown(cell, note).casefold() for cell, note in cells}
        telling = understood * (0.9 if any(len(word) > 2 for word in words) else 0.6)
        return telling if understood > _MOST_BY_VALUES else 0.0
    return 0.0
