"""Measures all figures side by side and writes them into README.

``uv run --isolated --no-dev --group bench python -m bench [--quick]``: what users install, without the tests.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench.machine import measured_on
from bench.measures import FULL, PARTS, QUICK, Bench
from bench.table import HEADING, Figure, line, missed, with_table
from bench.vendor import vendor

README = Path(__file__).parent.parent / "README.md"


def main() -> int:
    """Measure, print, and say what misses its goal; 1 when anything does (never with --quick: it is a report)."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of: {', '.join(PARTS)}; all without any")
    parser.add_argument("--quick", action="store_true", help="small sheets, once: a report, no table is written")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # so that the sandbox ends, too
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # after its first start, what is installed is compiled
    note = measured_on()
    print("\n".join([note, "", *HEADING]), flush=True)
    figures = measure(asked.parts or list(PARTS), quick=asked.quick)
    print(f"\n{missed(figures)}")
    if asked.quick:
        return 0
    README.write_text(
        with_table(README.read_text(encoding="utf-8"), map(line, figures), note), encoding="utf-8", newline="\n"
    )
    return int(any(figure.missed for figure in figures))


def measure(parts: list[str], *, quick: bool) -> list[Figure]:
    """Measure these parts and print each figure as soon as it is known."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, vendor() as simulated:
        bench = Bench(folder=Path(folder), vendor=simulated, size=QUICK if quick else FULL)
        bench.validate(bench.sheet(0.0, 20), "--no-results")
        for part in parts:
            begun = time.perf_counter()
            for figure in PARTS[part](bench):
                figures.append(figure)
                print(line(figure), flush=True)
            print(f"{part}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
