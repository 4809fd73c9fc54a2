"""The sheets that are measured: products of 14 columns with a share of bad rows, and stock movements."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import xlsxwriter

Cells: TypeAlias = list[str | float]

HEADERS = [
    "Código",
    "Descripción",
    "Lista de precios",
    "Unidad bulto",
    "Precio neto",
    "Alícuota",
    "Moneda",
    "Código de barras",
    "Alícuota de impuestos internos",
    "Unidad de medida",
    "RG 5329",
    "Afecta stock",
    "Stock mínimo",
    "Ubicación",
]
"""The last is a column that no field takes, as every real sheet has some."""
FIELDS = (
    "codigo",
    "descripcion",
    "lista_precios",
    "unidad_bulto",
    "precio_unitario_sin_iva",
    "alicuota",
    "moneda",
    "codbar",
    "impuestos_internos_alicuota",
    "unidad_medida",
    "rg5329",
    "afecta_stock",
    "stock_minimo",
)
"""The fields of `HEADERS`, in their order."""

RATES = frozenset({27, 21, 10.5, 0, -1, -2})
UNITS = frozenset(
    str(number)
    for number in (
        *range(1, 12),
        *range(14, 19),
        20,
        25,
        27,
        *range(29, 36),
        41,
        *range(47, 55),
        *range(61, 69),
        *range(95, 99),
    )
)
"""What the vendor's tables have: VAT rates and units of measure."""


def products(rows: int, bad: float, seed: int = 7) -> Iterator[Cells]:
    """Yield product rows; a share `bad` of them has one mistake each."""
    rng = random.Random(seed)
    for number in range(rows):
        cells: Cells = [
            f"P{number:06d}",
            f"Producto {number} de la fábrica",
            "Mayorista",
            1,
            round(rng.uniform(1, 90_000), 2),
            rng.choice((21, 10.5, 27, 0)),
            "PES",
            _barcode(rng),
            0,
            "7",
            "N",
            "S",
            rng.randrange(50),
            f"Pasillo {rng.randrange(40)}",
        ]
        if rng.random() < bad:
            _spoil(cells, rng.randrange(5))
        yield cells


def _barcode(rng: random.Random) -> str:
    digits = f"779{rng.randrange(10**9):09d}"
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


def _spoil(cells: Cells, kind: int) -> None:
    place, value = ((4, "consultar"), (4, 12.3456), (5, 22), (1, "x" * 300), (11, "quizás"))[kind]
    cells[place] = value


def write_xlsx(path: Path, headers: list[str], rows: Iterator[Cells]) -> Path:
    """Write a sheet as Excel keeps it."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    page = book.add_worksheet("Productos")
    page.write_row(0, 0, headers)
    for number, cells in enumerate(rows, start=1):
        page.write_row(number, 0, cells)
    book.close()
    return path


def write_csv(path: Path, rows: int, bad: float) -> Path:
    """Write products as a CSV file with decimal commas."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADERS)
        for cells in products(rows, bad):
            writer.writerow([str(cell).replace(".", ",") if isinstance(cell, float) else cell for cell in cells])
    return path


def movements(rows: int) -> Iterator[Cells]:
    """Yield stock movements, a product each."""
    for number in range(rows):
        yield [f"P{number:06d}", "Mayorista", 1 + number % 9]


MOVEMENT_HEADERS = ["Código", "Lista de precios", "Cantidad"]
