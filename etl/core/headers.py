"""Decides where the table of a sheet stands and which column feeds which field; what is not plain, it asks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from etl.core import header_findings as say
from etl.core.blocks import blocks_below
from etl.core.cells import read_constant
from etl.core.groups import groups_of
from etl.core.header_row import HeaderCandidate, best_of, candidate_at, candidates_of, header_beyond
from etl.core.limits import broken_limit
from etl.core.reading import Problem, Remarked, is_blank
from etl.core.table import is_filled
from etl.core.vocabulary import Vocabulary, header_key, header_text, vocabulary_of
from etl.errors import FileError, UsageError
from etl.messages import text
from etl.model import (
    DEFAULT_ZONE,
    Cell,
    ColumnedRows,
    Finding,
    Layout,
    MappedColumn,
    Sheet,
    column_index,
    column_letter,
)
from etl.vendors.base import Destination, Need


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person said about the table."""

    maps: tuple[tuple[str, str], ...] = ()
    """``--map``: (header, or ``@C`` for a column's letters; field)."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """``--set``: field -> value."""
    header_row: int | None = None
    """``--header-row``: as Excel shows it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of a table before it is judged."""

    row: int
    headers: tuple[str, ...]
    fed: Mapping[int, str]
    """Column index -> the field that it feeds."""
    repeated: Mapping[str, Sequence[int]]
    """Fields with several columns."""
    asked: Mapping[int, tuple[str, ...]]
    """Columns of which a person must say what they hold, with the fields they may mean."""
    settled: frozenset[str]
    """Fields with a column or a constant."""
    groups: frozenset[str] = frozenset()
    """What the rows say of `Destination.group_field`; empty where it decides nothing about columns."""


def find_layout(sheet: Sheet, destination: Destination, wanted: Wanted) -> tuple[Layout, tuple[Finding, ...]]:
    """Return where the table stands, and warnings (columns that are not read).

    FileError with all its findings: no_header, undecided_header, duplicate_column, tax_unclear, missing_column.
    UsageError: a ``--map`` header or field, a ``--set`` field or value, or a ``--header-row`` that cannot be.
    """
    vocabulary = vocabulary_of(destination)
    _check_wanted(wanted, destination)
    draft = draft_of(sheet, _header_row(sheet, vocabulary, wanted), destination, vocabulary, wanted)
    problems = problems_of(draft, sheet, destination)
    if problems:
        raise FileError.because(*problems)
    headers, fed = draft.headers, draft.fed
    layout = Layout(
        header_row=draft.row,
        headers=headers,
        columns=tuple(MappedColumn(fed[index], headers[index], index) for index in sorted(fed)),
        ignored=tuple(header for index, header in enumerate(headers) if header and index not in fed),
        constants=dict(wanted.constants),
    )
    above = _unread_above(sheet, draft.row, vocabulary)
    return layout, (*above, *_remarks(sheet, layout, vocabulary))


def draft_of(sheet: Sheet, row: int, destination: Destination, vocabulary: Vocabulary, wanted: Wanted) -> Draft:
    """Return what is known of a table whose header is `row`, whether it will do or not."""
    headers = _headers(sheet, candidate_at(sheet, row, vocabulary, _named_headers(wanted)))
    fed, repeated = _fed_columns(headers, vocabulary, _mapped_by_hand(wanted, headers))
    settled = {*fed.values(), *wanted.constants}
    asked = {
        index: meant
        for index, header in enumerate(headers)
        if index not in fed and (meant := vocabulary.question_of(header)) and not settled.intersection(meant)
    }
    groups = groups_of(sheet, row, fed, wanted.constants, destination)
    return Draft(row, headers, fed, repeated, asked, frozenset(settled), groups)


def problems_of(draft: Draft, sheet: Sheet, destination: Destination) -> list[Finding]:
    """Return why a table cannot be used as it is: duplicate_column, tax_unclear, missing_column."""
    headers = draft.headers
    problems = [say.duplicate_column(sheet, headers, name, columns) for name, columns in draft.repeated.items()]
    problems += [
        say.tax_unclear(sheet, headers[index], index, [destination.column(name) for name in meant])
        for index, meant in draft.asked.items()
    ]
    missing = missing_fields(draft, destination)
    return problems + [say.missing_column(sheet, destination.column(name), destination) for name in missing]


def missing_fields(draft: Draft, destination: Destination) -> tuple[str, ...]:
    """Return the fields that a table must have, without a column, a constant or an open question of theirs."""
    given = {*draft.settled, *draft.repeated, *(name for names in draft.asked.values() for name in names)}
    needed = {Need.ALWAYS} if destination.completes & draft.groups else {Need.ALWAYS, Need.SOMETIMES}
    return tuple(names[0] for names in required_fields(destination, needed) if not given.intersection(names))


def score(sheet: Sheet, destination: Destination) -> int:
    """Return how well a sheet fits: the score of its best header row, 0 when no header is known."""
    row = _best_row(sheet, vocabulary_of(destination), Wanted())
    return row.score if row is not None else 0


def choose_sheet(sheets: Sequence[Sheet], destination: Destination, wanted: Wanted) -> Sheet:
    """Return the sheet that fits best; one without a single filled cell is out of the question.

    Optional headers never decide, rows below the header do. FileError with the candidates when several fit equally
    well, or none of several at all.
    """
    filled = [sheet for sheet in sheets if any(not is_blank(cell) for cells in sheet.rows for cell in cells)]
    if len(filled) < 2:
        return (filled or list(sheets))[0]
    vocabulary = vocabulary_of(destination)
    found = [_best_row(sheet, vocabulary, wanted) for sheet in filled]
    reached = [(row.needed or min(row.score, 1), _has_data_below(sheet, row)) if row is not None else (0, False)
               for sheet, row in zip(filled, found, strict=True)]  # fmt: skip
    best = [sheet for sheet, fit in zip(filled, reached, strict=True) if fit == max(reached)]
    if len(best) > 1:
        raise FileError.because(say.undecided_sheet(best))
    return best[0]


def _has_data_below(sheet: Sheet, row: HeaderCandidate) -> bool:
    return any(is_filled(cell) for block in blocks_below(sheet, row.row) for cells in block.columns for cell in cells)


def _best_row(sheet: Sheet, vocabulary: Vocabulary, wanted: Wanted) -> HeaderCandidate | None:
    return next(iter(candidates_of(sheet, vocabulary, _named_headers(wanted))), None)


def _unread_above(sheet: Sheet, header_row: int, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield a warning when another header, with rows of data below it, stands above the one that was taken."""
    for other in sorted(candidates_of(sheet, vocabulary), key=lambda row: row.row):
        between = sheet.rows[other.row : header_row - 1]
        if other.row < header_row and other.count > 1 and any(_is_full(cells) for cells in between):
            yield say.unread_above(sheet, header_row, other)
            return


def _is_full(cells: Sequence[Cell]) -> bool:
    return sum(not is_blank(cell) for cell in cells) > 1


def _named_headers(wanted: Wanted) -> list[str]:
    return [header for header, _ in wanted.maps if not header.startswith("@")]


def _header_row(sheet: Sheet, vocabulary: Vocabulary, wanted: Wanted) -> int:
    given = wanted.header_row
    if given is not None:
        if 1 <= given <= len(sheet.rows) and any(not is_blank(cell) for cell in sheet.rows[given - 1]):
            return given
        raise UsageError(
            text("Row {row} cannot be the header: nothing stands in it", row=given),
            hint=text("Give the number that the spreadsheet shows beside the row"),
        )
    best: tuple[HeaderCandidate, ...] = best_of(candidates_of(sheet, vocabulary, _named_headers(wanted)), sheet)
    if not best:
        raise FileError.because(say.no_header(sheet, header_beyond(sheet, vocabulary, _named_headers(wanted))))
    if len(best) > 1:
        raise FileError.because(say.undecided_header(sheet, best))
    return best[0].row


def _headers(sheet: Sheet, found: HeaderCandidate) -> tuple[str, ...]:
    """Return the header of every column that has a header or data."""
    headers = list(found.headers)
    while headers and not headers[-1]:
        headers.pop()
    width = len(headers)
    beyond = not isinstance(sheet.rows, ColumnedRows) or sheet.rows.widest > width
    for block in blocks_below(sheet, found.row) if beyond else ():
        filled = (index + 1 for index in range(width, len(block.columns)) if any(map(is_filled, block.columns[index])))
        width = max([width, *filled])
    return tuple(headers + [""] * (width - len(headers)))


def _check_wanted(wanted: Wanted, destination: Destination) -> None:
    fields = {column.name for column in destination.columns}
    named = [name for _, name in wanted.maps]
    for name in (*named, *wanted.constants):
        if name not in fields:
            raise UsageError(
                text("{field} is no field of {destination}", field=name, destination=destination.name),
                hint=text("Its fields are: {fields}", fields=", ".join(column.name for column in destination.columns)),
            )
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise UsageError(text("--map gives {field} twice", field=twice), hint=text("Leave one of them out"))
    for name, written in wanted.constants.items():
        check_constant(written, destination, name)


def check_constant(
    written: str,
    destination: Destination,
    name: str,
    decimal: str = "auto",
    zone: str = DEFAULT_ZONE,
    *,
    settle: bool = False,
) -> None:
    """Raise UsageError when a ``--set`` value cannot be a value of the field `name`.

    An ambiguous number passes unless `settle` says that `decimal` is the person's last word on it.
    """
    column = destination.column(name)
    value = read_constant(written, column, decimal, zone)
    if isinstance(value, Remarked):
        value = value.value
    if isinstance(value, Problem):
        if value.code == "ambiguous_number" and not settle:
            return
        message, hint = value.message, value.hint
    elif value is None:
        message, hint = text("The value is blank"), None
    elif (limit := broken_limit(value, column)) is not None:
        message, hint = limit.message(value), limit.hint(value)
    else:
        return
    raise UsageError(
        text("--set {field}={value} cannot be: {reason}", field=name, value=written, reason=message), hint=hint
    )


def _mapped_by_hand(wanted: Wanted, headers: Sequence[str]) -> dict[int, str]:
    mapped: dict[int, str] = {}
    for named, name in wanted.maps:
        index = _column_named(named, headers)
        if index in mapped:
            raise UsageError(
                text(
                    "--map gives the column “{header}” to two fields: {one} and {other}",
                    header=named,
                    one=mapped[index],
                    other=name,
                ),
                hint=text("Leave one of them out"),
            )
        mapped[index] = name
    return mapped


def _column_named(named: str, headers: Sequence[str]) -> int:
    found = [index for index, header in enumerate(headers) if header and header == header_text(named)]
    if not found and (key := header_key(named)) and not named.startswith("@"):
        found = [index for index, header in enumerate(headers) if header_key(header) == key]
    if not found and named.startswith("@"):
        found = _column_lettered(named[1:], len(headers))
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            text("There is no column “{header}” in this sheet", header=named),
            hint=text("Its columns are: {headers}", headers=", ".join(f"“{header}”" for header in headers if header)),
        )
    letters = ", ".join(f"@{column_letter(index)}" for index in found)
    raise UsageError(
        text("Several columns are headed “{header}”", header=named),
        hint=text("Name the one you mean by its letter: {letters}", letters=letters),
    )


def _column_lettered(letters: str, width: int) -> list[int]:
    try:
        index = column_index(letters)
    except ValueError:
        return []
    return [index] if index < width else []


def _fed_columns(
    headers: Sequence[str], vocabulary: Vocabulary, mapped: Mapping[int, str]
) -> tuple[dict[int, str], dict[str, list[int]]]:
    """Return which column feeds which field, and the fields for which there are several columns."""
    fed = dict(mapped)
    by_hand = set(mapped.values())
    known: dict[str, list[int]] = {}
    for index, header in enumerate(headers):
        column = vocabulary.field_of(header) if index not in mapped else None
        if column is not None and column.name not in by_hand:
            known.setdefault(column.name, []).append(index)
    fed.update({columns[0]: name for name, columns in known.items()})
    return fed, {name: columns for name, columns in known.items() if len(columns) > 1}


def required_fields(destination: Destination, needed: Collection[Need]) -> tuple[tuple[str, ...], ...]:
    """Return what is needed so: groups of fields of which one is enough (a field and those that replace it)."""
    return tuple(
        (column.name, *(other.name for other in destination.columns if other.replaces == column.name))
        for column in destination.columns
        if destination.need(column) in needed
    )


def _remarks(sheet: Sheet, layout: Layout, vocabulary: Vocabulary) -> tuple[Finding, ...]:
    fed = {mapped.column for mapped in layout.columns}
    by_field = {mapped.field: mapped.header for mapped in layout.columns}
    findings = [
        say.hidden_column(sheet, one.header, one.column) for one in layout.columns if one.column in sheet.hidden_columns
    ]
    for index, header in enumerate(layout.headers):
        if index in fed or (not header and _is_empty(sheet, layout.header_row, index)):
            continue
        column = vocabulary.field_of(header)
        findings.append(say.unknown_column(sheet, header, index, by_field.get(column.name) if column else None))
    return tuple(findings)


def _is_empty(sheet: Sheet, header_row: int, index: int) -> bool:
    return not any(is_filled(cell) for block in blocks_below(sheet, header_row) for cell in block.column(index))
