"""Understands one cell of a column: chooses the reader by the column's kind and asks the other cells for evidence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence

from etl.core.amounts import decimal_reader, integer_reader, take_floats
from etl.core.choices import choice_reader
from etl.core.codes import code_reader, codes_at_a_glance, padded_digits, text_reader, texts_at_a_glance
from etl.core.different import Different
from etl.core.moments import moment_reader
from etl.core.numbers import Mark, MarkTally
from etl.core.reading import NO_EVIDENCE, CellReader, CellReading, Evidence, Problem, bare, pads, shown
from etl.messages import text
from etl.model import DEFAULT_ZONE, Cell, CellNote
from etl.vendors.base import Column, Kind

DECIMAL_MARKS: Mapping[str, Mark | None] = {"auto": None, "comma": Mark.COMMA, "point": Mark.POINT}
"""The values of ``--decimal``."""
_NUMBERS = (Kind.DECIMAL, Kind.INTEGER)


class Clues:
    """Gathers what the cells of a column say about each other, however many are added at a time.

    `decimal` is ``--decimal``, `zone` that of moments without one, `most` how many cells there may be. KeyError when
    `decimal` is none.
    """

    def __init__(self, column: Column, decimal: str = "auto", zone: str = DEFAULT_ZONE, most: int = 0) -> None:
        self._column = column
        self._stated = DECIMAL_MARKS[decimal]
        self._zone = zone
        self._marks = MarkTally(most)
        self._padded = ""

    @property
    def are_wanted(self) -> bool:
        """Whether the cells of such a column say anything of each other."""
        if self._column.kind in _NUMBERS:
            return self._stated is None
        return self._column.kind is Kind.CODE

    def add(self, cells: Different, noted: Iterable[tuple[Cell, CellNote]] = ()) -> None:
        """Look at some cells: their different values, and those with a note."""
        if not self.are_wanted:
            return
        if self._column.kind is Kind.CODE:
            formatted = {cell: shown(cell, note) for cell, note in noted if pads(note)}
            self._padded = max(self._padded, padded_digits(cells, formatted), key=lambda digits: (len(digits), digits))
        else:
            self._marks.add((cell, bare(cell)) for cell in cells.texts)

    def evidence(self) -> Evidence:
        """Return what all of them say."""
        match self._column.kind:
            case Kind.DECIMAL | Kind.INTEGER if self._stated is not None:
                return Evidence(mark=self._stated, stated=True)
            case Kind.DECIMAL | Kind.INTEGER:
                told = self._marks.evidence()
                return Evidence(mark=told.mark, told_by=told.told_by)
            case Kind.CODE:
                return Evidence(padded=self._padded)
            case Kind.DATETIME:
                return Evidence(zone=self._zone)
        return NO_EVIDENCE


def gather_evidence(
    cells: Collection[Cell],
    noted: Iterable[tuple[Cell, CellNote]],
    column: Column,
    decimal: str = "auto",
    zone: str = DEFAULT_ZONE,
) -> Evidence:
    """Return what the different cells of a whole column say about each other (`Clues`)."""
    clues = Clues(column, decimal, zone, len(cells))
    clues.add(Different(cells), noted)
    return clues.evidence()


def reader_of(column: Column, evidence: Evidence = NO_EVIDENCE, *, is_key: bool = False) -> CellReader:
    """Return the function that understands a cell of `column`: (cell, its note or None) -> `CellReading`.

    It never raises. Limits (`etl.core.limits`) are not looked at: a text that is too long is understood all the same.
    `is_key` says that the column is part of the destination's key: then spaces that were taken away are remarked on.
    """
    read_kind = _reader_of_kind(column, evidence, is_key=is_key)

    def read(cell: Cell, note: CellNote | None) -> CellReading:
        if note is not None and (note.error is not None or note.formula_without_value):
            return _lying_cell(note)
        if cell is None:
            return None
        value = read_kind(cell, note)
        return None if isinstance(value, str) and not value else value

    return read


def read_many(
    cells: Sequence[Cell], different: Different, column: Column, known: MutableMapping[Cell, CellReading]
) -> Sequence[CellReading]:
    """Return the readings of a column's cells without notes, of which none is a logical value.

    `different` has at least each of them once. What stands as it is understood, as most texts and codes do, is seen at
    a glance; `known` reads the other cells.
    """
    match column.kind:
        case Kind.TEXT:
            return texts_at_a_glance(cells, different, known)
        case Kind.CODE:
            return codes_at_a_glance(cells, different, known)
        case Kind.DECIMAL:
            take_floats(different, known)
    return list(map(known.__getitem__, cells))


def read_constant(written: str, column: Column, decimal: str = "auto", zone: str = DEFAULT_ZONE) -> CellReading:
    """Return what a ``--set`` value says for `column`; an ambiguous number is settled by `decimal` only."""
    return reader_of(column, gather_evidence((), (), column, decimal, zone))(written, None)


def _reader_of_kind(column: Column, evidence: Evidence, *, is_key: bool) -> CellReader:
    makers: dict[Kind, Callable[[], CellReader]] = {
        Kind.TEXT: text_reader,
        Kind.CODE: lambda: code_reader(column, evidence, is_key=is_key),
        Kind.INTEGER: lambda: integer_reader(column, evidence),
        Kind.DECIMAL: lambda: decimal_reader(column, evidence),
        Kind.CHOICE: lambda: choice_reader(column),
        Kind.DATETIME: lambda: moment_reader(evidence.zone or DEFAULT_ZONE),
    }
    return makers[column.kind]()


def _lying_cell(note: CellNote) -> Problem:
    if note.error is not None:
        return Problem(
            "error_cell",
            text("The cell shows the error {error}", error=note.error),
            text("Repair its formula, or type the value"),
        )
    return Problem(
        "formula_without_value",
        text("The formula of this cell was never calculated: it has no value"),
        text("Open the file in Excel or LibreOffice, save it and try again, or type the value"),
    )
