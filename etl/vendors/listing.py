"""What can be read from a vendor as a list, for ``etl fetch``: data and pure functions, as its destinations are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from etl.messages import Text, text
from etl.model import Answer, Request
from etl.vendors.base import Conversation, Kind

Shown: TypeAlias = str | int | Decimal | date | None
"""A value as a sheet shows it: texts and codes, exact numbers, days."""
Record: TypeAlias = Mapping[str, Shown]
"""A line of the table, by the names of its columns."""

LIST_CHANGED = text(
    "The vendor's list changed while it was read: a record may stand twice, or be missing. Read it again to be sure."
)
"""Told beside a list whose length was not the same on every page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One of the vendor's filters, which is an option of ``etl fetch``."""

    name: str
    """As the vendor's page writes it."""
    kind: Kind = Kind.TEXT
    """TEXT and CODE go as they are, INTEGER is a whole number, DATETIME a day."""


@dataclass(frozen=True, slots=True)
class ListedColumn:
    """A column of the table."""

    name: str
    """As the vendor's JSON names it; of a nested node its name and ``Id`` (`officeId`)."""
    label: str
    """The header, in Spanish; where a destination has the field, a header that it recognises."""
    as_text: bool = False
    """Whether it holds codes: its blank cells are text cells too."""
    optional: bool = False
    """Left out when no record has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of a list."""

    filters: Mapping[str, str] = field(default_factory=dict)
    """As they are sent: a day is already what the vendor makes of it."""
    fields: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    details: bool = False
    """One record a line of a document, instead of one a document."""
    number: int | None = None
    """The id of the one record that is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was read. Records come in the vendor's order."""

    records: tuple[Record, ...] = ()
    refusal: str | None = None
    """The vendor's words when it refused the question; blank when it said nothing."""
    missing: bool = False
    """There is no record of that id."""
    notes: tuple[Text, ...] = ()
    """What the person should know about the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of a vendor's records."""

    name: str
    """``vendor.resource``"""
    title: Text
    columns: tuple[ListedColumn, ...]
    detail_columns: tuple[ListedColumn, ...] = ()
    """What a line of a document adds; none where records have no lines."""
    read: Callable[[Wanted], Conversation[Fetched | None]]
    """None when an answer cannot be understood."""
    extent: Callable[[Request, Answer], tuple[int, int] | None]
    """(request, its answer) -> (records up to here, records of the whole list); None when it tells no such thing."""
    filters: tuple[Filter, ...] = ()
    expand: tuple[str, ...] = ()
    """Nested nodes that the vendor tells in full when asked to."""
    by_number: bool = False
    """Whether one record can be had by its id."""
    number_filters: tuple[str, ...] = ()
    """The filters that may stand beside an id."""
    selectable: bool = False
    """Whether the vendor can be asked for some attributes only."""
