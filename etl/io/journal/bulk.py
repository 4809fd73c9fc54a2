"""Inserts many rows of one kind: a sheet's rows and items are the bulk of what the journal keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.engine import Connection


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that give the same columns, those with a default among them, as the database's driver takes values.

    The statement is SQLAlchemy's; its own execution of it would look at each value of each row, which takes as long as
    the inserting.
    """
    if not rows:
        return
    compiled = insert(table).compile(dialect=connection.dialect, column_keys=list(rows[0]))
    names = getattr(compiled, "positiontup", None)  # None: the driver takes values by name
    connection.exec_driver_sql(
        str(compiled), list(map(dict, rows)) if names is None else list(map(itemgetter(*names), rows))
    )
