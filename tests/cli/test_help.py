"""Help, in both languages, without surprises."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from etl.cli.app import program
from etl.cli.command import TranslatedCommand, TranslatedOption
from etl.cli.listing import ENTRIES
from etl.messages import Text, translate
from tests.cli.command_line import CommandLine
from tests.cli.test_options import every_command


def texts_of(command: click.Command) -> list[Text]:
    """Return every text that a command's help shows."""
    options = [option for option in command.params if isinstance(option, TranslatedOption)]
    assert len(options) == len([one for one in command.params if isinstance(one, click.Option)])
    own = (
        [command.does, *([command.details] if command.details else [])]
        if isinstance(command, TranslatedCommand)
        else []
    )
    return [*own, *(option.says for option in options), *(option.section for option in options)]


@pytest.mark.parametrize(
    ("name", "command"), [*every_command()], ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_and_option_says_what_it_is_for(name: str, command: click.Command) -> None:
    """No option without a help text, in either language."""
    for text in texts_of(command):
        assert translate(text, "en").strip()
        assert translate(text, "es") != translate(text, "en"), (name, text.msgid)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_help_of_a_command(etl: CommandLine, name: str) -> None:
    """-h and --help work for every command, on standard output."""
    long, short = etl(name, "--help"), etl(name, "-h")
    assert long == short
    assert (long.code, long.err) == (0, "")
    assert long.out.startswith(f"Usage: etl {name}")


def test_the_list_has_every_command(etl: CommandLine) -> None:
    """`etl` alone and `etl --help` show what there is."""
    shown = etl("--help").out
    for name in program.list_commands(click.Context(program)):
        assert f"\n  {name} " in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("--lang", "es", "--help"),
        ("--lang=es", "--help"),
        ("run", "--help", "--lang", "es"),
        ("run", "--lang", "es", "-h"),
    ],
    ids=" ".join,
)
def test_help_in_spanish(etl: CommandLine, arguments: tuple[str, ...]) -> None:
    """--lang holds for help too, wherever it stands, Click's own words included."""
    shown = etl(*arguments)
    assert shown.code == 0
    assert shown.out.startswith("Uso: etl")
    assert "Muestra" in shown.out
    assert "Show this message" not in shown.out


def test_spanish_is_the_default_and_a_configuration_can_change_it(
    etl: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """--lang, then ETL_LANG, then the configuration, then Spanish."""
    monkeypatch.delenv("ETL_LANG")
    assert etl("--help").out.startswith("Uso:")
    (tmp_path / "etl.toml").write_text('language = "en"\n', "utf-8")
    assert etl("--help").out.startswith("Usage:")
    assert etl("--help", "--lang", "es").out.startswith("Uso:")


def test_errors_of_usage_are_translated(etl: CommandLine) -> None:
    """Click's own errors speak Spanish."""
    ended = etl("run", "--lang", "es")
    assert ended.code == 2
    assert "Error: Falta" in ended.err
    assert "Missing" not in ended.err
