"""Turns the rows of a table into a frame of typed columns, with a finding for each cell that is not understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from etl.core.cells import read_constant
from etl.core.column_reading import ReadColumn, SheetColumn, read_column, round_column
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


def map_rows(sheet: Sheet, layout: Layout, destination: Destination, options: ReadingOptions) -> Mapped:
    """Return the rows of a sheet as typed columns, with a finding for every cell that is not understood.

    UsageError when a ``--set`` value cannot be read with the decimal mark that was given.
    """
    numbers, skipped = _sorted_out(sheet, layout, destination, options)
    rows = [sheet.rows[number - 1] for number in numbers]
    columns: list[ReadColumn] = []
    for declared in destination.columns:
        constant = _constant(layout, declared, destination, options)
        mapped = layout.column_of(declared.name)
        if mapped is not None:
            cells = SheetColumn.of(sheet, mapped, numbers, rows)
            is_key = declared.name in destination.key
            columns.append(_filled(_read(cells, declared, options, is_key=is_key), numbers, constant))
        elif constant is not None:
            columns.append(ReadColumn(declared.name, [constant] * len(numbers)))
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
    found = [number for number in filled if number not in objected or number in skipped]
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


def _filled(column: ReadColumn, numbers: Sequence[int], constant: Value | None) -> ReadColumn:
    """Return the column with the ``--set`` value in its blank cells; a cell that is not understood is not blank."""
    if constant is None:
        return column
    bad = {finding.row for finding in column.findings if finding.is_error}
    values = [
        constant if value is None and number not in bad else value
        for number, value in zip(numbers, column.values, strict=True)
    ]
    return ReadColumn(column.name, values, column.findings, column.rounded, column.read_as)


def _frame(columns: Sequence[ReadColumn], numbers: Sequence[int]) -> pd.DataFrame:
    index = pd.Index(np.array(numbers, dtype=np.int64))
    data: dict[str, np.ndarray[tuple[int], np.dtype[np.object_]]] = {}
    for column in columns:
        values = np.empty(len(numbers), dtype=np.object_)
        values[:] = column.values
        data[column.name] = values
    return pd.DataFrame(data, index=index, dtype=object)
