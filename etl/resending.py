"""A results workbook as input: which of its rows may go out, and which an earlier run already settled (contract 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from etl.core.header_row import SEARCHED_ROWS
from etl.core.identity import Identity, WorkbookKind, from_properties
from etl.core.meanings import MEANINGS_OPTION, meanings_in, settled_by
from etl.core.outcomes import EFFECTIVE, outcome_of
from etl.core.repeats import base_id
from etl.core.resend import HIDDEN_HEADERS, Mark, ResentRow, known_rows, row_key
from etl.core.table import is_filled
from etl.errors import FileError, RefusedError
from etl.messages import Text, text
from etl.model import Effect, Finding, Item, Outcome, Sheet
from etl.options import SheetOptions
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from etl.io.journal.records import ItemRecord, Journal, RowRecord

_OF_THE_ROW_ALONE = frozenset(
    {"required", "not_found", "not_enough_stock", "not_unique", "not_read", "similar_product"}
)
"""Codes of findings that no other cell of the column has a part in."""


@dataclass(frozen=True, slots=True)
class Resent:
    """The sheet without our hidden columns, and by its row numbers what each row was; added rows are absent."""

    sheet: Sheet
    rows: Mapping[int, ResentRow]
    run: str | None = None
    """The run that the workbook says it is about."""

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs that the rows come from; the workbook's own too, for none of its rows may be left."""
        return tuple(sorted({row.run for row in self.rows.values()} | ({self.run} if self.run is not None else set())))

    def original(self, number: int) -> int | None:
        """Return the row's number in the sheet that was sent first; None for a row that was added."""
        row = self.rows.get(number)
        return None if row is None else row.number


def completed_by(identity: Identity | None, options: SheetOptions) -> SheetOptions:
    """Return the options with what a workbook of ours says of itself; what was said by hand wins.

    Raises FileError when the workbook has nothing to send.
    """
    if identity is None or (options.to is not None and options.to != identity.to):
        return options
    if identity.data_sheet is None and options.sheet is None:
        raise FileError.because(
            Finding(
                "unreadable_file",
                text("{file} is a results workbook without rows to send again.", file=options.file.name),
                text("Send the sheet itself, or the results workbook of the run that has rows to correct."),
            )
        )
    completed = replace(options, to=identity.to, sheet=options.sheet or identity.data_sheet)
    if identity.kind is WorkbookKind.TEMPLATE:
        return completed
    said_fields = {name for _header, name in options.maps}
    said = dict(options.constants)
    headers = [column.header for column in identity.columns]
    return replace(
        completed,
        header_row=options.header_row or (1 if identity.kind in {WorkbookKind.RESULTS, WorkbookKind.UNDO} else None),
        maps=(
            *options.maps,
            *(
                (column.header, column.field)
                for column in identity.columns
                if column.field not in said_fields and column.header.strip() and headers.count(column.header) == 1
            ),
        ),
        constants=(
            *options.constants,
            *((name, value) for name, value in identity.constants.items() if name not in said),
        ),
        decimal=options.decimal or identity.options.get("decimal"),
        round=options.round if options.round is not None else identity.options.get("round") == "true" or None,
        duplicates=options.duplicates or identity.options.get("duplicates"),
        meanings=(*meanings_in(identity.options), *options.meanings),
    )


def recognise(sheet: Sheet) -> Resent | None:
    """Return what the hidden columns of ``Reenviar`` tell, wherever the sheet was carried; None without them."""
    found = _hidden_columns(sheet)
    if found is None:
        return None
    header_row, places = found
    plain = [tuple(cell for at, cell in enumerate(cells) if at not in places.values()) for cells in sheet.rows]
    numbers = [number for number in range(header_row + 1, len(plain) + 1) if any(map(is_filled, plain[number - 1]))]
    known = known_rows([(row_key(plain[number - 1]), _mark(sheet, number, places)) for number in numbers])
    rows = {number: row for number, row in zip(numbers, known, strict=True) if row is not None}
    hidden = frozenset(index for index in sheet.hidden_columns if index not in places.values())
    identity = from_properties(sheet.properties)
    ours = identity is not None and identity.kind is WorkbookKind.RESULTS
    run = identity.run if ours and identity is not None else None
    return Resent(replace(sheet, rows=plain, hidden_columns=hidden), rows, run)


def _hidden_columns(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    """Return the row of our hidden headers and the index of each; somebody may have pasted the table lower down."""
    for number, cells in enumerate(sheet.rows[:SEARCHED_ROWS], start=1):
        header = list(cells)
        if all(name in header for name in HIDDEN_HEADERS):
            return number, {name: header.index(name) for name in HIDDEN_HEADERS}
    return None


def _mark(sheet: Sheet, number: int, places: Mapping[str, int]) -> Mark | None:
    run, original, key = (sheet.cell(number, places[name]) for name in HIDDEN_HEADERS)
    if not isinstance(run, str) or not isinstance(key, str) or not isinstance(original, float | str):
        return None
    try:
        return Mark(run, int(float(original)), key)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a row, and in which run."""

    outcome: Outcome
    run: str
    reason: Text | None = None


def standings(resent: Resent, journal: Journal, *, moving: bool) -> dict[int, Standing]:
    """Return by its row numbers what became of the rows, of their corrections in other workbooks too.

    Raises RefusedError when `moving` and the journal does not know a row's run.
    """
    found = {run: _standings(run, journal, moving=moving) for run in resent.runs}
    known = ((number, found[row.run].get(row.number)) for number, row in resent.rows.items())
    return {number: standing for number, standing in known if standing is not None}


def withheld(resent: Resent, candidates: Iterable[int], known: Mapping[int, Standing]) -> dict[int, Text]:
    """Return the rows among `candidates` that were settled meanwhile, with the reason: accepted or uncertain."""
    reasons: dict[int, Text] = {}
    for number in candidates:
        standing = known.get(number)
        if standing is None:
            continue
        row = resent.rows[number].number
        if standing.outcome is Outcome.ACCEPTED:
            reasons[number] = text(
                "Row {row} was accepted in run {run} and is never sent again.", row=row, run=standing.run
            )
        elif standing.outcome is Outcome.UNCERTAIN:
            reasons[number] = text(
                "Row {row} is uncertain in run {run}: settle it there first.", row=row, run=standing.run
            )
    return reasons


def still_refused(resent: Resent, candidates: Iterable[int], known: Mapping[int, Standing]) -> dict[int, Text]:
    """Return the rows that the vendor refused and nobody corrected, with its reason (see ``--retry-rejected``)."""
    return {
        number: standing.reason or text("The vendor refused it.")
        for number in candidates
        if (standing := known.get(number)) is not None
        and standing.outcome is Outcome.REJECTED
        and not resent.rows[number].changed
    }


def sent_additions(
    resent: Resent, items: Iterable[Item], journal: Journal, destination: Destination
) -> tuple[dict[int, Text], dict[int, Text]]:
    """Return the rows that somebody added and that were moved before, each with the reason: the same, and otherwise.

    An added row has no number by which the journal knows it. So it is known by its key and quantity, among all that the
    runs of this workbook sent: it may have gone out when the workbook was sent before, or be a copy of such a row.
    """
    same: dict[int, Text] = {}
    otherwise: dict[int, Text] = {}
    sent: dict[str, str] = {}
    keys: dict[str, str] = {}
    known = [run for run in resent.runs if run in journal.find_runs(run)]
    for run in dict.fromkeys(later for first in known for later in _family(first, journal)):
        for standing in journal.standings_of(run):
            if standing.state in EFFECTIVE:
                sent[base_id(standing.item_id)] = keys[standing.key_id] = run
    for item in items:
        if destination.effect(item.group) is not Effect.DELTA or any(row in resent.rows for row in item.rows):
            continue
        if base_id(item.id) in sent:
            reason = text("Already sent in run {run}.", run=sent[base_id(item.id)])
            same |= dict.fromkeys(item.rows, reason)
        elif destination.key and item.key_id in keys:
            reason = text(
                "Held back: the same product was already moved in run {run} with another quantity. "
                "Only --again sends it.",
                run=keys[item.key_id],
            )
            otherwise |= dict.fromkeys(item.rows, reason)
    return same, otherwise


def not_corrected(
    resent: Resent, candidates: Iterable[int], journal: Journal, options: Mapping[str, str]
) -> dict[int, Text]:
    """Return the rows with errors, with the first, that nobody corrected: without their neighbours they look valid.

    A column is read by the evidence of all its cells (codes padded with zeros, decimal commas), and ``Reenviar`` has
    only some of them. Where other reading `options` were said, the rows are judged anew; what was said of a value
    settles the rows in which nothing else is wrong. So does what has nothing to do with a row's neighbours: a value
    that was missing and is given for all rows now, or what the vendor has since.
    """
    reasons: dict[int, Text] = {}
    for run in resent.runs:
        try:
            record = journal.run(run)
        except KeyError:
            continue
        if _reading_of(record.facts.get("options", {})) != _reading_of(options):
            continue
        invalid = {row.number: row.reasons for row in journal.rows_of(run) if row.outcome is Outcome.INVALID}
        settled = _settled(run, journal, options) | _by_themselves(run, journal)
        for number in candidates:
            row = resent.rows.get(number)
            if row is None or row.run != run or row.changed or row.number not in invalid or row.number in settled:
                continue
            reasons[number] = next(iter(invalid[row.number]), text("It had errors."))
    return reasons


def _reading_of(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options by which a whole column is read: not those that speak of single values."""
    return {name: value for name, value in options.items() if name != MEANINGS_OPTION}


def _by_themselves(run: str, journal: Journal) -> set[int]:
    """Return the rows of a run whose errors say nothing about how their column is read."""
    codes: dict[int, set[str]] = {}
    for finding in journal.findings_of(run):
        if finding.is_error and finding.row is not None:
            codes.setdefault(finding.row, set()).add(finding.code)
    return {row for row, found in codes.items() if found <= _OF_THE_ROW_ALONE}


def _settled(run: str, journal: Journal, options: Mapping[str, str]) -> set[int]:
    """Return the rows of a run whose errors are all of values that now have a meaning."""
    meanings = meanings_in(options)
    if not meanings:
        return set()
    errors: dict[int, list[Finding]] = {}
    for finding in journal.findings_of(run):
        if finding.is_error and finding.row is not None:
            errors.setdefault(finding.row, []).append(finding)
    return {number for number, found in errors.items() if settled_by(found, meanings)}


def _standings(run: str, journal: Journal, *, moving: bool) -> dict[int, Standing]:
    """Return what became of each row of a run, by number, its corrections included; the gravest for a repeat."""
    try:
        journal.run(run)
    except KeyError:
        if not moving:
            return {}
        raise RefusedError(
            text("The rows come from run {run}, which this journal does not know. Nothing was sent.", run=run),
            hint=text(
                "Send it where that run was sent, or with the same ETL_HOME: only there it is known what was moved."
            ),
            run=run,
        ) from None
    found: dict[int, Standing] = {}
    for current in _family(run, journal):
        items = {item.place: item for item in journal.items_of(current)}
        for row in journal.rows_of(current):
            standing = _standing(row, items, current)
            if row.number is None or standing.outcome is Outcome.SKIPPED:
                continue
            known = found.get(row.number)
            if known is None or known.outcome not in {Outcome.ACCEPTED, Outcome.UNCERTAIN}:
                found[row.number] = standing
    return found


def _standing(row: RowRecord, items: Mapping[int, ItemRecord], run: str) -> Standing:
    if row.item is None:
        return Standing(row.outcome or Outcome.INVALID, run, next(iter(row.reasons), None))
    item = items[row.item]
    return Standing(outcome_of(item.state), run, item.reason)


def _family(run: str, journal: Journal) -> list[str]:
    """Return a run, those whose rows it sent again, and all that sent rows of any of these again; oldest first.

    Somebody may send two workbooks of one sheet in turn: what one of them moved, the other must not move again.
    KeyError when the journal does not know the run.
    """
    record = journal.run(run)
    origins = {run, *record.facts.get("resent_from", ())}
    all_runs = journal.runs_of(record.account, record.destination)
    return [one.id for one in reversed(all_runs) if origins & {one.id, *one.facts.get("resent_from", ())}]
