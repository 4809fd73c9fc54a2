"""`Mapeos`: what a word means is said once in the workbook, and holds from then on (issue 8, 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import openpyxl
import pytest

from etl.core.report import Report
from etl.inspection import inspect_file
from etl.mappings import MappingFile, load_mapping, save_mapping
from etl.options import OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file, validate_file
from etl.sandbox import Sandbox
from tests.recovery.lab import PRODUCTS, Lab, Silent

SPANISH = OutputOptions()
HEADERS = ("Código", "Descripción", "Lista de precios", "Precio s/IVA", "IVA", "Moneda", "Bulto", "Stock")
MAPS = (("Bulto", "unidad_bulto"), ("Stock", "afecta_stock"))
ROWS = (
    ("A1", "Lápiz", "Mayorista", 10, "21%", "$", 1, "N"),
    ("A2", "Goma", "Mayorista", 10, "21%", "dolar blue", 1, "N"),
    ("A3", "Regla", "Mayorista", 10, "Exenta s/ley", "DOLAR BLUE", 1, "N"),
    ("A4", "Tinta", "Mayorista", "caro", "21%", "dolar blue", 1, "N"),
    ("A5", "Papel", "Mayorista", 10, "21%", "reales", 1, "N"),
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        yield Lab(tmp_path / "home", sandbox)


def shop_sheet(folder: Path) -> Path:
    book = openpyxl.Workbook()
    page = book.active
    for row in (HEADERS, *ROWS):
        page.append(row)
    book.save(folder / "lista.xlsx")
    return folder / "lista.xlsx"


def send(lab: Lab, path: str | Path, **more: object) -> Report:
    given: dict[str, object] = {"maps": MAPS, "constants": (("operacion", "A"),), "to": PRODUCTS}
    options = SheetOptions(file=Path(path), **(more if "resultados" in str(path) else given | more))  # type: ignore[arg-type]
    return run_file(options, SPANISH, SendOptions(yes=True), lab.settings, Silent())


def asked(path: str | Path) -> dict[str, tuple[object, ...]]:
    """Return the lines of `Mapeos` by value: times, rows, proposal, meaning, decision."""
    book = openpyxl.load_workbook(path)
    found = {str(line[1]): line[2:7] for line in book["Mapeos"].iter_rows(min_row=2, values_only=True)}
    book.close()
    return found


def fill_in(path: str | Path, meant: Mapping[str, object]) -> None:
    """Choose in `Mapeos`, as a person does; openpyxl saves it."""
    book = openpyxl.load_workbook(path)
    page = book["Mapeos"]
    use = next(cell.column for cell in page[1] if cell.value == "Usar")
    for row in range(2, page.max_row + 1):
        if page.cell(row, 2).value in meant:
            page.cell(row, use).value = meant[page.cell(row, 2).value]
    book.save(path)
    book.close()


def currencies(lab: Lab) -> dict[str, object]:
    return {code: product["moneda"] for (_, code), product in lab.sandbox.tusfacturas.products.items()}


def test_each_value_is_asked_once_with_a_proposal(lab: Lab, tmp_path: Path) -> None:
    """Three rows that say "dolar blue" are one line; what is not likely anything has no proposal."""
    first = send(lab, shop_sheet(tmp_path))
    assert first.results is not None
    assert asked(first.results) == {
        "Exenta s/ley": (1, "4", -1, "exento", None),
        "dolar blue": (3, "3-5", "DOL", "dólares", None),
        "reales": (1, "6", None, None, None),
    }
    rules = openpyxl.load_workbook(first.results)["Mapeos"].data_validations.dataValidation
    assert sorted(str(rule.sqref) for rule in rules) == ["G2", "G3", "G4"]
    assert all("Listas" in str(rule.formula1) for rule in rules)


def test_what_is_filled_in_holds_for_the_next_run_of_the_workbook(lab: Lab, tmp_path: Path) -> None:
    """Rows without another error go out, each once; the one with another error waits; the words stay known."""
    first = send(lab, shop_sheet(tmp_path))
    assert first.counts["accepted"] == 1
    assert first.results is not None
    fill_in(first.results, {"dolar blue": "DOL", "Exenta s/ley": -1})
    second = send(lab, first.results)
    assert [(row.number, row.outcome) for row in second.rows] == [
        (3, "accepted"),
        (4, "accepted"),
        (5, "invalid"),
        (6, "invalid"),
    ]
    assert currencies(lab) == {"A1": "PES", "A2": "DOL", "A3": "DOL"}
    assert second.results is not None
    assert list(asked(second.results)) == ["reales"]
    book = openpyxl.load_workbook(second.results)
    book["Reenviar"].cell(2, 4).value = 12
    book.save(second.results)
    third = send(lab, second.results)
    assert [(row.number, row.outcome) for row in third.rows] == [(5, "accepted"), (6, "invalid")]
    assert currencies(lab)["A4"] == "DOL"
    shop = lab.sandbox.tusfacturas
    applied = {
        code: shop.times_applied("Mayorista", code, "productos/administrar") for code in ("A1", "A2", "A3", "A4")
    }
    assert set(applied.values()) == {1}


def test_the_mapping_file_keeps_it(lab: Lab, tmp_path: Path) -> None:
    """Next month's sheet needs no question; a file that cannot be written is said and stops nothing."""
    mapping = tmp_path / "lista.toml"
    save_mapping(MappingFile(destination=PRODUCTS, columns=dict(MAPS), constants={"operacion": "A"}), mapping)
    first = send(lab, shop_sheet(tmp_path), mapping=mapping)
    assert first.results is not None
    fill_in(first.results, {"dolar blue": "DOL"})
    send(lab, first.results, mapping=mapping)
    assert load_mapping(mapping).values == {"moneda": {"dolar blue": "DOL"}}
    options = SheetOptions(file=tmp_path / "lista.xlsx", mapping=mapping)
    found = validate_file(options, OutputOptions(write_results=False), Silent())
    assert [row.number for row in found.rows if row.outcome == "invalid"] == [4, 5, 6]
    assert {finding.value for finding in found.findings if finding.code == "not_allowed"} == {"Exenta s/ley", "reales"}


def test_the_workbook_of_a_check_is_a_mapping_itself(lab: Lab, tmp_path: Path) -> None:
    """Somebody who only checked fills in `Mapeos` there, and gives the sheet with it."""
    options = SheetOptions(file=shop_sheet(tmp_path), to=PRODUCTS, maps=MAPS, constants=(("operacion", "A"),))
    checked = validate_file(options, SPANISH, Silent())
    assert checked.results is not None
    fill_in(checked.results, {"dolar blue": "DOL", "reales": "PES"})
    before = Path(checked.results).read_bytes()
    told = SheetOptions(file=tmp_path / "lista.xlsx", mapping=Path(checked.results))
    found = validate_file(told, OutputOptions(write_results=False), Silent())
    assert [row.number for row in found.rows if row.outcome == "invalid"] == [4, 5]
    assert Path(checked.results).read_bytes() == before


def test_a_choice_that_cannot_be_is_told_with_its_row(lab: Lab, tmp_path: Path) -> None:
    """Somebody who types instead of choosing learns what the list has; nothing is sent."""
    first = send(lab, shop_sheet(tmp_path))
    assert first.results is not None
    fill_in(first.results, {"dolar blue": "billete"})
    second = send(lab, first.results)
    assert second.exit_code == 3
    assert [(finding.code, finding.sheet, finding.cell) for finding in second.findings] == [
        ("not_allowed", "Mapeos", "G3")
    ]
    assert currencies(lab) == {"A1": "PES"}


def test_a_sheet_without_such_values_has_no_mapeos(lab: Lab, tmp_path: Path) -> None:
    """Nobody is asked what need not be."""
    book = openpyxl.Workbook()
    for row in (HEADERS, ROWS[0], (*ROWS[0][:3], "caro", *ROWS[0][4:])):
        book.active.append(row)
    book.save(tmp_path / "lista.xlsx")
    report = send(lab, tmp_path / "lista.xlsx")
    assert report.results is not None
    assert "Mapeos" not in openpyxl.load_workbook(report.results).sheetnames


def test_inspect_keeps_what_a_results_workbook_knows(lab: Lab, tmp_path: Path) -> None:
    """Destination, columns, constants and what was chosen in `Mapeos` become a mapping file."""
    first = send(lab, shop_sheet(tmp_path))
    assert first.results is not None
    fill_in(first.results, {"dolar blue": "DOL"})
    seen = inspect_file(SheetOptions(file=Path(first.results)))
    assert (seen.destination, seen.chosen, seen.found.sheet) == (PRODUCTS, True, "Reenviar")
    assert seen.found.headers == HEADERS
    assert seen.mapping.values == {"moneda": {"dolar blue": "DOL"}}
    assert seen.mapping.columns["Bulto"] == "unidad_bulto"
    assert seen.mapping.constants == {"operacion": "A"}
