"""The simulated vendor, in a process of its own, with the latency of a real one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Vendor:
    """Where it listens, and the variables with which `etl` finds it."""

    address: str
    variables: Mapping[str, str]

    @property
    def products(self) -> str:
        """The address of the method that takes products."""
        return self.variables["ETL_TUSFACTURAS_URL"] + "productos/administrar"

    def control(self, action: str, data: Any) -> Any:
        """Steer it."""
        return httpx.post(f"{self.address}_control/{action}", json=data, timeout=60).raise_for_status().json()

    def record(self) -> tuple[int, int]:
        """Return what it has by its own record since it was as new: rows that it applied, requests that came."""
        told = self.control("tusfacturas/counts", {})
        return told["applications"], sum(told["requests"].values())

    def begin(self, seconds: float) -> None:
        """Be as new, and answer each request only after so many seconds."""
        self.control("reset", {})
        self.control("faults", {"fault": "latency", "times": None, "delay": seconds})

    def stock(self, count: int) -> None:
        """Have products that keep stock."""
        for start in range(0, count, 5_000):
            self.control(
                "tusfacturas/products", [_product(number) for number in range(start, min(start + 5_000, count))]
            )


def _product(number: int) -> dict[str, Any]:
    return {
        "descripcion": f"Producto {number}",
        "codigo": f"P{number:06d}",
        "lista_precios": "Mayorista",
        "unidad_bulto": "1",
        "precio_unitario_sin_iva": 10.5,
        "alicuota": 21,
        "moneda": "PES",
        "afecta_stock": "S",
        "stock_actual": 100,
        "stock_minimo": 5,
    }


@contextmanager
def vendor() -> Iterator[Vendor]:
    """Give a sandbox on a free port of loopback; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "etl", "sandbox", "--port", "0", "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        told = json.loads(process.stdout.readline() if process.stdout is not None else "{}")
        yield Vendor(told["address"], told["variables"])
    finally:
        process.terminate()
        process.wait(20)
