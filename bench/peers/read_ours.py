"""Reads a sheet as every command does: pre-scan, child process with limits, notes."""

import sys
import time
from pathlib import Path

from etl.io.readers import open_source

begun = time.perf_counter()
rows = len(open_source(Path(sys.argv[1])).read().rows)
print(rows, time.perf_counter() - begun)
