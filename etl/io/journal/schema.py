"""The journal's tables. A change here is a new schema version with its migration in `migrations.py`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    or_,
)

from etl.core.outcomes import ItemState

SCHEMA_VERSION = 2

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("destination", String(64), nullable=False),
    Column("profile", String(128), nullable=False),
    Column("account", String(256), nullable=False),
    Column("file", Text, nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("content", String(64), nullable=False),
    Column("facts", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("started", String(40), nullable=False),
    Column("finished", String(40)),
    Column("exit_code", Integer),
    Column("stopped", Text),
    Column("closed_by", String(32)),
    Column("planned", Integer, nullable=False),
    Column("sent", Integer, nullable=False, default=0),
    Column("reads", Integer, nullable=False, default=0),
    Column("serial", Integer, nullable=False),
    Index("runs_by_account", "account", "destination", "serial"),
)

rows = Table(
    "rows",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("number", Integer),
    Column("cells", Text, nullable=False),
    Column("outcome", String(16)),
    Column("reasons", Text),
    Column("derived", Text),
    Column("item", Integer),
    Column("before", Text),
)

items = Table(
    "items",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("batch", Integer, nullable=False),
    Column("item_id", String(48), nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("ambiguous", Boolean, nullable=False, default=False),
    Column("doubts", Integer, nullable=False, default=0),
    Column("reason", Text),
    Column("vendor_id", Text),
    Column("data", Text),
    Column("inferred", Boolean, nullable=False, default=False),
    Column("evidence", Text),
    Index("items_by_batch", "run", "batch"),
    Index("items_by_state", "run", "state"),
    Index("items_by_key", "key_id"),
)

batches = Table(
    "batches",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("group", String(256), nullable=False),
    Column("token", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_sha256", String(64), nullable=False),
    Column("baseline", Text),
    Column("baseline_at", String(40)),
)

attempts = Table(
    "attempts",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("batch", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("places", Text, nullable=False),
    Column("body_sha256", String(64), nullable=False),
    Column("started", String(40), nullable=False),
    Column("finished", String(40)),
    Column("verdict", String(16)),
    Column("status", Integer),
    Column("detail", Text),
    Column("answer", Text),
)

looks = Table(
    "looks",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("batch", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", String(40), nullable=False),
    Column("sightings", Text, nullable=False),
)

words = Table(
    "words",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("at", String(40), nullable=False),
    Column("who", Text, nullable=False),
    Column("applied", Boolean, nullable=False),
    Column("why", Text, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("finding", Text, nullable=False),
)


def stands_in(states: Iterable[ItemState]) -> ColumnElement[bool]:
    """Whether an item is in one of these states, where other conditions find the few items that are meant.

    Said so that no index serves it: SQLite would take the index of the states and walk through all of a run's items.
    """
    return or_(*(func.coalesce(items.c.state, "") == state for state in states))
