"""Decides what the rows of a sheet say of the field that groups them: by column, by ``--set``, or by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from etl.core.blocks import blocks_below
from etl.core.cells import reader_of
from etl.core.reading import Problem, Remarked, is_blank
from etl.model import Cell, Sheet, Value
from etl.vendors.base import Column, Destination


def groups_of(
    sheet: Sheet, header_row: int, fed: Mapping[int, str], constants: Mapping[str, str], destination: Destination
) -> frozenset[str]:
    """Return the groups that stand in the rows below the header; values that are not understood are left out.

    `fed` tells which column (by index) feeds which field, `constants` are ``--set``. Nothing for a destination whose
    groups all need the same fields (`Destination.completes`).
    """
    if not destination.completes or destination.group_field is None:
        return frozenset()
    declared = destination.column(destination.group_field)
    index = next((index for index, name in fed.items() if name == declared.name), None)
    cells = () if index is None else _cells(sheet, header_row, index)
    written = constants.get(declared.name)
    constant = None if written is None else _understood([written], declared)
    found = _understood(cells, declared) | (constant or frozenset())
    return found or frozenset({destination.default_group} if destination.default_group is not None else ())


def given_groups(
    values: Sequence[Value | None], constant: Value | None, destination: Destination
) -> Sequence[Value | None]:
    """Return the group of each row: its own, else that of ``--set``, else the default if no row says any."""
    if constant is None and not any(value is not None for value in values):
        constant = destination.default_group
    return [constant if value is None else value for value in values]


def _cells(sheet: Sheet, header_row: int, index: int) -> set[Cell]:
    found = {cell for block in blocks_below(sheet, header_row) for cell in block.different(index)}
    return {cell for cell in found if not is_blank(cell)}


def _understood(cells: Iterable[Cell], declared: Column) -> frozenset[str]:
    read = reader_of(declared)
    readings = [read(cell, None) for cell in cells]
    values = [reading.value if isinstance(reading, Remarked) else reading for reading in readings]
    return frozenset(str(value) for value in values if value is not None and not isinstance(value, Problem))
