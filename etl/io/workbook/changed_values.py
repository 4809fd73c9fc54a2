"""What a run changes at the vendor: two columns a field in `Filas`, and a section of `Resumen`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from etl.core.changes import ERASED
from etl.core.numbers import plain_digits
from etl.core.plain_text import plain
from etl.core.report import Report, ReportRow
from etl.io.workbook.book import Book
from etl.io.workbook.page import Page
from etl.messages import text
from etl.model import Json

_MOST_FIELDS = 20
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Extra:
    """A column of ours beside the user's: its header, and what stands there of a row (None: nothing)."""

    name: str
    value: Callable[[ReportRow], Any]


def changed_columns(book: Book, shown: Sequence[ReportRow]) -> Iterator[Extra]:
    """Yield, for each field that changes in some row, what the vendor had and what is sent."""
    for name in dict.fromkeys(name for row in shown for name in row.changes):
        yield Extra(book.say(text("{field} (before)", field=name)), partial(_before, name))
        yield Extra(book.say(text("{field} (after)", field=name)), partial(_after, name))


def write_changes(page: Page, report: Report) -> None:
    """Write the section of `Resumen`: each field that changes, in how many rows, and the first of them."""
    fields = report.changed_fields
    if not fields:
        return
    page.section(text("What changes at the vendor"))
    for column, title in enumerate((text("Field"), text("Rows"), text("For instance"))):
        page.put(column, title, "own header")
    page.end_row()
    for name, count in list(fields.items())[:_MOST_FIELDS]:
        page.put(0, name, "top")
        page.put(1, count, "count")
        page.put(2, "; ".join(_examples(report, name)), "wrap")
        page.end_row()


def _examples(report: Report, name: str) -> Iterator[str]:
    """Yield the first changes of a field: ``10.5 → 11 (fila 2)``."""
    changed = [row for row in report.rows if name in row.changes]
    for row in changed[:_EXAMPLES]:
        change = row.changes[name]
        place = "" if row.number is None else f" ({row.number})"
        yield f"{_worded(change.before)} → {_worded(change.after)}{place}"


def _worded(value: Json) -> str:
    if value is None or value == "":
        return ERASED
    return plain_digits(value) if isinstance(value, Decimal) else plain(str(value), limit=60)


def _before(name: str, row: ReportRow) -> Json:
    change = row.changes.get(name)
    return None if change is None or change.before == "" else change.before


def _after(name: str, row: ReportRow) -> Json:
    change = row.changes.get(name)
    if change is None:
        return None
    return ERASED if change.after is None or change.after == "" else change.after
