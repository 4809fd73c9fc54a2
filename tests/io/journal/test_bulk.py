"""Many rows at once: the same as one by one, whichever way the driver takes values."""

from __future__ import annotations

import pytest
from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text, create_engine, select

from etl.core.outcomes import ItemState
from etl.io.journal.bulk import insert_many

KEPT = Table(
    "kept",
    MetaData(),
    Column("place", Integer, primary_key=True),
    Column("group", Text),
    Column("sure", Boolean),
    Column("said", Text),
)
ROWS = [
    {"said": "100 % :of 'it' ?", "group": ItemState.PLANNED, "place": 1},
    {"said": None, "group": "ñandú", "place": 2},
]


@pytest.mark.parametrize("style", ["qmark", "named"])
def test_many_rows_are_kept_as_they_are(style: str) -> None:
    """By place or by name, each value gets into its own column, and columns that are not given stay empty."""
    engine = create_engine("sqlite://", paramstyle=style)
    KEPT.metadata.create_all(engine)
    with engine.begin() as connection:
        insert_many(connection, KEPT, ROWS)
        insert_many(connection, KEPT, [])
        found = connection.execute(select(KEPT).order_by(KEPT.c.place)).all()
    assert [tuple(row) for row in found] == [
        (1, "planned", None, "100 % :of 'it' ?"),
        (2, "ñandú", None, None),
    ]
    engine.dispose()
