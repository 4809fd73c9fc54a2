"""A stock-take from the sheet to the vendor: the difference, the look just before sending, the poison line alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from etl.core.report import Report
from etl.options import OutputOptions
from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import NO_WORKBOOK, Lab
from tests.vendors.bsale.shop import run_sheet

TO = "bsale.inventario"
Rows = list[tuple[str, str]]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        yield Lab(tmp_path / "home", sandbox)


def count(
    lab: Lab, folder: Path, rows: Rows, output: OutputOptions = NO_WORKBOOK, config: str = "", **send: object
) -> Report:
    """Take stock of (SKU, units) in office 1."""
    lines = ["Sucursal;SKU;Stock", *(f"1;{code};{units}" for code, units in rows)]
    return run_sheet(lab, folder, TO, lines, output=output, config=config, **send)


def quantity(lab: Lab, variant: int) -> Decimal:
    return lab.sandbox.bsale.stock(1, variant).quantity


def outcomes(report: Report) -> list[str]:
    return [row.outcome.value for row in report.rows]


def test_the_stock_is_what_was_counted(lab: Lab, tmp_path: Path) -> None:
    """More than Bsale has comes in, less goes out, the same is unchanged; reserved units are there, too."""
    report = count(lab, tmp_path, [("629", "48"), ("355", "42,2"), ("TAZA-BLANCA", "30"), ("391", "85,6")])
    assert (outcomes(report), report.exit_code) == (["accepted", "unchanged", "accepted", "accepted"], 0)
    assert [quantity(lab, number) for number in (629, 355, 700, 391)] == [48, Decimal("42.2"), 30, Decimal("85.6")]
    moved = {(one.kind, one.variant, one.quantity) for one in lab.sandbox.bsale.applications}
    assert moved == {("consumptions", 629, 2), ("receptions", 700, 6), ("receptions", 391, Decimal("0.05"))}
    assert report.rows[0].data["variantStock"] == 48
    assert "Counted 30, Bsale has 24 (20 available): +6" in [str(reason) for reason in report.rows[2].reasons]


def test_a_dry_run_shows_the_difference_and_changes_nothing(lab: Lab, tmp_path: Path) -> None:
    """It reads, without being asked to; nothing is sent and no run is kept."""
    report = count(lab, tmp_path, [("629", "48"), ("TAZA-BLANCA", "30")], dry_run=True)
    assert outcomes(report) == ["not_sent", "not_sent"]
    assert [row.derived["diferencia"] for row in report.rows] == [-2, 6]
    assert [row.derived["disponible_bsale"] for row in report.rows] == [50, 20]
    assert lab.sandbox.bsale.applications == ()
    assert {path.partition(" ")[0] for path in lab.sandbox.bsale.requests} == {"GET"}


def test_the_workbook_shows_both_stocks_and_the_difference(lab: Lab, tmp_path: Path) -> None:
    """Row by row, beside the user's columns."""
    report = count(lab, tmp_path, [("TAZA-BLANCA", "30")], OutputOptions(language="en"))
    sheet = openpyxl.load_workbook(report.results or "")["Rows"]
    headers, values = ([cell.value for cell in line] for line in sheet.iter_rows(max_row=2))
    shown = dict(zip(headers, values, strict=True))
    assert (shown["stock_bsale"], shown["disponible_bsale"], shown["diferencia"]) == (24, 20, 6)


def test_packs_serial_numbers_and_two_counts_are_errors(lab: Lab, tmp_path: Path) -> None:
    """What a count cannot correct is said at its cell; the other rows go."""
    rows = [("DESAYUNO", "3"), ("MOL-220", "2"), ("TAZA-REGALO", "1"), ("TAZA-AZUL", "2,5"), ("629", "49")]
    report = count(lab, tmp_path, rows)
    found = {(finding.code, finding.cell) for finding in report.findings if finding.is_error}
    assert found == {
        ("not_allowed", "B2"), ("not_allowed", "B3"), ("not_allowed", "B4"), ("not_an_integer", "C5"),
    }  # fmt: skip
    assert outcomes(report) == ["invalid"] * 4 + ["accepted"]


def test_two_names_of_one_variant_are_two_counts(lab: Lab, tmp_path: Path) -> None:
    """Whichever identifiers name it: nobody can know which of them counts."""
    lines = ["Sucursal;SKU;Código de barras;Stock", "1;TAZA-AZUL;;8", "1;;7800000007014;9"]
    report = run_sheet(lab, tmp_path, TO, lines)
    assert [finding.code for finding in report.findings if finding.is_error] == ["duplicate_key"] * 2
    assert lab.sandbox.bsale.applications == ()


def test_more_is_missing_than_is_free(lab: Lab, tmp_path: Path) -> None:
    """Reserved units cannot be taken out: said before the vendor refuses the whole document."""
    report = count(lab, tmp_path, [("TAZA-BLANCA", "3")])
    assert [finding.code for finding in report.findings if finding.is_error] == ["not_enough_stock"]


@pytest.mark.parametrize(("allowed", "outcome", "left"), [("", "rejected", 47), ("stock_moved = 3", "accepted", 45)])
def test_a_line_whose_stock_moved_meanwhile_is_not_sent(
    lab: Lab, tmp_path: Path, allowed: str, outcome: str, left: int
) -> None:
    """The stock is read again just before; by how much it may have moved is a setting."""
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, method="POST", status=429, retry_after="301")
    report = count(lab, tmp_path, [("629", "48"), ("355", "40")], config=allowed)
    assert outcomes(report) == ["not_sent", "not_sent"]
    lab.sandbox.bsale.move(1, 629, Decimal(-3))
    report = lab.resume(report.run or "")
    assert outcomes(report) == [outcome, "accepted"]
    assert quantity(lab, 629) == left
    assert quantity(lab, 355) == 40


@pytest.mark.parametrize("poison", [0, 3, 6])
def test_a_refused_document_is_sent_in_parts_until_the_bad_line_is_alone(lab: Lab, tmp_path: Path, poison: int) -> None:
    """There is no business document to keep whole: one poison line costs one row, wherever it stands."""
    codes = ["629", "355", "391", "393", "TAZA-AZUL", "00750", "750"]
    numbers = [_variant(lab, code) for code in codes]
    rows = [
        (code, str(quantity(lab, number) + 1).replace(".", ",")) for code, number in zip(codes, numbers, strict=True)
    ]
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, method="POST", status=429, retry_after="301")
    run = count(lab, tmp_path, rows).run or ""
    account = lab.sandbox.bsale.account
    account.variants[numbers[poison]] = replace(account.variants[numbers[poison]], state=1)
    report = lab.resume(run)
    assert outcomes(report) == ["rejected" if at == poison else "accepted" for at in range(len(codes))]
    assert "invalid variant" in str(report.rows[poison].reasons[-1])
    assert report.exit_code == 1
    applied = lab.sandbox.bsale.applications
    assert sorted(one.variant for one in applied) == sorted({*numbers} - {numbers[poison]})
    assert len({one.note for one in applied}) == len({one.document for one in applied}) > 1, "a mark for each part"


def _variant(lab: Lab, code: str) -> int:
    return next(one.id for one in lab.sandbox.bsale.account.variants.values() if one.code == code and not one.state)


def test_a_second_count_sends_nothing(lab: Lab, tmp_path: Path) -> None:
    """What is as counted is unchanged: the same sheet again moves nothing."""
    rows = [("629", "48"), ("TAZA-BLANCA", "30")]
    assert count(lab, tmp_path, rows).exit_code == 0
    report = count(lab, tmp_path, rows)
    assert (outcomes(report), report.exit_code) == (["unchanged", "unchanged"], 0)
    assert len(lab.sandbox.bsale.applications) == 2
