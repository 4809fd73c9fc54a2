"""The figures: each is a ratio between two things measured in turn in one run (or an amount of memory)."""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bench.clock import Took, run
from bench.sheets import HEADERS, MOVEMENT_HEADERS, movements, products, write_csv, write_xlsx
from bench.vendor import Vendor

PEERS = Path(__file__).parent / "peers"
LATENCY = 0.1
"""Seconds that the simulated vendor takes for an answer."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured ratio beside its goal; `at_least` where more is better."""

    name: str
    what: str
    value: float
    goal: float
    at_least: bool = False
    unit: str = "x"
    detail: str = ""

    @property
    def reached(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass(slots=True)
class Bench:
    """Where the measurements are made, and how large they are."""

    folder: Path
    vendor: Vendor
    rows: int
    rounds: int
    long_rows: int
    batches: int
    moves: int
    _sheets: dict[str, Path] = field(default_factory=dict)
    _homes: int = 0

    def sheet(self, bad: float = 0.02, rows: int | None = None) -> Path:
        """Return a workbook of products, made once."""
        count = rows or self.rows
        name = f"productos-{count}-{bad}.xlsx"
        if name not in self._sheets:
            self._sheets[name] = write_xlsx(self.folder / name, HEADERS, products(count, bad))
        return self._sheets[name]

    def environ(self) -> dict[str, str]:
        """Return the variables of a command: a journal of its own, the simulated vendor, eight requests in flight."""
        self._homes += 1
        home = self.folder / f"home-{self._homes}"
        home.mkdir(mode=0o700)
        config = home / "etl.toml"
        lines = [f'{name} = "env:ETL_TUSFACTURAS_{name.upper()}"' for name in ("usertoken", "apikey", "apitoken")]
        config.write_text("\n".join(["[profiles.default.tusfacturas]", "in_flight = 8", *lines]), encoding="utf-8")
        config.chmod(0o600)
        return {**os.environ, **self.vendor.variables, "ETL_HOME": str(home), "ETL_CONFIG": str(config)}

    def python(self, *arguments: str | Path, environ: Mapping[str, str] | None = None) -> Took:
        """Run this Python in the project's folder, so that the peers find what they share."""
        given = environ or self.environ()
        return run(arguments, cwd=Path(__file__).parent.parent, environ={**given, "PYTHONPATH": "."})

    def validate(self, sheet: Path, *options: str | Path) -> Took:
        """Check a sheet as a user does."""
        return self.python("-m", "etl", "validate", sheet, "--to", "tusfacturas.productos", *SET, "--json", *options)


SET = ("--set", "operacion=M")
BARE = ("--no-results",)


def ratio(rounds: int, ours: Callable[[], float], its: Callable[[], float]) -> tuple[float, str]:
    """Measure a pair in turn; return the median ratio ours/its, and both medians in words."""
    pairs = [(ours(), its()) for _ in range(rounds)]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    return statistics.median(a / b for a, b in pairs), f"{mine:.2f} s / {other:.2f} s"


def reading(bench: Bench) -> Iterator[Figure]:
    """Measure reading, P1, P2, P9 and P11: reading and validating an xlsx beside the libraries alone."""
    sheet, spoilt = bench.sheet(), bench.sheet(0.5)
    alone = lambda script: lambda: _told_seconds(bench, script, sheet)
    value, detail = ratio(bench.rounds, alone("read_ours.py"), alone("calamine_alone.py"))
    yield Figure("read", f"reading {bench.rows:,} rows of xlsx / python-calamine", value, 1.5, detail=detail)
    memory: list[float] = []

    def ours() -> float:
        took = bench.validate(sheet, *BARE)
        memory.append(took.megabytes)
        return took.seconds

    floor = lambda: bench.python(PEERS / "calamine_alone.py", sheet).seconds
    value, detail = ratio(bench.rounds, ours, floor)
    yield Figure(
        "P1", f"validate, {bench.rows:,} rows of xlsx, findings only / python-calamine", value, 2.5, detail=detail
    )
    target = bench.folder / "written.xlsx"
    both = lambda: bench.python(PEERS / "read_and_write.py", sheet, target).seconds
    value, detail = ratio(bench.rounds, lambda: bench.validate(sheet, "--results", target).seconds, both)
    yield Figure("P2", "validate with its workbook / calamine + XlsxWriter, same cells", value, 1.0, detail=detail)
    yield Figure("P9", "memory of P1, all processes", statistics.median(memory), 400, unit=" MB")
    value, detail = ratio(bench.rounds, lambda: bench.validate(spoilt, *BARE).seconds, ours)
    yield Figure("P11", "P1 with 50% bad rows / with 2%", value, 1.5, detail=detail)


def _told_seconds(bench: Bench, script: str, sheet: Path) -> float:
    """Return the seconds that a script says its work took, without the start of its process."""
    return float(bench.python(PEERS / script, sheet).output.split()[-1])


def peers(bench: Bench) -> Iterator[Figure]:
    """P3, P4: the script that people write, and frictionless."""
    sheet = bench.sheet()
    by_hand = PEERS / "by_hand.py"
    target = bench.folder / "by-hand.xlsx"
    value, detail = ratio(1, lambda: bench.python(by_hand, sheet).seconds, lambda: bench.validate(sheet, *BARE).seconds)
    yield Figure("P3", "script by hand / validate, findings only", value, 12, at_least=True, detail=detail)
    value, detail = ratio(
        1,
        lambda: bench.python(by_hand, sheet, "--results", target).seconds,
        lambda: bench.validate(sheet, "--results", bench.folder / "ours.xlsx").seconds,
    )
    yield Figure("P3", "script by hand / validate, with the workbook", value, 10, at_least=True, detail=detail)
    value, detail = ratio(
        1,
        lambda: bench.python(PEERS / "by_frictionless.py", sheet).seconds,
        lambda: bench.validate(sheet, *BARE).seconds,
    )
    yield Figure("P4", "frictionless validate / validate, findings only", value, 20, at_least=True, detail=detail)


def sending(bench: Bench) -> Iterator[Figure]:
    """P5, P6, P7: submission beside the vendor's own time, and the requests it took."""
    rows = bench.batches * 50
    sheet = bench.sheet(0.0, rows)
    told, seconds = _sent(bench, sheet, "tusfacturas.productos", SET, rows)
    least = bench.batches * LATENCY / 8
    yield Figure("P5", f"{bench.batches:,} requests of products, 8 in flight / vendor's time", seconds / least, 1.10)
    used = told["requests"]["sent"] / bench.batches
    moves = write_xlsx(bench.folder / "stock.xlsx", MOVEMENT_HEADERS, movements(bench.moves * 50))
    told, seconds = _sent(bench, moves, "tusfacturas.stock", ("--set", "operacion=A"), bench.moves * 50)
    requests = told["requests"]["sent"] + told["requests"]["reads"]
    yield Figure("P6", f"{bench.moves} movements with evidence / vendor's time", seconds / (requests * LATENCY), 1.15)
    yield Figure("P7", "requests sent / least possible", max(used, requests / (2 * bench.moves)), 1.0)


def _sent(
    bench: Bench, sheet: Path, to: str, options: Sequence[str], count: int
) -> tuple[dict[str, dict[str, int]], float]:
    """Send a sheet and return what it told, and the seconds between its first request and its last answer."""
    bench.vendor.begin(LATENCY)
    bench.vendor.stock(count)
    environ = bench.environ()
    took = bench.python(
        "-m", "etl", "run", sheet, "--to", to, *options, "--yes", "--json", "--no-results", environ=environ
    )
    told = json.loads(took.output)
    if told["counts"]["accepted"] != count:
        raise SystemExit(f"{to}: {told['counts']}\n{json.dumps(told['findings'][:3], ensure_ascii=False)}")
    return told, _span(Path(environ["ETL_HOME"]) / "journal.db")


def _span(journal: Path) -> float:
    with sqlite3.connect(journal) as connection:
        begun, ended, first_read = connection.execute(
            "SELECT min(started), max(finished), (SELECT min(baseline_at) FROM batches) FROM attempts"
        ).fetchone()
    start = min(moment for moment in (begun, first_read) if moment is not None)
    lead = LATENCY if first_read is not None else 0.0
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(start)).total_seconds() + lead


def csv_files(bench: Bench) -> Iterator[Figure]:
    """P8: ten times the rows in ten times the time, within the memory of a chunk."""
    small = write_csv(bench.folder / "small.csv", bench.long_rows // 10, 0.02)
    large = write_csv(bench.folder / "large.csv", bench.long_rows, 0.02)
    memory: list[float] = []

    def long() -> float:
        took = bench.validate(large, *BARE)
        memory.append(took.megabytes)
        return took.seconds

    value, detail = ratio(1, long, lambda: bench.validate(small, *BARE).seconds)
    yield Figure("P8", f"{bench.long_rows:,} csv rows / a tenth of them", value, 10.5, detail=detail)
    yield Figure("P8", "memory of the larger, all processes", max(memory), 600, unit=" MB")


def starting(bench: Bench) -> Iterator[Figure]:
    """P10: small commands beside the imports they cannot do without."""
    rounds = max(bench.rounds, 5)
    small = bench.sheet(0.0, 20)
    environ = bench.environ()
    bench.vendor.begin(0)
    bench.python(
        "-m", "etl", "run", small, "--to", "tusfacturas.productos", "--set", "operacion=A", "--yes", "--no-results",
        environ=environ,
    )  # fmt: skip
    import_of = lambda names: lambda: bench.python("-c", f"import {names}", environ=environ).seconds
    validate = ("-m", "etl", "validate", small, "--to", "tusfacturas.productos", *SET, *BARE)
    commands: tuple[tuple[str, tuple[str | Path, ...], str, float], ...] = (
        ("etl --help", ("-m", "etl", "--help"), "click", 2.5),
        ("validate of 20 rows", validate, "pandera.pandas", 1.6),
        ("resume of a settled run", ("-m", "etl", "resume", "last", "--no-results"), "sqlalchemy, httpx", 1.8),
    )
    for what, ours, libraries, goal in commands:
        command = lambda given=ours: bench.python(*given, environ=environ).seconds
        value, detail = ratio(rounds, command, import_of(libraries))
        yield Figure("P10", f"{what} / import {libraries}", value, goal, detail=detail)


def end_to_end(bench: Bench) -> Iterator[Figure]:
    """P12: a sheet from the file to the vendor, beside the script by hand."""
    rows = min(bench.rows, 10_000)
    sheet = bench.sheet(0.02, rows)
    bench.vendor.begin(LATENCY)
    bench.vendor.stock(rows)
    address = bench.vendor.variables["ETL_TUSFACTURAS_URL"] + "productos/administrar"
    ours = lambda: bench.python(
        "-m", "etl", "run", sheet, "--to", "tusfacturas.productos", *SET, "--yes", "--json",
        "--results", bench.folder / "sent.xlsx",
    ).seconds  # fmt: skip
    its = lambda: (
        bench.python(
            PEERS / "by_hand.py", sheet, "--send", address, "--results", bench.folder / "by-hand-sent.xlsx"
        ).seconds
    )
    value, detail = ratio(bench.rounds, its, ours)
    yield Figure("P12", f"{rows:,} rows end to end: script by hand / ours", value, 5, at_least=True, detail=detail)


PARTS: Mapping[str, Callable[[Bench], Iterator[Figure]]] = {
    "reading": reading,
    "peers": peers,
    "csv": csv_files,
    "sending": sending,
    "starting": starting,
    "whole": end_to_end,
}
