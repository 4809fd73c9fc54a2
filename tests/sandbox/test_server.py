"""The sandbox as a server: its life, its manners, its controls."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import httpx
import pytest

from etl.sandbox import DEMO_CREDENTIALS, Fault, Sandbox
from tests.sandbox.conftest import Caller


def test_leaves_nothing_running(recwarn: pytest.WarningsRecorder) -> None:
    """When the block ends, its thread, its port and its connections are gone, busy ones too."""
    before = threading.active_count()
    with Sandbox() as sandbox:
        port = sandbox.port
        sandbox.faults.order(Fault.SILENT_BEFORE, delay=60)
        lingering = socket.create_connection(("127.0.0.1", port))
        lingering.sendall(f"POST /{sandbox.tusfacturas.prefix}x HTTP/1.1\r\n\r\n".encode())
        while not sandbox.faults.fired:
            time.sleep(0.01)
    assert threading.active_count() == before
    assert lingering.recv(10) == b""
    lingering.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert not recwarn.list


def test_a_port_that_is_taken_is_an_error() -> None:
    """Two sandboxes never share a port."""
    with Sandbox() as first, pytest.raises(OSError, match="in use"), Sandbox(first.port):
        pass


def test_listens_on_loopback_only(sandbox: Sandbox) -> None:
    """Nobody else on the network can reach it."""
    assert sandbox.url("tusfacturas") == f"http://127.0.0.1:{sandbox.port}/tusfacturas/app/api/v2/"
    with pytest.raises(OSError):  # noqa: PT012 - either call may refuse
        other = socket.create_connection(("127.0.0.2", sandbox.port), timeout=1)
        other.close()


def test_can_be_down_and_up_again_with_its_data(sandbox: Sandbox, caller: Caller) -> None:
    """A vendor that is down refuses connections; when it is back it remembers."""
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a"})
    with sandbox.down(), pytest.raises(httpx.ConnectError):
        caller.move(("a", 1))
    assert caller.move(("a", 1)).json()["productos"][0]["stock_actual"] == 1


def test_connections_are_kept_and_numbered(sandbox: Sandbox) -> None:
    """A client that keeps its connection is told from one that does not."""
    url = sandbox.url("tusfacturas") + "micuenta/consumo"
    with httpx.Client(trust_env=False) as client:
        client.post(url, json=DEMO_CREDENTIALS["tusfacturas"])
        client.post(url, json=DEMO_CREDENTIALS["tusfacturas"])
        client.post(url, json=DEMO_CREDENTIALS["tusfacturas"], headers={"Connection": "close"})
        client.post(url, json=DEMO_CREDENTIALS["tusfacturas"])
    first, second, third, fourth = sandbox.tusfacturas.connections
    assert first == second == third != fourth


def test_expect_continue_is_answered(sandbox: Sandbox) -> None:
    """A client that asks before it sends its body gets its go-ahead."""
    head = f"POST /{sandbox.tusfacturas.prefix}micuenta/consumo HTTP/1.1\r\nExpect: 100-continue\r\n"
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(f"{head}Connection: close\r\nContent-Length: 2\r\n\r\n".encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert b"HTTP/1.1 415" in connection.recv(1000)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /" + b"x" * 100_000,
    ],
)
def test_garbage_is_answered_with_400_or_nothing(sandbox: Sandbox, caller: Caller, garbage: bytes) -> None:
    """What is no request neither hangs nor breaks the sandbox."""
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            answer = b"".join(itertools.takewhile(bool, iter(lambda: connection.recv(65536), None)))
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert caller.post("micuenta/consumo", {}).status_code == 200


def test_serves_many_requests_a_second(sandbox: Sandbox, caller: Caller) -> None:
    """No request waits for a timer of the network: whole batches go through many a second, on a busy machine too."""
    sandbox.tusfacturas.seed(*({"lista_precios": "L", "codigo": str(number)} for number in range(50)))
    items = [{"lista_precios": "L", "codigo": str(number), "cantidad": 1} for number in range(50)]
    body = {**DEMO_CREDENTIALS["tusfacturas"], "operacion": "A", "productos": items}
    with httpx.Client(trust_env=False) as client:
        started = time.monotonic()
        for _ in range(200):
            client.post(sandbox.url("tusfacturas") + "productos/stock", json=body)
        assert time.monotonic() - started < 8.0
    assert sandbox.tusfacturas.stock("L", "49") == 200


# Steering it over HTTP.


def control(sandbox: Sandbox, action: str, data: Any) -> httpx.Response:
    return httpx.post(f"{sandbox.root}_control/{action}", json=data, trust_env=False)


def test_faults_can_be_ordered_over_http(sandbox: Sandbox, caller: Caller) -> None:
    """One order or a list, with the fields of `FaultOrder`."""
    assert control(sandbox, "faults", {"fault": "status_before", "status": 503, "times": 1}).status_code == 200
    assert control(sandbox, "faults", [{"fault": "empty", "nth": 2, "delay": 1}]).json() == {"ordered": 1}
    assert caller.post("micuenta/consumo", {}).status_code == 503
    assert caller.post("micuenta/consumo", {}).content == b""


@pytest.mark.parametrize(
    "order", [{"fault": "no_such"}, {"fault": "empty", "nht": 2}, {"nth": 2}, {"fault": "empty", "nth": "x"}, 5]
)
def test_a_wrong_order_is_refused_with_the_reason(sandbox: Sandbox, order: Any) -> None:
    """A misspelt fault does not pass for a calm vendor."""
    answer = control(sandbox, "faults", order)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_state_can_be_seeded_read_and_reset_over_http(sandbox: Sandbox, caller: Caller) -> None:
    """A subprocess's sandbox tells what was really applied, and can start afresh."""
    control(sandbox, "tusfacturas/products", [{"lista_precios": "L", "codigo": "a", "stock_actual": 5}])
    control(sandbox, "tusfacturas/move", {"lista_precios": "L", "codigo": "a", "cantidad": -2})
    control(sandbox, "tusfacturas/mood", {"erases": False})
    control(sandbox, "faults", {"fault": "close_later", "delay": 60})
    with pytest.raises(httpx.RemoteProtocolError):
        caller.move(("a", 7))
    caller.move(("a", 1))
    state = httpx.get(f"{sandbox.root}_control/state", trust_env=False).json()
    assert state["tusfacturas"]["products"][0]["stock_actual"] == 4
    assert [one["sent"]["cantidad"] for one in state["tusfacturas"]["applications"]] == [1]
    assert state["tusfacturas"]["requests"] == {"productos/stock": 2}
    assert state["fired"] == [{"fault": "close_later", "vendor": "tusfacturas", "path": "productos/stock"}]
    assert state["pending"] == 1
    assert sandbox.tusfacturas.erases is False
    assert control(sandbox, "reset", {}).status_code == 200
    state = sandbox.state()
    assert state.pop("bsale")["applications"] == []
    assert state == {
        "tusfacturas": {"products": [], "applications": [], "requests": {}},
        "justo": {"stocks": [], "applications": [], "requests": {}},
        "fired": [],
        "pending": 0,
    }
    assert sandbox.tusfacturas.erases is True


def test_reset_from_a_test_also_stops_what_is_pending(sandbox: Sandbox, caller: Caller) -> None:
    """Nothing of one test lands in the next."""
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a"})
    sandbox.faults.order(Fault.STATUS_LATER, status=504, delay=0.1)
    caller.move(("a", 7))
    sandbox.reset()
    sandbox.tusfacturas.seed({"lista_precios": "L", "codigo": "a"})
    time.sleep(0.2)
    assert sandbox.tusfacturas.stock("L", "a") == 0


@pytest.mark.parametrize(
    ("method", "action", "body", "status"),
    [
        ("GET", "nothing", b"", 404),
        ("POST", "tusfacturas/nothing", b"{}", 404),
        ("POST", "another/x", b"{}", 404),
        ("POST", "bsale/x", b"{}", 404),
        ("GET", "faults", b"", 404),
        ("POST", "tusfacturas/move", b"{}", 400),
        ("POST", "faults", b"{", 400),
    ],
)
def test_controls_that_do_not_exist_are_said(
    sandbox: Sandbox, method: str, action: str, body: bytes, status: int
) -> None:
    """A misspelt control is an error, not silence."""
    assert (
        httpx.request(method, f"{sandbox.root}_control/{action}", content=body, trust_env=False).status_code == status
    )


def test_other_addresses_are_not_found(sandbox: Sandbox) -> None:
    """An address without a vendor is nobody's."""
    assert httpx.post(f"{sandbox.root}app/api/v2/productos/stock", json={}, trust_env=False).status_code == 404


SERVE = "from etl.sandbox import serve; serve(0, lambda sandbox: print(sandbox.url('tusfacturas'), flush=True))"


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a child are another matter there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_in_the_foreground_until_it_is_told_to_stop(number: signal.Signals) -> None:
    """``etl sandbox`` ends cleanly with Ctrl-C and with SIGTERM, and says where it listens."""
    process = subprocess.Popen([sys.executable, "-W", "error", "-c", SERVE], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = httpx.post(url + "micuenta/consumo", json=DEMO_CREDENTIALS["tusfacturas"], trust_env=False)
        assert answer.json()["error"] == "N"
        os.kill(process.pid, number)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
