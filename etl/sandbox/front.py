"""Takes connections, finds the vendor of each request and the fault that falls on it, and sends what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import Callable, Mapping

from etl.sandbox.control import PREFIX, ControlPanel
from etl.sandbox.delivery import Delivery, deliver, reset_connection
from etl.sandbox.faults import FaultBook
from etl.sandbox.vendor import SimulatedVendor
from etl.sandbox.wire import MAX_HEAD, BadRequestError, Incoming, Reply, read_request, render

_MOST_WORK = 0.005
"""Seconds that the work for one answer counts for at most, however long it took."""


class Front:
    """The server, as its loop sees it. Only `pending` may be read from another thread."""

    def __init__(self, faults: FaultBook, vendors: Mapping[str, SimulatedVendor], panel: ControlPanel) -> None:
        self._faults = faults
        self._vendors = vendors
        self._panel = panel
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._later: set[asyncio.TimerHandle] = set()
        self._work = 0.0
        self._beside = 0

    @property
    def pending(self) -> int:
        """How many requests are still to be applied."""
        return len(self._later)

    async def open(self, bound: socket.socket) -> None:
        """Listen on a bound socket."""
        self._server = await asyncio.start_server(self._accept, sock=bound, limit=MAX_HEAD, backlog=1024)

    async def close(self) -> None:
        """Stop listening and end every connection; what is still to be applied stays so."""
        if self._server is not None:
            self._server.close()
        for conversation in tuple(self._conversations):
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def forget_pending(self) -> None:
        """Never apply what is still to be applied."""
        for handle in self._later:
            handle.cancel()
        self._later.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._faults.pick_connection():
            reset_connection(writer)
            return
        conversation = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(self._numbers)
        try:
            goes_on = True
            while goes_on and (request := await read_request(reader, writer, number)) is not None:
                goes_on = await self._serve(request, writer) and request.keeps_alive
        except BadRequestError:
            writer.write(render(Reply(400)))
        except ConnectionError:
            pass  # the client went away
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve(self, request: Incoming, writer: asyncio.StreamWriter) -> bool:
        if request.path.startswith(PREFIX):
            writer.write(render(self._panel.answer(request)))
            return True
        vendor = next((one for one in self._vendors.values() if request.path.startswith(one.prefix)), None)
        if vendor is None:
            writer.write(render(Reply(404, b'{"error": "no such vendor"}')))
            return True
        return await self._serve_vendor(vendor, request, writer)

    async def _serve_vendor(self, vendor: SimulatedVendor, request: Incoming, writer: asyncio.StreamWriter) -> bool:
        path = request.path.removeprefix(vendor.prefix)
        vendor.receive(path, request)
        picked = self._faults.pick(vendor.name, path, request.method)
        until = request.arrived + picked.latency
        order = picked.order
        if order is None:
            await self._answer(vendor, path, request, writer, until)
            return True
        await _wait(until)
        delivery = Delivery(
            writer=writer,
            order=order,
            apply=lambda: vendor.answer(path, request, order),
            refuse=lambda: vendor.refusal(order.status),
            later=self._apply_later,
        )
        return await deliver(delivery)

    async def _answer(
        self, vendor: SimulatedVendor, path: str, request: Incoming, writer: asyncio.StreamWriter, until: float
    ) -> None:
        """Answer at a moment: the work for it and for those beside it, as long as it last took, is done just before."""
        self._beside += 1
        try:
            await _wait(until - self._beside * self._work)
            begun = time.monotonic()
            answer = render(vendor.answer(path, request))
            self._work = min(time.monotonic() - begun, _MOST_WORK)
            await _wait(until)
        finally:
            self._beside -= 1
        writer.write(answer)
        await writer.drain()

    def _apply_later(self, delay: float, apply: Callable[[], object]) -> None:
        def run() -> None:
            apply()
            self._later.discard(handle)

        handle = asyncio.get_running_loop().call_later(delay, run)
        self._later.add(handle)


async def _wait(until: float) -> None:
    """Wait until a moment of the monotonic clock, if it is still to come."""
    if (left := until - time.monotonic()) > 0:
        await asyncio.sleep(left)
