"""Understands a cell of numbers: Excel's own ones as they are, texts by what their column says of the decimal mark."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from decimal import Decimal

from etl.core.numbers import (
    EXACT,
    WrittenNumber,
    number_of_float,
    numbers_of_floats,
    plain_decimal,
    plain_digits,
    written_number,
)
from etl.core.reading import CellReader, CellReading, Evidence, Problem, bare, is_percent, shown
from etl.messages import Text, text
from etl.model import Cell, CellNote
from etl.vendors.base import Column, Kind


def decimal_reader(column: Column, evidence: Evidence) -> CellReader:
    """Return the reader of a column of exact numbers (`Decimal`)."""

    def read(cell: Cell, note: CellNote | None) -> CellReading:
        if note is None and isinstance(cell, float) and abs(cell) < EXACT:
            return number_of_float(cell)
        number = _number(cell, note, column, evidence)
        if isinstance(number, Decimal) and abs(number) >= EXACT:
            return _too_large(shown(cell, note))
        return number

    return read


def take_floats(cells: Iterable[Cell], known: MutableMapping[Cell, CellReading]) -> None:
    """Put the readings of Excel's own numbers among some cells into `known`, all at once."""
    floats = [cell for cell in cells if type(cell) is float and -EXACT < cell < EXACT]
    known.update(zip(floats, numbers_of_floats(floats), strict=True))


def integer_reader(column: Column, evidence: Evidence) -> CellReader:
    """Return the reader of a column of whole numbers (`int`); 12.0 and ``12,00`` are whole."""
    read_decimal = decimal_reader(column, evidence)

    def read(cell: Cell, note: CellNote | None) -> CellReading:
        number = read_decimal(cell, note)
        if not isinstance(number, Decimal):
            return number
        if number != int(number):
            return Problem(
                "not_an_integer",
                text("{value} is not a whole number", value=shown(cell, note)),
                text("Write a number without decimals"),
            )
        return int(number)

    return read


def hundredfold(number: Decimal) -> Decimal:
    """Return what a percent cell shows: Excel keeps 21% as 0.21."""
    return plain_decimal(f"{number * 100:f}")


def _number(cell: Cell, note: CellNote | None, column: Column, evidence: Evidence) -> Decimal | Problem | None:
    if isinstance(cell, str):
        return _number_of_text(bare(cell), column, evidence)
    if isinstance(cell, bool):
        return _no_number(text("A logical value ({value}) stands where a number is expected", value=shown(cell)))
    if not isinstance(cell, float):
        return _no_number(
            text(
                "A date or time ({value}) stands where a number is expected: Excel may have changed it",
                value=shown(cell),
            )
        )
    number = number_of_float(cell)
    if number is None:
        return _no_number(text("“{value}” is not a number", value=shown(cell)))
    if not is_percent(note):
        return number
    return hundredfold(number) if column.percent else _unexpected_percent(number, shown(cell, note))


def _number_of_text(raw: str, column: Column, evidence: Evidence) -> Decimal | Problem | None:
    if not raw:
        return None
    written = written_number(raw)
    if written is None:
        return _no_number(text("“{value}” is not a number", value=shown(raw)))
    if written.percent and not column.percent:
        return _no_number(text("“{value}” is a percentage, and this column holds none", value=raw))
    if written.money and (column.percent or column.kind is Kind.INTEGER):
        return _no_number(text("“{value}” is an amount of money, and this column holds none", value=raw))
    return _settled(raw, written, evidence)


def _settled(raw: str, written: WrittenNumber, evidence: Evidence) -> Decimal | Problem:
    if evidence.stated and evidence.mark is not None:
        number = written.as_written_with(evidence.mark)
        if number is not None:
            return number
        return Problem(
            "not_a_number",
            text("“{value}” is not written with the decimal mark that was given (--decimal)", value=raw),
            text("Write it like the rest of the column, or leave out --decimal"),
        )
    readings = written.readings
    if len(readings) == 1:
        return readings[0]
    known = written.as_written_with(evidence.mark) if evidence.mark is not None else None
    return known if known is not None else _ambiguous(raw, written, evidence.told_by)


def _ambiguous(raw: str, written: WrittenNumber, told_by: Sequence[str]) -> Problem:
    meant = {"value": raw, "comma": f"{written.with_comma:f}", "point": f"{written.with_point:f}"}
    if len(told_by) > 1:
        one, other = told_by[:2]
        message = text(
            "“{value}” can be {comma} or {point}: the column is written in both ways (“{one}”, “{other}”)",
            one=one, other=other, **meant,
        )  # fmt: skip
    elif told_by:
        message = text(
            "“{value}” can be {comma} or {point}: the column is full of the like, and “{one}” alone does not tell",
            one=told_by[0], **meant,
        )  # fmt: skip
    else:
        message = text("“{value}” can be {comma} or {point}, and nothing else in this column tells which", **meant)
    return Problem(
        "ambiguous_number",
        message,
        text(
            "Give --decimal comma (it is then {comma}) or --decimal point (it is then {point}), or type it as a number",
            comma=f"{written.with_comma:f}",
            point=f"{written.with_point:f}",
        ),
    )


def _unexpected_percent(number: Decimal, seen: str) -> Problem:
    return Problem(
        "ambiguous_number",
        text(
            "The cell shows {seen} and holds {number}, and this column holds no percentages",
            seen=seen,
            number=plain_digits(number),
        ),
        text("Give the cell a number format without %, so that it shows what is meant"),
    )


def _no_number(message: Text) -> Problem:
    return Problem("not_a_number", message, text("Write only the number, without units, currency or notes"))


def _too_large(seen: str) -> Problem:
    return Problem(
        "out_of_range",
        text("{value} is too large: more than 15 digits are not exact", value=seen),
        text("Compare it with what was meant"),
    )
