"""One attempt, whole or not at all: what may have been sent is never called "not sent", and no secret goes astray."""

from __future__ import annotations

import gzip
import logging
import os
import signal
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpcore
import httpx
import msgspec
import pytest

from etl.errors import ConfigurationError
from etl.io import transport as transport_module
from etl.io.deadline import Attempt, DeadlineBackend, DeadlineStream
from etl.io.secrets import Secret
from etl.io.transport import FAILURES, LARGEST_ANSWER, HttpTransport, tls_context
from etl.model import Answer, Effect, Failure, NoAnswer, Request
from etl.profiles import Profile
from etl.stops import Stops
from etl.vendors.base import Pace, Signed, Vendor
from tests.io.raw_server import OK, RawServer, answers, read_request, reset

BODY_SECRET = "canary-body-7f3a91"
HEADER_SECRET = "canary-header-c55e02"


def sign(request: Request, secrets: dict[str, str]) -> Signed:
    """Merge one credential into the body and one into a header, as the vendors want theirs."""
    body = (
        None if request.body is None else b'{"usertoken":"' + secrets["usertoken"].encode() + b'",' + request.body[1:]
    )
    return Signed(body=body, headers={"access_token": secrets["access_token"]})


VENDOR = Vendor(
    name="tiny",
    title="Tiny",
    address="https://tiny.invalid/",
    secrets=("usertoken", "access_token"),
    sign=sign,
    destinations=(),
)
POST = Request("POST", "productos/stock", b'{"operacion":"A"}')


def profile_at(address: str, ca_file: Path | None = None) -> Profile:
    """Return a profile with both canaries."""
    secrets = {"usertoken": Secret(BODY_SECRET), "access_token": Secret(HEADER_SECRET)}
    return Profile(name="p", vendor="tiny", account="p", address=address, ca_file=ca_file, source=lambda: secrets)


def send(
    address: str, effect: Effect = Effect.DELTA, deadline: float = 5.0, request: Request = POST
) -> Answer | NoAnswer:
    """Send one request with a transport of its own."""
    with HttpTransport(VENDOR, profile_at(address)) as transport:
        return transport.send(request, effect=effect, deadline=deadline)


@contextmanager
def server(behave: Callable[[socket.socket, bytes], bool | None]) -> Iterator[tuple[RawServer, str]]:
    """Give a raw server and its address."""
    with RawServer(behave) as raw:
        yield raw, f"http://127.0.0.1:{raw.port}/api/"


def failure(result: Answer | NoAnswer) -> Failure:
    """Return why there is no answer."""
    assert isinstance(result, NoAnswer), result
    return result.failure


def test_a_whole_answer_comes_back_with_its_status_headers_and_body() -> None:
    """A whole answer is handed over as it is, header names in lower case, and the request is what was signed."""
    with server(answers(OK)) as (raw, address):
        result = send(address, request=Request("POST", "productos/stock", b'{"a":1}', (("limit", "50"),)))
    assert result == Answer(200, b'{"error":"N"}', {"content-type": "application/json", "content-length": "13"})
    head, _, body = raw.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/productos/stock?limit=50 HTTP/1.1\r\n")
    assert body == b'{"usertoken":"canary-body-7f3a91","a":1}'
    sent = head.lower()
    assert b"accept-encoding: identity" in sent
    assert b"content-type: application/json" in sent
    assert b"access_token: canary-header-c55e02" in sent
    assert b"connection: close" in sent


@pytest.mark.parametrize("status", [201, 400, 401, 404, 429, 500, 503])
def test_any_status_is_an_answer(status: int) -> None:
    """The transport judges no status: 4xx and 5xx come back with their bodies."""
    with server(answers(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\n{}" % status)) as (_, address):
        result = send(address)
    assert isinstance(result, Answer)
    assert (result.status, result.body, result.headers["retry-after"]) == (status, b"{}", "7")


def test_a_refused_port_proves_that_nothing_was_sent() -> None:
    """Connection refused is NOT_CONNECTED."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = send(f"http://127.0.0.1:{port}/")
    assert failure(result) is Failure.NOT_CONNECTED
    assert isinstance(result, NoAnswer)
    assert "refused" in result.detail.lower()


def test_an_unknown_name_proves_that_nothing_was_sent() -> None:
    """A name that cannot be looked up, in time or at all, is NOT_CONNECTED and does not outlast the deadline."""
    begun = time.monotonic()
    assert failure(send("https://no-such-host.invalid/", deadline=2.0)) is Failure.NOT_CONNECTED
    assert time.monotonic() - begun < 3.0


def test_a_stalled_handshake_proves_that_nothing_was_sent() -> None:
    """A server that accepts and never answers the TLS hello is NOT_CONNECTED when the deadline is over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        begun = time.monotonic()
        result = send(f"https://127.0.0.1:{listener.getsockname()[1]}/", deadline=0.5)
    assert failure(result) is Failure.NOT_CONNECTED
    assert 0.4 < time.monotonic() - begun < 1.5


def test_a_reset_handshake_proves_that_nothing_was_sent() -> None:
    """A connection reset while TLS begins is NOT_CONNECTED."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: reset(listener.accept()[0]), daemon=True).start()
        assert failure(send(f"https://127.0.0.1:{listener.getsockname()[1]}/")) is Failure.NOT_CONNECTED


def test_a_reset_on_accept_is_no_answer() -> None:
    """Without TLS the request may be on its way when the reset arrives, or not: never an answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: reset(listener.accept()[0]), daemon=True).start()
        result = send(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert failure(result) in {Failure.NO_ANSWER, Failure.NOT_CONNECTED}


def slowly(content: bytes, every: float) -> Callable[[socket.socket, bytes], bool]:
    """Send a byte now and then."""

    def behave(connection: socket.socket, _request: bytes) -> bool:
        for byte in content:
            connection.sendall(bytes([byte]))
            time.sleep(every)
        return True

    return behave


def resets(content: bytes) -> Callable[[socket.socket, bytes], bool]:
    """Send these bytes, let them arrive, then reset the connection."""

    def behave(connection: socket.socket, _request: bytes) -> bool:
        connection.sendall(content)
        time.sleep(0.05)
        reset(connection)
        return True

    return behave


def hangs(_connection: socket.socket, _request: bytes) -> bool:
    """Read the request and say nothing."""
    time.sleep(20)
    return True


def compressed(body: bytes, encoding: str = "gzip") -> bytes:
    """Return a whole answer with such a body."""
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        encoding.encode(),
        len(body),
        body,
    )


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LOST = {
    "closed without a word": (answers(b""), Failure.NO_ANSWER),
    "half a status line": (answers(b"HTTP/1.1 20"), Failure.NO_ANSWER),
    "half a header": (answers(b"HTTP/1.1 200 OK\r\nContent-Le"), Failure.NO_ANSWER),
    "a body shorter than announced": (answers(OK[:-4]), Failure.NO_ANSWER),
    "no body at all": (answers(OK[:-13]), Failure.NO_ANSWER),
    "a chunk cut": (answers(CHUNKED + b'd\r\n{"err'), Failure.NO_ANSWER),
    "no last chunk": (answers(CHUNKED + b'd\r\n{"error":"N"}\r\n'), Failure.NO_ANSWER),
    "reset after the request": (resets(b""), Failure.NO_ANSWER),
    "reset in the body": (resets(OK[:-4]), Failure.NO_ANSWER),
    "silence": (hangs, Failure.TIMED_OUT),
    "a trickled header": (slowly(OK, 0.2), Failure.TIMED_OUT),
    "a trickled body": (slowly(OK, 0.01), Failure.TIMED_OUT),
    "interim answers for ever": (slowly(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.005), Failure.TIMED_OUT),
    "another protocol": (answers(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=False), Failure.UNREADABLE),
    "a chunk size that is none": (answers(CHUNKED + b"zz\r\n", close=False), Failure.UNREADABLE),
    "endless headers": (
        answers(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"x" * 300_000, close=False),
        Failure.UNREADABLE,
    ),
    "broken compression": (answers(compressed(b"no gzip at all")), Failure.UNREADABLE),
    "cut compression": (answers(compressed(gzip.compress(b"{}" * 500)[:-9])), Failure.UNREADABLE),
    "a compression nobody asked for": (answers(compressed(b"\x0b\x02\x80{}\x03", "br")), Failure.UNREADABLE),
    "a body over the limit": (
        answers(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (LARGEST_ANSWER + 1)),
        Failure.TOO_LARGE,
    ),
    "a gzip bomb": (answers(compressed(gzip.compress(bytes(20_000_000)))), Failure.TOO_LARGE),
}


@pytest.mark.parametrize(
    ("effect", "case"),
    [
        *((Effect.DELTA, case) for case in LOST),
        *((Effect.SET, case) for case, (_, expected) in LOST.items() if expected is not Failure.TIMED_OUT),
    ],
)
def test_what_may_have_been_sent_is_never_called_not_sent(effect: Effect, case: str) -> None:
    """Every end after the request was written is told apart, takes one attempt, and keeps to the deadline."""
    behave, expected = LOST[case]
    slow = expected is Failure.TIMED_OUT
    with server(behave) as (raw, address):
        begun = time.monotonic()
        result = send(address, effect, deadline=0.3 if slow else 5.0)
        took = time.monotonic() - begun
    assert failure(result) is expected
    assert len(raw.requests) == raw.connections == 1
    assert took < (1.4 if slow else 4.0)
    assert isinstance(result, NoAnswer)
    assert not any(word in result.detail for word in (BODY_SECRET, HEADER_SECRET, "SSH-2.0", "operacion"))


def test_a_bomb_is_never_unpacked_whole() -> None:
    """What is held of an answer stays near the limit, however much a few bytes unpack to."""
    bomb = compressed(gzip.compress(bytes(50_000_000)))
    with server(answers(bomb)) as (_, address), HttpTransport(VENDOR, profile_at(address)) as transport:
        tracemalloc.start()
        try:
            assert failure(transport.send(POST, effect=Effect.READ, deadline=10)) is Failure.TOO_LARGE
            assert tracemalloc.get_traced_memory()[1] < 3 * LARGEST_ANSWER
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(("pack", "encoding"), [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
def test_a_compressed_answer_is_unpacked(pack: Callable[[bytes], bytes], encoding: str) -> None:
    """We ask for plain bodies; a server that compresses all the same is still understood."""
    with server(answers(compressed(pack(b'{"error":"N"}'), encoding))) as (_, address):
        result = send(address)
    assert isinstance(result, Answer)
    assert result.body == b'{"error":"N"}'


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    """The limit itself is still an answer."""
    with server(answers(compressed(gzip.compress(b"x" * LARGEST_ANSWER)))) as (_, address):
        result = send(address)
    assert isinstance(result, Answer)
    assert len(result.body) == LARGEST_ANSWER


def test_a_body_that_ends_with_the_connection_comes_back_as_far_as_it_came() -> None:
    """Without a length nobody can tell a cut from an end: the reader of the vendor has to."""
    with server(answers(b'HTTP/1.0 200 OK\r\n\r\n{"error":"N","prod')) as (_, address):
        result = send(address)
    assert isinstance(result, Answer)
    assert result.body == b'{"error":"N","prod'


def test_an_error_page_is_an_answer() -> None:
    """HTML in a 200 comes back for the vendor's reader to refuse."""
    with server(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")) as (_, address):
        result = send(address)
    assert isinstance(result, Answer)
    assert result.body == b"<html>"


def test_a_server_that_does_not_read_cannot_hold_a_request() -> None:
    """Writing keeps to the deadline too, and a request that is half written may have been sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        request = Request("POST", "x", b'{"x":"' + b"y" * 20_000_000 + b'"}')
        begun = time.monotonic()
        result = send(f"http://127.0.0.1:{listener.getsockname()[1]}/", deadline=0.5, request=request)
    assert failure(result) is Failure.TIMED_OUT
    assert 0.4 < time.monotonic() - begun < 1.5


def test_an_early_refusal_of_a_large_request_is_an_answer() -> None:
    """A server that answers before it has read everything is still heard."""

    def behave(connection: socket.socket) -> None:
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
            while connection.recv(1_000_000):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: behave(listener.accept()[0]), daemon=True).start()
        request = Request("POST", "x", b'{"x":"' + b"y" * 3_000_000 + b'"}')
        result = send(f"http://127.0.0.1:{listener.getsockname()[1]}/", request=request, deadline=4)
    assert isinstance(result, Answer)
    assert result.status == 413


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("effect", list(Effect))
def test_a_redirect_is_never_followed(status: int, effect: Effect) -> None:
    """Neither the credential in the body nor the one in a header ever reaches a second host (SEC-5)."""
    with RawServer(answers(OK)) as other:
        moved = f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{other.port}/\r\nContent-Length: 0\r\n\r\n"
        with server(answers(moved.encode())) as (_, address):
            result = send(address, effect)
    assert isinstance(result, Answer)
    assert result.status == status
    assert (other.connections, other.requests) == (0, [])


def test_movements_have_connections_of_their_own_and_others_share() -> None:
    """A movement never travels on a connection that was used before (RET-7); reads and absolute values do."""
    with server(answers(OK, close=False)) as (raw, address), HttpTransport(VENDOR, profile_at(address)) as transport:
        for effect, connections in [
            (Effect.READ, 1),
            (Effect.SET, 1),
            (Effect.DELTA, 2),
            (Effect.DELTA, 3),
            (Effect.CREATE, 3),
        ]:
            assert isinstance(transport.send(POST, effect=effect, deadline=5), Answer)
            assert raw.connections == connections


def test_a_connection_that_went_stale_is_not_used_again() -> None:
    """What the server closed after an answer is noticed: the next request opens another, nothing is lost."""
    with server(answers(OK, close=True)) as (raw, address), HttpTransport(VENDOR, profile_at(address)) as transport:
        for _ in range(20):
            assert isinstance(transport.send(POST, effect=Effect.SET, deadline=5), Answer)
            time.sleep(0.01)
    assert raw.connections == len(raw.requests) == 20


def test_the_deadline_of_an_old_request_does_not_bind_the_next() -> None:
    """A reused connection lives under the deadline of the request that uses it now."""

    def behave(connection: socket.socket, _request: bytes) -> bool:
        time.sleep(0.1)
        connection.sendall(OK)
        return False

    with server(behave) as (_, address), HttpTransport(VENDOR, profile_at(address)) as transport:
        assert isinstance(transport.send(POST, effect=Effect.SET, deadline=0.8), Answer)
        time.sleep(0.8)
        assert isinstance(transport.send(POST, effect=Effect.SET, deadline=0.8), Answer)
        assert failure(transport.send(POST, effect=Effect.SET, deadline=0.03)) is Failure.TIMED_OUT


def test_many_threads_share_one_transport() -> None:
    """Eight requests at once get their own answers, over at most eight connections."""

    def behave(connection: socket.socket, request: bytes) -> bool:
        body = request.rpartition(b"\r\n\r\n")[2]
        time.sleep(0.02)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        return False

    with server(behave) as (raw, address), HttpTransport(VENDOR, profile_at(address)) as transport:

        def ask(number: int) -> int:
            request = Request("POST", "x", b'{"n":%d}' % number)
            result = transport.send(request, effect=Effect.SET, deadline=5)
            assert isinstance(result, Answer)
            return int(msgspec.json.decode(result.body)["n"])

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(ask, range(80))) == list(range(80))
    assert raw.connections <= 8


def test_every_exception_of_both_libraries_has_its_verdict() -> None:
    """An exception class that a new version adds must be looked at before it can pass."""
    known = {
        kind
        for library in (httpcore, httpx)
        for kind in vars(library).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert known - set(FAILURES) == set()
    assert set(FAILURES) - known == set()


def test_only_what_ends_before_the_first_byte_says_not_sent() -> None:
    """The list of reliability.md 1.4, exactly."""
    not_sent = {kind.__name__ for kind, found in FAILURES.items() if found is Failure.NOT_CONNECTED}
    assert not_sent == {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"}


@pytest.mark.parametrize("kind", [kind for kind, found in FAILURES.items() if found is Failure.NOT_CONNECTED])
def test_after_the_first_byte_no_exception_says_not_sent(kind: type[Exception]) -> None:
    """Even a failure whose class promises it is not believed once a byte may have left."""
    attempt = Attempt(5.0, lambda: None)
    assert transport_module._failure(kind("x"), attempt) is Failure.NOT_CONNECTED
    attempt.sent = True
    assert transport_module._failure(kind("x"), attempt) is Failure.NO_ANSWER


class Gone(httpcore.NetworkStream):
    """A connection that breaks while it is written to."""

    def write(self, *_given: object) -> None:
        raise httpcore.WriteError


def test_a_write_that_fails_may_have_sent_something() -> None:
    """From the moment a byte is handed to the socket, nobody can say that nothing was sent."""
    attempt = Attempt(5.0, lambda: None)
    stream = DeadlineStream(Gone(), DeadlineBackend(attempt))
    assert not attempt.sent
    with pytest.raises(httpcore.WriteError):
        stream.write(b"POST")
    assert attempt.sent


def test_nothing_of_the_environment_joins_a_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a proxy nor a password of the environment is used."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password canary-netrc")
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer(answers(OK)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with server(answers(OK)) as (raw, address):
            assert isinstance(send(address), Answer)
    assert proxy.connections == 0
    assert b"authorization" not in raw.requests[0].lower()


def test_a_cookie_is_neither_kept_nor_shown() -> None:
    """A vendor's session cookie is not sent back and not handed on."""
    cookie = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=canary; Path=/\r\n\r\n", 1)
    with (
        server(answers(cookie, close=False)) as (raw, address),
        HttpTransport(VENDOR, profile_at(address)) as transport,
    ):
        results = [transport.send(POST, effect=Effect.SET, deadline=5) for _ in range(2)]
    assert "canary" not in repr(results)
    assert all(b"cookie" not in request.lower() for request in raw.requests)


def test_no_log_of_the_libraries_holds_a_credential(caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at DEBUG neither canary is written, whether all goes well or not."""
    caplog.set_level(logging.DEBUG)
    for behave in (answers(OK), answers(b"HTTP/1.1 20"), answers(b"garbage\r\n\r\n")):
        with server(behave) as (_, address):
            send(address)
    assert caplog.records
    assert "canary" not in caplog.text
    assert "canary" not in repr([vars(record) for record in caplog.records])


def test_a_header_that_cannot_be_sent_is_not_shown() -> None:
    """A credential with a line break ends the attempt without being repeated in its detail."""

    def broken(request: Request, _secrets: dict[str, str]) -> Signed:
        return Signed(body=request.body, headers={"access_token": "canary\nline"})

    vendor = Vendor(name="t", title="T", address="", secrets=(), sign=broken, destinations=())
    with server(answers(OK)) as (raw, address), HttpTransport(vendor, profile_at(address)) as transport:
        result = transport.send(POST, effect=Effect.SET, deadline=5)
    assert isinstance(result, NoAnswer)
    assert "canary" not in result.detail
    assert raw.requests == []


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_does_not_break_the_request_in_flight(signum: signal.Signals) -> None:
    """A signal while the answer is on its way is remembered, and the answer still arrives whole (JOB-6)."""

    def behave(connection: socket.socket, _request: bytes) -> bool:
        os.kill(os.getpid(), signum)
        time.sleep(0.2)
        connection.sendall(OK[:40])
        time.sleep(0.2)
        connection.sendall(OK[40:])
        return True

    with (
        Stops() as stops,
        server(behave) as (_, address),
        HttpTransport(VENDOR, profile_at(address), stop_requested_at=stops.asked_at) as transport,
    ):
        result = transport.send(POST, effect=Effect.DELTA, deadline=5)
    assert isinstance(result, Answer)
    assert stops.requested == signum


def test_after_a_signal_a_request_gets_a_minute_at_most() -> None:
    """A stop shortens even the patience of a movement; a read that is already waiting notices."""
    asked: list[float] = []
    with (
        server(hangs) as (_, address),
        HttpTransport(VENDOR, profile_at(address), stop_requested_at=lambda: asked[0] if asked else None) as transport,
    ):
        threading.Timer(0.2, lambda: asked.append(time.monotonic() - 59.9)).start()
        begun = time.monotonic()
        assert failure(transport.send(POST, effect=Effect.DELTA, deadline=170)) is Failure.TIMED_OUT
    assert time.monotonic() - begun < 2.5


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PEM file with the key and the certificate of 127.0.0.1, signed by itself."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return the server's side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_https_works_with_an_authority_of_ones_own(certificate: Path) -> None:
    """`ca_file` lets a network that decrypts https be trusted; requests and deadlines work the same over TLS."""
    with (
        RawServer(answers(OK, close=False), tls=server_context(certificate)) as raw,
        HttpTransport(VENDOR, profile_at(f"https://127.0.0.1:{raw.port}/", certificate)) as transport,
    ):
        for effect in (Effect.SET, Effect.SET, Effect.DELTA):
            assert isinstance(transport.send(POST, effect=effect, deadline=5), Answer)
    assert raw.connections == 2


def test_a_trickle_over_tls_keeps_to_the_deadline(certificate: Path) -> None:
    """Looking at the clock in the middle of an encrypted read loses nothing and holds the deadline."""
    with RawServer(slowly(OK, 0.2), tls=server_context(certificate)) as raw:
        address = f"https://127.0.0.1:{raw.port}/"
        with HttpTransport(VENDOR, profile_at(address, certificate)) as transport:
            begun = time.monotonic()
            assert failure(transport.send(POST, effect=Effect.DELTA, deadline=0.7)) is Failure.TIMED_OUT
    assert time.monotonic() - begun < 1.7


def test_an_encrypted_answer_that_takes_longer_than_a_look_arrives(certificate: Path) -> None:
    """A wait longer than one look at the clock does not harm an encrypted connection."""

    def behave(connection: socket.socket, _request: bytes) -> bool:
        time.sleep(1.3)
        connection.sendall(OK)
        return True

    with RawServer(behave, tls=server_context(certificate)) as raw:
        address = f"https://127.0.0.1:{raw.port}/"
        with HttpTransport(VENDOR, profile_at(address, certificate)) as transport:
            assert isinstance(transport.send(POST, effect=Effect.DELTA, deadline=5), Answer)


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    """Verification cannot be switched off: the request never leaves, and the detail says why."""
    with RawServer(answers(OK), tls=server_context(certificate)) as raw:
        result = send(f"https://127.0.0.1:{raw.port}/")
    assert failure(result) is Failure.NOT_CONNECTED
    assert raw.requests == []
    assert isinstance(result, NoAnswer)
    assert "certificate" in result.detail.lower()


def test_a_certificate_of_another_name_is_refused(certificate: Path) -> None:
    """A trusted certificate is good for its own host alone."""
    with RawServer(answers(OK), tls=server_context(certificate)) as raw:
        address = f"https://localhost:{raw.port}/"
        with HttpTransport(VENDOR, profile_at(address, certificate)) as transport:
            assert failure(transport.send(POST, effect=Effect.DELTA, deadline=5)) is Failure.NOT_CONNECTED
    assert raw.requests == []


def test_the_tls_context_is_strict_and_shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """TLS 1.2 or newer, names and certificates checked, made once, and session keys are never written to a file."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    tls_context.cache_clear()
    context = tls_context()
    assert context is tls_context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert context.keylog_filename is None


def test_certificates_that_cannot_be_used_are_a_mistake_in_the_settings(tmp_path: Path) -> None:
    """A `ca_file` that is missing or none ends with 4, before anything is sent."""
    (tmp_path / "no.pem").write_text("nothing")
    for name in ("missing.pem", "no.pem"):
        with pytest.raises(ConfigurationError, match=name):
            HttpTransport(VENDOR, profile_at("https://127.0.0.1/", tmp_path / name))


def test_reading_requests_is_whole() -> None:
    """The test's own server reads a body of several pieces to its end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab")
        threading.Timer(0.05, lambda: ours.sendall(b"cd")).start()
        assert read_request(theirs).endswith(b"abcd")


# A vendor's limit on requests.

PACED = replace(VENDOR, pace=Pace(requests="rate_limit", seconds="rate_seconds"))


def paced_at(address: str, requests: int) -> Profile:
    return replace(profile_at(address), settings={"rate_limit": requests, "rate_seconds": 1})


def test_requests_wait_for_their_turn() -> None:
    """What the vendor would refuse is not sent before its time, whichever transport of the account sends it."""
    with server(answers(OK)) as (raw, address):
        started = time.monotonic()
        for _ in range(2):
            with HttpTransport(PACED, paced_at(address, 2)) as transport:
                for _ in range(2):
                    assert isinstance(transport.send(POST, effect=Effect.DELTA, deadline=5.0), Answer)
        assert 0.9 < time.monotonic() - started < 5
        assert len(raw.requests) == 4


def test_a_stop_while_waiting_is_a_request_that_was_not_sent() -> None:
    """Nothing left this machine, and that is known."""
    stopped: list[float] = []
    with (
        server(answers(OK)) as (raw, address),
        HttpTransport(
            PACED, paced_at(address, 1), stop_requested_at=lambda: stopped[0] if stopped else None
        ) as transport,
    ):
        transport.send(POST, effect=Effect.READ, deadline=5.0)
        stopped.append(time.monotonic())
        result = transport.send(POST, effect=Effect.DELTA, deadline=5.0)
        assert isinstance(result, NoAnswer)
        assert result.failure is Failure.NOT_CONNECTED
        assert len(raw.requests) == 1
