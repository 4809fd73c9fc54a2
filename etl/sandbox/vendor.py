"""What a simulated vendor offers to the server: one module a vendor fills it in."""

from __future__ import annotations

from typing import Protocol

from etl.model import Json
from etl.sandbox.faults import FaultOrder
from etl.sandbox.wire import Incoming, Reply


class SimulatedVendor(Protocol):
    """A vendor's system in memory. Every method may be called from any thread."""

    @property
    def name(self) -> str:
        """The vendor's name, as in `Vendor.name`."""

    @property
    def prefix(self) -> str:
        """Where its address starts on the sandbox, without a leading slash, ending in one."""

    def receive(self, path: str, request: Incoming) -> None:
        """Count a request that arrived, whatever becomes of it."""

    def answer(self, path: str, request: Incoming, order: FaultOrder | None = None) -> Reply:
        """Apply a request and return the answer; `order` may spoil how much is applied or what is told of it."""

    def refusal(self, status: int) -> Reply:
        """Return an answer with this status in the vendor's own form; nothing is applied."""

    def control(self, action: str, data: Json) -> Json:
        """Do what a control request asks (seed products, sell some); ValueError when it cannot be."""

    def state(self) -> Json:
        """Return all that it holds and all that was applied."""

    def reset(self) -> None:
        """Be as new."""
