"""Measures all figures side by side and writes them into README: ``uv run --group bench python -m bench [--quick]``."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from bench.measures import PARTS, Bench, Figure
from bench.vendor import vendor

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
HEADING = ("| figure | what | ratio | goal | ours / theirs (medians) |", "|---|---|---|---|---|")


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


def write_table(measured: list[str]) -> None:
    """Put the lines that were measured between the marks in README; those of other parts stay as they were."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    known, _, tail = rest.partition(END)
    kept = {_named(row): row for row in known.splitlines() if row.startswith("| ") and not row.startswith("| figure")}
    kept |= {_named(row): row for row in measured}
    table = [*HEADING, *sorted(kept.values(), key=_order), "", f"Measured on {measured_on()}."]
    README.write_text(head + "\n".join([BEGIN, *table, END]) + tail, encoding="utf-8")


def _named(row: str) -> tuple[str, ...]:
    return tuple(row.split(" | ")[:2])


def _order(row: str) -> tuple[int, str]:
    name = row.removeprefix("| ").partition(" ")[0]
    return (int(name[1:]) if name[1:].isdigit() else 0, row)


def main() -> int:
    """Measure, print, and say what misses its goal; 1 when anything does (never with --quick: it is a report)."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of: {', '.join(PARTS)}; all without any")
    parser.add_argument("--quick", action="store_true", help="small sheets, once: a report, no table is written")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # so that the sandbox ends, too
    sizes = (
        {"rows": 5_000, "rounds": 1, "long_rows": 50_000, "batches": 100, "moves": 10}
        if asked.quick
        else {"rows": 100_000, "rounds": 3, "long_rows": 1_000_000, "batches": 2_000, "moves": 200}
    )
    print("\n".join(HEADING), flush=True)
    lines, missed = [], []
    with tempfile.TemporaryDirectory() as folder, vendor() as simulated:
        bench = Bench(folder=Path(folder), vendor=simulated, **sizes)
        for part in asked.parts or PARTS:
            for figure in PARTS[part](bench):
                lines.append(line(figure))
                print(lines[-1], flush=True)
                missed += [] if figure.reached else [figure.name]
    print(f"\n{measured_on()}\nmissed: {', '.join(missed) or 'none'}")
    if not asked.quick:
        write_table(lines)
    return int(bool(missed)) if not asked.quick else 0


if __name__ == "__main__":
    sys.exit(main())
