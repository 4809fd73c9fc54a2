"""Decides which rows of a table are no data: the template's example, repeated headers, section titles, totals."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from etl.core.blocks import Block, flags_without
from etl.core.different import Different
from etl.core.example import is_example, marked_column
from etl.core.reading import is_blank, trimmed
from etl.core.table import covered_rows, is_filled, lying_cells
from etl.core.vocabulary import header_key
from etl.messages import Text, text
from etl.model import Cell, Layout, MappedColumn, Sheet
from etl.vendors.base import Destination

_COUNTED = (
    r"art[ií]culos?|productos?|[ií]tems?|unidades|c[oó]digos?|stock|rubros?|l[ií]neas?|marcas?|categor[ií]as?|grupos?"
    r"|familias?|secci[oó]n|p[aá]gina|hoja|listas?|inventario|cantidad|importe|precios?|iva|compra|venta"
)
_TOTAL = re.compile(
    r"(?:(?:gran|suma) )?(?:sub ?-?)?total(?:es)?"
    r"(?: (?:general(?:es)?|gral\.?|final|parcial|neto|bruto|acumulado)"
    rf"| (?:(?:de|del|por|x) )?(?:la )?(?:{_COUNTED})\b.*)?[ $:=.,\d]*"
    r"|sumas?(?: (?:total|parcial))?[ $:=.,\d]*",
    re.IGNORECASE,
)
"""What stands before a sum. "Total Light aceite" is a product."""
_DIGIT = re.compile(r"[0-9]")

_SAMPLE = 64
"""Cells of a column by which it is guessed how many different ones it has."""

_Shape = tuple[bool, bool]
"""Whether a code has blanks inside and whether it has digits."""
_ALL_SHAPES = 4


@dataclass(frozen=True, slots=True)
class Sorted:
    """The rows of a block, sorted."""

    filled: bytes | None
    """A flag a row: something stands in it. None: in all of them."""
    skipped: Mapping[int, Text]
    """By number, the rows that are no data, with the reason."""
    lonely: Mapping[int, int]
    """By number, rows with a single filled cell that may be titles, with the column of that cell."""


class RowSorter:
    """Tells rows that are no data from the others, block after block (`blocks`), a column at a time.

    Data is a row with anything in two of the columns that are read, but for the template's example, a repeated header
    and a line of totals. A single filled cell is data when the table has but two columns, when it is no text, or when
    it looks like the codes of the other rows: what may be an unfinished row is a finding, not a title. That is known
    only after the last block (`titles`).
    """

    def __init__(self, sheet: Sheet, layout: Layout, destination: Destination) -> None:
        self._sheet = sheet
        self._lying = lying_cells(sheet.notes)
        self._not_blank = {number: set(columns) for number, columns in self._lying.items()}
        if sheet.merged:
            _add_covered_from_above(self._not_blank, sheet, layout)
        self._headers = {mapped.column: _header_keys(sheet, layout, mapped) for mapped in layout.columns}
        self._indexes = list(self._headers)
        self._destination = destination
        self._marked_field = marked_column(destination).name
        self._marked = _column_of(layout, self._marked_field)
        self.key = _column_of(layout, destination.key[-1]) if destination.key else None
        """Index of the column with the codes."""
        self._width = len(self._indexes)

    def sort(self, block: Block) -> Sorted:
        """Return which rows of a block are filled, no data, or perhaps titles."""
        few = self._filled_less_than_twice(block)
        noted = [number - block.first for number in self._not_blank if number in block.numbers]
        by_themselves = {*few, *noted}
        skipped: dict[int, Text] = {}
        lonely: dict[int, int] = {}
        blank: list[int] = []
        for at in sorted(by_themselves | self._remarkable(block)):
            number, row = block.first + at, block.row(block.first + at)
            if at in by_themselves and not self._is_filled(number, row):
                blank.append(at)
                continue
            filled = self._first_filled(number, row)
            if not filled:
                skipped[number] = text("Nothing stands in the columns that are read")
            elif len(filled) == 1 and self._width > 2:
                lonely[number] = filled[0]
            elif (reason := self._reason_to_skip(row)) is not None:
                skipped[number] = reason
        flags = flags_without(None, (block.first + at for at in blank), block.numbers)
        return Sorted(flags, skipped, lonely)

    def titles(self, lonely: Mapping[int, int], codes: Iterable[Cell]) -> dict[int, Text]:
        """Return those of the `lonely` rows of all blocks that are titles.

        `codes` are the cells with the codes of the rows that are neither lonely nor skipped: they show how codes look.
        """
        if not lonely:
            return {}
        shapes = _shapes(codes)
        return {
            number: text("It is a title between the rows, not a row of data")
            for number, column in lonely.items()
            if isinstance(cell := self._sheet.cell(number, column), str)
            and not (column == self.key and (not shapes or _shape(cell) in shapes))
        }

    def _filled_less_than_twice(self, block: Block) -> list[int]:
        """Return the places in a block of the rows with less than two filled cells in the columns that are read."""
        if len(self._indexes) < 2:
            return list(range(block.height))
        first, second = (set(_blank_places(block, index)) for index in self._indexes[:2])
        once, never = first ^ second, first & second
        for index in self._indexes[2:]:
            if not once and not never:
                break
            cells = block.column(index)
            blank = {at for at in once | never if not is_filled(cells[at])}
            once, never = (once & blank) | (never - blank), never & blank
        return [*once, *never]

    def _is_filled(self, number: int, row: Sequence[Cell]) -> bool:
        return number in self._lying or any(map(is_filled, row))

    def _first_filled(self, number: int, row: Sequence[Cell]) -> list[int]:
        """Return the columns of the first two filled cells of a row, or fewer.

        An error is not blank, nor is a cell that is merged with one of a row above.
        """
        not_blank = self._not_blank.get(number, ())
        return [index for index in self._indexes if is_filled(_cell(row, index)) or index in not_blank][:2]

    def _remarkable(self, block: Block) -> set[int]:
        """Return the places of rows that may be examples, headers or totals: those at which to look."""
        return {*self._like_examples(block), *self._like_headers(block), *self._like_totals(block)}

    def _like_examples(self, block: Block) -> list[int]:
        if self._marked is None:
            return []
        different, cells = block.different(self._marked), block.column(self._marked)
        if different.are_printable and not different.may_begin_with("Ee "):
            return []
        return [at for at, cell in enumerate(cells) if type(cell) is str and (cell[:1] in "Ee" or cell[:1].isspace())]

    def _like_headers(self, block: Block) -> Sequence[int]:
        """Return the rows in which every column that is read repeats its header or is blank."""
        places: Sequence[int] = range(block.height)
        for index in sorted(self._indexes, key=lambda index: len(set(block.column(index)[:_SAMPLE]))):
            cells = block.column(index)
            keys = self._headers[index]
            found = block.different(index) if len(places) == block.height else {cells[at] for at in places}
            repeats = {cell for cell in found if _repeats(cell, keys)}
            places = [at for at in places if cells[at] in repeats] if repeats else []
            if not places:
                break
        return places

    def _like_totals(self, block: Block) -> Iterable[int]:
        blank = _blank_places(block, self.key) if self.key is not None else ()
        looked_at = range(len(block.columns)) if self.key is None else [self.key]
        totals = {index: found for index in looked_at if (found := _totals_among(block.different(index)))}
        return {
            *blank,
            *(at for index, found in totals.items() for at, cell in enumerate(block.column(index)) if cell in found),
        }

    def _reason_to_skip(self, row: Sequence[Cell]) -> Text | None:
        """Return why a row with at least two filled cells is no data."""
        if self._is_example(row):
            return text("It is the template's example")
        if all(_repeats(_cell(row, index), keys) for index, keys in self._headers.items()):
            return text("It repeats the header")
        return text("It is a line of totals") if self._is_total(row) else None

    def _is_example(self, row: Sequence[Cell]) -> bool:
        return is_example({self._marked_field: _cell(row, self._marked)}, self._destination)

    def _is_total(self, row: Sequence[Cell]) -> bool:
        key = _cell(row, self.key)
        if is_filled(key) and not (isinstance(key, str) and _TOTAL.fullmatch(trimmed(key))):
            return False
        texts = [trimmed(cell) for cell in row if isinstance(cell, str) and not is_blank(cell)]
        return any(_TOTAL.fullmatch(words) for words in texts) and all(
            _TOTAL.fullmatch(words) or _DIGIT.search(words) for words in texts
        )


def _blank_places(block: Block, index: int) -> list[int]:
    """Return where in a column nothing that one can see stands."""
    different = block.different(index)
    blank = {cell for cell in different if not is_filled(cell)} if different.may_be_blank else ()
    return [at for at, cell in enumerate(block.column(index)) if cell in blank] if blank else []


def _repeats(cell: Cell, keys: Collection[str]) -> bool:
    """Say whether a cell is blank, or the header of its column again."""
    return cell is None or (isinstance(cell, str) and cell != "" and header_key(cell) in keys)


def _totals_among(cells: Different) -> set[str]:
    """Return the texts that stand before a sum: they begin with t, g or s, or with what `trimmed` takes away."""
    if cells.are_alphanumeric and not cells.may_begin_with("TtGgSs"):
        return set()
    return {
        cell
        for cell in cells.texts
        if (cell[:1] in "TtGgSs" or not cell[:1].isalnum()) and _TOTAL.fullmatch(trimmed(cell))
    }


def _add_covered_from_above(not_blank: dict[int, set[int]], sheet: Sheet, layout: Layout) -> None:
    for mapped in layout.columns:
        for number, (top, _) in covered_rows(sheet, mapped.column, layout.header_row + 1, len(sheet.rows)).items():
            if top < number:
                not_blank.setdefault(number, set()).add(mapped.column)


def _header_keys(sheet: Sheet, layout: Layout, mapped: MappedColumn) -> frozenset[str]:
    """Return what repeats a column's header: all of it, or its part in either line of a header of two lines."""
    lines = (sheet.cell(number, mapped.column) for number in (layout.header_row - 1, layout.header_row))
    return frozenset({header_key(mapped.header), "", *(header_key(cell) for cell in lines if isinstance(cell, str))})


def _cell(row: Sequence[Cell], column: int | None) -> Cell:
    return row[column] if column is not None and column < len(row) else None


def _column_of(layout: Layout, name: str) -> int | None:
    mapped = layout.column_of(name)
    return mapped.column if mapped is not None else None


def _shapes(codes: Iterable[Cell]) -> set[_Shape]:
    """Return how codes look; most ways are found among the first."""
    found: set[_Shape] = set()
    for cell in codes:
        if cell is not None:
            found.add(_shape(cell))
            if len(found) == _ALL_SHAPES:
                break
    return found


def _shape(cell: Cell) -> _Shape:
    code = trimmed(cell) if isinstance(cell, str) else "0"
    return " " in code, _DIGIT.search(code) is not None
