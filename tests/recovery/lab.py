"""A shop, a sandbox and real processes that can be killed: the ground of the recovery tests."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

from etl.core.outcomes import ItemState
from etl.core.planning import content_hash, marked, plan
from etl.core.report import Report
from etl.io.journal import open_journal
from etl.io.journal.records import ItemRecord, RowRecord, RunRecord
from etl.io.journal.sql import SqlJournal
from etl.messages import Text
from etl.model import Row
from etl.options import OutputOptions, SendOptions
from etl.runs import reconcile_run, resume_run, show_run
from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from etl.settings import Settings, load_settings
from etl.vendors import DESTINATIONS
from tests.recovery.trades import LIST, MOVES, PRODUCTS, TRADES, Trade, movement_values, product, product_values

__all__ = ["LIST", "MOVES", "PRODUCTS", "movement_values", "product", "product_values"]

NO_WORKBOOK = OutputOptions(write_results=False, language="en")


@dataclass(slots=True)
class Silent:
    """Nobody is there: a scheduled job."""

    interactive: bool = False
    said: list[Text] = field(default_factory=list)

    def say(self, message: Text) -> None:
        self.said.append(message)

    def ask(self, question: Text) -> bool:
        raise AssertionError(f"asked without a terminal: {question}")

    def progress(self, done: int, total: int) -> None:
        assert 0 <= done <= total


@dataclass(slots=True)
class Lab:
    """One company with one journal and one simulated vendor. Times are short, so that nothing has to be waited for."""

    home: Path
    sandbox: Sandbox
    timing: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: DEMO_CREDENTIALS)

    @property
    def environ(self) -> dict[str, str]:
        return {
            "ETL_HOME": str(self.home),
            **{f"ETL_{vendor.upper()}_URL": self.sandbox.url(vendor) for vendor in self.credentials},
            **{
                f"ETL_{vendor.upper()}_{name.upper()}": value
                for vendor, secrets in self.credentials.items()
                for name, value in secrets.items()
            },
            "ETL_RETRY_BASE": "0.01",
            "ETL_RECONCILE_HORIZON": "0.6",
            "ETL_RECONCILE_GAP": "0.05",
            "ETL_TIMEOUT": "2",
            **self.timing,
        }

    @property
    def settings(self) -> Settings:
        return load_settings(environ=self.environ, cwd=self.home)

    @contextmanager
    def journal(self) -> Iterator[SqlJournal]:
        opened = open_journal(self.settings.journal_url)
        try:
            yield opened
        finally:
            opened.close()

    def plan(self, to: str, values: Sequence[Mapping[str, object]]) -> str:
        """Put a plan into the journal, as `run` does, and return its run."""
        self.settings.prepare_home()
        target = DESTINATIONS[to]
        rows = [Row(number, dict(row)) for number, row in enumerate(values, start=2)]  # type: ignore[arg-type]
        run = secrets.token_hex(8)
        batches = marked(plan(rows, {}, target), run, target)
        record = RunRecord(
            id=run,
            destination=to,
            profile="default",
            account="default",
            file="lab.csv",
            file_sha256=secrets.token_hex(32),
            content=content_hash(batches),
            facts={"sheet": None, "header_row": 1, "headers": [], "columns": [], "ignored": [], "constants": {}},
            started=datetime.now(UTC),
            planned=len(batches),
        )
        items, of_row, place = [], {}, 0
        for batch in batches:
            for item in batch.items:
                items.append(
                    ItemRecord(
                        place=place,
                        batch=batch.number,
                        item_id=item.id,
                        key_id=item.key_id,
                        key=item.key,
                        payload=item.payload,
                        state=ItemState.PLANNED,
                    )
                )
                of_row[item.rows[0]] = place
                place += 1
        sources = [RowRecord(number=row.number, cells=(), item=of_row[row.number]) for row in rows]
        with self.journal() as journal:
            journal.create_run(record, sources, items, batches)
        return record.id

    def plan_trade(self, trade: Trade, rows: int) -> str:
        """Put what so many rows of a trade need into the vendor, and their plan into the journal."""
        trade.arrange(self.sandbox, rows)
        return self.plan(trade.to, [trade.values(number) for number in range(rows)])

    def resume(self, run: str, **send: object) -> Report:
        return resume_run(run, NO_WORKBOOK, SendOptions(**send), self.settings, Silent())  # type: ignore[arg-type]

    def reconcile(self, run: str) -> Report:
        return reconcile_run(run, NO_WORKBOOK, SendOptions(), self.settings, Silent())

    def show(self, run: str) -> Report:
        return show_run(run, self.settings)

    def applied(self, run: str) -> dict[int, int]:
        """Return, by row number, how often the vendor really applied what the run holds."""
        with self.journal() as journal:
            record = journal.run(run)
            items = {item.place: item for item in journal.items_of(run)}
            rows = journal.rows_of(run)
            groups = {batch.number: batch.group for batch in journal.batches_of(run)}
        trades = {
            batch: next(one for one in TRADES.values() if one.to == record.destination and one.is_of(group))
            for batch, group in groups.items()
        }
        return {
            row.number: trades[items[row.item].batch].times(self.sandbox, items[row.item])
            for row in rows
            if row.item is not None and row.number is not None
        }

    def false_words(self, run: str, *, once: bool = True) -> list[str]:
        """Compare what the journal says of each row with what the vendor did (I1, I2, I3, I4)."""
        report, applied = self.show(run), self.applied(run)
        wrong = [] if len(report.rows) == len(applied) else [f"I4: {len(report.rows)} rows of {len(applied)}"]
        for row in report.rows:
            assert row.number is not None
            times = applied[row.number]
            if once and times > 1:
                wrong.append(f"I1: row {row.number} was applied {times} times")
            if row.outcome == "accepted" and not times:
                wrong.append(f"I2: row {row.number} is called accepted and was never applied")
            if row.outcome in {"rejected", "not_sent"} and times:
                wrong.append(f"I3: row {row.number} is called {row.outcome} and was applied")
        return wrong


def shops(lab: Lab, count: int) -> None:
    """Put products that keep stock into TusFacturas."""
    TRADES["moves-A"].arrange(lab.sandbox, count)


def server() -> multiprocessing.context.ForkServerContext:
    """Return where children come from: a process that has imported the program and holds no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.recovery.lab", "etl.batch.loop", "etl.intake", "etl.io.workbook.results"])
    return context


def start(target: Callable[..., None], *arguments: object) -> BaseProcess:
    child = server().Process(target=target, args=arguments, daemon=True)
    child.start()
    return child


def resume_in_child(environ: dict[str, str], home: str, run: str) -> None:
    """Resume a run, as ``etl resume`` does; ends with its exit code."""
    os.environ.update(environ)
    settings = load_settings(environ=environ, cwd=Path(home))
    report = resume_run(run, NO_WORKBOOK, SendOptions(), settings, Silent())
    raise SystemExit(report.exit_code)


def kill(child: BaseProcess) -> None:
    if child.pid is not None and child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join(10)
