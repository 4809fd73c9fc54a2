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
from decimal import Decimal
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

LIST = "Mayorista"
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


def product(code: str, stock: int = 100) -> dict[str, object]:
    return {
        "descripcion": f"Producto {code}",
        "codigo": code,
        "lista_precios": LIST,
        "unidad_bulto": "1",
        "precio_unitario_sin_iva": 10.5,
        "alicuota": 21,
        "moneda": "PES",
        "afecta_stock": "S",
        "stock_actual": stock,
        "stock_minimo": 5,
    }


def movement_values(number: int, operation: str = "A") -> dict[str, object]:
    return {
        "operacion": operation,
        "lista_precios": LIST,
        "codigo": f"P{number:03d}",
        "cantidad": Decimal(1 + number % 7),
    }


def product_values(number: int, operation: str = "A") -> dict[str, object]:
    return {
        "operacion": operation,
        "descripcion": f"Producto {number}",
        "codigo": f"P{number:03d}",
        "lista_precios": LIST,
        "unidad_bulto": Decimal(1),
        "precio_unitario_sin_iva": Decimal("10.125"),
        "alicuota": Decimal(21),
        "moneda": "PES",
        "afecta_stock": "S",
        **({"stock_actual": Decimal(4)} if operation == "A" else {}),
    }


MOVES = "tusfacturas.stock"
PRODUCTS = "tusfacturas.productos"


@dataclass(slots=True)
class Lab:
    """One company with one journal and one simulated vendor. Times are short, so that nothing has to be waited for."""

    home: Path
    sandbox: Sandbox
    timing: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=lambda: DEMO_CREDENTIALS["tusfacturas"])

    @property
    def environ(self) -> dict[str, str]:
        return {
            "ETL_HOME": str(self.home),
            "ETL_TUSFACTURAS_URL": self.sandbox.url("tusfacturas"),
            **{f"ETL_TUSFACTURAS_{name.upper()}": value for name, value in self.credentials.items()},
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

    def resume(self, run: str, **send: object) -> Report:
        return resume_run(run, NO_WORKBOOK, SendOptions(**send), self.settings, Silent())  # type: ignore[arg-type]

    def reconcile(self, run: str) -> Report:
        return reconcile_run(run, NO_WORKBOOK, SendOptions(), self.settings, Silent())

    def show(self, run: str) -> Report:
        return show_run(run, self.settings)

    def applied(self, run: str) -> dict[int, int]:
        """Return, by row number, how often the vendor really applied what the run holds."""
        method = {MOVES: "productos/stock", PRODUCTS: "productos/administrar"}
        with self.journal() as journal:
            record = journal.run(run)
            items = {item.place: item for item in journal.items_of(run)}
            rows = journal.rows_of(run)
        return {
            row.number: self.sandbox.tusfacturas.times_applied(*items[row.item].key, method[record.destination])
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
    """Put products that keep stock into the vendor."""
    lab.sandbox.tusfacturas.seed(*(product(f"P{number:03d}") for number in range(count)))


def server() -> multiprocessing.context.ForkServerContext:
    """Return where children come from: a process that has imported the program and holds no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.recovery.lab"])
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
