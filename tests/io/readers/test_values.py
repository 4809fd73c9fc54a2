"""What a workbook's cells come out as, whoever wrote it."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from etl.errors import FileError
from etl.io.readers import open_source
from etl.model import Sheet
from tests.io.readers.books import OFFICE, PACKAGE, book, pack, parts, save, shared, worksheet

SOFFICE = shutil.which("soffice")


def rows_of(path: Path, name: str | None = None) -> list[tuple[object, ...]]:
    return [tuple(row) for row in open_source(path).read(name).rows]


def convert(path: Path, suffix: str, folder: Path) -> Path:
    """Have LibreOffice write a workbook in another format."""
    command = [str(SOFFICE), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", suffix, "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / f"{path.stem}.{suffix}"


def test_values_keep_their_type(tmp_path: Path) -> None:
    """Texts stay texts, numbers stay floats, blanks are None; nothing is formatted, trimmed or made an integer."""
    path = tmp_path / "v.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet("Precios")
    sheet.write_row(0, 0, ["Código", " Precio ", "Activo"])
    sheet.write_string(1, 0, "00123")
    sheet.write_number(1, 1, 1000.125)
    sheet.write_boolean(1, 2, True)
    sheet.write_number(2, 0, 123)
    sheet.write_string(2, 1, "NA")
    sheet.write_number(3, 1, 0)
    sheet.write_boolean(3, 2, False)
    workbook.close()
    rows = rows_of(path)
    assert rows == [
        ("Código", " Precio ", "Activo"),
        ("00123", 1000.125, True),
        (123.0, "NA"),
        (None, 0.0, False),
    ]
    assert [type(cell) for cell in rows[2]] == [float, str]
    assert rows[1][2] is True
    assert rows[3][2] is False


def test_numbers_are_not_rounded(tmp_path: Path) -> None:
    """A number comes out as the file has it, to the last bit: what its digits mean is decided elsewhere."""
    written = ["1707.1768000000002", "1E-3", "7.79E+12", "-0.1", "123456789012345678"]
    cells = "".join(f'<c r="{column}1"><v>{digits}</v></c>' for column, digits in zip("ABCDE", written, strict=True))
    assert rows_of(save(tmp_path, book(worksheet(f'<row r="1">{cells}</row>')))) == [tuple(map(float, written))]


def test_numbers_that_are_none(tmp_path: Path) -> None:
    """An infinite number is no blank cell and no number: it is noted as Excel's #NUM!."""
    sheet = open_source(
        save(tmp_path, book(worksheet('<row r="2"><c r="B2"><v>1e999</v></c><c r="C2"><v>5</v></c></row>')))
    ).read()
    assert list(sheet.rows) == [(), (None, None, 5.0)]
    assert sheet.notes[2, 1].error == "#NUM!"


def test_dates_and_times(tmp_path: Path) -> None:
    """A date cell comes out as a date, with hours as a datetime, a duration as a timedelta."""
    path = tmp_path / "d.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet()
    day, moment, clock, span = (
        workbook.add_format({"num_format": code}) for code in ("dd/mm/yyyy", "dd/mm/yyyy hh:mm", "hh:mm", "[h]:mm")
    )
    sheet.write_datetime(0, 0, datetime(2024, 2, 29), day)  # noqa: DTZ001 - Excel knows no time zones
    sheet.write_datetime(0, 1, datetime(2024, 2, 29, 13, 30), moment)  # noqa: DTZ001
    sheet.write_number(0, 2, 0.25, clock)
    sheet.write_number(0, 3, 1.5, span)
    workbook.close()
    assert rows_of(path) == [
        (date(2024, 2, 29), datetime(2024, 2, 29, 13, 30), time(6), timedelta(hours=36)),  # noqa: DTZ001
    ]


def test_dates_counted_from_1904(tmp_path: Path) -> None:
    """A workbook of the old Macintosh calendar gives the same dates."""
    path = tmp_path / "mac.xlsx"
    workbook = xlsxwriter.Workbook(path, {"date_1904": True})
    workbook.add_worksheet().write_datetime(0, 0, date(2024, 2, 29), workbook.add_format({"num_format": "dd/mm/yyyy"}))
    workbook.close()
    assert rows_of(path) == [(date(2024, 2, 29),)]


def test_texts_in_all_their_forms(tmp_path: Path) -> None:
    """Shared, inline, formula and rich texts, escapes and entities all come out as the person sees them."""
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
        '<c r="C1" t="inlineStr"><is><t>en línea</t></is></c>'
        '<c r="D1" t="str"><f>A1</f><v>de fórmula</v></c><c r="E1" t="s"><v>2</v></c></row>'
    )
    table = shared(
        "<si><t>uno &amp; &#233;l</t></si>",
        '<si><r><t xml:space="preserve">rico </t></r><r><rPr><b/></rPr><t>negrita</t></r></si>',
        "<si><t>dos_x000D_líneas</t></si>",
    )
    data = book(worksheet(rows), extra={"xl/sharedStrings.xml": table})
    assert rows_of(save(tmp_path, data)) == [("uno & él", "rico negrita", "en línea", "de fórmula", "dos\rlíneas")]


def test_blank_texts_are_none(tmp_path: Path) -> None:
    """An empty text is blank, also as a formula's answer, and blank cells at the end of a row or sheet are left out."""
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t></t></is></c><c r="B1"><v>1</v></c>'
        '<c r="C1" t="str"><f>IF(1,"")</f><v></v></c></row>'
        '<row r="3"><c r="A3" t="inlineStr"><is><t/></is></c></row>'
    )
    sheet = open_source(save(tmp_path, book(worksheet(rows)))).read()
    assert list(sheet.rows) == [(None, 1.0)]
    assert sheet.notes == {}


def test_first_visible_sheet_is_read(tmp_path: Path) -> None:
    """Hidden and very hidden sheets are never chosen, and are listed as hidden."""
    sheets = {
        name: worksheet(f'<row r="1"><c r="A1" t="inlineStr"><is><t>{name}</t></is></c></row>')
        for name in ("Ocultísima", "Oculta", "Lista")
    }
    source = open_source(save(tmp_path, book(sheets, states={"Ocultísima": "veryHidden", "Oculta": "hidden"})))
    assert [(sheet.name, sheet.visible) for sheet in source.sheets] == [
        ("Ocultísima", False),
        ("Oculta", False),
        ("Lista", True),
    ]
    assert source.read().rows[0] == ("Lista",)
    assert source.read("oculta ").rows[0] == ("Oculta",)


def test_unknown_sheet_is_refused_with_the_names(tmp_path: Path) -> None:
    """A sheet that is not there ends in a FileError that lists those that are."""
    source = open_source(save(tmp_path, book({"Precios": worksheet(""), "Stock": worksheet("")})))
    with pytest.raises(FileError, match="«Precios», «Stock»") as caught:
        source.read("Precio")
    assert caught.value.findings[0].code == "missing_sheet"


def test_no_visible_sheet_is_refused(tmp_path: Path) -> None:
    """A workbook whose sheets are all hidden is not read by guess."""
    source = open_source(save(tmp_path, book({"A": worksheet("")}, states={"A": "hidden"})))
    with pytest.raises(FileError, match="no visible sheet"):
        source.read()


def test_chart_sheets_are_not_sheets(tmp_path: Path) -> None:
    """A chart sheet before the table is not offered."""
    path = tmp_path / "c.xlsx"
    workbook = xlsxwriter.Workbook(path)
    chartsheet = workbook.add_chartsheet("Gráfico")
    data = workbook.add_worksheet("Datos")
    data.write(0, 0, 1)
    chart = workbook.add_chart({"type": "bar"})
    chart.add_series({"values": "=Datos!$A$1:$A$1"})
    chartsheet.set_chart(chart)
    workbook.close()
    source = open_source(path)
    assert [sheet.name for sheet in source.sheets] == ["Datos"]
    assert source.read().rows[0] == (1.0,)


def test_macros_are_read_as_data_only(tmp_path: Path) -> None:
    """An .xlsm is read like any workbook, and says what it is."""
    content = parts(
        worksheet('<row r="1"><c r="A1"><v>5</v></c></row>'), extra={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0macro" * 50}
    )
    content["[Content_Types].xml"] = str(content["[Content_Types].xml"]).replace(
        "spreadsheetml.sheet.main", "ms-excel.sheet.macroEnabled.main"
    )
    source = open_source(save(tmp_path, pack(content), "m.xlsm"))
    assert source.kind == "xlsm"
    assert source.read().rows[0] == (5.0,)


def test_custom_properties_and_date_of_saving(tmp_path: Path) -> None:
    """The custom document properties and the moment of saving reach the sheet."""
    path = tmp_path / "p.xlsx"
    workbook = xlsxwriter.Workbook(path)
    workbook.set_custom_property("etl.destination", "tusfacturas.stock")
    workbook.set_custom_property("etl.rows", 12)
    workbook.set_properties({"created": datetime(2024, 5, 1, 12, tzinfo=UTC)})
    workbook.add_worksheet().write(0, 0, "x")
    workbook.close()
    source = open_source(path)
    assert source.properties == {"etl.destination": "tusfacturas.stock", "etl.rows": "12"}
    assert source.modified == datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert source.read().properties == source.properties


def test_openpyxl_files(tmp_path: Path) -> None:
    """What openpyxl writes is read: values, blank rows, properties that it kept, formulas never calculated."""
    first = tmp_path / "a.xlsx"
    workbook = xlsxwriter.Workbook(first)
    workbook.set_custom_property("etl.run", "2c9f")
    workbook.add_worksheet("Hoja1").write(0, 0, "Código")
    workbook.close()
    loaded = openpyxl.load_workbook(first)
    loaded["Hoja1"]["C4"] = "00123"
    loaded["Hoja1"]["B5"] = "=1+1"
    loaded["Hoja1"]["A5"] = 7
    second = tmp_path / "b.xlsx"
    loaded.save(second)
    source = open_source(second)
    sheet = source.read()
    assert list(sheet.rows) == [("Código",), (), (), (None, None, "00123"), (7.0,)]
    assert sheet.notes[5, 1].formula_without_value
    assert source.properties == {"etl.run": "2c9f"}


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
def test_libreoffice_files(tmp_path: Path) -> None:
    """What LibreOffice writes is read alike: row numbers, formats, hidden rows, errors, properties."""
    path = tmp_path / "x.xlsx"
    workbook = xlsxwriter.Workbook(path)
    workbook.set_custom_property("etl.run", "2c9f")
    sheet = workbook.add_worksheet("Lista")
    sheet.write_row(1, 1, ["Código", "Alícuota", "Cuenta"])
    sheet.write_number(2, 1, 123, workbook.add_format({"num_format": "00000"}))
    sheet.write_number(2, 2, 0.21, workbook.add_format({"num_format": "0%"}))
    sheet.write_formula(2, 3, "=1/0", None, "#DIV/0!")
    sheet.write_formula(4, 3, '=IF(1=1,"","x")', None, "")
    sheet.write_string(4, 1, "fin")
    sheet.set_row(4, None, None, {"hidden": True})
    workbook.close()
    source = open_source(convert(path, "xlsx", tmp_path / "lo"))
    read = source.read()
    assert list(read.rows) == [(), (None, "Código", "Alícuota", "Cuenta"), (None, 123.0, 0.21), (), (None, "fin")]
    assert read.notes[3, 1].number_format == "00000"
    assert read.notes[3, 2].number_format == "0%"
    assert read.notes[3, 3].error == "#DIV/0!"
    assert read.hidden_rows == {5}
    assert source.properties["etl.run"] == "2c9f"


def test_prefixed_and_absolute_parts(tmp_path: Path) -> None:
    """Workbooks with a namespace prefix on every element and absolute part names are read like the others."""
    sheet = worksheet('<row r="2"><c r="B2" s="2"><v>7</v></c><c r="C2" t="e"><v>#N/A</v></c></row>')
    prefixed = sheet.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:").replace("xmlns=", "xmlns:x=")
    content = parts(prefixed)
    content["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{OFFICE}/styles" Target="/xl/styles.xml"/></Relationships>'
    )
    read = open_source(save(tmp_path, pack(content))).read()
    assert list(read.rows) == [(), (None, 7.0)]
    assert read.notes[2, 1].number_format == "00000"
    assert read.notes[2, 2].error == "#N/A"


def test_rows_and_cells_without_references(tmp_path: Path) -> None:
    """Rows and cells that do not say where they stand are counted on from their neighbours."""
    data = book(worksheet("<row><c><v>1</v></c><c/><c><v>2</v></c></row><row/><row><c><v>3</v></c></row>"))
    assert rows_of(save(tmp_path, data)) == [(1.0, None, 2.0), (), (3.0,)]


def test_reading_twice_and_another_sheet(tmp_path: Path) -> None:
    """A source can be read as often as one likes, sheet by sheet."""
    source = open_source(
        save(
            tmp_path,
            book(
                {name: worksheet(f'<row r="1"><c r="A1"><v>{number}</v></c></row>') for number, name in enumerate("AB")}
            ),
        )
    )
    assert [source.read(name).rows[0] for name in ("A", "B", "A")] == [(0.0,), (1.0,), (0.0,)]


def first_cells(folder: Path, *lines: str | float | list[str]) -> Sheet:
    """Read a workbook with these lines in its first cells; a list goes into several."""
    path = folder / "u.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet("Lista")
    for row, line in enumerate(lines):
        sheet.write_row(row, 0, line if isinstance(line, list) else [line])
    workbook.close()
    return open_source(path).read()


def test_lines_of_a_csv_in_the_first_cells_are_divided(tmp_path: Path) -> None:
    """A CSV that Excel saved undivided is read as the CSV it was, row by row, and that is said."""
    others = [f"{number},Clavo,1" for number in range(10)]
    read = first_cells(
        tmp_path, "codigo,detalle", '1,"Pala, ancha"', "", '2,"Dos ""2""\nlíneas",', *others, ["3,a", "b"]
    )
    assert read.rows[:4] == [("codigo", "detalle"), ("1", "Pala, ancha"), (), ("2", 'Dos "2"\nlíneas')]
    assert read.rows[-1] == ("3", "a;b")


def test_undivided_lines_that_cannot_be_trusted_are_findings(tmp_path: Path) -> None:
    """A field too many, a quote that is never closed, a number among the lines: each costs its own row only."""
    lines = ["codigo,detalle,precio", *["1,Pala,10"] * 9, "2,Pico,20,5", '3,"Mazo,30', "4,a\n5,b,6", 7.0, "8,Sierra,9"]
    read = first_cells(tmp_path, *lines)
    assert [(found.code, found.row, found.sheet) for found in read.findings if found.is_error] == [
        ("wrong_field_count", 11, "Lista"), ("broken_quotes", 12, "Lista"), ("broken_quotes", 13, "Lista"),
        ("wrong_field_count", 14, "Lista"),
    ]  # fmt: skip
    assert [read.rows[1], read.rows[14]] == [("1", "Pala", "10"), ("8", "Sierra", "9")]
    assert [found.code for found in read.findings if not found.is_error] == ["undivided_columns"]
    assert read.delimiter == ","


@pytest.mark.parametrize(
    "lines", [["Lista de precios, mayo"], ["Tornillos", "Tuercas, de bronce", "Clavos"], [1.0, 2.0]]
)
def test_a_column_of_values_is_not_divided(tmp_path: Path, lines: list[str | float]) -> None:
    """Commas in a few texts make no CSV."""
    read = first_cells(tmp_path, *lines)
    assert [row[0] for row in read.rows] == lines
    assert (read.findings, read.delimiter) == ((), None)


def test_the_decimals_that_are_seen(tmp_path: Path) -> None:
    """What XlsxWriter and openpyxl write as a price of two decimals is known to show two; other cells say nothing."""
    rows = [(1.2345, "#,##0.00"), (2.5, "[$$-540A]#,##0.000"), (3.5, "General"), (0.5, "0%")]
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for row, (value, code) in enumerate(rows):
            sheet.write_number(row, 1, value, workbook.add_format({"num_format": code}))
    other = tmp_path / "o.xlsx"
    book_ = openpyxl.Workbook()
    for row, (value, code) in enumerate(rows, start=1):
        cell = book_.active.cell(row, 2)  # type: ignore[union-attr]
        cell.value, cell.number_format = value, code
    book_.save(other)
    for written in (path, other):
        shown = open_source(written).read().decimals
        assert [shown.of(row, 1) for row in range(1, 6)] == [2, 3, None, None, None]


def test_hidden_columns_and_merged_areas(tmp_path: Path) -> None:
    """Hidden columns and merged areas are told, for whoever looks for the header."""
    path = tmp_path / "h.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet()
    sheet.merge_range("B2:D3", "Título")
    sheet.write(4, 0, "x")
    sheet.set_column("C:D", None, None, {"hidden": True})
    workbook.close()
    read = open_source(path).read()
    assert read.hidden_columns == {2, 3}
    assert list(read.merged) == [(2, 3, 1, 3)]


@pytest.mark.long
@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_legacy_files(suffix: str, tmp_path: Path) -> None:
    """Old formats are read when it is asked for: same values, same row numbers, hidden sheets hidden, and a warning."""
    path = tmp_path / "x.xlsx"
    workbook = xlsxwriter.Workbook(path)
    workbook.add_worksheet("Oculta").hide()
    sheet = workbook.add_worksheet("Lista")
    sheet.activate()
    sheet.set_first_sheet()
    sheet.write_row(2, 1, ["00123", 1000.125, True])
    sheet.write_datetime(4, 1, date(2024, 2, 29), workbook.add_format({"num_format": "dd/mm/yyyy"}))
    workbook.close()
    source = open_source(convert(path, suffix, tmp_path / "lo"), allow_legacy=True)
    assert source.kind == suffix
    assert [(found.name, found.visible) for found in source.sheets] == [("Oculta", False), ("Lista", True)]
    read = source.read()
    assert list(read.rows) == [(), (), (None, "00123", 1000.125, True), (), (None, date(2024, 2, 29))]
    assert [(finding.code, finding.is_error) for finding in read.findings] == [("legacy_format", False)]
