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
from tests.recovery.lab import MOVES, PRODUCTS, Lab, movement_values, product_values, shops

ETL = [sys.executable, "-m", "etl"]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        lab = Lab(tmp_path / "home", sandbox)
        shops(lab, 200)
        yield lab


def sheet(folder: Path, count: int, name: str = "stock.csv") -> Path:
    lines = [f"P{number:03d};Mayorista;{1 + number % 7}" for number in range(count)]
    path = folder / name
    path.write_text("\n".join(["Código;Lista de precios;Cantidad", *lines]) + "\n", encoding="utf-8")
    return path


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


def start_runs(lab: Lab, folder: Path, count: int) -> list[tuple[int, str]]:
    """Start `count` runs of different sheets at once, and return how each ended."""
    lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=1.0)
    processes = []
    for number in range(count):
        path = sheet(folder, 60, f"stock{number}.csv")
        path.write_text(path.read_text().replace("P", f"X{number}-"), encoding="utf-8")
        words = [*ETL, "run", str(path), "--to", MOVES, "--set", "operacion=A", "--yes", "--json", "--no-results"]
        processes.append(
            subprocess.Popen(
                words,
                env=environ(lab),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                text=True,
            )
        )
    ended = [(process.communicate(timeout=300)[0], process.returncode) for process in processes]
    return [(code, out) for out, code in ended]


def test_only_one_process_works_on_an_account(lab: Lab, tmp_path: Path) -> None:
    """Eight at once: one runs, seven end with 6 and their JSON object; the vendor saw one run's requests (JOB-1)."""
    check_one_of(start_runs(lab, tmp_path, 8), lab)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_only_one_of_fifty_processes_works_on_an_account(lab: Lab, tmp_path: Path) -> None:
    """The same with fifty."""
    check_one_of(start_runs(lab, tmp_path, 50), lab)


def check_one_of(ended: list[tuple[int, str]], lab: Lab) -> None:
    codes = sorted(code for code, _out in ended)
    assert codes == [1, *[6] * (len(ended) - 1)], codes
    assert all(json.loads(out)["exit_code"] == code for code, out in ended)
    assert lab.sandbox.tusfacturas.requests["productos/stock"] == 2


def test_the_lock_of_a_killed_process_is_free_at_once(lab: Lab, tmp_path: Path) -> None:
    """The kernel lets go of it, no stale file stands in the way, and the next run finds the killed one's rows."""
    lab.sandbox.faults.order(Fault.SILENT_BEFORE, path="productos/stock", delay=30.0)
    path = sheet(tmp_path, 10)
    words = [*ETL, "run", str(path), "--to", MOVES, "--set", "operacion=A", "--yes", "--no-results"]
    process = subprocess.Popen(words, env={**environ(lab), "ETL_TIMEOUT": "60"}, stdin=subprocess.DEVNULL)
    _wait_until_sending(lab)
    process.kill()
    process.wait(10)
    lab.sandbox.faults.clear()
    again = etl(lab, "run", str(path), "--to", MOVES, "--set", "operacion=A", "--yes", "--json", "--no-results")
    assert again.returncode == 6, again.stderr
    shown = json.loads(etl(lab, "show", "last", "--json").stdout)
    assert shown["counts"]["uncertain"] == 10
    assert shown["exit_code"] == 7


def _wait_until_sending(lab: Lab) -> None:
    until = time.monotonic() + 60
    while not lab.sandbox.tusfacturas.requests["productos/stock"]:
        assert time.monotonic() < until, "the run never sent anything"
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_finishes_the_request_in_flight(lab: Lab, tmp_path: Path, number: int, code: int) -> None:
    """The answer is still recorded, the workbook written and the way on printed; nothing is in doubt (JOB-6)."""
    lab.sandbox.faults.order(Fault.LATENCY, path="productos/stock", times=None, delay=1.5)
    path = sheet(tmp_path, 120)
    words = [*ETL, "run", str(path), "--to", MOVES, "--set", "operacion=A", "--yes", "--lang", "en"]
    process = subprocess.Popen(
        words,
        env={**environ(lab), "ETL_TIMEOUT": "20"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    _wait_until_sending(lab)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert "etl resume" in out + err
    assert (tmp_path / "stock.resultados.xlsx").exists()
    shown = json.loads(etl(lab, "show", "last", "--json").stdout)
    assert shown["counts"] | {"accepted": 50, "not_sent": 70, "uncertain": 0} == shown["counts"]
    assert etl(lab, "resume", "last", "--no-results").returncode == 0
    assert {lab.sandbox.tusfacturas.stock("Mayorista", f"P{n:03d}") for n in range(0, 120, 7)} == {101}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_second_signal_gives_up_and_says_so(lab: Lab, tmp_path: Path) -> None:
    """What is in flight becomes uncertain in the journal before the program ends."""
    lab.sandbox.faults.order(Fault.SILENT_BEFORE, path="productos/stock", delay=30.0)
    path = sheet(tmp_path, 10)
    words = [*ETL, "run", str(path), "--to", MOVES, "--set", "operacion=A", "--yes", "--no-results"]
    process = subprocess.Popen(
        words, env={**environ(lab), "ETL_TIMEOUT": "60"}, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _wait_until_sending(lab)
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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="strace is Linux's")
def test_every_movement_leaves_after_a_durable_intent(lab: Lab, tmp_path: Path) -> None:
    """In the kernel's own record: read, sync what was read, sync the intent, connect, send (SUB-6)."""
    events = traced(lab, lab.plan(MOVES, [movement_values(number) for number in range(150)]), tmp_path)
    assert events.count("send productos/stock") == 3
    for place, event in enumerate(events):
        if event == "send productos/stock":
            before = events[:place]
            since_read = before[len(before) - before[::-1].index("send productos/consultar") :]
            assert since_read[-1] == "connect"
            assert since_read[:-1].count("sync") == len(since_read) - 1 >= 2, "baseline, intent, connection"
    assert events[-1] == "sync", "the last outcome is durable too"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="strace is Linux's")
def test_every_creation_leaves_after_a_durable_intent(lab: Lab, tmp_path: Path) -> None:
    """Also where a connection is used again: between two requests the outcome and the next intent are synced."""
    lab.sandbox.tusfacturas.reset()
    events = traced(lab, lab.plan(PRODUCTS, [product_values(number) for number in range(150)]), tmp_path)
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
        elif found := re.search(r"POST /tusfacturas/app/api/v2/(\S+) HTTP", line):
            events.append(f"send {found[1]}")
    return events
