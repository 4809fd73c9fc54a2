"""Prices with more decimals than the vendor takes: one cause with its command, rounded when asked, remembered."""

from __future__ import annotations

import shlex
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.cli.command_line import CommandLine

ROWS = 40
SAID = ("--set", "operacion=A", "--set", "lista_precios=Lista 1", "--set", "alicuota=21", "--set", "moneda=PES",
        "--set", "unidad_bulto=1", "--set", "afecta_stock=N")  # fmt: skip
TO = ("--to", "tusfacturas.productos", *SAID)


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """A list that was raised by 8% in Excel and shows two decimals."""
    path = tmp_path / "mi lista.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Código", "Descripción", "Precio s/IVA"])
        money = workbook.add_format({"num_format": '"$" #,##0.00'})
        for row in range(1, ROWS + 1):
            sheet.write_row(row, 0, [f"A{row}", "Tren"])
            sheet.write_number(row, 2, (10 + row / 100) * 1.08, money)
    return path


def summary_of(path: Path) -> list[list[object]]:
    """Return the filled cells of each line of the first sheet of a workbook."""
    book = openpyxl.load_workbook(path)
    return [[cell for cell in row if cell is not None] for row in book.worksheets[0].iter_rows(values_only=True)]


def test_too_many_decimals_are_one_cause_with_its_command(etl: CommandLine, prices: Path) -> None:
    """Resumen and terminal show count, largest change, what is held, shown and sent, and the command to copy."""
    ended = etl("validate", str(prices), *TO, "--lang", "en")
    assert ended.code == 1
    (line,) = [line for line in summary_of(prices.with_name("mi lista.validacion.xlsx")) if "too_many_decimals" in line]
    assert line[1] == 32
    assert line[2] == (
        "More than 3 decimals. Rounded, C3 changes most: it holds 10.8216, shows 10.82 and is sent as 10.822, "
        "a change of 0.0004"
    )
    command = f'etl validate "{prices}" --to tusfacturas.productos --set operacion=A --set "lista_precios=Lista 1"'
    assert str(line[3]).startswith(f"Round them in the sheet, or send them rounded: {command}")
    assert str(line[3]).endswith("--lang en --round")
    assert command in ended.out
    detail = etl("validate", str(prices), *TO, "--json", "--no-results").json["findings"][1]
    assert (detail["cell"], detail["value"]) == ("C3", "10.82")
    assert "10.8216" in detail["message"]
    assert "10.822" in detail["hint"]


def test_the_command_that_is_printed_does_it(etl: CommandLine, prices: Path) -> None:
    """Copied as it stands, it sends every row, and lists the changes as one warning."""
    ended = etl("validate", str(prices), *TO, "--lang", "en", "--no-results")
    command = next(line for line in ended.out.splitlines() if line.endswith("--round")).partition(": ")[2]
    done = etl(*shlex.split(command)[1:], "--json")
    assert (done.code, done.json["counts"]["not_sent"]) == (0, ROWS)
    (warning,) = done.json["findings"]
    assert (warning["code"], warning["severity"], warning["row"]) == ("too_many_decimals", "warning", None)
    assert "32" in warning["message"]


def test_a_mapping_remembers_rounding_and_says_when_the_sheet_has_changed(
    etl: CommandLine, prices: Path, tmp_path: Path
) -> None:
    """What inspect --round --save keeps, --mapping alone does again; a column that is new is noted."""
    kept = str(tmp_path / "lista.toml")
    assert etl("inspect", str(prices), *TO, "--round", "--save", kept).code == 0
    done = etl("validate", str(prices), "--mapping", kept, "--json", "--no-results")
    assert (done.code, done.json["to"]) == (0, "tusfacturas.productos")
    assert [found["code"] for found in done.json["findings"]] == ["too_many_decimals"]
    book = openpyxl.load_workbook(prices)
    book.worksheets[0].cell(1, 4).value = "Marca"
    book.save(prices)
    changed = etl("validate", str(prices), "--mapping", kept, "--json", "--no-results", "--lang", "en")
    (remark,) = [found for found in changed.json["findings"] if found["code"] == "sheet_changed"]
    assert (changed.code, remark["severity"]) == (0, "warning")
    assert "new Marca" in remark["message"]
