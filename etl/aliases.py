"""Tells rows that the vendor takes for one and the same thing although the sheet knows it by two keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from etl.core.outcomes import ItemState
from etl.io.journal.records import ItemRecord, RowRecord, RunRecord
from etl.messages import text
from etl.model import Finding, Json, Severity
from etl.vendors import DESTINATIONS

_LISTED = 12


def alias_findings(run: RunRecord, rows: Iterable[RowRecord], items: Mapping[int, ItemRecord]) -> Iterator[Finding]:
    """Yield a warning for each accepted row whose thing other rows of the run name by another key."""
    destination = DESTINATIONS.get(run.destination)
    if destination is None or not destination.same_thing:
        return
    things: dict[tuple[Json, ...], list[ItemRecord]] = {}
    for item in items.values():
        thing = tuple(item.data.get(name) for name in destination.same_thing)
        if item.state is ItemState.CONFIRMED and any(thing[1:]):
            things.setdefault(thing, []).append(item)
    groups = {item.place: group for group in things.values() if len(group) > 1 for item in group}
    numbers: dict[int, list[int | None]] = {}
    sources = [row for row in rows if row.item in groups] if groups else []
    for row in sources:
        numbers.setdefault(row.item or 0, []).append(row.number)
    for row in sources:
        places = [item.place for item in groups[row.item or 0]]
        listed = [str(number) for place in places[:_LISTED] for number in numbers[place]]
        yield Finding(
            "same_thing",
            text(
                "The vendor takes rows {rows} for one and the same: one value has replaced the other",
                rows=", ".join(listed),
            ),
            text("One of them may have an internal id and the other an external one. Leave only one of them"),
            Severity.WARNING,
            sheet=run.facts["sheet"],
            row=row.number,
        )
