"""The journal on real SQLite files: durable order, safe permissions, versions, damage."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, event
from sqlalchemy import text as statement
from sqlalchemy.engine import Connection

from etl.core.outcomes import ItemState
from etl.core.planning import plan
from etl.errors import ConfigurationError, InternalError, JournalError
from etl.io.journal import encoding, open_journal, schema_version
from etl.io.journal import opening as journal_module
from etl.io.journal.migrations import MIGRATIONS
from etl.io.journal.records import CRASHED, NOT_CONNECTED, Change, Closing, ItemRecord, RowRecord, RunRecord
from etl.io.journal.schema import SCHEMA_VERSION
from etl.io.journal.sql import SqlJournal
from etl.messages import text
from etl.model import Finding, Json
from tests.submission.simulated import destination, rows

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RUN = "0123456789abcdef"


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    opened = open_journal(url_of(tmp_path / "home" / "journal.db"))
    yield opened
    opened.close()


def fill(journal: SqlJournal, run: str = RUN, count: int = 4, *, limit: int = 2, one_key: bool = True) -> None:
    batches = plan(rows(count), {}, destination("totals", limit=limit))
    items = [item for batch in batches for item in batch.items]
    record = RunRecord(
        id=run,
        destination="simulated.totals",
        profile="default",
        account="acme",
        file="x.xlsx",
        file_sha256="f" * 64,
        content="c" * 64,
        facts={"headers": ["Código"], "price": Decimal("1000.125")},
        started=NOW,
        planned=len(batches),
    )
    journal.create_run(
        record,
        [
            RowRecord(
                number=row.number,
                cells=("00123", 1.5, None),
                item=place,
                before={"price": Decimal("10.50"), "name": ""} if place == 0 else {},
            )
            for place, row in enumerate(rows(count))
        ],
        [
            ItemRecord(
                place=place,
                batch=1 + place // limit,
                item_id=item.id,
                key_id="k" if one_key else item.key_id,
                key=item.key,
                payload=item.payload,
                state=ItemState.PLANNED,
            )
            for place, item in enumerate(items)
        ],
        batches,
    )


def test_commits_are_durable_and_readers_do_not_block(tmp_path: Path) -> None:
    """WAL with synchronous=FULL on every connection: a committed intent survives a power cut (SUB-6)."""
    opened = open_journal(url_of(tmp_path / "journal.db"))
    with opened._engine.connect() as connection:
        found = {
            name: connection.execute(statement(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    opened.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """The folder is 0700 and the database with its -wal 0600, whatever the umask (SEC-8)."""
    before = os.umask(0)
    try:
        opened = open_journal(url_of(tmp_path / "home" / "journal.db"))
        fill(opened)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "home").iterdir()}
        opened.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}, modes


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    """A program that does not know the format does not touch it: exit code 4."""
    path = tmp_path / "journal.db"
    open_journal(url_of(path)).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", (str(SCHEMA_VERSION + 1),))
    raw.close()
    with pytest.raises(ConfigurationError, match="newer version"):
        open_journal(url_of(path))


def test_an_older_journal_is_backed_up_and_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migration runs once, on a copy kept beside it."""
    path = tmp_path / "journal.db"
    opened = open_journal(url_of(path))
    fill(opened)
    opened.close()
    monkeypatch.setattr(journal_module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    steps = {SCHEMA_VERSION: lambda connection: connection.execute(statement("ALTER TABLE runs ADD COLUMN extra TEXT"))}
    monkeypatch.setattr(journal_module, "MIGRATIONS", steps)
    open_journal(url_of(path)).close()
    assert schema_version(url_of(path)) == SCHEMA_VERSION + 1
    backup = tmp_path / f"journal.db.v{SCHEMA_VERSION}.bak"
    assert schema_version(url_of(backup)) == SCHEMA_VERSION
    engine = create_engine(url_of(backup))
    kept = SqlJournal(engine)
    assert len(kept.items_of(RUN)) == 4, "the backup holds everything that was committed"
    kept.close()


def older_journal(path: Path) -> None:
    """Make the journal that version 1 left: run b… was put in first, by a clock an hour ahead of that of a…."""
    raw = sqlite3.connect(path)
    raw.executescript((Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8"))
    raw.close()


def columns_of(path: Path, table: str) -> list[tuple[str, str, int]]:
    raw = sqlite3.connect(path)
    found = [(name, kind, required) for _, name, kind, required, *_ in raw.execute(f"PRAGMA table_info({table})")]
    raw.close()
    return sorted(found)


def test_a_journal_of_version_1_goes_on(tmp_path: Path) -> None:
    """Its runs keep their order and their rows, new ones follow them, and its format is that of a new journal."""
    path = tmp_path / "journal.db"
    older_journal(path)
    opened = open_journal(url_of(path))
    fill(opened)
    assert opened.find_runs("") == [RUN, "b" * 16, "a" * 16]
    assert [opened.run(run).serial for run in opened.find_runs("")] == [3, 2, 1]
    assert [row.before for row in opened.rows_of("a" * 16)] == [{}, {}]
    opened.close()
    open_journal(url_of(tmp_path / "new.db")).close()
    for table in ("runs", "rows", "items"):
        found = [(name, kind) for name, kind, _ in columns_of(path, table)]
        assert found == [(name, kind) for name, kind, _ in columns_of(tmp_path / "new.db", table)]


def test_a_migration_that_dies_half_way_leaves_the_older_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step did is taken back with it: the next start finds version 1 whole, and brings it up to date."""
    path = tmp_path / "journal.db"
    older_journal(path)

    def dies(connection: Connection) -> None:
        MIGRATIONS[1](connection)
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr(journal_module, "MIGRATIONS", {1: dies})
        with pytest.raises(InterruptedError):
            open_journal(url_of(path))
    assert schema_version(url_of(path)) == 1
    assert "serial" not in {name for name, *_ in columns_of(path, "runs")}
    open_journal(url_of(path)).close()
    assert schema_version(url_of(path)) == SCHEMA_VERSION


def test_the_newer_run_is_the_one_that_was_put_in_later(journal: SqlJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that was set back between two runs does not make the later one the older one."""
    fill(journal)
    monkeypatch.setattr(sys.modules[__name__], "NOW", NOW - timedelta(days=1))
    fill(journal, run="f" * 16)
    assert journal.find_runs("") == ["f" * 16, RUN]
    assert [run.id for run in journal.runs_of("acme", "simulated.totals")] == ["f" * 16, RUN]
    accept(journal, "f" * 16, replaces=True)
    assert {item.state for item in journal.items_of(RUN)} == {ItemState.SUPERSEDED}


def accept(journal: SqlJournal, run: str, *, replaces: bool = False) -> None:
    """Let the vendor accept the first batch of a run."""
    attempt = journal.intend(run, 1, [0, 1], "d", NOW)
    changes = [Change(place=place, state=ItemState.CONFIRMED) for place in (0, 1)]
    journal.record(run, 1, attempt, Closing(at=NOW, verdict="read", status=200), changes, replaces=replaces)


def test_the_last_value_of_a_key_is_that_of_the_newest_run_that_may_have_set_it(journal: SqlJournal) -> None:
    """Planned rows set nothing; a row in doubt hides the accepted one before it; older runs are asked for by number."""
    fill(journal)
    assert journal.last_values("acme", "simulated.totals", ["k"]) == {}
    accept(journal, RUN)
    fill(journal, run="f" * 16)
    found = journal.last_values("acme", "simulated.totals", ["k", "unknown"])
    assert {(key, one.run, one.state) for key, one in found.items()} == {("k", RUN, ItemState.CONFIRMED)}
    assert found["k"].payload == journal.items_of(RUN)[1].payload
    journal.intend("f" * 16, 2, [2], "d", NOW)
    found = journal.last_values("acme", "simulated.totals", ["k"])
    assert (found["k"].run, found["k"].state) == ("f" * 16, ItemState.SENDING)
    assert journal.last_values("acme", "simulated.totals", ["k"], before=2)["k"].run == RUN
    assert journal.last_values("other", "simulated.totals", ["k"]) == {}


@pytest.mark.parametrize("content", [b"this is not a database" * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_journal_stops_everything(tmp_path: Path, content: bytes) -> None:
    """Nothing is sent when what was sent cannot be read: exit code 5, no traceback."""
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with pytest.raises(JournalError):
        open_journal(url_of(path))


def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path: Path) -> None:
    """A transaction that does not fit fails whole; what was committed before is all there."""
    opened = open_journal(url_of(tmp_path / "journal.db"))
    fill(opened)
    with opened._engine.connect() as connection:
        pages = connection.execute(statement("PRAGMA page_count")).scalar_one()
        connection.execute(statement(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(JournalError, match="full"):
        fill(opened, run="f" * 16, count=2_000)
    assert len(opened.items_of(RUN)) == 4
    assert opened.find_runs("") == [RUN]
    opened.close()


def test_everything_comes_back_as_it_was_written(journal: SqlJournal) -> None:
    """Facts, cells, payloads and bodies survive exactly."""
    fill(journal)
    assert journal.run(RUN).facts == {"headers": ["Código"], "price": Decimal("1000.125")}
    assert journal.rows_of(RUN)[0].cells == ("00123", 1.5, None)
    assert [item.key for item in journal.items_of(RUN)] == [("k0",), ("k1",), ("k2",), ("k3",)]
    batches = plan(rows(4), {}, destination("totals", limit=2))
    assert [batch.body for batch in journal.batches_of(RUN)] == [batch.body for batch in batches]
    assert [row.before for row in journal.rows_of(RUN)] == [{"price": Decimal("10.50"), "name": ""}, {}, {}, {}]
    journal.add_findings(RUN, [Finding("x", text("row {n}", n=3), row=3, column=1)])
    assert journal.findings_of(RUN) == [Finding("x", text("row {n}", n=3), row=3, column=1)]


def test_an_intent_is_only_taken_from_what_may_be_sent(journal: SqlJournal) -> None:
    """The journal refuses a transition that the state machine does not have (I5)."""
    fill(journal)
    attempt = journal.intend(RUN, 1, [0, 1], "d", NOW)
    closing = Closing(at=NOW, verdict="read", status=200)
    changes = [Change(place=place, state=ItemState.CONFIRMED) for place in (0, 1)]
    journal.record(RUN, 1, attempt, closing, changes)
    with pytest.raises(InternalError):
        journal.intend(RUN, 1, [0], "d", NOW)
    with pytest.raises(InternalError):
        journal.record(RUN, 1, attempt, closing, changes)
    assert journal.state_counts(RUN) == {ItemState.CONFIRMED: 2, ItemState.PLANNED: 2}
    assert len(journal.attempts_of(RUN)) == 1, "the refused intent left nothing behind"


def test_the_batches_with_something_open_are_found(journal: SqlJournal) -> None:
    """A resume and a look read these alone: a batch counts while one of its items is in such a state."""
    fill(journal, count=6)
    assert journal.batches_with(RUN, [ItemState.PLANNED]) == {1, 2, 3}
    journal.intend(RUN, 2, [2, 3], "0" * 64, NOW)
    assert journal.batches_with(RUN, [ItemState.PLANNED]) == {1, 3}
    accepted = [Change(place=place, state=state) for place, state in ((2, ItemState.CONFIRMED), (3, ItemState.PLANNED))]
    journal.record(RUN, 2, 1, Closing(at=NOW, verdict="read"), accepted)
    assert journal.batches_with(RUN, [ItemState.PLANNED, ItemState.UNCERTAIN]) == {1, 2, 3}
    assert journal.batches_with(RUN, [ItemState.CONFIRMED]) == {2}
    assert journal.batches_with("another", [ItemState.PLANNED]) == set()


def test_what_a_dead_process_left_becomes_uncertain(journal: SqlJournal) -> None:
    """T3: `sending` without an owner is uncertain, in every run of the account, and counted as a request."""
    fill(journal)
    journal.intend(RUN, 2, [2, 3], "d", NOW)
    assert journal.recover("other", ["simulated.totals"], NOW) == 0
    assert journal.recover("acme", ["simulated.totals"], NOW) == 2
    assert journal.recover("acme", ["simulated.totals"], NOW) == 0
    items = journal.items_of(RUN, 2)
    assert {item.state for item in items} == {ItemState.UNCERTAIN}
    assert all(item.ambiguous and item.doubts == 1 and item.reason for item in items)
    assert journal.attempts_of(RUN)[0].verdict == CRASHED
    assert journal.run(RUN).sent == 1


def test_a_connection_that_was_never_made_is_no_request(journal: SqlJournal) -> None:
    """`requests.sent` counts what reached the vendor."""
    fill(journal)
    for verdict in (NOT_CONNECTED, "not_processed"):
        attempt = journal.intend(RUN, 1, [0, 1], "d", NOW)
        changes = [Change(place=place, state=ItemState.PLANNED) for place in (0, 1)]
        journal.record(RUN, 1, attempt, Closing(at=NOW, verdict=verdict), changes)
    assert journal.run(RUN).sent == 1


def durable_states(journal: SqlJournal) -> set[str]:
    """Return the states of all items as a connection of its own sees them: only what is committed."""
    path = journal._engine.url.database or ""
    with closing(sqlite3.connect(path)) as connection:
        return {state for (state,) in connection.execute("SELECT state FROM items")}


def write_together(journal: SqlJournal, *steps: Callable[[], object]) -> None:
    with journal.together():
        for step in steps:
            step()


def test_what_is_written_together_is_durable_at_once_or_not_at_all(journal: SqlJournal) -> None:
    """One transaction: what it wrote it reads, nobody else sees a part of it, and an error undoes all of it."""
    fill(journal)
    with journal.together():
        journal.intend(RUN, 1, [0, 1], "d", NOW)
        with journal.together():
            journal.intend(RUN, 2, [2, 3], "d", NOW)
        assert {item.state for item in journal.items_of(RUN)} == {ItemState.SENDING}
        assert durable_states(journal) == {"planned"}
    assert durable_states(journal) == {"sending"}
    accepted = [Change(place=0, state=ItemState.CONFIRMED)]
    with pytest.raises(InternalError):
        write_together(
            journal,
            lambda: journal.record(RUN, 1, 1, Closing(at=NOW, verdict="read"), accepted),
            lambda: journal.intend(RUN, 2, [2, 7], "d", NOW),
        )
    assert durable_states(journal) == {"sending"}
    assert journal.attempts_of(RUN, 1)[0].finished is None
    journal.count_reads(RUN, 1)
    assert journal.run(RUN).reads == 1, "each is durable on its own again"


def test_what_is_written_together_can_be_made_durable_before_its_end(journal: SqlJournal) -> None:
    """Before the vendor is asked in the midst of it: what was written stays, whatever comes then."""
    fill(journal)
    with pytest.raises(InternalError):
        write_together(
            journal,
            lambda: journal.intend(RUN, 1, [0, 1], "d", NOW),
            journal.make_durable,
            lambda: journal.intend(RUN, 2, [2, 3], "d", NOW),
            lambda: journal.intend(RUN, 2, [2, 7], "d", NOW),
        )
    assert [item.state for item in journal.items_of(RUN)] == [ItemState.SENDING] * 2 + [ItemState.PLANNED] * 2


def test_a_full_disk_undoes_all_that_was_written_together(journal: SqlJournal) -> None:
    """The error is the journal's, so that nothing more is sent, and nothing of it counts."""
    fill(journal)
    connection = journal._engine.connect()
    connection.execute(statement("PRAGMA max_page_count = 1"))
    connection.close()
    with pytest.raises(JournalError, match="full"):
        write_together(
            journal,
            lambda: journal.intend(RUN, 1, [0, 1], "d", NOW),
            lambda: journal.intend(RUN, 2, [2, 3], "x" * 100_000, NOW),
        )
    assert durable_states(journal) == {"planned"}


cells = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8")),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)),
)


@given(st.lists(cells))
def test_cells_survive_the_journal(row: list[object]) -> None:
    """A report made again shows what the sheet showed, types included."""
    back = encoding.from_cells(encoding.cells(row))  # type: ignore[arg-type]
    assert back == tuple(row)
    assert [type(value) for value in back] == [type(value) for value in row]


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.text(), st.decimals(allow_nan=False, allow_infinity=False))))
def test_derived_values_survive_the_journal(values: dict[str, str | Decimal]) -> None:
    """Computed prices come back as exact decimals."""
    back = encoding.from_values(encoding.values(values))
    assert back == values
    assert [str(value) for value in back.values()] == [str(value) for value in values.values()]


def test_days_and_times_keep_their_kind() -> None:
    """A date is not a datetime."""
    row = (date(2026, 1, 2), datetime(2026, 1, 2, 3, 4), time(5, 6), timedelta(hours=30))  # noqa: DTZ001
    assert encoding.from_cells(encoding.cells(row)) == row


def steps_of(journal: SqlJournal, act: Callable[[], object]) -> int:
    """Return how many hundreds of the database's own steps something takes."""
    counted: list[int] = []

    def watch(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(lambda: counted.append(1), 100)  # type: ignore[arg-type, func-returns-value]

    journal._engine.dispose()
    event.listen(journal._engine, "connect", watch)
    act()
    event.remove(journal._engine, "connect", watch)
    return len(counted)


@pytest.mark.parametrize("alike", [True, False], ids=["answers alike", "an answer each"])
def test_the_work_of_a_request_does_not_grow_with_the_run(tmp_path: Path, alike: bool) -> None:
    """Reading a batch, its intent and its outcome touch that batch alone, however many the run has (SQLite's plans)."""

    def request(journal: SqlJournal) -> None:
        places = [item.place for item in journal.items_of(RUN, 1)]
        number = journal.intend(RUN, 1, places, "0" * 64, NOW)
        data = [{} if alike else {"units": place} for place in places]
        changes = [
            Change(place=place, state=ItemState.CONFIRMED, data=told) for place, told in zip(places, data, strict=True)
        ]
        journal.record(RUN, 1, number, Closing(at=NOW, verdict="read"), changes, replaces=True)
        journal.last_values("acme", "simulated.totals", [f"none-{place}" for place in range(500)])

    steps = {}
    for count in (100, 10_000):
        journal = open_journal(url_of(tmp_path / str(count) / "journal.db"))
        fill(journal, count=count, limit=50, one_key=False)
        steps[count] = steps_of(journal, lambda opened=journal: request(opened))
        journal.close()
    assert steps[10_000] <= steps[100] * 1.5


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")) | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=5,
).filter(lambda value: "Infinity" not in repr(value))


@given(json_values)
def test_json_comes_back_from_the_journal_exactly(value: Json) -> None:
    """Integers of any length stay integers and decimals keep their digits, as the standard library reads them."""
    words = encoding.to_text(value)
    assert repr(encoding.from_text(words)) == repr(json.loads(words, parse_float=Decimal))
