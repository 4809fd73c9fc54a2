"""Puts findings where the person sees them: sheet, row, column, header and the cell as shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from etl.core.table import seen_at
from etl.model import Cell, Finding, Layout, Sheet


class Places:
    """The places of one sheet's table."""

    def __init__(self, sheet: Sheet | None, layout: Layout, cell: Callable[[int, int], Cell] | None = None) -> None:
        """`cell` gives what stands at a row and a column of the sheet, where it was taken apart already."""
        self._sheet = sheet
        self._cell = cell or (sheet.cell if sheet is not None else None)
        self._columns = {column.field: column for column in layout.columns}
        self._constants = layout.constants

    def put(self, finding: Finding, number: int, name: str) -> Finding:
        """Return the finding with its sheet, row, column, header and the cell as shown."""
        column = self._columns.get(name)
        seen = self._constants.get(name)
        if self._sheet is not None and self._cell is not None and column is not None:
            cell = self._cell(number, column.column)
            seen = seen_at(self._sheet, number, column.column, cell) or seen
        return replace(
            finding,
            sheet=self._sheet.name if self._sheet is not None else None,
            row=number,
            column=column.column if column is not None else None,
            field=name,
            header=column.header if column is not None else None,
            value=seen,
        )

    def has_column(self, name: str) -> bool:
        """Whether a column of the sheet feeds this field."""
        return name in self._columns
