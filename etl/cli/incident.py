"""Tells a bug in one line: what to keep for the report, where the incident file lies. Never a traceback."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from etl.cli.command import Setting
from etl.cli.output import show_error
from etl.errors import InternalError
from etl.messages import text


def tell_bug(setting: Setting, bug: BaseException) -> int:
    """Write the incident file and say so in one line; return exit code 70."""
    from etl.io.log import incident_path, record_incident  # noqa: PLC0415 - only for bugs

    home = setting.home or Path(os.environ.get("ETL_HOME") or tempfile.gettempdir())
    written = incident_path(home, record_incident(home, bug))
    kind = type(bug).__name__
    message = (
        text("this is a bug in etl ({kind}), and its details could not be written.", kind=kind)
        if written is None
        else text("this is a bug in etl ({kind}). Details for a report are in {path}", kind=kind, path=str(written))
    )
    return show_error(setting, InternalError(message))
