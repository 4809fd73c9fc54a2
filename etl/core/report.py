"""What a command has to tell, once and for all: workbook, JSON and the terminal's summary all read a `Report`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import NamedTuple, overload

from etl.core.changes import Changed
from etl.messages import Text
from etl.model import Cell, Finding, Json, MappedColumn, Outcome, SourceRow, Value


class ReportRow(NamedTuple):
    """A non-blank source row and what became of it: a tuple, for a report has as many as the sheet."""

    number: int | None
    """As Excel shows it; None for a row added to a results workbook."""
    cells: tuple[Cell, ...]
    """As they stand in the sheet, by column index."""
    outcome: Outcome
    reasons: tuple[Text, ...] = ()
    """Why, when it is not plain: the errors, the vendor's words, what is not known."""
    batch: int | None = None
    vendor_id: str | None = None
    data: Mapping[str, Json] = MappingProxyType({})
    """What the vendor returned."""
    derived: Mapping[str, Value] = MappingProxyType({})
    """Fields that we computed from the sheet's (`precio_unitario_sin_iva` from `precio_con_iva`)."""
    changes: Mapping[str, Changed] = MappingProxyType({})
    """By field, what is set to another value than the vendor had; only of rows that are, were or would be sent."""
    formats: Mapping[int, str] = MappingProxyType({})
    """Excel's format code by column index where it changes what a number means (``0.00%``, ``00000``: `CellNote`)."""


class ReportRows(Sequence[ReportRow]):
    """Rows with their outcomes, made when they are looked at: go through them in order."""

    def __init__(
        self,
        rows: Sequence[SourceRow],
        outcomes: Sequence[Outcome],
        tell: Callable[[SourceRow, Outcome], ReportRow],
        *,
        changing: bool,
    ) -> None:
        """Tell of each row of `rows` with its outcome, the one at the same place.

        `changing` says whether some of them change values at the vendor.
        """
        self.outcomes = outcomes
        self.changing = changing
        self._rows = rows
        self._tell = tell

    def __len__(self) -> int:
        return len(self.outcomes)

    def __iter__(self) -> Iterator[ReportRow]:
        return map(self._tell, self._rows, self.outcomes)

    @overload
    def __getitem__(self, index: int) -> ReportRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[ReportRow]: ...

    def __getitem__(self, index: int | slice) -> ReportRow | list[ReportRow]:
        if isinstance(index, slice):
            return list(map(self._tell, self._rows[index], self.outcomes[index]))
        return self._tell(self._rows[index], self.outcomes[index])


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of a run: needed by the plan, submissions sent, read-backs and look-ups made."""

    planned: int = 0
    sent: int = 0
    reads: int = 0


@dataclass(frozen=True, slots=True)
class UncertainRow:
    """What is known of a row whose fate is not."""

    ref: int
    """The row's number; -1 for the first row that was added to a results workbook (`etl.core.row_names`)."""
    batch: int
    payload: Mapping[str, Json]
    sent_at: datetime
    reason: Text
    before: Mapping[str, Json] = field(default_factory=dict)
    expected: Mapping[str, Json] = field(default_factory=dict)
    seen: Mapping[str, Json] = field(default_factory=dict)
    seen_at: datetime | None = None
    inferred: bool = False
    """The look says it was not applied, as far as totals can tell: an operator's decision."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a command tells. `rows` is complete: every non-blank source row, in the sheet's order."""

    command: str
    to: str | None = None
    run: str | None = None
    profile: str | None = None
    account: str | None = None
    company: str | None = None
    host: str | None = None
    file: str | None = None
    file_sha256: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    headers: tuple[str, ...] = ()
    columns: tuple[MappedColumn, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    """How the sheet was read, by option name (``decimal``, ``round``, ``duplicates``): the workbook carries it on."""
    typed: str | None = None
    """The command line as it was typed; None for a run: its workbook is what is sent again."""
    notices: tuple[Text, ...] = ()
    """What the person should know first: older uncertain rows, an account this journal does not know …"""
    unchecked: tuple[Text, ...] = ()
    """What a check without sending could not know."""
    findings: tuple[Finding, ...] = ()
    rows: Sequence[ReportRow] = ()
    uncertain: tuple[UncertainRow, ...] = ()
    requests: Requests = Requests()
    cost: tuple[Text, ...] = ()
    """What a plan that was not sent would cost in requests, and what is left of them."""
    started: datetime | None = None
    finished: datetime | None = None
    exit_code: int = 0
    repeat: bool = False
    """Refused because it was sent already."""
    stopped: Text | None = None
    """Why it ended before its end, or was refused."""
    next_steps: tuple[Text, ...] = ()
    """What to do next, in order; commands stand in them ready to copy."""
    results: str | None = None
    """Path of the workbook that was written."""
    annotated: str | None = None
    """Path of the annotated copy of the user's own workbook."""

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome, all outcomes present; `read` is their sum."""
        outcomes = self.rows.outcomes if isinstance(self.rows, ReportRows) else [row.outcome for row in self.rows]
        counted = Counter(outcomes)
        return {"read": len(self.rows), **{outcome.value: counted.get(outcome, 0) for outcome in Outcome}}

    @property
    def changed_fields(self) -> dict[str, int]:
        """In how many rows each field is set to another value than the vendor had, the most frequent first."""
        rows = () if isinstance(self.rows, ReportRows) and not self.rows.changing else self.rows
        return dict(Counter(name for row in rows for name in row.changes).most_common())

    def low_stock(self, stock: str, minimum: str) -> Iterator[ReportRow]:
        """Yield the accepted rows whose returned `stock` is at or below the returned `minimum`."""
        for row in self.rows:
            if row.outcome is not Outcome.ACCEPTED:
                continue
            left, least = _quantity(row.data.get(stock)), _quantity(row.data.get(minimum))
            if left is not None and least is not None and left <= least:
                yield row


def _quantity(value: Json) -> Decimal | None:
    """Return a returned number, which some vendors quote; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
