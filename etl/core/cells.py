"""Understands one cell of a column: chooses the reader by the column's kind and asks the other cells for evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from etl.core.amounts import decimal_reader, integer_reader
from etl.core.choices import choice_reader
from etl.core.codes import code_reader, padded_digits, text_reader
from etl.core.moments import moment_reader
from etl.core.numbers import Mark, mark_of
from etl.core.reading import NO_EVIDENCE, CellReader, CellReading, Evidence, Problem, bare, pads, shown
from etl.messages import text
from etl.model import DEFAULT_ZONE, Cell, CellNote
from etl.vendors.base import Column, Kind

DECIMAL_MARKS: Mapping[str, Mark | None] = {"auto": None, "comma": Mark.COMMA, "point": Mark.POINT}
"""The values of ``--decimal``."""


def gather_evidence(
    cells: Iterable[Cell],
    noted: Iterable[tuple[Cell, CellNote]],
    column: Column,
    decimal: str = "auto",
    zone: str = DEFAULT_ZONE,
) -> Evidence:
    """Return what a column's cells say about each other.

    `cells` are its different values, `noted` those with a note; `decimal` is ``--decimal``, `zone` that of moments
    without one. KeyError when `decimal` is none.
    """
    stated = DECIMAL_MARKS[decimal]
    if column.kind in (Kind.DECIMAL, Kind.INTEGER):
        if stated is not None:
            return Evidence(mark=stated, stated=True)
        told = mark_of(bare(cell) for cell in cells if isinstance(cell, str))
        return Evidence(mark=told.mark, told_by=told.told_by)
    if column.kind is Kind.CODE:
        formatted = {cell: shown(cell, note) for cell, note in noted if pads(note)}
        return Evidence(padded=padded_digits(cells, formatted))
    if column.kind is Kind.DATETIME:
        return Evidence(zone=zone)
    return NO_EVIDENCE


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
