"""The results workbook says what contract section 7 promises, as other programs read it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import openpyxl
import pytest

from etl.core.identity import WorkbookKind, from_properties
from etl.core.report import Report
from etl.core.resend import row_key
from etl.io.workbook.package import read_properties
from etl.io.workbook.results import write_results
from etl.io.workbook.user_table import MAX_COMMENTS
from etl.messages import text
from etl.model import Finding, MappedColumn, Outcome
from tests.io.workbook.shop import (
    DEPOT,
    HEADERS,
    ROWS,
    RUN,
    checked_report,
    live_things,
    parts,
    records,
    row,
    shop_report,
    uncertain_report,
    values,
    wrong,
)

Write = Callable[..., Path]
ERROR_FILL, WARNING_FILL = "FFFBD5D5", "FFFDE9B8"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a report and return the workbook's path."""

    def write_report(report: Report, language: str = "es") -> Path:
        path = tmp_path / "r.xlsx"
        return write_results(report, DEPOT, path, language, fallback=tmp_path / "home", replace=True).path

    return write_report


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return the workbook of a run with every outcome, of one with uncertain rows, or of a validation."""
    folder = tmp_path_factory.mktemp("shop")

    @lru_cache
    def written(make: Callable[[], Report] = shop_report, language: str = "es") -> Path:
        path = folder / f"{make.__name__}-{language}.xlsx"
        return write_results(make(), DEPOT, path, language, fallback=folder / "home").path

    return written


def test_a_run_has_four_sheets_and_a_fifth_when_rows_are_uncertain(shop: Write) -> None:
    """Sheets and their order are the contract's; the lists of drop-downs are hidden and come last."""
    names = openpyxl.load_workbook(shop()).sheetnames
    assert names == ["Resumen", "Errores", "Filas", "Reenviar", "Listas"]
    book = openpyxl.load_workbook(shop(uncertain_report))
    assert book.sheetnames == ["Resumen", "Errores", "Filas", "Reenviar", "Inciertas", "Listas"]
    assert book["Listas"].sheet_state == "hidden"


def test_a_validation_or_dry_run_offers_nothing_to_send_again(shop: Write) -> None:
    """Without a run there is no `Reenviar`: nothing of it was sent, the user's own sheet is what is corrected."""
    assert openpyxl.load_workbook(shop(checked_report)).sheetnames == ["Resumen", "Errores", "Filas"]


def test_rows_keep_the_users_columns_order_and_types(shop: Write) -> None:
    """`Filas` is the user's table: same headers, blank ones too, texts as text, numbers as numbers, dates as dates."""
    header, *rows = values(shop(), "Filas")
    assert header[: len(HEADERS)] == tuple(name or None for name in HEADERS)
    assert rows[0][:8] == ("00123", "Tren", 1000.125, None, 0.21, 5, "a", datetime(2026, 3, 1))  # noqa: DTZ001
    assert rows[1][:5] == (123, "Camión", "1.234", "suelto", 21)
    assert rows[2][1] == "=1+1"
    assert rows[4][6:8] == (True, datetime(2026, 3, 1, 10, 30))  # noqa: DTZ001
    assert len(rows) == len(ROWS)


def test_rows_tell_what_became_of_each(shop: Write) -> None:
    """State, reason, batch, the vendor's id and what it returned stand beside the row, under names that are free."""
    header = values(shop(), "Filas")[0]
    assert header[8:] == (
        "Fila (etl)", "Estado", "Motivo", "Lote", "Id proveedor", "stock (etl)", "least", "net",
    )  # fmt: skip
    rows = records(shop(), "Filas")
    states = ["aceptada", "inválida", "rechazada", "inválida", "no enviada", "sin cambios", "omitida", "aceptada"]
    assert [found["Estado"] for found in rows] == states
    assert [found["Fila (etl)"] for found in rows] == [4, 6, 7, 8, 9, 10, 11, 12]
    first = rows[0]
    assert (first["Lote"], first["Id proveedor"], first["stock (etl)"], first["least"]) == (1, "77", 3, 5)
    assert first["net"] == 826.55
    assert rows[1]["Motivo"] == "Which number is meant?"


def test_a_taken_name_is_told_apart_whatever_its_case(write: Write) -> None:
    """A user's own column Estado is never overwritten or confused with ours, also when it ends in (etl) already."""
    headers = ("ESTADO", "estado (etl)", "Motivo")
    report = shop_report([row(4, ("nuevo", "x", "y"))], [], headers=headers, columns=())
    assert values(write(report), "Filas")[0] == (
        *headers, "Fila", "Estado (etl) (etl)", "Motivo (etl)", "Lote", "Id proveedor",
    )  # fmt: skip


def test_number_formats_that_matter_come_back(write: Write) -> None:
    """0.21 in a percent cell is 21%: without its format it would be another rate when the row is sent again."""
    report = shop_report([ROWS[0]._replace(outcome=Outcome.NOT_SENT)], [])
    book = openpyxl.load_workbook(write(report))
    assert book["Filas"]["E2"].number_format == book["Reenviar"]["E2"].number_format == "0.00%"


def test_wrong_cells_are_filled_and_commented(shop: Write) -> None:
    """The eye finds the cell: errors red, warnings amber, with what is wrong and what to do in the comment."""
    sheet = openpyxl.load_workbook(shop())["Filas"]
    assert sheet["C3"].fill.start_color.rgb == ERROR_FILL
    assert sheet["C3"].comment.text == "“1.234” is not right\nWrite it again"
    assert sheet["B9"].fill.start_color.rgb == WARNING_FILL
    assert sheet["C2"].fill.fill_type is None
    assert sheet["C2"].comment is None


def test_an_error_cell_stays_an_error(shop: Write) -> None:
    """#REF! must not come back as a blank, which would be a value that the user never gave."""
    book = openpyxl.load_workbook(shop())
    for cell in (book["Filas"]["C5"], book["Reenviar"]["C4"]):
        assert (cell.value, cell.data_type, cell.fill.start_color.rgb) == ("#REF!", "e", ERROR_FILL)


def test_an_error_that_came_as_its_text_is_an_error_again(write: Write) -> None:
    """The text #N/A would be taken for a description; text that merely looks like an error stays text."""
    rows = [row(4, ("00001", "#N/A", "#N/A"), Outcome.INVALID)]
    sheet = parts(write(shop_report(rows, [wrong(4, 1, "error_cell", "#N/A")])))["xl/worksheets/sheet4.xml"]
    assert re.search(rb'<c r="B2" s="\d+" t="e"><v>#N/A</v></c>', sheet)
    assert re.search(rb'<c r="C2"( s="\d+")? t="inlineStr"><is><t>#N/A</t></is></c>', sheet)


def test_comments_stop_at_their_cap_and_fills_go_on(write: Write) -> None:
    """Ten thousand comments make Excel crawl; the fill and `Errores` still show every wrong cell."""
    count = MAX_COMMENTS + 5
    rows = [row(number, ("x", "y", "z"), Outcome.INVALID) for number in range(4, 4 + count)]
    path = write(shop_report(rows, [wrong(found.number, 2) for found in rows]))
    comments = [content for name, content in parts(path).items() if name.startswith("xl/comments")]
    assert [content.count(b"<comment ") for content in comments] == [MAX_COMMENTS, MAX_COMMENTS]
    filled = re.findall(rb'<c r="C\d+" (s="\d+")', parts(path)["xl/worksheets/sheet3.xml"])
    assert len(filled) == count + 1
    assert len(set(filled[1:])) == 1
    assert parts(path)["xl/worksheets/sheet2.xml"].count(b"<row ") == count + 1


def test_errors_has_the_contracts_columns_and_one_line_a_finding(shop: Write) -> None:
    """Every finding is listed with its place in the user's sheet, causes together, warnings after errors."""
    path = shop()
    assert values(path, "Errores")[0] == (
        "Fila", "Celda", "Columna", "Valor", "Código", "Problema", "Qué hacer", "Origen",
    )  # fmt: skip
    found = records(path, "Errores")
    assert [(line["Fila"], line["Celda"], line["Código"], line["Origen"]) for line in found] == [
        (6, "C6", "ambiguous_number", "local"),
        (8, "C8", "error_cell", "local"),
        (7, None, "vendor_rejected", "proveedor"),
        (12, "B12", "check_digit", "local"),
    ]
    assert found[0] == {
        "Fila": 6, "Celda": "C6", "Columna": "Precio", "Valor": "1.234", "Código": "ambiguous_number",
        "Problema": "“1.234” is not right", "Qué hacer": "Write it again", "Origen": "local",
    }  # fmt: skip
    assert records(shop(shop_report, "en"), "Errors")[3]["Problem"].startswith("Warning: ")


def test_errors_link_to_the_place_in_rows(shop: Write) -> None:
    """C6 of the user's sheet is C3 of `Filas`: the link leads there, and a finding without cell leads to its row."""
    sheet = openpyxl.load_workbook(shop())["Errores"]
    links = {cell.coordinate: cell.hyperlink.location for line in sheet["A2:B5"] for cell in line if cell.hyperlink}
    assert links == {"B2": "Filas!C3", "B3": "Filas!C5", "A4": "Filas!A4", "B5": "Filas!B9"}


def test_findings_of_one_cause_stand_together(write: Write) -> None:
    """Four hundred rows with one mistake are read as one: the commonest cause first, then by row."""
    rows = [row(number, ("x", "y", "z"), Outcome.INVALID) for number in range(4, 10)]
    findings = [wrong(4, 0, "required"), *(wrong(number, 2) for number in (9, 5, 7)), wrong(6, 0, "required")]
    lines = records(write(shop_report(rows, findings)), "Errores")
    assert [(line["Código"], line["Fila"]) for line in lines] == [
        ("not_a_number", 5), ("not_a_number", 7), ("not_a_number", 9), ("required", 4), ("required", 6),
    ]  # fmt: skip


def test_resend_has_the_rows_to_send_and_nothing_else(shop: Write) -> None:
    """Invalid, rejected and unsent rows under the input's headers in row 1; no accepted, no blank prepared row."""
    path = shop()
    header, *rows = values(path, "Reenviar")
    assert header[: len(HEADERS)] == tuple(name or None for name in HEADERS)
    assert [found[0] for found in rows] == [123, "00007", "00008", "00009"]


def test_resend_ends_in_hidden_keys(shop: Write) -> None:
    """Run, row number and the row's key travel with the row, out of the person's sight."""
    path = shop()
    header, first, *_ = values(path, "Reenviar")
    assert header[8:] == ("etl_corrida", "etl_fila", "etl_clave")
    assert first[8:] == (RUN, 6, row_key(ROWS[1].cells))
    sheet = openpyxl.load_workbook(path)["Reenviar"]
    assert [sheet.column_dimensions[name].hidden for name in ("H", "I")] == [False, True]


def test_resend_keeps_codes_as_text_down_the_whole_column(shop: Write) -> None:
    """Somebody who types 00150 below must not end up with 150: codes have the text format, prices do not."""
    sheet = openpyxl.load_workbook(shop())["Reenviar"]
    assert sheet.column_dimensions["A"].number_format == "@"
    assert sheet.column_dimensions["C"].number_format == "General"
    assert (sheet["A3"].value, sheet["A3"].data_type, sheet["A3"].number_format) == ("00007", "s", "@")


def test_resend_has_the_drop_downs_and_limits_of_the_columns_that_were_mapped(shop: Write) -> None:
    """The template's rules hold where the person corrects, at the user's own columns."""
    sheet = openpyxl.load_workbook(shop())["Reenviar"]
    rules = {str(rule.sqref): (rule.type, rule.formula1) for rule in sheet.data_validations.dataValidation}
    assert rules["E2:E1048576"] == ("list", "'Listas'!$A$2:$A$4")
    assert rules["A2:A1048576"] == ("textLength", "50")
    assert rules["C2:C1048576"][0] == "custom"


def test_a_refusal_of_the_whole_row_is_told_at_its_key(shop: Write) -> None:
    """The vendor names no cell; the person still finds its words in `Reenviar`."""
    sheet = openpyxl.load_workbook(shop())["Reenviar"]
    assert sheet["A3"].comment.text == "No existe 00007"


def test_uncertain_rows_come_with_what_is_known_and_a_place_to_decide(shop: Write) -> None:
    """Nobody decides blind: what was sent, when, what was read before and after; the decision is a drop-down."""
    path = shop(uncertain_report, "en")
    first = records(path, "Uncertain")[0]
    assert (first["Row"], first["Batch"], first["code"], first["count"]) == (13, 2, "00013", 4)
    assert (first["Read before"], first["Expected after"], first["Read after"]) == (
        "stock: 10",
        "stock: 14",
        "stock: 10",
    )
    assert first["Decision"] is None
    assert first["etl_corrida"] == RUN
    assert "not applied" in first["Reason"]
    rules = openpyxl.load_workbook(shop(uncertain_report))["Inciertas"].data_validations.dataValidation
    assert [rule.formula1 for rule in rules] == ['"aplicada,enviar de nuevo"']


def test_the_summary_counts_every_row_once(shop: Write) -> None:
    """All states are named, with zeros too, and their sum is what was read."""
    lines = {cells[0]: cells[1] for cells in values(shop(), "Resumen")}
    english = {cells[0]: cells[1] for cells in values(shop(shop_report, "en"), "Summary")}
    states = ("aceptada", "rechazada", "inválida", "incierta", "no enviada", "sin cambios", "omitida")
    assert [lines[state] for state in states] == [2, 1, 2, 0, 1, 1, 1]
    assert [english[outcome] for outcome in Outcome] == [2, 1, 1, 2, 1, 0, 1]
    assert english["Read in all"] == 8


def test_the_summary_names_run_file_company_and_requests(shop: Write) -> None:
    """Months later the workbook alone says what was sent where, from which file, on whose account."""
    facts = {cells[0]: cells[1] for cells in values(shop(shop_report, "en"), "Summary")}
    assert (facts["Run"], facts["File"], facts["SHA-256 of the file"]) == (RUN, "stock de marzo.xlsx", "ab" * 32)
    assert (facts["Company"], facts["Account"], facts["Destination"]) == ("Acme S.A.", "acme-centro", DEPOT.name)
    assert (facts["Requests planned"], facts["Requests sent"], facts["Requests that only read"]) == (3, 2, 1)
    assert facts["Set for all rows"] == "move = A"


def test_the_summary_reads_one_cause_as_one(write: Write) -> None:
    """Forty rows with one mistake are one line with their ranges, linked to the first of them in `Errores`."""
    rows = [row(number, ("x", "y", "z"), Outcome.INVALID) for number in (*range(4, 44), 57)]
    path = write(shop_report(rows, [wrong(found.number, 2) for found in rows]))
    sheet = openpyxl.load_workbook(path)["Resumen"]
    lines = [cells for cells in sheet.iter_rows() if cells[5].value == "not_a_number"]
    assert [(cells[0].value, cells[1].value, cells[4].value) for cells in lines] == [("Precio", 41, "4-43, 57")]
    assert lines[0][0].hyperlink.location == "Errores!A2"


def test_the_summary_lists_what_runs_out(shop: Write) -> None:
    """Products at or below their minimum are listed; those above are not."""
    lines = [cells[:3] for cells in values(shop(), "Resumen")]
    assert ("00123", 3, 5) in lines
    assert not [found for found in lines if found[0] == "00012"]


def test_the_summary_has_a_chart_and_says_what_to_do(write: Write) -> None:
    """The steps that the pipeline gives stand there word for word, for they hold commands to copy."""
    step = 'etl run "stock de  marzo.resultados.xlsx"'
    path = write(shop_report(next_steps=(text("Then: {command}", command=step),)))
    assert any(name.startswith("xl/charts/chart") for name in parts(path))
    assert (f"Then: {step}") in [cells[0] for cells in values(path, "Resumen")]


def test_english_uses_the_outcome_words_and_english_names(shop: Write) -> None:
    """With --lang en nothing of the frame is Spanish."""
    path = shop(uncertain_report, "en")
    names = ["Summary", "Errors", "Rows", "Resend", "Uncertain", "Lists"]
    assert openpyxl.load_workbook(path).sheetnames == names
    assert values(path, "Errors")[0] == (
        "Row", "Cell", "Column", "Value", "Code", "Problem", "What to do", "Source",
    )  # fmt: skip
    assert {found["State"] for found in records(path, "Rows")} == {outcome.value for outcome in Outcome}


def test_a_results_workbook_is_known_by_what_it_carries(shop: Write) -> None:
    """Destination, profile, mapping and constants stand inside, so that it can be sent without saying them again."""
    identity = from_properties(read_properties(shop()))
    assert identity is not None
    assert (identity.kind, identity.run, identity.to, identity.profile) == (
        WorkbookKind.RESULTS, RUN, DEPOT.name, "acme",
    )  # fmt: skip
    assert identity.data_sheet == "Reenviar"
    assert identity.columns[0] == MappedColumn("code", "Código", 0)
    assert (identity.constants, identity.options) == ({"move": "A"}, {"decimal": "comma"})


def test_the_same_report_gives_the_same_bytes(write: Write, shop: Write) -> None:
    """The journal can make a lost workbook again, byte for byte."""
    assert write(uncertain_report()).read_bytes() == shop(uncertain_report).read_bytes()


def test_headers_freeze_and_columns_filter(shop: Write) -> None:
    """Tables can be filtered at once, scroll under their header, and repeat it on paper."""
    book = openpyxl.load_workbook(shop())
    for name, area in (("Errores", "A1:H5"), ("Filas", "A1:P9"), ("Reenviar", "A1:K5")):
        assert (book[name].freeze_panes, book[name].auto_filter.ref) == ("A2", area)
        assert book[name].print_title_rows == "$1:$1"
        assert book[name].page_setup.orientation == "landscape"


PAYLOADS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")',
    "http://example.invalid/x", "mailto:a@example.invalid", "{=1}", "internal:A1", "external:x.xlsx", "|x", "%0A=1",
)  # fmt: skip


def test_no_content_ever_becomes_a_formula_or_a_link(write: Write) -> None:
    """Cells, headers, file names, messages and the vendor's words are words, whatever they begin with."""
    rows = [row(number, (words,) * 3, Outcome.REJECTED, reasons=(text("{words}", words=words),), vendor_id=words,
                data={words: words}) for number, words in enumerate(PAYLOADS, start=4)]  # fmt: skip
    findings = [
        Finding("x", text("{w}", w=words), text("{w}", w=words), row=number, column=0, header=words, value=words)
        for number, words in enumerate(PAYLOADS, start=4)
    ]
    report = shop_report(
        rows, findings, headers=PAYLOADS[:3], file="=x.xlsx", company="=c", ignored_columns=PAYLOADS,
        uncertain=(replace(uncertain_report().uncertain[1], payload={"=p": "=p"}),),
        next_steps=tuple(text("{w}", w=words) for words in PAYLOADS),
    )  # fmt: skip
    path = write(report)
    assert live_things(path) == []
    assert [found[0].replace("\r", "\n") for found in values(path, "Filas")[1:]] == [
        words.replace("\r", "\n") for words in PAYLOADS
    ]


def test_writing_a_workbook_needs_no_heavy_library() -> None:
    """`resume` and `report` write workbooks too, and start in a blink."""
    program = "import sys, etl.io.workbook.results, etl.io.workbook.template, etl.core.summary, etl.core.report_json\n"
    program += "print(sorted({'pandas', 'numpy', 'pandera', 'openpyxl', 'sqlalchemy', 'httpx'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_sheet_that_could_not_be_used_still_gives_a_workbook(write: Write) -> None:
    """Without header and rows the findings about the file are what there is to say."""
    missing = Finding("missing_column", text("The column {name} is missing", name="Código"))
    report = Report("validate", to=DEPOT.name, file="x.csv", findings=(missing,), exit_code=3)
    path = write(report)
    assert records(path, "Errores")[0]["Problema"] == "The column Código is missing"
    assert values(path, "Filas")[0][:2] == ("Fila", "Estado")
