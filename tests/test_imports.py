"""What is imported when: the cheap commands stay cheap, and what sends needs no tables."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pandas", "pandera", "numpy", "openpyxl", "sqlalchemy", "httpx", "xlsxwriter", "starlette")


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("etl", HEAVY),
        ("etl.cli", (*HEAVY, "etl.model", "etl.options", "json")),
        ("etl.vendors", HEAVY),
        ("etl.submission", ("pandas", "pandera", "numpy", "openpyxl")),
        ("etl.runs", ("pandas", "pandera", "numpy", "openpyxl", "xlsxwriter")),
        ("etl.pipeline", HEAVY),
        ("etl.intake", ("sqlalchemy", "httpx", "openpyxl", "xlsxwriter")),
        ("etl.io.journal.records", HEAVY),
    ],
)
def test_a_module_does_not_bring_what_it_does_not_need(module: str, forbidden: tuple[str, ...]) -> None:
    """In a fresh process, importing a module leaves these libraries out."""
    code = f"import sys, {module}; print(*[name for name in {forbidden!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == []
