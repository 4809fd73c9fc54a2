"""Opens the journal: creates it with safe permissions, checks it, migrates an older one, refuses a newer one."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, insert, inspect, select, update
from sqlalchemy import text as statement
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from etl.errors import ConfigurationError, JournalError
from etl.io.files import create_private, make_private_folder
from etl.io.journal.migrations import MIGRATIONS
from etl.io.journal.schema import SCHEMA_VERSION, meta, metadata
from etl.io.journal.sql import SqlJournal
from etl.messages import text


def open_journal(url: str) -> SqlJournal:
    """Return the journal at a SQLAlchemy URL, ready for use.

    Raises ConfigurationError when a newer program wrote it, JournalError when it cannot be opened or is damaged.
    """
    path = _sqlite_path(url)
    if path is not None:
        make_private_folder(path.parent)
        create_private(path)
    engine = create_engine(url)
    if path is not None:
        event.listen(engine, "connect", _set_pragmas)
    try:
        if path is not None:
            _check(engine)
        _bring_up_to_date(engine, path)
    except SQLAlchemyError as error:
        engine.dispose()
        raise _unusable(path, error) from error
    return SqlJournal(engine)


def schema_version(url: str) -> int | None:
    """Return the version of the journal at `url` without creating or changing it; None when there is none yet."""
    path = _sqlite_path(url)
    if path is not None and (not path.exists() or not path.stat().st_size):
        return None
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return _version(connection)
    except SQLAlchemyError as error:
        raise _unusable(path, error) from error
    finally:
        engine.dispose()


def _sqlite_path(url: str) -> Path | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


def _set_pragmas(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    """WAL with FULL: a committed intent survives a power cut (SUB-6)."""
    cursor = connection.cursor()
    for pragma in ("busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _check(engine: Engine) -> None:
    with engine.connect() as connection:
        verdict = connection.execute(statement("PRAGMA quick_check(1)")).scalar()
    if verdict != "ok":
        raise JournalError(
            text("The journal is damaged: {verdict}. Nothing is sent.", verdict=str(verdict)),
            hint=text("Restore the journal from a backup; its folder is shown by etl doctor."),
        )


def _bring_up_to_date(engine: Engine, path: Path | None) -> None:
    with engine.connect() as connection:
        version = _version(connection)
    if version == SCHEMA_VERSION:
        return
    if version is None:
        metadata.create_all(engine)
        with engine.begin() as connection:
            if _version(connection) is None:
                connection.execute(insert(meta), {"name": "schema_version", "value": str(SCHEMA_VERSION)})
        return
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            text(
                "The journal was written by a newer version of this program (its format is {found}, this one knows "
                "{known}).",
                found=version,
                known=SCHEMA_VERSION,
            ),
            hint=text("Update the program on this machine, or give it another journal with ETL_HOME."),
        )
    _migrate(engine, version, path)


def _migrate(engine: Engine, version: int, path: Path | None) -> None:
    if path is not None:
        with engine.connect() as connection:
            connection.execute(statement("PRAGMA wal_checkpoint(TRUNCATE)"))
        backup = path.with_name(f"{path.name}.v{version}.bak")
        shutil.copy2(path, backup)
    with engine.begin() as connection:
        if path is not None:
            # The driver begins no transaction for DDL: a process that dies half way must leave the old format.
            connection.execute(statement("BEGIN IMMEDIATE"))
        # Another process may have done it while this one waited.
        for step in range(_version(connection) or version, SCHEMA_VERSION):
            MIGRATIONS[step](connection)
        connection.execute(update(meta).where(meta.c.name == "schema_version").values(value=str(SCHEMA_VERSION)))


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(meta.name):
        return None
    found: Any = connection.execute(select(meta.c.value).where(meta.c.name == "schema_version")).scalar()
    return None if found is None else int(found)


def _unusable(path: Path | None, error: Exception) -> JournalError:
    cause = getattr(error, "orig", None) or error
    return JournalError(
        text("The journal cannot be used: {cause}. Nothing is sent.", cause=str(cause)),
        hint=text("Its file is {path}; etl doctor checks it.", path=str(path or "")),
    )
