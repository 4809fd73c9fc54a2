"""The values that reading a cell ends in, and how a cell looks to the person: shown, blank, trimmed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeAlias

from etl.core.numbers import Mark, number_of_float, plain_digits
from etl.messages import Text
from etl.model import Cell, CellNote, Severity, Value

_SHOWN_LENGTH = 300
_SPACES = {ord(space): " " for space in "\t\r\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"}
_SPACES |= {ord(space): " " for space in "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"}
_SPACES |= {ord(invisible): "" for invisible in "\ufeff\u200b\u200e\u200f\u2060"}
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_WRAPPED = re.compile(r'=("+)(.*)\1', re.DOTALL)
_FORMAT_PIECE = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[[^\]]*\]|([0#?])|([- ()+])|(.)')


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cell is not understood, or what is remarkable about it."""

    code: str
    message: Text
    hint: Text | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Remarked:
    """A value that was understood, with a warning."""

    value: Value
    remark: Problem


CellReading: TypeAlias = Value | Remarked | Problem | None
"""What a cell says: a value, a value with a warning, why there is none, or None for a blank cell."""

CellReader: TypeAlias = Callable[[Cell, CellNote | None], CellReading]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rest of its column says about how a cell is meant."""

    mark: Mark | None = None
    """The decimal mark of numbers written as text."""
    stated: bool = False
    """The person said the mark: a text that cannot be read with it is refused."""
    told_by: tuple[str, ...] = ()
    """Texts that give a mark away (`etl.core.numbers.MarkEvidence`), to say why there is none."""
    padded: str = ""
    """The longest code that begins with a zero, up to where its digits end; "" when none does."""
    zone: str | None = None
    """Time zone (IANA) of moments that are written without one."""


NO_EVIDENCE = Evidence()


def is_blank(cell: Cell) -> bool:
    """Say whether a cell holds nothing that one can see."""
    if not isinstance(cell, str):
        return cell is None
    return not cell or cell.isspace() or not (cell.isprintable() or trimmed(cell))


def trimmed(raw: str) -> str:
    """Return a text in composed form (NFC), without white space at its ends and with plain spaces only inside.

    Line breaks inside stay; no-break and thin spaces and tabs become spaces; invisible marks (BOM …) go. So does what
    programs put around a text to keep Excel from changing it: ``="00123"``, or ``'`` before a formula's first sign.
    """
    if raw.isprintable():
        plain = raw.strip() if raw.isascii() else unicodedata.normalize("NFC", raw.strip())
    else:
        plain = unicodedata.normalize("NFC", raw.translate(_SPACES).strip())
    return _unwrapped(plain) if plain[:1] in ("=", "'") else plain


def bare(raw: str) -> str:
    """Return what `trimmed` does, without the apostrophe by which Excel is told that a code or a number is a text."""
    return trimmed(raw).removeprefix("'")


def _unwrapped(plain: str) -> str:
    wrapped = _WRAPPED.fullmatch(plain)
    if wrapped is not None:
        return wrapped[2].replace('""', '"').strip()
    return plain[1:] if plain[1:2] in ("=", "+", "-", "@") else plain


def shown(cell: Cell, note: CellNote | None = None) -> str:
    """Return what the person sees in a cell, at most 300 characters of it."""
    if note is not None and note.error is not None:
        return note.error
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell if len(cell) <= _SHOWN_LENGTH else cell[:_SHOWN_LENGTH] + "…"
    if isinstance(cell, bool):
        return "VERDADERO" if cell else "FALSO"
    if isinstance(cell, float):
        return _shown_number(cell, note)
    return _shown_moment(cell) if isinstance(cell, date | time) else str(cell)


def is_percent(note: CellNote | None) -> bool:
    """Say whether the cell's number format shows it times a hundred."""
    return note is not None and note.number_format is not None and "%" in _NOT_SHOWN.sub("", note.number_format)


def pads(note: CellNote | None) -> bool:
    """Say whether the cell's number format shows leading zeros or other fixed signs before the decimals."""
    if note is None or note.number_format is None:
        return False
    whole = re.split(r"[.Ee]", _NOT_SHOWN.sub("", note.number_format.partition(";")[0]))[0]
    return whole.count("0") > 1


def padded(number: int, number_format: str) -> str | None:
    """Return a whole number as a zero-padding format (``00000``, ``"A"-000``) shows it; None for other formats."""
    places: list[tuple[bool, str]] = []
    for piece in _FORMAT_PIECE.finditer(number_format.partition(";")[0]):
        quoted, escaped, digit, sign, other = piece.groups()
        if other is not None:
            return None
        literal = next((found for found in (quoted, escaped, sign) if found is not None), "")
        places.append((True, digit) if digit is not None else (False, literal))
    if number < 0 or not any(is_digit for is_digit, _ in places):
        return None
    return _filled(str(number), places)


def _filled(digits: str, places: list[tuple[bool, str]]) -> str:
    first = next(index for index, (is_digit, _) in enumerate(places) if is_digit)
    written: list[str] = []
    for index in range(len(places) - 1, -1, -1):
        is_digit, sign = places[index]
        if not is_digit:
            written.append(sign)
            continue
        taken = digits if index == first else digits[-1:]
        digits = "" if index == first else digits[:-1]
        written.append(taken or ("0" if sign == "0" else ""))
    return "".join(reversed(written))


def _shown_number(cell: float, note: CellNote | None) -> str:
    number = number_of_float(cell)
    if number is None:
        return str(cell)
    if is_percent(note):
        return f"{plain_digits((number * 100).normalize())}%"
    if note is not None and note.number_format is not None and pads(note) and cell.is_integer():
        return padded(int(cell), note.number_format) or plain_digits(number)
    return plain_digits(number)


def _shown_moment(cell: date | time) -> str:
    if isinstance(cell, datetime):
        return cell.strftime("%d/%m/%Y %H:%M") if (cell.hour or cell.minute) else cell.strftime("%d/%m/%Y")
    return cell.strftime("%d/%m/%Y") if isinstance(cell, date) else cell.strftime("%H:%M:%S")
