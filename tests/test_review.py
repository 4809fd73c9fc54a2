"""Corners of once only and of the report: older plans, later movements, decisions, exit codes that stay true."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from etl.core.report import Report
from etl.options import SendOptions, SheetOptions
from etl.pipeline import run_file
from etl.runs import resume_run
from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import LIST, MOVES, NO_WORKBOOK, PRODUCTS, Lab, Silent, shops

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
    first = modify(20)
    lab.sandbox.faults.clear()
    assert first.exit_code == 7
    assert modify(30).exit_code == 0
    time.sleep(0.8)
    refused = resume(lab, first)
    assert refused.exit_code == 6
    assert lab.sandbox.tusfacturas.products[LIST, "P000"]["precio_unitario_sin_iva"] == 30


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
