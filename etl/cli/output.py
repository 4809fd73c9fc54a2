"""Shows what a command has to tell: data on stdout, messages on stderr (contract section 3)."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.command import Setting
from etl.core.row_names import row_name, row_refs
from etl.errors import EtlError, InterruptedRunError, RefusedError, UsageError
from etl.messages import Text, text, translate

if TYPE_CHECKING:
    from etl.cli.asked import Asked
    from etl.core.report import Report
    from etl.demo import Demonstrated
    from etl.model import Finding, Json

_NOTHING_DONE = frozenset({3, 4, 6})
"""Endings that have only a message to tell."""


def show_report(asked: Asked, report: Report) -> int:
    """Show a report as one JSON object or as a summary, and return its exit code."""
    language = asked.language
    if asked.json:
        _show_json(_report_json(report, language, with_rows=asked.rows))
        if report.exit_code and not asked.quiet:
            _tell([*_told(report.stopped), *report.next_steps], language)
        return report.exit_code
    from etl.core.summary import summary  # noqa: PLC0415 - not needed with --json

    lines = [] if asked.quiet and report.exit_code == 0 else summary(report, language)
    if asked.verbose:
        lines += [_finding_line(finding, language) for finding in report.findings]
    if asked.rows:
        lines += _row_lines(report, language)
    for line in lines:
        click.echo(line, err=report.exit_code in _NOTHING_DONE)
    return report.exit_code


def show_answer(asked: Asked, data: Mapping[str, Json], lines: Sequence[str], exit_code: int = 0) -> int:
    """Show what is no report: the JSON object of `data`, or `lines` for people; return the exit code."""
    if asked.json:
        _show_json({"schema_version": 1, "command": asked.command, **data, "exit_code": exit_code})
    else:
        for line in lines:
            click.echo(line)
    return exit_code


def show_step(asked: Asked, heading: Text, report: Report) -> None:
    """Show a step of the demonstration when it has ended; with --json nothing is shown before the end."""
    if asked.json:
        return
    from etl.core.summary import summary  # noqa: PLC0415 - it comes with the demonstration

    click.echo(translate(heading, asked.language))
    for line in summary(report, asked.language):
        click.echo(f"   {line}")
    click.echo()


def show_demo(asked: Asked, shown: Demonstrated) -> int:
    """Show where the demonstration's workbooks are and whether all went as it must."""
    runs = [_report_json(report, asked.language, with_rows=asked.rows) for _, report in shown.steps]
    data = {"folder": str(shown.folder), "accepted": shown.accepted, "applied": shown.applied, "runs": runs}
    lines = [translate(message, asked.language) for message in _demo_ending(shown)]
    return show_answer(asked, data, lines, 0 if shown.as_expected else 70)


def _demo_ending(shown: Demonstrated) -> list[Text]:
    truth = text(
        "The reports call {accepted} rows accepted; the simulated vendor applied {applied} changes.",
        accepted=shown.accepted,
        applied=shown.applied,
    )
    verdict = text("All went as it must.") if shown.as_expected else text("Something did not go as it must.")
    return [truth, verdict, text("Sheets and results workbooks: {folder}", folder=str(shown.folder))]


def tell(messages: Sequence[Text], asked: Asked) -> None:
    """Tell messages on stderr; nothing when quiet."""
    if not asked.quiet:
        _tell(messages, asked.language)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what keeps a file from being written into a message: exit code 5 for a full disk, else 2."""
    try:
        yield
    except OSError as error:
        message = text("{path} cannot be written: {why}.", path=str(path), why=error.strerror or type(error).__name__)
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise InterruptedRunError(message, hint=text("Make room on the disk and try again.")) from error
        raise UsageError(message, hint=text("Name another file, or close it if Excel has it open.")) from error


def show_error(setting: Setting, error: EtlError) -> int:
    """Tell an error that ended a command, and return its exit code; with --json also as an object."""
    if setting.json:
        _show_json(_report_json(_report_of(setting, error), setting.language, with_rows=False))
    others = [finding.message for finding in error.findings if finding.message != error.message]
    _tell([text("Error: {message}", message=error.message), *_told(error.hint), *others], setting.language)
    return error.exit_code


def _report_of(setting: Setting, error: EtlError) -> Report:
    from etl.core.report import Report  # noqa: PLC0415 - only with --json

    return Report(
        command=setting.command or "",
        run=error.run if isinstance(error, RefusedError) else None,
        findings=error.findings,
        exit_code=error.exit_code,
        stopped=error.message,
        next_steps=(error.hint,) if error.hint else (),
    )


def _report_json(report: Report, language: str, *, with_rows: bool) -> dict[str, Json]:
    from etl.core.report_json import report_json  # noqa: PLC0415 - only with --json

    return report_json(report, language, with_rows=with_rows)


def _show_json(data: Mapping[str, Json]) -> None:
    from etl.core.report_json import dump_json  # noqa: PLC0415 - only with --json

    click.echo(dump_json(data).encode())


def _told(message: Text | None) -> list[Text]:
    return [] if message is None else [message]


def _tell(messages: Sequence[Text], language: str) -> None:
    for message in messages:
        click.echo(translate(message, language), err=True)


def _finding_line(finding: Finding, language: str) -> str:
    place = finding.cell or (str(finding.row) if finding.row else "-")
    parts = [place, finding.severity.value, finding.code, finding.header or "", translate(finding.message, language)]
    return "\t".join(parts)


def _row_lines(report: Report, language: str) -> list[str]:
    return [
        "\t".join(
            [
                row_name(ref),
                row.outcome.value,
                "; ".join(translate(reason, language) for reason in row.reasons),
            ]
        )
        for ref, row in zip(row_refs(row.number for row in report.rows), report.rows, strict=True)
    ]
