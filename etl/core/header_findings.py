"""What is said when a table cannot be used as it is: every message names the headers and the option that settles it."""

from __future__ import annotations

from collections.abc import Sequence

from etl.core.header_row import SEARCHED_ROWS, HeaderCandidate
from etl.core.limits import listed
from etl.core.vocabulary import header_key
from etl.messages import Text, text, verbatim
from etl.model import Finding, Severity, Sheet, column_letter
from etl.vendors.base import Column, Destination

_SHOWN_HEADERS = 6
_UNSAFE = frozenset('"$`\\!%=')
"""A header with one of these is named by its letter, so that its command can be copied into any shell."""


def map_option(header: str, column: int, field: str) -> str:
    """Return the ``--map`` option, ready to copy, that feeds `field` from a column."""
    plain = header and header.isprintable() and not header.startswith("@") and not _UNSAFE.intersection(header)
    return f'--map "{header if plain else "@" + column_letter(column)}={field}"'


def no_header(sheet: Sheet, beyond: HeaderCandidate | None) -> Finding:
    """Say that no row has headers that are known; `beyond` is a row further down that looks like it."""
    message = text("No row among the first {rows} has headers that are known", rows=SEARCHED_ROWS)
    if beyond is not None:
        return Finding(
            "no_header",
            text("{message}; row {row} looks like it: {headers}", message=message, row=beyond.row,
                 headers=_sketch(beyond.headers)),
            text("If it is the header, give --header-row {row}", row=beyond.row),
            sheet=sheet.name,
        )  # fmt: skip
    return Finding(
        "no_header",
        message,
        text(
            "Say which row is the header with --header-row N, and what its columns are with "
            '--map "HEADER=field"; etl inspect proposes them'
        ),
        sheet=sheet.name,
    )


def unread_above(sheet: Sheet, header_row: int, other: HeaderCandidate) -> Finding:
    """Warn of a table that ends above the header."""
    return Finding(
        "rows_above_header",
        text(
            "Row {other} looks like a header, too ({headers}): the rows from there to row {header_row} are not read",
            other=other.row,
            headers=_sketch(other.headers),
            header_row=header_row,
        ),
        text("If they are data, give --header-row {row}, or put them into a sheet of their own", row=other.row),
        Severity.WARNING,
        sheet=sheet.name,
    )


def undecided_header(sheet: Sheet, tied: Sequence[HeaderCandidate]) -> Finding:
    """Ask which of several rows is the header."""
    rows = "; ".join(f"{row.row}: {_sketch(row.headers)}" for row in tied)
    return Finding(
        "undecided_header",
        text("Several rows could be the header: {rows}", rows=rows),
        text("Say which one it is: --header-row {row}", row=tied[0].row),
        sheet=sheet.name,
    )


def undecided_sheet(sheets: Sequence[Sheet]) -> Finding:
    """Ask which of several sheets is meant."""
    names = ", ".join(f"“{sheet.name}”" for sheet in sheets)
    return Finding(
        "undecided_sheet",
        text("Several sheets could be meant: {names}", names=names),
        text("Say which one it is: {option}", option=f"--sheet {_quoted(sheets[0].name or '')}"),
    )


def duplicate_column(sheet: Sheet, headers: Sequence[str], field: str, columns: Sequence[int]) -> Finding:
    """Ask which of several columns is the field's."""
    places = ", ".join(f"“{headers[index]}” ({column_letter(index)})" for index in columns)
    return Finding(
        "duplicate_column",
        text("Several columns are headed as {field}: {places}", field=field, places=places),
        text("Say which one it is: {option}", option=f'--map "@{column_letter(columns[0])}={field}"'),
        sheet=sheet.name,
        column=columns[1],
        header=headers[columns[1]],
    )


def tax_unclear(sheet: Sheet, header: str, column: int, meant: Sequence[Column]) -> Finding:
    """Ask whether a price holds the tax: nobody guesses (contract section 2)."""
    options: Text = verbatim(_option(header, column, meant[0]))
    for other in meant[1:]:
        options = text("{one} or {other}", one=options, other=_option(header, column, other))
    return Finding(
        "tax_unclear",
        text("“{header}” does not say whether the tax (IVA) is in it. Give {options}", header=header, options=options),
        text("A price is sent without the tax; with the tax in it, it is divided by 1 + the rate"),
        sheet=sheet.name,
        column=column,
        header=header,
    )


def missing_column(sheet: Sheet, column: Column, destination: Destination) -> Finding:
    """Say that a required field has neither a column nor a value for all rows."""
    different: dict[str, str] = {}
    for header in (column.label, *column.aliases[:3], column.name):
        different.setdefault(header_key(header), header)
    known = ", ".join(f"“{header}”" for header in different.values())
    return Finding(
        "missing_column",
        text("There is no column for {field} ({label})", field=column.name, label=column.label),
        _ways_to_give(column, known, destination),
        sheet=sheet.name,
    )


def hidden_column(sheet: Sheet, header: str, column: int) -> Finding:
    """Warn of a column that is read though nobody sees it."""
    return Finding(
        "hidden_column",
        text("The column “{header}” ({letter}) is hidden, and it is read", header=header, letter=column_letter(column)),
        text("Show it in Excel to see what is sent, or delete it"),
        Severity.WARNING,
        sheet=sheet.name,
        column=column,
        header=header,
    )


def unknown_column(sheet: Sheet, header: str, column: int, fed_by: str | None) -> Finding:
    """Warn of a column that feeds nothing."""
    letter = column_letter(column)
    if not header:
        message = text("Column {letter} has no header and is not read", letter=letter)
    elif fed_by is None:
        message = text("The column “{header}” ({letter}) is not known and is not read", header=header, letter=letter)
    else:
        message = text(
            "The column “{header}” ({letter}) is not read: “{other}” stands for the same",
            header=header,
            letter=letter,
            other=fed_by,
        )
    return Finding(
        "unknown_column",
        message,
        text("If it is needed, say what it holds: {option}", option=map_option(header, column, "FIELD")),
        Severity.WARNING,
        sheet=sheet.name,
        column=column,
        header=header or None,
    )


def _ways_to_give(column: Column, known: str, destination: Destination) -> Text:
    named = f'--map "HEADER={column.name}"'
    if column.choices:
        values = " / ".join(f"--set {column.name}={choice.value}" for choice in column.choices[:6])
        return text(
            "Give it for all rows ({options}; the values are {meanings}) or in a column headed {known}",
            options=values,
            meanings=listed(column.choices),
            known=known,
        )
    if column.name in destination.key[-1:]:
        return text("Head its column {known}, or name it with {option}", known=known, option=named)
    return text(
        "Head its column {known}, name it with {option}, or give one value for all rows: {constant}",
        known=known,
        option=named,
        constant=f"--set {column.name}=…",
    )


def _option(header: str, column: int, meant: Column) -> str:
    return f"{map_option(header, column, meant.name)} ({meant.label})"


def _quoted(name: str) -> str:
    """Return a name in quotes, so that its command can be copied into most shells."""
    return f"'{name}'" if _UNSAFE.intersection(name) else f'"{name}"'


def _sketch(headers: Sequence[str]) -> str:
    filled = [header for header in headers if header]
    return " | ".join([*filled[:_SHOWN_HEADERS], "…"] if len(filled) > _SHOWN_HEADERS else filled)
