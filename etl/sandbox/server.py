"""The sandbox itself: the vendors, simulated over real HTTP on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from types import FrameType, TracebackType
from typing import Self

from etl.model import Json
from etl.sandbox.bsale import Bsale
from etl.sandbox.control import ControlPanel
from etl.sandbox.faults import FaultBook
from etl.sandbox.front import Front
from etl.sandbox.justo import Justo
from etl.sandbox.tusfacturas import TusFacturas
from etl.sandbox.vendor import SimulatedVendor

HOST = "127.0.0.1"

DEMO_CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "tusfacturas": {
        "usertoken": "demo-usertoken-7f1b2c94d0",
        "apikey": "1134",
        "apitoken": "demo-apitoken-5e8a31b6c2",
    },
    "bsale": {"access_token": "demo-access-token-2d94f1c6ae"},
    "justo": {"token": "demo-token-c41e9f07ab"},
}
"""By vendor: the credentials that the sandbox takes. They open nothing else."""


class Sandbox:
    """The vendors, simulated. A context manager: it listens on loopback from entry to exit.

    `port` 0 takes a free one. Faults are ordered through `faults`, or over HTTP (module `control`).
    OSError on entry when the port is taken.
    """

    def __init__(self, port: int = 0, credentials: Mapping[str, Mapping[str, str]] = DEMO_CREDENTIALS) -> None:
        self.faults = FaultBook()
        self.tusfacturas = TusFacturas(credentials["tusfacturas"])
        self.bsale = Bsale(credentials.get("bsale", DEMO_CREDENTIALS["bsale"]))
        self.justo = Justo(credentials.get("justo", DEMO_CREDENTIALS["justo"]))
        self.vendors: Mapping[str, SimulatedVendor] = {
            one.name: one for one in (self.tusfacturas, self.bsale, self.justo)
        }
        panel = ControlPanel(self.faults, self.vendors, self.state, self._forget)
        self._front = Front(self.faults, self.vendors, panel)
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="etl-sandbox", daemon=True)

    def __enter__(self) -> Self:
        try:
            bound = _bind(self._port)
        except OSError:
            self._loop.close()
            raise
        self._port = bound.getsockname()[1]
        self._thread.start()
        self._wait_for(self._front.open(bound))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait_for(self._front.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def root(self) -> str:
        """The address of the sandbox itself, ending in a slash."""
        return f"http://{HOST}:{self._port}/"

    def url(self, vendor: str) -> str:
        """Return the base address of a vendor, ending in a slash; KeyError when there is none of that name."""
        return self.root + self.vendors[vendor].prefix

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Refuse connections for the time of a ``with`` block; those that stand are closed."""
        self._wait_for(self._front.close())
        bound = _bind(self._port)  # held without listening: the system refuses, and nobody else can take the port
        try:
            yield
        finally:
            self._wait_for(self._front.open(bound))

    @property
    def pending(self) -> int:
        """How many requests are still to be applied (the faults that apply later)."""
        return self._front.pending

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until nothing is still to be applied; TimeoutError when that takes longer than `timeout` seconds."""
        end = time.monotonic() + timeout
        while self.pending:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.pending} requests are still to be applied")
            time.sleep(0.01)

    def state(self) -> dict[str, Json]:
        """Return what all vendors hold and what was applied, as the control endpoint tells it."""
        told: dict[str, Json] = {name: vendor.state() for name, vendor in self.vendors.items()}
        fired = [{"fault": one.fault.value, "vendor": one.vendor, "path": one.path} for one in self.faults.fired]
        return {**told, "fired": fired, "pending": self.pending}

    def reset(self) -> None:
        """Be as new: no data, no counts, no faults, nothing still to be applied."""

        async def forget() -> None:
            self._forget()

        self._wait_for(forget())

    def _forget(self) -> None:
        self._front.forget_pending()
        self.faults.clear()
        for vendor in self.vendors.values():
            vendor.reset()

    def _wait_for(self, doing: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(doing, self._loop).result(timeout=30)


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two programs share the port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


def serve(
    port: int = 0, announce: Callable[[Sandbox], None] | None = None, *, orders_every: float | None = None
) -> None:
    """Run a sandbox in the foreground until SIGINT or SIGTERM; `announce` is told when it listens.

    `orders_every` so many seconds somebody buys one of everything at Justo and at Bsale, and their stock falls.
    Only from the main thread. OSError when the port is taken.
    """
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the shape that signal wants
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Sandbox(port) as sandbox:
            if announce is not None:
                announce(sandbox)
            ordered = time.monotonic()
            while not stopped.wait(0.5):  # in slices: Windows delivers no signal to a thread that waits for ever
                if orders_every is not None and time.monotonic() - ordered >= orders_every:
                    ordered = time.monotonic()
                    sandbox.justo.order()
                    sandbox.bsale.sell()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
