"""Commands that run without anybody there: batch, schedule."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.asked import Asked
from etl.cli.command import command, option
from etl.cli.options import SENDING, common_options
from etl.cli.output import show_answer
from etl.errors import UsageError
from etl.messages import text, translate
from etl.options import OutputOptions
from etl.stops import Stops

if TYPE_CHECKING:
    from etl.batch.endings import BatchEnding
    from etl.batch.jobs import JobsFile
    from etl.batch.surroundings import BatchOptions
    from etl.options import Person
    from etl.settings import Settings


@command(
    "batch",
    text(
        "Each job has its own run; one that fails does not stop the others. Interrupted runs are finished first, and "
        "nothing is ever asked. The exit code is the gravest."
    ),
    "etl batch jobs.toml --check\netl batch jobs.toml --json",
)
@click.argument("jobs", metavar="JOBS.toml", type=click.Path(path_type=Path))
@option(
    "--check",
    is_flag=True,
    section=SENDING,
    says=text("Look at configuration, files and credentials, and send nothing."),
)
@option(
    "--settle",
    metavar="20m",
    section=SENDING,
    says=text("How long to wait at the end for what is uncertain to be known; 0: not at all."),
)
@option(
    "--all-profiles",
    is_flag=True,
    section=SENDING,
    says=text("Do the jobs that name no profile for all of them; their file has one for each."),
)
@common_options
def batch_command(ctx: click.Context) -> int:
    """Do every job of a jobs file."""
    from etl.batch.jobs_file import read_jobs  # noqa: PLC0415 - `--help` needs no pandas
    from etl.batch.surroundings import BatchOptions, real_surroundings  # noqa: PLC0415

    asked = Asked(ctx)
    settings = asked.settings
    jobs = read_jobs(Path.cwd() / asked.value("jobs").expanduser())
    options = BatchOptions(
        profiles=asked.value("profile") if asked.is_said("profile") else None,
        all_profiles=asked.value("all_profiles"),
        settle=_duration(asked.value("settle")),
        output=OutputOptions(language=asked.language),
    )
    told = text("Stopping: the request in flight is being finished first. A second signal stops at once.")
    with asked.person() as person, Stops(lambda _signal: person.say(told)) as stops:
        if asked.value("check"):
            ending = _checked(jobs, options, settings, person)
        else:
            from etl.batch.loop import run_batch  # noqa: PLC0415

            ending = run_batch(jobs, options, settings, person, real_surroundings(settings, stops))
    return _show(asked, ending)


def _checked(jobs: JobsFile, options: BatchOptions, settings: Settings, person: Person) -> BatchEnding:
    from etl.batch.checking import check_jobs  # noqa: PLC0415

    return check_jobs(jobs, options, settings, person)


def _show(asked: Asked, ending: BatchEnding) -> int:
    from etl.batch.endings import lines_of  # noqa: PLC0415

    shown = not asked.quiet or ending.exit_code
    lines = [translate(line, asked.language) for line in lines_of(ending)] if shown else []
    return show_answer(asked, ending.to_json(asked.language), lines, ending.exit_code)


def _duration(written: str | None) -> timedelta | None:
    from etl.batch.jobs_file import parse_duration  # noqa: PLC0415

    if written is None:
        return None
    found = parse_duration(written)
    if found is None:
        raise UsageError(
            text("--settle cannot be {found}", found=written), hint=text('Write it as "30s", "20m", "2h" or "7d".')
        )
    return found
