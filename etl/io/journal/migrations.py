"""Brings an older journal to the present format, one version at a time, each step in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import text as statement
from sqlalchemy.engine import Connection

Migration = Callable[[Connection], None]


def _know_what_the_vendor_had(connection: Connection) -> None:
    """Version 2: what the vendor had of each row (`rows.before`), and the order in which runs were put in.

    The serial number of the runs that are there already is that of their clock: nothing better was kept of them.
    """
    connection.execute(statement("ALTER TABLE rows ADD COLUMN before TEXT"))
    connection.execute(statement("ALTER TABLE runs ADD COLUMN serial INTEGER NOT NULL DEFAULT 0"))
    known = connection.execute(statement("SELECT id FROM runs ORDER BY started, id")).scalars().all()
    for serial, run in enumerate(known, start=1):
        connection.execute(
            statement("UPDATE runs SET serial = :serial WHERE id = :run"), {"serial": serial, "run": run}
        )
    connection.execute(statement("DROP INDEX runs_by_account"))
    connection.execute(statement("CREATE INDEX runs_by_account ON runs (account, destination, serial)"))


MIGRATIONS: Mapping[int, Migration] = {1: _know_what_the_vendor_had}
"""From this version to the next."""
