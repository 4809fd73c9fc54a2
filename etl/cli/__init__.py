"""The edge: a command line in, an exit code out, and never a traceback on the terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from etl.cli.app import program
from etl.cli.command import Setting
from etl.cli.language import chosen_language, speaking
from etl.cli.process import leave_in_a_hurry, own_the_process
from etl.messages import text, translate
from etl.stops import StoppedNow

__all__ = ["program", "run_command_line"]

_STOPPED_BY_SIGINT = 130
_NEEDS_QUOTES = re.compile(r"[^\w@+=:,./\\~-]")
_NEEDS_CARE = re.compile(r'["$`!\\]')


def run_command_line(arguments: Sequence[str] | None = None, commands: click.Group = program) -> NoReturn:
    """Carry out a command line (`sys.argv` without one) and leave with its exit code (contract section 4)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    setting = Setting(language=chosen_language(given, os.environ, Path.cwd()), json="--json" in given)
    setting.typed = " ".join(["etl", *map(_quoted, given)])
    if arguments is None:
        own_the_process()
    with speaking(setting.language):
        try:
            code = commands.main(given, "etl", standalone_mode=False, obj=setting)
        except click.ClickException as wrong:
            wrong.show()
            code = wrong.exit_code
        except click.Abort:
            click.echo(translate(text("Stopped. Nothing more was done."), setting.language), err=True)
            code = _STOPPED_BY_SIGINT
        except StoppedNow as stop:
            code = stop.exit_code
        except Exception as bug:  # noqa: BLE001 - the one broad except: a bug becomes a line, an incident and 70
            from etl.cli.incident import tell_bug  # noqa: PLC0415 - only for bugs

            code = tell_bug(setting, bug)
    if arguments is None:
        leave_in_a_hurry()
    sys.exit(code)


def _quoted(argument: str) -> str:
    """Return an argument as one types it, in quotes that every shell knows wherever they do."""
    if argument and not _NEEDS_QUOTES.search(argument):
        return argument
    if not _NEEDS_CARE.search(argument):
        return f'"{argument}"'
    import shlex  # noqa: PLC0415 - hardly ever

    return shlex.quote(argument)
