"""What our own pass over a sheet's XML finds, and the limits that it keeps (reliability.md XLS-1, XLS-5, XLS-6)."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from etl.io.readers.limits import HEADER_ROOM, Limits
from etl.io.readers.refusal import Refusal, hostile, unreadable
from etl.messages import Text, text
from etl.model import CellNote, ShownDecimals, column_index, column_letter

GRID_ROWS, GRID_COLUMNS = 1_048_576, 16_384
"""Excel's grid: A1:XFD1048576."""

FORMULA_NOTE = CellNote(formula_without_value=True)

Area = tuple[int, int, int, int]
"""First row and last row as Excel shows them, first and last column from 0: (row, last row, column, last column)."""


_AREA = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})(?::([A-Z]{1,3})([1-9][0-9]{0,6}))?")
_MOST_AREAS = 50_000


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """What a sheet's XML tells beside its values."""

    notes: Mapping[tuple[int, int], CellNote] = field(default_factory=dict)
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merged: tuple[Area, ...] = ()
    decimals: ShownDecimals = field(default_factory=ShownDecimals)
    height: int = 0
    """The last row with a stored value, be it an empty text."""
    width: int = 0
    """The number of columns up to the last stored value."""


class SheetTally:
    """Collects the facts of one sheet and refuses it as soon as it goes beyond a limit."""

    def __init__(self, formats: Mapping[int, str], limits: Limits, decimals: Mapping[int, int] | None = None) -> None:
        self.limits = limits
        self.decimals = decimals or {}
        self.formats = {style: CellNote(number_format=code) for style, code in formats.items()}
        self.notes: dict[tuple[int, int], CellNote] = {}
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.merged: list[Area] = []
        self._decimal_places = array("q")
        self._decimal_counts = array("b")
        self._errors: dict[str, CellNote] = {}
        self._last_row = 0
        self._last_column = -1

    def facts(self) -> SheetFacts:
        """Return what was found."""
        return SheetFacts(
            notes=self.notes,
            hidden_rows=frozenset(self.hidden_rows),
            hidden_columns=frozenset(self.hidden_columns),
            merged=tuple(self.merged),
            decimals=ShownDecimals(self._decimal_places, self._decimal_counts),
            height=self._last_row,
            width=self._last_column + 1,
        )

    def note_error(self, row: int, column: int, words: str) -> None:
        """Note an error cell (``#N/A``)."""
        self.notes[row, column] = self._errors.setdefault(words, CellNote(error=words))

    def note_decimals(self, places: bytes, counts: bytes) -> None:
        """Note how many decimals cells show, as the bytes of the arrays of `ShownDecimals`; they ascend."""
        self._decimal_places.frombytes(places)
        self._decimal_counts.frombytes(counts)

    def note_columns(self, attributes: Mapping[str, str]) -> None:
        """Note the columns of a ``<col>`` element, when it hides them."""
        if attributes.get("hidden") not in ("1", "true"):
            return
        first, last = attributes.get("min", ""), attributes.get("max", "")
        if first.isdecimal() and last.isdecimal():
            self.hidden_columns.update(range(int(first) - 1, min(int(last), self.limits.columns)))

    def note_area(self, reference: str) -> None:
        """Note a merged area (``A1:B2``)."""
        found = _AREA.fullmatch(reference)
        if found is None:
            return
        if len(self.merged) == _MOST_AREAS:
            raise hostile(text("the sheet has more than {count} merged areas", count=_MOST_AREAS))
        row, column = int(found[2]), column_index(found[1])
        self.merged.append((row, int(found[4] or row), column, column_index(found[3]) if found[3] else column))

    def occupy(self, row: int, column: int) -> None:
        """Stretch the box of stored values up to a row (from 1) and a column (from 0).

        It counts empty texts too: prepared formulas that answer "" fill the parser's memory all the same.
        """
        self._last_row = max(self._last_row, row)
        self._last_column = max(self._last_column, column)
        if self._last_row * (self._last_column + 1) > self.limits.cells:
            raise hostile(
                text(
                    "the sheet reaches from A1 to {cell}: {rows} rows by {columns} columns are more than can be read",
                    cell=f"{column_letter(self._last_column)}{self._last_row}",
                    rows=self._last_row,
                    columns=self._last_column + 1,
                ),
                text("Delete what stands far below or beside the table, or divide the sheet."),
            )

    def fill(self, row: int, column: int) -> None:
        """Keep the limits of rows and columns for cells that are not blank; `row` and `column` may be of two."""
        if column >= self.limits.columns:
            raise hostile(
                text(
                    "column {column} holds something; {limit} columns are the limit",
                    column=column_letter(column),
                    limit=self.limits.columns,
                ),
                text("Delete the columns to the right of the table."),
            )
        if row > self.limits.rows + HEADER_ROOM:
            raise hostile(
                text("row {row} holds something; {limit} rows are the limit", row=row, limit=self.limits.rows),
                text("Delete what stands below the table, divide the sheet, or save it as CSV."),
            )

    def check_text(self, row: int, column: int, length: int) -> None:
        """Refuse a text that Excel itself could not hold."""
        if length > self.limits.text_length:
            raise text_too_long(f"{column_letter(column)}{row}", length, self.limits)


def text_too_long(place: str | Text, length: int, limits: Limits) -> Refusal:
    """Return the refusal of a text that is longer than a cell can be."""
    return hostile(
        text(
            "a text of {length} characters stands in {place}; a cell holds at most {limit}",
            length=length,
            place=place,
            limit=limits.text_length,
        )
    )


def outside_grid(reference: str) -> Refusal:
    """Return the refusal of a cell that no sheet has."""
    return hostile(text("the sheet has a cell outside of Excel's grid ({cell})", cell=reference))


def out_of_order(row: int, column: int) -> Refusal:
    """Return the refusal of a sheet that has a cell twice, or cells out of order: programs read it differently."""
    return unreadable(
        text("cell {cell} stands twice in the sheet, or out of order", cell=f"{column_letter(column)}{row}"),
        text("Open it in Excel or LibreOffice, save it again as .xlsx, and try with that file."),
    )
