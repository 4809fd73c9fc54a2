"""Commands that run without anybody there: batch, schedule."""

from __future__ import annotations

import shutil
import sys
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.asked import Asked
from etl.cli.command import TranslatedGroup, command, help_option, option
from etl.cli.listing import ENTRIES
from etl.cli.options import SENDING, common_options
from etl.cli.output import show_answer, writing
from etl.errors import UsageError
from etl.messages import text, translate
from etl.options import OutputOptions
from etl.stops import Stops

if TYPE_CHECKING:
    from etl.batch.endings import BatchEnding
    from etl.batch.jobs import JobsFile
    from etl.batch.recipes import Setup
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


schedule_command = TranslatedGroup("schedule", does=ENTRIES["schedule"].does)


@command(
    "print",
    text(
        "The recipe names this program, this configuration and this home, so that every account of the machine shares "
        "one journal. `drop` is a .bat to drop sheets on."
    ),
    "etl schedule print --for systemd jobs.toml\netl schedule print --for drop jobs.toml -o recipes",
    does=text("Print a recipe, ready to use."),
)
@click.argument("jobs", metavar="[JOBS.toml]", required=False, type=click.Path(path_type=Path))
@option(
    "--for",
    "kind",
    required=True,
    type=click.Choice(["systemd", "cron", "windows", "drop"]),
    section=SENDING,
    says=text("What starts the batch."),
)
@option("--at", metavar="HH:MM", default="02:10", section=SENDING, says=text("When it begins, every day."))
@option(
    "-o",
    "--output",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    section=SENDING,
    says=text("Write the files into this folder instead of printing them."),
)
@common_options
def print_command(ctx: click.Context) -> int:
    """Print recipes that start a batch."""
    from etl.batch.recipes import RECIPES  # noqa: PLC0415

    asked = Asked(ctx)
    recipes = RECIPES[asked.value("kind")](_setup(asked, _time(asked.value("at"))))
    folder: Path | None = asked.value("output")
    lines: list[str] = []
    for recipe in recipes:
        where = translate(recipe.where, asked.language)
        if folder is None:
            lines += [*([f"# {recipe.name}: {where}"] if len(recipes) > 1 else []), recipe.content]
        else:
            with writing(folder / recipe.name):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / recipe.name).write_text(recipe.content, encoding="utf-8", newline=recipe.newline)
            lines.append(f"{folder / recipe.name}: {where}")
    files = [{"name": recipe.name, "content": recipe.content} for recipe in recipes]
    return show_answer(asked, {"for": asked.value("kind"), "files": files}, lines)


help_option()(schedule_command)
schedule_command.add_command(print_command)


def _setup(asked: Asked, at: time) -> Setup:
    from etl.batch.jobs_file import read_jobs  # noqa: PLC0415
    from etl.batch.recipes import Setup  # noqa: PLC0415

    settings = asked.settings
    path = asked.value("jobs")
    file = None if path is None else read_jobs(Path.cwd() / path.expanduser())
    installed = shutil.which("etl")
    references = {one for profile in settings.profiles() for one in profile.references.values()}
    return Setup(
        program=(installed,) if installed else (sys.executable, "-m", "etl"),
        home=settings.home,
        config=None if settings.config_path is None else settings.config_path.absolute(),
        jobs=None if file is None else file.path,
        at=at,
        zone=next((job.timezone for job in file.jobs if job.timezone), None) if file else None,
        references=tuple(sorted(references)),
        declared=() if file is None else file.jobs,
        language=asked.language,
    )


def _time(written: str) -> time:
    from etl.batch.recipes import is_calm  # noqa: PLC0415

    try:
        at = time.fromisoformat(written)
    except ValueError:
        raise UsageError(text("--at cannot be {found}", found=written), hint=text("Write it as 02:10.")) from None
    if not is_calm(at):
        raise UsageError(
            text("A batch cannot begin at {found}: Chile's clock jumps around midnight", found=written),
            hint=text("Choose a time from 01:00 to 22:59."),
        )
    return at
