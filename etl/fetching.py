"""Reads a vendor's list for ``etl fetch``: all of its pages, into a table that is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etl.core.plain_text import plain
from etl.dispatch import inquiry, introduction
from etl.errors import DeniedError, InterruptedRunError, UsageError
from etl.inquiry import Halt, ending_error
from etl.messages import Text, text
from etl.model import Answer, Request
from etl.options import Person
from etl.settings import Settings
from etl.vendors import vendor_of
from etl.vendors.base import Conversation
from etl.vendors.listing import Fetched, ListedColumn, Listing, Record, Wanted
from etl.wanted import FetchOptions, wanted_of


@dataclass(frozen=True, slots=True)
class Table:
    """A list as it is written: its columns, and its records in the vendor's order."""

    name: str
    columns: tuple[ListedColumn, ...]
    records: tuple[Record, ...]
    reads: int
    """Requests that were made."""


def fetch(listing: Listing, options: FetchOptions, settings: Settings, person: Person) -> Table:
    """Read a list to its end.

    UsageError for what cannot be asked, DeniedError for what is not there or was refused, ConfigurationError for
    credentials, InterruptedRunError when the vendor cannot be read to the end, StoppedError after a signal.
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
        raise DeniedError(text("The vendor has no record with the id {number}.", number=wanted.number or 0))
    if fetched.refusal is not None:
        raise DeniedError(_refused(fetched.refusal))
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
