"""Proposes which column of a sheet may feed which field, by its header and by its values. Nothing is applied here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from etl.core.blocks import BLOCK_ROWS
from etl.core.cells import gather_evidence, reader_of
from etl.core.header_row import SEARCHED_ROWS, HeaderCandidate, best_of, candidates_of, header_beyond
from etl.core.headers import Draft, Wanted, draft_of, missing_fields, problems_of
from etl.core.limits import broken_limit, has_valid_check_digit, is_barcode_number
from etl.core.reading import Problem, Remarked, is_blank, shown, trimmed
from etl.core.row_sorting import RowSorting
from etl.core.table import SourceRows
from etl.core.vocabulary import Vocabulary, header_key, vocabulary_of
from etl.messages import Text, text
from etl.model import Cell, CellNote, Finding, Layout, MappedColumn, Sheet, SourceRow
from etl.vendors.base import Column, Destination, Kind

SAMPLE_ROWS = 10
_LOOKED_AT = 200
_WORTH_SAYING = 0.6
_MOST_BY_VALUES = 0.95
_SHOWN_CANDIDATES = 5
_PART = 0.6
_NEAR = 0.7
_SOME_WORDS = 0.65
"""How like a header is to a known one of which it has only some of the words: "Nombre" to "Nombre del producto"."""
_LIKE_A_CODE = re.compile(r"(?=[^0-9]*[0-9])[^\s,;$%]{1,30}(?<!\.jpg)(?<!\.png)(?<!\.jpeg)(?<!\.webp)", re.IGNORECASE)


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
    rows: tuple[int, ...] = ()
    """Rows below the header that are not blank."""
    skipped: Mapping[int, Text] = field(default_factory=dict)
    """Those of them that look like no data (titles, totals, repeated headers), with the reason."""
    hidden: int = 0
    """How many of them are hidden."""


def inspect_sheet(sheet: Sheet, destination: Destination, wanted: Wanted | None = None) -> Inspection:
    """Return what a sheet holds for a destination. UsageError as for `find_layout`, never FileError."""
    wanted = wanted if wanted is not None else Wanted()
    vocabulary = vocabulary_of(destination)
    candidates = candidates_of(sheet, vocabulary, [header for header, _ in wanted.maps if not header.startswith("@")])
    best = best_of(candidates, sheet)
    row = wanted.header_row or (best[0].row if best else _guessed_row(sheet, candidates, vocabulary))
    if row is None:
        return Inspection(sheet.name, None, False, (), (), (), (), (), (), (), ())
    draft = draft_of(sheet, row, destination, vocabulary, wanted)
    missing = missing_fields(draft, destination)
    columns = tuple(MappedColumn(draft.fed[index], draft.headers[index], index) for index in sorted(draft.fed))
    asked = tuple(MappedColumn(meant[0], draft.headers[index], index) for index, meant in draft.asked.items())
    read = Layout(row, draft.headers, (*columns, *asked), ())
    starts = range(row, len(sheet.rows), BLOCK_ROWS)
    sorting = RowSorting(sheet, read, destination, starts)
    rows = SourceRows(sheet, len(draft.headers), starts, sorting.filled)
    numbers, skipped = list(rows.numbers), sorting.skipped if columns else {}
    return Inspection(
        sheet=sheet.name,
        header_row=row,
        certain=wanted.header_row is not None or len(best) == 1,
        candidates=candidates[:_SHOWN_CANDIDATES],
        headers=draft.headers,
        columns=columns,
        proposals=_proposals(sheet, [number for number in numbers if number not in skipped], draft, destination),
        problems=tuple(problems_of(draft, sheet, destination)),
        missing=missing,
        settable=tuple(name for name in missing if name not in destination.key[-1:]),
        sample=tuple(rows[:SAMPLE_ROWS]),
        rows=tuple(numbers),
        skipped=dict(sorted(skipped.items())),
        hidden=len(sheet.hidden_rows.intersection(numbers)),
    )


def _guessed_row(sheet: Sheet, candidates: Sequence[HeaderCandidate], vocabulary: Vocabulary) -> int | None:
    """Return the row to look at when none is recognised: one with known headers, or one that looks like a header."""
    beyond = header_beyond(sheet, vocabulary)
    if beyond is not None:
        return beyond.row
    return candidates[0].row if candidates else _row_like_a_header(sheet)


def _row_like_a_header(sheet: Sheet) -> int | None:
    """Return the first of the fullest rows of texts among the first 50."""
    counts: dict[int, int] = {}
    for number, cells in enumerate(sheet.rows[:SEARCHED_ROWS], start=1):
        filled = [cell for cell in cells if not is_blank(cell)]
        if filled and all(isinstance(cell, str) for cell in filled):
            counts[number] = len(filled)
    return max(counts, key=lambda number: (counts[number], -number)) if counts else None


def _proposals(sheet: Sheet, numbers: Sequence[int], draft: Draft, destination: Destination) -> tuple[Proposal, ...]:
    """Return what the columns that feed nothing may feed; `numbers` are the rows that look like data."""
    asked = [
        proposal
        for index, meant in draft.asked.items()
        for proposal in _undecided(meant, draft.headers[index], index, 1.0)
    ]
    groups = {name: names for names in destination.questions.values() for name in names}
    done = {*draft.settled, *(one.field for one in asked)}
    free = [column for column in destination.columns if not done.intersection(groups.get(column.name, (column.name,)))]
    open_columns = [index for index in range(len(draft.headers)) if index not in draft.fed and index not in draft.asked]
    found = [
        proposal
        for index in open_columns
        for column in free
        for proposal in _compared(
            sheet,
            numbers,
            MappedColumn(column.name, draft.headers[index], index),
            column,
            _SOME_WORDS if _part_of(draft.headers[index], destination) is column else 0.0,
        )
    ]
    found.sort(key=lambda proposal: -proposal.confidence)
    chosen: list[Proposal] = []
    for proposal in found:
        meant = groups.get(proposal.field, (proposal.field,))
        if any(other.column == proposal.column or other.field in meant for other in chosen):
            continue
        rivals = _undecided(meant, proposal.header, proposal.column, proposal.confidence)
        chosen += rivals if len(meant) > 1 else [proposal]
    chosen += _code_by_place(sheet, numbers, draft, destination, {one.column for one in chosen})
    return tuple(sorted((*asked, *chosen), key=lambda proposal: -proposal.confidence))


def _undecided(meant: Sequence[str], header: str, column: int, confidence: float) -> list[Proposal]:
    """Return the fields that a price may feed, none surer than the other: nobody guesses whether it holds the tax."""
    share = round(confidence / len(meant), 2)
    reason = text("the header does not say whether the tax is in it")
    return [Proposal(name, header, column, share, reason) for name in meant]


def _code_by_place(
    sheet: Sheet, numbers: Sequence[int], draft: Draft, destination: Destination, taken: Collection[int]
) -> Iterator[Proposal]:
    """Yield the first column as the code that is missing, when every row has another one there."""
    name = destination.key[-1] if destination.key else None
    if name is None or name in draft.settled or destination.column(name).kind is not Kind.CODE:
        return
    columns = ((index, _filled_cells(sheet, numbers, index)) for index in range(len(draft.headers)))
    index, cells = next(((index, cells) for index, cells in columns if cells), (0, []))
    if index in (*taken, *draft.fed, *draft.asked) or not _are_different_codes(cells, len(numbers)):
        return
    reason = text("it is the first column, and every row has another value there")
    yield Proposal(name, draft.headers[index], index, _WORTH_SAYING, reason)


def _compared(
    sheet: Sheet, numbers: Sequence[int], pair: MappedColumn, column: Column, at_least: float
) -> Iterator[Proposal]:
    header, index = pair.header, pair.column
    filled = _filled_cells(sheet, numbers, index)
    if not filled:
        return
    by_name = max(at_least, _likeness(header, column)) if header else 0.0
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
        is_near = longer and shorter / longer > _PART and alike >= _NEAR
        best = max(best, alike if is_near else alike * 0.8)
    return best


def _part_of(header: str, destination: Destination) -> Column | None:
    """Return the field of whose known headers this one is a part; of several the one of free text, if it is alone."""
    words = {*header.casefold().split()}
    if not words:
        return None
    found = [
        column
        for column in destination.columns
        if any(words < {*known.casefold().split()} for known in _known_headers(column))
    ]
    found = found if len(found) == 1 else [column for column in found if column.kind is Kind.TEXT]
    return found[0] if len(found) == 1 else None


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
        return telling if understood > _MOST_BY_VALUES and any(map(str.isalpha, "".join(words))) else 0.0
    return 0.0


def _are_different_codes(cells: Sequence[tuple[Cell, CellNote | None]], rows: int) -> bool:
    """Say whether every row has a code of its own: short, with a digit, no spaces, not the name of a picture."""
    codes = {trimmed(shown(cell, note)) for cell, note in cells}
    return len(codes) == len(cells) == min(rows, _LOOKED_AT) > 1 and all(map(_LIKE_A_CODE.fullmatch, codes))
