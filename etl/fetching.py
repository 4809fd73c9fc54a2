"""Reads a vendor's list for ``etl fetch``: checks what is asked for, follows all pages, and writes the table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from etl.core.plain_text import plain
from etl.dispatch import inquiry, introduction
from etl.errors import InterruptedRunError, UsageError
from etl.inquiry import Halt, ending_error
from etl.messages import Text, text
from etl.model import Answer, Request
from etl.options import Person
from etl.settings import Settings
from etl.vendors import vendor_of
from etl.vendors.base import Conversation, Kind
from etl.vendors.listing import Fetched, Filter, ListedColumn, Listing, Record, Wanted

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


@dataclass(frozen=True, slots=True)
class Table:
    """A list as it is written: its columns, and its records in the vendor's order."""

    name: str
    columns: tuple[ListedColumn, ...]
    records: tuple[Record, ...]
    reads: int
    """Requests that were made."""


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


def fetch(listing: Listing, options: FetchOptions, settings: Settings, person: Person) -> Table:
    """Read a list to its end.

    UsageError for what cannot be asked or was refused, ConfigurationError for credentials, InterruptedRunError when
    the vendor cannot be read to the end, StoppedError after a signal.
    """
    wanted = wanted_of(listing, options)
    vendor = vendor_of(listing.name)
    profile = settings.profile(vendor.name)
    profile.credentials()
    person.say(introduction(profile))
    with inquiry(vendor, settings, profile, person, max_requests=options.max_requests) as asking:
        try:
            fetched = asking.hold(_watched(listing, listing.read(wanted), person.progress))
        except Halt as halt:
            raise ending_error(
                halt.ending, text("The list could not be read to its end: {why}", why=halt.ending.message or "")
            ) from halt
    records = _accepted(fetched, wanted)
    for note in fetched.notes if fetched is not None else ():
        person.say(note)
    return Table(listing.name, _columns(listing, wanted, records), records, asking.reads)


def write_table(table: Table, path: Path, now: datetime) -> None:
    """Write the table as the name of the file says, replacing what is there: whole, or not at all.

    UsageError for another kind of file or more records than a sheet holds, OSError when it cannot be written.
    """
    if path.suffix.lower() == ".csv":
        from etl.io.csv_file import write_csv  # noqa: PLC0415 - each kind of file when it is wanted

        write_csv(path, table.columns, table.records)
        return
    from etl.io.workbook.listed import MOST_RECORDS, write_listed  # noqa: PLC0415 - XlsxWriter

    if len(table.records) > MOST_RECORDS:
        raise UsageError(
            text("{count} records do not fit into a sheet of Excel.", count=len(table.records)),
            hint=text("Write them as CSV (-o NAME.csv), or narrow the list with a filter."),
        )
    write_listed(path, table.name, table.columns, table.records, now)


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


def _watched(
    listing: Listing, conversation: Conversation[Fetched | None], progress: Callable[[int, int], None]
) -> Conversation[Fetched | None]:
    """Hold the same conversation, telling how far it got."""
    try:
        request: Request = next(conversation)
        while True:
            answer: Answer = yield request
            extent = listing.extent(request, answer)
            if extent is not None:
                progress(*extent)
            request = conversation.send(answer)
    except StopIteration as end:
        fetched: Fetched | None = end.value
        return fetched
    finally:
        conversation.close()


def _accepted(fetched: Fetched | None, wanted: Wanted) -> tuple[Record, ...]:
    """Return the records, or raise what the person must know instead."""
    if fetched is None:
        raise InterruptedRunError(text("The vendor's answer could not be understood. Nothing was written."))
    if fetched.missing:
        raise UsageError(text("The vendor has no record with the id {number}.", number=wanted.number or 0))
    if fetched.refusal is not None:
        raise UsageError(_refused(fetched.refusal))
    return fetched.records


def _refused(words: str) -> Text:
    if not words.strip():
        return text("The vendor refused the question without saying why. Nothing was written.")
    return text('The vendor refused the question: "{words}". Nothing was written.', words=plain(words))


def _columns(listing: Listing, wanted: Wanted, records: Sequence[Record]) -> tuple[ListedColumn, ...]:
    """Return the columns of the table: those of the list, then whatever else the vendor told, by its own name."""
    declared = (*listing.columns, *(listing.detail_columns if wanted.details else ()))
    told = {name: None for record in records for name in record}
    kept = [one for one in declared if one.name in told or not (one.optional or wanted.fields)]
    known = {one.name for one in declared}
    return (*kept, *(ListedColumn(name, name) for name in told if name not in known))
