"""A whole run, readable from top to bottom: read, map, validate, plan, submit, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from etl.core.report import Report
from etl.options import Decision, OutputOptions, Person, SendOptions, SheetOptions
from etl.settings import Settings


def validate_file(sheet: SheetOptions, output: OutputOptions, settings: Settings, person: Person) -> Report:
    """Check a sheet: no network, no credentials, no journal."""
    raise NotImplementedError


def run_file(
    sheet: SheetOptions, output: OutputOptions, send: SendOptions, settings: Settings, person: Person
) -> Report:
    """Validate, plan, ask, submit, journal and report a sheet (or stop before the wire with `send.dry_run`)."""
    raise NotImplementedError


def resume_run(run: str, output: OutputOptions, send: SendOptions, settings: Settings, person: Person) -> Report:
    """Read back what is due and send what is not sent."""
    raise NotImplementedError


def reconcile_run(run: str, output: OutputOptions, settings: Settings, person: Person) -> Report:
    """Only read back."""
    raise NotImplementedError


def resolve_run(
    run: str, decisions: Sequence[Decision] | Path, output: OutputOptions, settings: Settings, person: Person
) -> Report:
    """Record an operator's word on uncertain rows, given as decisions or as a filled-in results workbook."""
    raise NotImplementedError


def show_run(run: str, output: OutputOptions, settings: Settings) -> Report:
    """Return a run from the journal."""
    raise NotImplementedError


def report_run(run: str, path: Path, output: OutputOptions, settings: Settings) -> Report:
    """Write the workbook of a run again, from the journal alone."""
    raise NotImplementedError
