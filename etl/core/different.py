"""The cells of a column, each once, and what can be told of all of them at one look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from types import NoneType
from typing import cast
from unicodedata import is_normalized

from etl.model import Cell

_BETWEEN = "\0"
_TEXTS_AT_MOST = frozenset({str, NoneType})


class Different:
    """Each cell of a column once, in the column's order; of a logical value and a number that are equal, one.

    What lies side by side in memory is gone through many times faster than a set. Most questions need not even that:
    the texts are joined and looked at together. They are meant to spare a look at each cell, so they err on one side
    only: "may" is said too often, "are" too seldom (a text may have a NUL itself).
    """

    def __init__(self, cells: Iterable[Cell]) -> None:
        self.cells = list(dict.fromkeys(cells))
        self._kinds = frozenset(map(type, self.cells))

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def texts(self) -> list[str]:
        """Those that are texts."""
        if self._kinds == {str}:
            return cast("list[str]", self.cells)
        return [cell for cell in self.cells if type(cell) is str]

    @property
    def are_texts(self) -> bool:
        """Whether there are only texts and blanks."""
        return self._kinds <= _TEXTS_AT_MOST

    @cached_property
    def are_alphanumeric(self) -> bool:
        """Whether every text consists of letters and digits of ASCII, and has some."""
        words = self._words
        return words.isalnum() and words.isascii() and not self.may_begin_with("\0")

    @cached_property
    def are_printable(self) -> bool:
        """Whether every sign of all texts can be printed; the only white space of that kind is the plain space."""
        return self._words.isprintable()

    @property
    def are_composed(self) -> bool:
        """Whether all texts are in composed form (NFC); each part of such a text is."""
        return self.joined.isascii() or is_normalized("NFC", self.joined)

    @property
    def may_be_blank(self) -> bool:
        """Whether some cell may show nothing: its text would be empty, or begin with a space or what is not printed."""
        return NoneType in self._kinds or self.may_begin_with("\0 ") or not self.are_printable

    def may_begin_with(self, signs: str) -> bool:
        """Whether some text may begin with one of these signs; one that does with NUL is empty."""
        return any(f"{_BETWEEN}{sign}" in self.joined for sign in signs)

    def may_end_with(self, sign: str) -> bool:
        """Whether some text may end with a sign."""
        return f"{sign}{_BETWEEN}" in self.joined

    @cached_property
    def joined(self) -> str:
        """The texts, with a NUL before, between and after them."""
        return _BETWEEN.join(["", *self.texts, ""])

    @property
    def _words(self) -> str:
        """The texts without anything between them; a NUL, which is no letter and not printable, when one has a NUL."""
        clean = self.joined.count(_BETWEEN) == len(self.texts) + 1
        return self.joined.replace(_BETWEEN, "") if clean else _BETWEEN
