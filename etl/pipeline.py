"""A whole run, readable from top to bottom: read, map, validate, survey, plan, ask, submit, report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from etl.asking import Errand, consented, foreseen, remember, survey
from etl.consent import show_plan
from etl.core.planning import marked
from etl.core.report import Report
from etl.errors import EtlError, FileError, InternalError, RefusedError, UsageError
from etl.guarding import alarms, known_guards, warnings_of
from etl.messages import Text, text
from etl.model import Batch
from etl.options import OutputOptions, Person, SendOptions, SheetOptions
from etl.outlining import foreseen_alarms, outline
from etl.plans import first_plan, once_only, withhold
from etl.preparing import Prepared, keep_filled_in, prepare, read_and_check
from etl.recording import changes_by_row, record_plan, report_unsent
from etl.unchanged import refuse_movements
from etl.vendors import vendor_of
from etl.vendors.base import Destination, configured
from etl.warming import import_ahead

_EXAMPLE_RUN = "00000000"
"""Stands in the bodies that a dry run writes where a run's own id would."""

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.io.journal.records import Journal
    from etl.settings import Profile, Settings


def validate_file(sheet: SheetOptions, output: OutputOptions, person: Person) -> Report:
    """Check a sheet: no network, no credentials, no journal. File errors come back as a report with their code."""
    with _reporting("validate", sheet) as outcome:
        prepared = prepare(sheet)
        options, destination = prepared.options, prepared.destination
        outcome.to = destination.name
        keep_filled_in(prepared, person)
        _expect_workbook(output)
        intake = read_and_check(prepared, sending=False)
        outlined = outline(intake, destination, options)
        found = foreseen_alarms(intake, destination, outlined, prepared.thresholds)
        outlined = replace(outlined, findings=(*outlined.findings, *warnings_of(found, intake)))
        report = report_unsent("validate", options, destination, intake, outlined)
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
        prepared = prepare(sheet)
        outcome.to = prepared.destination.name
        keep_filled_in(prepared, person)
        work = _dry_run if send.dry_run else _run
        outcome.report = work(prepared, output, send, settings, person)
    return outcome.finished


def _dry_run(
    prepared: Prepared, output: OutputOptions, send: SendOptions, settings: Settings, person: Person
) -> Report:
    options = prepared.options
    _expect_workbook(output)
    intake = read_and_check(prepared, sending=True)
    reads = send.read or prepared.destination.surveys_rehearsals
    profile = _profile(prepared, settings) if reads else None
    destination = configured(prepared.destination, profile or settings.only_profile(*prepared.company))
    refuse_movements(intake, destination, send)
    left: tuple[Text, ...] = ()
    if profile is None:
        planned = first_plan(intake, destination, options, send)
        found = alarms(planned, intake, destination, prepared.thresholds, send.confirm)
        planned = replace(planned, findings=(*planned.findings, *warnings_of(found, intake)))
    else:
        errand = Errand(destination, send, settings, profile, person)
        intake = survey(intake, errand, strict=options.strict)
        if intake.unread is not None:
            planned = first_plan(intake, destination, options, send)
            return _unread(intake.unread, report_unsent("run", options, destination, intake, planned.outline, profile))
        with _known_journal(settings, destination) as journal:
            intake = remember(intake, errand, journal)
            planned = first_plan(intake, destination, options, send)
            planned, intake, left = foreseen(planned, intake, errand, journal)
    if send.payloads is not None:
        _write_payloads(send.payloads, marked(planned.batches, _EXAMPLE_RUN, destination))
    changes = changes_by_row(planned, intake, destination)
    report = report_unsent("run", options, destination, intake, planned.outline, profile, left, changes)
    target = output.results or _beside(options.file, "resultados")
    return _written(report, intake, prepared, target, _falling_back(output, settings), person)


def _run(prepared: Prepared, output: OutputOptions, send: SendOptions, settings: Settings, person: Person) -> Report:
    from etl.dispatch import recover, require_space  # noqa: PLC0415 - only a run that sends needs the database and HTTP
    from etl.io.journal import open_journal  # noqa: PLC0415
    from etl.io.locks import AccountLock  # noqa: PLC0415

    profile = _profile(prepared, settings)
    options, destination = prepared.options, configured(prepared.destination, profile)
    vendor, errand = vendor_of(destination.name), Errand(destination, send, settings, profile, person)
    target = output.results or _beside(options.file, "resultados")
    settings.prepare_home()
    with AccountLock(settings.home, vendor.name, profile.account, profile.address, send.wait):
        intake = read_and_check(prepared, sending=True)
        journal = open_journal(settings.journal_url)
        try:
            refuse_movements(intake, destination, send)
            recover(journal, profile.account, vendor)
            intake = survey(intake, errand, strict=options.strict)
            if intake.unread is not None:
                planned = first_plan(intake, destination, options, send)
                return _unread(
                    intake.unread, report_unsent("run", options, destination, intake, planned.outline, profile)
                )
            intake = remember(intake, errand, journal)
            planned = first_plan(intake, destination, options, send)
            try:
                planned = once_only(planned, intake, destination, journal, profile, send)
                planned = withhold(planned, intake, options, destination, journal, send)
            except RefusedError as refusal:
                return _refused(refusal, report_unsent("run", options, destination, intake, planned.outline, profile))
            show_plan(planned, intake, destination, profile, journal, settings, person)
            if planned.batches:
                planned, intake = consented(planned, intake, errand, journal)
                size = sum(len(batch.body) for batch in planned.batches)
                require_space(size, settings.home, target.parent if output.write_results else None)
            run = record_plan(planned, intake, options, destination, journal, profile, target, send.scheduled)
            _expect_workbook(output)
            report = _submit(run, journal, settings, profile, person, send, used=intake.reads)
        finally:
            journal.close()
    return _written(report, intake, prepared, target, _falling_back(output, settings), person)


def _expect_workbook(output: OutputOptions) -> None:
    """Import what writes a workbook, if one is wanted, while a file is read or the vendor answers."""
    if output.write_results:
        import_ahead("etl.io.workbook.results")


def _profile(prepared: Prepared, settings: Settings) -> Profile:
    """Return the company's profile, its credentials present. Raises ConfigurationError."""
    vendor, name = prepared.company
    profile = settings.profile(vendor, settings.chosen or name)
    profile.credentials()
    return profile


@contextmanager
def _known_journal(settings: Settings, destination: Destination) -> Iterator[Journal | None]:
    """Give the journal where the vendor cannot tell what it has, and there is one: a dry run makes none."""
    from etl.io.journal import open_journal, schema_version  # noqa: PLC0415 - SQLAlchemy

    if destination.remembered is None or schema_version(settings.journal_url) is None:
        yield None
        return
    journal = open_journal(settings.journal_url)
    try:
        yield journal
    finally:
        journal.close()


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
                sending.lookups.look_up(only_due=True)
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
