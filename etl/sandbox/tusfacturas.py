"""TusFacturas in memory: takes requests, checks them as its gate does, and tells what was really applied."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal

import msgspec

from etl.model import Json
from etl.sandbox.faults import Fault, FaultOrder
from etl.sandbox.tusfacturas_methods import BLANK, ENCODER, METHODS, Applied, Key, Shop, WholeRefusalError, refused
from etl.sandbox.wire import Incoming, Reply

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class _GateError(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class TusFacturas:
    """The vendor's system. Every public method and property may be used from any thread."""

    name = "tusfacturas"
    prefix = "tusfacturas/app/api/v2/"

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._credentials = dict(credentials)
        self._lock = threading.RLock()
        self._shop = Shop()
        self._requests: Counter[str] = Counter()
        self._connections: list[int] = []

    @property
    def products(self) -> dict[Key, dict[str, Json]]:
        """A copy of all products, by (lista_precios, codigo), oldest first."""
        with self._lock:
            return deepcopy(self._shop.products)

    def stock(self, lista_precios: str, codigo: str) -> int:
        """Return the stock of a product; KeyError when there is none."""
        with self._lock:
            units: int = self._shop.products[lista_precios, codigo]["stock_actual"]
            return units

    @property
    def applications(self) -> tuple[Applied, ...]:
        """Every change that was made, oldest first."""
        with self._lock:
            return tuple(self._shop.applications)

    def times_applied(self, lista_precios: str, codigo: str, method: str | None = None) -> int:
        """Return how often something (by `method`) was applied to a product."""
        return sum(
            (one.lista_precios, one.codigo) == (lista_precios, codigo) and method in {None, one.method}
            for one in self.applications
        )

    @property
    def requests(self) -> Counter[str]:
        """How many requests arrived, by method, well answered or not."""
        with self._lock:
            return Counter(self._requests)

    @property
    def connections(self) -> tuple[int, ...]:
        """The number of the connection on which each request came: tells whether a client reuses them."""
        with self._lock:
            return tuple(self._connections)

    @property
    def erases(self) -> bool:
        """The strict mood (as new): operacion M sets what it is not given to its blank. False: keeps it."""
        return self._shop.erases

    @erases.setter
    def erases(self, wanted: bool) -> None:
        self._shop.erases = wanted

    @property
    def quota(self) -> int:
        """How many requests the account's plan has in all."""
        return self._shop.quota

    @quota.setter
    def quota(self, wanted: int) -> None:
        self._shop.quota = wanted

    def seed(self, *products: Mapping[str, Json]) -> None:
        """Put products there; fields that are not given are blank, `descripcion` is the code. It is no application."""
        for product in products:
            if unknown := set(product) - set(BLANK):
                raise ValueError(f"unknown: {sorted(unknown)}")
            whole = {**BLANK, "descripcion": product["codigo"], **product}
            with self._lock:
                self._shop.products[whole["lista_precios"], whole["codigo"]] = whole

    def move(self, lista_precios: str, codigo: str, units: int) -> None:
        """Move stock as somebody else would (a sale is negative). It is no application."""
        with self._lock:
            self._shop.products[lista_precios, codigo]["stock_actual"] += units

    def forget(self, lista_precios: str, codigo: str) -> None:
        """Delete a product, as somebody would on the vendor's site. It is no application."""
        with self._lock:
            del self._shop.products[lista_precios, codigo]

    def reset(self) -> None:
        """Be as new."""
        with self._lock:
            self._shop = Shop()
            self._requests.clear()
            self._connections.clear()

    def control(self, action: str, data: Json) -> Json:
        """Do what a control request asks.

        ``products`` seeds a list, ``move`` moves stock, ``mood`` sets `erases`, ``quota`` the requests of the plan;
        ``counts`` tells how many changes were made and how many requests came, by method.
        """
        match action:
            case "products":
                self.seed(*data)
            case "move":
                self.move(data["lista_precios"], data["codigo"], data["cantidad"])
            case "mood":
                self.erases = bool(data["erases"])
            case "quota":
                self.quota = int(data["requests"])
            case "counts":
                with self._lock:
                    return {"applications": len(self._shop.applications), "requests": dict(self._requests)}
            case _:
                return None
        return {"done": action}

    def state(self) -> Json:
        """Return products, applications and counts as JSON."""
        fields = ("number", "method", "operation", "lista_precios", "codigo", "body_sha256")
        with self._lock:
            return {
                "products": list(self.products.values()),
                "applications": [
                    {**{name: getattr(one, name) for name in fields}, "sent": dict(one.sent)}
                    for one in self._shop.applications
                ],
                "requests": dict(self._requests),
            }

    def receive(self, path: str, request: Incoming) -> None:
        """Count a request; the vendor counts failed ones too."""
        with self._lock:
            self._shop.used += 1
            self._requests[path] += 1
            self._connections.append(request.connection)

    def refusal(self, status: int) -> Reply:
        """Return an answer with this status in the vendor's form."""
        return _reply(status, refused("Error al procesar la solicitud."))

    def answer(self, path: str, request: Incoming, order: FaultOrder | None = None) -> Reply:
        """Apply a request as far as `order` lets it and return the answer."""
        if order is not None and order.fault is Fault.REFUSED_BEFORE:
            return _reply(200, refused("No se pudo procesar el lote."))
        try:
            body = self._opened(path, request)
            with self._lock:
                told = METHODS[path](self._shop, body, order)
        except _GateError as error:
            return _reply(error.status, refused(str(error)))
        except WholeRefusalError as error:
            return _reply(200, refused(str(error)))
        return _reply(200, told if order is None else _spoilt(told, order))

    def _opened(self, path: str, request: Incoming) -> dict[str, Json]:
        """Return the body without its credentials, or refuse with the statuses that the vendor documents."""
        if path not in METHODS:
            raise _GateError(404, "El recurso solicitado no existe.")
        if request.method != "POST":
            raise _GateError(405, "El metodo HTTP no es valido.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise _GateError(415, "El contenido debe ser application/json.")
        try:
            body = _DECODER.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _GateError(400, "El JSON enviado no es valido.") from error
        if not isinstance(body, dict):
            raise _GateError(400, "El JSON enviado no es valido.")
        for name, secret in self._credentials.items():
            given = body.pop(name, None)
            if isinstance(given, bool) or str(given) != secret:  # the vendor shows `apikey` as text and as a number
                raise _GateError(401, "Acceso denegado. Verifique sus credenciales.")
        return body


def _spoilt(told: dict[str, Json], order: FaultOrder) -> dict[str, Json]:
    """Return an answer that tells less, more or other than what was done."""
    items = told.get("productos", [])
    match order.fault:
        case Fault.SHORT_LIST:
            items = items[: order.items]
        case Fault.REORDERED:
            items = items[::-1]
        case Fault.DUPLICATED_ITEMS:
            items = [*items[:1], *items]
        case Fault.STRANGE_ITEMS:
            items = [*({**item, "codigo": "nadie-lo-mando"} for item in items[:1]), *items[1:]]
        case Fault.REFUSED_AFTER:
            return refused("No se pudo procesar el lote.")
        case _:
            return told
    return {**told, "productos": items}


def _reply(status: int, told: dict[str, Json]) -> Reply:
    r"""Return an answer with the escapes that the vendor's answers show: ``\/`` and ``\uXXXX``."""
    text = ENCODER.encode(told).decode().replace("/", "\\/")
    return Reply(status, (text if text.isascii() else _NOT_ASCII.sub(_escaped, text)).encode("ascii"))


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
