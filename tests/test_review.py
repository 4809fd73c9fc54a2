"""Corners of once only and of the report: older plans, later movements, decisions, exit codes that stay true."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from etl.core.report import Report
from etl.model import Outcome
from etl.options import Decision, OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file
from etl.reconciliation import Patience, is_due
from etl.runs import resolve_run, resume_run, show_run
from etl.sandbox import Fault, Sandbox
from tests import test_resending as resending
from tests.recovery.lab import LIST, MOVES, NO_WORKBOOK, PRODUCTS, Lab, Silent, movement_values, shops

FIVE = {f"P{number:03d}": str(number + 1) for number in range(5)}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        lab = Lab(tmp_path / "home", sandbox)
        shops(lab, 20)
        yield lab


def write(folder: Path, rows: Mapping[str, str], name: str = "stock.csv") -> Path:
    path = folder / name
    lines = [f"{code};{LIST};{units}" for code, units in rows.items()]
    path.write_text("\n".join(["Código;Lista de precios;Cantidad", *lines]) + "\n", encoding="utf-8")
    return path


def run(lab: Lab, path: Path, *, hidden: str | None = None, duplicates: str | None = None, **send: object) -> Report:
    sheet = SheetOptions(file=path, to=MOVES, constants=(("operacion", "A"),), hidden=hidden, duplicates=duplicates)
    options = SendOptions(**{"yes": True, **send})  # type: ignore[arg-type]
    return run_file(sheet, NO_WORKBOOK, options, lab.settings, Silent())


def resume(lab: Lab, report: Report) -> Report:
    assert report.run is not None
    return resume_run(report.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent())


def moved(lab: Lab) -> dict[str, int]:
    shop = lab.sandbox.tusfacturas
    found = {code: shop.stock(LIST, code) - 100 for (_list, code) in shop.products}
    return {code: units for code, units in found.items() if units}


def age(lab: Lab, days: int) -> None:
    """Make everything in the journal so many days older."""
    database = sqlite3.connect(lab.home / "journal.db")
    shift = timedelta(days=days)
    for table, column in (("runs", "started"), ("runs", "finished"), ("attempts", "started"), ("attempts", "finished")):
        for rowid, moment in database.execute(f"SELECT rowid, {column} FROM {table}").fetchall():  # noqa: S608 - ours
            if moment is not None:
                older = (datetime.fromisoformat(moment) - shift).astimezone(UTC).isoformat(timespec="microseconds")
                database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (older, rowid))  # noqa: S608
    database.commit()
    database.close()


def test_hidden_rows_left_out_are_not_sent(lab: Lab, tmp_path: Path) -> None:
    """What is reported as left out never reaches the vendor."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append(["Código", "Lista de precios", "Cantidad"])
    for code, units in FIVE.items():
        page.append([code, LIST, int(units)])
    page.row_dimensions[3].hidden = True
    path = tmp_path / "stock.xlsx"
    book.save(path)
    report = run(lab, path, hidden="skip")
    assert [row.outcome for row in report.rows] == ["accepted", "skipped", "accepted", "accepted", "accepted"]
    assert moved(lab) == {"P000": 1, "P002": 3, "P003": 4, "P004": 5}


def test_a_plan_that_waited_is_not_sent_over_an_older_one_that_went_first(lab: Lab, tmp_path: Path) -> None:
    """Two plans with nearly the same rows wait for the vendor; the older is resumed, the newer is then refused."""
    with lab.sandbox.down():
        first = run(lab, write(tmp_path, FIVE))
        second = run(lab, write(tmp_path, {**FIVE, "P004": "50"}, "corregido.csv"))
    assert (first.exit_code, second.exit_code) == (5, 5)
    assert resume(lab, first).exit_code == 0
    after = moved(lab)
    refused = resume(lab, second)
    assert refused.exit_code == 6
    assert str(first.run) in str(refused.stopped)
    assert moved(lab) == after


def test_a_lost_value_is_not_set_over_a_newer_one(lab: Lab, tmp_path: Path) -> None:
    """A modification whose answer was lost is not sent again once a newer run has set that product."""
    lab.timing = {"ETL_RESEND_WINDOW": "0.05"}

    def modify(price: int) -> Report:
        path = tmp_path / f"{price}.csv"
        path.write_text(
            "operacion;descripcion;codigo;lista_precios;unidad_bulto;precio_unitario_sin_iva;alicuota;moneda;"
            f"afecta_stock\nM;Producto P000;P000;{LIST};1;{price};21;PES;S\n",
            encoding="utf-8",
        )
        sheet = SheetOptions(file=path, to=PRODUCTS)
        return run_file(sheet, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())

    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/administrar", times=None)
    first = modify(11)
    lab.sandbox.faults.clear()
    assert first.exit_code == 7
    assert modify(12).exit_code == 0
    time.sleep(0.8)
    refused = resume(lab, first)
    assert refused.exit_code == 6
    assert lab.sandbox.tusfacturas.products[LIST, "P000"]["precio_unitario_sin_iva"] == 12


def test_a_later_movement_of_ours_is_no_evidence_for_an_earlier_one(lab: Lab, tmp_path: Path) -> None:
    """The units of a later run are not taken for those of a lost request."""
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    first = run(lab, write(tmp_path, {"P000": "5"}))
    assert first.exit_code == 7
    assert run(lab, write(tmp_path, {"P000": "5", "P001": "1", "P002": "1"}, "otro.csv")).exit_code == 0
    assert first.run is not None
    looked = lab.reconcile(first.run)
    assert [row.outcome for row in looked.rows] == ["uncertain"], "nothing of it was applied"
    assert looked.exit_code == 7


def test_only_new_keeps_out_an_old_sheet_however_old(lab: Lab, tmp_path: Path) -> None:
    """Rows of the very same file are not sent again by --only-new, though it was sent weeks ago."""
    path = write(tmp_path, FIVE)
    assert run(lab, path).exit_code == 0
    after = moved(lab)
    age(lab, 30)
    assert run(lab, path).exit_code == 6
    again = run(lab, path, only_new=True)
    assert (again.exit_code, again.counts["skipped"]) == (0, 5)
    assert moved(lab) == after


def test_the_week_of_a_correction_begins_when_the_rows_went_out(lab: Lab, tmp_path: Path) -> None:
    """A plan that waited long and went out today guards its rows for a week from today."""
    with lab.sandbox.down():
        first = run(lab, write(tmp_path, FIVE))
    age(lab, 10)
    assert resume(lab, first).exit_code == 0
    refused = run(lab, write(tmp_path, {**FIVE, "P004": "50"}, "corregido.csv"))
    assert (refused.exit_code, refused.run) == (6, first.run)


def test_rows_of_an_ended_process_can_be_decided(lab: Lab) -> None:
    """After a kill the first command may be `resolve`: no bug, and the word counts."""
    run_id = lab.plan(MOVES, [movement_values(number) for number in range(2)])
    with lab.journal() as journal:
        journal.intend(run_id, 1, [0, 1], "0" * 64, datetime.now(UTC))
    word = [Decision(rows=[2, 3], applied=True, why="counted")]
    report = resolve_run(run_id, word, NO_WORKBOOK, lab.settings, Silent())
    assert [row.outcome for row in report.rows] == ["accepted", "accepted"]
    assert report.exit_code == 0


def test_both_rows_of_a_sum_can_be_decided_one_by_one(lab: Lab, tmp_path: Path) -> None:
    """A filled-in workbook decides every row; rows that went out as one share the word."""
    path = tmp_path / "dobles.csv"
    path.write_text(f"Código;Lista de precios;Cantidad\nP000;{LIST};2\nP000;{LIST};3\n", encoding="utf-8")
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    first = run(lab, path, duplicates="sum")
    assert first.counts["uncertain"] == 2
    words = [Decision(rows=[row], applied=True, why="counted") for row in (2, 3)]
    report = resolve_run(first.run, words, NO_WORKBOOK, lab.settings, Silent())
    assert [row.outcome for row in report.rows] == ["accepted", "accepted"]


def test_the_exit_code_of_a_settled_run_is_that_of_its_rows(lab: Lab, tmp_path: Path) -> None:
    """A run that stopped early and has nothing left to do is not called stopped for ever."""
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    first = run(lab, write(tmp_path, FIVE))
    assert first.exit_code == 7
    assert first.run is not None
    word = [Decision(rows=[2, 3, 4, 5, 6], applied=True, why="counted")]
    assert resolve_run(first.run, word, NO_WORKBOOK, lab.settings, Silent()).exit_code == 0
    assert show_run(first.run, lab.settings).exit_code == 0
    assert resume(lab, first).exit_code == 0


def test_a_refused_repeat_still_counts_its_rows(lab: Lab, tmp_path: Path) -> None:
    """Exit 6 tells what was read: every row with its outcome, none of them sent."""
    path = write(tmp_path, {**FIVE, "P005": "uno"})
    first = run(lab, path)
    refused = run(lab, path)
    assert (refused.exit_code, refused.run, refused.results) == (6, first.run, None)
    assert (refused.counts["read"], refused.counts["not_sent"], refused.counts["invalid"]) == (6, 5, 1)


@dataclass(slots=True)
class Stopping(Silent):
    """Somebody who presses Ctrl-C as soon as the last batch is done."""

    def progress(self, done: int, total: int) -> None:
        if done == total:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_stop_during_the_last_look_is_a_stop(lab: Lab, tmp_path: Path) -> None:
    """Stopped by SIGINT with rows in doubt: 130, whatever the command was doing."""
    path = tmp_path / "productos.csv"
    path.write_text(
        "operacion;descripcion;codigo;lista_precios;unidad_bulto;precio_unitario_sin_iva;alicuota;moneda;afecta_stock\n"
        f"M;Producto P000;P000;{LIST};1;11;21;PES;S\n",
        encoding="utf-8",
    )
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/administrar", times=None)
    sheet = SheetOptions(file=path, to=PRODUCTS)
    report = run_file(sheet, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Stopping())
    assert [row.outcome for row in report.rows] == [Outcome.UNCERTAIN]
    assert report.exit_code == 130


def test_a_workbook_that_cannot_be_written_changes_no_outcome(lab: Lab, tmp_path: Path) -> None:
    """Rows that were sent stay sent and the exit code stays, when neither folder takes the workbook (JOB-4)."""
    lab.settings.prepare_home()
    (lab.home / "results").write_text("not a folder")
    (tmp_path / "file").write_text("not a folder")
    sheet = SheetOptions(file=write(tmp_path, FIVE), to=MOVES, constants=(("operacion", "A"),))
    person = Silent()
    output = OutputOptions(results=tmp_path / "file" / "x.xlsx", language="en")
    report = run_file(sheet, output, SendOptions(yes=True), lab.settings, person)
    assert (report.exit_code, report.counts["accepted"], report.results) == (0, 5, None)
    assert any("etl report" in str(said) for said in person.said)


def test_a_row_that_was_accepted_once_is_settled_whatever_is_written_after(lab: Lab, tmp_path: Path) -> None:
    """A correction that went out is not forgotten because the same row was broken in between."""
    first = resending.first_run(lab, resending.sheet(tmp_path, {"P000": "1", "P001": "uno"}))
    assert first.results is not None
    outcomes = []
    for value in (7, "mal", 8):
        resending.correct(first.results, {"P001": value})
        outcomes += [row.outcome for row in resending.send(lab, first.results).rows]
    assert outcomes == ["accepted", "invalid", "skipped"]
    assert moved(lab) == {"P000": 1, "P001": 7}


def test_looks_past_the_horizon_are_a_gap_apart() -> None:
    """Waiting on a terminal costs no more requests than it takes: two looks, a gap apart, prove absence."""
    sent = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    patience = Patience(horizon=900, gap=60)
    looks = [sent + timedelta(seconds=905)]
    assert not is_due(sent, looks, sent + timedelta(seconds=910), patience)
    assert is_due(sent, looks, sent + timedelta(seconds=965), patience)
    assert is_due(sent, [], sent + timedelta(seconds=5), patience)


def test_every_read_is_counted_however_the_run_ends(lab: Lab, tmp_path: Path) -> None:
    """Reads that led nowhere are in `requests.reads`: they count against the plan of the account."""
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, path="productos/consultar", times=None)
    report = run(lab, write(tmp_path, FIVE), max_requests=3)
    assert report.exit_code == 5
    assert report.requests.reads == sum(lab.sandbox.tusfacturas.requests.values()) == 3
