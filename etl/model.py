"""The frozen values that pass between the stages: read, map, validate, plan, submit, report."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from etl.messages import Text, text_from_json

Cell: TypeAlias = str | float | bool | datetime | date | time | timedelta | None
"""What a reader found in a cell: text, Excel's number (a float, never formatted), boolean, date; None for blank."""

Value: TypeAlias = str | Decimal | int | datetime
"""A cell that was understood: text and codes, exact numbers, aware datetimes."""

Json: TypeAlias = Any
"""A JSON value; numbers with decimals are `Decimal` on both ways."""


DEFAULT_ZONE = "America/Argentina/Buenos_Aires"
"""Time zone (IANA) of dates without one, unless the profile names another (`timezone`)."""


UNDIVIDED_COLUMNS = "undivided_columns"
"""Code of the remark that a workbook's rows stand in one cell each: columns in findings are not the workbook's then."""
WRONG_FIELD_COUNT = "wrong_field_count"
"""Code of the finding that a line of a CSV file has too many or too few fields."""


class Severity(StrEnum):
    """Whether a finding keeps its row from being sent."""

    ERROR = "error"
    WARNING = "warning"


class Origin(StrEnum):
    """Who found it: our checks or the vendor."""

    LOCAL = "local"
    VENDOR = "vendor"


class Outcome(StrEnum):
    """What became of a row. Exactly one a row (contract section 1)."""

    INVALID = "invalid"
    SKIPPED = "skipped"
    UNCHANGED = "unchanged"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    NOT_SENT = "not_sent"


class Effect(StrEnum):
    """What sending the same thing twice does (reliability.md 1.2). The author of a destination decides; no default."""

    READ = "read"
    SET = "set"
    CREATE = "create"
    DELTA = "delta"


@lru_cache(maxsize=1024)
def column_letter(index: int) -> str:
    """Return Excel's letters of the column with this index from 0: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Return the index from 0 of Excel's column letters; ValueError when they are none."""
    if not letters or not all("A" <= letter <= "Z" for letter in letters.upper()):
        raise ValueError(letters)
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem or remark about a cell, a row, a column (row None) or the file (row and column None)."""

    code: str
    message: Text
    hint: Text | None = None
    severity: Severity = Severity.ERROR
    origin: Origin = Origin.LOCAL
    sheet: str | None = None
    row: int | None = None
    column: int | None = None
    """Index of the column, from 0; None when the finding is about a whole row, an absent column or the file."""
    field: str | None = None
    header: str | None = None
    value: str | None = None
    """What stands in the cell, as the person sees it."""

    @property
    def cell(self) -> str | None:
        """The cell as Excel names it (``C7``), when the finding has one."""
        if self.row is None or self.column is None:
            return None
        return f"{column_letter(self.column)}{self.row}"

    @property
    def is_error(self) -> bool:
        """Whether it keeps the row (or the file) from being sent."""
        return self.severity is Severity.ERROR

    def to_json(self) -> dict[str, Json]:
        """Return the form in which the journal keeps it."""
        return {
            "code": self.code,
            "message": self.message.to_json(),
            "hint": self.hint.to_json() if self.hint else None,
            "severity": self.severity.value,
            "origin": self.origin.value,
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "field": self.field,
            "header": self.header,
            "value": self.value,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Finding:
        """Return the finding that `to_json` wrote."""
        return cls(
            code=data["code"],
            message=text_from_json(data["message"]),
            hint=text_from_json(data["hint"]) if data["hint"] else None,
            severity=Severity(data["severity"]),
            origin=Origin(data["origin"]),
            sheet=data["sheet"],
            row=data["row"],
            column=data["column"],
            field=data["field"],
            header=data["header"],
            value=data["value"],
        )


@dataclass(frozen=True, slots=True)
class CellNote:
    """What the value of a cell does not tell, for the few cells where it matters."""

    number_format: str | None = None
    """Excel's format code, for numeric cells with a percent or a zero-padding format (``0.00%``, ``00000``)."""
    error: str | None = None
    """``#N/A``, ``#REF!`` …; the cell's value is then None."""
    formula_without_value: bool = False
    """A formula that was never calculated; the cell's value is then None."""


@dataclass(frozen=True, slots=True)
class ShownDecimals:
    """How many decimals the number formats of a sheet show, for the numbers in cells that have such a format."""

    places: Sequence[int] = ()
    """Row number * 2**14 + column index of each cell, ascending."""
    counts: Sequence[int] = ()
    """Of each of these cells, its decimals."""

    def of(self, row: int, column: int) -> int | None:
        """Return the decimals that a cell shows; None when its format does not say."""
        wanted = (row << 14) + column
        at = bisect_left(self.places, wanted)
        return self.counts[at] if at < len(self.places) and self.places[at] == wanted else None


@runtime_checkable
class ColumnedRows(Protocol):
    """Rows that hand out their cells by column, as those of workbooks and CSV files do: far cheaper than row by row."""

    @property
    def widest(self) -> int:
        """How many columns `columns` hands out at the most."""
        ...

    def columns(self, start: int, stop: int) -> list[list[Cell]]:
        """Return the cells of ``rows[start:stop]``, column by column: lists that are the caller's own.

        Each has as many cells as there are rows, None for blank and absent ones; there are as many columns as the
        widest of these rows has cells. Cheap in order: what stands together is unpacked together.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet as read. ``rows[i]`` is the row that Excel shows as ``i + 1`` (CSV: record ``i + 1``)."""

    file: str
    """The file's name, without its folder."""
    name: str | None
    """The sheet's name; None for CSV."""
    rows: Sequence[Sequence[Cell]]
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    notes: Mapping[tuple[int, int], CellNote] = field(default_factory=dict)
    """By (row number as Excel shows it, column index from 0)."""
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    """Indexes from 0."""
    merged: Sequence[tuple[int, int, int, int]] = ()
    """Merged areas as (row, last row, column, last column): rows as Excel shows them, columns from 0."""
    findings: tuple[Finding, ...] = ()
    """What the reader itself has to say: records with a wrong number of fields …"""
    decimals: ShownDecimals = ShownDecimals()
    encoding: str | None = None
    """Of a CSV file."""
    delimiter: str | None = None
    """By which a CSV file was divided, or a workbook's sheet that has each line of one in its first cell."""
    modified: datetime | None = None
    """When the file was saved (aware)."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """The workbook's custom document properties (our templates and results workbooks have some)."""

    def cell(self, row: int, column: int) -> Cell:
        """Return the value at a row number (as Excel shows it) and a column index; None beyond the edges."""
        if not 1 <= row <= len(self.rows):
            return None
        cells = self.rows[row - 1]
        return cells[column] if 0 <= column < len(cells) else None


@dataclass(frozen=True, slots=True)
class SheetName:
    """A sheet of a workbook, before it is read."""

    name: str | None
    visible: bool = True


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column of the sheet that feeds a field."""

    field: str
    header: str
    column: int
    """Index from 0."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the table stands in the sheet and which column feeds which field."""

    header_row: int
    """Row number of the header, as Excel shows it."""
    headers: tuple[str, ...]
    """The header's text of every column of the table, blank ones included, by index from 0."""
    columns: tuple[MappedColumn, ...]
    ignored: tuple[str, ...]
    """Headers that feed nothing."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """``--set``: for fields whose column is absent or whose cell is blank."""

    def column_of(self, name: str) -> MappedColumn | None:
        """Return the column that feeds the field `name`, if any does."""
        return next((mapped for mapped in self.columns if mapped.field == name), None)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A non-blank row of the sheet, as it stands there."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that may be sent: its understood values by field; blank optional fields are absent."""

    number: int
    values: Mapping[str, Value]
    erased: frozenset[str] = frozenset()
    """Fields whose value at the vendor is to be erased: ``(vacío)`` stands in their cells."""


@dataclass(frozen=True, slots=True)
class Item:
    """What is sent for a row (or for several that were added up): the unit of outcome."""

    id: str
    """Stable: equal in every file and every run for equal movements or values; a repeated line gets a number."""
    key_id: str
    """Stable: equal for the same thing in the same operation, whatever quantity or value."""
    content: str
    """Stable: a hash of all that is sent."""
    group: str
    """What must not share a request with another group: the `operacion`, one document."""
    key: tuple[str, ...]
    """The key's values, in the order of `Destination.key` (or `known_by`)."""
    payload: Mapping[str, Json]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """The items of one request."""

    number: int
    """From 1, in the order of sending."""
    group: str
    items: tuple[Item, ...]
    body: bytes
    """Exactly what is sent, but for credentials that a vendor wants in the body."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request without credentials and without the vendor's address."""

    method: str
    path: str
    """Relative to the vendor's address, without a leading slash."""
    body: bytes | None = None
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer; header names in lower case. Its body was capped and decoded by the transport."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Failure(StrEnum):
    """Why there is no whole answer (the table in reliability.md 1.4)."""

    NOT_CONNECTED = "not_connected"
    """Proven: nothing was sent (refused, name unknown, TLS, connect time-out)."""
    NO_ANSWER = "no_answer"
    """Sent, and the connection ended without an answer, or with half of one."""
    TIMED_OUT = "timed_out"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    """The answer is not HTTP, or its compression is broken."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """An attempt without a whole answer."""

    failure: Failure
    detail: str
    """For the log and the report; holds no address with secrets and no header."""


class ItemReading(NamedTuple):
    """What a vendor's answer says of one item that was sent."""

    position: int
    """Index in what was sent."""
    accepted: bool
    texts: tuple[str, ...] = ()
    """The vendor's own words."""
    vendor_id: str | None = None
    data: Mapping[str, Json] = MappingProxyType({})
    """What the vendor returned of it (`stock_actual` …)."""
    blamed: bool | None = None
    """Of a request that was refused as a whole: whether the vendor's words name this item; None when they name none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says. `understood` is False for anything less than a whole, well-formed answer of the contract."""

    understood: bool
    items: tuple[ItemReading, ...] = ()
    """May be fewer than were sent: what it omits is not answered."""
    texts: tuple[str, ...] = ()
    """The vendor's words about the request as a whole."""


class Presence(StrEnum):
    """What a look at the vendor's data says of an item whose answer was lost."""

    PRESENT = "present"
    ABSENT = "absent"
    DIFFERENT = "different"
    """It is there with other values: somebody else's, or older than our attempt."""
    UNKNOWN = "unknown"
    DUPLICATED = "duplicated"


@dataclass(frozen=True, slots=True)
class Sighting:
    """The judgement on one item after a look."""

    position: int
    presence: Presence
    inferred: bool = False
    """Concluded from totals, not from a record of ours: never grounds for sending again by itself."""
    seen: Mapping[str, Json] = field(default_factory=dict)
    """What was read back, for the report."""
    expected: Mapping[str, Json] = field(default_factory=dict)
    before: Mapping[str, Json] = field(default_factory=dict)
    note: Text | None = None
    vendor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Items of one batch whose fate must be looked up."""

    group: str
    payloads: tuple[Mapping[str, Json], ...]
    token: str
    baseline: Json = None
    """What `Destination.baseline` read before the first attempt; None when nothing was read."""
