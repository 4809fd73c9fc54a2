"""Writes the workbook of a report, or says why it could not be: what became of the rows stays true either way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from etl.core.report import Report
from etl.messages import Text, text, verbatim
from etl.options import OutputOptions, Person
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from etl.intake import Intake


def written(
    report: Report, destination: Destination, target: Path, output: OutputOptions, person: Person, fallback: Path
) -> Report:
    """Return the report with the place of its workbook, written at `target` unless it is not wanted.

    A disk that takes no workbook changes no outcome and no exit code (JOB-4): it is said, with the command that
    makes the workbook again.
    """
    if not output.write_results:
        return report
    from etl.io.workbook.results import write_results  # noqa: PLC0415 - XlsxWriter

    made = replace(report, rows=tuple(report.rows))  # its sheets go through them several times
    try:
        done = write_results(made, destination, target, output.language, fallback=fallback)
    except OSError as error:
        person.say(text("The workbook could not be written: {why}.", why=error.strerror or type(error).__name__))
        if report.run is not None:
            person.say(text("Make it again when there is room: etl report {run} -o RESULTS.xlsx", run=report.run))
        return report
    for note in done.notes:
        person.say(note)
    return replace(report, results=str(done.path))


def annotated(
    report: Report,
    intake: Intake,
    kind: str,
    file: Path,
    destination: Destination,
    told: tuple[Path, OutputOptions, Person],
) -> Report:
    """Return the report with the place of the annotated copy of `file`, a workbook of that `kind` (``Source.kind``).

    `told` says where it goes and who is told. That there is none changes no outcome and no exit code: it is said.
    """
    from etl.io.workbook.annotated import NotAnnotatedError, write_annotated  # noqa: PLC0415 - seldom wanted

    target, output, person = told
    reason = _unfit(intake, kind)
    try:
        if reason is None:
            done = write_annotated(file, report, destination, (target, output), intake.own_column)
            for note in done.notes:
                person.say(note)
            return replace(report, annotated=str(done.path))
    except NotAnnotatedError as problem:
        reason = problem.reason
    except OSError as error:
        reason = verbatim(error.strerror or type(error).__name__)
    person.say(text("There is no annotated copy of {file}: {why}.", file=file.name, why=reason))
    return report


def _unfit(intake: Intake, kind: str) -> Text | None:
    if intake.resent is not None:
        return text("a results workbook has its reasons already")
    if kind != "xlsx":
        return text("only .xlsx workbooks can be copied, and this is a .{kind} file", kind=kind)
    return None
