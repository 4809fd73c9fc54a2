"""Sockets under one total deadline: whatever the server does or leaves undone, an attempt ends in time (RET-6)."""

from __future__ import annotations

import ipaddress
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpcore

STOP_PATIENCE: Final = 60.0
"""Seconds that a request in flight still gets after somebody asked to stop (JOB-6)."""
LOOK_EVERY: Final = 1.0
"""Seconds after which a waiting read looks whether somebody asked to stop."""
CHUNK: Final = 16 * 1024
"""Bytes handed to the socket at once, so that a server that hardly reads cannot hold a write for long."""


class Attempt:
    """The time that one request still has, and how far it got."""

    def __init__(self, seconds: float, stop_requested_at: Callable[[], float | None]) -> None:
        self._begun = time.monotonic()
        self._seconds = seconds
        self._stop_requested_at = stop_requested_at
        self.stage = "connecting"
        self.sent = False
        """Whether a byte of the request may have left: from here on nobody can say that nothing was sent."""
        self.received = 0
        self.ended = False
        """Whether the server closed its side."""

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._begun

    def left(self, phase: float | None) -> float:
        """Return the seconds left of the whole and of a phase that has just begun; 0 or less: none."""
        until = self._begun + self._seconds
        asked = self._stop_requested_at()
        if asked is not None:
            until = min(until, asked + STOP_PATIENCE)
        return min(until - time.monotonic(), math.inf if phase is None else phase)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections for one attempt at a time; `attempt` is set before each request."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers; each gets its share of the time left."""
        until = time.monotonic() + self.attempt.left(timeout)
        addresses = _look_up(host, port, until - time.monotonic())
        for position, address in enumerate(addresses):
            share = (until - time.monotonic()) / (len(addresses) - position)
            if share <= 0:
                break
            try:
                stream = self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if position == len(addresses) - 1:
                    raise
            else:
                return DeadlineStream(stream, self)
        raise httpcore.ConnectTimeout("no time left to connect")


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every call gets at most what is left of the attempt that uses it now."""

    def __init__(self, stream: httpcore.NetworkStream, backend: DeadlineBackend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there; ReadTimeout when the phase or the attempt is over."""
        attempt = self._backend.attempt
        attempt.stage = "reading the answer" if attempt.received else "waiting for the answer"
        begun = time.monotonic()
        while (left := attempt.left(None if timeout is None else begun + timeout - time.monotonic())) > 0:
            try:
                data = self._stream.read(max_bytes, min(left, LOOK_EVERY))
            except httpcore.ReadTimeout:
                continue
            attempt.received += len(data)
            attempt.ended = not data
            return data
        raise httpcore.ReadTimeout("the time is over")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it; WriteTimeout when the phase or the attempt is over."""
        attempt = self._backend.attempt
        attempt.stage = "sending"
        begun = time.monotonic()
        for start in range(0, len(buffer), CHUNK):
            left = attempt.left(None if timeout is None else begun + timeout - time.monotonic())
            if left <= 0:
                raise httpcore.WriteTimeout("the time is over")
            attempt.sent = True
            self._stream.write(buffer[start : start + CHUNK], left)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Encrypt the connection; ConnectTimeout when the phase or the attempt is over."""
        left = self._backend.attempt.left(timeout)
        if left <= 0:
            raise httpcore.ConnectTimeout("no time left to connect")
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left), self._backend)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks about the socket."""
        return self._stream.get_extra_info(info)


def _look_up(host: str, port: int, timeout: float) -> list[str]:
    """Return the addresses of a name, each once. The system's look-up knows no time limit, hence the thread."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    found: list[str] = []
    failures: list[str] = []
    done = threading.Event()

    def look() -> None:
        try:
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failures.append(getattr(error, "strerror", None) or "no such name")
        finally:
            done.set()

    threading.Thread(target=look, daemon=True, name="name look-up").start()
    if timeout <= 0 or not done.wait(timeout):
        raise httpcore.ConnectTimeout("the name could not be looked up in time")
    if not found:
        raise httpcore.ConnectError(failures[0] if failures else "the name has no address")
    return list(dict.fromkeys(found))
