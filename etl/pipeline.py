"""A whole run, readable from top to bottom: read, map, validate, plan, ask, submit, report."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from etl.core.outcomes import ItemState
from etl.core.planning import content_hash, identify_key, plan
from etl.core.repeats import NewOnly, find_repeat, only_new
from etl.core.report import Report, ReportRow, Requests
from etl.errors import EtlError, FileError, InternalError, RefusedError, UsageError
from etl.mappings import with_mapping
from etl.messages import Text, ntext, text
from etl.model import Batch, Effect, Finding, Outcome, Severity
from etl.options import OutputOptions, Person, SendOptions, SheetOptions
from etl.vendors import DESTINATIONS, vendor_of
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.io.journal.records import ItemRecord, Journal, RowRecord
    from etl.io.readers import Source
    from etl.settings import Profile, Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent, and why some valid rows are not."""

    batches: tuple[Batch, ...]
    held: Mapping[int, Text] = field(default_factory=dict)
    """Valid rows that are kept back, with the reason."""
    skipped: Mapping[int, Text] = field(default_factory=dict)
    """Rows that an earlier run already sent (``--only-new``)."""
    findings: tuple[Finding, ...] = ()

    @property
    def items(self) -> int:
        """How many items it has."""
        return sum(len(batch.items) for batch in self.batches)


def validate_file(sheet: SheetOptions, output: OutputOptions, person: Person) -> Report:
    """Check a sheet: no network, no credentials, no journal. File errors come back as a report with their code."""
    with _reporting("validate", sheet) as outcome:
        prepared = _prepare(sheet)
        options, destination = prepared.options, prepared.destination
        outcome.to = destination.name
        intake = _take_in(prepared, sending=False)
        batches = plan(intake.checked.rows, intake.checked.merged, destination)
        report = _report("validate", options, destination, intake, Plan(batches))
        outcome.report = _written(report, destination, _beside(options.file, "validacion"), output, person, None)
    return outcome.finished


def run_file(
    sheet: SheetOptions, output: OutputOptions, send: SendOptions, settings: Settings, person: Person
) -> Report:
    """Validate, plan, ask, submit and report a sheet; or stop before the wire with `send.dry_run`."""
    sheet = replace(sheet, zone_of=settings.zone_of)
    with _reporting("run", sheet) as outcome:
        prepared = _prepare(sheet)
        outcome.to = prepared.destination.name
        work = _dry_run if send.dry_run else _run
        outcome.report = work(prepared, output, send, settings, person)
    return outcome.finished


def _dry_run(
    prepared: Prepared, output: OutputOptions, send: SendOptions, settings: Settings, person: Person
) -> Report:
    options, destination = prepared.options, prepared.destination
    intake = _take_in(prepared, sending=True)
    batches = plan(intake.checked.rows, intake.checked.merged, destination)
    planned = _strict(options, intake, Plan(batches))
    if send.payloads is not None:
        _write_payloads(send.payloads, planned.batches)
    report = _report("run", options, destination, intake, planned)
    target = output.results or _beside(options.file, "resultados")
    return _written(report, destination, target, output, person, settings.home / "results")


def _run(prepared: Prepared, output: OutputOptions, send: SendOptions, settings: Settings, person: Person) -> Report:
    from etl.dispatch import recover, require_space  # noqa: PLC0415 - only a run that sends needs the database and HTTP
    from etl.io.journal import open_journal  # noqa: PLC0415
    from etl.io.locks import AccountLock  # noqa: PLC0415

    options, destination = prepared.options, prepared.destination
    vendor = vendor_of(destination.name)
    profile = settings.profile(vendor.name, settings.chosen or prepared.profile)
    profile.credentials()
    settings.prepare_home()
    with AccountLock(settings.home, vendor.name, profile.account, profile.address, send.wait):
        intake = _take_in(prepared, sending=True)
        batches = plan(intake.checked.rows, intake.checked.merged, destination)
        planned = _strict(options, intake, Plan(batches))
        journal = open_journal(settings.journal_url)
        try:
            recover(journal, profile.account, vendor)
            try:
                planned = _once_only(planned, intake, destination, journal, profile, send)
                planned = _withhold(planned, intake, options, destination, journal, send)
            except RefusedError as refusal:
                return _refused(refusal, _report("run", options, destination, intake, planned), profile)
            _show_plan(planned, intake, destination, profile, journal, settings, person)
            if planned.batches:
                _ask(send, person)
                require_space(settings.home, sum(len(batch.body) for batch in planned.batches))
            target = output.results or _beside(options.file, "resultados")
            run = _record_plan(planned, intake, options, destination, journal, profile, target)
            report = _submit(run, journal, settings, profile, person, send)
        finally:
            journal.close()
    return _written(report, destination, target, output, person, settings.home / "results")


def _submit(
    run: str, journal: Journal, settings: Settings, profile: Profile, person: Person, send: SendOptions
) -> Report:
    """Send the plan and return what became of it, also when the journal or a second signal ends it."""
    from etl.dispatch import close, heeded, offer_to_wait, submission  # noqa: PLC0415
    from etl.errors import JournalError  # noqa: PLC0415
    from etl.history import report_of  # noqa: PLC0415
    from etl.stops import StoppedNow  # noqa: PLC0415
    from etl.submission import Ending  # noqa: PLC0415

    try:
        with submission(run, journal, settings, profile, person, max_requests=send.max_requests) as sending:
            ending = sending.send()
            if ending.exit_code in {None, 5}:
                sending.look_up(only_due=True)
                if not send.yes:
                    offer_to_wait(sending, person)
            ending = heeded(sending, ending)
        close(journal, run, ending)
    except StoppedNow as stop:
        close(journal, run, Ending(exit_code=stop.exit_code, message=text("Stopped on request.")))
    except JournalError as error:
        report = report_of(journal, run, "run")
        code = 7 if report.counts["uncertain"] else error.exit_code
        return replace(report, exit_code=code, stopped=error.message)
    return report_of(journal, run, "run")


# --- reading and planning ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was asked, completed by a mapping file and by what the workbook says of itself, and the opened file."""

    options: SheetOptions
    destination: Destination
    source: Source
    profile: str | None
    """The profile that the mapping file or the workbook names."""


def _prepare(sheet: SheetOptions) -> Prepared:
    """Open the file and find out where it goes. Raises UsageError, FileError or ConfigurationError."""
    from etl.core.identity import from_properties  # noqa: PLC0415 - `--help` needs no reader
    from etl.io.readers import open_source  # noqa: PLC0415
    from etl.resending import completed_by  # noqa: PLC0415

    options, mapping = with_mapping(sheet)
    if options.to is not None:
        _destination(options.to)
    source = open_source(options.file, encoding=options.encoding, allow_legacy=options.allow_legacy)
    identity = from_properties(source.properties)
    options = completed_by(identity, options)
    profile = mapping.profile or (identity.profile if identity is not None else None)
    return Prepared(options, _destination(options.to), source, profile)


def _destination(name: str | None) -> Destination:
    known = ", ".join(sorted(DESTINATIONS))
    if name is None:
        raise UsageError(text("Where should it be sent? Say --to with one of: {known}", known=known))
    if name not in DESTINATIONS:
        raise UsageError(text("There is no destination {name}. Known are: {known}", name=name, known=known))
    return DESTINATIONS[name]


def _take_in(prepared: Prepared, *, sending: bool) -> Intake:
    from etl.intake import take_in  # noqa: PLC0415 - pandas and pandera

    zone = prepared.options.zone_of(vendor_of(prepared.destination.name).name, prepared.profile)
    return take_in(prepared.options, prepared.destination, prepared.source, sending=sending, zone=zone)


def _withhold(
    planned: Plan, intake: Intake, options: SheetOptions, destination: Destination, journal: Journal, send: SendOptions
) -> Plan:
    """Of a results workbook, send only what was corrected or never sent (contract section 7)."""
    from etl.resending import not_corrected, withheld  # noqa: PLC0415

    if intake.resent is None:
        return planned
    numbers = [row for batch in planned.batches for item in batch.items for row in item.rows]
    moving = any(destination.effect(batch.group) is Effect.DELTA for batch in planned.batches)
    settled = withheld(intake.resent, numbers, journal, moving=moving, retry_rejected=send.retry_rejected)
    as_it_was = not_corrected(intake.resent, set(numbers) - settled.keys(), journal, _reading_options(options))
    if not settled and not as_it_was:
        return planned
    rows = [row for row in intake.checked.rows if row.number in set(numbers) - settled.keys() - as_it_was.keys()]
    findings = (
        *planned.findings,
        *_row_findings("already_sent", Severity.WARNING, settled, intake),
        *_row_findings("not_corrected", Severity.ERROR, as_it_was, intake),
    )
    batches = plan(rows, intake.checked.merged, destination)
    return Plan(batches, {**planned.held, **as_it_was}, {**planned.skipped, **settled}, findings)


def _strict(options: SheetOptions, intake: Intake, planned: Plan) -> Plan:
    """With ``--strict``, hold everything back as soon as one row is invalid."""
    if not options.strict or not _invalid_rows(intake):
        return planned
    reason = text("Held back: with --strict nothing is sent while another row has errors.")
    held = {row: reason for batch in planned.batches for item in batch.items for row in item.rows}
    return replace(planned, batches=(), held=held)


def _invalid_rows(intake: Intake) -> set[int]:
    skipped = intake.skipped
    return {
        finding.row
        for finding in intake.findings
        if finding.is_error and finding.row is not None and finding.row not in skipped
    }


def _once_only(
    planned: Plan, intake: Intake, destination: Destination, journal: Journal, profile: Profile, send: SendOptions
) -> Plan:
    """Refuse what repeats an earlier run of movements, or take out what was sent (``--only-new``)."""
    from etl.runs import sent_runs  # noqa: PLC0415

    if not any(destination.effect(batch.group) is Effect.DELTA for batch in planned.batches) or send.again:
        return planned
    items = [item for batch in planned.batches for item in batch.items]
    ids = [item.id for item in items]
    content, file = content_hash(planned.batches), intake.sheet.sha256
    now = datetime.now(UTC)
    earlier = sent_runs(journal, profile.account, destination.name, file, content, now)
    if not send.only_new:
        corrected = intake.resent is None
        repeat = find_repeat(file, content, ids, earlier, now, corrected=corrected)
        if repeat is not None:
            raise _refusal(repeat.kind, repeat.run, repeat.equal, repeat.of)
        return planned
    keys = [identify_key(destination.name, item.group, item.key) for item in items]
    found = only_new(ids, keys, earlier, now, file_sha256=file, content=content)
    return _without(planned, found, intake, destination)


def _refusal(kind: str, run: str, equal: int, of: int) -> RefusedError:
    if kind == "unfinished":
        return RefusedError(
            text("This sheet was already sent in run {run}, which is not finished. Nothing was sent now.", run=run),
            hint=text("Go on with it: etl resume {run}", run=run),
            run=run,
        )
    if kind == "same":
        return RefusedError(
            text("The content of this sheet was already sent in run {run}. Nothing was sent now.", run=run),
            hint=text("See it: etl show {run}. If all of it really must be moved once more: --again", run=run),
            run=run,
        )
    return RefusedError(
        text(
            "{equal} of the {of} rows were already sent in run {run}: it looks like the same sheet, corrected. "
            "Nothing was sent now.",
            equal=equal,
            of=of,
            run=run,
        ),
        hint=text("To send only the other rows: --only-new. To move everything once more: --again", run=run),
        run=run,
    )


def _without(planned: Plan, found: NewOnly, intake: Intake, destination: Destination) -> Plan:
    items = [item for batch in planned.batches for item in batch.items]
    skipped = {
        row: text("Already sent in run {run} (--only-new).", run=run)
        for index, run in found.sent.items()
        for row in items[index].rows
    }
    held = {
        row: text(
            "Held back: the same product was already moved in run {run} with another quantity. Only --again sends it.",
            run=run,
        )
        for index, run in found.held.items()
        for row in items[index].rows
    }
    keep = {row.number for row in intake.checked.rows} - skipped.keys() - held.keys()
    rows = [row for row in intake.checked.rows if row.number in keep]
    findings = (
        *_row_findings("already_sent", Severity.WARNING, skipped, intake),
        *_row_findings("sent_otherwise", Severity.ERROR, held, intake),
    )
    return Plan(plan(rows, intake.checked.merged, destination), held, skipped, findings)


def _row_findings(code: str, severity: Severity, reasons: Mapping[int, Text], intake: Intake) -> Iterable[Finding]:
    for row, reason in reasons.items():
        yield Finding(code, reason, severity=severity, sheet=intake.sheet.name, row=row)


# --- asking --------------------------------------------------------------------------------------------------------


def _show_plan(
    planned: Plan,
    intake: Intake,
    destination: Destination,
    profile: Profile,
    journal: Journal,
    settings: Settings,
    person: Person,
) -> None:
    """Show company, account, host, destination, rows by group and requests before anything is sent."""
    from etl.dispatch import introduction  # noqa: PLC0415 - only a run that sends

    person.say(introduction(profile))
    person.say(text("Destination: {to} - journal: {home}", to=destination.name, home=str(settings.home)))
    for group, count in _rows_by_group(planned.batches).items():
        label = f"{destination.group_field}={group}" if destination.group_field else destination.name
        person.say(ntext("{label}: {count} row", "{label}: {count} rows", count, label=label))
    invalid = len(_invalid_rows(intake))
    if invalid:
        person.say(
            ntext("{count} row has errors and is not sent", "{count} rows have errors and are not sent", invalid)
        )
    movements = sum(destination.effect(batch.group) is Effect.DELTA for batch in planned.batches)
    reads = movements if destination.baseline is not None and profile.evidence else 0
    person.say(text("Requests needed: {sends} to send and {reads} to read", sends=len(planned.batches), reads=reads))
    if movements and not journal.runs_of(profile.account, destination.name):
        person.say(
            text("This journal has no earlier run of this account: repeats of older movements cannot be noticed.")
        )


def _rows_by_group(batches: Iterable[Batch]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for batch in batches:
        counts[batch.group] = counts.get(batch.group, 0) + sum(len(item.rows) for item in batch.items)
    return counts


def _ask(send: SendOptions, person: Person) -> None:
    if send.yes:
        return
    if not person.interactive:
        raise UsageError(
            text("Nothing was sent: there is no terminal to ask on."),
            hint=text("Say --yes to send without being asked."),
        )
    if not person.ask(text("Send it?")):
        raise UsageError(text("Nothing was sent: the question was not answered with yes."))


# --- recording and reporting ---------------------------------------------------------------------------------------


def _record_plan(
    planned: Plan,
    intake: Intake,
    options: SheetOptions,
    destination: Destination,
    journal: Journal,
    profile: Profile,
    target: Path,
) -> str:
    """T0: put the whole plan into the journal. Returns the run's id."""
    from etl.history import facts_of  # noqa: PLC0415
    from etl.io.journal.records import RunRecord  # noqa: PLC0415

    run = secrets.token_hex(8)
    content = content_hash(planned.batches)
    facts = facts_of(
        intake.layout,
        intake.sheet.name,
        company=profile.company,
        host=profile.address,
        results=str(target.absolute()),
        options=_reading_options(options),
        resent_from=_ancestry(intake, journal),
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
    )
    items = list(_item_records(planned, destination))
    journal.create_run(record, _row_records(planned, intake), items, planned.batches)
    journal.add_findings(run, _shown((*intake.findings, *planned.findings), intake))
    _take_over(run, planned, intake, journal)
    for older in journal.runs_of(profile.account, destination.name):
        if older.id != run and older.closed_by is None and older.content == content and planned.batches:
            journal.close_older(run, older.id)
    return run


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


def _item_records(planned: Plan, destination: Destination) -> Iterator[ItemRecord]:
    from etl.io.journal.records import ItemRecord  # noqa: PLC0415

    place = 0
    for batch in planned.batches:
        for item in batch.items:
            yield ItemRecord(
                place=place,
                batch=batch.number,
                item_id=item.id,
                key_id=identify_key(destination.name, item.group, item.key),
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
    if number in planned.held:
        return Outcome.NOT_SENT, (planned.held[number],)
    if number not in places:
        raise InternalError(text("Row {row} has no outcome.", row=number))
    return None, ()


def _error_messages(findings: Iterable[Finding]) -> dict[int, tuple[Text, ...]]:
    messages: dict[int, list[Text]] = {}
    for finding in findings:
        if finding.is_error and finding.row is not None:
            messages.setdefault(finding.row, []).append(finding.message)
    return {row: tuple(texts) for row, texts in messages.items()}


def _report(command: str, options: SheetOptions, destination: Destination, intake: Intake, planned: Plan) -> Report:
    """Return the report of a command that sent nothing."""
    rows = tuple(
        ReportRow(
            number=record.number,
            cells=record.cells,
            outcome=record.outcome or Outcome.NOT_SENT,
            reasons=record.reasons,
            derived=record.derived,
        )
        for record in _row_records(planned, intake)
    )
    held = bool(planned.held)
    invalid = any(row.outcome is Outcome.INVALID for row in rows)
    return Report(
        command=command,
        to=destination.name,
        file=options.file.name,
        file_sha256=intake.sheet.sha256,
        sheet=intake.sheet.name,
        header_row=intake.layout.header_row,
        headers=intake.layout.headers,
        columns=intake.layout.columns,
        ignored_columns=intake.layout.ignored,
        constants=intake.layout.constants,
        options=_reading_options(options),
        findings=_shown((*intake.findings, *planned.findings), intake),
        rows=rows,
        requests=Requests(planned=len(planned.batches)),
        started=datetime.now(UTC),
        finished=datetime.now(UTC),
        exit_code=1 if invalid or held else 0,
    )


def _reading_options(options: SheetOptions) -> dict[str, str]:
    """Return how the sheet was read, for the workbook that may come back."""
    said = {"decimal": options.decimal, "duplicates": options.duplicates, "round": "true" if options.round else None}
    return {name: value for name, value in said.items() if value is not None}


def _refused(refusal: RefusedError, report: Report, profile: Profile) -> Report:
    """Return the report of a sheet that was read and refused as a repeat: every row counted, none sent, no workbook."""
    return replace(
        report,
        run=refusal.run,
        profile=profile.name,
        exit_code=refusal.exit_code,
        stopped=refusal.message,
        next_steps=(refusal.hint,) if refusal.hint is not None else (),
    )


def _written(
    report: Report, destination: Destination, path: Path, output: OutputOptions, person: Person, fallback: Path | None
) -> Report:
    """Write the results workbook, unless not wanted, and return the report with its place."""
    from etl.results import written  # noqa: PLC0415

    target = output.results or path
    return written(report, destination, target, output, person, fallback or target.parent)


def _beside(file: Path, kind: str) -> Path:
    return file.with_name(f"{file.stem}.{kind}.xlsx")


def _write_payloads(folder: Path, batches: Sequence[Batch]) -> None:
    """Write each request's body, without credentials, as it would go out."""
    folder.mkdir(parents=True, exist_ok=True)
    for batch in batches:
        name = f"{batch.number:04d}-{batch.group}.json" if batch.group.isalnum() else f"{batch.number:04d}.json"
        (folder / name).write_bytes(batch.body)


@dataclass(slots=True)
class _Outcome:
    report: Report | None = None
    to: str | None = None

    @property
    def finished(self) -> Report:
        if self.report is None:
            raise InternalError(text("A command ended without a report."))
        return self.report


@contextmanager
def _reporting(command: str, sheet: SheetOptions) -> Iterator[_Outcome]:
    """Turn the endings 3, 4, 5 and 6 into reports, so that every one of them has its JSON object."""
    outcome = _Outcome()
    try:
        yield outcome
    except (UsageError, InternalError):
        raise
    except EtlError as error:
        outcome.report = Report(
            command=command,
            to=outcome.to,
            run=error.run if isinstance(error, RefusedError) else None,
            file=sheet.file.name,
            findings=error.findings if isinstance(error, FileError) else (),
            exit_code=error.exit_code,
            stopped=error.message,
            next_steps=(error.hint,) if error.hint is not None else (),
        )
