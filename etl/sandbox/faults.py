"""Decides which requests of a simulated vendor go wrong, and how. The doing is `delivery`'s."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum, unique

from etl.model import Json


@unique
class Fault(StrEnum):
    """What can go wrong. "Applied" is what the vendor's data say afterwards, whatever the client was told."""

    LATENCY = "latency"
    """Waits until `delay` seconds after the request came, then goes on as if nothing were; adds to any other fault."""

    RESET_ON_ACCEPT = "reset_on_accept"
    """The connection is reset before a byte of the request is read. Counts connections, not paths. Not applied."""
    CLOSE_BEFORE = "close_before"
    """The request is read and the connection closed without an answer. Not applied."""
    CLOSE_AFTER = "close_after"
    """Applied, then closed without an answer."""
    CLOSE_LATER = "close_later"
    """Closed without an answer; applied `delay` seconds later."""
    CLOSE_MIDWAY = "close_midway"
    """The first `items` items are applied, then the connection is closed without an answer."""
    CREATE_WITHOUT_STOCK = "create_without_stock"
    """Applied but for the initial stock of the products, then closed without an answer."""
    RESET_BEFORE = "reset_before"
    """The request is read and the connection reset. Not applied."""
    RESET_AFTER = "reset_after"
    """Applied, then reset."""
    SILENT_BEFORE = "silent_before"
    """Nothing is answered for `delay` seconds, then it is closed. Not applied."""
    SILENT_AFTER = "silent_after"
    """Applied; nothing is answered for `delay` seconds, then it is closed."""
    SILENT_LATER = "silent_later"
    """Nothing is answered; applied after `delay` seconds, then it is closed."""

    HALF_STATUS_LINE = "half_status_line"
    """Applied; the answer ends within its status line."""
    CUT_HEADERS = "cut_headers"
    """Applied; the answer ends within its headers."""
    CUT_LENGTH = "cut_length"
    """Applied; the body ends after `cut_at` bytes (half, if not said), short of its Content-Length."""
    CUT_CHUNKED = "cut_chunked"
    """Applied; a chunked body ends after `cut_at` bytes, without its last chunk."""
    CUT_EOF = "cut_eof"
    """Applied; a body that only the end of the connection delimits ends after `cut_at` bytes."""
    TRICKLE_HEADERS = "trickle_headers"
    """Applied; the whole answer comes a byte every `every` seconds."""
    TRICKLE_BODY = "trickle_body"
    """Applied; the headers come at once, the body a byte every `every` seconds."""

    STATUS_BEFORE = "status_before"
    """Answers `status` (with `retry_after`, `location`) and the vendor's kind of error body. Not applied."""
    STATUS_AFTER = "status_after"
    """Applied, then answers `status`."""
    STATUS_LATER = "status_later"
    """Answers `status` at once; applied `delay` seconds later."""

    HTML = "html"
    """Applied; 200 with a page instead of JSON."""
    EMPTY = "empty"
    """Applied; 200 with an empty body."""
    BROKEN_GZIP = "broken_gzip"
    """Applied; 200 that says gzip and is none."""
    GZIP_BOMB = "gzip_bomb"
    """Applied; 200 whose body inflates to `size` bytes."""
    TRUNCATED_JSON = "truncated_json"
    """Applied; a whole 200 whose JSON text ends after `cut_at` bytes (half, if not said)."""

    SHORT_LIST = "short_list"
    """Applied; the answer tells only of the first `items` items."""
    REORDERED = "reordered"
    """Applied; the items of the answer come in reverse."""
    DUPLICATED_ITEMS = "duplicated_items"
    """Applied; the answer tells of the first item twice."""
    STRANGE_ITEMS = "strange_items"
    """Applied; the answer tells of an item that nobody sent in place of the first."""
    REFUSED_BEFORE = "refused_before"
    """200 that refuses the request as a whole and lists no items. Not applied."""
    REFUSED_AFTER = "refused_after"
    """Applied; 200 that refuses the request as a whole and lists no items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultOrder:
    """One fault to happen: `times` times from the `nth` matching request on, each with `probability`."""

    fault: Fault
    vendor: str | None = None
    path: str | None = None
    """Relative to the vendor's address (``productos/stock``); None: any."""
    method: str | None = None
    """Of the request; None: any."""
    nth: int = 1
    """Counted among the matching requests since it was ordered, from 1."""
    times: int | None = 1
    """None: for ever."""
    probability: float = 1.0
    seed: int = 0
    """Of the draws for `probability`: equal seeds, equal runs."""
    status: int = 500
    retry_after: str | None = None
    location: str | None = None
    delay: float = 0.0
    every: float = 0.1
    cut_at: int | None = None
    items: int = 1
    size: int = 100_000_000


@dataclass(frozen=True, slots=True)
class Fired:
    """A fault that happened."""

    fault: Fault
    vendor: str
    path: str


@dataclass(frozen=True, slots=True)
class Picked:
    """What happens to one request."""

    order: FaultOrder | None = None
    latency: float = 0.0


@dataclass(slots=True)
class _Standing:
    order: FaultOrder
    draws: random.Random
    seen: int = 0
    left: float = field(default=float("inf"))

    def fires(self) -> bool:
        """Count one matching request, and say whether the fault falls on it."""
        self.seen += 1
        if self.seen < self.order.nth or self.left < 1:
            return False
        if self.order.probability < 1 and self.draws.random() >= self.order.probability:
            return False
        self.left -= 1
        return True


class FaultBook:
    """The standing orders of a sandbox. Safe to use from any thread; orders are asked in the order they were given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing: list[_Standing] = []
        self._fired: list[Fired] = []

    def add(self, *orders: FaultOrder) -> None:
        """Put orders behind those that stand."""
        with self._lock:
            for order in orders:
                left = float("inf") if order.times is None else order.times
                self._standing.append(_Standing(order, random.Random(order.seed), left=left))  # noqa: S311 - a plan

    def order(self, fault: Fault, /, **details: Json) -> None:
        """Put one order; `details` are the fields of `FaultOrder`."""
        self.add(FaultOrder(fault=fault, **details))

    def clear(self) -> None:
        """Forget every order and what has fired."""
        with self._lock:
            self._standing.clear()
            self._fired.clear()

    @property
    def fired(self) -> tuple[Fired, ...]:
        """The faults that happened, oldest first (latency apart)."""
        with self._lock:
            return tuple(self._fired)

    def pick(self, vendor: str, path: str, method: str = "POST") -> Picked:
        """Return what happens to this request; every matching order counts it, the first that falls on it wins."""
        with self._lock:
            falling = [one.order for one in self._matching(vendor, path, method) if one.fires()]
            latency = sum(order.delay for order in falling if order.fault is Fault.LATENCY)
            chosen = next((order for order in falling if order.fault is not Fault.LATENCY), None)
            if chosen is not None:
                self._fired.append(Fired(chosen.fault, vendor, path))
            return Picked(chosen, latency)

    def pick_connection(self) -> bool:
        """Say whether the connection that was just opened is to be reset."""
        with self._lock:
            resets = [one.fires() for one in self._standing if one.order.fault is Fault.RESET_ON_ACCEPT]
            if any(resets):
                self._fired.append(Fired(Fault.RESET_ON_ACCEPT, "", ""))
            return any(resets)

    def _matching(self, vendor: str, path: str, method: str) -> Iterable[_Standing]:
        for one in self._standing:
            order = one.order
            if order.fault is Fault.RESET_ON_ACCEPT:
                continue
            if order.vendor in {None, vendor} and order.path in {None, path} and order.method in {None, method}:
                yield one
