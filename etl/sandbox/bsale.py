"""Bsale in memory: takes requests as its stock page describes, and tells what was really applied."""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from etl.model import Json
from etl.sandbox import bsale_reads as reads
from etl.sandbox.bsale_account import CONSUMPTION, RECEPTION, Account, Document, Kind, Moved, Stock
from etl.sandbox.bsale_catalogue import new_account
from etl.sandbox.bsale_control import CONTROLS, stated
from etl.sandbox.bsale_movements import Arrival, write
from etl.sandbox.bsale_query import GateError, understand
from etl.sandbox.bsale_told import Teller
from etl.sandbox.faults import Fault, FaultOrder
from etl.sandbox.wire import Incoming, Reply

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_SANTIAGO = ZoneInfo("America/Santiago")
_KINDS: Mapping[str, Kind] = {"receptions": RECEPTION, "consumptions": CONSUMPTION}

_ANOTHER_NOTE = "prueba api"
"""What the page's samples answer to documents with other notes."""

_WORDS = {
    400: "Invalid JSON object",
    401: "The access token is wrong",
    402: "The account is blocked for lack of payment",
    403: "You have no permission for this resource",
    404: "The requested resource was not found",
    405: "Method not allowed",
    429: "Too many requests",
    500: "The requested resource is not available",
    502: "Error not handled by the API",
}

_DOCUMENTS = "(?P<kind>receptions|consumptions)"
_ROUTES: Mapping[str, Callable[..., Json]] = {
    r"stocks\.json": reads.stocks,
    r"stocks/(\d{1,12})\.json": reads.stock,
    rf"stocks/{_DOCUMENTS}\.json": reads.documents,
    rf"stocks/{_DOCUMENTS}/(\d{{1,12}})\.json": reads.document,
    rf"stocks/{_DOCUMENTS}/(\d{{1,12}})/details\.json": reads.details,
    rf"stocks/{_DOCUMENTS}/(\d{{1,12}})/details/(\d{{1,12}})\.json": reads.detail,
    r"stock_consumption_types\.json": reads.consumption_types,
    r"offices\.json": reads.offices,
    r"offices/(\d{1,12})\.json": reads.office,
    r"variants\.json": reads.variants,
    r"variants/(\d{1,12})\.json": reads.variant,
    r"products/(\d{1,12})\.json": reads.product,
    r"users/(\d{1,12})\.json": reads.user,
}


class Bsale:
    """The vendor's system. Every public method and property may be used from any thread.

    `now` tells the time (aware): it dates documents and measures the rate limit.
    """

    name = "bsale"
    prefix = "bsale/v1/"

    def __init__(self, credentials: Mapping[str, str], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._token = credentials["access_token"]
        self._now = now
        self._lock = threading.RLock()
        self._account = new_account()
        self._requests: Counter[str] = Counter()
        self._window: tuple[datetime, int] | None = None

    @property
    def account(self) -> Account:
        """What the account holds and how it behaves (`mood`); change it to make more of it known, or to seed stock."""
        return self._account

    @property
    def applications(self) -> tuple[Moved, ...]:
        """Every line that was applied, oldest first."""
        with self._lock:
            return tuple(self._account.applied)

    @property
    def requests(self) -> Counter[str]:
        """How many requests arrived, by method and path (``POST stocks/receptions.json``), well answered or not."""
        with self._lock:
            return Counter(self._requests)

    def documents(self, kind: Kind) -> tuple[Document, ...]:
        """Return the receptions or the consumptions, those of a new account included, oldest first."""
        with self._lock:
            return tuple(deepcopy(self._account.documents[kind]).values())

    def stock(self, office: int, variant: int) -> Stock:
        """Return a copy of the stock of a variant in an office."""
        with self._lock:
            return deepcopy(self._account.stock(office, variant))

    def times_applied(self, office: int, variant: int, kind: Kind | None = None) -> int:
        """Return how many lines (of one kind) moved a variant in an office."""
        return sum(
            (one.office, one.variant) == (office, variant) and kind in {None, one.kind} for one in self.applications
        )

    def move(self, office: int, variant: int, units: Decimal) -> None:
        """Move stock as somebody else would (a sale is negative). No application."""
        with self._lock:
            self._account.stock(office, variant).quantity += units

    def sell(self, units: int = 1) -> None:
        """Let customers buy `units` of everything that is available, as far as there is. No application."""
        with self._lock:
            for stock in self._account.stocks.values():
                stock.quantity -= max(Decimal(0), min(Decimal(units), stock.available))

    def reset(self) -> None:
        """Be as new."""
        with self._lock:
            self._account = new_account()
            self._requests.clear()
            self._window = None

    def control(self, action: str, data: Json) -> Json:
        """Do what a control request asks (module `bsale_control`)."""
        if action not in CONTROLS:
            return None
        with self._lock:
            CONTROLS[action](self._account, data or {})
        return {"done": action}

    def state(self) -> Json:
        """Return stock, applications, the documents made of them, and counts as JSON."""
        with self._lock:
            return {**stated(self._account), "requests": dict(self._requests)}

    def receive(self, path: str, request: Incoming) -> None:
        """Count a request."""
        with self._lock:
            self._requests[f"{request.method} {path}"] += 1

    def refusal(self, status: int) -> Reply:
        """Return an answer with this status in the vendor's form."""
        return _reply(status, {"error": _WORDS.get(status, "Unexpected error")})

    def answer(self, path: str, request: Incoming, order: FaultOrder | None = None) -> Reply:
        """Apply a request as far as `order` lets it and return the answer."""
        if order is not None and order.fault is Fault.REFUSED_BEFORE:
            return self.refusal(200)
        try:
            with self._lock:
                if (wait := self._wait()) is not None:
                    return self._slow_down(wait)
                status, told = self._answered(path, request, order)
        except GateError as error:
            return _reply(error.status, {"error": str(error)})
        if order is not None and order.fault is Fault.REFUSED_AFTER:
            return self.refusal(200)
        return _reply(status, told if order is None else _spoilt(told, order))

    def _wait(self) -> float | None:
        """Count a request against the limit; the seconds to wait when it is one too many, else None."""
        mood, now = self._account.mood, self._now()
        start, used = self._window or (now, 0)
        passed = (now - start).total_seconds()
        if passed >= mood.seconds:
            start, used, passed = now, 0, 0.0
        self._window = (start, used + 1)
        return mood.seconds - passed if used >= mood.requests else None

    def _slow_down(self, wait: float) -> Reply:
        hints, seconds = self._account.mood.hints, max(1, math.ceil(wait))
        body = {"error": _WORDS[429], **({"retry_after": seconds} if "body" in hints else {})}
        return replace(_reply(429, body), headers={"Retry-After": str(seconds)} if "header" in hints else {})

    def _answered(self, path: str, request: Incoming, order: FaultOrder | None) -> tuple[int, Json]:
        read, match = _route(path)
        if request.headers.get("access_token") != self._token:
            denial = self._account.mood.denial
            raise GateError(denial, _WORDS[401] if denial == 401 else "The access token cannot be authenticated")
        kind = _KINDS.get(match.groupdict().get("kind", ""))
        numbers = [int(one) for one in match.groups() if one is not None and one.isdecimal()]
        teller = Teller(f"http://{request.headers.get('host', 'localhost')}/{self.prefix}", self._account)
        given = [kind, *numbers] if kind is not None else numbers
        if request.method == "GET":
            return 200, read(teller, request.query, *given)
        if request.method == "POST" and kind is not None and read is reads.documents:
            return 201, self._write(teller, kind, request, order)
        if request.method == "PUT" and kind == RECEPTION and read is reads.document:
            return 200, self._write(teller, kind, request, order, *numbers)
        raise GateError(405, _WORDS[405])

    def _write(
        self, teller: Teller, kind: Kind, request: Incoming, order: FaultOrder | None, number: int | None = None
    ) -> Json:
        understand(request.query, paged=False)
        if number is not None and number not in self._account.documents[kind]:
            raise GateError(404, _WORDS[404])
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise GateError(400, "Invalid JSON object")
        try:
            body = _DECODER.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise GateError(400, "Invalid JSON object") from error
        fault = order.fault if order is not None else None
        arrival = Arrival(
            method=request.method,
            day=self._now().astimezone(_SANTIAGO).date(),
            body_sha256=hashlib.sha256(request.body).hexdigest(),
            lines=order.items if order is not None and fault is Fault.CLOSE_MIDWAY else None,
            moves_stock=fault is not Fault.CREATE_WITHOUT_STOCK,
        )
        document = write(self._account, kind, body, arrival, number)
        note = _ANOTHER_NOTE if self._account.mood.notes == "other_echo" else document.note
        return teller.written(kind, document, note)


def _route(path: str) -> tuple[Callable[..., Json], re.Match[str]]:
    for pattern, read in _ROUTES.items():
        if match := re.fullmatch(pattern, path, re.ASCII):
            return read, match
    raise GateError(404, _WORDS[404])


def _spoilt(told: dict[str, Json], order: FaultOrder) -> dict[str, Json]:
    """Return an answer that tells less, more or other than what was done: of the items of a list, of one document."""
    spoil = _SPOILT_LISTS if "items" in told else _SPOILT_DOCUMENTS
    return spoil[order.fault](told, order) if order.fault in spoil else told


def _with_items(told: dict[str, Json], order: FaultOrder, change: Callable[[list[Json], int], list[Json]]) -> Json:
    return {**told, "items": change(told["items"], order.items)}


_STRANGER = 999_999_999

_SPOILT_LISTS: Mapping[Fault, Callable[[dict[str, Json], FaultOrder], Json]] = {
    Fault.SHORT_LIST: partial(_with_items, change=lambda items, most: items[:most]),
    Fault.REORDERED: partial(_with_items, change=lambda items, _: items[::-1]),
    Fault.DUPLICATED_ITEMS: partial(_with_items, change=lambda items, _: [*items[:1], *items]),
    Fault.STRANGE_ITEMS: partial(
        _with_items, change=lambda items, _: [*({**one, "id": _STRANGER} for one in items[:1]), *items[1:]]
    ),
}

_SPOILT_DOCUMENTS: Mapping[Fault, Callable[[dict[str, Json], FaultOrder], Json]] = {
    Fault.SHORT_LIST: lambda told, _: {name: value for name, value in told.items() if name not in {"id", "href"}},
    Fault.STRANGE_ITEMS: lambda told, _: {**told, "id": _STRANGER, "office": {"id": str(_STRANGER)}},
}


def _reply(status: int, told: Json) -> Reply:
    return Reply(status, _ENCODER.encode(told))
