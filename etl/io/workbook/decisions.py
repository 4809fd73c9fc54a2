"""Reads back what a person decided in a results workbook, whichever program saved it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

from etl.core.identity import WorkbookKind, from_properties
from etl.core.resend import HIDDEN_RUN
from etl.core.row_names import ref_of
from etl.errors import FileError
from etl.io.readers import open_source
from etl.io.workbook.names import APPLIED, RESEND, Heading, SheetKind, heading_kind, sheet_kind, sheet_name
from etl.io.workbook.package import read_properties
from etl.messages import Text, text
from etl.model import Cell, Finding, Sheet


def run_id_of(path: Path) -> str | None:
    """Return the run that a results workbook is about; None for any other file, one that is not there included."""
    try:
        identity = from_properties(read_properties(path))
    except OSError:
        return None
    return identity.run if identity is not None and identity.kind is WorkbookKind.RESULTS else None


def read_decisions(path: Path) -> tuple[str, list[tuple[int, bool, str]]]:
    """Return the run of a results workbook, and for each decided row of `Inciertas`: reference, applied or not, why.

    Blank decisions are left out; a blank `Por qué` is the file's name. FileError when the workbook is not one of ours,
    has no such sheet, or a decision is neither of the two words.
    """
    source = open_source(path)
    name = next((sheet.name for sheet in source.sheets if _is_uncertain(sheet.name)), None)
    if name is None:
        raise _not_ours(path, text("it has no sheet {sheet}", sheet="Inciertas"))
    sheet = source.read(name)
    columns = heading_places(sheet)
    missing = [kind for kind in (Heading.ROW, Heading.DECISION) if kind not in columns]
    if missing:
        raise _not_ours(path, text("its sheet {sheet} has no column {column}", sheet=name, column=missing[0].value))
    run = run_id_of(path) or _run_in(sheet)
    if run is None:
        raise _not_ours(path, text("it does not say which run it is about"))
    return run, list(_decided(sheet, columns, path))


def _is_uncertain(name: str | None) -> bool:
    return name is not None and sheet_kind(name) is SheetKind.UNCERTAIN


def heading_places(sheet: Sheet) -> dict[Heading, int]:
    """Return the index of each of our columns in one of our sheets, by its header in row 1."""
    headers = sheet.rows[0] if sheet.rows else ()
    return {
        kind: index
        for index, header in enumerate(headers)
        if isinstance(header, str) and (kind := heading_kind(header.strip())) is not None
    }


def _run_in(sheet: Sheet) -> str | None:
    """Return the run that the hidden column names: programs on the web drop document properties."""
    headers = list(sheet.rows[0])
    if HIDDEN_RUN not in headers:
        return None
    index = headers.index(HIDDEN_RUN)
    runs = {cell for row in sheet.rows[1:] if len(row) > index and isinstance(cell := row[index], str)}
    return runs.pop() if len(runs) == 1 else None


def _decided(sheet: Sheet, columns: Mapping[Heading, int], path: Path) -> Iterator[tuple[int, bool, str]]:
    words = _decision_words()
    for number in range(2, len(sheet.rows) + 1):
        decision = sheet.cell(number, columns[Heading.DECISION])
        if decision is None or not str(decision).strip():
            continue
        applied = words.get(_folded(decision))
        if applied is None:
            raise _wrong_decision(sheet, number, columns[Heading.DECISION], str(decision))
        row = _row_number(sheet.cell(number, columns[Heading.ROW]))
        if row is None:
            raise _no_row(sheet, number, columns[Heading.ROW])
        why = sheet.cell(number, columns[Heading.WHY]) if Heading.WHY in columns else None
        yield row, applied, str(why).strip() if why is not None and str(why).strip() else path.name


def _decision_words() -> dict[str, bool]:
    applied = {_folded(word): True for word in APPLIED.values()}
    return applied | {_folded(word): False for word in RESEND.values()}


def _folded(value: Cell) -> str:
    """Return a decision without case, accents and doubled spaces."""
    plain = unicodedata.normalize("NFKD", str(value)).casefold()
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


def _row_number(cell: Cell) -> int | None:
    """Return the reference of the row that a cell names; a program may have made a text of a number."""
    if isinstance(cell, str):
        return ref_of(cell)
    if isinstance(cell, float) and not isinstance(cell, bool) and cell == int(cell) and cell > 0:
        return int(cell)
    return None


def _not_ours(path: Path, why: Text) -> FileError:
    return FileError.because(
        Finding(
            "unreadable_file",
            text("{file} is not a results workbook with decisions: {why}", file=path.name, why=why),
            text("Give the workbook that the run wrote, with the sheet {sheet} filled in", sheet="Inciertas"),
        )
    )


def _wrong_decision(sheet: Sheet, row: int, column: int, value: str) -> FileError:
    language = "en" if sheet.name == sheet_name(SheetKind.UNCERTAIN, "en") else "es"
    return FileError.because(
        Finding(
            "not_allowed",
            text("The decision “{value}” in row {row} is none of the two", value=value, row=row),
            text("Choose {applied} or {resend}, or leave it blank", applied=APPLIED[language], resend=RESEND[language]),
            sheet=sheet.name,
            row=row,
            column=column,
            header=str(sheet.cell(1, column)),
            value=value,
        )
    )


def _no_row(sheet: Sheet, row: int, column: int) -> FileError:
    return FileError.because(
        Finding(
            "required",
            text("Row {row} of the sheet {sheet} has a decision but no row number", row=row, sheet=sheet.name or ""),
            text("Leave the row numbers as the program wrote them"),
            sheet=sheet.name,
            row=row,
            column=column,
            header=str(sheet.cell(1, column)),
        )
    )
