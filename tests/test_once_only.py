"""Once only, from the file to the vendor: repeats, corrected originals, decisions, stops before the wire."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from etl.core.report import Report
from etl.errors import ConfigurationError, UsageError
from etl.options import Decision, OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file, validate_file
from etl.runs import reconcile_run, report_run, resolve_run, resume_run, show_run
from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import MOVES, NO_WORKBOOK, PRODUCTS, Lab, Silent, shops

ENGLISH = OutputOptions(language="en")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        lab = Lab(tmp_path / "home", sandbox)
        shops(lab, 20)
        yield lab


def write(folder: Path, rows: dict[str, str], name: str = "stock.csv") -> Path:
    path = folder / name
    lines = [f"{code};Mayorista;{units}" for code, units in rows.items()]
    path.write_text("\n".join(["Código;Lista de precios;Cantidad", *lines]) + "\n", encoding="utf-8")
    return path


def run(lab: Lab, path: Path, output: OutputOptions = NO_WORKBOOK, *, operation: str = "A", **send: object) -> Report:
    sheet = SheetOptions(file=path, to=MOVES, constants=(("operacion", operation),))
    return run_file(sheet, output, SendOptions(**{"yes": True, **send}), lab.settings, Silent())  # type: ignore[arg-type]


def units(lab: Lab) -> dict[str, int]:
    shop = lab.sandbox.tusfacturas
    return {code: stock - 100 for (_list, code) in shop.products if (stock := shop.stock("Mayorista", code)) != 100}


FIVE = {f"P{number:03d}": str(number + 1) for number in range(5)}


def test_the_same_sheet_again_moves_nothing(lab: Lab, tmp_path: Path) -> None:
    """The same bytes, and the same content saved otherwise, are refused with 6 and name the run."""
    path = write(tmp_path, FIVE)
    first = run(lab, path)
    assert (first.exit_code, first.counts["accepted"]) == (0, 5)
    after = units(lab)
    again = run(lab, path)
    assert (again.exit_code, again.run) == (6, first.run)
    shuffled = write(tmp_path, dict(reversed(FIVE.items())), "otra copia.csv")
    assert run(lab, shuffled).exit_code == 6
    assert units(lab) == after
    assert run(lab, path, again=True).exit_code == 0
    assert units(lab) == {code: 2 * moved for code, moved in after.items()}


def test_the_corrected_original_doubles_nothing(lab: Lab, tmp_path: Path) -> None:
    """One cell of a sent sheet is changed and all of it sent again: 0 doubled, exit 6; --only-new sends the rest."""
    rows = {**FIVE, "P005": "uno"}
    first = run(lab, write(tmp_path, rows))
    assert (first.exit_code, first.counts["accepted"], first.counts["invalid"]) == (1, 5, 1)
    after = units(lab)
    corrected = write(tmp_path, {**rows, "P005": "1", "P001": "50"})
    refused = run(lab, corrected)
    assert (refused.exit_code, refused.run) == (6, first.run)
    assert units(lab) == after
    rest = run(lab, corrected, only_new=True)
    assert [row.outcome for row in rest.rows] == ["skipped", "not_sent", "skipped", "skipped", "skipped", "accepted"]
    assert rest.exit_code == 1, "the row with another quantity is held and named"
    assert [finding.row for finding in rest.findings if finding.code == "sent_otherwise"] == [3]
    assert units(lab) == {**after, "P005": 1}


def test_what_the_vendor_refused_may_be_sent_again(lab: Lab, tmp_path: Path) -> None:
    """A run with nothing accepted or uncertain never bars its file."""
    path = write(tmp_path, {"X1": "1", "X2": "2"})
    assert run(lab, path).counts["rejected"] == 2
    again = run(lab, path)
    assert (again.exit_code, again.counts["rejected"]) == (1, 2)


def test_an_unfinished_run_of_the_same_content_is_resumed_not_repeated(lab: Lab, tmp_path: Path) -> None:
    """A doubt in the first batch: the file is barred, and its resume goes on without sending the doubtful rows."""
    rows = {f"P{number:03d}": "1" for number in range(20)}
    path = write(tmp_path, rows)
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    first = run(lab, path)
    assert (first.exit_code, first.counts["uncertain"]) == (7, 20)
    assert run(lab, path).exit_code == 6
    assert first.run is not None
    assert resume_run(first.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent()).exit_code == 7
    assert units(lab) == {}


def test_an_old_plan_is_not_resumed_over_a_newer_run(lab: Lab, tmp_path: Path) -> None:
    """Rows that a newer run has are not sent by an older run's resume: exit 6, naming the newer one."""
    path = write(tmp_path, FIVE)
    with lab.sandbox.down():
        first = run(lab, path)
    assert (first.exit_code, first.counts["not_sent"]) == (5, 5)
    second = run(lab, path)
    assert second.exit_code == 0
    after = units(lab)
    assert first.run is not None
    late = resume_run(first.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent())
    assert late.exit_code == 6
    assert second.run in str(late.stopped)
    assert units(lab) == after


def test_a_rehearsal_is_never_resumed_at_another_system(lab: Lab, tmp_path: Path) -> None:
    """A plan made for the sandbox stays there: another host is exit 4, and nothing is asked of it."""
    with lab.sandbox.down():
        first = run(lab, write(tmp_path, FIVE))
    assert first.run is not None
    lab.timing = {"ETL_TUSFACTURAS_URL": "https://www.tusfacturas.app/app/api/v2/"}
    with pytest.raises(ConfigurationError, match="was made for"):
        resume_run(first.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent())
    lab.timing = {}
    person = Silent()
    assert resume_run(first.run, NO_WORKBOOK, SendOptions(), lab.settings, person).exit_code == 0
    assert "Company: default" in str(person.said[0])


def test_duplicates_are_decided_before_the_cut(lab: Lab, tmp_path: Path) -> None:
    """A repeated key is invalid on every row; `sum` moves it once with all its units, for both rows."""
    path = tmp_path / "dobles.csv"
    path.write_text(
        "Código;Lista de precios;Cantidad\nP000;Mayorista;2\nP001;Mayorista;1\nP000;Mayorista;3\n", encoding="utf-8"
    )
    first = run(lab, path)
    assert [row.outcome for row in first.rows] == ["invalid", "accepted", "invalid"]
    other = write(tmp_path, {"P001": "1"}, "otra.csv")
    other.write_text(path.read_text(encoding="utf-8") + "P002;Mayorista;1\n", encoding="utf-8")
    sheet = SheetOptions(file=other, to=MOVES, constants=(("operacion", "B"),), duplicates="sum")
    summed = run_file(sheet, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())
    assert [row.outcome for row in summed.rows] == ["accepted"] * 4
    assert units(lab) == {"P000": -5, "P002": -1}, "P001 went up by one and down by one"


def test_an_operator_settles_what_nobody_else_can(lab: Lab, tmp_path: Path) -> None:
    """Rows decided on the command line and in the workbook: applied stays, to be resent goes out once with resume."""
    path = write(tmp_path, FIVE)
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    first = run(lab, path, ENGLISH)
    assert first.exit_code == 7
    assert first.run is not None
    assert first.results is not None
    done = resolve_run(
        first.run, [Decision(rows=[2, 3], applied=True, why="counted")], NO_WORKBOOK, lab.settings, Silent()
    )
    assert [row.outcome for row in done.rows] == ["accepted"] * 2 + ["uncertain"] * 3
    book = openpyxl.load_workbook(first.results)
    sheet = book["Uncertain"]
    header = [cell.value for cell in sheet[1]]
    decision = header.index("Decision") + 1
    for line in range(2, sheet.max_row + 1):
        if sheet.cell(line, header.index("Row") + 1).value in {4, 5, 6}:
            sheet.cell(line, decision).value = "send again"
    book.save(first.results)
    book.close()
    filled = resolve_run(None, Path(first.results), NO_WORKBOOK, lab.settings, Silent())
    assert [row.outcome for row in filled.rows] == ["accepted"] * 2 + ["not_sent"] * 3
    assert resume_run(first.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent()).exit_code == 0
    assert units(lab) == {"P002": 3, "P003": 4, "P004": 5}


def test_a_row_that_is_not_uncertain_cannot_be_decided(lab: Lab, tmp_path: Path) -> None:
    """An operator's word is taken for uncertain rows alone; nothing changes otherwise."""
    first = run(lab, write(tmp_path, FIVE))
    assert first.run is not None
    with pytest.raises(UsageError, match="Row 2"):
        resolve_run(first.run, [Decision(rows=[2], applied=False, why="no")], NO_WORKBOOK, lab.settings, Silent())


def test_without_a_terminal_and_without_yes_nothing_is_sent(lab: Lab, tmp_path: Path) -> None:
    """Exit 2, no run in the journal, no request."""
    with pytest.raises(UsageError):
        run(lab, write(tmp_path, FIVE), yes=False)
    assert sum(lab.sandbox.tusfacturas.requests.values()) == 0
    with lab.journal() as journal:
        assert journal.find_runs("") == []


def test_strict_holds_everything_back(lab: Lab, tmp_path: Path) -> None:
    """One invalid row and --strict: nothing is sent, exit 1."""
    sheet = SheetOptions(
        file=write(tmp_path, {**FIVE, "P005": "x"}), to=MOVES, constants=(("operacion", "A"),), strict=True
    )
    report = run_file(sheet, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())
    assert (report.exit_code, report.counts["not_sent"], report.counts["invalid"]) == (1, 5, 1)
    assert sum(lab.sandbox.tusfacturas.requests.values()) == 0


def test_a_dry_run_opens_no_connection(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same path up to the wire: bodies without credentials are written, no socket connects (SUB-11)."""
    monkeypatch.setattr(socket.socket, "connect", lambda *_args: pytest.fail("a dry run connected"))
    sheet = SheetOptions(file=write(tmp_path, FIVE), to=MOVES, constants=(("operacion", "A"),))
    folder = tmp_path / "bodies"
    report = run_file(sheet, NO_WORKBOOK, SendOptions(dry_run=True, payloads=folder), lab.settings, Silent())
    assert (report.exit_code, report.run, report.counts["not_sent"]) == (0, None, 5)
    bodies = [json.loads(path.read_bytes()) for path in sorted(folder.iterdir())]
    assert [body["operacion"] for body in bodies] == ["A"]
    assert bodies[0].keys() == {"operacion", "productos"}
    assert not (lab.home / "journal.db").exists()
    assert validate_file(sheet, NO_WORKBOOK, Silent()).exit_code == 0


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_the_limit_of_requests_is_kept(lab: Lab, tmp_path: Path, limit: int) -> None:
    """Reads and submissions together; a movement is not begun when its read and its request do not both fit (RET-8)."""
    shops(lab, 120)
    rows = {f"P{number:03d}": "1" for number in range(120)}
    report = run(lab, write(tmp_path, rows), max_requests=limit)
    used = sum(lab.sandbox.tusfacturas.requests.values())
    assert used <= limit
    assert report.exit_code == 5
    assert report.counts["accepted"] == 50 * (limit // 2)


def test_a_workbook_is_made_again_from_the_journal(lab: Lab, tmp_path: Path) -> None:
    """`report` gives the same sheets, cell by cell, with the input gone (JOB-4)."""
    path = write(tmp_path, {**FIVE, "X9": "1", "P006": "1,5"})
    first = run(lab, path, ENGLISH)
    assert first.run is not None
    assert first.results is not None
    path.unlink()
    again = report_run(first.run, tmp_path / "otra.xlsx", ENGLISH, lab.settings, Silent())
    for name in ("Rows", "Errors", "Resend"):
        books = [openpyxl.load_workbook(file) for file in (first.results, str(again.results))]
        sheets = [[[cell.value for cell in row] for row in book[name].iter_rows()] for book in books]
        assert sheets[0] == sheets[1], name
        for book in books:
            book.close()


def test_products_are_created_once_and_named_as_refused_after(lab: Lab, tmp_path: Path) -> None:
    """Creations do not ask about repeats: the vendor refuses them row by row, with its own words."""
    path = tmp_path / "productos.csv"
    path.write_text(
        "operacion;descripcion;codigo;lista_precios;unidad_bulto;precio_unitario_sin_iva;alicuota;moneda;afecta_stock\n"
        "A;Tren;T1;Trenes;1;1000,125;21;PES;N\n",
        encoding="utf-8",
    )
    sheet = SheetOptions(file=path, to=PRODUCTS)
    reports = [run_file(sheet, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent()) for _ in range(2)]
    assert [report.rows[0].outcome for report in reports] == ["accepted", "rejected"]
    assert "Ya existe" in str(reports[1].rows[0].reasons[0])
    assert lab.sandbox.tusfacturas.times_applied("Trenes", "T1") == 1


def test_every_row_has_one_outcome_in_every_ending(lab: Lab, tmp_path: Path) -> None:
    """The law of conservation: rows read are rows reported, whatever happened."""
    rows = {**FIVE, "P005": "x", "X1": "1", "P006": "0"}
    for fault in (None, Fault.CLOSE_BEFORE, Fault.STATUS_BEFORE):
        lab.sandbox.reset()
        shops(lab, 20)
        lab.sandbox.faults.clear()
        if fault is not None:
            lab.sandbox.faults.order(fault, path="productos/stock", times=None)
        report = run(lab, write(tmp_path, {**rows, "P007": str(len(str(fault)))}, f"{fault}.csv"), again=True)
        counts = report.counts
        assert counts["read"] == len(rows) + 1 == sum(counts.values()) - counts["read"]
        assert report.run is not None
        assert show_run(report.run, lab.settings).counts == counts
        reconcile_run(report.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent())
