"""Turns the rows of a table into typed columns: which rows are data, and by what evidence their cells are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.core.blocks import BLOCK_ROWS
from etl.core.cells import read_constant
from etl.core.headers import check_constant
from etl.core.reading import Problem, Remarked
from etl.core.row_sorting import RowSorting
from etl.core.table import SourceRows
from etl.core.typed_table import FieldReader, Grouping, TypedTable
from etl.messages import Text
from etl.model import DEFAULT_ZONE, Layout, Sheet, Value
from etl.vendors.base import Column, Destination

__all__ = ["Mapped", "ReadingOptions", "map_rows"]


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How cells are read."""

    decimal: str = "auto"
    """auto, comma or point: the decimal mark of numbers written as text."""
    round: bool = False
    """Numbers with too many decimals are rounded, half to even, and listed."""
    skip_hidden: bool = False
    """Hidden rows are no data (``--hidden skip``)."""
    zone: str = DEFAULT_ZONE
    """Time zone (IANA) of moments that are written without one: the profile's."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A sheet as typed columns.

    Rows that are no data are in `skipped` and not in the table; other rows that the reader itself objects to (an error
    in `Sheet.findings`) are in neither.
    """

    table: TypedTable
    rows: SourceRows
    """Every row that is not blank, as it stands in the sheet."""
    skipped: Mapping[int, Text]


def map_rows(
    sheet: Sheet, layout: Layout, destination: Destination, options: ReadingOptions, size: int = BLOCK_ROWS
) -> Mapped:
    """Return the rows of a sheet as typed columns, `size` rows at a time.

    UsageError when a ``--set`` value cannot be read with the decimal mark that was given.
    """
    constants = {declared.name: _constant(layout, declared, destination, options) for declared in destination.columns}
    table = TypedTable(
        sheet,
        layout,
        destination,
        _readers(sheet, layout, destination, options),
        {name: constant for name, constant in constants.items() if constant is not None},
        range(layout.header_row, len(sheet.rows), size),
    )
    hidden = sheet.hidden_rows if options.skip_hidden else frozenset()
    sorting = RowSorting(sheet, layout, destination, table.starts, hidden=hidden, gather=table.gather)
    table.data = sorting.data
    table.grouping = _grouping(table)
    rows = SourceRows(sheet, len(layout.headers), table.starts, sorting.filled)
    return Mapped(table, rows, dict(sorted(sorting.skipped.items())))


def _constant(layout: Layout, declared: Column, destination: Destination, options: ReadingOptions) -> Value | None:
    written = layout.constants.get(declared.name)
    if written is None:
        return None
    check_constant(written, destination, declared.name, options.decimal, options.zone, settle=True)
    value = read_constant(written, declared, options.decimal, options.zone)
    value = value.value if isinstance(value, Remarked) else value
    return None if isinstance(value, Problem) else value


def _readers(sheet: Sheet, layout: Layout, destination: Destination, options: ReadingOptions) -> dict[str, FieldReader]:
    """Return how the columns that feed a field are read, with what is noted about their cells."""
    readers: dict[str, FieldReader] = {}
    for declared in destination.columns:
        mapped = layout.column_of(declared.name)
        if mapped is not None:
            readers[declared.name] = FieldReader(sheet, mapped, declared, destination, options)
    by_column: dict[int, list[FieldReader]] = {}
    for reader in readers.values():
        by_column.setdefault(reader.mapped.column, []).append(reader)
    for (number, column), note in sheet.notes.items():
        for reader in by_column.get(column, ()):
            reader.note(number, note)
    return readers


def _grouping(table: TypedTable) -> Grouping:
    """Return what the rows say of the field that groups them: nothing is meant by default where some row says it."""
    name = table.destination.group_field
    if name is None:
        return Grouping(None, misread=False)
    constant = table.constants.get(name)
    if constant is not None or table.destination.default_group is None:
        return Grouping(constant, misread=False)
    misread = False
    for block in table.blocks() if name in table.readers else ():
        column = block.column(name)
        if column is not None and any(value is not None for value in column.values):
            return Grouping(None, misread=False)
        misread = misread or (column is not None and any(finding.is_error for finding in column.findings))
    return Grouping(table.destination.default_group, misread=misread)
