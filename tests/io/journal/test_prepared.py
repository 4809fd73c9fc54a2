"""Statements that the driver executes: the same as one by one, whichever way it takes values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)

from etl.core.outcomes import ItemState
from etl.io.journal.prepared import execute, insert_many

KEPT = Table(
    "kept",
    MetaData(),
    Column("place", Integer, primary_key=True),
    Column("group", Text),
    Column("sure", Boolean),
    Column("said", Text),
)
ROWS: list[dict[str, object]] = [
    {"said": "100 % :of 'it' ?", "group": ItemState.PLANNED, "place": 1},
    {"said": None, "group": "ñandú", "place": 2},
]


UPDATED = update(KEPT).where(KEPT.c.place == bindparam("at"), KEPT.c.group == "planned").values(said=bindparam("new"))
SAID = select(KEPT.c.said).where(KEPT.c.place == bindparam("at"))


@pytest.fixture(params=["qmark", "named"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Databases whose driver takes values by place and by name."""
    made = create_engine("sqlite://", paramstyle=request.param)
    KEPT.metadata.create_all(made)
    yield made
    made.dispose()


def test_many_rows_are_kept_as_they_are(engine: Engine) -> None:
    """By place or by name, each value gets into its own column, and columns that are not given stay empty."""
    with engine.begin() as connection:
        insert_many(connection, KEPT, ROWS)
        insert_many(connection, KEPT, [])
        found = connection.execute(select(KEPT).order_by(KEPT.c.place)).all()
    assert [tuple(row) for row in found] == [
        (1, "planned", None, "100 % :of 'it' ?"),
        (2, "ñandú", None, None),
    ]


def test_a_statement_with_values_of_its_own_takes_those_that_are_given(engine: Engine) -> None:
    """The state of a condition is the statement's, the place and the words are the caller's, in whatever order."""
    with engine.begin() as connection:
        insert_many(connection, KEPT, ROWS)
        assert execute(connection, UPDATED, {"new": "it's", "at": 1}).rowcount == 1
        assert execute(connection, UPDATED, {"at": 2, "new": "not it"}).rowcount == 0
        assert [execute(connection, SAID, {"at": place}).scalar() for place in (1, 2, 3)] == ["it's", None, None]


def test_many_sets_of_values_count_together(engine: Engine) -> None:
    """What a journal's step concerns is counted over all of them."""
    with engine.begin() as connection:
        insert_many(connection, KEPT, ROWS)
        assert execute(connection, UPDATED, [{"at": 1, "new": "a"}, {"at": 2, "new": "b"}]).rowcount == 1
        assert execute(connection, SAID, {"at": 1}).scalar() == "a"


def test_columns_are_taken_by_their_names_each_time(engine: Engine) -> None:
    """An insertion that gives other columns than the last is another statement."""
    with engine.begin() as connection:
        execute(connection, insert(KEPT), {"place": 7, "said": "x"})
        execute(connection, insert(KEPT), {"group": "g", "place": 8})
        found = connection.execute(select(KEPT).order_by(KEPT.c.place)).all()
    assert [tuple(row) for row in found] == [(7, None, None, "x"), (8, "g", None, None)]
