"""The options: what they take, what they refuse, and that every command has the common ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import pytest

from etl.cli.app import program
from etl.cli.asked import Asked
from etl.cli.command import TranslatedCommand
from etl.cli.options import (
    common_options,
    decision_options,
    file_argument,
    policy_options,
    reading_options,
    run_argument,
    sending_options,
)
from etl.errors import UsageError
from etl.messages import text
from tests.cli.command_line import CommandLine

COMMON = {"--yes", "--json", "--rows", "--lang", "--quiet", "--verbose", "--no-progress", "--profile", "--config"}


def every_command() -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(program)
    for name in program.list_commands(ctx):
        command = program.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", found) for below, found in command.commands.items())
        else:
            yield name, command


def understood(*arguments: str) -> Asked:
    """Return what a command with every option would get."""

    @file_argument()
    @reading_options
    @policy_options
    @sending_options
    @common_options
    def act(ctx: click.Context) -> int:
        return 0

    ctx = click.command(cls=TranslatedCommand, does=text("Try."))(act).make_context("try", ["f.xlsx", *arguments])
    return Asked(ctx)


def decided(*arguments: str) -> Any:
    @run_argument(required=False)
    @decision_options
    @common_options
    def act(ctx: click.Context) -> int:
        return 0

    return Asked(
        click.command(cls=TranslatedCommand, does=text("Try."))(act).make_context("try", list(arguments))
    ).decisions()


@pytest.mark.parametrize(
    ("name", "command"), [*every_command()], ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_takes_the_common_options(name: str, command: click.Command) -> None:
    """A script may add --json, --yes and the like to any command without looking it up."""
    options = {option for parameter in command.params for option in parameter.opts}
    assert options >= COMMON, name


def test_what_disarms_a_guard_has_no_environment_variable() -> None:
    """A forgotten variable never repeats a movement: --again, --yes and --retry-rejected come from the line alone."""
    assert program.context_settings.get("auto_envvar_prefix") is None
    for name, command in every_command():
        for parameter in command.params:
            if {"--again", "--yes", "--retry-rejected"} & {*parameter.opts}:
                assert parameter.envvar is None, name


@pytest.mark.parametrize("name", ["ETL_AGAIN", "ETL_YES", "ETL_RETRY_REJECTED"])
def test_variables_of_that_name_are_ignored(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Setting ETL_AGAIN=1 changes nothing."""
    monkeypatch.setenv(name, "1")
    send = understood().send()
    assert (send.again, send.yes, send.retry_rejected) == (False, False, False)


def test_a_map_splits_at_the_last_sign() -> None:
    """A header may hold an equals sign, a field never does."""
    maps = understood("--map", "Precio = final=precio_con_iva", "--map", "@C=codigo").sheet().maps
    assert maps == (("Precio = final", "precio_con_iva"), ("@C", "codigo"))


def test_a_constant_splits_at_the_first_sign() -> None:
    """A value may hold an equals sign, a field never does; an empty value stays one."""
    constants = understood("--set", "descripcion=a=b", "--set", "codbar=").sheet().constants
    assert constants == (("descripcion", "a=b"), ("codbar", ""))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--map", "Precio"),
        ("--map", "=codigo"),
        ("--map", "Precio="),
        ("--set", "operacion"),
        ("--set", "=A"),
        ("--set", "operacion=A", "--set", "operacion=B"),
        ("--to", "tusfacturas.nada"),
        ("--header-row", "0"),
        ("--decimal", "coma"),
        ("--duplicates", "any"),
        ("--wait", "-1"),
        ("--max-requests", "many"),
        ("--lang", "fr"),
    ],
    ids=" ".join,
)
def test_a_value_that_cannot_be_is_wrong_usage(etl: CommandLine, arguments: tuple[str, ...]) -> None:
    """Exit code 2, a message that repeats the value, no object even with --json."""
    ended = etl("run", "f.xlsx", "--json", *arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert "Error:" in ended.err
    assert arguments[-1].partition("=")[0] in ended.err


def test_results_are_not_both_wanted_and_unwanted() -> None:
    """--results and --no-results contradict each other."""
    with pytest.raises(UsageError):
        understood("--results", "x.xlsx", "--no-results").output()


def test_flags_that_are_not_given_leave_the_decision_to_the_mapping() -> None:
    """Nothing said is None, not False: the mapping file may remember it."""
    sheet = understood().sheet()
    assert (sheet.round, sheet.decimal, sheet.duplicates, sheet.hidden) == (None, None, None, None)
    assert understood("--round").sheet().round is True


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        (["12-14,70"], (12, 13, 14, 70)),
        (["70", "12 - 13"], (12, 13, 70)),
        (["3,3,2-3"], (2, 3)),
    ],
)
def test_rows_are_numbers_and_ranges(given: list[str], rows: tuple[int, ...]) -> None:
    """--row takes what a person reads in the workbook, in any order, each row once."""
    arguments = [part for value in given for part in ("--row", value)]
    [decision] = decided(*arguments, "--applied", "--why", "counted")
    assert (decision.rows, decision.applied, decision.why) == (rows, True, "counted")


@pytest.mark.parametrize("given", ["", "0", "5-3", "-4", "a", "1,,2", "1-2-3", "1048577", "٣", "1.5"])
def test_what_is_no_row_is_wrong_usage(etl: CommandLine, given: str) -> None:
    """A row that cannot be is never dropped silently from an operator's word."""
    ended = etl("resolve", "last", f"--row={given}", "--applied", "--why", "x")
    assert (ended.code, ended.out) == (2, "")
    assert "'--row'" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--row", "3"),
        ("--row", "3", "--applied"),
        ("--row", "3", "--why", "x"),
        ("--row", "3", "--applied", "--resend", "--why", "x"),
        ("--applied", "--why", "x"),
        ("--from", "x.xlsx", "--row", "3"),
        ("--from", "x.xlsx", "--why", "x"),
    ],
    ids=" ".join,
)
def test_an_incomplete_word_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    """Rows, one verdict and a reason; or a filled-in workbook alone."""
    with pytest.raises(UsageError):
        decided(*arguments)


def test_payloads_belong_to_a_dry_run(etl: CommandLine) -> None:
    """Nobody believes that bodies were only written while they were sent."""
    ended = etl("run", "f.xlsx", "--to", "tusfacturas.stock", "--payloads", "bodies")
    assert ended.code == 2
    assert "--dry-run" in ended.err
