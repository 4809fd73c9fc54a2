"""Justo in memory: stores, products, modifiers and the counters of their stock, as the page of itemsStock describes."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from etl.model import Json
from etl.sandbox.faults import Fault, FaultOrder
from etl.sandbox.justo_catalogue import CATALOGUE, Catalogue, Node, Thing
from etl.sandbox.justo_fields import complaints
from etl.sandbox.wire import Incoming, Reply

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_PATH = "products/itemsStock"
_CREATED = "2024-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class SetStock:
    """One stock that was really set."""

    number: int
    """From 1, in the order of happening."""
    thing: Thing
    stock: int
    body_sha256: str
    sent: Mapping[str, Json]


@dataclass(slots=True)
class _Shop:
    catalogue: Catalogue = field(default_factory=lambda: deepcopy(CATALOGUE))
    stocks: dict[Thing, int] = field(default_factory=dict)
    applications: list[SetStock] = field(default_factory=list)


class _GateError(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Justo:
    """The vendor's system. Every public method and property may be used from any thread."""

    name = "justo"
    prefix = "justo/api/v2/"

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._token = credentials["token"]
        self._lock = threading.RLock()
        self._shop = _Shop()
        self._requests: Counter[str] = Counter()

    @property
    def applications(self) -> tuple[SetStock, ...]:
        """Every stock that was set, oldest first."""
        with self._lock:
            return tuple(self._shop.applications)

    @property
    def requests(self) -> Counter[str]:
        """How many requests arrived, by path, well answered or not."""
        with self._lock:
            return Counter(self._requests)

    @property
    def catalogue(self) -> Catalogue:
        """What the account has; add to it to make more of it known."""
        return self._shop.catalogue

    def stock(self, store: str, *ids: str) -> int | None:
        """Return the counter of a product (one id) or of an option (modifier, option); None when none was ever set."""
        with self._lock:
            return self._shop.stocks.get(self._shop.catalogue.thing(store, *ids))

    def times_applied(self, store: str, *ids: str) -> int:
        """Return how often the stock of a product or of an option was set."""
        thing = self._shop.catalogue.thing(store, *ids)
        return sum(one.thing == thing for one in self.applications)

    def order(self, units: int = 1) -> None:
        """Let customers order `units` of everything that has a counter: it falls, to 0 at most. No application."""
        with self._lock:
            for thing, stock in self._shop.stocks.items():
                self._shop.stocks[thing] = max(0, stock - units)

    def reset(self) -> None:
        """Be as new."""
        with self._lock:
            self._shop = _Shop()
            self._requests.clear()

    def control(self, action: str, data: Json) -> Json:
        """Do what a control request asks: ``order`` lowers the counters; ``store``, ``product``, ``option`` add one."""
        match action:
            case "order":
                self.order(int((data or {}).get("units", 1)))
            case "store":
                self.catalogue.add_store(data["_id"], data.get("externalId"))
            case "product":
                self.catalogue.add_product(data["_id"], data.get("externalId"))
            case "option":
                self.catalogue.add_option(data["modifierId"], data["_id"], data.get("externalId"))
            case _:
                return None
        return {"done": action}

    def state(self) -> Json:
        """Return stocks, applications and counts as JSON."""
        with self._lock:
            return {
                "stocks": [{"thing": list(thing), "stock": stock} for thing, stock in self._shop.stocks.items()],
                "applications": [
                    {"number": one.number, "thing": list(one.thing), "stock": one.stock, "sent": dict(one.sent)}
                    for one in self._shop.applications
                ],
                "requests": dict(self._requests),
            }

    def receive(self, path: str, request: Incoming) -> None:  # noqa: ARG002 - the shape of every vendor
        """Count a request."""
        with self._lock:
            self._requests[path] += 1

    def refusal(self, status: int) -> Reply:
        """Return an answer with this status in the vendor's form."""
        return _reply(status, {"status": "error", "error": "Request refused"})

    def answer(self, path: str, request: Incoming, order: FaultOrder | None = None) -> Reply:
        """Apply a request as far as `order` lets it and return the answer."""
        if order is not None and order.fault is Fault.REFUSED_BEFORE:
            return self.refusal(200)
        try:
            items = self._opened(path, request)
        except _GateError as error:
            return _reply(error.status, {"status": "error", "error": str(error)})
        taken = items[: order.items] if order is not None and order.fault is Fault.CLOSE_MIDWAY else items
        with self._lock:
            told, errors = self._set(taken, hashlib.sha256(request.body).hexdigest())
        if order is not None and order.fault is Fault.REFUSED_AFTER:
            return self.refusal(200)
        return _answer(_spoilt(told, order), _spoilt(errors, order) if not told else errors)

    def _opened(self, path: str, request: Incoming) -> list[dict[str, Json]]:
        if path != _PATH:
            raise _GateError(404, "Not found")
        if request.method != "PATCH":
            raise _GateError(405, "Method not allowed")
        if request.headers.get("authorization") != f"Bearer {self._token}":
            raise _GateError(401, "Unauthorized")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise _GateError(415, "Content-Type must be application/json")
        try:
            body = _DECODER.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _GateError(400, "Invalid JSON") from error
        items = [body] if isinstance(body, dict) else body
        if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
            raise _GateError(400, "The body must be an item or an array of items")
        return items

    def _set(self, items: Sequence[dict[str, Json]], sha256: str) -> tuple[list[Json], list[Json]]:
        """Set what has no errors; of a thing that stands twice in a body the first value counts (considerations)."""
        told: list[Json] = []
        errors: list[Json] = []
        first: dict[Thing, int] = {}
        for item in items:
            wrong = complaints(item) or self._shop.catalogue.missing(item)
            if wrong:
                errors.append({"item": item, "errors": wrong})
                continue
            thing = self._shop.catalogue.thing_of(item)
            if thing not in first:
                first[thing] = item["stock"]
                self._shop.stocks[thing] = item["stock"]
                number = len(self._shop.applications) + 1
                self._shop.applications.append(SetStock(number, thing, item["stock"], sha256, dict(item)))
            told.append(self._told(thing, item["type"], first[thing]))
        return told, errors

    def _told(self, thing: Thing, kind: str, stock: int) -> Json:
        nodes = self._shop.catalogue.nodes(thing)
        return {
            "_id": hashlib.sha256("/".join(thing).encode()).hexdigest()[:17],
            **{name: _node(node) for name, node in nodes.items()},
            "type": kind,
            "websiteId": "ErCkmcyCEovseJq5E",
            "createdAt": _CREATED,
            "stock": stock,
        }


def _node(node: Node | None) -> Json:
    return None if node is None else {"_id": node.id, "name": node.name, "externalId": node.external}


def _answer(told: list[Json], errors: list[Json]) -> Reply:
    if not errors:
        return _reply(200, {"status": "ok", "data": told})
    if told:
        return _reply(207, {"status": "Multi-Status", "data": {"processedData": told, "errors": errors}})
    return _reply(400, {"status": "error", "error": "Validations errors", "data": {"errors": errors}})


def _spoilt(items: list[Json], order: FaultOrder | None) -> list[Json]:
    """Return a list that tells less, more or other than what was done."""
    match order.fault if order is not None else None:
        case Fault.SHORT_LIST:
            return items[: order.items] if order is not None else items
        case Fault.REORDERED:
            return items[::-1]
        case Fault.DUPLICATED_ITEMS:
            return [*items[:1], *items]
        case Fault.STRANGE_ITEMS:
            strange = {"_id": "nobody", "name": "nobody", "externalId": None}
            return [*({**one, "product": strange, "modifierOption": strange} for one in items[:1]), *items[1:]]
    return items


def _reply(status: int, told: Json) -> Reply:
    return Reply(status, _ENCODER.encode(told))
