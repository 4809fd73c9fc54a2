"""Every fault as a client meets it: what it sees, and what was really applied."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from etl.sandbox import DEMO_CREDENTIALS, Fault, Sandbox
from tests.sandbox.conftest import Caller
from tests.sandbox.test_tusfacturas import TRUCK

CLOSED = (httpx.RemoteProtocolError,)
RESET = (httpx.ReadError,)
RESET_EARLY = (httpx.ReadError, httpx.WriteError, httpx.ConnectError, httpx.RemoteProtocolError)
"""Whether the client is still connecting, already writing (and told of it only when it reads) or reading is luck."""
LATE = 0.15

Seen = Callable[[httpx.Response], bool]


def status(number: int) -> Seen:
    return lambda answer: answer.status_code == number and answer.json()["error"] == "S"


def items(*codes: str) -> Seen:
    return lambda answer: [one["codigo"] for one in answer.json()["productos"]] == list(codes)


def no_json(answer: httpx.Response) -> bool:
    try:
        answer.json()
    except ValueError:
        return answer.status_code == 200
    return False


def refused_whole(answer: httpx.Response) -> bool:
    told = answer.json()
    return answer.status_code == 200 and told["error"] == "S" and not told["productos"] and bool(told["errores"][0])


ORDERED: dict[str, Any] = {"status": 524, "delay": LATE, "every": 0.0, "size": 2_000_000}

EXPECTED: dict[Fault, tuple[int, int, Seen | tuple[type[Exception], ...]]] = {
    # fault: (items applied when the client knows, items applied in the end, what the client sees)
    Fault.LATENCY: (2, 2, items("a", "b")),
    Fault.RESET_ON_ACCEPT: (0, 0, RESET_EARLY),
    Fault.CLOSE_BEFORE: (0, 0, CLOSED),
    Fault.CLOSE_AFTER: (2, 2, CLOSED),
    Fault.CLOSE_LATER: (0, 2, CLOSED),
    Fault.CLOSE_MIDWAY: (1, 1, CLOSED),
    Fault.CREATE_WITHOUT_STOCK: (2, 2, CLOSED),
    Fault.RESET_BEFORE: (0, 0, RESET),
    Fault.RESET_AFTER: (2, 2, RESET),
    Fault.SILENT_BEFORE: (0, 0, CLOSED),
    Fault.SILENT_AFTER: (2, 2, CLOSED),
    Fault.SILENT_LATER: (2, 2, CLOSED),
    Fault.HALF_STATUS_LINE: (2, 2, CLOSED),
    Fault.CUT_HEADERS: (2, 2, CLOSED),
    Fault.CUT_LENGTH: (2, 2, CLOSED),
    Fault.CUT_CHUNKED: (2, 2, CLOSED),
    Fault.CUT_EOF: (2, 2, no_json),
    Fault.TRICKLE_HEADERS: (2, 2, items("a", "b")),
    Fault.TRICKLE_BODY: (2, 2, items("a", "b")),
    Fault.STATUS_BEFORE: (0, 0, status(524)),
    Fault.STATUS_AFTER: (2, 2, status(524)),
    Fault.STATUS_LATER: (0, 2, status(524)),
    Fault.HTML: (2, 2, lambda answer: answer.text.startswith("<!DOCTYPE html>")),
    Fault.EMPTY: (2, 2, lambda answer: answer.status_code == 200 and not answer.content),
    Fault.BROKEN_GZIP: (2, 2, (httpx.DecodingError,)),
    Fault.GZIP_BOMB: (2, 2, lambda answer: len(answer.content) == 2_000_000),
    Fault.TRUNCATED_JSON: (2, 2, no_json),
    Fault.SHORT_LIST: (2, 2, items("a")),
    Fault.REORDERED: (2, 2, items("b", "a")),
    Fault.DUPLICATED_ITEMS: (2, 2, items("a", "a", "b")),
    Fault.STRANGE_ITEMS: (2, 2, items("nadie-lo-mando", "b")),
    Fault.REFUSED_BEFORE: (0, 0, refused_whole),
    Fault.REFUSED_AFTER: (2, 2, refused_whole),
}


@pytest.fixture
def stocked(sandbox: Sandbox) -> Sandbox:
    sandbox.tusfacturas.seed(*({"lista_precios": "L", "codigo": code} for code in "ab"))
    return sandbox


def applied(sandbox: Sandbox) -> int:
    return len(sandbox.tusfacturas.applications)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_does_what_it_says(stocked: Sandbox, caller: Caller, fault: Fault) -> None:
    """What the client sees and what the vendor applied are as the fault's line says, once; then all is well again."""
    at_once, in_the_end, seen = EXPECTED[fault]
    stocked.faults.order(fault, **ORDERED)
    if isinstance(seen, tuple):
        with pytest.raises(seen):
            caller.move(("a", 1), ("b", 1))
    else:
        assert seen(caller.move(("a", 1), ("b", 1)))
    assert applied(stocked) == at_once
    stocked.settle()
    assert applied(stocked) == in_the_end
    assert caller.move(("a", 1)).json()["error"] == "N"
    assert [one.fault for one in stocked.faults.fired] == ([] if fault is Fault.LATENCY else [fault])


def test_latency_is_waited_out_by_all_at_once(stocked: Sandbox, caller: Caller) -> None:
    """Ten clients at 0.2 s each wait 0.2 s, not 2: latency takes nothing from the others."""
    stocked.faults.order(Fault.LATENCY, delay=0.2, times=None)
    started = time.monotonic()
    clients = [threading.Thread(target=caller.move, args=(("a", 1),)) for _ in range(10)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert 0.2 <= time.monotonic() - started < 1.5
    assert applied(stocked) == 10


def test_a_trickle_takes_its_time(stocked: Sandbox, caller: Caller) -> None:
    """A byte every so often keeps a read time-out from ever firing."""
    stocked.faults.order(Fault.TRICKLE_BODY, every=0.002)
    started = time.monotonic()
    answer = caller.move(("a", 1), timeout=0.5)
    assert answer.json()["error"] == "N"
    assert time.monotonic() - started > 0.002 * len(answer.content)


def test_a_silent_vendor_outlasts_the_client(stocked: Sandbox, caller: Caller) -> None:
    """The client gives up first; what it sent is applied all the same."""
    stocked.faults.order(Fault.SILENT_AFTER, delay=30)
    with pytest.raises(httpx.ReadTimeout):
        caller.move(("a", 1), timeout=0.2)
    assert applied(stocked) == 1


@pytest.mark.parametrize("cut_at", [0, 1, 57])
@pytest.mark.parametrize("fault", [Fault.CUT_LENGTH, Fault.CUT_CHUNKED, Fault.CUT_EOF])
def test_a_body_is_cut_at_the_byte_that_was_ordered(stocked: Sandbox, fault: Fault, cut_at: int) -> None:
    """Exactly `cut_at` bytes of the body arrive, in each of the three framings."""
    stocked.faults.order(fault, cut_at=cut_at)
    raw = raw_exchange(stocked)
    head, _, body = raw.partition(b"\r\n\r\n")
    if fault is Fault.CUT_CHUNKED:
        assert b"Transfer-Encoding: chunked" in head
        size, _, rest = body.partition(b"\r\n")
        assert (int(size or b"0", 16), len(rest.removesuffix(b"\r\n"))) == (cut_at, cut_at)
        return
    assert len(body) == cut_at
    assert (b"Content-Length" in head) is (fault is Fault.CUT_LENGTH)


def raw_exchange(sandbox: Sandbox) -> bytes:
    """Send a movement and return all that comes until the connection ends."""
    moved = {"operacion": "A", "productos": [{"lista_precios": "L", "codigo": "a", "cantidad": 1}]}
    return raw_post(sandbox, "productos/stock", json.dumps({**DEMO_CREDENTIALS["tusfacturas"], **moved}).encode())


def raw_post(sandbox: Sandbox, path: str, body: bytes) -> bytes:
    head = f"POST /{sandbox.tusfacturas.prefix}{path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        return b"".join(itertools.takewhile(bool, iter(lambda: connection.recv(65536), None)))


@pytest.mark.parametrize("retry_after", ["3", "-1", "soon", "Wed, 21 Oct 2099 07:28:00 GMT", "99999999999999999999"])
def test_429_carries_any_retry_after(stocked: Sandbox, caller: Caller, retry_after: str) -> None:
    """The header is told as it was ordered, nonsense too."""
    stocked.faults.order(Fault.STATUS_BEFORE, status=429, retry_after=retry_after)
    answer = caller.move(("a", 1))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, retry_after)
    assert applied(stocked) == 0


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_carry_a_location(stocked: Sandbox, caller: Caller, code: int) -> None:
    """A redirect points where the test wants, so that a client that follows it is found out."""
    stocked.faults.order(Fault.STATUS_BEFORE, status=code, location="http://127.0.0.1:1/elsewhere")
    answer = caller.move(("a", 1))
    assert (answer.status_code, answer.headers["Location"]) == (code, "http://127.0.0.1:1/elsewhere")


def test_a_created_product_may_lack_its_stock(sandbox: Sandbox, caller: Caller) -> None:
    """The two steps of operacion A come apart: the product is there, its initial stock is not."""
    sandbox.faults.order(Fault.CREATE_WITHOUT_STOCK)
    with pytest.raises(CLOSED):
        caller.post("productos/administrar", {"operacion": "A", "productos": [TRUCK]})
    assert sandbox.tusfacturas.stock("Camiones", "Cam01") == 0


def test_a_bomb_is_small_on_the_wire(stocked: Sandbox) -> None:
    """What inflates to 20 MB travels in less than a hundredth of it."""
    stocked.faults.order(Fault.GZIP_BOMB, size=20_000_000)
    assert len(raw_post(stocked, "micuenta/consumo", b"{}")) < 200_000


def test_an_item_answer_is_left_alone_when_there_is_none_to_spoil(sandbox: Sandbox, caller: Caller) -> None:
    """A fault about items on a method without items changes nothing."""
    sandbox.faults.order(Fault.STRANGE_ITEMS)
    assert caller.post("micuenta/consumo", {}).json()["error"] == "N"
