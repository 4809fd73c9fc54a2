"""The sheet `Filas`: every row of the user's sheet with what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from etl.core.plain_text import plain
from etl.core.report import Report, ReportRow
from etl.core.row_names import row_name, row_refs
from etl.io.workbook.book import MAX_ROWS, Book, Styles
from etl.io.workbook.cell_xml import cell_xml, column_xml, text_end
from etl.io.workbook.changed_values import Extra, changed_columns
from etl.io.workbook.look import TABS
from etl.io.workbook.names import Heading, SheetKind, heading, state
from etl.io.workbook.page import finish_table, row_xml, stretches
from etl.io.workbook.user_table import UserTable, fitting_width
from etl.messages import Text
from etl.model import Json, Outcome, Value, column_letter
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_REASON_WIDTH = 60
_FIXED = (Heading.ROW, Heading.STATE, Heading.REASON, Heading.BATCH, Heading.VENDOR_ID)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where `Filas` shows what, for the links of other sheets."""

    sheet: str
    rows: Mapping[int, int]
    """Row number in the user's sheet -> row number in `Filas`."""
    width: int
    """Of the user's columns."""
    left_out: int
    """Rows that did not fit into a sheet."""

    def link(self, row: int, column: int | None) -> str | None:
        """Return the address of a user's cell (of the row's first cell without `column`), if it is shown."""
        if row not in self.rows:
            return None
        index = column if column is not None and column < self.width else 0
        return f"internal:{self.sheet}!{column_letter(index)}{self.rows[row]}"


def add_rows_sheet(book: Book, report: Report, destination: Destination, table: UserTable) -> Placed:
    """Add `Filas`: the user's columns, then what became of the row, what the vendor returned, what we computed."""
    sheet = book.add_sheet(SheetKind.ROWS)
    shown = report.rows[: MAX_ROWS - 1]
    extras = [*_extras(shown, destination), *changed_columns(book, shown)]
    fixed = [heading(kind, book.language) for kind in _FIXED]
    own = _own_headers(table.headers, fixed, [extra.name for extra in extras])
    table.set_columns(sheet, book)
    _set_own_columns(sheet, table.width, own)
    positions = {row.number: index for index, row in enumerate(shown, start=2) if row.number is not None}
    table.comment(sheet, book, zip(shown, range(2, len(shown) + 2), strict=True))
    columns = table.width + len(own)

    def rows(styles: Styles) -> Iterator[str]:
        own_cells = _own_drawer(book, table.width, extras, styles)
        header = [*table.header_xml(styles), *_own_header_xml(own, table.width, styles)]
        yield f'<row r="1" ht="32" customHeight="1">{"".join(header)}</row>'
        refs = row_refs(row.number for row in shown)
        for start, numbers in stretches(len(shown)):
            stretch = shown[start : start + len(numbers)]
            theirs = table.cells_xml(stretch, numbers, styles)
            ours = own_cells(stretch, numbers, refs[start : start + len(numbers)])
            yield from map(row_xml, numbers, theirs, ours)

    styles = table.styles | {"own", "own number", "moment"} | {f"state:{outcome}" for outcome in Outcome}
    book.stream(sheet, rows, styles, last_row=len(shown) + 1, columns=columns)
    finish_table(book, sheet, rows=len(shown), columns=columns)
    sheet.set_tab_color(TABS["calm"])
    return Placed(book.name_of(SheetKind.ROWS), positions, table.width, len(report.rows) - len(shown))


def reason_of(say: Callable[[Text], str], reasons: Sequence[Text]) -> str | None:
    """Return a row's reasons in one line."""
    if not reasons:
        return None
    return " · ".join(plain(say(reason)) for reason in reasons) or None


def _own_headers(taken: Sequence[str], fixed: Sequence[str], fields: Sequence[str]) -> list[str]:
    """Return the names of our columns; one that the user's sheet has, or that stands twice, gets `` (etl)``."""
    used = {name.strip().casefold() for name in taken}
    own = []
    for name in (*fixed, *fields):
        free = name
        while free.casefold() in used:
            free += " (etl)"
        used.add(free.casefold())
        own.append(free)
    return own


def _own_header_xml(own: Sequence[str], first: int, styles: Styles) -> Iterator[str]:
    for index, name in enumerate(own, start=first):
        yield cell_xml(f"{column_letter(index)}1", name, styles["own header"])


def _set_own_columns(sheet: Worksheet, first: int, own: Sequence[str]) -> None:
    for index, name in enumerate(own):
        kind = _FIXED[index] if index < len(_FIXED) else None
        width = _REASON_WIDTH if kind is Heading.REASON else fitting_width(name, ("no enviada",))
        sheet.set_column(first + index, first + index, width)


def _extras(shown: Sequence[ReportRow], destination: Destination) -> Iterator[Extra]:
    """Yield a column for each value that the vendor returned, then for each that we computed."""
    for name in _names(row.data for row in shown):
        yield Extra(name, partial(_returned, name))
    for name in destination.derived_fields:
        if any(name in row.derived for row in shown):
            yield Extra(name, partial(_computed, name))


def _returned(name: str, row: ReportRow) -> Json:
    return row.data.get(name)


def _computed(name: str, row: ReportRow) -> Value | None:
    return row.derived.get(name)


def _names(mappings: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for mapping in mappings if mapping for name in mapping))


def _own_drawer(
    book: Book, first: int, extras: Sequence[Extra], styles: Styles
) -> Callable[[Sequence[ReportRow], Sequence[str], Sequence[int]], Iterator[Sequence[str]]]:
    """Return what gives our cells of the rows of a stretch, with their numbers here and their references."""
    letters = [column_letter(first + index) for index in range(len(_FIXED) + len(extras))]
    number_of, state_at, reason_at, batch_at, id_at = letters[: len(_FIXED)]
    others = list(zip(letters[len(_FIXED) :], extras, strict=True))
    states = {outcome: text_end(state(outcome, book.language), styles[f"state:{outcome}"]) for outcome in Outcome}

    def muted(value: object) -> str:
        return styles["moment" if isinstance(value, datetime) else "own"]

    def draw(rows: Sequence[ReportRow], numbers: Sequence[str], refs: Sequence[int]) -> Iterator[Sequence[str]]:
        named = [ref if ref > 0 else row_name(ref) for ref in refs]
        columns = [
            column_xml(number_of, numbers, named, muted),
            [f'<c r="{state_at}{number}"{states[row.outcome]}' for number, row in zip(numbers, rows, strict=True)],
            column_xml(reason_at, numbers, [reason_of(book.say, row.reasons) for row in rows], lambda _: ""),
            column_xml(batch_at, numbers, [row.batch for row in rows], muted),
            column_xml(id_at, numbers, [row.vendor_id for row in rows], muted),
            *(
                column_xml(letter, numbers, [shown_value(extra.value(row)) for row in rows], muted)
                for letter, extra in others
            ),
        ]
        return zip(*columns, strict=True)

    return draw


def shown_value(value: Any) -> Any:
    """Return a returned or derived value as a cell shows it: lists and objects as text, moments in local time."""
    if isinstance(value, datetime):
        return local(value)
    return str(value) if isinstance(value, list | dict | tuple) else value


def local(moment: datetime) -> datetime:
    """Return a moment in the time of this machine, to the second, as Excel shows times."""
    return (moment.astimezone() if moment.tzinfo else moment).replace(tzinfo=None, microsecond=0)
