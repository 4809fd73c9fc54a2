"""Understands a cell of text or of codes: what stands there stays, what Excel has spoilt is said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast
from unicodedata import is_normalized

from etl.core.different import Different
from etl.core.limits import has_valid_check_digit, is_barcode_number
from etl.core.numbers import EXACT, number_of_float
from etl.core.reading import (
    CellReader,
    CellReading,
    Evidence,
    Problem,
    Remarked,
    bare,
    padded,
    pads,
    shown,
    trimmed,
)
from etl.messages import Text, text
from etl.model import Cell, CellNote, Severity
from etl.vendors.base import Column

_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}|[0-9][.,][0-9]+E[0-9]{2,3}", re.IGNORECASE)
"""How Excel writes a long number in a narrow cell. A plus sign or decimals: ``877562E000`` and ``12E4`` are codes."""
_PLAIN_STARTS = frozenset("123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_TAKEN_AWAY = " ='"
"""First signs that `trimmed` may take away: the only space that can be printed, and what marks a text in Excel."""
_ZERO_FIRST = re.compile(r"0[0-9]+")


def padded_digits(cells: Different, noted: Mapping[Cell, str]) -> str:
    """Return the longest run of digits that begins a code with a zero, as text or by its cell's number format."""
    suspicious = () if cells.are_alphanumeric and not cells.may_begin_with("0") else cells.texts
    written = [bare(cell) for cell in suspicious if cell[:1] not in _PLAIN_STARTS]
    found = (_ZERO_FIRST.match(code) for code in [*written, *noted.values()])
    return max((match.group() for match in found if match), key=lambda digits: (len(digits), digits), default="")


def code_reader(column: Column, evidence: Evidence, *, is_key: bool) -> CellReader:
    """Return the reader of a column of codes: text as it is, 123.0 as ``123``, zeros of the number format kept."""

    def read(cell: Cell, note: CellNote | None) -> CellReading:
        if isinstance(cell, str):
            return _code_of_text(cell, is_key=is_key)
        if isinstance(cell, bool):
            return _boolean(cell)
        if isinstance(cell, float):
            return _code_of_number(cell, note, column, evidence)
        return _spoilt_date(cell)

    return read


def codes_at_a_glance(
    cells: Sequence[Cell], different: Different, known: Mapping[Cell, CellReading]
) -> Sequence[CellReading]:
    """Return the readings of cells; codes of plain letters and digits are themselves, `known` reads the others."""
    if different.are_texts and different.are_alphanumeric:
        return cast("Sequence[CellReading]", cells)
    return [cell if type(cell) is str and cell.isalnum() and cell.isascii() else known[cell] for cell in cells]


def texts_at_a_glance(
    cells: Sequence[Cell], different: Different, known: Mapping[Cell, CellReading]
) -> Sequence[CellReading]:
    """Return the readings of cells; texts that `trimmed` would leave as they are are themselves."""
    trims = different.may_begin_with(f"\0{_TAKEN_AWAY}") or different.may_end_with(" ")
    if different.are_texts and different.are_printable and different.are_composed and not trims:
        return cast("Sequence[CellReading]", cells)
    return [
        cell
        if type(cell) is str
        and cell.isprintable()
        and cell[:1] not in _TAKEN_AWAY
        and cell[-1:] != " "
        and (cell.isascii() or is_normalized("NFC", cell))
        else known[cell]
        for cell in cells
    ]


def text_reader() -> CellReader:
    """Return the reader of a column of free text; a number becomes the text that the person sees."""

    def read(cell: Cell, note: CellNote | None) -> CellReading:
        if isinstance(cell, str):
            return trimmed(cell)
        if isinstance(cell, bool):
            return _boolean(cell)
        if isinstance(cell, float):
            return _text_of_number(cell, note)
        return _spoilt_date(cell)

    return read


def _code_of_text(raw: str, *, is_key: bool) -> CellReading:
    if raw.isalnum() and raw.isascii():
        return raw
    code = bare(raw)
    if _SHORTENED.fullmatch(code):
        return Problem(
            "precision_lost",
            text("“{value}” is what Excel made of a long number: the last digits are gone", value=code),
            text("Type the whole code again in a cell of the format Text"),
        )
    if not code.isprintable():
        code = " ".join(code.split())
    if not code or code == raw or (not is_key and code == raw.strip(" ")):
        return code
    return Remarked(
        code,
        Problem(
            "trimmed",
            _taken_away(raw, code),
            text("Nothing to do, unless they belong to the code"),
            Severity.WARNING,
        ),
    )


def _taken_away(raw: str, code: str) -> Text:
    if raw.strip(" ")[:1] in ("=", "'"):
        return text("The signs that mark it as a text were taken away: it is sent as “{code}”", code=code)
    return text("Spaces or invisible characters were taken away: it is sent as “{code}”", code=code)


def _code_of_number(cell: float, note: CellNote | None, column: Column, evidence: Evidence) -> CellReading:
    if not cell.is_integer() or abs(cell) >= EXACT:
        return _inexact(cell)
    code = str(int(cell))
    if note is not None and note.number_format is not None and pads(note):
        return padded(int(cell), note.number_format) or _unclear_format(code, note.number_format)
    if len(evidence.padded) > len(code) and not _is_whole_barcode(code, column):
        return Problem(
            "ambiguous_code",
            text(
                "The number {code} stands among codes that begin with zeros (such as {padded}…): its own may be gone",
                code=code,
                padded=evidence.padded,
            ),
            text(
                "Type the code as text, with its zeros if it has any: {code} or {longer} …",
                code=code,
                longer=f"0{code}",
            ),
        )
    return code


def _is_whole_barcode(code: str, column: Column) -> bool:
    return column.barcode and is_barcode_number(code) and has_valid_check_digit(code)


def _inexact(cell: float) -> Problem:
    return Problem(
        "precision_lost",
        text(
            "The cell holds the number {value}: Excel keeps 15 digits of a number and no zeros at its ends, "
            "so the code cannot be told",
            value=shown(cell),
        ),
        text("Type the whole code again in a cell of the format Text"),
    )


def _unclear_format(code: str, number_format: str) -> Problem:
    return Problem(
        "ambiguous_code",
        text(
            "The cell holds the number {code} and shows it in the format {format}: which of them is the code?",
            code=code,
            format=number_format,
        ),
        text("Type the code as text"),
    )


def _text_of_number(cell: float, note: CellNote | None) -> CellReading:
    if number_of_float(cell) is None or abs(cell) >= EXACT:
        return _inexact(cell)
    written = shown(cell, note)
    if cell.is_integer():
        return written
    return Remarked(
        written,
        Problem(
            "number_as_text",
            text("A number stands where a text is expected: it is sent as “{written}”", written=written),
            text("Type it as text if it should read otherwise"),
            Severity.WARNING,
        ),
    )


def _boolean(cell: bool) -> Problem:
    return Problem(
        "not_text",
        text("A logical value ({value}) stands where a text is expected", value=shown(cell)),
        text("Type it as text"),
    )


def _spoilt_date(cell: Cell) -> Problem:
    return Problem(
        "precision_lost",
        text("Excel has made the date {value} of what was typed: the text is gone", value=shown(cell)),
        text("Type it again in a cell of the format Text"),
    )
