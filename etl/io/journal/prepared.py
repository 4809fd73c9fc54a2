"""Hands statements to the database's driver: those of every request, and those that insert a sheet's rows.

A statement is SQLAlchemy's, compiled once for a database. Its own execution would look at the statement and at each
value each time, which takes longer than what the database has to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Delete, Insert, Select, Table, Update, insert
from sqlalchemy.engine import Connection, CursorResult, Dialect

Statement: TypeAlias = Select[Any] | Insert | Update | Delete
Values: TypeAlias = Mapping[str, Any]


def execute(connection: Connection, statement: Statement, values: Values | Sequence[Values]) -> CursorResult[Any]:
    """Execute a statement that is kept, with one set of values or (not a query) with many that give the same names.

    The driver takes the values as they are, and what it tells comes as it tells it. A column's default is not known:
    an insertion gives every column that must not be empty. Nor is a list of values, which would differ each time.
    """
    if isinstance(values, Mapping):
        words, arranged = _compiled(statement, connection.dialect, tuple(values))
        return connection.exec_driver_sql(words, arranged(values))
    words, arranged = _compiled(statement, connection.dialect, tuple(values[0]))
    return connection.exec_driver_sql(words, list(map(arranged, values)))


def insert_many(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows that give the same columns, those with a default among them."""
    if rows:
        execute(connection, _insertion(table), rows)


@lru_cache
def _insertion(table: Table) -> Insert:
    return insert(table)


@lru_cache(maxsize=128)
def _compiled(statement: Statement, dialect: Dialect, names: tuple[str, ...]) -> tuple[str, Callable[[Values], Any]]:
    """Return the words of a statement, and how the values of its parameters are given to the driver."""
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    own = {name: value for name, value in compiled.params.items() if name not in names}
    places = getattr(compiled, "positiontup", None)  # None: the driver takes values by name
    if places is None:
        return str(compiled), lambda values: {**own, **values}
    if len(places) == 1:
        return str(compiled), lambda values: ({**own, **values}[places[0]],)
    pick = itemgetter(*places)
    return str(compiled), (lambda values: pick({**own, **values})) if own else pick
