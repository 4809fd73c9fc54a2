"""Reads one column of a table: each different cell once, by the evidence of the whole column; rounds when asked to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from etl.core.cells import gather_evidence, reader_of
from etl.core.numbers import decimals_of, plain_digits, rounded
from etl.core.reading import CellReader, CellReading, Problem, Remarked, shown
from etl.core.rounding import TOO_MANY_DECIMALS
from etl.core.table import covered_rows
from etl.messages import ntext, text
from etl.model import DEFAULT_ZONE, Cell, CellNote, Finding, MappedColumn, Severity, Sheet, Value, column_letter
from etl.vendors.base import Column, Kind

_LISTED_CHANGES = 20


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """The cells of a column in the rows that are data."""

    sheet: Sheet
    mapped: MappedColumn
    numbers: Sequence[int]
    cells: Sequence[Cell]
    notes: Mapping[int, CellNote]
    """By row number."""
    covered: Mapping[int, tuple[int, int]]
    """By row number, the cell (row, column) that has the value of a merged one."""

    @classmethod
    def of(
        cls, sheet: Sheet, mapped: MappedColumn, numbers: Sequence[int], rows: Sequence[Sequence[Cell]]
    ) -> SheetColumn:
        """Return the column of `sheet` that `mapped` names, in `rows`, which are those of `numbers`."""
        index = mapped.column
        cells = [row[index] if index < len(row) else None for row in rows]
        notes = {number: note for (number, column), note in sheet.notes.items() if column == index}
        return cls(
            sheet, mapped, numbers, cells, notes, covered_rows(sheet, index, numbers[0], numbers[-1]) if numbers else {}
        )

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
class ReadColumn:
    """The values of a column, one a row (None: blank or not understood), and what there is to say."""

    name: str
    """The field's."""
    values: Sequence[Value | None]
    findings: tuple[Finding, ...] = ()
    rounded: Mapping[int, Value] = field(default_factory=dict)
    """By row number, the values that were rounded, as they are sent."""
    read_as: Mapping[str, str] = field(default_factory=dict)
    """What people wrote for which code of a code list, where it differs."""


def read_column(
    cells: SheetColumn, declared: Column, *, decimal: str, is_key: bool, zone: str = DEFAULT_ZONE
) -> ReadColumn:
    """Return what the cells of a column say; `decimal` is ``--decimal``, `is_key` as for `etl.core.cells.reader_of`."""
    by_number = zip(cells.numbers, cells.cells, strict=True)
    noted = [(cell, cells.notes[number]) for number, cell in by_number if number in cells.notes] if cells.notes else []
    evidence = gather_evidence(set(cells.cells), noted, declared, decimal, zone)
    readings = _Readings(reader_of(declared, evidence, is_key=is_key))
    values, findings = _separate(cells, readings.of_all(cells), plain=readings.plain)
    read_as = readings.written_for_codes() if declared.kind is Kind.CHOICE else {}
    return ReadColumn(declared.name, values, tuple(findings), read_as=read_as)


def round_column(column: ReadColumn, cells: SheetColumn, most: int) -> ReadColumn:
    """Return the column with at most so many decimals, half to even; one warning lists the changes (issue 4, 7)."""
    values = list(column.values)
    changed: dict[int, Value] = {}
    changes: list[tuple[Decimal, int, str]] = []
    for place, (number, value) in enumerate(zip(cells.numbers, values, strict=True)):
        if isinstance(value, Decimal) and decimals_of(value) > most:
            values[place] = changed[number] = new = rounded(value, most)
            changes.append((abs(value - new), number, f"{number}: {plain_digits(value)} → {plain_digits(new)}"))
    if not changes:
        return column
    changes.sort(key=lambda change: (-change[0], change[1]))
    listed = [change for _, _, change in changes[:_LISTED_CHANGES]]
    warning = Finding(
        TOO_MANY_DECIMALS,
        ntext(
            "{count} value was rounded to {decimals} decimals (row: old → new): {changes}",
            "{count} values were rounded to {decimals} decimals (row: old → new, largest change first): {changes}",
            len(changes),
            decimals=most,
            changes="; ".join([*listed, "…"] if len(changes) > len(listed) else listed),
        ),
        text("The rounded values are what is sent"),
        Severity.WARNING,
        sheet=cells.sheet.name,
        column=cells.mapped.column,
        field=cells.mapped.field,
        header=cells.mapped.header,
    )
    return ReadColumn(column.name, values, (*column.findings, warning), changed, column.read_as)


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

    def of_all(self, cells: SheetColumn) -> list[CellReading]:
        """Return the reading of every cell. Logical values are kept apart: for a dictionary True is 1.0."""
        if not (cells.notes or cells.covered) and bool not in set(map(type, cells.cells)):
            return [self[cell] for cell in cells.cells]
        readings = [
            self[cell]
            if number not in cells.notes and type(cell) is not bool
            else self._apart(cell, cells.notes.get(number))
            for number, cell in zip(cells.numbers, cells.cells, strict=True)
        ]
        for place, number in enumerate(cells.numbers):
            if number in cells.covered and readings[place] is None:
                readings[place] = self._remember(_merged(*cells.covered[number]))
        return readings

    def written_for_codes(self) -> dict[str, str]:
        """Return the texts that stand for another code than themselves."""
        readings = [(shown(cell), reading) for cell, reading in self.items()]
        readings += [(shown(cell, note), reading) for (cell, _, note), reading in self._noted.items()]
        return {
            written: str(reading)
            for written, reading in readings
            if reading is not None and not isinstance(reading, Problem | Remarked) and written != str(reading)
        }

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
    values: list[Value | None] = []
    for number, cell, reading in zip(cells.numbers, cells.cells, readings, strict=True):
        if isinstance(reading, Problem):
            values.append(None)
            findings.append(cells.finding(reading, number, cell))
        elif isinstance(reading, Remarked):
            values.append(reading.value)
            findings.append(cells.finding(reading.remark, number, cell))
        else:
            values.append(reading)
    return values, findings


def _merged(row: int, column: int) -> Problem:
    origin = f"{column_letter(column)}{row}"
    return Problem(
        "merged_cell",
        text("This cell is merged with {origin}: only that one has the value", origin=origin),
        text("Unmerge the cells and write the value in each row"),
    )
