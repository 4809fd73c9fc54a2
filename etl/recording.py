"""Puts a plan into the journal, and tells of a command that sent nothing; every row with exactly one outcome."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from etl.core.changes import Changed, changes_of
from etl.core.outcomes import ItemState
from etl.core.planning import content_hash, marked
from etl.core.report import Report, ReportRow, ReportRows, Requests
from etl.core.unchecked import unchecked
from etl.costs import cost_of
from etl.errors import InternalError
from etl.messages import Text, text
from etl.model import Finding, Json, Outcome, SourceRow
from etl.options import Scheduled, SheetOptions
from etl.plans import Outline, Plan, reading_options
from etl.vendors.base import Destination

_Own: TypeAlias = tuple[Outcome, tuple[Text, ...]]
"""The outcome of a row that is not sent, and why."""

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.io.journal.records import ItemRecord, Journal, RowRecord
    from etl.settings import Profile


def record_plan(
    planned: Plan,
    intake: Intake,
    options: SheetOptions,
    destination: Destination,
    journal: Journal,
    profile: Profile,
    target: Path,
    scheduled: Scheduled | None = None,
) -> str:
    """T0: put the whole plan into the journal. Returns the run's id."""
    from etl.history import facts_of, other_delivery  # noqa: PLC0415
    from etl.io.journal.records import RunRecord  # noqa: PLC0415

    if any(batch.group in destination.undecided for batch in planned.batches):
        raise InternalError(text("A group of rows was not decided before it was sent."))
    run = secrets.token_hex(8)
    content = content_hash(planned.batches)
    facts = facts_of(
        intake.layout,
        intake.sheet.name,
        company=profile.company,
        host=profile.address,
        results=str(target.absolute()),
        options=reading_options(options),
        resent_from=_ancestry(intake, journal),
        **_commission(scheduled),
    )
    record = RunRecord(
        id=run,
        destination=destination.name,
        profile=profile.name,
        account=profile.account,
        file=intake.sheet.file,
        file_sha256=intake.sheet.sha256,
        content=content,
        facts=facts,
        started=datetime.now(UTC),
        planned=len(planned.batches),
        reads=intake.reads,
    )
    batches = marked(planned.batches, run, destination)
    rows, items = list(_row_records(planned, intake)), list(_item_records(planned))
    findings = _shown((*intake.findings, *planned.findings), intake)
    equal = [
        older.id
        for older in (journal.runs_of(profile.account, destination.name) if batches else ())
        if older.content == content and older.closed_by is None and not other_delivery(facts, older.facts)
    ]
    closed = dict.fromkeys([*_taken_over(planned, intake, journal), *equal])
    with journal.together():  # a run whose rows another one sends must not be open beside it for a moment
        journal.create_run(record, rows, items, batches)
        _note_evidence(run, planned, journal)
        journal.add_findings(run, findings)
        for older in closed:
            journal.close_older(run, older)
    return run


def _note_evidence(run: str, planned: Plan, journal: Journal) -> None:
    place = 0
    for batch in planned.batches:
        if (evidence := planned.evidence.get(batch.number)) is not None:
            known = {str(place + int(position)): value for position, value in evidence.baseline.items()}
            journal.note_baseline(run, batch.number, known, evidence.at, 0)
        place += len(batch.items)


def _commission(scheduled: Scheduled | None) -> dict[str, Json]:
    if scheduled is None:
        return {}
    told = {"batch": scheduled.batch, "job": scheduled.job, "errand": scheduled.errand}
    return {**told, "delivery": scheduled.delivery(datetime.now(UTC))}


def _ancestry(intake: Intake, journal: Journal) -> list[str]:
    """Return the runs whose rows are sent again, and those which their rows came from."""
    found: list[str] = []
    for run in intake.resent.runs if intake.resent is not None else ():
        try:
            older = journal.run(run).facts.get("resent_from", ())
        except KeyError:
            continue
        found += [name for name in (*older, run) if name not in found]
    return found


def _taken_over(planned: Plan, intake: Intake, journal: Journal) -> list[str]:
    """Return the runs whose unsent rows all go out now: their own `resume` has nothing left to do."""
    if intake.resent is None or not planned.batches:
        return []
    found = []
    taken = {intake.shown(row) for batch in planned.batches for item in batch.items for row in item.rows}
    for older in intake.resent.runs:
        try:
            items = {item.place for item in journal.items_of(older) if item.state is ItemState.PLANNED}
        except KeyError:
            continue
        waiting = {row.number for row in journal.rows_of(older) if row.item in items}
        if waiting and waiting <= taken:
            found.append(older)
    return found


def _shown(findings: Iterable[Finding], intake: Intake) -> tuple[Finding, ...]:
    """Return the findings with the row numbers by which the person knows the rows."""
    if intake.resent is None:
        return tuple(findings)
    return tuple(
        finding if finding.row is None else replace(finding, row=intake.shown(finding.row)) for finding in findings
    )


def _item_records(planned: Plan) -> Iterator[ItemRecord]:
    from etl.io.journal.records import ItemRecord  # noqa: PLC0415

    place = 0
    for batch in planned.batches:
        for item in batch.items:
            yield ItemRecord(
                place=place,
                batch=batch.number,
                item_id=item.id,
                key_id=item.key_id,
                key=item.key,
                payload=item.payload,
                state=ItemState.PLANNED,
            )
            place += 1


def _row_records(planned: Plan, intake: Intake) -> Iterator[RowRecord]:
    """Yield every non-blank row with its own outcome, or the place of its item.

    None may be left without, and none may be sent and reported as something else: InternalError before anything goes.
    """
    from etl.io.journal.records import RowRecord  # noqa: PLC0415

    places: dict[int, int] = {}
    for place, item in enumerate(item for batch in planned.batches for item in batch.items):
        places.update(dict.fromkeys(item.rows, place))
    own = _own_outcomes(planned.outline, intake)
    _require_outcomes(own, intake, len(places))
    for row in intake.rows:
        outcome, reasons = own.get(row.number) or _sent(row.number, intake)
        if outcome is None and row.number not in places:
            raise InternalError(text("Row {row} has no outcome.", row=row.number))
        yield RowRecord(
            number=intake.shown(row.number),
            cells=row.cells,
            outcome=outcome,
            reasons=reasons,
            derived=intake.checked.derived.get(row.number, {}),
            item=places.get(row.number) if outcome is None else None,
            before=intake.before.get(row.number, {}),
        )


def _sent(number: int, intake: Intake) -> tuple[None, tuple[Text, ...]]:
    """Return what is known of a row that is sent: its outcome is that of its item."""
    return None, (intake.told[number],) if number in intake.told else ()


def _own_outcomes(planned: Outline, intake: Intake) -> dict[int, _Own]:
    """Return, by row, the outcome and the reasons of those that are not sent: the first that applies counts."""
    own: dict[int, _Own] = {}
    own |= {number: (Outcome.UNCHANGED, (reason,)) for number, reason in intake.unchanged.items()}
    own |= {number: (Outcome.NOT_SENT, (reason,)) for number, reason in planned.held.items()}
    own |= {number: (outcome, (reason,)) for number, (outcome, reason) in planned.kept.items()}
    own |= {number: (Outcome.INVALID, reasons) for number, reasons in _error_messages(intake.findings).items()}
    for skipped in (planned.skipped, intake.skipped):
        own |= {number: (Outcome.SKIPPED, (reason,)) for number, reason in skipped.items()}
    return own


def _require_outcomes(own: Mapping[int, _Own], intake: Intake, sent: int) -> list[_Own | None]:
    """Return the own outcome of every row, if it has one; raise InternalError unless as many are sent as have none."""
    found = list(map(own.get, intake.rows.numbers))
    waiting = found.count(None)
    if waiting != sent:
        raise InternalError(text("{count} rows have no outcome, and {sent} rows are sent.", count=waiting, sent=sent))
    return found


def _error_messages(findings: Iterable[Finding]) -> dict[int, tuple[Text, ...]]:
    messages: dict[int, list[Text]] = {}
    for finding in findings:
        if finding.is_error and finding.row is not None:
            messages.setdefault(finding.row, []).append(finding.message)
    return {row: tuple(texts) for row, texts in messages.items()}


def report_unsent(
    command: str,
    options: SheetOptions,
    destination: Destination,
    intake: Intake,
    outlined: Outline,
    profile: Profile | None = None,
    left: Sequence[Text] = (),
    changes: Mapping[int, Mapping[str, Changed]] | None = None,
) -> Report:
    """Return the report of a command that sent nothing.

    `left` is what the vendor's plan has left, `changes` what rows would have changed (`changes_by_row`).
    """
    rows = _report_rows(outlined, intake, changes or {})
    held = bool(outlined.held)
    invalid = Outcome.INVALID in rows.outcomes
    return Report(
        command=command,
        to=destination.name,
        profile=profile.name if profile is not None else None,
        file=options.file.name,
        file_sha256=intake.sheet.sha256,
        sheet=intake.sheet.name,
        header_row=intake.layout.header_row,
        headers=intake.layout.headers,
        columns=intake.layout.columns,
        ignored_columns=intake.layout.ignored,
        constants=intake.layout.constants,
        options=reading_options(options),
        typed=options.typed,
        notices=() if intake.surveyed else tuple(destination.preview(intake.checked.rows)),
        unchecked=unchecked(
            {destination.effect(group) for group in outlined.requests},
            destination,
            surveyed=intake.surveyed,
        ),
        findings=_shown((*intake.findings, *outlined.findings), intake),
        rows=rows,
        requests=Requests(planned=sum(outlined.requests.values()), reads=intake.reads),
        cost=(cost_of(outlined, intake, destination).told, *left) if outlined.requests else (),
        started=datetime.now(UTC),
        finished=datetime.now(UTC),
        exit_code=1 if invalid or held else 0,
    )


def _report_rows(outlined: Outline, intake: Intake, changes: Mapping[int, Mapping[str, Changed]]) -> ReportRows:
    own = _own_outcomes(outlined, intake)
    found = _require_outcomes(own, intake, outlined.rows)

    def tell(row: SourceRow, outcome: Outcome) -> ReportRow:
        number = row.number
        return ReportRow(
            intake.shown(number),
            row.cells,
            outcome,
            (own.get(number) or _sent(number, intake))[1],
            derived=intake.checked.derived.get(number, nothing),
            changes=nothing if number in own else changes.get(number, nothing),
        )

    nothing: Mapping[Any, Any] = {}  # one for all rows
    outcomes = [Outcome.NOT_SENT if one is None else one[0] for one in found]
    return ReportRows(intake.rows, outcomes, tell, changing=bool(changes))


def changes_by_row(planned: Plan, intake: Intake, destination: Destination) -> dict[int, Mapping[str, Changed]]:
    """Return, by row of which the vendor's values are known, what sending it would change."""
    return {
        number: changes_of(intake.before[number], item.payload, destination.same)
        for batch in planned.batches
        for item in batch.items
        for number in item.rows
        if number in intake.before
    }
