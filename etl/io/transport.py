"""The only module that sends: one attempt under a total deadline, which ends in a whole answer or in why there is none.

Nothing is tried again here, no redirect is followed, no proxy or credential comes from the environment, and which
failure proves that nothing was sent is read from one table (reliability.md 1.4).
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import certifi
import httpcore
import httpx

from etl import __version__
from etl.errors import ConfigurationError
from etl.io.deadline import Attempt, DeadlineBackend
from etl.io.pacing import Pacer, pacer_of
from etl.io.secrets import Secret, clean
from etl.messages import text
from etl.model import Answer, Effect, Failure, NoAnswer, Request
from etl.profiles import Profile
from etl.vendors.base import Signed, Vendor

LARGEST_ANSWER: Final = 5 * 1024 * 1024
"""Bytes of a body, decompressed (reliability.md 1.4)."""
CONNECT: Final = 10.0
WRITE: Final = 30.0
READ: Final = 30.0
READ_MOVEMENT: Final = 120.0
"""RET-6, seconds. Giving up on a movement does not undo it: patience is the cheapest way to fewer uncertain rows."""
KEEP_ALIVE: Final = 5.0
"""Seconds that an idle connection is kept for the next request that is no movement."""

FAILURES: Final[Mapping[type[Exception], Failure]] = {
    # Nothing was sent: these end before the first byte of a request (and `_failure` looks whether that is so).
    httpcore.ConnectError: Failure.NOT_CONNECTED,
    httpcore.ConnectTimeout: Failure.NOT_CONNECTED,
    httpcore.PoolTimeout: Failure.NOT_CONNECTED,
    httpcore.UnsupportedProtocol: Failure.NOT_CONNECTED,
    httpx.ConnectError: Failure.NOT_CONNECTED,
    httpx.ConnectTimeout: Failure.NOT_CONNECTED,
    httpx.PoolTimeout: Failure.NOT_CONNECTED,
    httpx.UnsupportedProtocol: Failure.NOT_CONNECTED,
    # It may have been sent, and time went by.
    httpcore.ReadTimeout: Failure.TIMED_OUT,
    httpcore.WriteTimeout: Failure.TIMED_OUT,
    httpcore.TimeoutException: Failure.TIMED_OUT,
    httpx.ReadTimeout: Failure.TIMED_OUT,
    httpx.WriteTimeout: Failure.TIMED_OUT,
    httpx.TimeoutException: Failure.TIMED_OUT,
    # It may have been sent, and the connection ended: the same words, whether it was applied or not.
    httpcore.ReadError: Failure.NO_ANSWER,
    httpcore.WriteError: Failure.NO_ANSWER,
    httpcore.NetworkError: Failure.NO_ANSWER,
    httpcore.RemoteProtocolError: Failure.NO_ANSWER,
    httpcore.LocalProtocolError: Failure.NO_ANSWER,
    httpcore.ProtocolError: Failure.NO_ANSWER,
    httpcore.ProxyError: Failure.NO_ANSWER,
    httpcore.ConnectionNotAvailable: Failure.NO_ANSWER,
    httpx.ReadError: Failure.NO_ANSWER,
    httpx.WriteError: Failure.NO_ANSWER,
    httpx.CloseError: Failure.NO_ANSWER,
    httpx.NetworkError: Failure.NO_ANSWER,
    httpx.RemoteProtocolError: Failure.NO_ANSWER,
    httpx.LocalProtocolError: Failure.NO_ANSWER,
    httpx.ProtocolError: Failure.NO_ANSWER,
    httpx.ProxyError: Failure.NO_ANSWER,
    httpx.TransportError: Failure.NO_ANSWER,
    httpx.RequestError: Failure.NO_ANSWER,
    httpx.HTTPError: Failure.NO_ANSWER,
    httpx.HTTPStatusError: Failure.NO_ANSWER,
    httpx.TooManyRedirects: Failure.NO_ANSWER,
    httpx.InvalidURL: Failure.NO_ANSWER,
    httpx.CookieConflict: Failure.NO_ANSWER,
    httpx.StreamError: Failure.NO_ANSWER,
    httpx.StreamConsumed: Failure.NO_ANSWER,
    httpx.StreamClosed: Failure.NO_ANSWER,
    httpx.ResponseNotRead: Failure.NO_ANSWER,
    httpx.RequestNotRead: Failure.NO_ANSWER,
    # An answer came, and it is none.
    httpx.DecodingError: Failure.UNREADABLE,
}
"""Every exception of the two libraries. What is not known to come before the first byte never says "not sent"."""

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"etl-planillas/{__version__}",
}
_COMPRESSED: Final = frozenset({"gzip", "x-gzip", "deflate"})
_PLAIN: Final = frozenset({"", "identity"})


class Transport(Protocol):
    """Sends one request, once."""

    def send(self, request: Request, *, effect: Effect, deadline: float) -> Answer | NoAnswer:
        """Return the whole answer, or why there is none, within `deadline` seconds."""


class _UnusableBodyError(Exception):
    """The body cannot be taken in."""

    def __init__(self, failure: Failure, why: str) -> None:
        super().__init__(why)
        self.failure = failure


def _never() -> float | None:
    return None


class HttpTransport:
    """Sends to a vendor's address with a profile's credentials. A context manager; any thread may call `send`.

    Each movement gets a connection of its own, so that none is lost in a connection that the server has just given
    up (RET-7); other requests use one again while it is fresh.
    """

    def __init__(
        self, vendor: Vendor, profile: Profile, *, stop_requested_at: Callable[[], float | None] = _never
    ) -> None:
        """`stop_requested_at` (`Stops.asked_at`) gives what is in flight 60 more seconds at most.

        ConfigurationError when a credential is missing or the profile's `ca_file` cannot be used.
        """
        self._vendor = vendor
        self._address = profile.address
        self._secrets = {name: secret.reveal for name, secret in profile.credentials().items()}
        self._stop_requested_at = stop_requested_at
        self._tls = tls_context(profile.ca_file) if profile.address.startswith("https:") else None
        self._pacer = _pacer(vendor, profile)
        self._idle: list[_Line] = []
        self._guard = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def send(self, request: Request, *, effect: Effect, deadline: float) -> Answer | NoAnswer:
        """Send once; return the whole answer, or why there is none, within `deadline` seconds (or a second more).

        Where the vendor limits requests, it first waits for its turn; the deadline is counted from there. A body whose
        end the server marks by closing comes back as far as it came: its reader decides.
        """
        if self._pacer is not None and not self._pacer.take_turn(lambda: self._stop_requested_at() is not None):
            return NoAnswer(Failure.NOT_CONNECTED, "stopped while it waited for its turn")
        signed = self._vendor.sign(request, {name: reveal() for name, reveal in self._secrets.items()})
        attempt = Attempt(deadline, self._stop_requested_at)
        try:
            with self._line(attempt, keep=effect is not Effect.DELTA) as line:
                return line.ask(self._request(request, signed, effect), attempt)
        except _UnusableBodyError as error:
            return NoAnswer(error.failure, _detail(error, attempt))
        except tuple(FAILURES) as error:
            return NoAnswer(_failure(error, attempt), _detail(error, attempt))

    def _request(self, request: Request, signed: Signed, effect: Effect) -> httpx.Request:
        movement = effect is Effect.DELTA
        headers = httpx.Headers(_HEADERS)
        if signed.body is not None:
            headers["Content-Type"] = "application/json"
        if movement:
            headers["Connection"] = "close"
        headers.update(signed.headers)
        timeout = httpx.Timeout(connect=CONNECT, write=WRITE, read=READ_MOVEMENT if movement else READ, pool=CONNECT)
        return httpx.Request(
            request.method,
            self._address + request.path,
            params=request.query or None,
            headers=headers,
            content=signed.body,
            extensions={"timeout": timeout.as_dict()},
        )

    @contextlib.contextmanager
    def _line(self, attempt: Attempt, *, keep: bool) -> Iterator[_Line]:
        """Give a line for one request: a new one for a movement, else one that is idle. Only whole answers keep it."""
        with self._guard:
            line = self._idle.pop() if keep and self._idle else None
        line = line or _Line(self._tls, attempt)
        line.backend.attempt = attempt
        whole = False
        try:
            yield line
            whole = True
        finally:
            with self._guard:
                kept = keep and whole and not self._closed
                if kept:
                    self._idle.append(line)
            if not kept:
                line.close()


def post(address: Secret, body: bytes, content_type: str, *, deadline: float) -> Answer | NoAnswer:
    """Post to an address that is no vendor's (a webhook), without credentials; return what came in `deadline` seconds.

    The address may hold a credential itself, so nothing that is returned names it.
    """
    place = address.reveal()
    attempt = Attempt(deadline, _never)
    timeout = httpx.Timeout(deadline)
    line = _Line(tls_context() if place.startswith("https:") else None, attempt)
    headers = {**_HEADERS, "Accept": "*/*", "Content-Type": content_type, "Connection": "close"}
    try:
        extensions = {"timeout": timeout.as_dict()}
        return line.ask(httpx.Request("POST", place, headers=headers, content=body, extensions=extensions), attempt)
    except _UnusableBodyError as error:
        return NoAnswer(error.failure, _detail(error, attempt))
    except tuple(FAILURES) as error:
        return NoAnswer(_failure(error, attempt), _detail(error, attempt))
    finally:
        line.close()


def _pacer(vendor: Vendor, profile: Profile) -> Pacer | None:
    if vendor.pace is None:
        return None
    requests, seconds = (profile.settings[name] for name in (vendor.pace.requests, vendor.pace.seconds))
    return pacer_of(profile.address, profile.account, requests, seconds)


class _Pool(httpx.BaseTransport):
    """One connection at a time, through sockets that keep to the deadline."""

    def __init__(self, backend: DeadlineBackend, tls: ssl.SSLContext | None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls, max_connections=1, keepalive_expiry=KEEP_ALIVE, network_backend=backend
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the exceptions are httpcore's own."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method, url, headers=request.headers.raw, content=request.read(), extensions=request.extensions
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """A body that is still arriving."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Line:
    """A connection that serves one request at a time. Without a client above it: no cookies, redirects or proxies."""

    def __init__(self, tls: ssl.SSLContext | None, attempt: Attempt) -> None:
        self.backend = DeadlineBackend(attempt)
        self._pool = _Pool(self.backend, tls)

    def ask(self, request: httpx.Request, attempt: Attempt) -> Answer:
        """Send and read the whole answer. Raises what `FAILURES` lists, or `_UnusableBodyError`."""
        response = self._pool.handle_request(request)
        try:
            attempt.stage = "reading the answer"
            body = b"".join(_decoded(response))
        finally:
            response.close()
        # A session's cookie is a credential too, and nobody needs it.
        headers = {name.lower(): value for name, value in response.headers.items() if name.lower() != "set-cookie"}
        return Answer(response.status_code, body, headers)

    def close(self) -> None:
        """Close its connection."""
        self._pool.close()


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    """Yield the body, never more than `LARGEST_ANSWER`: what a few bytes unpack to is counted while unpacking."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _COMPRESSED | _PLAIN:
        raise _UnusableBodyError(Failure.UNREADABLE, "the answer has a compression that was not asked for")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding in _COMPRESSED else None
    size = raw = 0
    for piece in response.iter_raw():
        raw += len(piece)
        try:
            part = piece if unpack is None else unpack.decompress(piece, LARGEST_ANSWER - size + 1)
        except zlib.error:
            raise _UnusableBodyError(Failure.UNREADABLE, "the compression of the answer is broken") from None
        size += len(part)
        if max(size, raw) > LARGEST_ANSWER:
            raise _UnusableBodyError(Failure.TOO_LARGE, f"the answer is larger than {LARGEST_ANSWER} bytes")
        yield part
    if unpack is not None and raw and not unpack.eof:
        raise _UnusableBodyError(Failure.UNREADABLE, "the compressed answer is cut")


def _failure(error: Exception, attempt: Attempt) -> Failure:
    found = next(FAILURES[kind] for kind in type(error).__mro__ if kind in FAILURES)
    if found is Failure.NOT_CONNECTED and attempt.sent:
        return Failure.NO_ANSWER
    protocol = isinstance(error, httpcore.RemoteProtocolError | httpx.RemoteProtocolError)
    return Failure.UNREADABLE if protocol and attempt.received and not attempt.ended else found


def _detail(error: Exception, attempt: Attempt) -> str:
    """Say what happened in words that cannot hold a header or a body: ours, or the system's about the connection."""
    ours = isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout | _UnusableBodyError)
    words = str(error) if ours else ""
    place = f"{type(error).__name__} while {attempt.stage} after {attempt.elapsed:.1f} s, {attempt.received} bytes came"
    return clean(f"{place}: {words}" if words else place)


@lru_cache(maxsize=4)
def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return the context that all connections share (making one is slow): TLS 1.2 or newer, certificates checked.

    It trusts the system's authorities and those of the certifi package; `ca_file` adds some, for networks that decrypt
    https. Built by hand, because the standard library's ready one writes keys where SSLKEYLOGFILE says (SEC-5).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    context.load_verify_locations(certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ConfigurationError(
                text("The certificates of {path} cannot be used: {why}", path=str(ca_file), why=reason),
                hint=text("ca_file must be a PEM file that can be read."),
            ) from None
    return context
