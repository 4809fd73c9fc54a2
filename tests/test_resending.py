"""The loop: correct the rows in the results workbook, send that, each row exactly once in all (contract section 7)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import openpyxl
import pytest

from etl.core.report import Report
from etl.errors import JournalError
from etl.io.journal.sql import SqlJournal
from etl.messages import text
from etl.options import Decision, OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file, validate_file
from etl.runs import resolve_run, resume_run
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
    assert [(row.number, row.outcome) for row in second.rows] == [(3, "accepted"), (4, "rejected"), (6, "invalid")]
    assert times(lab) == {"P000": 1, "P001": 1, "P002": 1}
    assert lab.sandbox.tusfacturas.stock("Mayorista", "P001") == 107
    correct(first.results, {"P003": 2})
    third = send(lab, first.results)
    assert [(row.number, row.outcome) for row in third.rows] == [(3, "skipped"), (4, "rejected"), (6, "accepted")]
    assert times(lab) == {"P000": 1, "P001": 1, "P002": 1, "P003": 1}


def test_a_refused_row_as_it_was_only_goes_out_when_asked(lab: Lab, tmp_path: Path) -> None:
    """`--retry-rejected`, once the product exists at the vendor."""
    first = first_run(lab, sheet(tmp_path, {"P000": "1", "X9": "3"}))
    assert first.results is not None
    waiting = send(lab, first.results, SPANISH)
    assert ([row.outcome for row in waiting.rows], waiting.exit_code) == (["rejected"], 1)
    assert [(finding.code, finding.is_error) for finding in waiting.findings] == [("vendor_rejected", True)]
    assert waiting.results is not None
    assert len(lines_of(waiting.results)) == 1
    assert [row.outcome for row in send(lab, waiting.results).rows] == ["rejected"]
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


@pytest.mark.parametrize("last", ["add_findings", "close_older"])
def test_a_run_and_the_end_of_the_one_that_it_replaces_are_written_together(
    last: str, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When writing the plan ends half-way, there is no new run, and the old one is whole and goes on."""
    path = sheet(tmp_path, {f"P{number:03d}": "2" for number in range(6)})
    with lab.sandbox.down():
        first = first_run(lab, path)
    assert first.run is not None
    assert first.results is not None

    def fail(*_: object) -> NoReturn:
        raise JournalError(text("The disk is full."))

    with monkeypatch.context() as patched:
        patched.setattr(SqlJournal, last, fail)
        assert send(lab, first.results).exit_code == 5
    with lab.journal() as journal:
        assert [(run.id, run.closed_by) for run in journal.runs_of("default", MOVES)] == [(first.run, None)]
    assert resume_run(first.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent()).counts["accepted"] == 6
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
    again = send(lab, first.results, SPANISH)
    assert [(row.number, row.outcome) for row in again.rows] == [(4, "invalid")]
    assert again.exit_code == 1
    assert again.results is not None
    assert [(row.number, row.outcome) for row in send(lab, again.results).rows] == [(4, "invalid")]
    assert times(lab) == {"00120": 1, "00121": 1}


def lines_of(path: str | Path) -> list[list[object]]:
    """Return the rows of `Reenviar`, hidden columns included."""
    book = openpyxl.load_workbook(path)
    rows = [[cell.value for cell in row] for row in book["Reenviar"].iter_rows(min_row=2)]
    book.close()
    return rows


def put_lines(path: str | Path, lines: Sequence[Sequence[object]]) -> None:
    """Write these rows into `Reenviar` in place of its own."""
    book = openpyxl.load_workbook(path)
    page = book["Reenviar"]
    page.delete_rows(2, page.max_row)
    for row in lines:
        page.append(list(row))
    book.save(path)
    book.close()


def test_a_sort_that_leaves_the_hidden_columns_behind_moves_nothing_twice(lab: Lab, tmp_path: Path) -> None:
    """The old workbook is sent again, its visible cells sorted away from their marks: what was moved is recognised."""
    first = first_run(lab, sheet(tmp_path, {"P000": "uno", "P001": "dos", "P002": "tres"}))
    assert first.results is not None
    correct(first.results, {"P000": 1, "P001": 2})
    assert send(lab, first.results).counts["accepted"] == 2
    rows = lines_of(first.results)
    put_lines(first.results, [[*rows[2][:3], *rows[0][3:]], [*rows[0][:3], *rows[1][3:]], [*rows[1][:3], *rows[2][3:]]])
    again = send(lab, first.results)
    assert again.counts["accepted"] == 0
    assert times(lab) == {"P000": 1, "P001": 1}
    assert lab.sandbox.tusfacturas.stock("Mayorista", "P001") == 102


def test_an_added_row_goes_out_once_however_often_the_workbook_is_sent(lab: Lab, tmp_path: Path) -> None:
    """It has no number, so its key and quantity tell; another quantity is held, `--again` says that it is meant."""
    first = first_run(lab, sheet(tmp_path, {"P000": "uno", "P001": "dos"}))
    assert first.results is not None
    rows = lines_of(first.results)
    added: list[object] = ["P007", "Mayorista", 5]
    put_lines(first.results, [*rows, added])
    assert send(lab, first.results).counts["accepted"] == 1
    correct(first.results, {"P000": 1})
    second = send(lab, first.results)
    assert [(row.number, row.outcome) for row in second.rows] == [(2, "accepted"), (3, "invalid"), (None, "skipped")]
    correct(first.results, {"P001": 2, "P007": 6})
    third = send(lab, first.results)
    assert [(row.number, row.outcome) for row in third.rows] == [(2, "skipped"), (3, "accepted"), (None, "not_sent")]
    assert "sent_otherwise" in {finding.code for finding in third.findings}
    assert times(lab) == {"P000": 1, "P001": 1, "P007": 1}
    put_lines(first.results, [["P007", "Mayorista", 6]])
    assert send(lab, first.results).counts["accepted"] == 0
    assert send(lab, first.results, again=True).counts["accepted"] == 1
    assert times(lab)["P007"] == 2


def test_a_copied_row_is_a_new_one(lab: Lab, tmp_path: Path) -> None:
    """Somebody copies a whole row, hidden columns too, and makes another product of it: both go out, once each."""
    first = first_run(lab, sheet(tmp_path, {"P000": "uno", "P001": "2"}))
    assert first.results is not None
    (row,) = lines_of(first.results)
    put_lines(first.results, [[*row[:2], 1, *row[3:]], ["P005", row[1], 4, *row[3:]]])
    second = send(lab, first.results)
    assert [(one.number, one.outcome) for one in second.rows] == [(2, "accepted"), (None, "accepted")]
    assert send(lab, first.results).exit_code == 6
    correct(first.results, {"P000": 9})
    assert send(lab, first.results).counts["accepted"] == 0
    assert times(lab) == {"P000": 1, "P001": 1, "P005": 1}


def test_two_workbooks_of_one_sheet_in_turn(lab: Lab, tmp_path: Path) -> None:
    """What the first workbook moved meanwhile, the second, which came out of it earlier, does not move again."""
    first = first_run(lab, sheet(tmp_path, {"P000": "uno", "P001": "dos", "P002": "tres"}))
    assert first.results is not None
    correct(first.results, {"P000": 1})
    second = send(lab, first.results, SPANISH)
    assert second.results is not None
    assert Path(second.results).name == "stock.resultados (2).xlsx"
    correct(first.results, {"P001": 2})
    assert send(lab, first.results).counts["accepted"] == 1
    correct(second.results, {"P001": 3, "P002": 3})
    third = send(lab, second.results)
    assert [(row.number, row.outcome) for row in third.rows] == [(3, "skipped"), (4, "accepted")]
    assert times(lab) == {"P000": 1, "P001": 1, "P002": 1}


def carried(path: str | Path, target: Path, *, above: int = 0, hidden: bool = True) -> Path:
    """Copy `Reenviar` by hand into a new workbook, below some lines, with or without its hidden columns."""
    book = openpyxl.Workbook()
    for _ in range(above):
        book.active.append(["pegado de otro libro"])
    source = openpyxl.load_workbook(path)["Reenviar"]
    for row in source.iter_rows(values_only=True):
        book.active.append(row if hidden else row[:-3])
    book.save(target)
    return target


@pytest.mark.parametrize("above", [0, 3])
def test_a_sheet_carried_into_a_new_workbook_is_still_known(lab: Lab, tmp_path: Path, above: int) -> None:
    """The hidden columns came along, the properties did not: accepted rows stay accepted, numbers are the old ones."""
    first = first_run(lab, sheet(tmp_path, {"P000": "uno", "P001": "dos"}))
    assert first.results is not None
    correct(first.results, {"P000": 1})
    assert send(lab, first.results).counts["accepted"] == 1
    correct(first.results, {"P000": 4, "P001": 2})
    pasted = carried(first.results, tmp_path / "nuevo.xlsx", above=above)
    options = SheetOptions(file=pasted, to=MOVES, constants=(("operacion", "A"),))
    found = run_file(options, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())
    assert [(row.number, row.outcome) for row in found.rows] == [(2, "skipped"), (3, "accepted")]
    assert times(lab) == {"P000": 1, "P001": 1}


def test_cells_pasted_without_their_marks_are_a_sheet_like_any_other(lab: Lab, tmp_path: Path) -> None:
    """Then keys and quantities tell a repeat: exit 6, and `--only-new` sends the rest."""
    first = first_run(lab, sheet(tmp_path, {"P000": "uno", "P001": "dos", "P002": "tres"}))
    assert first.results is not None
    correct(first.results, {"P000": 1, "P001": 2})
    assert send(lab, first.results).counts["accepted"] == 2
    correct(first.results, {"P002": 3})
    pasted = carried(first.results, tmp_path / "nuevo.xlsx", hidden=False)
    options = SheetOptions(file=pasted, to=MOVES, constants=(("operacion", "A"),))
    assert run_file(options, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent()).exit_code == 6
    rest = run_file(options, NO_WORKBOOK, SendOptions(yes=True, only_new=True), lab.settings, Silent())
    assert (rest.counts["accepted"], rest.counts["skipped"]) == (1, 2)
    assert times(lab) == {"P000": 1, "P001": 1, "P002": 1}


def uncertain_addition(lab: Lab, folder: Path) -> tuple[str, str]:
    """Return a run with an added row that is uncertain, and its workbook."""
    first = first_run(lab, sheet(folder, {"P000": "uno"}))
    assert first.results is not None
    put_lines(first.results, [["P007", "Mayorista", 5], ["P008", "Mayorista", 6]])
    lab.sandbox.faults.order(Fault.CLOSE_AFTER, path="productos/stock")
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="consulta", times=99)
    second = send(lab, first.results, SPANISH)
    assert [(row.number, row.outcome) for row in second.rows] == [(None, "uncertain"), (None, "uncertain")]
    assert second.run is not None
    assert second.results is not None
    lab.sandbox.faults.clear()
    return second.run, second.results


def test_an_added_row_that_became_uncertain_is_settled_by_its_place(lab: Lab, tmp_path: Path) -> None:
    """It has no number in any sheet: ``+1`` is the first that was added, and the advice says so."""
    run, _ = uncertain_addition(lab, tmp_path)
    told = " ".join(str(step) for step in lab.show(run).next_steps)
    assert "--row +1,+2 " in told
    words = [Decision(rows=(-1,), applied=True, why="visto"), Decision(rows=(-2,), applied=False, why="no está")]
    report = resolve_run(run, words, NO_WORKBOOK, lab.settings, Silent())
    assert [row.outcome for row in report.rows] == ["accepted", "not_sent"]


def test_an_added_row_is_decided_in_the_workbook_too(lab: Lab, tmp_path: Path) -> None:
    """`Inciertas` names it as `Filas` does, and `resolve --from` takes the decision."""
    run, path = uncertain_addition(lab, tmp_path)
    book = openpyxl.load_workbook(path)
    assert [row[0].value for row in book["Inciertas"].iter_rows(min_row=2)] == ["+1", "+2"]
    page = book["Filas"]
    number = next(cell.column for cell in page[1] if cell.value == "Fila")
    assert [page.cell(row, number).value for row in (2, 3)] == ["+1", "+2"]
    decision = next(cell.column for cell in book["Inciertas"][1] if cell.value == "Decisión")
    book["Inciertas"].cell(3, decision).value = "aplicada"
    book.save(path)
    report = resolve_run(None, Path(path), NO_WORKBOOK, lab.settings, Silent())
    assert report.run == run
    assert [row.outcome for row in report.rows] == ["uncertain", "accepted"]
