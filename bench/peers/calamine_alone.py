"""Reads a sheet with python-calamine and does nothing with it: the floor of reading."""

import sys
import time

from python_calamine import CalamineWorkbook

begun = time.perf_counter()
rows = sum(1 for _row in CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows())
print(rows, time.perf_counter() - begun)
