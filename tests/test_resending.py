"""The loop: correct the rows in the results workbook, send that, each row exactly once in all (contract section 7)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import openpyxl
import pytest

from etl.core.report import Report
from etl.options import OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file, validate_file
from etl.runs import resume_run
from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import MOVES, NO_WORKBOOK, Lab, Silent, shops

SPANISH = OutputOptions()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        lab = Lab(tmp_path / "home", sandbox)
        shops(lab, 20)
        yield lab


def sheet(folder: Path, rows: Mapping[str, str]) -> Path:
    path = folder / "stock.csv"
    lines = [f"{code};Mayorista;{units}" for code, units in rows.items()]
    path.write_text("\n".join(["Código;Lista de precios;Cantidad", *lines]) + "\n", encoding="utf-8")
    return path


def first_run(lab: Lab, path: Path) -> Report:
    options = SheetOptions(file=path, to=MOVES, constants=(("operacion", "A"),))
    return run_file(options, SPANISH, SendOptions(yes=True), lab.settings, Silent())


def send(lab: Lab, path: str | Path, output: OutputOptions = NO_WORKBOOK, **more: object) -> Report:
    options = SheetOptions(file=Path(path))
    return run_file(options, output, SendOptions(yes=True, **more), lab.settings, Silent())  # type: ignore[arg-type]


def correct(path: str | Path, cells: Mapping[str, object]) -> None:
    """Write into `Reenviar` by the row's code, as a person does; openpyxl saves it."""
    book = openpyxl.load_workbook(path)
    page = book["Reenviar"]
    for row in range(2, page.max_row + 1):
        code = page.cell(row, 1).value
        if code in cells:
            page.cell(row, 3).value = cells[code]
    book.save(path)
    book.close()


def times(lab: Lab) -> dict[str, int]:
    shop = lab.sandbox.tusfacturas
    found = {code: shop.times_applied("Mayorista", code, "productos/stock") for (_list, code) in shop.products}
    return {code: count for code, count in found.items() if count}


def test_corrected_rows_go_out_once_and_the_others_never_again(lab: Lab, tmp_path: Path) -> None:
    """Invalid and refused rows come back, are corrected and accepted; what was accepted is not in the sheet."""
    first = first_run(lab, sheet(tmp_path, {"P000": "1", "P001": "uno", "X9": "3", "P002": "4", "P003": "1,5"}))
    assert (first.counts["accepted"], first.counts["invalid"], first.counts["rejected"]) == (2, 2, 1)
    assert first.results is not None
    correct(first.results, {"P001": 7})
    second = send(lab, first.results, SPANISH)
    assert second.to == MOVES
    assert [(row.number, row.outcome) for row in second.rows] == [(3, "accepted"), (4, "skipped"), (6, "invalid")]
    assert times(lab) == {"P000": 1, "P001": 1, "P002": 1}
    assert lab.sandbox.tusfacturas.stock("Mayorista", "P001") == 107
    correct(first.results, {"P003": 2})
    third = send(lab, first.results)
    assert [(row.number, row.outcome) for row in third.rows] == [(3, "skipped"), (4, "skipped"), (6, "accepted")]
    assert times(lab) == {"P000": 1, "P001": 1, "P002": 1, "P003": 1}


def test_a_refused_row_as_it_was_only_goes_out_when_asked(lab: Lab, tmp_path: Path) -> None:
    """`--retry-rejected`, once the product exists at the vendor."""
    first = first_run(lab, sheet(tmp_path, {"P000": "1", "X9": "3"}))
    assert first.results is not None
    assert [row.outcome for row in send(lab, first.results).rows] == ["skipped"]
    lab.sandbox.tusfacturas.seed({"lista_precios": "Mayorista", "codigo": "X9", "stock_actual": 0})
    again = send(lab, first.results, retry_rejected=True)
    assert [(row.number, row.outcome) for row in again.rows] == [(3, "accepted")]
    assert times(lab) == {"P000": 1, "X9": 1}


def test_rows_never_sent_are_taken_over_from_the_old_run(lab: Lab, tmp_path: Path) -> None:
    """The workbook sends them, and the old run's resume does not send them a second time."""
    path = sheet(tmp_path, {f"P{number:03d}": "2" for number in range(6)})
    with lab.sandbox.down():
        first = first_run(lab, path)
    assert first.counts["not_sent"] == 6
    assert first.run is not None
    assert first.results is not None
    second = send(lab, first.results)
    assert second.counts["accepted"] == 6
    late = resume_run(first.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent())
    assert late.exit_code == 6
    assert set(times(lab).values()) == {1}


def test_an_old_run_resumed_first_is_not_doubled_by_the_workbook(lab: Lab, tmp_path: Path) -> None:
    """The other way round: what resume sent is known when the workbook comes."""
    path = sheet(tmp_path, {f"P{number:03d}": "2" for number in range(6)})
    with lab.sandbox.down():
        first = first_run(lab, path)
    assert first.run is not None
    assert first.results is not None
    shutil.copy(first.results, tmp_path / "copia.xlsx")
    assert resume_run(first.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent()).exit_code == 0
    correct(tmp_path / "copia.xlsx", {"P003": 9})
    second = send(lab, tmp_path / "copia.xlsx")
    assert second.counts["accepted"] == 0
    assert set(times(lab).values()) == {1}


def test_an_uncertain_row_is_never_sent_from_a_workbook(lab: Lab, tmp_path: Path) -> None:
    """A doubt that came after the workbook was written counts too."""
    path = sheet(tmp_path, {f"P{number:03d}": "2" for number in range(3)})
    with lab.sandbox.down():
        first = first_run(lab, path)
    assert first.run is not None
    assert first.results is not None
    shutil.copy(first.results, tmp_path / "copia.xlsx")
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    resume_run(first.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent())
    correct(tmp_path / "copia.xlsx", {"P001": 5})
    second = send(lab, tmp_path / "copia.xlsx")
    assert second.counts["accepted"] == 0
    assert times(lab) == {}


def test_added_deleted_and_reordered_rows(lab: Lab, tmp_path: Path) -> None:
    """A row that somebody adds has no number; deleted ones are simply not there; the order does not matter."""
    first = first_run(lab, sheet(tmp_path, {"P000": "uno", "P001": "dos", "P002": "tres"}))
    assert first.results is not None
    book = openpyxl.load_workbook(first.results)
    page = book["Reenviar"]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
    for row, values in enumerate([rows[2], rows[0], ["P007", "Mayorista", 5]], start=2):
        for column in range(1, page.max_column + 1):
            page.cell(row, column).value = values[column - 1] if column <= len(values) else None
    page.cell(2, 3).value = 3
    page.cell(3, 3).value = 1
    book.save(first.results)
    book.close()
    second = send(lab, first.results)
    assert [(row.number, row.outcome) for row in second.rows] == [
        (4, "accepted"),
        (2, "accepted"),
        (None, "accepted"),
    ]
    assert times(lab) == {"P000": 1, "P002": 1, "P007": 1}


def test_a_workbook_of_another_journal_moves_nothing(lab: Lab, tmp_path: Path) -> None:
    """Only where it was sent is it known what was moved: exit 6."""
    first = first_run(lab, sheet(tmp_path, {"P000": "1", "P001": "uno"}))
    assert first.results is not None
    correct(first.results, {"P001": 7})
    elsewhere = Lab(tmp_path / "other", lab.sandbox)
    assert send(elsewhere, first.results).exit_code == 6
    assert times(lab) == {"P000": 1}


def test_a_results_workbook_can_be_validated(lab: Lab, tmp_path: Path) -> None:
    """Nothing has to be said again: destination, mapping and constants stand inside."""
    path = tmp_path / "raro.csv"
    path.write_text("Art;Lista;Unid.\nP000;Mayorista;1\nP001;Mayorista;uno\n", encoding="utf-8")
    maps = (("Art", "codigo"), ("Lista", "lista_precios"), ("Unid.", "cantidad"))
    options = SheetOptions(file=path, to=MOVES, constants=(("operacion", "A"),), maps=maps)
    first = run_file(options, SPANISH, SendOptions(yes=True), lab.settings, Silent())
    assert (first.counts["accepted"], first.counts["invalid"]) == (1, 1)
    assert first.results is not None
    found = validate_file(SheetOptions(file=Path(first.results)), NO_WORKBOOK, Silent())
    assert (found.to, found.exit_code, found.counts["invalid"]) == (MOVES, 1, 1)
    assert [row.number for row in found.rows] == [3]


def test_a_filled_template_needs_no_destination(lab: Lab, tmp_path: Path) -> None:
    """It names its destination itself; its example row and blank prepared rows are no data."""
    path = tmp_path / "plantilla.xlsx"
    shutil.copy(Path(__file__).parent.parent / "templates" / f"{MOVES}.xlsx", path)
    book = openpyxl.load_workbook(path)
    page = next(page for page in book.worksheets if any("Cantidad" in str(cell.value) for cell in page[1]))
    headers = [str(cell.value) for cell in page[1]]
    values = {"Lista": "Mayorista", "digo": "P004", "Cantidad": 6, "peraci": "A"}
    for column, header in enumerate(headers, start=1):
        found = [value for part, value in values.items() if part in header]
        page.cell(3, column).value = found[0] if found else None
    book.save(path)
    book.close()
    report = send(lab, path)
    assert (report.to, report.exit_code, report.counts["accepted"]) == (MOVES, 0, 1), report.findings
    assert times(lab) == {"P004": 1}


def test_a_row_nobody_corrected_stays_invalid(lab: Lab, tmp_path: Path) -> None:
    """Its neighbours' evidence is gone, not its error: a number among zero-padded codes is not sent as it is."""
    book = openpyxl.Workbook()
    page = book.active
    page.append(["Código", "Lista de precios", "Cantidad"])
    for code in ("00120", "00121", 123):
        page.append([code, "Mayorista", 1])
    book.save(tmp_path / "stock.xlsx")
    for code in ("00120", "00121", "123", "00123"):
        lab.sandbox.tusfacturas.seed({"lista_precios": "Mayorista", "codigo": code, "stock_actual": 0})
    first = first_run(lab, tmp_path / "stock.xlsx")
    assert [row.outcome for row in first.rows] == ["accepted", "accepted", "invalid"]
    assert first.results is not None
    again = send(lab, first.results)
    assert [(row.number, row.outcome) for row in again.rows] == [(4, "not_sent")]
    assert again.exit_code == 1
    assert times(lab) == {"00120": 1, "00121": 1}
