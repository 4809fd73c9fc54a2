"""Reads a worksheet's facts from any well-formed XML, an element at a time: the slow twin of `sheet_scan`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from struct import pack

from etl.io.readers.refusal import damaged, unreadable
from etl.io.readers.sheet_facts import (
    FORMULA_NOTE,
    GRID_COLUMNS,
    GRID_ROWS,
    SheetFacts,
    SheetTally,
    out_of_order,
    outside_grid,
)
from etl.io.readers.xml_parts import Attributes, parse
from etl.messages import text
from etl.model import column_index

_REFERENCE = re.compile(r"([A-Za-z]+)([0-9]+)")


def parse_sheet(name: str, blocks: Iterable[bytes], tally: SheetTally) -> SheetFacts:
    """Return the facts of the worksheet in the part `name`; raise `Refusal` when it breaks a limit."""
    parser = _SheetParser(tally)
    parse(name, blocks, start=parser.start, end=parser.end, data=parser.data, aside=parser.aside)
    if not parser.is_worksheet:
        raise damaged(name)
    return tally.facts()


class _SheetParser:
    def __init__(self, tally: SheetTally) -> None:
        self._tally = tally
        self.is_worksheet = False
        self._row = 0
        self._column = -1
        self._cell: Attributes | None = None
        self._words: list[str] = []
        self._collecting = False
        self._has_formula = self._has_value = False
        self._hidden = False

    def start(self, element: str, attributes: Attributes) -> None:
        match element:
            case "worksheet":
                self.is_worksheet = True
            case "col":
                self._tally.note_columns(attributes)
            case "mergeCell":
                self._tally.note_area(attributes.get("ref", ""))
            case "row":
                self._start_row(attributes)
            case "c":
                self._start_cell(attributes)
            case "f" if self._cell is not None:
                self._has_formula = True
            case "v" | "t" if self._cell is not None:
                self._has_value = self._collecting = True

    def end(self, element: str) -> None:
        if element in ("v", "t"):
            self._collecting = False
        elif element == "c" and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None

    def data(self, words: str) -> None:
        if self._collecting:
            self._words.append(words)

    def aside(self) -> None:
        """Refuse a comment, an instruction or a CDATA section inside a value: other readers lose part of the value."""
        if self._collecting:
            raise unreadable(
                text("the sheet is written in a form that other programs read differently"),
                text("Open it in Excel or LibreOffice, save it again as .xlsx, and try with that file."),
            )

    def _start_row(self, attributes: Attributes) -> None:
        number = attributes.get("r")
        row = self._row + 1 if number is None else int(number) if number.isdecimal() and len(number) < 10 else 0
        if not 1 <= row <= GRID_ROWS:
            raise outside_grid(number or str(row))
        if row <= self._row:
            raise out_of_order(row, 0)
        self._row, self._column = row, -1
        if attributes.get("hidden") in ("1", "true"):
            self._tally.hidden_rows.add(row)

    def _start_cell(self, attributes: Attributes) -> None:
        if self._cell is not None or not self._row:
            raise damaged("sheet")
        reference = attributes.get("r")
        if reference is None:
            column = self._column + 1
        else:
            found = _REFERENCE.fullmatch(reference)
            if found is None or len(found[1]) > 3 or len(found[2]) > 7:
                raise outside_grid(reference[:20])
            column = column_index(found[1])
            if int(found[2]) != self._row:
                raise out_of_order(self._row, column) if int(found[2]) <= GRID_ROWS else outside_grid(reference)
        if column >= GRID_COLUMNS:
            raise outside_grid(reference or str(column + 1))
        if column <= self._column:
            raise out_of_order(self._row, column)
        self._column, self._cell = column, attributes
        self._words.clear()
        self._has_formula = self._has_value = self._collecting = False

    def _end_cell(self, attributes: Attributes) -> None:
        place = (self._row, self._column)
        kind = attributes.get("t", "n")
        words = "".join(self._words)
        if self._has_value:
            self._tally.occupy(*place)
        if words:
            self._tally.fill(*place)
            self._tally.check_text(*place, len(words))
        if kind == "e":
            self._tally.note_error(*place, words[:20] or "#ERROR!")
        elif self._has_formula and not words and not (kind == "str" and self._has_value):
            self._tally.notes[place] = FORMULA_NOTE
        elif kind == "n" and words and (style := attributes.get("s", "0")).isdecimal():
            note = self._tally.formats.get(int(style)) if len(style) < 10 else None
            if note is not None:
                self._tally.notes[place] = note
            shown = self._tally.decimals.get(int(style)) if len(style) < 4 else None
            if shown is not None:
                self._tally.note_decimals(pack("=q", (self._row << 14) + self._column), pack("=b", shown))
