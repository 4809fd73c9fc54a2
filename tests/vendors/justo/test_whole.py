"""A sheet for Justo from the file to the vendor and back into the report."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from etl.core.report import Report
from etl.errors import ConfigurationError
from etl.options import OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file, validate_file
from etl.samples import write_samples
from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from etl.settings import Settings, load_settings
from tests.recovery.lab import NO_WORKBOOK, Silent

HEADER = "Local;Producto;Stock;Hasta\n"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def settings_of(folder: Path, sandbox: Sandbox, more: str = "") -> Settings:
    environ = {"ETL_HOME": str(folder / "home"), "ETL_JUSTO_URL": sandbox.url("justo")}
    environ["TOKEN"] = DEMO_CREDENTIALS["justo"]["token"]
    (folder / "etl.toml").write_text(f'[profiles.main.justo]\ntoken = "env:TOKEN"\n{more}\n', "utf-8")
    return load_settings(environ=environ, cwd=folder)


def run(file: Path, settings: Settings, output: OutputOptions = NO_WORKBOOK, **options: object) -> Report:
    sheet = SheetOptions(file=file, to="justo.stock", **options)  # type: ignore[arg-type]
    return run_file(sheet, output, SendOptions(yes=True), settings, Silent())


@pytest.mark.parametrize(
    ("zone", "wanted"),
    [("", "2030-07-01T21:00:00.000Z"), ('timezone = "America/Santiago"', "2030-07-01T22:00:00.000Z")],
)
def test_a_date_is_read_in_the_zone_of_the_profile(zone: str, wanted: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """Argentina's unless the profile names another."""
    file = tmp_path / "stock.csv"
    file.write_text(HEADER + "local-centro;empanada-carne;5;01/07/2030 18:00\n", "utf-8")
    report = run(file, settings_of(tmp_path, sandbox, zone))
    assert (report.exit_code, report.counts["accepted"]) == (0, 1)
    assert sandbox.justo.applications[0].sent["untilDate"] == wanted
    assert report.rows[0].vendor_id
    assert report.rows[0].derived == {"type": "product"}


def test_a_zone_that_does_not_exist_is_a_mistake_in_the_configuration(sandbox: Sandbox, tmp_path: Path) -> None:
    """It is said at once, not when the first date is read."""
    with pytest.raises(ConfigurationError, match="Nowhere"):
        settings_of(tmp_path, sandbox, 'timezone = "America/Nowhere"')


def test_an_old_file_is_warned_of_and_sent_all_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    """By the time at which it was saved; warnings change no exit code."""
    file = tmp_path / "stock.csv"
    file.write_text(HEADER + "local-centro;empanada-carne;5;\n", "utf-8")
    settings = settings_of(tmp_path, sandbox)
    assert [finding.code for finding in run(file, settings).findings] == []
    os.utime(file, (time.time() - 25 * 3600,) * 2)
    report = run(file, settings)
    assert [finding.code for finding in report.findings] == ["old_sheet"]
    assert (report.exit_code, report.counts["accepted"]) == (0, 1)


def test_the_results_show_the_vendors_id_and_the_type_that_was_told_by_the_ids(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """What deleting a stock needs, and what the program concluded, stand beside the user's columns."""
    (file,) = write_samples(tmp_path, ["justo-stock.xlsx"])
    report = run(file, settings_of(tmp_path, sandbox), OutputOptions(language="en"))
    assert report.counts["accepted"] == 7
    book = openpyxl.load_workbook(report.results or "")
    shown = [[cell.value for cell in line] for line in book["Rows"].iter_rows()]
    kinds = [line[shown[0].index("type")] for line in shown[1:]]
    assert kinds == ["product"] * 5 + ["modifier"] * 2
    assert {row.vendor_id for row in report.rows} <= {cell for line in shown for cell in line}


def test_the_bad_sample_has_each_mistake_once(tmp_path: Path) -> None:
    """Every finding stands at its cell, and the good rows are valid."""
    (file,) = write_samples(tmp_path, ["justo-stock-con-errores.xlsx"])
    report = validate_file(SheetOptions(file=file, to="justo.stock"), NO_WORKBOOK, Silent())
    found = {(finding.code, finding.cell) for finding in report.findings if finding.is_error}
    assert found == {
        ("required", "A4"),
        ("required", "B5"),
        ("required", "D6"),
        ("conflicting_values", "B7"),
        ("not_an_integer", "E8"),
        ("out_of_range", "E9"),
        ("not_a_number", "E10"),
        ("not_a_date", "F11"),
        ("duplicate_key", "D12"),
        ("duplicate_key", "D13"),
        ("precision_lost", "B14"),
        ("error_cell", "E15"),
    }
    assert report.counts["not_sent"] == 2
