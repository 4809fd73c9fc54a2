"""Puts a plan into the journal, and tells of a command that sent nothing; every row with exactly one outcome."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from etl.core.changes import changes_of
from etl.core.outcomes import ItemState
from etl.core.planning import content_hash, marked
from etl.core.report import Report, ReportRow, Requests
from etl.core.unchecked import unchecked
from etl.costs import cost_of
from etl.errors import InternalError
from etl.messages import Text, text
from etl.model import Finding, Json, Outcome
from etl.options import Scheduled, SheetOptions
from etl.plans import Plan, reading_options
from etl.vendors.base import Destination

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
    journal.create_run(record, _row_records(planned, intake), list(_item_records(planned)), batches)
    _note_evidence(run, planned, journal)
    journal.add_findings(run, _shown((*intake.findings, *planned.findings), intake))
    _take_over(run, planned, intake, journal)
    for older in journal.runs_of(profile.account, destination.name):
        same = older.content == content and not other_delivery(facts, older.facts)
        if older.id != run and older.closed_by is None and same and planned.batches:
            journal.close_older(run, older.id)
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


def _take_over(run: str, planned: Plan, intake: Intake, journal: Journal) -> None:
    """Close the runs whose unsent rows all go out now: their own `resume` has nothing left to do."""
    if intake.resent is None or not planned.batches:
        return
    taken = {intake.shown(row) for batch in planned.batches for item in batch.items for row in item.rows}
    for older in intake.resent.runs:
        try:
            items = {item.place for item in journal.items_of(older) if item.state is ItemState.PLANNED}
        except KeyError:
            continue
        waiting = {row.number for row in journal.rows_of(older) if row.item in items}
        if waiting and waiting <= taken:
            journal.close_older(run, older)


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


def _row_records(planned: Plan, intake: Intake) -> list[RowRecord]:
    """Return every non-blank row with its own outcome, or the place of its item.

    None may be left without, and none may be sent and reported as something else: InternalError before anything goes.
    """
    from etl.io.journal.records import RowRecord  # noqa: PLC0415

    places: dict[int, int] = {}
    for place, item in enumerate(item for batch in planned.batches for item in batch.items):
        places.update(dict.fromkeys(item.rows, place))
    errors = _error_messages(intake.findings)
    records = []
    unreported = set(places)
    for row in intake.rows:
        outcome, reasons = _own_outcome(row.number, planned, intake, errors, places)
        if outcome is None:
            unreported.discard(row.number)
        records.append(
            RowRecord(
                number=intake.shown(row.number),
                cells=row.cells,
                outcome=outcome,
                reasons=reasons,
                derived=intake.checked.derived.get(row.number, {}),
                item=places.get(row.number) if outcome is None else None,
                before=intake.before.get(row.number, {}),
            )
        )
    if unreported:
        raise InternalError(text("Row {row} has no outcome.", row=min(unreported)))
    return records


def _own_outcome(
    number: int, planned: Plan, intake: Intake, errors: Mapping[int, tuple[Text, ...]], places: Mapping[int, int]
) -> tuple[Outcome | None, tuple[Text, ...]]:
    for reasons in (intake.skipped, planned.skipped):
        if number in reasons:
            return Outcome.SKIPPED, (reasons[number],)
    if number in errors:
        return Outcome.INVALID, errors[number]
    if number in planned.kept:
        outcome, reason = planned.kept[number]
        return outcome, (reason,)
    if number in planned.held:
        return Outcome.NOT_SENT, (planned.held[number],)
    if number in intake.unchanged:
        return Outcome.UNCHANGED, (intake.unchanged[number],)
    if number not in places:
        raise InternalError(text("Row {row} has no outcome.", row=number))
    return None, (intake.told[number],) if number in intake.told else ()


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
    planned: Plan,
    profile: Profile | None = None,
    left: Sequence[Text] = (),
) -> Report:
    """Return the report of a command that sent nothing; `left` is what the vendor's plan has left."""
    payloads = [item.payload for batch in planned.batches for item in batch.items]
    rows = tuple(
        ReportRow(
            number=record.number,
            cells=record.cells,
            outcome=record.outcome or Outcome.NOT_SENT,
            reasons=record.reasons,
            derived=record.derived,
            changes={} if record.item is None else changes_of(record.before, payloads[record.item], destination.same),
        )
        for record in _row_records(planned, intake)
    )
    held = bool(planned.held)
    invalid = any(row.outcome is Outcome.INVALID for row in rows)
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
            {destination.effect(batch.group) for batch in planned.batches},
            destination,
            surveyed=intake.surveyed,
        ),
        findings=_shown((*intake.findings, *planned.findings), intake),
        rows=rows,
        requests=Requests(planned=len(planned.batches), reads=intake.reads),
        cost=(cost_of(planned, intake, destination).told, *left) if planned.batches else (),
        started=datetime.now(UTC),
        finished=datetime.now(UTC),
        exit_code=1 if invalid or held else 0,
    )
