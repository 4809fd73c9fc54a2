"""A shop with folders, a sandbox and a jobs file: the ground of the batch tests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl.batch.endings import BatchEnding, JobEnding
from etl.batch.jobs_file import read_jobs
from etl.batch.loop import run_batch
from etl.batch.surroundings import BatchOptions, Surroundings
from etl.io.log import EventLog
from etl.options import OutputOptions
from etl.settings import load_settings
from tests.recovery.lab import LIST, Lab, Silent

STOCK = """
[[jobs]]
name = "stock"
file = "in/stock.csv"
to = "tusfacturas.stock"
archive = "archive"
errors = "errors"
set = { operacion = "A" }
"""


@dataclass
class Turned:
    """The machine's clock, ahead by what the test says; waiting takes no time."""

    ahead: timedelta = timedelta()
    waited: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Nights:
    """One shop's folders and its nightly batch."""

    lab: Lab
    folder: Path
    clock: Turned = field(default_factory=Turned)
    environ: Mapping[str, str] = field(default_factory=dict)
    stop_code: int | None = None

    def sheet(self, *codes: str, name: str = "in/stock.csv", quantity: int = 1, saved: datetime | None = None) -> Path:
        """Write a sheet of movements that was saved an hour ago."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["Código;Lista de precios;Cantidad", *(f"{code};{LIST};{quantity}" for code in codes)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        at = (saved or self.clock.now() - timedelta(hours=1)).timestamp()
        os.utime(path, (at, at))
        return path

    def jobs(self, content: str) -> Path:
        path = self.folder / "jobs.toml"
        path.write_text(content, encoding="utf-8")
        return path

    def batch(self, content: str = STOCK, **options: object) -> BatchEnding:
        """Do the jobs once."""
        jobs = read_jobs(self.jobs(content))
        settings = load_settings(environ={**self.lab.environ, **self.environ}, cwd=self.folder)
        asked = BatchOptions(output=OutputOptions(language="en"), **{"settle": timedelta(), **options})  # type: ignore[arg-type]
        around = Surroundings(
            clock=self.clock,
            stop_code=lambda: self.stop_code,
            log=EventLog(settings.home).write,
            environ=self.environ,
        )
        return run_batch(jobs, asked, settings, Silent(), around)

    def one(self, content: str = STOCK, **options: object) -> JobEnding:
        """Do the only job once."""
        (ending,) = self.batch(content, **options).jobs
        return ending

    def stock(self, code: str) -> int | None:
        return self.lab.sandbox.tusfacturas.stock(LIST, code)

    def files(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.folder / folder).glob("*"))

    def log(self, event: str) -> list[dict[str, object]]:
        words = "".join(path.read_text("utf-8") for path in (self.lab.home / "logs").glob("*.jsonl"))
        return [line for line in map(json.loads, words.splitlines()) if line["event"] == event]

    @contextmanager
    def later(self, by: timedelta) -> Iterator[None]:
        """Let the clock of the batch be ahead for a while; the journal's stays."""
        before = self.clock
        self.clock = replace(before, ahead=before.ahead + by)
        yield
        self.clock = before
