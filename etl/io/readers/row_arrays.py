"""Takes whole rows of a worksheet's XML apart into arrays with one element a row or a cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from html import unescape

import numpy as np

from etl.io.readers.sheet_facts import GRID_COLUMNS, GRID_ROWS, SheetTally, out_of_order
from etl.io.readers.tag_words import Numbers, Tagged, begins, octet, tag

_CELL, _ROW, _VALUE, _INLINE = tag(b'<c r="'), tag(b'<row r="'), tag(b"<v>"), tag(b"<is")
_TEXTS = (tag(b"<t>"), tag(b"<is>"))
_EMPTY_VALUES = (tag(b"<v/>"), tag(b"<v />"))
_FORMULAS = (tag(b"<f>"), tag(b"<f "), tag(b"<f/"))
_STYLE = tag(b' s="')
_BARE = tag(b">")
_NUMBER_ENDS = (_BARE, tag(b' t="n">'))
_OTHER_TYPES = tuple(map(tag, (b' t="s', b' t="i', b' t="b"', b' t="e"', b' t="d"')))
"""Of cells that are no numbers: ``s``, ``str``, ``inlineStr``, ``b``, ``e``, ``d``."""
_STYLES = 1000
"""Styles below are read many at a time: numbers of three digits."""
_LESS, _QUOTE, _HASH = ord("<"), ord('"'), ord("#")
_BEFORE_A, _LETTERS = ord("A") - 1, 26

_HARMLESS = re.compile(
    rb"<(?:t|r|rPr|rPh|b|i|u|sz|color|rFont|family|scheme|charset|strike|vertAli|outline|shadow|condens|extend|extLst|ext"
    rb"|phoneti|is|f)(?:[\s/>]|$)"
)
"""Elements, by their first seven letters, that may stand in a row without changing what its cells are."""
_HIDDEN_ROW = re.compile(rb"""<row r="(\d+)"[^>]*?\shidden\s*=\s*["'](?:1|true)["']""")
_TYPE = re.compile(rb"""\st\s*=\s*["']([^"']*)["']""")
_STYLE_ATTRIBUTE = re.compile(rb"""\ss\s*=\s*["']([0-9]{1,9})["']""")
_ERROR_WORDS = re.compile(rb"<v>([^<]*)</v>")
_TEXT_RUN = re.compile(rb"<(?:t|v)(?:\s[^>]*)?>([^<]*)<")


def _check_others(words: Numbers) -> None:
    for word in set(words[~begins(words, *_TEXTS)].tolist()):
        if not _HARMLESS.match(word.to_bytes(8, "little")):
            raise UnusualXmlError


class UnusualXmlError(Exception):
    """The sheet is not written in the plain form."""


class RowArrays:
    """Whole rows of a sheet; raises `UnusualXmlError` when they are not written in the plain form."""

    def __init__(self, seen: bytes, last_row: int) -> None:
        self._seen = seen
        self._tagged = tagged = Tagged(seen)
        is_cell = begins(tagged.words, _CELL)
        is_value = begins(tagged.words, _VALUE)
        rest = np.flatnonzero(~(is_cell | is_value))
        others = tagged.words[rest]
        is_row, is_inline, is_empty = others == _ROW[0], begins(others, _INLINE), begins(others, *_EMPTY_VALUES)
        _check_others(others[~(is_row | is_empty)])
        self._cells: Numbers = tagged.starts[is_cell]
        of_cell = np.cumsum(is_cell, dtype=np.int32) - np.int32(1)
        is_value[rest[is_inline | is_empty]] = True
        first = octet(tagged.words, 3).astype(np.uint8)
        first[rest[is_empty]] = _LESS
        valued, first = of_cell[is_value], first[is_value]
        self._valued = self._flags(valued)
        self._filled = self._flags(valued, first != _LESS)
        self._hashes = valued[first == _HASH]
        self._formula = self._flags(of_cell[rest[begins(others, *_FORMULAS)]])
        self.numbers: Numbers = np.zeros(0, np.int64)
        """The number of each row."""
        self._place(tagged.starts[rest[is_row]], last_row)

    def _flags(self, indexes: Numbers, flag: Numbers | bool = True) -> Numbers:
        """Return an array with `flag` at the cells with these indexes, which ascend."""
        flags = np.zeros(len(self._cells), bool)
        if len(indexes) and indexes[0] < 0:
            raise UnusualXmlError
        flags[indexes] = flag
        return flags

    def _place(self, row_starts: Numbers, last_row: int) -> None:
        """Work out the number of each row, and row and column of each cell; check their order."""
        self.numbers, digits, mask, lengths = self._row_numbers(row_starts)
        steps = np.diff(self.numbers, prepend=last_row)
        if (steps <= 0).any():
            raise out_of_order(int(self.numbers[int(np.flatnonzero(steps <= 0)[0])]), 0)
        bounds = np.searchsorted(self._cells, row_starts)
        if (len(bounds) and bounds[0]) or (len(self._cells) and not len(bounds)):
            raise UnusualXmlError
        of_row = np.repeat(np.arange(len(row_starts)), np.diff(bounds, append=len(self._cells)))
        self._column_of, letters = self._columns()
        tails = self._tagged.words_at(self._cells + 6 + letters)
        self._after_place = self._cells + 6 + letters + lengths[of_row]
        if ((tails ^ digits[of_row]) & mask[of_row]).any():
            raise UnusualXmlError
        self._row_of = self.numbers[of_row]
        backwards = (np.diff(self._column_of) <= 0) & (np.diff(of_row) == 0)
        if backwards.any():
            raise out_of_order(*self._at(int(np.flatnonzero(backwards)[0]) + 1))

    def _columns(self) -> tuple[Numbers, Numbers]:
        """Return the column index of each cell and how many letters name it."""
        words = self._tagged.words_at(self._cells + 6)
        column = octet(words, 0).astype(np.int64) - _BEFORE_A
        letters = np.ones(len(words), np.int64)
        if ((column < 1) | (column > _LETTERS)).any():
            raise UnusualXmlError
        present = np.ones(len(words), bool)
        for position in (1, 2):
            letter = octet(words, position).astype(np.int64) - _BEFORE_A
            present &= letter > 0
            if not present.any():
                break
            if (letter[present] > _LETTERS).any():
                raise UnusualXmlError
            column = np.where(present, column * _LETTERS + letter, column)
            letters += present
        if len(column) and column.max() > GRID_COLUMNS:
            raise UnusualXmlError
        return column - 1, letters

    def _row_numbers(self, row_starts: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Return for each row its number, its digits with the closing quote as a word, that word's mask and length."""
        words = self._tagged.words_at(row_starts + 8)
        number = np.zeros(len(words), np.int64)
        mask = np.zeros(len(words), np.uint64)
        lengths = np.zeros(len(words), np.int64)
        open_ = np.ones(len(words), bool)
        for position in range(8):
            found = octet(words, position)
            closes = open_ & (found == _QUOTE) & (position > 0)
            mask[closes] = np.uint64((1 << (8 * (position + 1))) - 1)
            lengths[closes] = position + 1
            open_ &= ~closes
            if not open_.any():
                break
            digit = found.astype(np.int64) - ord("0")
            if (open_ & ((digit < 0) | (digit > 9))).any():
                raise UnusualXmlError
            number = np.where(open_, number * 10 + digit, number)
        if open_.any() or (len(number) and (number.max() > GRID_ROWS or number.min() < 1)):
            raise UnusualXmlError
        return number, words & mask, mask, lengths

    def _at(self, index: int) -> tuple[int, int]:
        return int(self._row_of[index]), int(self._column_of[index])

    def hidden(self) -> Iterator[int]:
        """Yield the numbers of hidden rows."""
        if b"h" in self._seen and b"hidden" in self._seen:  # the first is quick, and mostly enough
            yield from (int(match[1]) for match in _HIDDEN_ROW.finditer(self._seen))

    def check_extent(self, tally: SheetTally) -> None:
        """Keep the limits of the box and of the filled cells."""
        for flags, keep in ((self._valued, tally.occupy), (self._filled, tally.fill)):
            indexes = np.flatnonzero(flags)
            if len(indexes):
                keep(int(self._row_of[indexes[-1]]), int(self._column_of[indexes].max()))

    def check_texts(self, tally: SheetTally) -> None:
        """Measure the text of the cells whose XML is long enough to break the limit."""
        ends = np.append(self._cells[1:], len(self._seen))
        for index in np.flatnonzero(ends - self._cells > tally.limits.text_length).tolist():
            runs = _TEXT_RUN.findall(self._seen, int(self._cells[index]), int(ends[index]))
            tally.check_text(*self._at(index), len(unescape(b"".join(runs).decode("utf-8", "replace"))))

    def _tag(self, index: int) -> bytes:
        start = int(self._cells[index])
        return self._seen[start : self._seen.index(b">", start)]

    def _type(self, index: int) -> bytes:
        found = _TYPE.search(self._tag(index))
        return found[1] if found else b"n"

    def errors(self) -> Iterator[tuple[int, int, str]]:
        """Yield (row, column, words) of the error cells; their words begin with # in every language."""
        for index in self._hashes.tolist():
            if self._type(index) == b"e":
                words = _ERROR_WORDS.search(self._seen, int(self._cells[index]))
                yield *self._at(index), words[1].decode("utf-8", "replace")[:20] if words else "#"

    def formulas_without_value(self) -> Iterator[tuple[int, int]]:
        """Yield (row, column) of formulas that were never calculated; an empty text is a value."""
        for index in np.flatnonzero(self._formula & ~self._filled).tolist():
            if not (self._valued[index] and self._type(index) == b"str"):
                yield self._at(index)

    def decimals(self, by_style: Mapping[int, int]) -> tuple[bytes, bytes]:
        """Return where numbers show so many decimals, and how many, as the arrays of `ShownDecimals`.

        Seen are cells with a style below 1000 right after their place, then no type or ``n``: so numbers are written.
        """
        known = np.full(_STYLES, -1, np.int8)
        for number, count in by_style.items():
            if number < len(known):
                known[number] = count
        cells, styles, _ = self._styled
        counts = known[styles]
        kept = cells[counts >= 0]
        places = (self._row_of[kept].astype(np.int64) << 14) + self._column_of[kept]
        return places.astype("=i8").tobytes(), counts[counts >= 0].tobytes()

    @cached_property
    def _styled(self) -> tuple[Numbers, Numbers, Numbers]:
        """The cells that are numbers with a style, as they are mostly written, and their styles.

        Third, the filled cells of which only their whole tag tells whether they are such: attributes in another order.
        """
        words = self._tagged.words_at(self._after_place)
        has_style = begins(words, _STYLE)
        unsure = self._filled & ~has_style & ~begins(words, _BARE, *_OTHER_TYPES)
        styled = np.flatnonzero(has_style & self._filled)
        words = words[styled]
        style = np.zeros(len(words), np.int32)
        ends = np.zeros(len(words), np.int32)
        open_ = np.ones(len(words), bool)
        for position in range(4, 8):
            found = octet(words, position)
            ends[open_ & (found == _QUOTE)] = position + 1
            digit = found.astype(np.int32) - ord("0")
            open_ &= (digit >= 0) & (digit <= 9)
            if not open_.any():
                break
            style = np.where(open_, style * 10 + digit, style)
        after = self._tagged.words_at(self._after_place[styled] + ends)
        is_number = (ends > 5) & begins(after, *_NUMBER_ENDS)
        unsure[styled[~is_number & ~((ends > 5) & begins(after, *_OTHER_TYPES))]] = True
        return styled[is_number], style[is_number], np.flatnonzero(unsure)

    def note_formats(self, tally: SheetTally) -> None:
        """Note the number formats that matter."""
        cells, styles, unsure = self._styled
        known = np.zeros(_STYLES, bool)
        known[[style for style in tally.formats if style < len(known)]] = True
        cells, styles = cells[known[styles]], styles[known[styles]]
        places = zip(self._row_of[cells].tolist(), self._column_of[cells].tolist(), strict=True)
        tally.notes.update(zip(places, map(tally.formats.__getitem__, styles.tolist()), strict=True))
        for index in unsure.tolist():
            style = _STYLE_ATTRIBUTE.search(self._tag(index))
            note = tally.formats.get(int(style[1])) if style else None
            if note is not None and self._type(index) == b"n":
                tally.notes[self._at(index)] = note
