"""A results workbook as input: which of its rows may go out, and which an earlier run already settled (contract 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from etl.core.identity import Identity, WorkbookKind
from etl.core.meanings import MEANINGS_OPTION, meanings_in, settled_by
from etl.core.outcomes import ItemState, outcome_of
from etl.core.resend import HIDDEN_HEADERS, row_key
from etl.errors import FileError, RefusedError
from etl.messages import Text, text
from etl.model import Cell, Finding, Outcome, Sheet
from etl.options import SheetOptions

if TYPE_CHECKING:
    from etl.io.journal.records import Journal, RowRecord


@dataclass(frozen=True, slots=True)
class ResentRow:
    """What a row of ``Reenviar`` was."""

    run: str
    number: int
    """In the sheet of that run."""
    changed: bool
    """Somebody corrected a cell since."""


@dataclass(frozen=True, slots=True)
class Resent:
    """The sheet without our hidden columns, and by its row numbers what each row was; added rows are absent."""

    sheet: Sheet
    rows: Mapping[int, ResentRow]

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs that the rows come from."""
        return tuple(sorted({row.run for row in self.rows.values()}))

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
    header = list(sheet.rows[0]) if sheet.rows else []
    places = {name: header.index(name) for name in HIDDEN_HEADERS if name in header}
    if len(places) < len(HIDDEN_HEADERS):
        return None
    rows: dict[int, ResentRow] = {}
    plain: list[tuple[Cell, ...]] = []
    for number, cells in enumerate(sheet.rows, start=1):
        kept = tuple(cell for index, cell in enumerate(cells) if index not in places.values())
        plain.append(kept)
        known = [cells[places[name]] if places[name] < len(cells) else None for name in HIDDEN_HEADERS]
        run, original, key = known
        if number > 1 and isinstance(run, str) and isinstance(original, (int, float, str)):
            rows[number] = ResentRow(run, int(float(original)), changed=key != row_key(kept))
    hidden = frozenset(index for index in sheet.hidden_columns if index not in places.values())
    return Resent(replace(sheet, rows=plain, hidden_columns=hidden), rows)


def withheld(
    resent: Resent, candidates: Iterable[int], journal: Journal, *, moving: bool, retry_rejected: bool
) -> dict[int, Text]:
    """Return the rows among `candidates` that must not go out, with the reason.

    Corrected rows and rows that were never sent go; refused ones as they were only with ``--retry-rejected``; accepted
    and uncertain ones never. Raises RefusedError when `moving` and the journal does not know a row's run.
    """
    outcomes = {run: _outcomes(run, journal, moving=moving) for run in resent.runs}
    reasons: dict[int, Text] = {}
    for number in candidates:
        row = resent.rows.get(number)
        if row is None:
            continue
        reason = _reason(row, outcomes[row.run].get(row.number), retry_rejected=retry_rejected)
        if reason is not None:
            reasons[number] = reason
    return reasons


def not_corrected(
    resent: Resent, candidates: Iterable[int], journal: Journal, options: Mapping[str, str]
) -> dict[int, Text]:
    """Return the rows that had errors, were not corrected, and look valid only because their neighbours are missing.

    A column is read by the evidence of all its cells (codes padded with zeros, decimal commas), and ``Reenviar`` has
    only some of them. Where other reading `options` were said, the rows are judged anew; what was said of a value
    settles the rows in which nothing else is wrong.
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
        settled = _settled(run, journal, options)
        for number in candidates:
            row = resent.rows.get(number)
            if row is None or row.run != run or row.changed or row.number not in invalid or row.number in settled:
                continue
            problem = next(iter(invalid[row.number]), text("it had errors"))
            reasons[number] = text("Nothing was corrected in row {row}: {problem}", row=row.number, problem=problem)
    return reasons


def _reading_of(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options by which a whole column is read: not those that speak of single values."""
    return {name: value for name, value in options.items() if name != MEANINGS_OPTION}


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


def _reason(row: ResentRow, outcome: Outcome | None, *, retry_rejected: bool) -> Text | None:
    if outcome is Outcome.ACCEPTED:
        return text("Row {row} was accepted in run {run} and is never sent again.", row=row.number, run=row.run)
    if outcome is Outcome.UNCERTAIN:
        return text("Row {row} is uncertain in run {run}: settle it there first.", row=row.number, run=row.run)
    if outcome is Outcome.REJECTED and not row.changed and not retry_rejected:
        return text(
            "The vendor refused it in run {run} and nothing was corrected (--retry-rejected sends it).", run=row.run
        )
    return None


def _outcomes(run: str, journal: Journal, *, moving: bool) -> dict[int, Outcome]:
    """Return the outcome of each row of a run, by number; of its later corrections too, the gravest for a repeat."""
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
    found: dict[int, Outcome] = {}
    for current in (run, *_later(run, journal)):
        states = {item.place: item.state for item in journal.items_of(current)}
        for row in journal.rows_of(current):
            outcome = _outcome(row, states)
            if row.number is None or outcome is Outcome.SKIPPED:
                continue
            if found.get(row.number) not in {Outcome.ACCEPTED, Outcome.UNCERTAIN}:
                found[row.number] = outcome
    return found


def _later(run: str, journal: Journal) -> list[str]:
    """Return the runs that sent rows of this one again, oldest first."""
    record = journal.run(run)
    later = journal.runs_of(record.account, record.destination)
    return [other.id for other in reversed(later) if run in other.facts.get("resent_from", ())]


def _outcome(row: RowRecord, states: Mapping[int, ItemState]) -> Outcome:
    if row.item is not None:
        return outcome_of(states[row.item])
    return row.outcome or Outcome.INVALID
