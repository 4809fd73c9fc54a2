"""The journal: what was planned, sent and answered, durable before the next step. SQLAlchemy comes on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.io.journal.sql import SqlJournal


def open_journal(url: str) -> SqlJournal:
    """Open the journal at a SQLAlchemy URL, make it if there is none, and bring its schema up to date.

    Raises JournalError when it cannot be used, ConfigurationError when a newer program wrote it.
    """
    from etl.io.journal.opening import open_journal as opened  # noqa: PLC0415 - SQLAlchemy

    return opened(url)


def schema_version(url: str) -> int | None:
    """Return the version of the journal at `url` without creating or changing it; None when there is none yet."""
    from etl.io.journal.opening import schema_version as version  # noqa: PLC0415 - SQLAlchemy

    return version(url)
