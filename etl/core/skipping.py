"""Decides which rows of a table are no data: the template's example, repeated headers, section titles, totals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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

_PASSED_OVER = frozenset("delx")
"""First letters of what `header_key` leaves out or writes in full: de, del, el, la, x."""

_Shape = tuple[bool, bool]
"""Whether a code has blanks inside and whether it has digits."""


def rows_without_data(
    sheet: Sheet, numbers: Sequence[int], layout: Layout, destination: Destination
) -> dict[int, Text]:
    """Return the rows among `numbers` that are no data, each with the reason; they are listed, never sent.

    Data is a row with anything in two of the columns that are read, but for the template's example, a repeated header
    and a line of totals. A single filled cell is data when the table has but two columns, when it is no text, or when
    it looks like the codes of the other rows: what may be an unfinished row is a finding, not a title.
    """
    rows = _Rows(sheet, layout, destination)
    skipped: dict[int, Text] = {}
    lonely: dict[int, int] = {}
    for number in numbers:
        filled = rows.first_filled(number)
        if not filled:
            skipped[number] = text("Nothing stands in the columns that are read")
        elif len(filled) == 1 and rows.width > 2:
            lonely[number] = filled[0]
        elif (reason := rows.reason_to_skip(number, filled[0])) is not None:
            skipped[number] = reason
    shapes = rows.shapes_of_codes(set(numbers).difference(skipped, lonely)) if lonely else set()
    for number, column in lonely.items():
        cell = sheet.cell(number, column)
        if isinstance(cell, str) and not (column == rows.key and (not shapes or _shape(cell) in shapes)):
            skipped[number] = text("It is a title between the rows, not a row of data")
    return skipped


class _Rows:
    """The columns that are read, row by row, and what tells that a row is no data."""

    def __init__(self, sheet: Sheet, layout: Layout, destination: Destination) -> None:
        self._rows = sheet.rows
        self._not_blank = lying_cells(sheet.notes)
        if sheet.merged:
            _add_covered_from_above(self._not_blank, sheet, layout)
        self._headers = {mapped.column: _header_keys(sheet, layout, mapped) for mapped in layout.columns}
        self._initials = _PASSED_OVER.union(key[:1] for keys in self._headers.values() for key in keys)
        self._indexes = list(self._headers)
        self._destination = destination
        self._marked_field = marked_column(destination).name
        self._marked = _column_of(layout, self._marked_field)
        self.key = _column_of(layout, destination.key[-1]) if destination.key else None
        self.width = len(self._indexes)

    def first_filled(self, number: int) -> list[int]:
        """Return the columns of the first two filled cells of a row, or fewer.

        An error is not blank, nor is a cell that is merged with one of a row above.
        """
        row = self._rows[number - 1]
        not_blank = self._not_blank.get(number, ())
        filled: list[int] = []
        for index in self._indexes:
            if (index < len(row) and is_filled(row[index])) or index in not_blank:
                filled.append(index)
                if len(filled) == 2:
                    break
        return filled

    def reason_to_skip(self, number: int, first: int) -> Text | None:
        """Return why a row with at least two filled cells, the first of them in column `first`, is no data."""
        row = self._rows[number - 1]
        if self._is_example(row):
            return text("It is the template's example")
        if self._may_be_header(row, first) and all(self._is_header(row, index) for index in self._indexes):
            return text("It repeats the header")
        return text("It is a line of totals") if self._is_total(row) else None

    def shapes_of_codes(self, numbers: Iterable[int]) -> set[_Shape]:
        """Return how the codes of these rows look."""
        if self.key is None:
            return set()
        cells = (_cell(self._rows[number - 1], self.key) for number in numbers)
        return {_shape(cell) for cell in cells if cell is not None}

    def _is_example(self, row: Sequence[Cell]) -> bool:
        cell = _cell(row, self._marked)
        if not isinstance(cell, str) or cell.lstrip()[:1] not in ("E", "e"):
            return False
        return is_example({self._marked_field: cell}, self._destination)

    def _may_be_header(self, row: Sequence[Cell], first: int) -> bool:
        """Look quickly: a header is all text, and begins as some header does, or as a word that is passed over."""
        cell = _cell(row, first)
        sign = cell[:1] if isinstance(cell, str) else ""
        if sign.isascii() and sign.isalnum() and sign.lower() not in self._initials:
            return False
        return all(isinstance(_cell(row, index), str | None) for index in self._indexes)

    def _is_header(self, row: Sequence[Cell], index: int) -> bool:
        cell = _cell(row, index)
        if isinstance(cell, str) and cell:
            return header_key(cell) in self._headers[index]
        return cell is None

    def _is_total(self, row: Sequence[Cell]) -> bool:
        key = _cell(row, self.key)
        if is_filled(key) and not (isinstance(key, str) and _TOTAL.fullmatch(trimmed(key))):
            return False
        texts = [trimmed(cell) for cell in row if isinstance(cell, str) and not is_blank(cell)]
        return any(_TOTAL.fullmatch(words) for words in texts) and all(
            _TOTAL.fullmatch(words) or _DIGIT.search(words) for words in texts
        )


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


def _shape(cell: Cell) -> _Shape:
    code = trimmed(cell) if isinstance(cell, str) else "0"
    return " " in code, _DIGIT.search(code) is not None
