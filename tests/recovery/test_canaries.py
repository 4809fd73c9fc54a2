"""Secrets with a mark, and a search for the mark in everything that the program leaves behind (SEC-1)."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import urllib.parse
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import Lab
from tests.recovery.test_processes import run_words, sheet
from tests.recovery.trades import TRADES, Trade

CANARIES = {
    "tusfacturas": {
        "usertoken": 'canario-"nandu"/usertoken+71',
        "apikey": "90817263541",
        "apitoken": "canario-apitoken&Q5zX8w==",
    },
    "bsale": {"access_token": "canario-access-token/7Hj+2w=="},
    "justo": {"token": "canario-justo.Token_93kLm/Q=="},
}
ETL = [sys.executable, "-m", "etl"]


def encodings(secret: str) -> dict[str, bytes]:
    """Return what the secret looks like in the ways in which it could slip out."""
    raw = secret.encode()
    found = {
        "raw": raw,
        "json": json.dumps(secret)[1:-1].encode(),
        "json-utf8": json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
        "url": urllib.parse.quote(secret, safe="").encode(),
        "utf16": secret.encode("utf-16-le"),
    }
    for shift in range(3):
        whole = base64.b64encode(b"x" * shift + raw).rstrip(b"=")
        found[f"base64+{shift}"] = whole[(shift * 4 + 2) // 3 : -2]
    return found


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file's bytes, and what is inside workbooks."""
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        yield str(path), path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as book:
                yield from ((f"{path}!{name}", book.read(name)) for name in book.namelist())


def leaks(places: Iterator[tuple[str, bytes]]) -> list[str]:
    marks = {
        f"{name} as {how}": mark
        for secrets in CANARIES.values()
        for name, secret in secrets.items()
        for how, mark in encodings(secret).items()
    }
    return [f"{mark} in {place}" for place, content in places for mark, wanted in marks.items() if wanted in content]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox(credentials=CANARIES) as sandbox:
        yield Lab(tmp_path / "home", sandbox, credentials=CANARIES)


def etl(lab: Lab, *words: str, program: list[str] | None = None) -> bytes:
    """Run a command; return all that it printed, and fail if its command line ever shows a secret."""
    process = subprocess.Popen(
        [*(program or ETL), *words],
        env={**os.environ, **lab.environ},
        cwd=lab.home.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    line = Path(f"/proc/{process.pid}/cmdline")
    time.sleep(0.2)
    shown = line.read_bytes() if line.exists() else b""
    out, _nothing = process.communicate(timeout=120)
    assert leaks(iter([("command line", shown)])) == []
    return out


@pytest.mark.parametrize(
    "trade",
    [
        pytest.param(TRADES[name], marks=() if name in {"moves-A", "receives"} else pytest.mark.long)
        for name in ("moves-A", "receives", "consumes", "justo")
    ],
    ids=str,
)
def test_no_secret_is_left_anywhere(lab: Lab, trade: Trade, tmp_path: Path) -> None:
    """Every command, good and bad answers, refused credentials: 0 hits in output, journal, logs, workbooks, bodies."""
    trade.arrange(lab.sandbox, 120)
    path = sheet(tmp_path, trade, 120)
    words = run_words(trade, path, "-v")
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, **trade.submissions, status=400)
    lab.sandbox.faults.order(Fault.CLOSE_AFTER, **trade.submissions, nth=2)
    printed = [
        etl(lab, *words, "--dry-run", "--payloads", str(tmp_path / "bodies")),
        etl(lab, *words),
        etl(lab, "resume", "last", "-v"),
        etl(lab, "show", "last", "--json", "--rows"),
        etl(lab, "report", "last", "-o", str(tmp_path / "otra.xlsx")),
        etl(lab, "doctor"),
        etl(lab, "doctor", "--json", "-v"),
    ]
    with lab.journal() as journal:
        states = {item.state for run in journal.find_runs("") for item in journal.items_of(run)}
    assert {"confirmed", "rejected"} <= states, "it was really sent, taken and refused"
    lab.sandbox.faults.clear()
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, status=401, times=None)
    printed += [etl(lab, *words, "--again"), etl(lab, "doctor")]
    assert leaks((f"output {place}", out) for place, out in enumerate(printed)) == []
    assert leaks(contents(tmp_path)) == []
    assert any(name.endswith("journal.db") for name, _content in contents(tmp_path)), "there was something to search"


INJECTOR = """
import sys
from etl.cli import run_command_line

wanted, passed = int(sys.argv[1]), 0
sys.argv[1:2] = []
PLACES = ("submission.py", "transport.py", "payload.py", "secrets.py", "profiles.py", "dispatch.py", "deadline.py")

def trace(frame, event, _argument):
    global passed
    if not frame.f_code.co_filename.endswith(PLACES):
        return None
    if event == "line":
        passed += 1
        if passed == wanted:
            raise RuntimeError("seeded")
    return trace

import etl.runs
sys.settrace(trace)
run_command_line()
"""


def crash_at(lab: Lab, trade: Trade, folder: Path, line: int) -> bytes:
    run = lab.plan_trade(trade, 3)
    script = folder / "inject.py"
    script.write_text(INJECTOR, encoding="utf-8")
    out = etl(lab, "resume", run, "--no-results", "-v", program=[sys.executable, str(script), str(line)])
    assert b"Traceback" not in out
    return out


def check_crashes(lab: Lab, trade: Trade, folder: Path, lines: range) -> None:
    printed = [crash_at(lab, trade, folder, line) for line in lines]
    crashed = sum(b"incident" in out for out in printed)
    assert crashed >= len(printed) // 2, "the seeded errors must really end the program"
    assert leaks((f"crash {place}", out) for place, out in enumerate(printed)) == []
    assert leaks(contents(folder)) == []


@pytest.mark.parametrize("name", ["moves-A", "receives"])
def test_no_secret_is_left_by_a_bug(lab: Lab, name: str, tmp_path: Path) -> None:
    """An exception in the middle of sending: one line, an incident file, no secret (a sample of the lines)."""
    check_crashes(lab, TRADES[name], tmp_path, range(40, 400, 120))


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["moves-A", "receives", "consumes", "justo"])
def test_no_secret_is_left_by_a_bug_anywhere(lab: Lab, name: str, tmp_path: Path) -> None:
    """The same at sixty lines, all along the way of the credentials."""
    check_crashes(lab, TRADES[name], tmp_path, range(5, 605, 10))
