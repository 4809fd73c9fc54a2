"""Steers a sandbox over HTTP, for those who run it in another process.

``GET /_control/state`` tells what the vendors hold and what was applied; ``POST /_control/faults`` takes a fault order
or a list of them (the fields of `FaultOrder`); ``POST /_control/reset`` starts afresh; ``POST /_control/VENDOR/ACTION``
is the vendor's own (`SimulatedVendor.control`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import msgspec

from etl.model import Json
from etl.sandbox.faults import FaultBook, FaultOrder
from etl.sandbox.vendor import SimulatedVendor
from etl.sandbox.wire import Incoming, Reply

PREFIX = "_control/"
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class ControlPanel:
    """The switches of a sandbox."""

    faults: FaultBook
    vendors: Mapping[str, SimulatedVendor]
    state: Callable[[], Json]
    reset: Callable[[], None]

    def answer(self, request: Incoming) -> Reply:
        """Do what a control request asks; 400 with the reason when it cannot be."""
        action = request.path.removeprefix(PREFIX)
        try:
            data = msgspec.json.decode(request.body) if request.body else None
            told = self._do(request.method, action, data)
        except (TypeError, ValueError, KeyError, msgspec.MsgspecError) as error:
            return Reply(400, _ENCODER.encode({"error": f"{type(error).__name__}: {error}"}))
        if told is None:
            return Reply(404, _ENCODER.encode({"error": f"no such control: {request.method} {action}"}))
        return Reply(200, _ENCODER.encode(told))

    def _do(self, method: str, action: str, data: Json) -> Json:
        vendor, slash, verb = action.partition("/")
        match method, action:
            case "GET", "state":
                return self.state()
            case "POST", "faults":
                orders = [_order(one) for one in (data if isinstance(data, list) else [data])]
                self.faults.add(*orders)
                return {"ordered": len(orders)}
            case "POST", "reset":
                self.reset()
                return {"reset": True}
            case "POST", _ if slash and vendor in self.vendors:
                return self.vendors[vendor].control(verb, data)
        return None


def _order(data: Json) -> FaultOrder:
    known = {one.name for one in fields(FaultOrder)}
    if unknown := sorted(set(data) - known):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    return msgspec.convert(data, FaultOrder)
