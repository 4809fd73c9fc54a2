"""A running sandbox and a client that speaks to it as the vendor's page says."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from etl.sandbox import DEMO_CREDENTIALS, Sandbox

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Never used, and dear to make anew for each client."""


class Caller:
    """Posts bodies with the demo credentials; a new connection each time."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def post(self, path: str, body: Any, *, timeout: float = 5.0, **credentials: Any) -> httpx.Response:
        signed = {**DEMO_CREDENTIALS["tusfacturas"], **credentials, **body}
        url = self.sandbox.url("tusfacturas") + path
        return httpx.post(url, json=signed, timeout=timeout, trust_env=False, verify=TLS)

    def move(self, *items: tuple[str, int], operation: str = "A", timeout: float = 5.0) -> httpx.Response:
        """Move the stock of products of the list L."""
        products = [{"lista_precios": "L", "codigo": code, "cantidad": units} for code, units in items]
        return self.post("productos/stock", {"operacion": operation, "productos": products}, timeout=timeout)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def caller(sandbox: Sandbox) -> Caller:
    return Caller(sandbox)
