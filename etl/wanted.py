"""Decides what may be asked of a vendor's list, and how what a person typed is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from etl.errors import UsageError
from etl.messages import text
from etl.vendors.base import Kind
from etl.vendors.listing import Filter, Listing, Wanted

_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_EPOCH = re.compile(r"\d{9,11}", re.ASCII)
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})|(\d{4})-(\d{2})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """What a person asks of a list; filters by the vendor's names for them, as they were typed."""

    filters: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    details: bool = False
    number: int | None = None
    max_requests: int | None = None


def wanted_of(listing: Listing, options: FetchOptions) -> Wanted:
    """Return what is asked for, as the vendor wants it. UsageError for what this list cannot be asked."""
    _refuse_what_is_not_there(listing, options)
    known = {one.name: one for one in listing.filters}
    return Wanted(
        filters={name: _sent(known[name], value.strip()) for name, value in options.filters.items()},
        fields=tuple(name.lower() for name in options.fields),
        expand=tuple(name.lower() for name in options.expand),
        details=options.details,
        number=options.number,
    )


def check_target(path: Path) -> None:
    """Refuse, before anything is read, a file that is neither .xlsx nor .csv or whose folder is not there."""
    if path.suffix.lower() not in {".xlsx", ".csv"}:
        raise UsageError(text("{name} is neither .xlsx nor .csv.", name=path.name))
    if not path.parent.is_dir():
        raise UsageError(text("There is no folder {folder}.", folder=str(path.parent)))


def _refuse_what_is_not_there(listing: Listing, options: FetchOptions) -> None:
    filters = [one.name for one in listing.filters]
    allowed = listing.number_filters if options.number is not None else filters
    for name in options.filters:
        if name not in filters:
            raise _not_here(listing, f"--{name}", filters)
        if name not in allowed:
            raise UsageError(text("--{option} cannot stand beside --id.", option=name))
    for name in options.expand:
        if name.lower() not in listing.expand:
            raise _not_here(listing, f"--expand {name}", listing.expand, "--expand {}")
    offered = {
        "--id": (options.number is not None, listing.by_number),
        "--details": (options.details, bool(listing.detail_columns)),
        "--fields": (bool(options.fields), listing.selectable),
    }
    for name, (asked, there) in offered.items():
        if asked and not there:
            raise _not_here(listing, name, filters)
    if options.fields and (options.details or options.number is not None):
        raise UsageError(text("--fields stands for whole lists only, without --id and --details."))


def _not_here(listing: Listing, option: str, known: Sequence[str], form: str = "--{}") -> UsageError:
    offered = ", ".join(form.format(name) for name in known)
    hint = text("It has: {options}", options=offered) if offered else text("It has no filters.")
    return UsageError(text("{list} has no {option}.", list=listing.name, option=option), hint=hint)


def _sent(one: Filter, value: str) -> str:
    """Return a filter's value as it is sent: a day as the second at which it begins in UTC (facts 2.8)."""
    if one.kind is Kind.INTEGER and not _WHOLE.fullmatch(value):
        raise UsageError(text("--{option} must be a whole number, and is {value}.", option=one.name, value=value))
    if one.kind is Kind.DATETIME and not _EPOCH.fullmatch(value):
        day = _day(value)
        if day is None:
            raise UsageError(
                text("--{option} must be a day, and is {value}.", option=one.name, value=value),
                hint=text("Write it like 2026-03-31 or 31/03/2026."),
            )
        return str(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))
    if not value:
        raise UsageError(text("--{option} is blank.", option=one.name))
    return value


def _day(value: str) -> date | None:
    found = _DAY.fullmatch(value)
    if found is None:
        return None
    day, month, year = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
