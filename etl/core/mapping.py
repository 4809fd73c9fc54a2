"""Turns the rows of a table into a frame of typed columns, with a finding for each cell that is not understood."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from etl.core.cells import read_constant
from etl.core.column_reading import ReadColumn, SheetColumn, read_column, round_column
from etl.core.erasures import without_erasures
from etl.core.groups import given_groups
from etl.core.headers import check_constant
from etl.core.reading import Problem, Remarked
from etl.core.skipping import rows_without_data
from etl.core.table import data_rows, source_rows
from etl.messages import Text, text
from etl.model import DEFAULT_ZONE, WRONG_FIELD_COUNT, Finding, Layout, Sheet, Value
from etl.vendors.base import Column, Destination

__all__ = ["Mapped", "ReadingOptions", "map_rows", "source_rows"]


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

    The frame's index is the row number as Excel shows it, in the sheet's order; it has a column (dtype object: str,
    Decimal, int, datetime, None) for each declared field with a column or a constant. Rows that are no data are in
    `skipped` instead; other rows that the reader itself objects to (an error in `Sheet.findings`) are in neither.
    """

    frame: pd.DataFrame
    findings: tuple[Finding, ...]
    skipped: Mapping[int, Text]
    sheet: Sheet | None = None
    """Where findings of the later stages look up what stands in a cell."""
    rounded: Mapping[int, Mapping[str, Value]] = field(default_factory=dict)
    """By row, the values that `ReadingOptions.round` changed, as they are sent."""
    read_as: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By field of a code list, what people wrote for which code: ``{"alicuota": {"Exento": "-1"}}``."""
    erased: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """By row that the vendor's values complete, the fields that it erases there."""
    constants: Mapping[str, Value] = field(default_factory=dict)
    """``--set``, understood; the frame has them already, but for the rows that the vendor's values complete first."""


def map_rows(sheet: Sheet, layout: Layout, destination: Destination, options: ReadingOptions) -> Mapped:
    """Return the rows of a sheet as typed columns, with a finding for every cell that is not understood.

    UsageError when a ``--set`` value cannot be read with the decimal mark that was given.
    """
    numbers, skipped = _sorted_out(sheet, layout, destination, options)
    read, erased = _read_all(sheet, layout, destination, numbers, options)
    constants = {declared.name: _constant(layout, declared, destination, options) for declared in destination.columns}
    waiting = _completed_rows(read, numbers, constants, destination)
    columns: list[ReadColumn] = []
    for declared in destination.columns:
        name, constant = declared.name, constants[declared.name]
        column = read.get(name)
        if column is None and constant is None and not (waiting and name == destination.group_field):
            continue
        late = waiting if name not in destination.key else frozenset()
        if name == destination.group_field:
            columns.append(_grouped(column, name, numbers, constant, destination))
        else:
            columns.append(_filled(column or ReadColumn(name, [None] * len(numbers)), numbers, constant, late))
    rounded: dict[int, dict[str, Value]] = {}
    for column in columns:
        for number, value in column.rounded.items():
            rounded.setdefault(number, {})[column.name] = value
    return Mapped(
        frame=_frame(columns, numbers),
        findings=tuple(finding for column in columns for finding in column.findings),
        skipped=dict(sorted(skipped.items())),
        sheet=sheet,
        rounded=rounded,
        read_as={column.name: column.read_as for column in columns if column.read_as},
        erased={number: names for number, names in erased.items() if number in waiting},
        constants={name: constant for name, constant in constants.items() if constant is not None},
    )


def _sorted_out(
    sheet: Sheet, layout: Layout, destination: Destination, options: ReadingOptions
) -> tuple[list[int], dict[int, Text]]:
    """Return the rows that are data, and those that are not with the reason.

    A line of a CSV file with too few fields may be a title or a total; whatever else the reader objects to is neither.
    """
    objected = {finding.row: finding.code for finding in sheet.findings if finding.is_error}
    filled = data_rows(sheet, layout.header_row)
    judged = [number for number in filled if objected.get(number, WRONG_FIELD_COUNT) == WRONG_FIELD_COUNT]
    skipped = rows_without_data(sheet, judged, layout, destination)
    found = [number for number in filled if number not in objected]
    if options.skip_hidden:
        for number in sheet.hidden_rows.intersection(found).difference(skipped):
            skipped[number] = text("The row is hidden, and hidden rows are left out (--hidden skip)")
    return [number for number in found if number not in skipped], skipped


def _read(cells: SheetColumn, declared: Column, options: ReadingOptions, *, is_key: bool) -> ReadColumn:
    column = read_column(cells, declared, decimal=options.decimal, is_key=is_key, zone=options.zone)
    if options.round and declared.max_decimals is not None:
        return round_column(column, cells, declared.max_decimals)
    return column


def _constant(layout: Layout, declared: Column, destination: Destination, options: ReadingOptions) -> Value | None:
    written = layout.constants.get(declared.name)
    if written is None:
        return None
    check_constant(written, destination, declared.name, options.decimal, options.zone, settle=True)
    value = read_constant(written, declared, options.decimal, options.zone)
    value = value.value if isinstance(value, Remarked) else value
    return None if isinstance(value, Problem) else value


def _read_all(
    sheet: Sheet, layout: Layout, destination: Destination, numbers: Sequence[int], options: ReadingOptions
) -> tuple[dict[str, ReadColumn], dict[int, frozenset[str]]]:
    """Return the columns of the sheet as they are understood, by field, and by row the fields that it erases."""
    rows = [sheet.rows[number - 1] for number in numbers]
    read: dict[str, ReadColumn] = {}
    erased: dict[int, frozenset[str]] = {}
    for declared in destination.columns:
        mapped = layout.column_of(declared.name)
        if mapped is None:
            continue
        cells = SheetColumn.of(sheet, mapped, numbers, rows)
        refused: tuple[Finding, ...] = ()
        if destination.completes:
            cells, found, refused = without_erasures(cells, declared, destination)
            erased |= {number: erased.get(number, frozenset()) | {declared.name} for number in found}
        column = _read(cells, declared, options, is_key=declared.name in destination.key)
        read[declared.name] = replace(column, findings=(*column.findings, *refused))
    return read, erased


def _completed_rows(
    read: Mapping[str, ReadColumn],
    numbers: Sequence[int],
    constants: Mapping[str, Value | None],
    destination: Destination,
) -> frozenset[int]:
    """Return the rows whose blank fields the vendor's values complete before ``--set`` does."""
    name = destination.group_field
    if not destination.completes or name is None:
        return frozenset()
    column = read.get(name)
    groups = given_groups(column.values if column else [None] * len(numbers), constants[name], destination)
    return frozenset(number for number, group in zip(numbers, groups, strict=True) if group in destination.completes)


def _grouped(
    column: ReadColumn | None, name: str, numbers: Sequence[int], constant: Value | None, destination: Destination
) -> ReadColumn:
    if column is None:
        return ReadColumn(name, given_groups([None] * len(numbers), constant, destination))
    if constant is None and any(finding.is_error for finding in column.findings):
        return column
    filled = _filled(column, numbers, constant)
    return replace(filled, values=given_groups(filled.values, None, destination))


def _filled(
    column: ReadColumn, numbers: Sequence[int], constant: Value | None, late: Collection[int] = ()
) -> ReadColumn:
    """Return the column with the ``--set`` value in its blank cells; a cell that is not understood is not blank.

    Rows in `late` are left as they are: the vendor's own value goes before ``--set`` there.
    """
    if constant is None:
        return column
    kept = {finding.row for finding in column.findings if finding.is_error}.union(late)
    values = [
        constant if value is None and number not in kept else value
        for number, value in zip(numbers, column.values, strict=True)
    ]
    return replace(column, values=values)


def _frame(columns: Sequence[ReadColumn], numbers: Sequence[int]) -> pd.DataFrame:
    index = pd.Index(np.array(numbers, dtype=np.int64))
    data: dict[str, np.ndarray[tuple[int], np.dtype[np.object_]]] = {}
    for column in columns:
        values = np.empty(len(numbers), dtype=np.object_)
        values[:] = column.values
        data[column.name] = values
    return pd.DataFrame(data, index=index, dtype=object)
