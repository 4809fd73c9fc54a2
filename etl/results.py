"""Writes the workbook of a report, or says why it could not be: what became of the rows stays true either way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from etl.core.report import Report
from etl.messages import text
from etl.options import OutputOptions, Person
from etl.vendors.base import Destination


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

    try:
        done = write_results(report, destination, target, output.language, fallback=fallback)
    except OSError as error:
        person.say(text("The workbook could not be written: {why}.", why=error.strerror or type(error).__name__))
        if report.run is not None:
            person.say(text("Make it again when there is room: etl report {run} -o RESULTS.xlsx", run=report.run))
        return report
    for note in done.notes:
        person.say(note)
    return replace(report, results=str(done.path))
