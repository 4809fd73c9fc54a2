"""Commands about runs: resume, reconcile, resolve, runs, show, report, undo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.asked import Asked
from etl.cli.command import command
from etl.cli.options import (
    common_options,
    decision_options,
    history_options,
    results_options,
    run_argument,
    save_option,
    waiting_options,
)
from etl.cli.output import show_answer, show_report, writing
from etl.core.causes import ranges
from etl.messages import Text, ntext, text, translate
from etl.model import Json

if TYPE_CHECKING:
    from etl.undoing import LeftOut, Undo


@command(
    "resume",
    text(
        "Uncertain rows are never sent again by themselves. RUN is an id, its beginning, `last` or a results workbook."
    ),
    "etl resume last",
)
@run_argument()
@results_options
@waiting_options
@common_options
def resume_command(ctx: click.Context) -> int:
    """Look up what is due and send what was not sent."""
    from etl.runs import resume_run  # noqa: PLC0415 - `--help` needs no journal

    asked = Asked(ctx)
    settings = asked.settings
    with asked.person() as person:
        report = resume_run(asked.value("run"), asked.output(), asked.send(), settings, person)
    return show_report(asked, report)


@command(
    "reconcile",
    text("A row that is proven absent at the vendor counts as not sent; `etl resume` sends it."),
    "etl reconcile last",
)
@run_argument()
@results_options
@waiting_options
@common_options
def reconcile_command(ctx: click.Context) -> int:
    """Only read back."""
    from etl.runs import reconcile_run  # noqa: PLC0415

    asked = Asked(ctx)
    settings = asked.settings
    with asked.person() as person:
        report = reconcile_run(asked.value("run"), asked.output(), asked.send(), settings, person)
    return show_report(asked, report)


@command(
    "resolve",
    text("Say which rows, what became of them, and how you know. With --from, RUN can be left out."),
    'etl resolve last --row 12-61,70 --applied --why "counted in the shop"\netl resolve --from stock.resultados.xlsx',
)
@run_argument(required=False)
@decision_options
@results_options
@common_options
def resolve_command(ctx: click.Context) -> int:
    """Record an operator's word on uncertain rows."""
    from etl.runs import resolve_run  # noqa: PLC0415

    asked = Asked(ctx)
    decisions = asked.decisions()
    settings = asked.settings
    with asked.person() as person:
        report = resolve_run(asked.value("run"), decisions, asked.output(), settings, person)
    return show_report(asked, report)


@command(
    "runs",
    text("With --profile only those of these profiles (a,b)."),
    "etl runs --since 2026-11-01 --outcome rejected --outcome invalid\netl runs --profile acme --to tusfacturas.stock",
)
@history_options
@common_options
def runs_command(ctx: click.Context) -> int:
    """List the runs, newest first."""
    from etl.runs import list_runs, long_uncertain  # noqa: PLC0415

    asked = Asked(ctx)
    wanted = asked.history()
    found, notices = list_runs(asked.settings, wanted), long_uncertain(asked.settings)
    told = [translate(notice, asked.language) for notice in notices]
    return show_answer(asked, {"runs": found, "notices": told}, [*told, *_table(found, asked.language)])


@command("show", examples="etl show last\netl show last --rows --json")
@run_argument()
@common_options
def show_command(ctx: click.Context) -> int:
    """Show a run from the journal."""
    from etl.runs import show_run  # noqa: PLC0415

    asked = Asked(ctx)
    return show_report(asked, show_run(asked.value("run"), asked.settings))


@command(
    "report",
    text("It is made from the journal alone. The file named by -o is replaced."),
    "etl report last -o stock.xlsx",
)
@run_argument()
@save_option(text("Where the results workbook is written."), "-o", "--output", required=True)
@common_options
def report_command(ctx: click.Context) -> int:
    """Write a run's results workbook again."""
    from etl.runs import report_run  # noqa: PLC0415

    asked = Asked(ctx)
    settings = asked.settings
    with asked.person() as person, writing(asked.value("output")):
        report = report_run(asked.value("run"), asked.value("output"), asked.output(), settings, person)
    return show_report(asked, report)


@command(
    "undo",
    text(
        "Nothing is sent: look at the sheet and give it to `etl run`, like any other. Only accepted rows are in it; "
        "others are named. The file named by -o is replaced."
    ),
    "etl undo last -o deshacer.xlsx\netl run deshacer.xlsx --dry-run --read\netl run deshacer.xlsx",
)
@run_argument()
@save_option(text("Where the sheet is written."), "-o", "--output", required=True)
@common_options
def undo_command(ctx: click.Context) -> int:
    """Write a sheet that sets a run back."""
    from etl.undoing import undo_run  # noqa: PLC0415

    asked = Asked(ctx)
    path = asked.value("output")
    with writing(path):
        undo = undo_run(asked.value("run"), path, asked.settings, asked.language)
    data = {
        "run": undo.run.id,
        "to": undo.to.name,
        "undo": str(path) if undo.rows else None,
        "rows": len(undo.rows),
        "left_out": [
            {"rows": list(one.rows), "key": one.key, "reason": translate(one.reason, asked.language)}
            for one in undo.left_out
        ],
    }
    lines = [translate(line, asked.language) for line in _undo_lines(undo, path)]
    return show_answer(asked, data, lines, 1 if undo.left_out or not undo.rows else 0)


def _undo_lines(undo: Undo, path: Path) -> Iterator[Text]:
    """Yield what stands in the sheet, what does not, and what to do with it."""
    if undo.rows:
        yield ntext(
            "{path}: {count} row that sets back run {run}",
            "{path}: {count} rows that set back run {run}",
            len(undo.rows),
            path=str(path),
            run=undo.run.id,
        )
    else:
        yield text("Nothing of run {run} can be set back by a sheet; none was written.", run=undo.run.id)
    reasons: dict[Text, list[LeftOut]] = {}
    for one in undo.left_out:
        reasons.setdefault(one.reason, []).append(one)
    for reason, those in reasons.items():
        shown, more = ranges(sorted(row for one in those for row in one.rows if row is not None))
        rows = ntext("{shown} and {count} more", "{shown} and {count} more", more, shown=shown) if more else shown
        yield ntext(
            "Not in it: row {rows} ({key}). {reason}",
            "Not in it: {count} rows, {rows} ({key} …). {reason}",
            len(those),
            rows=rows,
            key=those[0].key,
            reason=reason,
        )
    if undo.rows:
        yield text("Look at it, then: etl run {path}", path=str(path))


_COLUMNS: tuple[tuple[str, Text], ...] = (
    ("run", text("Run")),
    ("started", text("Started")),
    ("to", text("Destination")),
    ("profile", text("Profile")),
    ("file", text("File")),
    ("exit_code", text("Exit code")),
)


def _table(runs: Sequence[Mapping[str, Json]], language: str) -> list[str]:
    """Return aligned lines: one a run, with its counts that are not zero."""
    if not runs:
        return [translate(text("There are no runs yet."), language)]
    lines = [[translate(title, language) for _, title in _COLUMNS] + [translate(text("Rows"), language)]]
    lines += [[_shown(run[key]) for key, _ in _COLUMNS] + [_counts(run["counts"])] for run in runs]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]) for line in lines
    ]


def _shown(value: Json) -> str:
    return "-" if value is None else str(value)


def _counts(counts: Mapping[str, int]) -> str:
    return " ".join(f"{name}={count}" for name, count in counts.items() if count or name == "read")
