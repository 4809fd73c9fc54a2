"""Reads a sheet with python-calamine and writes the same cells with XlsxWriter in constant memory."""

import sys
import time

import xlsxwriter
from python_calamine import CalamineWorkbook

begun = time.perf_counter()
source, target = sys.argv[1:]
book = xlsxwriter.Workbook(target, {"constant_memory": True})
page = book.add_worksheet()
for number, cells in enumerate(CalamineWorkbook.from_path(source).get_sheet_by_index(0).iter_rows()):
    page.write_row(number, 0, cells)
book.close()
print(time.perf_counter() - begun)
