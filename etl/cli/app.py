"""The program: its commands by name, each imported only when it is the one that was asked for."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from etl import __version__
from etl.cli.command import (
    GENERAL,
    Setting,
    TranslatedGroup,
    TranslatedOption,
    grouped,
    help_option,
    option,
    setting_of,
)
from etl.cli.language import chosen_language
from etl.cli.listing import COMMANDS, ENTRIES
from etl.cli.output import show_error
from etl.errors import EtlError, InternalError
from etl.messages import text, translate


class Program(TranslatedGroup):
    """The group of all commands; it imports a command's module when that command is called or asked for help."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return Click's context with the language already known, so that help and errors are in it."""
        if extra.get("obj") is None:
            extra["obj"] = Setting(language=chosen_language(args, os.environ, Path.cwd()))
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out the command; an error that ends it is told, and decides the exit code."""
        try:
            return super().invoke(ctx)
        except InternalError:
            raise  # a bug: the edge writes its incident
        except EtlError as error:
            ctx.exit(show_error(setting_of(ctx), error))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """Return the names of all commands, in the order of the help."""
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of a command and return the command."""
        entry = ENTRIES.get(cmd_name)
        if entry is None:
            return None
        found: click.Command = getattr(import_module(entry.module), f"{cmd_name}_command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under their headings without importing any."""
        language = setting_of(ctx).language
        width = max(len(name) for name in ENTRIES)
        for heading, entries in COMMANDS.items():
            with formatter.section(translate(heading, language)):
                formatter.write_dl(
                    [(f"{name:{width}}", translate(entry.does, language)) for name, entry in entries.items()]
                )


_PROGRAM = text(
    "Puts product and stock spreadsheets into the vendors' systems: every row checked, sent once, and accounted for."
)

program = Program(name="etl", does=_PROGRAM, context_settings={"max_content_width": 100})
grouped(
    option(
        "--lang",
        type=click.Choice(["es", "en"]),
        expose_value=False,
        says=text("The language of messages and workbooks."),
    ),
    click.version_option(
        __version__, prog_name="etl", cls=TranslatedOption, says=text("Show the version and exit."), section=GENERAL
    ),
    help_option(),
)(program)
