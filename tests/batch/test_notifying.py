"""Being told: once for what fails every night, again when it changes, and never more than the run is worth."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from etl.batch.endings import State
from etl.sandbox import Fault
from tests.batch.nights import STOCK, Nights


class Ear(HTTPServer):
    """Hears what is posted; answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Listener)
        self.heard: list[tuple[str, str, bytes]] = []
        self.status = 200

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def told(self) -> list[Any]:
        """Return the objects posted to the webhook, and forget them."""
        found = [json.loads(body) for path, _, body in self.heard if path.startswith("/hook")]
        self.heard.clear()
        return found


class Listener(BaseHTTPRequestHandler):
    server: Ear

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, self.headers["Content-Type"], body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def ear() -> Iterator[Ear]:
    with Ear() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def told_by(ear: Ear, **more: str) -> str:
    lines = {"webhook": f"{ear.address}/hook?key=s3cret-canary", **more}
    said = "\n".join(f'{key} = "{value}"' for key, value in lines.items())
    return f"[notify]\n{said}\n{STOCK}"


def test_what_fails_every_night_rings_once(nights: Nights, ear: Ear) -> None:
    """A stale code rings the first night; another one rings again, and so does the night when all is well."""
    jobs = told_by(ear)
    rung = []
    for codes in (("P001", "NADA"), ("P002", "P003", "NADA"), ("P004", "NADA", "OTRA"), ("P005",), ("P006",)):
        nights.sheet(*codes)
        nights.batch(jobs)
        rung.append(len(ear.told()))
    assert rung == [1, 0, 1, 1, 0]


def test_the_message_says_what_to_do_and_holds_no_secret(nights: Nights, ear: Ear) -> None:
    """Text for people and the objects of --json; neither the webhook's own key nor a credential."""
    nights.sheet("P001", "NADA")
    ending = nights.batch(told_by(ear))
    (message,) = ear.told()
    assert message["exit_code"] == ending.exit_code == 1
    assert message["jobs"][0] | {"name": "stock", "state": "done", "exit_code": 1} == message["jobs"][0]
    assert "1 job needs attention" in message["text"]
    assert "stock.resultados.xlsx" in message["text"]
    words = json.dumps(message)
    assert "canary" not in words
    assert not [one for one in nights.lab.credentials.values() if len(one) > 8 and one in words]


@pytest.mark.parametrize(("on", "rung"), [("errors", [1, 1, 0]), ("always", [1, 1, 1])])
def test_other_times_to_ring(nights: Nights, ear: Ear, on: str, rung: list[int]) -> None:
    """`errors`: every night with one; `always`: every night."""
    found = []
    for codes in (("P001", "NADA"), ("P002", "NADA"), ("P003",)):
        nights.sheet(*codes)
        nights.batch(told_by(ear, on=on))
        found.append(len(ear.told()))
    assert found == rung


def test_a_missing_file_rings_only_where_one_is_expected(nights: Nights, ear: Ear) -> None:
    """That there is none today is a state of its own, and the exit code stays 0. A folder that is gone always rings."""
    nights.batch(told_by(ear))
    assert "There is no folder" in ear.told()[0]["text"]
    (nights.folder / "in").mkdir()
    nights.batch(told_by(ear))
    assert len(ear.told()) == 1, "it is there again"
    nights.batch(told_by(ear))
    assert ear.told() == []
    expected = told_by(ear) + 'expect = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]\n'
    ending = nights.batch(expected)
    assert (ending.jobs[0].state, ending.exit_code) == (State.NO_FILE, 0)
    assert len(ear.told()) == 1
    today = f"{nights.clock.now().astimezone():%Y-%m-%d}"
    nights.batch(expected + f'except = ["{today}"]\ntimezone = "UTC"\n')
    assert len(ear.told()) == 1, "it is well again"


def test_who_could_not_be_told_is_told_next_time(nights: Nights, ear: Ear) -> None:
    """A webhook that fails changes nothing of the run, and the change is not taken for told."""
    ear.status = 503
    nights.sheet("P001", "NADA")
    ending = nights.batch(told_by(ear))
    assert (ending.exit_code, ending.jobs[0].counts["accepted"]) == (1, 1)
    assert len(ear.told()) == 3
    (line,) = nights.log("not_told")
    assert "canary" not in json.dumps(line)
    ear.status = 200
    nights.sheet("P002", "NADA")
    nights.batch(told_by(ear))
    assert len(ear.told()) == 1


def test_a_deaf_webhook_takes_no_time_to_speak_of(nights: Nights) -> None:
    """Nobody listens there, and the batch ends all the same."""
    nights.sheet("P001")
    ending = nights.batch('[notify]\nwebhook = "http://127.0.0.1:9/x"\non = "always"\n' + STOCK)
    assert (ending.exit_code, nights.stock("P001")) == (0, 101)


def test_a_heartbeat_tells_start_and_end(nights: Nights, ear: Ear) -> None:
    """A job that never ran is noticed by whoever waits for it; a failure says its exit code."""
    jobs = f'[notify]\nheartbeat = "{ear.address}/beat/abc"\n{STOCK}'
    nights.sheet("P001")
    nights.batch(jobs)
    nights.lab.sandbox.faults.order(Fault.STATUS_BEFORE, path="productos/consultar", times=None, status=401)
    nights.sheet("P002")
    nights.batch(jobs)
    assert [path for path, _, _ in ear.heard] == ["/beat/abc/start", "/beat/abc", "/beat/abc/start", "/beat/abc/4"]


def test_an_address_can_be_a_reference_and_a_job_have_its_own(nights: Nights, ear: Ear) -> None:
    """Webhooks hold credentials: they may stand in a variable. A job's own takes the place of the general one."""
    nights.environ = {"HOOK": f"{ear.address}/hook/own"}
    nights.sheet("P001", "NADA")
    general = f'[notify]\nwebhook = "{ear.address}/hook/all"\n'
    nights.batch(general + STOCK + '[jobs.notify]\nwebhook = "env:HOOK"\nformat = "text"\n')
    ((path, kind, body),) = ear.heard
    assert (path, kind) == ("/hook/own", "text/plain; charset=utf-8")
    assert body.decode().startswith("etl on ")


@pytest.mark.parametrize("address", ["http://example.com/x", "https://user:pw@example.com/", "env:ABSENT", "ftp://x"])
def test_an_address_that_cannot_be_does_not_stop_the_batch(nights: Nights, address: str) -> None:
    """It is said; --check would have refused it."""
    nights.sheet("P001")
    ending = nights.batch(f'[notify]\nwebhook = "{address}"\non = "always"\n{STOCK}')
    assert (ending.exit_code, nights.stock("P001")) == (0, 101)
    assert len(nights.log("not_told")) == 1


def test_long_uncertain_rows_ring_on_change(nights: Nights, ear: Ear) -> None:
    """They stand in the message of the night when they become old, and ring no second time."""
    from tests.batch.test_loop import age_journal  # noqa: PLC0415

    nights.lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    nights.sheet("P001")
    lost = nights.batch(told_by(ear)).jobs[0].run
    ear.told()
    age_journal(nights, timedelta(days=3))
    rung = []
    for _ in range(2):
        nights.batch(told_by(ear))
        rung += [message["notices"] for message in ear.told()]
    assert len(rung) == 1
    assert lost is not None
    assert lost in rung[0][0]
