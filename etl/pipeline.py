"""A whole run, readable from top to bottom: read, map, validate, survey, plan, ask, submit, report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from etl.consent import ask, require_answer, show_plan
from etl.core.meanings import Meaning, with_meanings
from etl.core.planning import marked
from etl.core.report import Report
from etl.core.thresholds import Thresholds
from etl.costs import compared, cost_of
from etl.errors import EtlError, FileError, InternalError, RefusedError, UsageError
from etl.guarding import alarms, guarded, known_guards, remembered, takes_away, warned
from etl.mappings import is_workbook, keep_meanings, with_mapping
from etl.messages import Text, ntext, text
from etl.model import Batch
from etl.options import OutputOptions, Person, SendOptions, SheetOptions
from etl.plans import Plan, first_plan, invalid_rows, once_only, withhold
from etl.recording import record_plan, report_unsent
from etl.unchanged import refuse_movements, without_accepted
from etl.vendors import DESTINATIONS, vendor_of
from etl.vendors.base import Destination, Wishes, configured
from etl.warming import import_ahead

_EXAMPLE_RUN = "00000000"
"""Stands in the bodies that a dry run writes where a run's own id would."""

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.io.journal.records import Journal
    from etl.io.readers import Source
    from etl.settings import Profile, Settings


def validate_file(sheet: SheetOptions, output: OutputOptions, person: Person) -> Report:
    """Check a sheet: no network, no credentials, no journal. File errors come back as a report with their code."""
    with _reporting("validate", sheet) as outcome:
        prepared = _prepare(sheet)
        options, destination = prepared.options, prepared.destination
        outcome.to = destination.name
        _keep_meanings(prepared, person)
        intake = _take_in(prepared, sending=False)
        planned = first_plan(intake, destination, options, SendOptions())
        planned = _warned(planned, intake, prepared, prepared.thresholds, ())
        report = report_unsent("validate", options, destination, intake, planned)
        target = output.results or _beside(options.file, "validacion")
        outcome.report = _written(report, intake, prepared, target, output, person)
    return outcome.finished


def run_file(
    sheet: SheetOptions, output: OutputOptions, send: SendOptions, settings: Settings, person: Person
) -> Report:
    """Validate, plan, ask, submit and report a sheet; or stop before the wire with `send.dry_run`."""
    sheet = replace(sheet, zone_of=settings.zone_of, guards_of=settings.guards_of)
    known_guards(send.confirm)
    with _reporting("run", sheet) as outcome:
        prepared = _prepare(sheet)
        outcome.to = prepared.destination.name
        _keep_meanings(prepared, person)
        work = _dry_run if send.dry_run else _run
        outcome.report = work(prepared, output, send, settings, person)
    return outcome.finished


def _dry_run(
    prepared: Prepared, output: OutputOptions, send: SendOptions, settings: Settings, person: Person
) -> Report:
    options = prepared.options
    intake = _take_in(prepared, sending=True)
    reads = send.read or prepared.destination.surveys_rehearsals
    profile = _profile(prepared, settings) if reads else None
    destination = configured(prepared.destination, profile or settings.only_profile(*_company(prepared)))
    refuse_movements(intake, destination, send)
    if profile is not None:
        intake = _surveyed(intake, prepared, send, settings, profile, person)
        if intake.unread is not None:
            planned = first_plan(intake, destination, options, send)
            return _unread(intake.unread, report_unsent("run", options, destination, intake, planned, profile))
        intake = _remembered(intake, destination, send, settings, profile)
    planned = first_plan(intake, destination, options, send)
    left: tuple[Text, ...] = ()
    if profile is not None:
        planned, intake = _with_evidence(planned, intake, prepared, send, settings, profile, person)
        left, intake = _left(planned, intake, destination, send, settings, profile, person)
    thresholds = profile.guards if profile is not None else prepared.thresholds
    planned = _warned(planned, intake, prepared, thresholds, send.confirm)
    if send.payloads is not None:
        _write_payloads(send.payloads, marked(planned.batches, _EXAMPLE_RUN, destination))
    report = report_unsent("run", options, destination, intake, planned, profile, left)
    target = output.results or _beside(options.file, "resultados")
    return _written(report, intake, prepared, target, _falling_back(output, settings), person)


def _run(prepared: Prepared, output: OutputOptions, send: SendOptions, settings: Settings, person: Person) -> Report:
    from etl.dispatch import recover, require_space  # noqa: PLC0415 - only a run that sends needs the database and HTTP
    from etl.io.journal import open_journal  # noqa: PLC0415
    from etl.io.locks import AccountLock  # noqa: PLC0415

    profile = _profile(prepared, settings)
    options, destination = prepared.options, configured(prepared.destination, profile)
    vendor = vendor_of(destination.name)
    target = output.results or _beside(options.file, "resultados")
    settings.prepare_home()
    with AccountLock(settings.home, vendor.name, profile.account, profile.address, send.wait):
        intake = _take_in(prepared, sending=True)
        journal = open_journal(settings.journal_url)
        try:
            refuse_movements(intake, destination, send)
            recover(journal, profile.account, vendor)
            intake = _surveyed(intake, prepared, send, settings, profile, person)
            if intake.unread is not None:
                planned = first_plan(intake, destination, options, send)
                return _unread(intake.unread, report_unsent("run", options, destination, intake, planned, profile))
            intake = without_accepted(intake, destination, journal, profile.account, send)
            planned = first_plan(intake, destination, options, send)
            try:
                planned = once_only(planned, intake, destination, journal, profile, send)
                planned = withhold(planned, intake, options, destination, journal, send)
            except RefusedError as refusal:
                return _refused(refusal, report_unsent("run", options, destination, intake, planned, profile))
            show_plan(planned, intake, destination, profile, journal, settings, person)
            if planned.batches:
                planned, intake = _consented(planned, intake, prepared, send, settings, profile, journal, person)
                size = sum(len(batch.body) for batch in planned.batches)
                require_space(size, settings.home, target.parent if output.write_results else None)
            run = record_plan(planned, intake, options, destination, journal, profile, target, send.scheduled)
            report = _submit(run, journal, settings, profile, person, send, used=intake.reads)
        finally:
            journal.close()
    return _written(report, intake, prepared, target, _falling_back(output, settings), person)


def _profile(prepared: Prepared, settings: Settings) -> Profile:
    """Return the company's profile, its credentials present. Raises ConfigurationError."""
    vendor, name = _company(prepared)
    profile = settings.profile(vendor, settings.chosen or name)
    profile.credentials()
    return profile


def _company(prepared: Prepared) -> tuple[str, str | None]:
    return vendor_of(prepared.destination.name).name, prepared.profile


def _surveyed(
    intake: Intake, prepared: Prepared, send: SendOptions, settings: Settings, profile: Profile, person: Person
) -> Intake:
    """Read what the vendor has, where the destination wants to know it and something may be sent."""
    destination = prepared.destination
    if destination.survey is None or (prepared.options.strict and invalid_rows(intake)):
        return intake
    from etl.dispatch import inquiry  # noqa: PLC0415 - HTTP
    from etl.surveying import surveyed  # noqa: PLC0415

    if not send.dry_run and intake.checked.rows:
        require_answer(send, person)
    wishes = Wishes(
        only_changed=send.only_changed,
        key=send.key,
        partial_documents=send.partial_documents,
        settings=profile.settings,
    )
    vendor = vendor_of(destination.name)
    with inquiry(vendor, settings, profile, person, max_requests=send.max_requests) as asking:
        return surveyed(intake, destination, wishes, asking)


def _remembered(
    intake: Intake, destination: Destination, send: SendOptions, settings: Settings, profile: Profile
) -> Intake:
    """Leave out what the journal's last accepted values equal, where there is a journal: a dry run makes none."""
    if not send.only_changed or destination.remembered is None:
        return intake
    from etl.io.journal import open_journal, schema_version  # noqa: PLC0415 - SQLAlchemy

    if schema_version(settings.journal_url) is None:
        return intake
    journal = open_journal(settings.journal_url)
    try:
        return without_accepted(intake, destination, journal, profile.account, send)
    finally:
        journal.close()


def _consented(
    planned: Plan,
    intake: Intake,
    prepared: Prepared,
    send: SendOptions,
    settings: Settings,
    profile: Profile,
    journal: Journal,
    person: Person,
) -> tuple[Plan, Intake]:
    """Return what may be sent once the guards and the person agreed, with the requests that took."""
    require_answer(send, person)
    planned, intake = _with_evidence(planned, intake, prepared, send, settings, profile, person)
    last = remembered(planned, prepared.destination, journal, profile.account)
    found = alarms(planned, intake, prepared.destination, profile.guards, send.confirm, last)
    planned = guarded(planned, found, intake, person)
    if planned.batches and not send.yes:
        left, intake = _left(planned, intake, prepared.destination, send, settings, profile, person)
        for line in left:
            person.say(line)
    if planned.batches:
        ask(send, person)
    return planned, intake


def _left(
    planned: Plan,
    intake: Intake,
    destination: Destination,
    send: SendOptions,
    settings: Settings,
    profile: Profile,
    person: Person,
) -> tuple[tuple[Text, ...], Intake]:
    """Return what the vendor says is left of the plan, where it says so, and the sheet with the request that took."""
    vendor = vendor_of(destination.name)
    cost = cost_of(planned, intake, destination, evidence=profile.evidence)
    within = send.max_requests is None or intake.reads + 1 + cost.total <= send.max_requests
    if vendor.allowance is None or not planned.batches or not within:
        return (), intake
    from etl.dispatch import inquiry  # noqa: PLC0415 - HTTP
    from etl.surveying import allowed  # noqa: PLC0415

    with inquiry(vendor, settings, profile, person, max_requests=send.max_requests) as asking:
        asking.used = intake.reads
        allowance = allowed(vendor, asking)
    said = (
        (text("What is left of the plan could not be read."),)
        if allowance is None
        else tuple(compared(cost, allowance))
    )
    return said, replace(intake, reads=asking.used)


def _warned(
    planned: Plan, intake: Intake, prepared: Prepared, thresholds: Thresholds, confirmed: tuple[str, ...]
) -> Plan:
    """Return the plan with what the guards see in it, for a command that sends nothing."""
    return warned(planned, alarms(planned, intake, prepared.destination, thresholds, confirmed), intake)


def _with_evidence(
    planned: Plan,
    intake: Intake,
    prepared: Prepared,
    send: SendOptions,
    settings: Settings,
    profile: Profile,
    person: Person,
) -> tuple[Plan, Intake]:
    """Read the stock of what would be taken away, where the profile wants such evidence."""
    if not takes_away(planned, prepared.destination):
        return planned, intake
    from etl.dispatch import inquiry  # noqa: PLC0415 - HTTP
    from etl.surveying import with_evidence  # noqa: PLC0415

    vendor = vendor_of(prepared.destination.name)
    with inquiry(vendor, settings, profile, person, max_requests=send.max_requests) as asking:
        asking.used = intake.reads
        planned = with_evidence(planned, prepared.destination, asking)
    return planned, replace(intake, reads=asking.used)


def _submit(
    run: str, journal: Journal, settings: Settings, profile: Profile, person: Person, send: SendOptions, *, used: int
) -> Report:
    """Send the plan and return what became of it, also when the journal or a second signal ends it."""
    from etl.dispatch import close, heeded, offer_to_wait, submission  # noqa: PLC0415
    from etl.errors import JournalError  # noqa: PLC0415
    from etl.history import report_of  # noqa: PLC0415
    from etl.inquiry import Ending  # noqa: PLC0415
    from etl.stops import StoppedNow  # noqa: PLC0415

    try:
        with submission(run, journal, settings, profile, person, max_requests=send.max_requests, used=used) as sending:
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

    @property
    def thresholds(self) -> Thresholds:
        """The limits of the guards, as far as it is known for which company they are."""
        return self.options.guards_of(vendor_of(self.destination.name).name, self.profile)

    filled_in: tuple[Meaning, ...] = ()
    """What the workbook's sheet `Mapeos` says of values; it stands among the options too."""


def _prepare(sheet: SheetOptions) -> Prepared:
    """Open the file and find out where it goes. Raises UsageError, FileError or ConfigurationError."""
    from etl.core.identity import from_properties  # noqa: PLC0415 - `--help` needs no reader
    from etl.io.readers import open_source  # noqa: PLC0415
    from etl.io.workbook.filled_meanings import read_meanings  # noqa: PLC0415
    from etl.resending import completed_by  # noqa: PLC0415

    options, mapping = with_mapping(sheet)
    if options.to is not None:
        _destination(options.to)
    source = open_source(options.file, encoding=options.encoding, allow_legacy=options.allow_legacy)
    identity = from_properties(source.properties)
    options = completed_by(identity, options)
    profile = mapping.profile or (identity.profile if identity is not None else None)
    destination = _destination(options.to)
    filled = read_meanings(source, destination) if identity is None or identity.to == destination.name else ()
    options = replace(options, meanings=(*options.meanings, *filled))
    return Prepared(options, with_meanings(destination, options.meanings), source, profile, filled)


def _keep_meanings(prepared: Prepared, person: Person) -> None:
    """Put what `Mapeos` says of values into the mapping file, for the sheets to come."""
    mapping = prepared.options.mapping
    if not prepared.filled_in or mapping is None or is_workbook(mapping):
        return
    count = len(prepared.filled_in)
    try:
        keep_meanings(mapping, prepared.filled_in)
    except OSError as error:
        why = error.strerror or type(error).__name__
        person.say(text("{path} could not be written: {why}.", path=str(mapping), why=why))
        return
    person.say(
        ntext(
            "What {count} value means is kept in {path}.",
            "What {count} values mean is kept in {path}.",
            count,
            path=str(mapping),
        )
    )


def _destination(name: str | None) -> Destination:
    known = ", ".join(sorted(DESTINATIONS))
    if name is None:
        raise UsageError(text("Where should it be sent? Say --to with one of: {known}", known=known))
    if name not in DESTINATIONS:
        raise UsageError(text("There is no destination {name}. Known are: {known}", name=name, known=known))
    return DESTINATIONS[name]


def _take_in(prepared: Prepared, *, sending: bool) -> Intake:
    import_ahead("etl.intake")
    _read_ahead(prepared)
    from etl.intake import take_in  # noqa: PLC0415 - pandas and pandera

    zone = prepared.options.zone_of(*_company(prepared))
    return take_in(prepared.options, prepared.destination, prepared.source, sending=sending, zone=zone)


def _read_ahead(prepared: Prepared) -> None:
    """Read the sheet while the libraries come in, where there is no doubt which it is."""
    wanted, sheets = prepared.options.sheet, prepared.source.sheets
    candidates = [sheet for sheet in sheets if (sheet.visible if wanted is None else sheet.name == wanted)]
    if len(candidates) == 1:
        prepared.source.read(candidates[0].name)


# --- reporting ----------------------------------------------------------------------------------------------------


def _unread(error: EtlError, report: Report) -> Report:
    """Return the report of a checked sheet when the vendor could not be read: every row counted, none sent."""
    steps = (error.hint,) if error.hint is not None else ()
    return replace(report, exit_code=error.exit_code, stopped=error.message, next_steps=steps)


def _refused(refusal: RefusedError, report: Report) -> Report:
    """Return the report of a sheet that was read and refused as a repeat: every row counted, none sent, no workbook."""
    return replace(
        report,
        run=refusal.run,
        exit_code=refusal.exit_code,
        repeat=refusal.repeat,
        stopped=refusal.message,
        next_steps=(refusal.hint,) if refusal.hint is not None else (),
    )


def _written(
    report: Report, intake: Intake, prepared: Prepared, target: Path, output: OutputOptions, person: Person
) -> Report:
    """Write the results workbook and the annotated copy, as far as they are wanted; return the report with them."""
    from etl.results import annotated, written  # noqa: PLC0415

    fallback, file = output.fallback or target.parent, prepared.options.file
    report = written(report, prepared.destination, target, output, person, fallback)
    if not output.annotate:
        return report
    copy = _beside(file, "anotado")
    return annotated(report, intake, prepared.source.kind, file, prepared.destination, (copy, output, person))


def _falling_back(output: OutputOptions, settings: Settings) -> OutputOptions:
    return replace(output, fallback=output.fallback or settings.home / "results")


def _beside(file: Path, kind: str) -> Path:
    """Return the name of a workbook of ours beside `file`; of one of that kind already the next number."""
    ours = re.fullmatch(rf"(.+\.{kind})(?: \(([0-9]+)\))?", file.stem)
    return file.with_name(f"{ours[1]} ({int(ours[2] or 1) + 1}).xlsx" if ours else f"{file.stem}.{kind}.xlsx")


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
    """Turn the endings 3, 4, 5, 6 and 130 into reports, so that every one of them has its JSON object."""
    outcome = _Outcome()
    try:
        yield outcome
    except (UsageError, InternalError):
        raise
    except EtlError as error:
        outcome.report = _ended(command, sheet, outcome, error)


def _ended(command: str, sheet: SheetOptions, outcome: _Outcome, error: EtlError) -> Report:
    return Report(
        command=command,
        to=outcome.to,
        run=error.run if isinstance(error, RefusedError) else None,
        file=sheet.file.name,
        findings=error.findings if isinstance(error, FileError) else (),
        exit_code=error.exit_code,
        stopped=error.message,
        next_steps=(error.hint,) if error.hint is not None else (),
    )
