"""The journal on SQLAlchemy Core: SQLite by default, any database by URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from operator import attrgetter

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection, Engine

from etl.core.outcomes import EFFECTIVE, UNSETTLED, ItemState
from etl.core.planning import token_of
from etl.io.journal import conversion, encoding
from etl.io.journal.attempting import change, expect, intend, record
from etl.io.journal.last_values import last_values
from etl.io.journal.prepared import execute, insert_many
from etl.io.journal.records import (
    CRASHED,
    NOT_CONNECTED,
    AttemptRecord,
    BatchRecord,
    Change,
    Closing,
    ItemRecord,
    LastValue,
    LookRecord,
    OldDoubt,
    RowRecord,
    RunRecord,
    Standing,
)
from etl.io.journal.schema import attempts, batches, findings, items, looks, rows, runs, stands_in, words
from etl.io.journal.shedding import shed_details
from etl.io.journal.superseding import supersede
from etl.io.journal.transactions import Transactions
from etl.messages import Text, text
from etl.model import Batch, Finding, Json, Outcome

_LOOKED_UP = (ItemState.UNCERTAIN, ItemState.ABSENT)
_DECIDABLE = (ItemState.UNCERTAIN, ItemState.ABSENT, ItemState.DUPLICATED)
_KEEP_BASELINE = (
    update(batches)
    .where(batches.c.run == bindparam("of_run"), batches.c.number == bindparam("of_batch"))
    .values(baseline=bindparam("new_baseline"), baseline_at=bindparam("read_at"))
)
_ADD_READS = update(runs).where(runs.c.id == bindparam("of_run")).values(reads=runs.c.reads + bindparam("made"))
_ITEMS_OF_BATCH = select(items).where(items.c.run == bindparam("of_run"), items.c.batch == bindparam("of_batch"))


class SqlJournal:
    """`records.Journal` over a SQLAlchemy engine made by `journal.open_journal`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._transactions = Transactions(engine)
        self._write, self._read = self._transactions.write, self._transactions.read

    def together(self) -> AbstractContextManager[None]:
        """Give a block whose writes are one transaction."""
        return self._transactions.together()

    def make_durable(self) -> None:
        """Commit what such a block has written so far."""
        self._transactions.make_durable()

    def create_run(
        self, run: RunRecord, rows_: Sequence[RowRecord], items_: Sequence[ItemRecord], batches_: Sequence[Batch]
    ) -> None:
        """T0: the whole plan, before anything is sent."""
        with self._write() as connection:
            serial = select(func.coalesce(func.max(runs.c.serial), 0) + 1).scalar_subquery()
            connection.execute(insert(runs).values(**conversion.run_values(run), serial=serial))
            insert_many(
                connection, rows, [conversion.row_values(run.id, place, row) for place, row in enumerate(rows_)]
            )
            insert_many(connection, items, [conversion.item_values(run.id, item) for item in items_])
            if batches_:
                connection.execute(insert(batches), [conversion.batch_values(run.id, batch) for batch in batches_])

    def add_findings(self, run: str, findings_: Iterable[Finding]) -> None:
        """Keep what the checks found, in place of what was kept before."""
        values = [
            {"run": run, "place": place, "finding": encoding.to_text(finding.to_json())}
            for place, finding in enumerate(findings_)
        ]
        with self._write() as connection:
            connection.execute(delete(findings).where(findings.c.run == run))
            if values:
                connection.execute(insert(findings), values)

    def note_baseline(self, run: str, batch: int, baseline: Json, at: datetime, reads: int) -> None:
        """Keep what was read before the first attempt of a batch."""
        with self._write() as connection:
            execute(
                connection,
                _KEEP_BASELINE,
                {
                    "of_run": run,
                    "of_batch": batch,
                    "new_baseline": encoding.to_text(baseline),
                    "read_at": encoding.moment(at),
                },
            )
            _add_reads(connection, run, reads)

    def intend(self, run: str, batch: int, places: Sequence[int], body_sha256: str, at: datetime) -> int:
        """T1: the intent of an attempt, before its connection is opened. Returns the attempt's number."""
        with self._write() as connection:
            return intend(connection, run, batch, places, body_sha256, at)

    def record(
        self,
        run: str,
        batch: int,
        attempt: int,
        closing: Closing,
        changes: Sequence[Change],
        *,
        replaces: bool = False,
    ) -> None:
        """T2: the outcome of an attempt; `replaces` settles what older runs left open for the accepted keys."""
        with self._write() as connection:
            record(connection, run, batch, attempt, closing, changes)
            if replaces:
                supersede(connection, run, [one.place for one in changes if one.state is ItemState.CONFIRMED])

    def recover(self, account: str, destinations: Iterable[str], at: datetime) -> int:
        """T3: what an ended process left `sending` becomes uncertain. The caller holds the account's lock."""
        ours = (
            select(runs.c.id)
            .where(runs.c.account == account, runs.c.destination.in_(list(destinations)))
            .scalar_subquery()
        )
        reason = text("The program ended while this row was being sent, before the answer was recorded.")
        with self._write() as connection:
            open_runs = connection.execute(
                select(attempts.c.run).where(attempts.c.run.in_(ours), attempts.c.finished.is_(None)).distinct()
            ).scalars()
            for run in list(open_runs):
                crashed = connection.execute(
                    update(attempts)
                    .where(attempts.c.run == run, attempts.c.finished.is_(None))
                    .values(finished=encoding.moment(at), verdict=CRASHED)
                )
                connection.execute(update(runs).where(runs.c.id == run).values(sent=runs.c.sent + crashed.rowcount))
            found = connection.execute(
                update(items)
                .where(items.c.run.in_(ours), items.c.state == ItemState.SENDING)
                .values(
                    state=ItemState.UNCERTAIN,
                    ambiguous=True,
                    doubts=items.c.doubts + 1,
                    reason=encoding.message(reason),
                )
            )
        return found.rowcount

    def record_look(
        self, run: str, batch: int, at: datetime, sightings: Mapping[int, Json], changes: Sequence[Change], reads: int
    ) -> None:
        """T4: what a look at the vendor's data concluded."""
        with self._write() as connection:
            number = connection.execute(
                select(func.count()).select_from(looks).where(looks.c.run == run, looks.c.batch == batch)
            ).scalar_one()
            connection.execute(
                insert(looks),
                {
                    "run": run,
                    "batch": batch,
                    "number": number + 1,
                    "at": encoding.moment(at),
                    "sightings": encoding.to_text({str(place): seen for place, seen in sightings.items()}),
                },
            )
            _add_reads(connection, run, reads)
            change(connection, run, changes, _LOOKED_UP)

    def record_word(
        self, run: str, changes: Sequence[Change], *, who: str, applied: bool, why: str, at: datetime
    ) -> None:
        """T5: an operator's word on rows that nobody else can decide."""
        with self._write() as connection:
            spoken = connection.execute(select(func.count()).select_from(words).where(words.c.run == run)).scalar_one()
            connection.execute(
                insert(words),
                [
                    {
                        "run": run,
                        "number": spoken + index,
                        "place": change.place,
                        "at": encoding.moment(at),
                        "who": who,
                        "applied": applied,
                        "why": why,
                    }
                    for index, change in enumerate(changes, start=1)
                ],
            )
            change(connection, run, changes, _DECIDABLE)

    def record_details(self, run: str, changes: Sequence[Change], reads: int) -> None:
        """Keep what was read of accepted items after their answer."""
        with self._write() as connection:
            _add_reads(connection, run, reads)
            change(connection, run, changes, (ItemState.CONFIRMED,))

    def withdraw(self, run: str, changes: Sequence[Change], reads: int) -> None:
        """Take planned items out of what is sent."""
        with self._write() as connection:
            _add_reads(connection, run, reads)
            change(connection, run, changes, (ItemState.PLANNED,))

    def split_batch(
        self, run: str, batch: int, parts: Sequence[tuple[Sequence[int], Callable[[str], bytes]]]
    ) -> list[int]:
        """Make new batches of a refused one, and return their numbers."""
        with self._write() as connection:
            ours = batches.c.run == run
            group = connection.execute(select(batches.c.group).where(ours, batches.c.number == batch)).scalar_one()
            last = connection.execute(select(func.max(batches.c.number)).where(ours)).scalar_one()
            numbers = list(range(last + 1, last + 1 + len(parts)))
            for number, (places, body) in zip(numbers, parts, strict=True):
                part = Batch(number, group, (), body(token_of(run, number)))
                connection.execute(insert(batches), conversion.batch_values(run, part))
                moved = connection.execute(
                    update(items)
                    .where(items.c.run == run, items.c.place.in_(list(places)), stands_in([ItemState.PLANNED]))
                    .values(batch=number)
                )
                expect(moved.rowcount, len(places), "split")
        return numbers

    def count_reads(self, run: str, reads: int) -> None:
        """Count reads that concluded nothing."""
        with self._write() as connection:
            _add_reads(connection, run, reads)

    def finish(self, run: str, *, state: str, exit_code: int, stopped: Text | None, at: datetime) -> None:
        """Close a run, or stop it for now."""
        with self._write() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.id == run)
                .values(
                    state=state, exit_code=exit_code, stopped=encoding.message(stopped), finished=encoding.moment(at)
                )
            )

    def close_older(self, run: str, older: str) -> None:
        """Mark that `run` stands in place of an older run of the same content."""
        with self._write() as connection:
            connection.execute(update(runs).where(runs.c.id == older).values(closed_by=run))

    def run(self, run: str) -> RunRecord:
        """Return a run; KeyError when there is none."""
        with self._read() as connection:
            found = connection.execute(select(runs).where(runs.c.id == run)).mappings().first()
        if found is None:
            raise KeyError(run)
        return conversion.run_record(found)

    def find_runs(self, prefix: str) -> list[str]:
        """Return the ids that begin with `prefix`, newest first."""
        with self._read() as connection:
            query = select(runs.c.id).where(runs.c.id.startswith(prefix, autoescape=True))
            return list(connection.execute(query.order_by(runs.c.serial.desc())).scalars())

    def history(self, since: datetime | None = None, until: datetime | None = None) -> list[RunRecord]:
        """Return the runs that began from `since` on and before `until`, newest first."""
        query = select(runs).order_by(runs.c.serial.desc())
        if since is not None:
            query = query.where(runs.c.started >= encoding.moment(since))
        if until is not None:
            query = query.where(runs.c.started < encoding.moment(until))
        with self._read() as connection:
            return [conversion.run_record(found) for found in connection.execute(query).mappings()]

    def sent_groups(self, account: str, destination: str) -> dict[str, str]:
        """Return the groups of which something was sent, with the last run that did: group -> run."""
        of_batch = and_(items.c.run == batches.c.run, items.c.batch == batches.c.number)
        query = (
            select(batches.c.group, runs.c.id, runs.c.serial)
            .select_from(runs.join(batches, batches.c.run == runs.c.id).join(items, of_batch))
            .where(runs.c.account == account, runs.c.destination == destination)
            .where(items.c.state.in_(list(EFFECTIVE)))
            .distinct()
            .order_by(runs.c.serial)
        )
        with self._read() as connection:
            return {group: run for group, run, _ in connection.execute(query)}

    def old_doubts(self, before: datetime) -> list[OldDoubt]:
        """Return the runs with items that were sent before a moment and nobody has settled, oldest first."""
        tried = (
            select(attempts.c.run, attempts.c.batch, func.max(attempts.c.started).label("last"))
            .where(or_(attempts.c.verdict.is_(None), attempts.c.verdict != NOT_CONNECTED))
            .group_by(attempts.c.run, attempts.c.batch)
            .subquery()
        )
        sent = and_(tried.c.run == items.c.run, tried.c.batch == items.c.batch)
        since = func.min(tried.c.last)
        named = (runs.c.id, runs.c.destination, runs.c.profile, runs.c.account)
        query = (
            select(*named, func.count(), since)
            .select_from(runs.join(items, items.c.run == runs.c.id).join(tried, sent))
            .where(items.c.state.in_(list(UNSETTLED)), tried.c.last < encoding.moment(before))
            .group_by(*named)
            .order_by(since)
        )
        with self._read() as connection:
            return [
                OldDoubt(
                    run=run, destination=to, profile=profile, account=account, items=count, since=encoding.at(last)
                )
                for run, to, profile, account, count, last in connection.execute(query)
            ]

    def runs_of(self, account: str, destination: str) -> list[RunRecord]:
        """Return the runs of an account for a destination, newest first."""
        query = select(runs).where(runs.c.account == account, runs.c.destination == destination)
        with self._read() as connection:
            return [
                conversion.run_record(found)
                for found in connection.execute(query.order_by(runs.c.serial.desc())).mappings()
            ]

    def rows_of(self, run: str) -> list[RowRecord]:
        """Return the source rows in the sheet's order."""
        with self._read() as connection:
            found = connection.execute(select(rows).where(rows.c.run == run).order_by(rows.c.place))
            return list(map(conversion.row_record, found))

    def items_of(self, run: str, batch: int | None = None) -> list[ItemRecord]:
        """Return the items in order, of one batch or all."""
        with self._read() as connection:
            if batch is None:
                found = connection.execute(select(items).where(items.c.run == run).order_by(items.c.place)).all()
            else:
                found = execute(connection, _ITEMS_OF_BATCH, {"of_run": run, "of_batch": batch}).all()
        # Sorted here: asked for the order, SQLite would walk through all items of the run instead of the batch's index.
        return sorted(map(conversion.item_record, found), key=attrgetter("place"))

    def standings_of(self, run: str) -> list[Standing]:
        """Return where each item stands, in order."""
        columns = (items.c.place, items.c.item_id, items.c.key_id, items.c.state)
        query = select(*columns).where(items.c.run == run).order_by(items.c.place)
        with self._read() as connection:
            return [
                Standing(place=place, item_id=item_id, key_id=key_id, state=ItemState(state))
                for place, item_id, key_id, state in connection.execute(query)
            ]

    def last_attempts(self, account: str, destination: str) -> dict[str, datetime]:
        """Return, by run, when its last attempt began; runs without one are absent."""
        query = (
            select(attempts.c.run, func.max(attempts.c.started))
            .select_from(runs.join(attempts, attempts.c.run == runs.c.id))
            .where(runs.c.account == account, runs.c.destination == destination)
            .group_by(attempts.c.run)
        )
        with self._read() as connection:
            return {run: encoding.at(started) for run, started in connection.execute(query)}

    def last_values(
        self, account: str, destination: str, key_ids: Iterable[str], *, before: int | None = None
    ) -> dict[str, LastValue]:
        """Return, by key id, what the newest run that sent the key (or may have) sent for it."""
        with self._read() as connection:
            return last_values(connection, account, destination, key_ids, before=before)

    def sent_elsewhere(self, run: str, since: datetime) -> dict[tuple[str, ...], str]:
        """Return the keys that other runs of the same account and destination have sent since: key -> run."""
        mine, other = runs.alias("mine"), runs.alias("other")
        same = and_(mine.c.account == other.c.account, mine.c.destination == other.c.destination)
        tried = (
            select(attempts.c.run, attempts.c.batch)
            .select_from(mine.join(other, same).join(attempts, attempts.c.run == other.c.id))
            .where(mine.c.id == run, other.c.id != run, attempts.c.started >= encoding.moment(since))
            .where(or_(attempts.c.verdict.is_(None), attempts.c.verdict != NOT_CONNECTED))
            .distinct()
        )
        found: dict[tuple[str, ...], str] = {}
        with self._read() as connection:
            for name, batch in connection.execute(tried).all():
                sent = select(items.c.key).where(items.c.run == name, items.c.batch == batch)
                keys = connection.execute(sent.where(stands_in(EFFECTIVE))).scalars()
                found.update((tuple(encoding.from_text(key)), name) for key in keys)
        return found

    def batches_of(self, run: str) -> list[BatchRecord]:
        """Return the batches in order."""
        with self._read() as connection:
            found = connection.execute(select(batches).where(batches.c.run == run).order_by(batches.c.number))
            return [conversion.batch_record(values) for values in found.mappings()]

    def batches_with(self, run: str, states: Iterable[ItemState]) -> set[int]:
        """Return the numbers of the batches that have an item in one of these states."""
        query = select(items.c.batch).where(items.c.run == run, items.c.state.in_(list(states))).distinct()
        with self._read() as connection:
            return set(connection.execute(query).scalars())

    def attempts_of(self, run: str, batch: int | None = None) -> list[AttemptRecord]:
        """Return the attempts by batch and number, of one batch or all."""
        query = select(attempts).where(attempts.c.run == run).order_by(attempts.c.batch, attempts.c.number)
        if batch is not None:
            query = query.where(attempts.c.batch == batch)
        with self._read() as connection:
            return [conversion.attempt_record(found) for found in connection.execute(query).mappings()]

    def looks_of(self, run: str, batch: int) -> list[LookRecord]:
        """Return the looks for a batch, oldest first."""
        query = select(looks).where(looks.c.run == run, looks.c.batch == batch).order_by(looks.c.number)
        with self._read() as connection:
            return [conversion.look_record(found) for found in connection.execute(query).mappings()]

    def findings_of(self, run: str) -> list[Finding]:
        """Return what `add_findings` kept."""
        query = select(findings.c.finding).where(findings.c.run == run).order_by(findings.c.place)
        with self._read() as connection:
            return [Finding.from_json(encoding.from_text(found)) for found in connection.execute(query).scalars()]

    def tally(self, run: str) -> list[tuple[Outcome | None, ItemState | None, int]]:
        """Return how many source rows have each outcome of their own, or an item in each state."""
        joined = rows.outerjoin(items, and_(items.c.run == rows.c.run, items.c.place == rows.c.item))
        query = (
            select(rows.c.outcome, items.c.state, func.count())
            .select_from(joined)
            .where(rows.c.run == run)
            .group_by(rows.c.outcome, items.c.state)
        )
        with self._read() as connection:
            return [
                (Outcome(outcome) if outcome else None, ItemState(state) if state else None, count)
                for outcome, state, count in connection.execute(query)
            ]

    def state_counts(self, run: str) -> dict[ItemState, int]:
        """Return how many items are in each state."""
        query = select(items.c.state, func.count()).where(items.c.run == run).group_by(items.c.state)
        with self._read() as connection:
            return {ItemState(state): count for state, count in connection.execute(query)}

    def shed(self, before: datetime, at: datetime) -> int:
        """Remove the details of settled runs that began before a moment; return of how many."""
        with self._write() as connection:
            return shed_details(connection, before, at)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _add_reads(connection: Connection, run: str, reads: int) -> None:
    if reads:
        execute(connection, _ADD_READS, {"of_run": run, "made": reads})
