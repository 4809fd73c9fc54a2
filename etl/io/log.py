"""Writes what happened, one JSON line an event, and incident files for bugs; neither ever holds a credential."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeAlias

from etl import __version__
from etl.errors import ConfigurationError, EtlError
from etl.io.files import make_private_folder, open_private
from etl.io.secrets import MASK, Secret, clean, redact
from etl.messages import Text

Loggable: TypeAlias = str | int | float | Decimal | date | Path | Text | Secret | None

_NEVER: Final = frozenset(
    {
        "body",
        "headers",
        "header",
        "request",
        "response",
        "payload",
        "credentials",
        "authorization",
        "cookie",
        "password",
    }
    | {"token", "usertoken", "apikey", "apitoken", "access_token", "secret"}
)
"""Field names whose value is not written, whatever it is."""


def utc_now() -> datetime:
    """Return the wall clock's time, aware."""
    return datetime.now(UTC)


class EventLog:
    """Appends events to ``logs/etl-YYYY-MM.jsonl`` of the home: 0600, one whole line a write, safe across processes.

    A log that cannot be written is given up silently: it must never stop a run.
    """

    def __init__(self, home: Path, *, secrets: Iterable[Secret] = (), clock: Callable[[], datetime] = utc_now) -> None:
        """Texts are written without the values of `secrets`."""
        self._folder = home / "logs"
        self._secrets = tuple(secrets)
        self._clock = clock

    def write(self, event: str, **fields: Loggable) -> None:
        """Append one event with its fields: numbers as they are, everything else as one cleaned line of text."""
        now = self._clock().astimezone(UTC)
        line = {"time": now.isoformat(timespec="milliseconds"), "pid": os.getpid(), "event": event}
        line |= {name: MASK if name.lower() in _NEVER else self._plain(value) for name, value in fields.items()}
        content = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            descriptor = self._open(f"etl-{now:%Y-%m}.jsonl")
            try:
                os.write(descriptor, content)
            finally:
                os.close(descriptor)
        except (OSError, ConfigurationError):
            return

    def _open(self, name: str) -> int:
        try:
            return open_private(self._folder / name, os.O_WRONLY | os.O_APPEND)
        except FileNotFoundError:
            make_private_folder(self._folder)
            return open_private(self._folder / name, os.O_WRONLY | os.O_APPEND)

    def _plain(self, value: object) -> str | int | float | None:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, str | Decimal | date | Path | Text):
            return clean(redact(str(value), self._secrets))
        return MASK


def record_incident(home: Path, error: BaseException) -> str:
    """Write what is needed to find a bug to a 0600 file and return the incident's id (see `incident_path`).

    The file has the stack with its source lines and the kinds of the errors, but neither variables nor the errors'
    own words, since both can hold a credential. When the home cannot be written it goes to the temporary folder.
    """
    moment = utc_now()
    incident = f"{moment:%Y%m%d-%H%M%S}-{os.urandom(3).hex()}"
    content = "\n".join(_describe(error, incident, moment)).encode("utf-8", "replace") + b"\n"
    for folder in _incident_folders(home):
        try:
            make_private_folder(folder)
            descriptor = open_private(folder / _file_name(incident), os.O_WRONLY)
        except (OSError, ConfigurationError):
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        break
    return incident


def incident_path(home: Path, incident: str) -> Path | None:
    """Return where `record_incident` wrote the incident; None when it could be written nowhere."""
    for folder in _incident_folders(home):
        if (folder / _file_name(incident)).exists():
            return folder / _file_name(incident)
    return None


def _incident_folders(home: Path) -> tuple[Path, Path]:
    import tempfile  # noqa: PLC0415 - only for bugs

    return home / "logs", Path(tempfile.gettempdir())


def _file_name(incident: str) -> str:
    return f"incident-{incident}.txt"


def _describe(error: BaseException, incident: str, moment: datetime) -> Iterator[str]:
    import platform  # noqa: PLC0415 - only for bugs
    import traceback  # noqa: PLC0415

    yield f"incident {incident} at {moment.isoformat(timespec='seconds')}"
    yield f"etl {__version__}, Python {platform.python_version()}, {platform.platform()}"
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield ""
        yield _kind(current)
        for frame in traceback.extract_tb(current.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
            yield f"    {frame.line}"
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _kind(error: BaseException) -> str:
    """Return the error's class and those of its facts that are never data."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, EtlError):
        return f"{kind}: {error.message.msgid}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{kind}: errno {error.errno}, {os.strerror(error.errno)}"
    if isinstance(error, AttributeError | NameError | ImportError) and error.name:
        return f"{kind}: {error.name}"
    return kind
