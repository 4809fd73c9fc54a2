"""Sheets for Bsale, sent for real to the simulated vendor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from etl.core.report import Report
from etl.options import OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file
from etl.settings import load_settings
from tests.recovery.lab import NO_WORKBOOK, Lab, Silent


def run_sheet(
    lab: Lab,
    folder: Path,
    to: str,
    lines: Sequence[str],
    output: OutputOptions = NO_WORKBOOK,
    config: str = "",
    name: str = "sheet.csv",
    sheet: dict[str, object] | None = None,
    **send: object,
) -> Report:
    """Run a CSV sheet of these lines; `config` are settings of the profile, `send` fields of `SendOptions`."""
    file = folder / name
    file.write_text("\n".join(lines) + "\n", "utf-8")
    if config:
        lab.home.mkdir(exist_ok=True)
        token = 'access_token = "env:ETL_BSALE_ACCESS_TOKEN"'
        (lab.home / "etl.toml").write_text(f"[profiles.default.bsale]\n{token}\n{config}\n", "utf-8")
    settings = load_settings(environ=lab.environ, cwd=lab.home if config else folder)
    options = SheetOptions(file=file, to=to, **(sheet or {}))  # type: ignore[arg-type]
    return run_file(options, output, SendOptions(yes=True, **send), settings, Silent())  # type: ignore[arg-type]
