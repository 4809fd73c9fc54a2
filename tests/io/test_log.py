"""What is written about a run or a bug helps to find it and holds nothing that was not meant for a file."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from etl.errors import FileError
from etl.io.log import EventLog, incident_path, record_incident
from etl.io.secrets import Secret
from etl.messages import text

CANARY = "canary-0815-secret"
MOMENT = datetime(2026, 1, 31, 23, 59, 59, 123456, tzinfo=UTC)
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")


def lines(home: Path) -> list[dict[str, object]]:
    """Return all events of a home."""
    files = sorted((home / "logs").glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_json_line(tmp_path: Path) -> None:
    """Time in UTC, process, event and its fields; a new month begins a new file."""
    EventLog(tmp_path, clock=lambda: MOMENT).write(
        "attempt",
        run="2c9f",
        batch=3,
        ok=True,
        took=1.25,
        amount=Decimal("10.500"),
        nothing=None,
        why=text("row {n}", n=7),
    )
    (written,) = lines(tmp_path)
    assert written == {
        "time": "2026-01-31T23:59:59.123+00:00",
        "pid": os.getpid(),
        "event": "attempt",
        "run": "2c9f",
        "batch": 3,
        "ok": True,
        "took": 1.25,
        "amount": "10.500",
        "nothing": None,
        "why": "row 7",
    }
    EventLog(tmp_path, clock=lambda: MOMENT.replace(month=3, day=1)).write("later")
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["etl-2026-01.jsonl", "etl-2026-03.jsonl"]


def test_a_vendor_cannot_forge_a_line(tmp_path: Path) -> None:
    """Line breaks and escape sequences in a vendor's text stay inside its field (SEC-7)."""
    EventLog(tmp_path).write("answer", text='x\n{"event": "forged"}\x1b[2J\u2028{"event": "forged"}')
    assert [line["event"] for line in lines(tmp_path)] == ["answer"]
    assert "\x1b" not in next((tmp_path / "logs").iterdir()).read_text(encoding="utf-8")


def test_no_credential_body_or_header_is_written(tmp_path: Path) -> None:
    """By type, by name and by value: a secret, a body, a header and a text with a credential in it."""
    log = EventLog(tmp_path, secrets=[Secret(CANARY)])
    log.write(
        "answer",
        key=Secret(CANARY),
        body=CANARY,
        headers=CANARY,
        ApiKey="1134",
        raw=CANARY.encode(),  # type: ignore[arg-type]
        nested={"a": CANARY},  # type: ignore[arg-type]
        text=f"token {CANARY} refused",
    )
    content = next((tmp_path / "logs").iterdir()).read_text(encoding="utf-8")
    assert "canary" not in content
    assert "1134" not in content
    assert lines(tmp_path)[0]["text"] == "token *** refused"


@posix
def test_logs_are_closed_and_not_led_astray(tmp_path: Path) -> None:
    """The folder is 0700, files 0600; a link in place of the log is not followed (SEC-8)."""
    home = tmp_path / "home"
    log = EventLog(home, clock=lambda: MOMENT)
    log.write("one")
    path = home / "logs" / "etl-2026-01.jsonl"
    assert [stat.S_IMODE(place.stat().st_mode) for place in (home, path.parent, path)] == [0o700, 0o700, 0o600]
    path.unlink()
    (tmp_path / "victim").write_text("kept")
    path.symlink_to(tmp_path / "victim")
    log.write("two")
    assert (tmp_path / "victim").read_text() == "kept"


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """A full disk or a file in the way costs the log, not the run."""
    (tmp_path / "logs").write_text("in the way")
    EventLog(tmp_path).write("lost")


def test_lines_of_many_writers_do_not_mix(tmp_path: Path) -> None:
    """Runs on several accounts write to one file at once: every line stays whole."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: EventLog(tmp_path).write("event", n=n, filler="x" * 400), range(200)))
    assert sorted(line["n"] for line in lines(tmp_path)) == list(range(200))


def broken(token: str) -> None:
    """Fail the way code does: with the value in a variable, in the message and in the chain."""
    payload = {"usertoken": token}
    try:
        payload[token]
    except KeyError:
        raise ValueError(f"cannot use {token} in {payload}") from None


def test_an_incident_says_where_and_never_what(tmp_path: Path) -> None:
    """The stack with its source lines, without variables and without the error's own words (SEC-6)."""
    with pytest.raises(ValueError, match="canary") as caught:
        broken(CANARY)
    incident = record_incident(tmp_path, caught.value)
    path = incident_path(tmp_path, incident)
    assert path == tmp_path / "logs" / f"incident-{incident}.txt"
    content = path.read_text(encoding="utf-8")
    assert "builtins.ValueError" in content
    assert f"{Path(__file__).name}" in content
    assert " in broken" in content
    assert 'raise ValueError(f"cannot use {token} in {payload}") from None' in content
    assert CANARY not in content


def test_an_incident_tells_the_whole_chain(tmp_path: Path) -> None:
    """Causes are followed; what can be told without values is: error numbers, names, message templates."""

    def fail() -> None:
        try:
            raise FileNotFoundError(2, "gone", f"/home/{CANARY}")
        except OSError as error:
            raise FileError(text("Row {row} is wrong", row=CANARY)) from error

    with pytest.raises(FileError) as caught:
        fail()
    path = incident_path(tmp_path, record_incident(tmp_path, caught.value))
    assert path is not None
    content = path.read_text(encoding="utf-8")
    assert "FileError: Row {row} is wrong" in content
    assert "FileNotFoundError: errno 2" in content
    assert CANARY not in content


@posix
def test_an_incident_is_closed_and_survives_an_unusable_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0600; when the home cannot be written, the temporary folder takes it."""
    path = incident_path(tmp_path, record_incident(tmp_path, ValueError()))
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    home = tmp_path / "file"
    home.write_text("no folder")
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spare))
    path = incident_path(home, record_incident(home, ValueError()))
    assert path is not None
    assert path.parent == spare


def test_incidents_have_names_of_their_own(tmp_path: Path) -> None:
    """Two bugs in one second do not overwrite each other."""
    assert len({record_incident(tmp_path, ValueError()) for _ in range(20)}) == 20
