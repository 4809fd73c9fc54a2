"""Real processes side by side and under strace: the lock, the signals, the order of disk and network."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import Lab
from tests.recovery.trades import TRADES, Trade

ETL = [sys.executable, "-m", "etl"]


def each_trade_but_mostly(*names: str) -> pytest.MarkDecorator:
    """Try these kinds of submission in every suite, and the others in the long runs."""
    marked = [pytest.param(one, marks=() if one.name in names else pytest.mark.long) for one in TRADES.values()]
    return pytest.mark.parametrize("trade", marked, ids=str)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        yield Lab(tmp_path / "home", sandbox)


def sheet(folder: Path, trade: Trade, count: int, first: int = 0) -> Path:
    """Write rows of a trade as a CSV file, the fields' own names as headers."""
    rows = [trade.values(number) for number in range(first, first + count)]
    lines = [";".join(rows[0]), *(";".join(str(value) for value in row.values()) for row in rows)]
    path = folder / f"rows{first}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run_words(trade: Trade, path: Path, *more: str) -> list[str]:
    """Return the words of a run. The products of "sets" have other descriptions there, which a guard asks about."""
    return [
        *("run", str(path), "--to", trade.to, "--yes", "--decimal", "point", "--confirm", "catalogue_change"),
        *more,
    ]


def environ(lab: Lab) -> dict[str, str]:
    return {**os.environ, **lab.environ}


def etl(lab: Lab, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ETL, *words],
        env=environ(lab),
        cwd=lab.home.parent,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
        **more,  # type: ignore[call-overload]
    )


def start_runs(lab: Lab, trade: Trade, folder: Path, count: int) -> list[tuple[int, str]]:
    """Start `count` runs of different sheets at once, and return how each ended."""
    trade.arrange(lab.sandbox, 60 * count)
    lab.sandbox.faults.order(Fault.LATENCY, **trade.submissions, times=None, delay=2.0)
    processes = [
        subprocess.Popen(
            [*ETL, *run_words(trade, sheet(folder, trade, 60, 60 * number), "--json", "--no-results")],
            env={**environ(lab), "ETL_TIMEOUT": "20"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        for number in range(count)
    ]
    ended = [(process.communicate(timeout=300)[0], process.returncode) for process in processes]
    return [(code, out) for out, code in ended]


@each_trade_but_mostly("moves-A")
def test_only_one_process_works_on_an_account(lab: Lab, trade: Trade, tmp_path: Path) -> None:
    """Six at once: one runs, five end with 6 and their JSON object; the vendor saw one run's requests (JOB-1)."""
    check_one_of(start_runs(lab, trade, tmp_path, 6), lab, trade)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_only_one_of_fifty_processes_works_on_an_account(lab: Lab, tmp_path: Path) -> None:
    """The same with fifty."""
    check_one_of(start_runs(lab, TRADES["moves-A"], tmp_path, 50), lab, TRADES["moves-A"])


def check_one_of(ended: list[tuple[int, str]], lab: Lab, trade: Trade) -> None:
    codes = sorted(code for code, _out in ended)
    assert codes == [0, *[6] * (len(ended) - 1)], codes
    assert all(json.loads(out)["exit_code"] == code for code, out in ended)
    assert trade.sent(lab.sandbox) == 2


@each_trade_but_mostly("moves-A", "receives")
def test_the_lock_of_a_killed_process_is_free_at_once(lab: Lab, trade: Trade, tmp_path: Path) -> None:
    """The kernel lets go of it, no stale file stands in the way, and the next run finds the killed one's rows."""
    trade.arrange(lab.sandbox, 10)
    lab.sandbox.faults.order(Fault.SILENT_BEFORE, **trade.submissions, delay=30.0)
    words = run_words(trade, sheet(tmp_path, trade, 10), "--no-results")
    process = subprocess.Popen([*ETL, *words], env={**environ(lab), "ETL_TIMEOUT": "60"}, stdin=subprocess.DEVNULL)
    _wait_until_sending(lab, trade)
    process.kill()
    process.wait(10)
    shown = json.loads(etl(lab, "show", "last", "--json").stdout)
    assert shown["counts"]["uncertain"] == 10
    assert shown["exit_code"] == 7
    lab.sandbox.faults.clear()
    again = etl(lab, *words, "--json")
    assert (again.returncode == 6) is trade.moves, again.stderr


def _wait_until_sending(lab: Lab, trade: Trade) -> None:
    until = time.monotonic() + 60
    while not trade.sent(lab.sandbox):
        assert time.monotonic() < until, "the run never sent anything"
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@each_trade_but_mostly("moves-A", "receives")
def test_a_signal_finishes_the_request_in_flight(
    lab: Lab, trade: Trade, tmp_path: Path, number: int, code: int
) -> None:
    """The answer is still recorded, the workbook written and the way on printed; nothing is in doubt (JOB-6)."""
    trade.arrange(lab.sandbox, 120)
    lab.sandbox.faults.order(Fault.LATENCY, **trade.submissions, times=None, delay=1.5)
    process = subprocess.Popen(
        [*ETL, *run_words(trade, sheet(tmp_path, trade, 120), "--lang", "en")],
        env={**environ(lab), "ETL_TIMEOUT": "20"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    _wait_until_sending(lab, trade)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert "etl resume" in out + err
    assert (tmp_path / "rows0.resultados.xlsx").exists()
    shown = json.loads(etl(lab, "show", "last", "--json").stdout)
    assert shown["counts"] | {"accepted": 50, "not_sent": 70, "uncertain": 0} == shown["counts"]
    assert etl(lab, "resume", "last", "--no-results").returncode == 0
    assert lab.false_words(shown["run"]) == []
    assert set(lab.applied(shown["run"]).values()) == {1}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@each_trade_but_mostly("moves-A")
def test_a_second_signal_gives_up_and_says_so(lab: Lab, trade: Trade, tmp_path: Path) -> None:
    """What is in flight becomes uncertain in the journal before the program ends."""
    trade.arrange(lab.sandbox, 10)
    lab.sandbox.faults.order(Fault.SILENT_BEFORE, **trade.submissions, delay=30.0)
    process = subprocess.Popen(
        [*ETL, *run_words(trade, sheet(tmp_path, trade, 10), "--no-results")],
        env={**environ(lab), "ETL_TIMEOUT": "60"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait_until_sending(lab, trade)
    process.send_signal(signal.SIGTERM)
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    lab.sandbox.faults.clear()
    shown = json.loads(etl(lab, "show", "last", "--json").stdout)
    assert shown["counts"]["uncertain"] == 10


def need(tool: str) -> str:
    """Return a tool's path; where it is missing, skip, but never in CI."""
    found = shutil.which(tool)
    if found is None:
        if os.environ.get("CI"):
            raise AssertionError(f"{tool} is missing in CI")
        pytest.skip(f"{tool} is not installed")
    return found


BEFORE = {
    "moves-A": "productos/consultar",
    "receives": "stocks/receptions.json",
    "consumes": "stocks/consumptions.json",
}
"""What is read before each movement, by kind of submission."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="strace is Linux's")
@pytest.mark.parametrize("name", ["moves-A", "receives", pytest.param("consumes", marks=pytest.mark.long)])
def test_every_movement_leaves_after_a_durable_intent(lab: Lab, name: str, tmp_path: Path) -> None:
    """In the kernel's own record: read, sync what was read with the intent, connect, send (SUB-6)."""
    trade = TRADES[name]
    events = traced(lab, lab.plan_trade(trade, 150), tmp_path)
    sent, read = f"send {trade.submissions.get('path', BEFORE[name])}", f"read {BEFORE[name]}"
    assert events.count(sent) == 3
    for place, event in enumerate(events):
        if event == sent:
            before = events[:place]
            since_read = before[len(before) - before[::-1].index(read) :]
            assert since_read[-1] == "connect"
            assert since_read[:-1].count("sync") == len(since_read) - 1 >= 1, "baseline and intent, connection"
    assert since_read == ["sync", "connect"], "one transaction takes both; the first had to begin the file, too"
    assert events[-1] == "sync", "the last outcome is durable too"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="strace is Linux's")
def test_every_creation_leaves_after_a_durable_intent(lab: Lab, tmp_path: Path) -> None:
    """Also where a connection is used again: between two requests the outcome and the next intent are synced."""
    events = traced(lab, lab.plan_trade(TRADES["creates"], 150), tmp_path)
    sends = [place for place, event in enumerate(events) if event == "send productos/administrar"]
    assert len(sends) == 3
    assert "sync" in events[: events.index("connect")], "the first intent comes before the first connection"
    for earlier, later in itertools.pairwise(sends):
        assert events[earlier:later].count("sync") >= 2, "the outcome, then the intent"


def traced(lab: Lab, run: str, folder: Path) -> list[str]:
    """Resume a run under strace, and return what it did with disk and vendor, in order."""
    trace = folder / "trace"
    calls = "trace=fdatasync,connect,sendto"
    words = [
        need("strace"),
        "-f",
        "-qq",
        "-s",
        "300",
        "-e",
        calls,
        "-o",
        str(trace),
        *ETL,
        "resume",
        run,
        "--no-results",
    ]
    ended = subprocess.run(
        words, env=environ(lab), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert lab.false_words(run) == []
    events = []
    for line in trace.read_text(errors="replace").splitlines():
        if "fdatasync(" in line and "resumed" not in line:
            events.append("sync")
        elif "connect(" in line and f"htons({lab.sandbox.port})" in line:
            events.append("connect")
        elif found := re.search(r"(GET|POST) /(?:tusfacturas/app/api/v2|bsale/v1)/([^ ?]+)\S* HTTP", line):
            reads = found[1] == "GET" or found[2] == "productos/consultar"
            events.append(f"{'read' if reads else 'send'} {found[2]}")
    return events
