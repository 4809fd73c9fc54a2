"""Tells what the figures were measured on, so that a slow interpreter is seen."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version

LIBRARIES = ("pandas", "pandera", "python-calamine", "XlsxWriter", "SQLAlchemy", "httpx")
LOOPS = 10_000_000
IMPORTED = "pandera.pandas"


def measured_on() -> str:
    """Return the machine, the versions, and how long Python takes here for a fixed loop and for an import."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"Measured on {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {libraries}. "
        f"There an empty loop of {LOOPS:,} steps takes {_loop():.2f} s and `import {IMPORTED}` {_import():.2f} s."
    )


def _loop() -> float:
    begun = time.perf_counter()
    for _ in range(LOOPS):
        pass
    return time.perf_counter() - begun


def _import() -> float:
    """Return the seconds of the second of two new processes: the first may have to read it from the disk."""
    took = 0.0
    for _ in range(2):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {IMPORTED}"], check=True)
        took = time.perf_counter() - begun
    return took
