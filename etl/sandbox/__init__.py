"""The vendors simulated over real HTTP on loopback, with faults to order, for demo, tests and benchmarks."""

from etl.sandbox.faults import Fault, FaultOrder
from etl.sandbox.server import DEMO_CREDENTIALS, Sandbox, serve

__all__ = ["DEMO_CREDENTIALS", "Fault", "FaultOrder", "Sandbox", "serve"]
