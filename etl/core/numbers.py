"""Decides which number a text says: with a decimal comma, with a decimal point, either, or none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum

MAX_LENGTH = 64
"""A longer text is no number; it also bounds the work of the patterns below."""

EXACT = 10**15
"""Excel keeps 15 digits of a number: beyond this no whole one is sure."""

_SPACES = {ord(space): " " for space in "\t\n\r\v\f\u0085\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"}
_SPACES |= {ord(space): " " for space in "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"}
_SPACES |= {ord(invisible): "" for invisible in "\ufeff\u200b\u200e\u200f\u2060"}
_SPACES[0x2212] = "-"

_WRITTEN = re.compile(
    r"(?P<open>\()? *(?P<before>[-+])? *(?P<money>\$)? *(?P<inside>[-+])? *"
    r"(?P<digits>[0-9.,](?:[0-9., ]*[0-9])?) *"
    r"(?P<money_after>\$)? *(?P<percent>%)? *(?P<after>-)? *(?P<close>\))?"
)


_DECISIVE = re.compile(r"-?[0-9]+(?:([.,])(?:[0-9]{1,2}|[0-9]{4,}))?")
"""Most numbers: whole ones, and those with one mark that no group of three follows: it can only be the decimal one."""

_NO_CENTS = re.compile(r"(?<=[0-9])[.,] ?[-\u2013\u2014]+(?=$| *\$)")
"""``$ 1.500.-``: a price that ends here."""
_MANY_ZEROS = 20
_SURELY_EXACT = 16
"""Signs of a number with a point and up to 15 digits."""
_NOT_PLAIN = ("e", "n", "-0.0")
"""What shows that the shortest form of a float has an exponent, is no number, or may be a zero with a sign."""
_OUTNUMBERED = 20
"""One text tells how at most so many unclear ones are meant that bear the same sign: it may be the slip itself."""
_WIDE = Context(prec=4 * MAX_LENGTH)


class Mark(StrEnum):
    """The sign between a number's whole part and its decimals."""

    COMMA = ","
    POINT = "."


def _grammar(mark: Mark) -> re.Pattern[str]:
    """Return the numbers one can write with this decimal mark: whole groups of three or none, [0-9] only."""
    group = re.escape("." if mark is Mark.COMMA else ",")
    whole = rf"[0-9]+|[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+|[1-9][0-9]{{0,2}}(?: [0-9]{{3}})+"
    decimals = rf"{re.escape(mark.value)}[0-9]+"
    return re.compile(rf"(?:{whole})(?:{decimals})?|{decimals}")


_GRAMMARS = {mark: _grammar(mark) for mark in Mark}


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A text that has the shape of a number, read both ways; a reading that cannot be is None (never both)."""

    with_comma: Decimal | None
    """What it says when decimals follow a comma."""
    with_point: Decimal | None
    money: bool = False
    """It bears a ``$``."""
    percent: bool = False
    """It bears a ``%``; the numbers are as written (``21%`` is 21)."""

    @property
    def readings(self) -> tuple[Decimal, ...]:
        """The different numbers that it can be: one, or two when it is ambiguous."""
        found = [number for number in (self.with_comma, self.with_point) if number is not None]
        return tuple(dict.fromkeys(found))

    @property
    def mark(self) -> Mark | None:
        """The decimal mark that it gives away; None when it fits both."""
        if self.with_point is None:
            return Mark.COMMA
        return Mark.POINT if self.with_comma is None else None

    def as_written_with(self, mark: Mark) -> Decimal | None:
        """Return what it says with this decimal mark; None when it cannot be."""
        return self.with_comma if mark is Mark.COMMA else self.with_point


def plain_decimal(digits: str) -> Decimal:
    """Return the number of a text such as ``-12.50`` without an exponent and without needless zeros."""
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".").rstrip("-") or "0"
    number = Decimal(digits)
    return number or Decimal(0)


def plain_digits(number: Decimal) -> str:
    """Return a number as people write it: no exponent, unless it would take a line of zeros."""
    return f"{number:f}" if -_MANY_ZEROS < number.adjusted() < _MANY_ZEROS else str(number)


def decimals_of(number: Decimal) -> int:
    """Return how many decimals a finite number has."""
    digits = str(number)
    if "E" in digits:
        digits = format(number, "f")
    return len(digits.partition(".")[2])


def rounded(number: Decimal, decimals: int) -> Decimal:
    """Return a finite number with at most so many decimals, half to even, without needless zeros."""
    if decimals_of(number) <= decimals:
        return number
    return plain_decimal(format(number.quantize(Decimal((0, (1,), -decimals)), ROUND_HALF_EVEN, _WIDE), "f"))


def number_of_float(number: float) -> Decimal | None:
    """Return Excel's number with its own 15 significant digits (1707.1768000000002 is 1707.1768); None for NaN, inf."""
    if number.is_integer() and abs(number) < EXACT:
        return Decimal(int(number))
    shortest = f"{number:.15g}"
    if "n" in shortest:
        return None
    return plain_decimal(format(Decimal(shortest), "f")) if "e" in shortest else Decimal(shortest)


def numbers_of_floats(numbers: Sequence[float]) -> list[Decimal | None]:
    """Return what `number_of_float` does of each: most need no more than their shortest form, all at once."""
    if not numbers:
        return []
    shortest = list(map(float.__repr__, numbers))
    joined = "\0".join(shortest)
    if max(map(len, shortest)) <= _SURELY_EXACT and not any(sign in joined for sign in _NOT_PLAIN):
        return list(map(Decimal, f"{joined}\0".replace(".0\0", "\0").split("\0")[:-1]))
    return [
        Decimal(text.removesuffix(".0"))
        if len(text) <= _SURELY_EXACT and not any(sign in text for sign in _NOT_PLAIN)
        else number_of_float(number)
        for number, text in zip(numbers, shortest, strict=True)
    ]


def written_number(text: str) -> WrittenNumber | None:
    """Return the number that a text says, read both ways; None when it is none either way.

    Understood are signs before, inside or after (``$ -12``, ``12-``), accounting parentheses, ``$``, ``%``, prices
    that end in ``.-``, groups of three divided by the other mark or by spaces of any width. A first group never starts
    with 0, so that ``0.234`` can only be a decimal.
    """
    if len(text) > MAX_LENGTH:
        return None
    decisive = _DECISIVE.fullmatch(text)
    if decisive is not None:
        return _read_decisively(text, decisive[1])
    found = _WRITTEN.fullmatch(_NO_CENTS.sub("", text.translate(_SPACES).strip()))
    if found is None:
        return None
    signs = [sign for sign in found.group("before", "inside", "after") if sign]
    parentheses = [sign for sign in found.group("open", "close") if sign]
    money = [sign for sign in found.group("money", "money_after") if sign]
    if len(signs) + len(parentheses) / 2 > 1 or len(parentheses) == 1 or len(money) > 1:
        return None
    negative = bool(parentheses) or "-" in signs
    with_comma, with_point = (_read(found["digits"], mark, negative=negative) for mark in Mark)
    if with_comma is None and with_point is None:
        return None
    return WrittenNumber(with_comma, with_point, money=bool(money), percent=found["percent"] is not None)


def _read_decisively(text: str, mark: str | None) -> WrittenNumber:
    number = plain_decimal(text.replace(",", "."))
    if mark is None:
        return WrittenNumber(number, number)
    return WrittenNumber(number, None) if mark == "," else WrittenNumber(None, number)


def _read(digits: str, mark: Mark, *, negative: bool) -> Decimal | None:
    if _GRAMMARS[mark].fullmatch(digits) is None:
        return None
    group = "." if mark is Mark.COMMA else ","
    bare = digits.replace(group, "").replace(" ", "").replace(mark.value, ".")
    return plain_decimal(f"-{bare}" if negative else bare)


@dataclass(frozen=True, slots=True)
class MarkEvidence:
    """What the texts of a column say of the decimal mark."""

    mark: Mark | None
    told_by: tuple[str, ...] = ()
    """A text for each mark that was found: two when they disagree; one without a `mark` is too little evidence."""


class MarkTally:
    """Finds the decimal mark that the texts of a column give away, however many are added at a time.

    None when they disagree or tell too little: one text like ``12.50`` among hundreds like ``1.234`` may be the slip
    itself, and each of those would be a thousandth by it. Texts are counted once each.
    """

    def __init__(self, most: int) -> None:
        """`most`: how many texts there may be; so many that tell one mark outweigh them all, and no more are kept."""
        self._enough = most // _OUTNUMBERED + 1
        self._told: dict[Mark, set[str]] = {}
        self._first: dict[Mark, str] = {}
        self._unclear: dict[Mark, set[str]] = {mark: set() for mark in Mark}

    def add(self, cells: Iterable[tuple[str, str]]) -> None:
        """Count some texts: as they stand in their cells, and without what surrounds them there."""
        for cell, text in cells:
            written = written_number(text)
            if written is None:
                continue
            mark = written.mark
            if mark is not None:
                self._first[mark] = min(text, self._first.get(mark, text))
                self._keep(self._told.setdefault(mark, set()), cell)
            elif written.with_comma != written.with_point:
                self._keep(self._unclear[Mark.POINT if "." in text else Mark.COMMA], cell)

    def _keep(self, texts: set[str], cell: str) -> None:
        if all(len(told) < self._enough for told in self._told.values()):
            texts.add(cell)

    def evidence(self) -> MarkEvidence:
        """Return what all of them say."""
        examples = tuple(text for _, text in sorted(self._first.items()))
        if len(self._told) != 1:
            return MarkEvidence(None, examples)
        ((mark, told),) = self._told.items()
        outnumbered = len(self._unclear[mark]) > _OUTNUMBERED * len(told)
        return MarkEvidence(None if outnumbered else mark, examples)
