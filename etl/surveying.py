"""Reads what the vendor has before anything is planned, and takes what was learnt into the checked sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from etl.core.places import Places
from etl.core.reading import pads
from etl.core.row_values import numbers_of, values_of
from etl.errors import EtlError
from etl.inquiry import NOT_TOLD, Ending, Halt, Inquiry, ending_error
from etl.messages import text
from etl.model import Answer, Batch, Finding, Json, Request, Row, Value
from etl.plans import Evidence, Plan
from etl.vendors.base import Allowance, Conversation, Destination, Survey, Vendor, Wishes

if TYPE_CHECKING:
    from etl.intake import Intake

T = TypeVar("T")


def surveyed(intake: Intake, destination: Destination, wishes: Wishes, inquiry: Inquiry) -> Intake:
    """Return the sheet as it stands after the vendor was read: rows completed, findings placed, equal rows known.

    When the vendor cannot be read to the end, the sheet as it was, with the reason (`Intake.unread`): nothing of it may
    be sent then.
    """
    if destination.survey is None or not intake.checked.rows:
        return intake
    before = inquiry.reads
    wishes = replace(wishes, constants=intake.checked.constants)
    try:
        wishes = replace(wishes, numeric=frozenset(_numeric_cells(intake, destination)))
        survey = inquiry.hold(destination.survey(intake.checked.rows, wishes))
    except Halt as halt:
        return replace(intake, unread=_ending(halt.ending), reads=inquiry.reads - before)
    if survey.unread is not None:
        ending = Ending(exit_code=5, message=survey.unread)
        return replace(intake, unread=_ending(ending), reads=inquiry.reads - before)
    findings = tuple(_placed(survey, intake))
    derived = _derived(survey, intake, destination)
    return replace(
        intake,
        checked=replace(intake.checked, rows=survey.rows, derived={**intake.checked.derived, **derived}),
        findings=(*intake.findings, *findings),
        unchanged=_for_all(survey.unchanged, intake),
        told=_for_all(survey.told, intake),
        before=_for_all(survey.before, intake),
        catalogue=survey.catalogue,
        reads=inquiry.reads - before,
        surveyed=True,
    )


def _derived(survey: Survey, intake: Intake, destination: Destination) -> dict[int, dict[str, Value]]:
    """Return, by row, what could be computed of its cells only with what the vendor has (`Destination.derive`)."""
    made_of = {column.replaces: column.name for column in destination.columns if column.replaces is not None}
    found: dict[int, dict[str, Value]] = {}
    for name in filter(made_of.get, destination.derived_fields):
        given = _given_alone(made_of[name], name, intake.checked.rows)
        for row in survey.rows if given else ():
            if row.number in given and name in row.values:
                found.setdefault(row.number, {**intake.checked.derived.get(row.number, {})})[name] = row.values[name]
    for number, computed in _for_all(survey.derived, intake).items():
        found[number] = {**intake.checked.derived.get(number, {}), **found.get(number, {}), **computed}
    return found


def _given_alone(name: str, without: str, rows: Sequence[Row]) -> set[int]:
    """Return the numbers of the rows that have a value in one field and none in another."""
    pairs = zip(numbers_of(rows), values_of(rows, [name, without]), strict=True)
    return {number for number, (value, other) in pairs if value is not None and other is None}


def with_evidence(planned: Plan, destination: Destination, inquiry: Inquiry) -> Plan:
    """Return the plan with the stock, read now, of what it takes away: it tells whether there is enough.

    It serves as the stock before sending, too. Raises ConfigurationError, InterruptedRunError or StoppedError when it
    cannot be read: nothing was sent then.
    """
    group = destination.watched.taken[0] if destination.watched.taken is not None else None
    batches = [batch for batch in planned.batches if batch.group == group]
    if destination.baseline is None or not batches or not inquiry.rules.evidence:
        return planned
    evidence = {}
    try:
        inquiry.require(len(batches) + 1)
        for batch in batches:
            evidence[batch.number] = _stock_before(batch, destination.baseline, inquiry)
    except Halt as halt:
        raise _ending(halt.ending) from halt
    return replace(planned, evidence=evidence)


def allowed(vendor: Vendor, inquiry: Inquiry) -> Allowance | None:
    """Return what the vendor says is left of the plan: one request. None when it cannot be had.

    Raises ConfigurationError when the vendor refuses the credentials, StoppedError on a signal.
    """
    if vendor.ping is None or vendor.allowance is None:
        return None
    try:
        return vendor.allowance(inquiry.hold(_asked(vendor.ping)))
    except Halt as halt:
        if halt.ending.exit_code == 5:
            return None
        raise _ending(halt.ending) from halt


def _asked(request: Request) -> Conversation[Answer]:
    answer = yield request
    return answer


def _stock_before(
    batch: Batch, read: Callable[[str, Sequence[Mapping[str, Json]]], Conversation[Json]], inquiry: Inquiry
) -> Evidence:
    payloads = [item.payload for item in batch.items]
    baseline = inquiry.learn(lambda: read(batch.group, payloads))
    if baseline is None:
        raise Halt(5, NOT_TOLD)
    return Evidence(baseline, inquiry.now())


def _numeric_cells(intake: Intake, destination: Destination) -> Iterator[tuple[int, str]]:
    """Yield the cells of identifiers that hold a number whose own zeros no number format shows."""
    mapped = [column for column in intake.layout.columns if column.field in destination.identifiers]
    for number in numbers_of(intake.checked.rows):
        for column in mapped:
            cell = intake.sheet.cell(number, column.column)
            if isinstance(cell, float) and not pads(intake.sheet.notes.get((number, column.column))):
                yield number, column.field


def _placed(survey: Survey, intake: Intake) -> Iterator[Finding]:
    places = Places(intake.sheet, intake.layout)
    for number, field, finding in survey.findings:
        for row in _standing(number, intake):
            yield places.put(finding, row, field)


def _for_all(known: Mapping[int, T], intake: Intake) -> dict[int, T]:
    """Return what is known of a row for all the rows that it stands for."""
    return {row: value for number, value in known.items() for row in _standing(number, intake)}


def _standing(number: int, intake: Intake) -> Iterable[int]:
    return intake.checked.merged.get(number, (number,))


def _ending(ending: Ending) -> EtlError:
    why = ending.message or ""
    return ending_error(ending, text("The vendor could not be read, so nothing was sent: {why}", why=why))
