"""Reads HTTP/1.1 requests and renders answers as bytes, so that any of them can come late, cut or wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses
from urllib.parse import parse_qsl, urlsplit

MAX_HEAD = 64 * 1024
MAX_BODY = 16 * 1024 * 1024


class BadRequestError(Exception):
    """What arrived is no request that a server could read; the connection is closed."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A whole request. Header names in lower case; `path` without its leading slash."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    connection: int
    """Number of the connection it came on: tells whether a client reuses them."""
    arrived: float = 0.0
    """When its head was there, by the monotonic clock."""

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to go on on the same connection."""
        return self.headers.get("connection", "").lower() != "close"


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> Incoming | None:
    """Return the next request of a connection, None when it ended between two requests.

    `BadRequestError` when it is none or ends half way.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BadRequestError from error
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequestError from error
    arrived = time.monotonic()
    method, target, headers = _parse_head(head)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await _read_body(reader, headers)
    parts = urlsplit(target)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Incoming(method, parts.path.lstrip("/"), query, headers, body, connection, arrived)


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequestError
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequestError
        headers[name.strip().lower()] = value.strip()
    return words[0], words[1], headers


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdecimal() or int(length) > MAX_BODY:
        raise BadRequestError
    try:
        return await reader.readexactly(int(length))
    except asyncio.IncompleteReadError as error:
        raise BadRequestError from error


def render_head(reply: Reply, **framing: str) -> bytes:
    """Return status line and headers; `framing` names headers with ``_`` for ``-`` (``Content_Length="3"``)."""
    phrase = responses.get(reply.status, "Unknown")
    headers = {"Content-Type": "application/json", **reply.headers}
    headers |= {name.replace("_", "-"): value for name, value in framing.items()}
    lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def render(reply: Reply) -> bytes:
    """Return the whole answer as a well-behaved server sends it."""
    return render_head(reply, Content_Length=str(len(reply.body))) + reply.body
