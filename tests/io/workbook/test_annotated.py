"""`--annotate`: the user's own workbook comes back with what is wrong in it, and is a sheet to send like any other."""

from __future__ import annotations

import base64
import io
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.dimensions import ColumnDimension

from etl.core.report import Report
from etl.io.workbook.package import is_untouched
from etl.messages import translate
from etl.options import OutputOptions, SheetOptions
from etl.pipeline import validate_file
from tests.io.readers.books import pack
from tests.io.workbook.shop import parts
from tests.recovery.lab import MOVES, Silent

HEADERS = ("Código", "Detalle", "Lista de precios", "Cantidad", "Doble")
ROWS: tuple[tuple[Any, ...], ...] = (
    ("00123", "Lápiz", "Mayorista", 5, "=D4*2"),
    ("00124", "=1+1", "Mayorista", "cinco", "=D5*2"),
    ("00125", "Regla", "Mayorista", 2.5, '="nº "&A6'),
    (None, "Tinta", "Mayorista", 1, None),
)
RED, AMBER = "00FBD5D5", "00FDE9B8"


def shop_book(path: Path) -> Path:
    """Write a workbook as shops keep them: a title, formats, widths, a formula, a note, a second sheet."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Marzo"
    page.append(["FERRETERÍA"])
    page.merge_cells("A1:E1")
    page["A1"].font = Font(bold=True, size=16)
    page.append([])
    for row in (HEADERS, *ROWS):
        page.append(row)
    page["B5"].data_type = "s"
    page["D4"].number_format = "0.00"
    page["D5"].comment = Comment("Preguntar a Ana", "Juan")
    page.column_dimensions["B"].width = 41
    page.column_dimensions["F"] = ColumnDimension(page, index="F", min=6, max=40, width=3, hidden=True)
    page.freeze_panes = "A4"
    other = book.create_sheet("Notas")
    other["A1"], other["B2"] = "no tocar", "=A1"
    other["A1"].fill = PatternFill("solid", start_color="FF00FF00")
    drawn = io.BytesIO()
    book.save(drawn)
    path.write_bytes(calculated(drawn.getvalue()))
    return path


def calculated(data: bytes) -> bytes:
    """Give the formulas the values that Excel saves with them."""
    values = {b"E4": (b"", b"10"), b"E5": (b' t="e"', b"#VALUE!"), b"E6": (b' t="str"', b"n\xc2\xba &lt;00125&gt;")}
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        content = {name: package.read(name) for name in package.namelist()}
    page = content["xl/worksheets/sheet1.xml"]
    for place, (kind, value) in values.items():
        start = page.index(b'<c r="%b"' % place)
        end = page.index(b"</c>", start)
        cell = page[start:end].replace(b"><f>", kind + b"><f>").replace(b"<v />", b"<v>" + value + b"</v>")
        assert value in cell
        page = page[:start] + cell + page[end:]
    content["xl/worksheets/sheet1.xml"] = page
    return pack(content)


def check(file: Path, said: Silent | None = None, **more: Any) -> Report:
    options: dict[str, Any] = {"to": MOVES, "constants": (("operacion", "A"),), **more}
    output = OutputOptions(write_results=False, annotate=True)
    return validate_file(SheetOptions(file=file, **options), output, said or Silent())


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a workbook and its annotated copy."""
    folder = tmp_path_factory.mktemp("annotated")
    file = shop_book(folder / "lista.xlsx")
    before = file.read_bytes()
    report = check(file)
    assert file.read_bytes() == before
    assert report.annotated is not None
    return file, Path(report.annotated)


def cells(path: Path, sheet: str, **how: Any) -> Mapping[str, Any]:
    page = openpyxl.load_workbook(path, **how)[sheet]
    return {cell.coordinate: cell.value for row in page.iter_rows() for cell in row if cell.value is not None}


def test_everything_of_the_user_is_there(annotated: tuple[Path, Path]) -> None:
    """Values, formulas and their values, formats, widths, merged cells, panes and other sheets are as they were."""
    file, copy = annotated
    assert copy.name == "lista.anotado.xlsx"
    for sheet in ("Marzo", "Notas"):
        for how in ({}, {"data_only": True}):
            mine, theirs = cells(copy, sheet, **how), cells(file, sheet, **how)
            assert {place: mine.get(place) for place in theirs} == theirs
    old, new = openpyxl.load_workbook(file), openpyxl.load_workbook(copy)
    assert new.sheetnames == old.sheetnames
    assert new["Marzo"].freeze_panes == "A4"
    assert new["Marzo"].merged_cells.ranges == old["Marzo"].merged_cells.ranges
    assert new["Marzo"].column_dimensions["B"].width == 41
    assert new["Marzo"]["D4"].number_format == "0.00"
    assert new["Marzo"]["A1"].font.size == 16
    assert new["Notas"]["A1"].fill.start_color.rgb == "FF00FF00"
    assert new["Marzo"]["B5"].data_type == "s"


def test_wrong_cells_are_filled_and_commented(annotated: tuple[Path, Path]) -> None:
    """Each comment has the code, the reason and what to do; a note that was there stays above."""
    page = openpyxl.load_workbook(annotated[1])["Marzo"]
    assert [page[place].fill.start_color.rgb for place in ("D5", "D6", "A7", "B3")] == [RED, RED, RED, AMBER]
    assert page["D4"].fill.fill_type is None
    note = page["D5"].comment.text
    assert note.startswith("Preguntar a Ana\n")
    assert "not_an_integer: " in page["D6"].comment.text
    assert len(page["D6"].comment.text.split("\n")) == 2
    assert "not_a_number: «cinco» no es un número" in note


def test_estado_and_motivo_stand_after_the_table(annotated: tuple[Path, Path]) -> None:
    """Headed like the others, visible though the columns there were hidden, one word and all reasons a row."""
    page = openpyxl.load_workbook(annotated[1])["Marzo"]
    assert [page.cell(3, column).value for column in (6, 7)] == ["Estado", "Motivo"]
    assert [page.cell(row, 6).value for row in (4, 5, 6, 7)] == ["no enviada", "inválida", "inválida", "inválida"]
    assert page.cell(4, 7).value is None
    assert page.cell(5, 6).font.name == page["B5"].font.name
    assert page.cell(5, 7).value == "«cinco» no es un número"
    spans = {name: (known.min, known.max, known.hidden) for name, known in page.column_dimensions.items()}
    assert spans["F"][:2] == (6, 6)
    assert spans["G"][:2] == (7, 7)
    assert spans["H"] == (8, 40, True)
    assert not spans["F"][2]


def test_it_is_valid_input_and_names_its_destination(annotated: tuple[Path, Path], tmp_path: Path) -> None:
    """The same rows, cells and findings as the original; our columns are no columns of the sheet."""
    file, copy = annotated
    shutil.copy(copy, tmp_path / "x.xlsx")
    before, after = (
        check(file),
        validate_file(SheetOptions(file=tmp_path / "x.xlsx"), OutputOptions(write_results=False), Silent()),
    )
    assert after.to == MOVES
    assert [(f.code, f.cell, f.value) for f in after.findings] == [(f.code, f.cell, f.value) for f in before.findings]
    assert [(row.number, row.cells, row.outcome) for row in after.rows] == [
        (row.number, row.cells, row.outcome) for row in before.rows
    ]
    assert (after.headers, after.ignored_columns) == (before.headers, before.ignored_columns)


def test_a_corrected_copy_loses_its_marks(annotated: tuple[Path, Path], tmp_path: Path) -> None:
    """Corrected and annotated again: no stale comment or fill, the own note stays, no second pair of columns."""
    book = openpyxl.load_workbook(annotated[1])
    page = book["Marzo"]
    page["D5"].value, page["A7"].value = 7, "00126"
    book.save(tmp_path / "lista.anotado.xlsx")
    report = check(tmp_path / "lista.anotado.xlsx")
    assert report.annotated == str(tmp_path / "lista.anotado (2).xlsx")
    page = openpyxl.load_workbook(report.annotated)["Marzo"]
    assert page["D5"].comment.text == "Preguntar a Ana"
    assert page["A7"].comment is None
    assert [page[place].fill.fill_type for place in ("D5", "A7", "D6")] == [None, None, "solid"]
    assert [page.cell(3, column).value for column in (6, 7, 8)] == ["Estado", "Motivo", None]
    assert [page.cell(row, 6).value for row in (5, 6)] == ["no enviada", "inválida"]


def test_a_copy_that_was_worked_on_is_never_replaced(tmp_path: Path) -> None:
    """An untouched one is; one with corrections stays, and the new one gets a number."""
    file = shop_book(tmp_path / "lista.xlsx")
    first = check(file).annotated
    assert first is not None
    assert is_untouched(Path(first))
    assert check(file).annotated == first
    book = openpyxl.load_workbook(first)
    book.save(first)
    said = Silent()
    assert check(file, said).annotated == str(tmp_path / "lista.anotado (2).xlsx")
    assert any("lista.anotado.xlsx" in str(message) for message in said.said)


def test_a_column_of_the_user_called_estado_is_data(tmp_path: Path) -> None:
    """Only the pair with the words of outcomes below is ours."""
    book = openpyxl.Workbook()
    for row in (("Código", "Lista de precios", "Cantidad", "Estado", "Motivo"), ("1", "May", 1, "usado", "roto")):
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    report = check(tmp_path / "x.xlsx")
    assert report.ignored_columns == ("Estado", "Motivo")
    assert report.annotated is not None
    page = openpyxl.load_workbook(report.annotated).active
    assert [page.cell(1, column).value for column in (4, 5, 6, 7)] == ["Estado", "Motivo", "Estado", "Motivo"]
    assert check(Path(report.annotated)).ignored_columns == ("Estado", "Motivo")


PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPhfDwACggF/QQVvjQAAAABJRU5ErkJggg=="
)


def test_what_a_copy_cannot_keep_is_said(tmp_path: Path) -> None:
    """Pictures, charts and sparklines are named; a plain workbook is not talked about."""
    file = shop_book(tmp_path / "lista.xlsx")
    said = Silent()
    check(file, said)
    assert said.said == []
    book = openpyxl.load_workbook(file)
    chart = BarChart()
    chart.add_data(Reference(book["Marzo"], min_col=4, min_row=3, max_row=6), titles_from_data=True)
    book["Notas"].add_chart(chart, "D4")
    book.save(file)
    content = dict(parts(file)) | {"xl/media/image1.png": PICTURE}
    sparklines = b'<extLst><ext uri="x"><x14:sparklineGroups xmlns:x14="y"/></ext></extLst></worksheet>'
    content["xl/worksheets/sheet1.xml"] = content["xl/worksheets/sheet1.xml"].replace(b"</worksheet>", sparklines)
    file.write_bytes(pack(content))
    assert check(file, said).annotated is not None
    (told,) = said.said
    spoken = translate(told, "es")
    assert all(word in spoken for word in ("imágenes", "gráficos", "minigráficos"))
    assert "botones" not in spoken


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.csv", "Código;Lista de precios;Cantidad\n1;May;1\n", ".csv"),
        ("x.xlsx", 20_001, "20001 rows"),
    ],
)
def test_why_there_is_no_copy_is_said_and_nothing_else_changes(
    tmp_path: Path, name: str, content: str | int, why: str
) -> None:
    """A CSV file and a huge sheet have their results workbook; the exit code stays."""
    file = tmp_path / name
    if isinstance(content, str):
        file.write_text(content, encoding="utf-8")
    else:
        book = openpyxl.Workbook(write_only=True)
        page = book.create_sheet("x")
        page.append(["Código", "Lista de precios", "Cantidad"])
        for number in range(content):
            page.append([f"A{number}", "May", 1])
        book.save(file)
    said = Silent()
    report = check(file, said)
    assert (report.exit_code, report.annotated) == (0, None)
    assert why in " ".join(map(str, said.said))
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_a_workbook_that_openpyxl_cannot_read_is_only_not_copied(tmp_path: Path) -> None:
    """The checks read it all the same; the failure is a message, no traceback and no other exit code."""
    file = shop_book(tmp_path / "lista.xlsx")
    content = dict(parts(file))
    broken = content["xl/styles.xml"].replace(b'<sz val="11"', b'<sz val="once"')
    assert broken != content["xl/styles.xml"]
    content["xl/styles.xml"] = broken
    file.write_bytes(pack(content))
    said = Silent()
    report = check(file, said)
    assert (report.exit_code, report.annotated) == (1, None)
    assert "no annotated copy" in " ".join(map(str, said.said))


def test_nothing_of_a_cell_becomes_a_formula(tmp_path: Path) -> None:
    """Values that look like formulas go into comments and reasons as words."""
    book = openpyxl.Workbook()
    page = book.active
    page.append(["Código", "Lista de precios", "Cantidad"])
    page.append(["1", "May", "x"])
    page["C2"].value, page["C2"].data_type = "=cmd|' /C calc'!A0", "s"
    book.save(tmp_path / "x.xlsx")
    report = check(tmp_path / "x.xlsx")
    assert report.annotated is not None
    assert b"<f" not in parts(Path(report.annotated))["xl/worksheets/sheet1.xml"]
