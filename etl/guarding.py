"""Puts the guards before the first request: what is known of the vendor, what they say, and who lets them pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from etl.consent import agreed
from etl.core.causes import ranges
from etl.core.changes import changes_of
from etl.core.guards import GUARDS, Alarm, Change, Proposal, judge
from etl.core.outcomes import ItemState
from etl.core.places import Places
from etl.core.thresholds import Thresholds
from etl.errors import UsageError
from etl.messages import Text, ntext, text, verbatim
from etl.model import Finding, Item, Json, Severity
from etl.options import Person
from etl.plans import Plan
from etl.vendors.answers import number_of
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.io.journal.records import Journal


def known_guards(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the codes that a person confirms. Raises UsageError for one that no guard has."""
    confirmed = tuple(codes)
    for code in confirmed:
        if code not in GUARDS:
            raise UsageError(
                text("There is no guard {code}", code=code), hint=text("Guards: {codes}", codes=", ".join(GUARDS))
            )
    return confirmed


def remembered(
    planned: Plan, destination: Destination, journal: Journal, account: str
) -> Mapping[str, Mapping[str, Json]]:
    """Return, by item id, what the vendor took last by this journal; nothing where the vendor itself can be read."""
    if destination.remembered is None:
        return {}
    keys = {item.id: item.key_id for batch in planned.batches for item in batch.items}
    last = journal.last_values(account, destination.name, keys.values())
    known = {key: value.payload for key, value in last.items() if value.state is ItemState.CONFIRMED}
    return {item: known[key] for item, key in keys.items() if key in known}


def takes_away(planned: Plan, destination: Destination) -> bool:
    """Whether a part of the plan takes units out of a stock that can be read first."""
    taken = destination.watched.taken
    return taken is not None and any(batch.group == taken[0] for batch in planned.batches)


def alarms(
    planned: Plan,
    intake: Intake,
    destination: Destination,
    thresholds: Thresholds,
    confirmed: Sequence[str],
    last: Mapping[str, Mapping[str, Json]] | None = None,
) -> tuple[Alarm, ...]:
    """Return the guards that fire on a plan and that nobody has confirmed.

    `last`: by item id, what the vendor took last (`remembered`), where it cannot be asked.
    """
    proposals = list(_proposals(planned, intake, destination, last or {}))
    found = judge(proposals, destination.watched, thresholds, intake.catalogue)
    return tuple(alarm for alarm in found if alarm.code not in confirmed)


def _proposals(
    planned: Plan, intake: Intake, destination: Destination, last: Mapping[str, Mapping[str, Json]]
) -> Iterator[Proposal]:
    for batch in planned.batches:
        evidence = planned.evidence.get(batch.number)
        for position, item in enumerate(batch.items):
            units = number_of(evidence.baseline.get(str(position))) if evidence is not None else None
            before = intake.before.get(item.rows[0]) or last.get(item.id)
            yield Proposal(
                rows=item.rows,
                label=_label(item),
                group=batch.group,
                after=item.payload,
                before=before,
                changes=changes_of(before or {}, item.payload, destination.same),
                units=None if units is None else Decimal(units),
            )


def _label(item: Item) -> str:
    return " / ".join(part for part in item.key if part)


def warnings_of(found: Sequence[Alarm], intake: Intake) -> tuple[Finding, ...]:
    """Return what a run would ask about, as warnings: for a command that sends nothing anyway."""
    return tuple(_findings(found, intake, Severity.WARNING, _will_be_asked))


def guarded(planned: Plan, found: Sequence[Alarm], intake: Intake, person: Person) -> Plan:
    """Ask about each guard by itself; return the plan, with all of it held back unless every one may pass.

    `--yes` answers none of them. Raises StoppedError on Ctrl+C.
    """
    for alarm in found:
        for line in _told(alarm, intake):
            person.say(line)
        if person.interactive and not agreed(text("Is that right? Send it as it is?"), person):
            return _held(planned, found, intake)
    return _held(planned, found, intake) if found and not person.interactive else planned


def _held(planned: Plan, found: Sequence[Alarm], intake: Intake) -> Plan:
    codes = ", ".join(alarm.code for alarm in found)
    reason = ntext("Held back by a guard: {codes}", "Held back by guards: {codes}", len(found), codes=codes)
    held = {row: reason for batch in planned.batches for item in batch.items for row in item.rows}
    findings = tuple(_findings(found, intake, Severity.ERROR, _lets_pass))
    return replace(
        planned, batches=(), evidence={}, held={**planned.held, **held}, findings=(*planned.findings, *findings)
    )


def _lets_pass(code: str) -> Text:
    return text("Nothing was sent. If it is right, run it again with {option}", option=f"--confirm {code}")


def _will_be_asked(code: str) -> Text:
    return text(
        "A run asks before it sends this; where nobody can be asked, it needs {option}", option=f"--confirm {code}"
    )


def _told(alarm: Alarm, intake: Intake) -> Iterator[Text]:
    """Yield what is told of a guard: what it found, where, and some of it."""
    yield text("Guard {code}: {what}", code=alarm.code, what=alarm.message)
    yield text("Rows: {rows}", rows=_numbers(alarm.rows, intake))
    for change in alarm.examples:
        told = text("{old} -> {new}", old=change.old, new=change.new) if change.old else verbatim(change.new)
        yield text(
            "  row {row}, {key}, {field}: {change}",
            row=_numbers(change.rows, intake),
            key=change.label,
            field=change.thing or change.field,
            change=told,
        )


def _numbers(rows: Iterable[int], intake: Intake) -> Text:
    shown, more = ranges(sorted(number for row in rows if (number := intake.shown(row)) is not None))
    return ntext("{shown} and {count} more", "{shown} and {count} more", more, shown=shown) if more else verbatim(shown)


def _findings(
    found: Sequence[Alarm], intake: Intake, severity: Severity, advice: Callable[[str], Text]
) -> Iterator[Finding]:
    """Yield one finding a guard, about the sheet as a whole, then one a suspicious cell."""
    places = Places(intake.sheet, intake.layout)
    for alarm in found:
        hint = advice(alarm.code)
        yield Finding(alarm.code, alarm.message, hint, severity=severity, sheet=intake.sheet.name)
        for change in alarm.changes:
            told = Finding(alarm.code, _cell_message(change), hint, severity=severity)
            for row in change.rows:
                yield places.put(told, row, change.field)


def _cell_message(change: Change) -> Text:
    if not change.old:
        return text("It would be {new}", new=change.new)
    if change.thing is not None:
        return text("The {thing} would change from {old} to {new}", thing=change.thing, old=change.old, new=change.new)
    return text("It would change from {old} to {new}", old=change.old, new=change.new)
