"""Corners of once only and of the report: older plans, later movements, decisions, exit codes that stay true."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from etl.core.report import Report
from etl.options import SendOptions, SheetOptions
from etl.pipeline import run_file
from etl.runs import resume_run
from etl.sandbox import Sandbox
from tests.recovery.lab import LIST, MOVES, NO_WORKBOOK, Lab, Silent, shops

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
