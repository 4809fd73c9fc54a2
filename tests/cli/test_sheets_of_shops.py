"""Sheets as shops keep them, through whole commands: what is taken, what is asked, and what is skipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import openpyxl
import pytest

from etl.mappings import load_mapping
from tests.cli.command_line import CommandLine, Ended

SAID = ("--set", "operacion=A", "--set", "lista_precios=Mayo", "--set", "alicuota=21", "--set", "moneda=PES",
        "--set", "unidad_bulto=1", "--set", "afecta_stock=N")  # fmt: skip
TO = ("--to", "tusfacturas.productos", *SAID)
HEADER = ["Código", "Descripción", "Precio s/IVA"]
ROWS = [["A1", "Tren", 10], ["A2", "Bus", 20.5]]
Rows = Sequence[Sequence[object]]
Check = Callable[..., Ended]


def save(path: Path, sheets: Mapping[str, Rows] | Rows, *, merged: Sequence[str] = ()) -> str:
    """Write a workbook as openpyxl does, and return its path."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in (sheets if isinstance(sheets, Mapping) else {"Hoja1": sheets}).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for area in merged:
            sheet.merge_cells(area)
    book.save(path)
    return str(path)


@pytest.fixture
def check(etl: CommandLine, tmp_path: Path) -> Check:
    """Return a function that validates rows as a workbook."""

    def validate(rows: Mapping[str, Rows] | Rows, *more: str, merged: Sequence[str] = ()) -> Ended:
        file = save(tmp_path / "lista.xlsx", rows, merged=merged)
        return etl("validate", file, *TO, "--json", "--rows", "--no-results", "--lang", "en", *more)

    return validate


def outcomes(ended: Ended) -> dict[int, str]:
    """Return what became of each row."""
    return {row["row"]: row["outcome"] for row in ended.json["rows"]}


def test_a_price_list_with_everything_around_its_products(check: Check) -> None:
    """Titles, a header of two lines, sections, a header on each page and totals: the products alone are sent."""
    ended = check(
        [
            ["Distribuidora X"], [None, "Vigencia: mayo"], [],
            [None, "Código", "Descripción", "PRECIOS", None],
            [None, None, None, "s/IVA", "Oferta"],
            [None, "ACCESORIOS"],
            [None, "00123", "Tren", "1.234,50", None],
            [None, "00124", "Bus", "2.000", None],
            [None, "Subtotal ", None, "3.234,50"], [],
            [None, "CODIGO", "DESCRIPCION", "PRECIOS", None],
            [None, None, None, "S/IVA", "oferta"],
            [None, "Repuestos"],
            [None, "00125", "NA", "$ 3", None],
            [None, None, "TOTAL GENERAL", "$ 3.237,50"],
            [None, "Precios sujetos a cambio sin aviso."],
        ],
        merged=("A1:E1", "B4:B5", "C4:C5", "D4:E4"),
    )  # fmt: skip
    assert (ended.code, ended.json["header_row"]) == (0, 5)
    assert [row for row, outcome in outcomes(ended).items() if outcome == "not_sent"] == [7, 8, 14]
    assert [row for row, outcome in outcomes(ended).items() if outcome == "skipped"] == [6, 9, 11, 12, 13, 15, 16]


def test_two_months_side_by_side_are_a_question(check: Check) -> None:
    """Two sheets that fit, one of them with a column more, end in 3 with both names; --sheet needs no exact case."""
    sheets = {"Enero": [HEADER, *ROWS], "Febrero": [[*HEADER, "EAN"], *ROWS]}
    asked = check(sheets)
    assert asked.code == 3
    (finding,) = asked.json["findings"]
    assert finding["code"] == "undecided_sheet"
    assert "“Enero”, “Febrero”" in finding["message"]
    assert check(sheets, "--sheet", "FEBRERO").json["sheet"] == "Febrero"
    assert check(sheets, "--sheet", "Marzo").code == 3


def test_inspect_says_that_it_had_a_choice(etl: CommandLine, tmp_path: Path) -> None:
    """What run would ask, inspect tells; with --sheet there is nothing to ask."""
    file = save(tmp_path / "meses.xlsx", {"Enero": [HEADER, *ROWS], "Febrero": [HEADER, *ROWS]})
    seen = etl("inspect", file, "--json").json
    assert [found["code"] for found in seen["findings"]] == ["undecided_sheet"]
    assert "--sheet" in etl("inspect", file, "--lang", "en").out
    assert etl("inspect", file, "--sheet", "Enero", "--json").json["findings"] == []


def test_save_keeps_what_is_sure_and_shows_what_is_not(etl: CommandLine, tmp_path: Path) -> None:
    """A misspelt header is kept; a price that may hold the tax and a mere resemblance wait for a person as comments."""
    rows = [[f"T-{number}", f"Tren {number}", number, 21] for number in range(1, 9)]
    file = save(tmp_path / "l.xlsx", [["Codgo", "Nombre", "Prec. c/IVA", "Alicuotta"], *rows])
    assert etl("inspect", file, *TO[:2], "--save", "m.toml").code == 0
    kept = load_mapping(tmp_path / "m.toml").columns
    assert kept == {"Codgo": "codigo", "Alicuotta": "alicuota"}
    lines = (tmp_path / "m.toml").read_text("utf-8").splitlines()
    assert [line.partition("=")[0] for line in lines if line.startswith("#")] == [
        '# "Nombre" ', '# "Prec. c/IVA" ', '# "Prec. c/IVA" ',
    ]  # fmt: skip


def test_inspect_of_a_csv_tells_how_it_is_written(etl: CommandLine, tmp_path: Path) -> None:
    """Encoding, delimiter, records with a wrong number of fields, rows that are no data."""
    text = "Código;Descripción;Precio s/IVA\nACCESORIOS\nA1;Ñandú;10,5\nA2;Caño;1;5\nTOTAL;;12\n"
    (tmp_path / "l.csv").write_bytes(text.encode("cp850"))
    seen = etl("inspect", "l.csv", "--json").json
    assert (seen["encoding"], seen["delimiter"], seen["rows"]) == ("cp850", ";", 4)
    assert [(found["code"], found["row"]) for found in seen["findings"]] == [("wrong_field_count", 4)]
    assert [skipped["row"] for skipped in seen["skipped"]] == [2, 5]
    told = etl("inspect", "l.csv", "--lang", "en").out
    assert "CSV in cp850, divided by “;”" in told
    assert "Rows: 4. 2 of them look like titles, totals or repeated headers and are not sent: 2, 5" in told


def test_a_section_of_a_csv_needs_no_delimiters(etl: CommandLine, tmp_path: Path) -> None:
    """A line of one field is a title when it looks like one; a product that lost its fields is an error."""
    text = "Código;Descripción;Precio s/IVA\nACCESORIOS\nA1;Tren;10,5\nA2\nA3;Bus\nTOTAL;10,5\n"
    (tmp_path / "l.csv").write_text(text, "utf-8")
    ended = etl("validate", "l.csv", *TO, "--json", "--rows", "--no-results")
    assert outcomes(ended) == {2: "skipped", 3: "not_sent", 4: "invalid", 5: "invalid", 6: "skipped"}
    assert [(found["code"], found["row"]) for found in ended.json["findings"]] == [
        ("wrong_field_count", 4), ("wrong_field_count", 5),
    ]  # fmt: skip


def test_a_csv_that_excel_saved_undivided_goes_its_way(check: Check) -> None:
    """Each line of it in one cell: divided, said, and sent like any other."""
    ended = check([["codigo,descripcion,Precio s/IVA"], ['00123,"Tren, rojo",10.50'], ["00124,Bus,20"]])
    assert (ended.code, ended.json["counts"]["not_sent"]) == (0, 2)
    assert [found["code"] for found in ended.json["findings"]] == ["undivided_columns"]
    assert [column["column"] for column in ended.json["columns"]] == ["A", "B", "C"]


def test_an_undivided_sheet_is_not_annotated(check: Check, tmp_path: Path) -> None:
    """Column B of a finding is no cell of the workbook: no copy marks blank cells, and that is said."""
    ended = check([["codigo,descripcion,Precio s/IVA"], ["00123,Tren,10.50"], ["00124,,20"]], "--annotate")
    assert ended.code == 1
    assert "one cell" in ended.err
    assert not (tmp_path / "lista.anotado.xlsx").exists()
