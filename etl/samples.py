"""The sample sheets: good ones, and one with a mistake of every kind for each destination. `etl demo` runs them.

``python -m etl.samples FOLDER`` writes them; the same call always writes the same bytes.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from etl import bsale_samples as bsale


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell with a formula, and the error that Excel saved as its value."""

    formula: str
    shows: str


SampleCell: TypeAlias = str | int | float | datetime | Formula | None

_PRODUCT_HEADERS = (
    "Código",
    "Descripción",
    "Lista de precios",
    "Unidad bulto",
    "Precio s/IVA",
    "Alícuota",
    "Moneda",
    "Código de barras",
    "Unidad de medida",
    "Afecta stock",
    "Stock actual",
    "Stock mínimo",
)
_PRICE_HEADERS = ("Código", "Lista de precios", "Precio s/IVA")
_STOCK_HEADERS = ("Lista de precios", "Código", "Cantidad", "Operación")

_JUSTO_HEADERS = ("Local", "Producto", "Modificador", "Opción", "Stock", "Hasta")

_PRODUCTS: tuple[tuple[SampleCell, ...], ...] = (
    ("00123", "Yerba mate 1 kg", "Mayorista", 10, 2150.5, "21%", "Pesos", "7791234567898", "unidades", "S", 240, 60),
    ("00124", "Azúcar 1 kg", "Mayorista", 10, 890.125, "21%", "Pesos", None, "unidades", "S", 180, 40),
    ("00125", "Harina 000 1 kg", "Mayorista", 10, 640, "10,5", "Pesos", None, "kilogramos", "S", 320, 80),
    ("00126", "Leche en polvo 800 g", "Mayorista", 12, 5320.75, "21%", "Pesos", None, "unidades", "S", 96, 24),
    ("00123", "Yerba mate 1 kg", "Mostrador", 1, 2690, "21%", "Pesos", "7791234567898", "unidades", "S", 40, 12),
    (
        "LIB-01",
        "Manual de cocina regional",
        "Mostrador",
        1,
        18500,
        "Exento",
        "Pesos",
        None,
        "unidades",
        "N",
        None,
        None,
    ),
    ("IMP-07", "Cafetera italiana 6 pocillos", "Mostrador", 1, 31.5, "21%", "U$S", None, "unidades", "S", 8, 2),
    ("SRV-02", "Envío a domicilio", "Mostrador", 1, 1500, "21%", "Pesos", None, "otras unidades", "N", None, None),
)

_PRICES: tuple[tuple[SampleCell, ...], ...] = (
    ("00123", "Mayorista", 2322.54),
    ("00124", "Mayorista", 890.125),
    ("00125", "Mayorista", 691.2),
    ("00126", "Mayorista", 5320.75),
    ("00123", "Mostrador", 2905.2),
    ("LIB-01", "Mostrador", 18500),
    ("IMP-07", "Mostrador", 31.5),
    ("SRV-02", "Mostrador", 1500),
)
"""The prices of a week later: three went up by 8%."""

_MOVEMENTS: tuple[tuple[SampleCell, ...], ...] = (
    ("Mayorista", "00123", 120, "A"),
    ("Mayorista", "00124", 60, "A"),
    ("Mayorista", "00125", 45, "B"),
    ("Mostrador", "00123", 12, "A"),
    ("Mostrador", "IMP-07", 7, "B"),
)

_WRONG_PRODUCTS: tuple[tuple[SampleCell, ...], ...] = (
    ("00130", "Arroz largo fino 1 kg", "Mayorista", 10, 980, "21%", "Pesos", None, "unidades", "S", 150, 40, "bien"),
    (
        "00123",
        "Yerba mate 1 kg",
        "Mayorista",
        10,
        2150.5,
        "21%",
        "Pesos",
        None,
        "unidades",
        "S",
        1,
        1,
        "ya existe: lo rechaza el proveedor",
    ),
    ("00131", None, "Mayorista", 10, 750, "21%", "Pesos", None, "unidades", "S", 10, 5, "falta la descripción"),
    (
        "00132",
        "Fideos " + "largos " * 40,
        "Mayorista",
        10,
        750,
        "21%",
        "Pesos",
        None,
        "unidades",
        "S",
        10,
        5,
        "descripción larga",
    ),
    (
        "00133",
        "Té en saquitos",
        "Mayorista",
        10,
        "consultar",
        "21%",
        "Pesos",
        None,
        "unidades",
        "S",
        10,
        5,
        "precio sin número",
    ),
    (
        "00134",
        "Café molido",
        "Mayorista",
        2.5,
        3100,
        "21%",
        "Pesos",
        None,
        "unidades",
        "S",
        10,
        5,
        "bulto con decimales",
    ),
    (
        "00135",
        "Cacao en polvo",
        "Mayorista",
        10,
        1234.56789,
        "21%",
        "Pesos",
        None,
        "unidades",
        "S",
        10,
        5,
        "precio con 5 decimales",
    ),
    ("00136", "Miel 500 g", "Mayorista", 10, -150, "21%", "Pesos", None, "unidades", "S", 10, 5, "precio negativo"),
    ("00137", "Dulce de leche", "Mayorista", 0, 1900, "21%", "Pesos", None, "unidades", "S", 10, 5, "bulto en cero"),
    ("00138", "Mermelada", "Mayorista", 10, 1700, 20, "Pesos", None, "unidades", "S", 10, 5, "alícuota que no existe"),
    (
        "00139",
        "Aceite de girasol",
        "Mayorista",
        12,
        2900,
        "21%",
        "Reales",
        None,
        "unidades",
        "S",
        10,
        5,
        "moneda que no existe",
    ),
    ("00140", "Vinagre", "Mayorista", 12, 800, "21%", "Pesos", None, "cajones", "S", 10, 5, "unidad que no existe"),
    ("00141", "Sal fina", "Mayorista", 12, 500, "21%", "Pesos", None, "unidades", "tal vez", 10, 5, "ni sí ni no"),
    ("00142", "Pimienta", "Mayorista", 12, 950, "21%", "Pesos", None, "unidades", "S", 10, 5, "repetida"),
    ("00142", "Pimienta blanca", "Mayorista", 12, 990, "21%", "Pesos", None, "unidades", "S", 10, 5, "repetida"),
    (
        "7,79E+12",
        "Galletitas",
        "Mayorista",
        12,
        1100,
        "21%",
        "Pesos",
        None,
        "unidades",
        "S",
        10,
        5,
        "código roto por Excel",
    ),
    (
        "00143",
        "Alfajores",
        "Mayorista",
        12,
        Formula("=NA()", "#N/A"),
        "21%",
        "Pesos",
        None,
        "unidades",
        "S",
        10,
        5,
        "la celda tiene un error",
    ),
    (
        "00144",
        "Bizcochos",
        "Mayorista",
        12,
        1050,
        "21%",
        "Pesos",
        None,
        "unidades",
        "S",
        "1.200",
        5,
        "¿mil doscientos o uno coma dos?",
    ),
    (
        "00145",
        "Chocolate",
        "Mayorista",
        12,
        2050,
        "21%",
        "Pesos",
        "7791234567890",
        "unidades",
        "S",
        10,
        5,
        "aviso: dígito verificador",
    ),
    (
        "00146",
        "Flete",
        "Mayorista",
        1,
        900,
        "21%",
        "Pesos",
        None,
        "unidades",
        "N",
        25,
        None,
        "aviso: el stock no se usa",
    ),
)

_WRONG_MOVEMENTS: tuple[tuple[SampleCell, ...], ...] = (
    ("Mayorista", "00123", 5, "A", "bien"),
    ("Mayorista", "99999", 5, "A", "no existe: lo rechaza el proveedor"),
    (None, "00124", 5, "A", "falta la lista de precios"),
    ("Mayorista", "0" * 51, 5, "A", "código largo"),
    ("Mayorista", "00125", 2.5, "A", "cantidad con decimales"),
    ("Mayorista", "00126", 0, "A", "cantidad en cero"),
    ("Mayorista", "00127", "doce", "A", "cantidad en letras"),
    ("Mayorista", "00128", 5, "X", "operación que no existe"),
    ("Mayorista", "00129", 5, "A", "repetida"),
    ("Mayorista", "00129", 5, "A", "repetida"),
    ("Mostrador", "imp-07", 1, "A", "igual a la siguiente salvo mayúsculas"),
    ("Mostrador", "IMP-07", 1, "A", "igual a la anterior salvo mayúsculas"),
    ("Mostrador", "7,79E+12", 1, "A", "código roto por Excel"),
    ("Mostrador", "LIB-01", Formula("=NA()", "#N/A"), "A", "la celda tiene un error"),
)


_UNTIL = datetime(2030, 12, 31, 22, 0)  # noqa: DTZ001 - as Excel keeps it, without a zone

_JUSTO_STOCK: tuple[tuple[SampleCell, ...], ...] = (
    ("local-centro", "empanada-carne", None, None, 48, None),
    ("local-centro", "empanada-humita", None, None, 36, None),
    ("local-centro", "00123", None, None, 12, None),
    ("local-norte", "empanada-carne", None, None, 24, None),
    ("local-norte", "limonada-500", None, None, 0, _UNTIL),
    ("local-centro", None, "salsas", "salsa-criolla", 30, None),
    ("local-centro", None, "salsas", "salsa-picante", 15, _UNTIL),
)

_WRONG_JUSTO_STOCK: tuple[tuple[SampleCell, ...], ...] = (
    ("local-centro", "empanada-carne", None, None, 40, None, "bien"),
    ("local-sur", "empanada-carne", None, None, 40, None, "el local no existe: lo rechaza el proveedor"),
    (None, "empanada-humita", None, None, 10, None, "falta el local"),
    ("local-centro", None, None, None, 10, None, "ni producto ni modificador"),
    ("local-centro", None, "salsas", None, 10, None, "falta la opción"),
    ("local-centro", "limonada-500", "salsas", "salsa-criolla", 10, None, "producto y modificador a la vez"),
    ("local-norte", "empanada-humita", None, None, 2.5, None, "stock con decimales"),
    ("local-norte", "limonada-500", None, None, -3, None, "stock negativo"),
    ("local-norte", "00123", None, None, "muchas", None, "stock en letras"),
    ("local-centro", "00123", None, None, 5, "31/12/2030", "fecha sin hora"),
    ("local-norte", None, "salsas", "salsa-criolla", 5, None, "repetida"),
    ("local-norte", None, "salsas", "salsa-criolla", 7, None, "repetida"),
    ("local-norte", "7,79E+12", None, None, 1, None, "código roto por Excel"),
    ("local-norte", "empanada-carne", None, None, Formula("=NA()", "#N/A"), None, "la celda tiene un error"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample sheet. The name's ending decides the format."""

    name: str
    to: str
    headers: tuple[str, ...]
    rows: tuple[tuple[SampleCell, ...], ...]
    constants: tuple[tuple[str, str], ...] = field(default=())
    """What is given with ``--set``."""


SAMPLES: tuple[Sample, ...] = (
    Sample("productos.xlsx", "tusfacturas.productos", _PRODUCT_HEADERS, _PRODUCTS),
    Sample("productos.csv", "tusfacturas.productos", _PRODUCT_HEADERS, _PRODUCTS),
    Sample(
        "productos-con-errores.xlsx",
        "tusfacturas.productos",
        (*_PRODUCT_HEADERS, "Observaciones"),
        _WRONG_PRODUCTS,
        (("operacion", "A"),),
    ),
    Sample("precios.xlsx", "tusfacturas.productos", _PRICE_HEADERS, _PRICES),
    Sample("stock.xlsx", "tusfacturas.stock", _STOCK_HEADERS, _MOVEMENTS),
    Sample("stock-con-errores.xlsx", "tusfacturas.stock", (*_STOCK_HEADERS, "Observaciones"), _WRONG_MOVEMENTS),
    Sample("justo-stock.xlsx", "justo.stock", _JUSTO_HEADERS, _JUSTO_STOCK),
    Sample("justo-stock-con-errores.xlsx", "justo.stock", (*_JUSTO_HEADERS, "Observaciones"), _WRONG_JUSTO_STOCK),
    Sample("bsale-recepciones.xlsx", "bsale.recepciones", bsale.RECEPTION_HEADERS, bsale.RECEPTIONS),
    Sample(
        "bsale-recepciones-con-errores.xlsx",
        "bsale.recepciones",
        (*bsale.RECEPTION_HEADERS, "Qué pasa"),
        bsale.WRONG_RECEPTIONS,
    ),
    Sample("bsale-consumos.xlsx", "bsale.consumos", bsale.CONSUMPTION_HEADERS, bsale.CONSUMPTIONS),
    Sample(
        "bsale-consumos-con-errores.xlsx",
        "bsale.consumos",
        (*bsale.CONSUMPTION_HEADERS, "Qué pasa"),
        bsale.WRONG_CONSUMPTIONS,
    ),
    Sample("bsale-inventario.xlsx", "bsale.inventario", bsale.INVENTORY_HEADERS, bsale.INVENTORY),
    Sample(
        "bsale-inventario-con-errores.xlsx",
        "bsale.inventario",
        (*bsale.INVENTORY_HEADERS, "Qué pasa"),
        bsale.WRONG_INVENTORY,
    ),
)


def sample(name: str) -> Sample:
    """Return the sample with this file name; KeyError when there is none."""
    return {sample.name: sample for sample in SAMPLES}[name]


def write_samples(folder: Path, names: Sequence[str] | None = None) -> tuple[Path, ...]:
    """Write samples (all without `names`) into an existing folder, and return their paths."""
    chosen = SAMPLES if names is None else [sample(name) for name in names]
    return tuple(_write(each, folder / each.name) for each in chosen)


def _write(chosen: Sample, path: Path) -> Path:
    path.write_bytes(_csv_bytes(chosen) if path.suffix == ".csv" else _xlsx_bytes(chosen))
    return path


def _csv_bytes(chosen: Sample) -> bytes:
    """Return what Excel in Argentina saves as CSV: semicolons, decimal commas, UTF-8 with BOM."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(chosen.headers)
    writer.writerows([_csv_cell(cell) for cell in row] for row in chosen.rows)
    return target.getvalue().encode("utf-8-sig")


def _csv_cell(cell: SampleCell) -> str:
    if isinstance(cell, Formula):
        return cell.shows
    if isinstance(cell, float):
        return str(cell).replace(".", ",")
    return "" if cell is None else str(cell)


def _has_moment(row: Sequence[SampleCell]) -> bool:
    return any(isinstance(cell, datetime) for cell in row)


def _xlsx_bytes(chosen: Sample) -> bytes:
    import xlsxwriter  # noqa: PLC0415 - only where a workbook is written

    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
    sheet = book.add_worksheet("Hoja1")
    heading, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    with_hour = book.add_format({"num_format": "dd/mm/yyyy hh:mm"}) if any(map(_has_moment, chosen.rows)) else None
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(chosen.headers) - 1, 18)
    for column, header in enumerate(chosen.headers):
        sheet.write_string(0, column, header, heading)
    for number, row in enumerate(chosen.rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, Formula):
                sheet.write_formula(number, column, cell.formula, None, cell.shows)
            elif isinstance(cell, str):
                sheet.write_string(number, column, cell, as_text)
            elif isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell, with_hour)
            elif cell is not None:
                sheet.write_number(number, column, cell)
    book.close()
    return target.getvalue()


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
