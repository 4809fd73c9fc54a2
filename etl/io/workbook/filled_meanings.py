"""Reads back what a person filled into `Mapeos`, whichever program saved the workbook."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from etl.core.cells import reader_of
from etl.core.limits import listed
from etl.core.meanings import HIDDEN_FIELD, Meaning
from etl.core.reading import is_blank, shown
from etl.errors import FileError
from etl.io.readers import Source
from etl.io.workbook.decisions import heading_places
from etl.io.workbook.names import Heading, SheetKind, sheet_kind
from etl.messages import text
from etl.model import Finding, Sheet
from etl.vendors.base import Column, Destination


def read_meanings(source: Source, destination: Destination) -> tuple[Meaning, ...]:
    """Return what was filled in for the code lists of `destination`; () for a workbook without such a sheet of ours.

    Values of another destination's fields are left alone. FileError when what was filled in is no value of the list.
    """
    name = next((one.name for one in source.sheets if one.name and sheet_kind(one.name) is SheetKind.MEANINGS), None)
    if name is None:
        return ()
    sheet = source.read(name)
    headers = list(sheet.rows[0]) if sheet.rows else []
    places = heading_places(sheet)
    if HIDDEN_FIELD not in headers or not {Heading.VALUE, Heading.USE} <= places.keys():
        return ()
    lists = {column.name: column for column in destination.columns if column.choices}
    return tuple(_filled_in(sheet, headers.index(HIDDEN_FIELD), places[Heading.VALUE], places[Heading.USE], lists))


def _filled_in(sheet: Sheet, field_at: int, value_at: int, use_at: int, lists: dict[str, Column]) -> Iterator[Meaning]:
    for number in range(2, len(sheet.rows) + 1):
        name, used = sheet.cell(number, field_at), sheet.cell(number, use_at)
        column = lists.get(name) if isinstance(name, str) else None
        written = shown(sheet.cell(number, value_at), sheet.notes.get((number, value_at)))
        if column is None or is_blank(used) or not written:
            continue
        meant = reader_of(column)(used, sheet.notes.get((number, use_at)))
        if not isinstance(meant, str | Decimal):
            raise _not_in_list(sheet, number, use_at, column)
        yield column.name, written, str(meant)


def _not_in_list(sheet: Sheet, row: int, place: int, column: Column) -> FileError:
    seen = shown(sheet.cell(row, place), sheet.notes.get((row, place)))
    return FileError.because(
        Finding(
            "not_allowed",
            text(
                "In the sheet {sheet}, row {row}: “{value}” is none of the values of {field}",
                sheet=sheet.name or "",
                row=row,
                value=seen,
                field=column.name,
            ),
            text("Choose one of these, or leave it blank: {allowed}", allowed=listed(column.choices)),
            sheet=sheet.name,
            row=row,
            column=place,
            header=str(sheet.cell(1, place)),
            value=seen,
        )
    )
