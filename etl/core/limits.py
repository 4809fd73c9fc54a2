"""What a value of a column may be, derived from its declaration: the schema, `--set` and the messages read it here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from etl.core.numbers import decimals_of, plain_digits, rounded
from etl.core.rounding import TOO_MANY_DECIMALS
from etl.messages import Text, ntext, text
from etl.model import Severity, Value
from etl.vendors.base import Choice, Column

_LISTED = 8
"""A message names at most so many values of a code list."""
_BARCODE_LENGTHS = frozenset({8, 12, 13, 14})
_NUMBERS = frozenset({Decimal, int})


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that must hold for every value of a column."""

    code: str
    """The finding's code when it does not hold."""
    broken_among: Callable[[Collection[Value]], Collection[Value]]
    """Those of some values for which it does not hold: the very objects, so that they need not be compared again."""
    message: Callable[[Value], Text]
    hint: Callable[[Value], Text | None]
    severity: Severity = Severity.ERROR

    def holds(self, value: Value) -> bool:
        """Say whether it holds for one value."""
        return not self.broken_among((value,))


def limits_of(column: Column) -> tuple[Limit, ...]:
    """Return what the declaration of `column` demands of its values; whether it may be blank is `Column.required`."""
    limits: list[Limit] = []
    if column.max_length is not None:
        limits.append(_length_limit(column.max_length))
    if column.max_decimals is not None:
        limits.append(_decimals_limit(column.max_decimals))
    if column.minimum is not None:
        limits.append(_minimum_limit(column.minimum, above=column.above_minimum))
    if column.choices:
        limits.append(_choice_limit(column.choices))
    if column.barcode:
        limits.append(_barcode_limit())
    return tuple(limits)


def broken_limit(value: Value, column: Column) -> Limit | None:
    """Return the first limit that keeps `value` from being sent; warnings do not."""
    limits = (limit for limit in limits_of(column) if limit.severity is Severity.ERROR)
    return next((limit for limit in limits if not limit.holds(value)), None)


def listed(choices: Sequence[Choice]) -> str:
    """Return the values of a code list with their meanings, the first few of a long one."""
    shown = [f"{choice.value} ({choice.meaning})" for choice in choices[:_LISTED]]
    return ", ".join([*shown, "…"] if len(choices) > _LISTED else shown)


def has_valid_check_digit(digits: str) -> bool:
    """Say whether the last digit of a bar code of 8, 12, 13 or 14 digits is right (GS1 General Specifications 7.9)."""
    signs = digits.encode("ascii")
    thrice, once = signs[-2::-2], signs[::-2]
    return (3 * sum(thrice) + sum(once) - (3 * len(thrice) + len(once)) * ord("0")) % 10 == 0


def _with_wrong_check_digit(codes: Sequence[str]) -> list[str]:
    """Return those of some bar codes of one length whose last digit is wrong."""
    import numpy as np  # noqa: PLC0415 - only a sheet needs it

    digits = np.frombuffer("".join(codes).encode("ascii"), np.uint8).reshape(len(codes), -1) - ord("0")
    sums = 3 * digits[:, -2::-2].sum(axis=1, dtype=np.int64) + digits[:, ::-2].sum(axis=1, dtype=np.int64)
    return [codes[at] for at in np.flatnonzero(sums % 10).tolist()]


def is_barcode_number(value: Value) -> bool:
    """Say whether a code has the length and the digits of a bar code; codes of one's own have others."""
    return isinstance(value, str) and len(value) in _BARCODE_LENGTHS and value.isascii() and value.isdigit()


def _of_digits(values: Collection[Value]) -> Sequence[str]:
    """Return those that are written with the digits 0 to 9 alone: mostly all are, which is seen of them together."""
    texts = [value for value in values if type(value) is str]
    joined = "".join(texts)
    if joined.isdigit() and joined.isascii():
        return texts
    return [value for value in texts if value.isdigit() and value.isascii()]


def _length_limit(most: int) -> Limit:
    def message(value: Value) -> Text:
        return ntext(
            "This text has {length} characters, and at most {count} fits",
            "This text has {length} characters, and at most {count} fit",
            most,
            length=len(str(value)),
        )

    def broken(values: Collection[Value]) -> list[Value]:
        texts = cast("Collection[str]", values if set(map(type, values)) == {str} else list(map(str, values)))
        if max(map(len, texts), default=0) <= most:
            return []
        return [value for value, text in zip(values, texts, strict=True) if len(text) > most]

    return Limit("too_long", broken, message, lambda _: text("Shorten the text"))


def _decimals_limit(most: int) -> Limit:
    def broken(values: Collection[Value]) -> list[Value]:
        texts = map(str, values)
        doubtful = [value for value, text in zip(values, texts, strict=True) if "." in text[: -most - 1] or "E" in text]
        return [value for value in doubtful if isinstance(value, Decimal) and decimals_of(value) > most]

    def message(value: Value) -> Text:
        return text(
            "{value} has {decimals} decimals, and at most {most} are taken",
            value=_digits(value),
            decimals=decimals_of(value) if isinstance(value, Decimal) else 0,
            most=most,
        )

    def hint(value: Value) -> Text:
        return text(
            "Round it in the sheet, or give --round: it is then sent as {rounded}",
            rounded=_digits(rounded(value, most) if isinstance(value, Decimal) else value),
        )

    return Limit(TOO_MANY_DECIMALS, broken, message, hint)


def _minimum_limit(minimum: Decimal, *, above: bool) -> Limit:
    def broken(values: Collection[Value]) -> list[Value]:
        plain = set(map(type, values)) <= _NUMBERS
        numbers = cast("Collection[Decimal | int]", values if plain else list(filter(_is_number, values)))
        if not numbers or min(numbers) > minimum:
            return []
        return [value for value in numbers if value < minimum or (above and value == minimum)]

    def message(value: Value) -> Text:
        if above:
            return text("{value} is not greater than {minimum}", value=_digits(value), minimum=_digits(minimum))
        return text("{value} is less than {minimum}", value=_digits(value), minimum=_digits(minimum))

    def hint(_: Value) -> Text:
        if above:
            return text("Write a number greater than {minimum}", minimum=_digits(minimum))
        return text("Write {minimum} or more", minimum=_digits(minimum))

    return Limit("out_of_range", broken, message, hint)


def _choice_limit(choices: Sequence[Choice]) -> Limit:
    allowed = frozenset(choice.value for choice in choices)

    def message(value: Value) -> Text:
        return text("“{value}” is not one of the values of this column", value=str(value))

    def hint(_: Value) -> Text:
        return text("Write one of these: {allowed}", allowed=listed(choices))

    return Limit("not_allowed", lambda values: [value for value in values if value not in allowed], message, hint)


def _barcode_limit() -> Limit:
    def broken(values: Collection[Value]) -> list[Value]:
        texts = _of_digits(values)
        lengths = set(map(len, texts))
        by_length = [
            texts if len(lengths) == 1 else [code for code in texts if len(code) == length]
            for length in lengths & _BARCODE_LENGTHS
        ]
        return [code for codes in by_length for code in _with_wrong_check_digit(codes)]

    def message(value: Value) -> Text:
        return text(
            "The check digit of the bar code {value} is wrong: a digit may be mistyped or missing", value=str(value)
        )

    def hint(_: Value) -> Text:
        return text("Compare it with the package; it is sent as it stands")

    return Limit("check_digit", broken, message, hint, Severity.WARNING)


def _is_number(value: Value) -> bool:
    return isinstance(value, Decimal | int)


def _digits(value: Value) -> str:
    return plain_digits(value) if isinstance(value, Decimal) else str(value)
