"""Turns cells into the XML of a sheet: types kept, no text ever a formula or a link, nothing that XML cannot hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

LONGEST = 32_767
"""UTF-16 units that a cell of Excel holds."""

_CUT_MARK = " […]"
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (Excel's days have no zone)
_FIRST_SAFE_DAY = date(1900, 3, 1)
"""Before it Excel counts a day that never was."""
_DAY = timedelta(days=1)
_TEXT_BEGINS, _TEXT_ENDS = ' t="inlineStr"><is><t>', "</t></is></c>"
_TEXTS, _INTEGERS, _NUMBERS = {str}, {int}, ({float}, {float, str})
_BETWEEN = "\N{BROKEN BAR}"
"""Stands between the texts of a column that are looked at as one; seldom in any of them."""


def cell_text(words: str) -> str:
    """Return `words` as a cell can hold them: what XML forbids replaced by U+FFFD, the rest cut with a mark."""
    if not words.isascii() or not words.isprintable():
        words = _ILLEGAL.sub("\ufffd", words)
    if len(words) * 2 > LONGEST and _units(words) > LONGEST:
        kept = words.encode("utf-16-le")[: 2 * (LONGEST - len(_CUT_MARK))].decode("utf-16-le", "ignore")
        words = kept + _CUT_MARK
    return words


def _units(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2


def serial(value: datetime | date | time | timedelta) -> float | None:
    """Return Excel's number of a date (zone left out) or a time span; None for one that Excel cannot show."""
    if isinstance(value, timedelta):
        return value / _DAY if value >= timedelta() else None
    if isinstance(value, time):
        since_midnight = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
        return (since_midnight + timedelta(microseconds=value.microsecond)) / _DAY
    moment = value.replace(tzinfo=None) if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return (moment - _EPOCH) / _DAY if moment.date() >= _FIRST_SAFE_DAY else None


def cell_xml(reference: str, value: Any, style: str) -> str:
    """Return the ``<c>`` of a value at a reference (``C7``) with a style attribute (`` s="3"`` or nothing).

    None gives an empty cell, which is worth writing only for its style.
    """
    writer = _WRITERS.get(type(value)) or next(
        (known for kind, known in _WRITERS.items() if isinstance(value, kind)), None
    )
    return text_xml(reference, str(value), style) if writer is None else writer(reference, value, style)


def column_xml(
    letter: str, numbers: Sequence[str], values: Sequence[Any], style_of: Callable[[Any], str]
) -> Sequence[str]:
    """Return the cells of a stretch of the column `letter`, at rows with these `numbers`; nothing for blank ones.

    They are those of `cell_xml`, each with the attribute that `style_of` gives for a value of its kind and worth; one
    of a text, and of a number, does for all texts and numbers.
    """
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return [""] * len(values)
    begin = f'<c r="{letter}'
    if kinds == _TEXTS and _are_plain(values):
        middle = f'"{style_of("")}{_TEXT_BEGINS}'
        return [
            f"{begin}{number}{middle}{value}{_TEXT_ENDS}" if value else ""
            for number, value in zip(numbers, values, strict=True)
        ]
    if kinds == _INTEGERS:
        middle = f'"{style_of(0)}><v>'
        return [
            "" if value is None else f"{begin}{number}{middle}{value}</v></c>"
            for number, value in zip(numbers, values, strict=True)
        ]
    if kinds in _NUMBERS and (digits := _digits(value for value in values if type(value) is float)) is not None:
        middle = f'"{style_of(0.0)}><v>'
        return [
            f"{begin}{number}{middle}{digits[value] if value else repr(value)}</v></c>"
            if type(value) is float
            else cell_xml(letter + number, value, style_of(value))
            if value
            else ""
            for number, value in zip(numbers, values, strict=True)
        ]
    return [
        "" if value is None or value == "" else cell_xml(letter + number, value, style_of(value))
        for number, value in zip(numbers, values, strict=True)
    ]


def _digits(values: Iterable[float]) -> dict[float, str] | None:
    """Return the shortest digits of each number but zero, whose sign they tell; None when one is infinite or none.

    Most columns have few different numbers, and telling a number's shortest digits is dear.
    """
    numbers = set(values)
    return dict(zip(numbers, map(repr, numbers), strict=True)) if all(map(isfinite, numbers)) else None


def error_xml(reference: str, error: str, style: str) -> str:
    """Return a cell with one of Excel's error values, so that it stays the error that it was."""
    return f'<c r="{reference}"{style} t="e"><v>{error if error in _ERRORS else "#N/A"}</v></c>'


def text_xml(reference: str, value: str, style: str) -> str:
    """Return a cell of text; whatever it begins with, it is never a formula."""
    return f'<c r="{reference}"{text_end(value, style)}'


def text_end(value: str, style: str) -> str:
    """Return what follows the reference in a cell of text."""
    if len(value) * 2 <= LONGEST and _is_plain(value):
        return f"{style}{_TEXT_BEGINS}{value}{_TEXT_ENDS}"
    words = _ESCAPED.sub("_x005F_", cell_text(value))
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return f'{style}{_TEXT_BEGINS.removesuffix(">")} xml:space="preserve">{words}{_TEXT_ENDS}'


def _is_plain(value: str) -> bool:
    """Say whether a text stands in XML as it is: quicker than a regular expression, and seldom wrong about it."""
    return (
        value.isprintable()
        and not ("&" in value or "<" in value or ">" in value or "_x" in value)
        and value[:1] != " "
        and value[-1:] != " "
    )


def _are_plain(values: Iterable[str | None]) -> bool:
    """Say whether all texts of a column stand in XML as they are: they are looked at as one."""
    texts = list(filter(None, values))
    joined = _BETWEEN.join(texts)
    return (
        _is_plain(joined)
        and f" {_BETWEEN}" not in joined
        and f"{_BETWEEN} " not in joined
        and max(map(len, texts), default=0) * 2 <= LONGEST
    )


def number_xml(reference: str, value: float, style: str) -> str:
    """Return a cell with a number, exact to its last digit."""
    if value - value != 0:  # infinite or not a number
        return text_xml(reference, str(value), style)
    return f'<c r="{reference}"{style}><v>{float.__repr__(value)}</v></c>'


def _decimal(reference: str, value: Decimal, style: str) -> str:
    return (
        f'<c r="{reference}"{style}><v>{value:f}</v></c>'
        if value.is_finite()
        else text_xml(reference, str(value), style)
    )


def _moment(reference: str, value: datetime | date | time | timedelta, style: str) -> str:
    number = serial(value)
    return (
        text_xml(reference, str(value), style) if number is None else f'<c r="{reference}"{style}><v>{number!r}</v></c>'
    )


_WRITERS: Mapping[type, Callable[[str, Any, str], str]] = {
    str: text_xml,
    float: number_xml,
    int: lambda reference, value, style: f'<c r="{reference}"{style}><v>{value}</v></c>',
    bool: lambda reference, value, style: f'<c r="{reference}"{style} t="b"><v>{value:d}</v></c>',
    type(None): lambda reference, _, style: f'<c r="{reference}"{style}/>',
    Decimal: _decimal,
    datetime: _moment,
    date: _moment,
    time: _moment,
    timedelta: _moment,
}
