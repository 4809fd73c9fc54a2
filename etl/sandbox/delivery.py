"""Carries out faults: what is applied when, and which bytes of the answer reach the client."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from etl.sandbox.faults import Fault, FaultOrder
from etl.sandbox.wire import Reply, render, render_head

Later = Callable[[float, Callable[[], object]], None]
"""(seconds, what) -> None: does it then, in the server's loop."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request on its way: how to apply it, how to refuse it, where its answer goes."""

    writer: asyncio.StreamWriter
    order: FaultOrder
    apply: Callable[[], Reply]
    refuse: Callable[[], Reply]
    later: Later

    def cut(self, body: bytes) -> bytes:
        """Return the part of `body` that the order lets through."""
        return body[: len(body) // 2 if self.order.cut_at is None else self.order.cut_at]

    async def send(self, data: bytes) -> None:
        """Write and wait until it is gone."""
        self.writer.write(data)
        await self.writer.drain()


async def deliver(delivery: Delivery) -> bool:
    """Carry the fault out; return whether the connection may go on."""
    fault = delivery.order.fault
    if fault in _WHOLE_ANSWERS:
        await delivery.send(render(_WHOLE_ANSWERS[fault](delivery)))
        return True
    await _BROKEN_ANSWERS[fault](delivery)
    return False


def reset_connection(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST instead of FIN."""
    plain: socket.socket | None = writer.get_extra_info("socket")
    if plain is not None:
        layout = "hh" if sys.platform == "win32" else "ii"
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(layout, 1, 0))
    writer.transport.abort()


def _apply(delivery: Delivery) -> Reply:
    return delivery.apply()


def _refuse(delivery: Delivery) -> Reply:
    reply, order = delivery.refuse(), delivery.order
    headers = {"Retry-After": order.retry_after, "Location": order.location}
    return replace(reply, headers={**reply.headers, **{name: one for name, one in headers.items() if one is not None}})


def _apply_then_refuse(delivery: Delivery) -> Reply:
    delivery.apply()
    return _refuse(delivery)


def _refuse_then_apply(delivery: Delivery) -> Reply:
    delivery.later(delivery.order.delay, delivery.apply)
    return _refuse(delivery)


def _instead(delivery: Delivery, body: bytes, header: tuple[str, str] = ("Content-Type", "application/json")) -> Reply:
    delivery.apply()
    return Reply(200, body, dict([header]))


def _truncated(delivery: Delivery) -> Reply:
    reply = delivery.apply()
    return replace(reply, body=delivery.cut(reply.body))


@lru_cache(maxsize=2)
def _bomb(size: int) -> bytes:
    """Return gzip that inflates to `size` zeros."""
    packer = zlib.compressobj(level=1, wbits=31)
    block = bytes(1 << 20)
    whole, rest = divmod(size, len(block))
    parts = [packer.compress(block) for _ in range(whole)]
    return b"".join([*parts, packer.compress(block[:rest]), packer.flush()])


_PAGE = b"<!DOCTYPE html><html><body><h1>Estamos trabajando en una mejora</h1></body></html>"
_GZIP = ("Content-Encoding", "gzip")

_WHOLE_ANSWERS: dict[Fault, Callable[[Delivery], Reply]] = {
    Fault.STATUS_BEFORE: _refuse,
    Fault.STATUS_AFTER: _apply_then_refuse,
    Fault.STATUS_LATER: _refuse_then_apply,
    Fault.HTML: lambda delivery: _instead(delivery, _PAGE, ("Content-Type", "text/html; charset=utf-8")),
    Fault.EMPTY: lambda delivery: _instead(delivery, b""),
    Fault.BROKEN_GZIP: lambda delivery: _instead(delivery, b"\x1f\x8bno gzip", _GZIP),
    Fault.GZIP_BOMB: lambda delivery: _instead(delivery, _bomb(delivery.order.size), _GZIP),
    Fault.TRUNCATED_JSON: _truncated,
    # How these spoil an answer is the vendor's own matter: it gets the order when it applies.
    Fault.SHORT_LIST: _apply,
    Fault.REORDERED: _apply,
    Fault.DUPLICATED_ITEMS: _apply,
    Fault.STRANGE_ITEMS: _apply,
    Fault.REFUSED_BEFORE: _apply,
    Fault.REFUSED_AFTER: _apply,
}


async def _close(delivery: Delivery, *, applied: bool = True) -> None:
    if applied:
        delivery.apply()


async def _close_later(delivery: Delivery) -> None:
    delivery.later(delivery.order.delay, delivery.apply)


async def _reset(delivery: Delivery, *, applied: bool) -> None:
    if applied:
        delivery.apply()
    reset_connection(delivery.writer)


async def _silent(delivery: Delivery, *, applied: bool) -> None:
    if applied:
        delivery.apply()
    await asyncio.sleep(delivery.order.delay)


async def _silent_later(delivery: Delivery) -> None:
    delivery.later(delivery.order.delay, delivery.apply)
    await asyncio.sleep(delivery.order.delay)


async def _half_status_line(delivery: Delivery) -> None:
    delivery.apply()
    await delivery.send(b"HTTP/1.1 2")


async def _cut_headers(delivery: Delivery) -> None:
    whole = render(delivery.apply())
    await delivery.send(whole[: whole.index(b"\r\n\r\n") - 2])


async def _cut_length(delivery: Delivery) -> None:
    reply = delivery.apply()
    await delivery.send(render_head(reply, Content_Length=str(len(reply.body))) + delivery.cut(reply.body))


async def _cut_chunked(delivery: Delivery) -> None:
    reply = delivery.apply()
    part = delivery.cut(reply.body)
    chunk = b"%x\r\n%s\r\n" % (len(part), part) if part else b""
    await delivery.send(render_head(reply, Transfer_Encoding="chunked") + chunk)


async def _cut_eof(delivery: Delivery) -> None:
    reply = delivery.apply()
    await delivery.send(render_head(reply, Connection="close") + delivery.cut(reply.body))


async def _trickle(delivery: Delivery, *, headers_too: bool) -> None:
    reply = delivery.apply()
    whole = render(reply)
    at_once = 0 if headers_too else len(whole) - len(reply.body)
    await delivery.send(whole[:at_once])
    for offset in range(at_once, len(whole)):
        await delivery.send(whole[offset : offset + 1])
        await asyncio.sleep(delivery.order.every)


_BROKEN_ANSWERS: dict[Fault, Callable[[Delivery], Awaitable[None]]] = {
    Fault.CLOSE_BEFORE: partial(_close, applied=False),
    Fault.CLOSE_AFTER: _close,
    Fault.CLOSE_LATER: _close_later,
    Fault.CLOSE_MIDWAY: _close,
    Fault.CREATE_WITHOUT_STOCK: _close,
    Fault.RESET_BEFORE: partial(_reset, applied=False),
    Fault.RESET_AFTER: partial(_reset, applied=True),
    Fault.SILENT_BEFORE: partial(_silent, applied=False),
    Fault.SILENT_AFTER: partial(_silent, applied=True),
    Fault.SILENT_LATER: _silent_later,
    Fault.HALF_STATUS_LINE: _half_status_line,
    Fault.CUT_HEADERS: _cut_headers,
    Fault.CUT_LENGTH: _cut_length,
    Fault.CUT_CHUNKED: _cut_chunked,
    Fault.CUT_EOF: _cut_eof,
    Fault.TRICKLE_HEADERS: partial(_trickle, headers_too=True),
    Fault.TRICKLE_BODY: partial(_trickle, headers_too=False),
}
