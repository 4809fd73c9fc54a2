"""Batches as cron starts them: real processes without a home, a terminal or a locale, killed and side by side."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from etl.sandbox import Fault
from tests.batch.nights import STOCK, Nights
from tests.cli.command_line import ROOT

BATCH = [sys.executable, "-m", "etl", "batch", "jobs.toml"]


def start(nights: Nights, *words: str, **more: str) -> subprocess.Popen[str]:
    """Start a batch in the bare environment that cron gives."""
    nights.jobs(STOCK)
    bare = {"PATH": "/usr/bin:/bin", "LANG": "C", "PYTHONPATH": str(ROOT), **nights.lab.environ, **more}
    if sys.platform == "win32":
        bare["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    return subprocess.Popen(
        [*BATCH, *words],
        cwd=nights.folder,
        env=bare,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        **({} if sys.platform == "win32" else {"umask": 0o077}),
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_a_batch_runs_under_cron(nights: Nights) -> None:
    """No HOME, no terminal, LANG=C, umask 077: one JSON object, accents whole, everything closed to others."""
    nights.sheet("P001", "ÑANDÚ")
    code, out, err = ended(start(nights, "--json", "--settle", "0"))
    told = json.loads(out)
    assert (code, told["exit_code"]) == (1, 1), err
    (job,) = told["jobs"]
    assert (job["state"], job["counts"]["accepted"], job["counts"]["rejected"]) == ("done", 1, 1)
    assert Path(job["results"]).is_file()
    assert "Traceback" not in err
    if sys.platform != "win32":
        open_to_others = [path for path in nights.lab.home.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
        assert open_to_others == []


def wait_until_sending(nights: Nights) -> None:
    until = time.monotonic() + 60
    while not nights.lab.sandbox.tusfacturas.requests["productos/stock"]:
        assert time.monotonic() < until, "the batch never sent anything"
        time.sleep(0.02)


def test_a_killed_batch_is_finished_by_the_next(nights: Nights) -> None:
    """The request was in flight and applied: the next batch looks it up, and nothing is doubled."""
    nights.lab.sandbox.faults.order(Fault.SILENT_AFTER, path="productos/stock", delay=30.0)
    nights.sheet("P001", "P002")
    process = start(nights, ETL_TIMEOUT="60")
    wait_until_sending(nights)
    process.kill()
    ended(process)
    nights.lab.sandbox.faults.clear()
    code, out, err = ended(start(nights, "--json", "--settle", "0"))
    (job,) = json.loads(out)["jobs"]
    assert (code, job["state"], job["counts"]["accepted"]) == (0, "done", 2), err
    assert nights.stock("P001") == 101
    assert nights.files("archive") == ["stock.csv", "stock.resultados.xlsx"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_stopped_batch_finishes_what_is_in_flight(nights: Nights) -> None:
    """SIGTERM from systemd: the answer is recorded, the report is whole, the other jobs wait, exit code 143."""
    nights.lab.sandbox.faults.order(Fault.LATENCY, path="productos/stock", delay=1.5)
    nights.sheet("P001")
    process = start(nights, "--json", ETL_TIMEOUT="20")
    wait_until_sending(nights)
    process.send_signal(signal.SIGTERM)
    code, out, err = ended(process)
    told = json.loads(out)
    assert (code, told["exit_code"]) == (143, 143), err
    assert told["jobs"][0]["counts"]["uncertain"] == 0
    assert nights.stock("P001") == 101


def test_two_batches_at_once_send_once(nights: Nights) -> None:
    """One does the jobs, the other says busy and ends with 6; each has its object."""
    nights.lab.sandbox.faults.order(Fault.LATENCY, times=None, delay=1.0)
    nights.sheet("P001")
    first, second = start(nights, "--json", "--settle", "0"), start(nights, "--json", "--settle", "0")
    results = [ended(process) for process in (first, second)]
    states = sorted(json.loads(out)["jobs"][0]["state"] for _, out, _ in results)
    assert states in (["busy", "done"], ["done", "no_file"]), results
    assert nights.stock("P001") == 101


def test_check_sends_nothing_and_says_what_is_missing(nights: Nights) -> None:
    """Configuration, files and credentials; no journal is made, and the file stays."""
    nights.sheet("P001", "NADA")
    code, out, err = ended(start(nights, "--check", "--json"))
    (job,) = json.loads(out)["jobs"]
    assert (code, job["state"], job["counts"]["not_sent"]) == (0, "ready", 2), err
    code, out, _ = ended(start(nights, "--check", "--json", ETL_TUSFACTURAS_APIKEY=""))
    (job,) = json.loads(out)["jobs"]
    assert (code, job["state"], job["exit_code"]) == (4, "failed", 4)
    assert nights.files("in") == ["stock.csv"]
    assert not (nights.lab.home / "journal.db").exists()
    assert nights.lab.sandbox.tusfacturas.requests.total() == 0
