"""Commands and options whose help is a `Text`: translated when shown, options gathered under headings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from etl.cli.listing import ENTRIES
from etl.errors import UsageError
from etl.messages import DEFAULT_LANGUAGE, Text, text, translate

Function = TypeVar("Function", bound=Callable[..., Any])
Act = Callable[[click.Context], int]
"""Carries a command out and answers with the exit code."""


class Decorator(Protocol):
    """Adds options to the function of a command."""

    def __call__(self, function: Function, /) -> Function:
        """Return the same function, with more options."""


@dataclass(slots=True)
class Setting:
    """What the edge and the command share while one command line is carried out."""

    language: str = DEFAULT_LANGUAGE
    command: str | None = None
    json: bool = False
    typed: str | None = None
    """The command line, ready to be copied."""
    home: Path | None = None
    """Where incidents are written, once the configuration is read."""


def setting_of(ctx: click.Context) -> Setting:
    """Return the setting of this command line."""
    return ctx.ensure_object(Setting)


class TranslatedOption(click.Option):
    """An option with a translated help text, shown under the heading `section`."""

    def __init__(self, *args: Any, says: Text, section: Text, **attributes: Any) -> None:
        super().__init__(*args, **{**attributes, "help": says.msgid})
        self.says = says
        self.section = section

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return Click's record with the help in the chosen language; what Click adds (the default) is kept."""
        record = super().get_help_record(ctx)
        if record is None:
            return None
        names, described = record
        return names, translate(self.says, setting_of(ctx).language) + described.removeprefix(self.says.msgid)


class TranslatedCommand(click.Command):
    """A command whose action gets the whole context and answers with the exit code."""

    def __init__(self, *args: Any, does: Text, details: Text | None = None, examples: str = "", **rest: Any) -> None:
        super().__init__(*args, **{**rest, "help": does.msgid})
        self.does = does
        self.details = details
        self.examples = examples

    def invoke(self, ctx: click.Context) -> None:
        """Carry the command out and leave with its exit code."""
        setting = setting_of(ctx)
        setting.command, setting.json = self.name, bool(ctx.params.get("json"))
        act: Act = self.callback or (lambda _: 0)
        try:
            code = act(ctx)
        except UsageError as wrong:
            told = [wrong.message] if wrong.hint is None else [wrong.message, wrong.hint]
            raise click.UsageError("\n".join(translate(part, setting.language) for part in told), ctx) from wrong
        ctx.exit(code)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, then examples ready to copy."""
        for part in (self.does, self.details):
            if part is not None:
                formatter.write_paragraph()
                with formatter.indentation():
                    formatter.write_text(translate(part, setting_of(ctx).language))
        if self.examples:
            formatter.write_paragraph()
            formatter.write("".join(f"  {line}\n" for line in self.examples.splitlines()))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each under its section's heading."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None or isinstance(parameter, click.Argument):
                continue
            section = parameter.section if isinstance(parameter, TranslatedOption) else GENERAL
            sections.setdefault(translate(section, setting_of(ctx).language), []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


GENERAL = text("In every command")


class TranslatedGroup(click.Group):
    """A group of commands whose list is shown in the chosen language."""

    def __init__(self, *args: Any, does: Text, **rest: Any) -> None:
        super().__init__(*args, **{**rest, "help": does.msgid})
        self.does = does

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write in one sentence what the group is for."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(translate(self.does, setting_of(ctx).language))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with what it does."""
        lines = {name: found.does for name, found in self.commands.items() if isinstance(found, TranslatedCommand)}
        with formatter.section(translate(text("Commands"), setting_of(ctx).language)):
            formatter.write_dl([(name, translate(does, setting_of(ctx).language)) for name, does in lines.items()])


def command(
    name: str, details: Text | None = None, examples: str = "", *, does: Text | None = None
) -> Callable[[Act], click.Command]:
    """Return the decorator that makes a function ``(click.Context) -> exit code`` the command `name` of the list."""
    does = does or ENTRIES[name].does
    return click.command(name, cls=TranslatedCommand, does=does, details=details, examples=examples)


def option(*names: str, says: Text, section: Text = GENERAL, **attributes: Any) -> Decorator:
    """Return the decorator that adds one option."""
    adds: Decorator = click.option(*names, cls=TranslatedOption, says=says, section=section, **attributes)
    return adds


def help_option() -> Decorator:
    """Return the decorator that adds ``--help``. Click's own keeps the language of the first time it is shown."""
    says = text("Show this message and exit.")
    adds: Decorator = click.help_option("-h", "--help", cls=TranslatedOption, says=says, section=GENERAL)
    return adds


def grouped(*decorators: Decorator) -> Decorator:
    """Return one decorator for several options, shown in this order."""

    def decorate(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate
