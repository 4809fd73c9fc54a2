"""The edge: a command line in, an exit code out, and never a traceback on the terminal."""

from __future__ import annotations

import gc
import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from etl.cli.app import program
from etl.cli.command import Setting
from etl.cli.language import chosen_language, speaking
from etl.messages import text, translate
from etl.stops import StoppedNow

__all__ = ["program", "run_command_line"]

_STOPPED_BY_SIGINT = 130
_SELDOM = 50_000
"""New objects between two searches for cycles: libraries and rows make many objects, and hardly a cycle."""
_NEEDS_QUOTES = re.compile(r"[^\w@+=:,./\\~-]")
_NEEDS_CARE = re.compile(r'["$`!\\]')


def run_command_line(arguments: Sequence[str] | None = None, commands: click.Group = program) -> NoReturn:
    """Carry out a command line (`sys.argv` without one) and leave with its exit code (contract section 4)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    setting = Setting(language=chosen_language(given, os.environ, Path.cwd()), json="--json" in given)
    setting.typed = " ".join(["etl", *map(_quoted, given)])
    if arguments is None:
        _own_the_process()
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
    sys.exit(code)


def _quoted(argument: str) -> str:
    """Return an argument as one types it, in quotes that every shell knows wherever they do."""
    if argument and not _NEEDS_QUOTES.search(argument):
        return argument
    return shlex.quote(argument) if _NEEDS_CARE.search(argument) else f'"{argument}"'


def _own_the_process() -> None:
    """Let neither a core dump nor a traceback show credentials (SEC-6), nor a terminal's encoding stop a message."""
    from etl.io.log import hide_tracebacks  # noqa: PLC0415 - only where the process is ours
    from etl.io.secrets import forbid_core_dumps  # noqa: PLC0415

    gc.set_threshold(_SELDOM)
    forbid_core_dumps()
    hide_tracebacks()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
