"""A month of nights: three companies, kills, overlaps, full disks and a slow vendor; nothing doubled, nothing lost."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from etl.batch.jobs_file import read_jobs
from etl.batch.loop import run_batch
from etl.batch.surroundings import BatchOptions, Surroundings
from etl.dispatch import RealClock
from etl.options import Decision, OutputOptions
from etl.runs import list_runs, resolve_run, show_run
from etl.sandbox import Fault, Sandbox
from etl.settings import load_settings
from tests.batch.nights import Nights
from tests.batch.test_companies import COMPANIES
from tests.batch.test_loop import age_journal
from tests.recovery.lab import LIST, NO_WORKBOOK, Lab, Silent, kill, product, start

PROFILES = ("norte", "sur", "oeste")
JOBS = """
[[jobs]]
name = "stock"
file = "in/{profile}/*.csv"
to = "tusfacturas.stock"
profile = "*"
archive = "archive/{profile}"
errors = "errors/{profile}"
set = { operacion = "A" }
"""
ROWS = 4
DISK = 200 * 1024
"""Bytes that a file may have on the disk that is full: less than the journal needs."""


def batch_in_child(environ: dict[str, str], folder: str, full: bool) -> None:
    """Do the jobs once, as `etl batch` does; ends with the batch's exit code."""
    os.environ.update(environ)
    os.chdir(folder)
    if full:
        import resource  # noqa: PLC0415 - POSIX's alone

        resource.setrlimit(resource.RLIMIT_FSIZE, (DISK, DISK))
    settings = load_settings(environ=environ, cwd=Path(folder))
    options = BatchOptions(output=OutputOptions(language="en"), settle=timedelta(seconds=1))
    around = Surroundings(clock=RealClock())
    raise SystemExit(run_batch(read_jobs(Path("jobs.toml")), options, settings, Silent(), around).exit_code)


@dataclass
class Month:
    """What was delivered, and what became of the batches."""

    nights: Nights
    draws: random.Random
    delivered: dict[str, list[str]] = field(default_factory=dict)
    """The codes of each file, by ``profile/name``."""
    ended: list[int | None] = field(default_factory=list)

    def deliver(self, number: int) -> None:
        """Put a sheet with codes of its own into the folders of some companies."""
        for profile in PROFILES:
            if self.draws.random() < 0.7:
                codes = [f"{profile[0].upper()}{number:03d}-{row}" for row in range(ROWS)]
                self.nights.lab.sandbox.tusfacturas.seed(*(product(code) for code in codes))
                self.nights.sheet(*codes, name=f"in/{profile}/stock-{number:03d}.csv")
                self.delivered[f"{profile}/stock-{number:03d}"] = codes

    def start(self, *, full: bool = False) -> BaseProcess:
        return start(batch_in_child, self.nights.lab.environ, str(self.nights.folder), full)

    def night(self) -> None:
        """Start one batch, and let something happen to it."""
        faults = self.nights.lab.sandbox.faults
        event = self.draws.choices(
            ["none", "kill", "overlap", "slow", "full", "lost"], weights=[30, 30, 10, 10, 8, 12]
        )[0]
        if event == "slow":
            faults.order(Fault.LATENCY, times=None, delay=0.2)
        if event == "lost":
            lost = self.draws.choice([Fault.CLOSE_AFTER, Fault.CLOSE_BEFORE, Fault.RESET_AFTER, Fault.CLOSE_LATER])
            faults.order(lost, path="productos/stock", delay=0.1)
        others = [self.start()] if event == "overlap" else []
        mine = self.start(full=event == "full")
        if event == "kill":
            time.sleep(self.draws.uniform(0.0, 1.2))
            kill(mine)
        for child in (mine, *others):
            child.join(120)
            assert not child.is_alive(), "a batch never ended"
            self.ended.append(child.exitcode)
        faults.clear()
        self.nights.lab.sandbox.settle()
        if (self.nights.lab.home / "journal.db").exists():
            age_journal(self.nights, timedelta(days=30) / 200)

    def doubled(self) -> list[str]:
        times = self.nights.lab.sandbox.tusfacturas.times_applied
        every = [code for codes in self.delivered.values() for code in codes]
        return [code for code in every if times(LIST, code, "productos/stock") > 1]

    def decide(self) -> int:
        """Say of each uncertain row what an operator would see at the vendor; return how many there were."""
        settings, decided = self.nights.lab.settings, 0
        for listed in list_runs(settings):
            if not listed["counts"]["uncertain"]:
                continue
            report = show_run(listed["run"], settings)
            codes = {row.number: str(row.cells[0]) for row in report.rows}
            words = [
                Decision(rows=(row.ref,), applied=self._is_applied(codes[row.ref]), why="looked at the vendor")
                for row in report.uncertain
            ]
            resolve_run(listed["run"], words, NO_WORKBOOK, settings, Silent())
            decided += len(words)
        return decided

    def _is_applied(self, code: str) -> bool:
        return self.nights.lab.sandbox.tusfacturas.times_applied(LIST, code, "productos/stock") > 0


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Month]:
    with Sandbox() as sandbox:
        nights = Nights(Lab(tmp_path / "home", sandbox, {"ETL_MIN_AGE": "0"}), tmp_path)
        companies = COMPANIES.replace("[profiles.otra.justo]", "[profiles.oeste.tusfacturas]")
        (tmp_path / "etl.toml").write_text(companies, encoding="utf-8")
        nights.jobs(JOBS)
        yield Month(nights, random.Random(20261122))


def live_through(month: Month, count: int) -> None:
    """Have so many nights, then peace and an operator; compare what is told with what was applied."""
    for number in range(count):
        month.deliver(number)
        month.night()
        assert month.doubled() == []
    for _ in range(3):
        child = month.start()
        child.join(300)
        month.ended.append(child.exitcode)
        month.decide()
    assert month.ended[-1] == 0, month.ended
    assert month.doubled() == []
    every = [code for codes in month.delivered.values() for code in codes]
    lost = [code for code in every if not month._is_applied(code)]
    assert lost == [], "lost"
    accepted = sum(run["counts"]["accepted"] for run in list_runs(month.nights.lab.settings))
    assert accepted == len(every)
    for name in month.delivered:
        assert (month.nights.folder / "archive" / f"{name}.csv").is_file(), name
        assert (month.nights.folder / "archive" / f"{name}.resultados.xlsx").is_file(), f"no report of {name}"
    assert [*(month.nights.lab.home / "batch" / "open").iterdir()] == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")
def test_some_nights(month: Month) -> None:
    """A short month in the suite."""
    live_through(month, 5)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")
@pytest.mark.timeout(3600)
def test_a_month_of_nights(month: Month) -> None:
    """200 scheduled runs in 30 days: none doubled, none lost, a report of each sheet (JOB-10)."""
    live_through(month, 200)
    assert -9 in month.ended, "nothing was killed"
    assert 6 in month.ended, "no two batches met"
