"""Measures all figures side by side and writes them into README: ``uv run --group bench python -m bench [--quick]``."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from bench.measures import PARTS, Bench, Figure
from bench.vendor import vendor

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


def line(figure: Figure) -> str:
    """Return a figure as a line of the table."""
    sign = ">=" if figure.at_least else "<="
    value = f"{figure.value:,.2f}" if figure.unit == "x" else f"{figure.value:,.0f}{figure.unit}"
    mark = "" if figure.reached else " **missed**"
    return f"| {figure.name} | {figure.what} | {value}{mark} | {sign} {figure.goal:g} | {figure.detail} |"


def measured_on() -> str:
    """Return what the figures were measured on."""
    names = ("pandas", "pandera", "python-calamine", "XlsxWriter", "httpx")
    libraries = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {libraries}"


def write_table(lines: list[str]) -> None:
    """Put the table between its marks in README."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    README.write_text(head + "\n".join([BEGIN, *lines, END]) + tail, encoding="utf-8")


def main() -> int:
    """Measure, print, and say what misses its goal; 1 when anything does (never with --quick: it is a report)."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of: {', '.join(PARTS)}; all without any")
    parser.add_argument("--quick", action="store_true", help="small sheets, once: a report, no table is written")
    asked = parser.parse_args()
    sizes = (
        {"rows": 5_000, "rounds": 1, "long_rows": 50_000, "batches": 100, "moves": 10}
        if asked.quick
        else {"rows": 100_000, "rounds": 3, "long_rows": 1_000_000, "batches": 2_000, "moves": 200}
    )
    lines = ["| figure | what | ratio | goal | ours / theirs (medians) |", "|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    missed = []
    with tempfile.TemporaryDirectory() as folder, vendor() as simulated:
        bench = Bench(folder=Path(folder), vendor=simulated, **sizes)
        for part in asked.parts or PARTS:
            for figure in PARTS[part](bench):
                lines.append(line(figure))
                print(lines[-1], flush=True)
                missed += [] if figure.reached else [figure.name]
    print(f"\n{measured_on()}\nmissed: {', '.join(missed) or 'none'}")
    if not asked.quick and not asked.parts:
        write_table([*lines, "", f"Measured on {measured_on()}."])
    return int(bool(missed)) if not asked.quick else 0


if __name__ == "__main__":
    sys.exit(main())
