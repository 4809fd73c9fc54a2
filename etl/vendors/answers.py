"""Reads the JSON of vendors' answers without ever raising: exact numbers, texts that can be stored, nothing made up."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation

from etl.model import Json

FAR = 10**15
"""Beyond this a number is nonsense, and dear to compute with."""
LONGEST_TEXT = 500
_FINEST = 9
"""Decimals beyond these are noise of a binary fraction."""
_DIGITS = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")


def json_object(body: bytes) -> dict[str, Json]:
    """Return the JSON object of a body, numbers with decimals as Decimal; an empty one when it holds none."""
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_float=_decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_number(value: Json) -> bool:
    """Say whether a JSON value is a number."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def number_of(value: Json) -> int | Decimal | None:
    """Return a number that was told as a number or as text; None when it is none. Whole ones come as int."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = Decimal(value.strip())
    if not is_number(value) or not -FAR < value < FAR:
        return None
    number: int | Decimal = value
    if isinstance(number, Decimal) and (number.adjusted() < -_FINEST or number == number.to_integral_value()):
        return int(number)
    return number


def same_value(sent: Json, told: Json) -> bool:
    """Say whether a vendor tells what was sent: numbers by their worth, quoted or not, texts by their words.

    None and an empty text are sent to erase: the vendor then tells nothing, an empty text, or zero for None.
    """
    ours, theirs = number_of(sent), number_of(told)
    if sent is None or sent == "":
        return told is None or not str(told).strip() or (sent is None and theirs == 0)
    if ours is None or theirs is None or (isinstance(sent, str) and isinstance(told, str)):
        return told is not None and str(sent).split() == str(told).split()
    return ours == theirs


def shown(value: Json) -> Json:
    """Return what was told in a form that can be stored and shown: a number, a text of bearable length, or nothing."""
    if value is None or number_of(value) is not None:
        return value
    return clean(str(value))[:LONGEST_TEXT]


def clean(text: str) -> str:
    """Return a text without blanks at its ends and without halves of characters, which nothing could store."""
    return text.strip().encode("utf-8", "replace").decode("utf-8")


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation as error:
        raise ValueError(digits) from error


def _refuse(constant: str) -> Json:
    raise ValueError(constant)
