"""The whole loop: sixty faults of every kind, corrected step by step in `Reenviar`, each row sent exactly once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from etl.core.report import Report
from etl.options import OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file
from etl.sandbox import Sandbox
from tests.recovery.lab import PRODUCTS, Lab, Silent

HEADERS = (
    "Código", "Descripción", "Lista de precios", "Unidad bulto", "Precio s/IVA", "Alícuota", "Moneda",
    "Código de barras", "Unidad de medida", "Afecta stock", "Stock actual", "Stock mínimo", "Nota",
)  # fmt: skip
SPOILT: Mapping[str, tuple[str, Any]] = {
    "required": ("Descripción", None),
    "too_long": ("Descripción", "largo " * 60),
    "not_a_number": ("Precio s/IVA", "consultar"),
    "not_an_integer": ("Unidad bulto", 2.5),
    "too_many_decimals": ("Precio s/IVA", 10.12345),
    "out_of_range": ("Unidad bulto", 0),
    "out of range": ("Precio s/IVA", -3),
    "not_allowed": ("Moneda", "reales"),
    "not allowed": ("Unidad de medida", "cajones"),
    "not_allowed rate": ("Alícuota", 20),
    "ambiguous_number": ("Stock mínimo", "1.200"),
    "precision_lost": ("Código", "7,79E+12"),
    "error_cell": ("Precio s/IVA", "#N/A"),
    "formula_without_value": ("Precio s/IVA", "=10/4"),
    "vendor_rejected": ("Código", "EXISTE"),
}
"""Kind of fault -> the cell that is spoilt, and with what."""
EACH = 4
CODES = {"out of range": "out_of_range", "not allowed": "not_allowed", "not_allowed rate": "not_allowed"}
SPANISH = OutputOptions()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        yield Lab(tmp_path / "home", sandbox)


def good_row(number: int) -> dict[str, Any]:
    values = (f"{number:05d}", f"Producto {number}", "Mayorista", 1, 10.5, "21%", "$", None, "unidades", "S", 4, 2)
    return dict(zip(HEADERS, (*values, f"n{number}"), strict=True))


def spoilt_sheet(path: Path) -> dict[str, dict[str, Any]]:
    """Write sixty spoilt rows among good ones; return, by note, the cells that are right."""
    book = openpyxl.Workbook()
    book.active.append(HEADERS)
    rows: list[dict[str, Any]] = []
    right: dict[str, dict[str, Any]] = {}
    for header, bad in SPOILT.values():
        for turn in range(EACH):
            row = good_row(len(rows) + 1)
            right[row["Nota"]] = dict(row)
            # A code that the vendor has, and one that Excel spoilt, still differ from row to row.
            row["Lista de precios"] = f"Lista {turn}" if header == "Código" else row["Lista de precios"]
            right[row["Nota"]]["Lista de precios"] = row["Lista de precios"]
            row[header] = bad
            rows.append(row)
    rows += [good_row(number) for number in range(len(rows) + 1, len(rows) + 9)]
    right |= {row["Nota"]: row for row in rows[-8:]}
    random.Random(8).shuffle(rows)
    for row in rows:
        book.active.append([row[header] for header in HEADERS])
    book.save(path)
    return right


def correct(path: str, right: Mapping[str, Mapping[str, Any]], most: int) -> int:
    """Put some rows of `Reenviar` right, from below, as a person would; return how many are left in it."""
    book = openpyxl.load_workbook(path)
    page = book["Reenviar"]
    at = {cell.value: cell.column for cell in page[1]}
    last = page.max_row
    for row in range(last, max(last - most, 1), -1):
        for header, value in right[page.cell(row, at["Nota"]).value].items():
            page.cell(row, at[header]).value = value
    book.save(path)
    book.close()
    return last - 1


def send(lab: Lab, path: str | Path, **said: Any) -> Report:
    return run_file(SheetOptions(file=Path(path), **said), SPANISH, SendOptions(yes=True), lab.settings, Silent())


def test_sixty_faults_are_corrected_step_by_step_until_all_is_sent_once(lab: Lab, tmp_path: Path) -> None:
    """Every kind of fault comes back and can be put right where it stands; no row is lost, none goes out twice."""
    shop = lab.sandbox.tusfacturas
    right = spoilt_sheet(tmp_path / "lista.xlsx")
    for turn in range(EACH):
        shop.seed({"lista_precios": f"Lista {turn}", "codigo": "EXISTE", "descripcion": "x", "afecta_stock": "N"})
    report = send(lab, tmp_path / "lista.xlsx", to=PRODUCTS, constants=(("operacion", "A"),))
    assert report.counts["invalid"] + report.counts["rejected"] == len(SPOILT) * EACH == 60
    found = Counter(finding.code for finding in report.findings if finding.is_error)
    assert found == Counter(CODES.get(kind, kind) for kind in SPOILT for _ in range(EACH))
    accepted, rounds = report.counts["accepted"], 0
    while report.exit_code:
        assert report.results is not None
        before = report.results
        left = correct(before, right, most=11)
        if rounds == 2:
            with lab.sandbox.down():
                report = send(lab, before)
            assert report.counts["accepted"] == 0
            assert report.results is not None
            before = report.results
        report = send(lab, before)
        assert len(report.rows) == left
        assert report.counts["accepted"] == min(left, 11)
        accepted += report.counts["accepted"]
        rounds += 1
        assert rounds < 12
    assert accepted == len(right)
    keys = [(row["Lista de precios"], row["Código"]) for row in right.values()]
    assert {key: shop.times_applied(*key, "productos/administrar") for key in keys} == dict.fromkeys(keys, 1)
    assert len(shop.products) == len(right) + EACH
    assert send(lab, before).counts["accepted"] == 0
    assert {shop.times_applied(*key, "productos/administrar") for key in keys} == {1}
