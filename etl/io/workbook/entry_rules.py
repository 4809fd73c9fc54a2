"""What Excel lets a person type into a column: drop-downs, limits and input messages out of its declaration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from etl.io.workbook.book import MAX_ROWS, Book
from etl.io.workbook.cell_xml import cell_text
from etl.io.workbook.names import SheetKind
from etl.messages import Text, text
from etl.model import column_letter
from etl.vendors.base import Choice, Column, Destination, Kind, Need

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_MESSAGE = 255
_TITLE = 32
_LISTED = 160
_FAR = 10**12
_NEEDED: Mapping[Need, Text] = {
    Need.ALWAYS: text("Required."),
    Need.SOMETIMES: text("Required to add; blank keeps what is there."),
    Need.NEVER: text("Optional."),
}
"""Beyond any count: Excel wants two ends for "any whole number"."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Where the hidden sheet holds the entries of each drop-down."""

    references: Mapping[str, str]
    """By field: ``='Listas'!$A$2:$A$7``."""


def add_lists(book: Book, destination: Destination) -> Lists:
    """Add the hidden sheet with the entries, codes and meanings of every code list.

    A drop-down needs cells as its source: a literal list splits decimals where the comma is the decimal mark (es-AR).
    """
    sheet = book.add_sheet(SheetKind.LISTS)
    sheet.hide()
    references = {}
    listed = [column for column in destination.columns if column.choices]
    for position, column in enumerate(listed):
        first = position * 3
        for offset, title in enumerate((column.label, column.name, column.name)):
            sheet.write_string(0, first + offset, title)
        for row, choice in enumerate(column.choices, start=1):
            for offset, value in enumerate((entry_of(column, choice), choice.value, choice.meaning)):
                _write_entry(sheet, row, first + offset, value)
        letter = column_letter(first)
        references[column.name] = f"='{book.name_of(SheetKind.LISTS)}'!${letter}$2:${letter}${len(column.choices) + 1}"
    return Lists(references)


def entry_of(column: Column, choice: Choice) -> str | Decimal:
    """Return what a drop-down offers for a choice: its code, or its meaning where codes are but numbers in a table."""
    numbered = all(isinstance(choice.value, str) and choice.value.isdecimal() for choice in column.choices)
    return choice.meaning if numbered else choice.value


def add_entry_rules(
    book: Book,
    sheet: Worksheet,
    destination: Destination,
    columns: Mapping[int, Column],
    lists: Lists,
    *,
    first_row: int,
    advise: bool,
) -> None:
    """Validate what is typed into columns (by index) from `first_row` (from 0) to the sheet's end.

    With `advise` a message tells what belongs into the cell while it is selected.
    """
    for index, column in columns.items():
        rule = _rule(column, column_letter(index) + str(first_row + 1), lists)
        if destination.erasable(column):
            # A warning only: (vacío) is understood too.
            rule["error_type"] = "warning"
        if advise:
            rule["input_title"] = column.label[:_TITLE]
            rule["input_message"] = _cut(as_sentences(book, entry_advice(column, destination.need(column))))
        elif rule["validate"] == "any":
            continue
        rule["error_title"] = column.label[:_TITLE]
        rule["error_message"] = _cut(as_sentences(book, (*format_advice(column), text("Press Esc to leave it."))))
        sheet.data_validation(first_row, index, MAX_ROWS - 1, index, rule)


def entry_advice(column: Column, need: Need) -> Iterator[Text]:
    """Yield what to know about a column when filling it in: what it is, whether it must be, its format."""
    yield column.help
    yield _NEEDED[need]
    yield from format_advice(column)


def format_advice(column: Column) -> Iterator[Text]:
    """Yield a column's format: its codes with their meanings, its length, its decimals, its least value."""
    if column.choices:
        yield text("Choose from the list: {choices}", choices=_choices(column))
    elif column.kind is Kind.INTEGER:
        yield text("A whole number.")
    elif column.kind is Kind.DECIMAL:
        yield text("A number.")
    elif column.kind is Kind.DATETIME:
        yield text("Day and hour, like 31/03/2026 18:00, or with its zone: 2026-03-31T18:00-03:00.")
    if column.max_length is not None and not column.choices:
        yield text("At most {count} characters.", count=column.max_length)
    if column.max_decimals is not None and not column.choices:
        yield text("At most {count} decimals.", count=column.max_decimals)
    if column.minimum is not None:
        yield _least(column, column.minimum)


def as_sentences(book: Book, messages: Iterable[Text]) -> str:
    """Return messages one after another, each ending in a full stop."""
    said = (book.say(message).rstrip(".") for message in messages)
    return " ".join(words if words.endswith("…") else f"{words}." for words in said)


def _least(column: Column, minimum: Decimal) -> Text:
    if column.above_minimum:
        return text("Greater than {minimum}.", minimum=str(minimum))
    return text("{minimum} or more.", minimum=str(minimum))


def _choices(column: Column) -> str:
    """Return the entries with their meanings, as many as a message of Excel can show."""
    shown = []
    for choice in column.choices:
        entry = str(entry_of(column, choice))
        plain = entry in (choice.meaning, choice.meaning.rstrip("%").replace(",", "."))
        shown.append(entry if plain else f"{entry} = {choice.meaning}")
    whole = ", ".join(shown)
    return whole if len(whole) <= _LISTED else ", ".join(shown[:5]) + " …"


def _rule(column: Column, cell: str, lists: Lists) -> dict[str, Any]:
    if column.choices:
        # A warning only: "si" or "21%" are understood though they are not in the list.
        return {"validate": "list", "source": lists.references[column.name], "error_type": "warning"}
    if column.kind is Kind.INTEGER:
        return _whole_number(column)
    if column.kind is Kind.DECIMAL:
        return {"validate": "custom", "value": _decimal_formula(column, cell)}
    if column.max_length is not None:
        return {"validate": "length", "criteria": "<=", "value": column.max_length}
    return {"validate": "any"}


def _whole_number(column: Column) -> dict[str, Any]:
    if column.minimum is None:
        return {"validate": "integer", "criteria": "between", "minimum": -_FAR, "maximum": _FAR}
    criteria = ">" if column.above_minimum else ">="
    return {"validate": "integer", "criteria": criteria, "value": int(column.minimum)}


def _decimal_formula(column: Column, cell: str) -> str:
    """Return our own formula that holds for a number within the column's limits."""
    conditions = [f"ISNUMBER({cell})"]
    if column.minimum is not None:
        conditions.append(f"{cell}{'>' if column.above_minimum else '>='}{column.minimum}")
    if column.max_decimals is not None:
        conditions.append(f"ROUND({cell},{column.max_decimals})={cell}")
    return f"=AND({','.join(conditions)})"


def _write_entry(sheet: Worksheet, row: int, index: int, value: str | Decimal) -> None:
    if isinstance(value, Decimal):
        sheet.write_number(row, index, float(value))
    else:
        sheet.write_string(row, index, cell_text(value))


def _cut(words: str) -> str:
    return words if len(words) <= _MESSAGE else words[: _MESSAGE - 1] + "…"
