"""The figures: each is a ratio between two things measured in turn in one run (or an amount of memory)."""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from bench.clock import Took, run
from bench.sheets import HEADERS, MOVEMENT_HEADERS, movements, products, write_csv, write_xlsx
from bench.table import Figure
from bench.vendor import Vendor

PEERS = Path(__file__).parent / "peers"
LATENCY = 0.1
"""Seconds that the simulated vendor takes for an answer."""
IN_FLIGHT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    rows: int
    rounds: int
    long_rows: int
    batches: int
    moves: int


FULL = Size(rows=100_000, rounds=3, long_rows=1_000_000, batches=2_000, moves=200)
"""The sizes that the goals are meant for."""
QUICK = Size(rows=5_000, rounds=1, long_rows=50_000, batches=100, moves=10)


@dataclass(slots=True)
class Bench:
    """Where the measurements are made, and how large they are."""

    folder: Path
    vendor: Vendor
    size: Size
    _sheets: dict[str, Path] = field(default_factory=dict)
    _homes: int = 0

    @property
    def tells(self) -> bool:
        """Whether what depends on the size can be compared with its goal."""
        return self.size == FULL

    def sheet(self, bad: float = 0.02, rows: int | None = None) -> Path:
        """Return a workbook of products, made once."""
        count = rows or self.size.rows
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
        config.write_text(
            "\n".join(["[profiles.default.tusfacturas]", f"in_flight = {IN_FLIGHT}", *lines]), encoding="utf-8"
        )
        config.chmod(0o600)
        return {**os.environ, **self.vendor.variables, "ETL_HOME": str(home), "ETL_CONFIG": str(config)}

    def python(self, *arguments: str | Path, environ: Mapping[str, str] | None = None) -> Took:
        """Run this Python in the project's folder, so that the peers find what they share.

        `etl` may end with 1, for wrong rows; a script of ours that does so has failed.
        """
        given = environ or self.environ()
        ends = (0, 1) if arguments[0] == "-m" else (0,)
        return run(arguments, cwd=Path(__file__).parent.parent, environ={**given, "PYTHONPATH": "."}, ends=ends)

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


def amid(its: float, before: Sequence[float], after: Sequence[float]) -> tuple[float, str]:
    """Return the ratio of a peer that takes a minute to the median of ours, measured before and after it; and words."""
    ours = statistics.median((*before, *after))
    told = [" and ".join(f"{seconds:.2f}" for seconds in some) for some in (before, after)]
    return its / ours, f"{its:.2f} s / {told[0]} s before, {told[1]} s after"


def reading(bench: Bench) -> Iterator[Figure]:
    """Measure reading, P1, P2, P9 and P11: reading and validating an xlsx beside the libraries alone."""
    sheet, spoilt, rounds = bench.sheet(), bench.sheet(0.5), bench.size.rounds
    figure = partial(Figure, tells=bench.tells)
    alone = lambda script: lambda: _told_seconds(bench, script, sheet)
    value, detail = ratio(rounds, alone("read_ours.py"), alone("calamine_alone.py"))
    yield figure("read", f"reading {bench.size.rows:,} rows of xlsx / python-calamine", value, 1.5, detail=detail)
    memory: list[float] = []

    def ours() -> float:
        took = bench.validate(sheet, *BARE)
        memory.append(took.megabytes)
        return took.seconds

    floor = lambda: bench.python(PEERS / "calamine_alone.py", sheet).seconds
    value, detail = ratio(rounds, ours, floor)
    what = f"validate, {bench.size.rows:,} rows of xlsx, findings only / python-calamine"
    yield figure("P1", what, value, 2.5, detail=detail)
    target = bench.folder / "written.xlsx"
    both = lambda: bench.python(PEERS / "read_and_write.py", sheet, target).seconds
    value, detail = ratio(rounds, lambda: bench.validate(sheet, "--results", target).seconds, both)
    yield figure("P2", "validate with its workbook / calamine + XlsxWriter, same cells", value, 1.0, detail=detail)
    value, detail = ratio(rounds, lambda: bench.validate(spoilt, *BARE).seconds, ours)
    yield figure("P11", "P1 with 50% bad rows / with 2%", value, 1.5, detail=detail)
    yield figure("P9", "memory of P1, all processes together", statistics.median(memory), 400, unit=" MB")


def _told_seconds(bench: Bench, script: str, sheet: Path) -> float:
    """Return the seconds that a script says its work took, without the start of its process."""
    return float(bench.python(PEERS / script, sheet).output.split()[-1])


def peers(bench: Bench) -> Iterator[Figure]:
    """P3, P4: the script that people write, and frictionless. All three must find the same rows wrong."""
    sheet, by_hand = bench.sheet(), PEERS / "by_hand.py"
    figure = partial(Figure, at_least=True, tells=bench.tells)
    wrong: dict[str, int] = {}

    def timed(name: str, took: Took) -> float:
        wrong[name] = json.loads(took.output)["counts"]["invalid"] if name == "ours" else int(took.output.split()[-1])
        if len(set(wrong.values())) > 1:
            raise SystemExit(f"not the same work, rows found wrong: {wrong}")
        return took.seconds

    ours = lambda *options: lambda: timed("ours", bench.validate(sheet, *options))
    found, written = ours(*BARE), ours("--results", bench.folder / "ours.xlsx")
    twice = lambda measured: (measured(), measured())
    before, before_written = twice(found), twice(written)
    took = bench.python(by_hand, sheet, "--results", bench.folder / "by-hand.xlsx")
    seconds = timed("by hand", took)
    after = twice(found)
    value, detail = amid(seconds - float(took.output.split()[0]), before, after)
    yield figure("P3", "script by hand / validate, findings only", value, 12, detail=detail)
    value, detail = amid(seconds, before_written, twice(written))
    yield figure("P3", "script by hand / validate, with the workbook", value, 10, detail=detail)
    before = twice(found)
    seconds = timed("frictionless", bench.python(PEERS / "by_frictionless.py", sheet))
    value, detail = amid(seconds, before, twice(found))
    floor = bench.python(PEERS / "calamine_alone.py", sheet).seconds
    detail += f"; python-calamine alone {floor:.2f} s: nobody who reads with it gets beyond {seconds / floor:.1f}"
    yield figure("P4", "frictionless with the same rules / validate, findings only", value, 20, detail=detail)


def sending(bench: Bench) -> Iterator[Figure]:
    """P5, P6, P7: submission beside the vendor's own time, and the requests it took by the vendor's own count."""
    batches, moves = bench.size.batches, bench.size.moves
    sheet = bench.sheet(0.0, batches * 50)
    least = batches * LATENCY / IN_FLIGHT
    _stocked(bench, batches * 50)
    alone = float(bench.python(PEERS / "post_alone.py", sheet, bench.vendor.products, str(IN_FLIGHT)).output)
    seconds, requests = _sent(bench, sheet, "tusfacturas.productos", SET, batches * 50)
    detail = f"{seconds:.2f} s / {least:.2f} s; a client that only posts {alone:.2f} s"
    what = f"{batches:,} requests of products, {IN_FLIGHT} in flight / vendor's time"
    yield Figure("P5", what, seconds / least, 1.10, detail=detail, tells=bench.tells)
    used = requests / batches
    sheet = write_xlsx(bench.folder / "stock.xlsx", MOVEMENT_HEADERS, movements(moves * 50))
    seconds, requests = _sent(bench, sheet, "tusfacturas.stock", ("--set", "operacion=A"), moves * 50)
    least = requests * LATENCY
    detail = f"{seconds:.2f} s / {least:.2f} s"
    what = f"{moves} movements with evidence, one in flight / vendor's time"
    yield Figure("P6", what, seconds / least, 1.15, detail=detail, tells=bench.tells)
    yield Figure("P7", "requests sent / least possible", max(used, requests / (2 * moves)), 1.0)


def _stocked(bench: Bench, count: int) -> None:
    bench.vendor.begin(LATENCY)
    bench.vendor.stock(count)


def _sent(bench: Bench, sheet: Path, to: str, options: Sequence[str], count: int) -> tuple[float, int]:
    """Send a sheet: (seconds between its first request and its last answer, requests that the vendor counted)."""
    _stocked(bench, count)
    environ = bench.environ()
    arguments = ("-m", "etl", "run", sheet, "--to", to, *options, "--yes", "--json", "--no-results")
    told = json.loads(bench.python(*arguments, environ=environ).output)
    applied, requests = bench.vendor.record()
    if not told["counts"]["accepted"] == applied == count:
        raise SystemExit(f"{to}: {applied} of {count} applied; {told['counts']}")
    return _span(Path(environ["ETL_HOME"]) / "journal.db"), requests


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
    small = write_csv(bench.folder / "small.csv", bench.size.long_rows // 10, 0.02)
    large = write_csv(bench.folder / "large.csv", bench.size.long_rows, 0.02)
    memory: list[float] = []

    def long() -> float:
        took = bench.validate(large, *BARE)
        memory.append(took.megabytes)
        return took.seconds

    figure = partial(Figure, "P8", tells=bench.tells)
    value, detail = ratio(1, long, lambda: bench.validate(small, *BARE).seconds)
    yield figure(f"{bench.size.long_rows:,} csv rows / a tenth of them", value, 10.5, detail=detail)
    yield figure("memory of the larger, all processes together", max(memory), 600, unit=" MB")


def starting(bench: Bench) -> Iterator[Figure]:
    """P10: small commands beside the imports they cannot do without."""
    rounds = max(bench.size.rounds, 5)
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
    """P12: a sheet from the file to the vendor, beside the script by hand; both write what became of each row."""
    rows = min(bench.size.rows, 10_000)
    sheet = bench.sheet(0.02, rows)

    def whole(*arguments: str | Path) -> float:
        _stocked(bench, rows)
        took = bench.python(*arguments)
        applied[arguments[0]] = bench.vendor.record()
        if len(set(applied.values())) > 1:
            raise SystemExit(f"not the same work, (rows, requests) at the vendor: {applied}")
        return took.seconds

    applied: dict[str | Path, tuple[int, int]] = {}
    ours = lambda: whole(
        "-m", "etl", "run", sheet, "--to", "tusfacturas.productos", *SET, "--yes", "--json",
        "--results", bench.folder / "sent.xlsx",
    )  # fmt: skip
    its = lambda: whole(
        PEERS / "by_hand.py", sheet, "--send", bench.vendor.products, "--results", bench.folder / "by-hand-sent.xlsx"
    )
    value, detail = ratio(bench.size.rounds, its, ours)
    what = f"{rows:,} rows end to end, {IN_FLIGHT} in flight: script by hand / ours"
    yield Figure("P12", what, value, 5, at_least=True, detail=detail, tells=bench.tells)


PARTS: Mapping[str, Callable[[Bench], Iterator[Figure]]] = {
    "reading": reading,
    "peers": peers,
    "csv": csv_files,
    "sending": sending,
    "starting": starting,
    "whole": end_to_end,
}
