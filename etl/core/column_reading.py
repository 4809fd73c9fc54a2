"""Reads one column of a table: each different cell once, by the evidence of the whole column; rounds when asked to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import NoneType
from typing import cast

from etl.core.cells import read_many
from etl.core.different import Different
from etl.core.numbers import decimals_of, plain_digits, rounded
from etl.core.reading import CellReader, CellReading, Problem, Remarked, shown
from etl.core.rounding import TOO_MANY_DECIMALS
from etl.messages import ntext, text
from etl.model import Cell, CellNote, Finding, MappedColumn, Severity, Sheet, Value, column_letter
from etl.vendors.base import Column, Kind

_LISTED_CHANGES = 20
_NO_VALUES = frozenset({NoneType, Problem})


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """The cells of a column in some rows that are data."""

    sheet: Sheet
    mapped: MappedColumn
    numbers: Sequence[int]
    cells: Sequence[Cell]
    different: Different
    """Each cell once, at least those of these rows."""
    notes: Mapping[int, CellNote]
    """By row number, of the whole column."""
    covered: Mapping[int, tuple[int, int]]
    """By row number, the cell (row, column) that has the value of a merged one; of the whole column."""

    def finding(self, problem: Problem, number: int, cell: Cell) -> Finding:
        """Return the finding of a problem with the cell of a row."""
        return Finding(
            problem.code,
            problem.message,
            problem.hint,
            problem.severity,
            sheet=self.sheet.name,
            row=number,
            column=self.mapped.column,
            field=self.mapped.field,
            header=self.mapped.header,
            value=shown(cell, self.notes.get(number)),
        )


@dataclass(frozen=True, slots=True)
class Rounding:
    """A value that was rounded."""

    number: int
    """Of its row."""
    old: Decimal
    new: Decimal

    @property
    def shown(self) -> str:
        """``row: old → new``."""
        return f"{self.number}: {plain_digits(self.old)} → {plain_digits(self.new)}"


@dataclass(frozen=True, slots=True)
class Gathered:
    """At least each value of some rows once, blanks left out; numbers of equal cells are the same object."""

    values: Sequence[Value]
    may_be_blank: bool
    """Whether some row may have none."""


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """The values of a column, one a row (None: blank or not understood), and what there is to say."""

    name: str
    """The field's."""
    values: Sequence[Value | None]
    findings: tuple[Finding, ...] = ()
    roundings: tuple[Rounding, ...] = ()
    different: Gathered | None = None
    """What different values there are, where reading them told it."""


def read_column(cells: SheetColumn, declared: Column, reader: CellReader) -> ReadColumn:
    """Return what the cells of a column say; `reader` knows the evidence of all of them (`etl.core.cells`)."""
    readings = _Readings(reader)
    found = readings.of_all(cells, declared)
    values, findings = _separate(cells, found, plain=readings.plain)
    different = readings.gathered(cells, found, declared)
    return ReadColumn(declared.name, values, tuple(findings), different=different)


def round_column(column: ReadColumn, numbers: Sequence[int], most: int) -> ReadColumn:
    """Return the column with at most so many decimals, half to even (issue 4, 7)."""
    long = {value for value in set(column.values) if isinstance(value, Decimal) and decimals_of(value) > most}
    if not long:
        return column
    values = list(column.values)
    roundings: list[Rounding] = []
    for place, (number, value) in enumerate(zip(numbers, values, strict=True)):
        if isinstance(value, Decimal) and value in long:
            values[place] = new = rounded(value, most)
            roundings.append(Rounding(number, value, new))
    return replace(column, values=values, roundings=tuple(roundings), different=None)


def rounding_finding(roundings: Sequence[Rounding], sheet: Sheet, mapped: MappedColumn, most: int) -> Finding:
    """Return the one warning that lists what was rounded in a column, the largest change first."""
    ordered = sorted(roundings, key=lambda one: (-abs(one.old - one.new), one.number))
    listed = [one.shown for one in ordered[:_LISTED_CHANGES]]
    return Finding(
        TOO_MANY_DECIMALS,
        ntext(
            "{count} value was rounded to {decimals} decimals (row: old → new): {changes}",
            "{count} values were rounded to {decimals} decimals (row: old → new, largest change first): {changes}",
            len(ordered),
            decimals=most,
            changes="; ".join([*listed, "…"] if len(ordered) > len(listed) else listed),
        ),
        text("The rounded values are what is sent"),
        Severity.WARNING,
        sheet=sheet.name,
        column=mapped.column,
        field=mapped.field,
        header=mapped.header,
    )


class _Readings(dict[Cell, CellReading]):
    """What each different cell of a column says."""

    def __init__(self, reader: CellReader) -> None:
        super().__init__()
        self._reader = reader
        self._noted: dict[tuple[Cell, type, CellNote | None], CellReading] = {}
        self.plain = True
        """Whether every cell was understood without a remark."""

    def __missing__(self, cell: Cell) -> CellReading:
        reading = self[cell] = self._reader(cell, None)
        if isinstance(reading, Problem | Remarked):
            self.plain = False
        return reading

    def of_all(self, cells: SheetColumn, declared: Column) -> Sequence[CellReading]:
        """Return the reading of every cell. Logical values are kept apart: for a dictionary True is 1.0."""
        logical = not cells.different.are_texts and bool in set(map(type, cells.cells))
        plain = [None if type(cell) is bool else cell for cell in cells.cells] if logical else cells.cells
        found = read_many(plain, cells.different, declared, self)
        if not (logical or cells.notes or cells.covered):
            return found
        readings = list(found)
        for place, (number, cell) in enumerate(zip(cells.numbers, cells.cells, strict=True)):
            if number in cells.notes or type(cell) is bool:
                readings[place] = self._apart(cell, cells.notes.get(number))
            if number in cells.covered and readings[place] is None:
                readings[place] = self._remember(_merged(*cells.covered[number]))
        return readings

    def gathered(self, cells: SheetColumn, found: Sequence[CellReading], declared: Column) -> Gathered | None:
        """Return the different values among the readings that were found; None when it takes a look at each."""
        if found is cells.cells:  # all are themselves
            texts = cells.different.texts
            return Gathered(texts, may_be_blank=len(texts) < len(cells.different))
        if declared.kind in (Kind.TEXT, Kind.CODE):  # some are
            return None
        every = [*self.values(), *self._noted.values()]
        told = [reading for reading in every if type(reading) not in _NO_VALUES]
        values = [reading.value if isinstance(reading, Remarked) else reading for reading in told]
        lacking = len(values) < len(every) or bool(cells.covered)
        return Gathered(cast("list[Value]", values), may_be_blank=lacking)

    def _apart(self, cell: Cell, note: CellNote | None) -> CellReading:
        key = (cell, type(cell), note)
        if key not in self._noted:
            self._noted[key] = self._remember(self._reader(cell, note))
        return self._noted[key]

    def _remember(self, reading: CellReading) -> CellReading:
        self.plain = self.plain and not isinstance(reading, Problem | Remarked)
        return reading


def _separate(
    cells: SheetColumn, readings: Sequence[CellReading], *, plain: bool
) -> tuple[Sequence[Value | None], list[Finding]]:
    if plain:
        return cast("Sequence[Value | None]", readings), []
    findings: list[Finding] = []
    values = list(readings)
    for place in [at for at, reading in enumerate(readings) if type(reading) is Problem or type(reading) is Remarked]:
        reading, number, cell = readings[place], cells.numbers[place], cells.cells[place]
        if isinstance(reading, Problem):
            values[place] = None
            findings.append(cells.finding(reading, number, cell))
        elif isinstance(reading, Remarked):
            values[place] = reading.value
            findings.append(cells.finding(reading.remark, number, cell))
    return cast("Sequence[Value | None]", values), findings


def _merged(row: int, column: int) -> Problem:
    origin = f"{column_letter(column)}{row}"
    return Problem(
        "merged_cell",
        text("This cell is merged with {origin}: only that one has the value", origin=origin),
        text("Unmerge the cells and write the value in each row"),
    )
