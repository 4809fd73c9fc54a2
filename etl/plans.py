"""Decides which of the valid rows are sent: all or nothing, what an earlier run sent, what came back uncorrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from etl.core.documents import bad_rows, held_rows, left_alone, refused_together
from etl.core.meanings import MEANINGS_OPTION, as_option
from etl.core.planning import content_hash, plan
from etl.core.repeats import NewOnly, Once, find_repeat, find_scheduled_repeat, only_new
from etl.errors import RefusedError, UsageError
from etl.messages import Text, text
from etl.model import Batch, Effect, Finding, Item, Json, Outcome, Row, Severity
from etl.options import SendOptions, SheetOptions
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.io.journal.records import Journal
    from etl.resending import Resent
    from etl.settings import Profile


_MEND = text("Correct those rows; or give --partial-documents to send the document without them")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was read before anything of a batch is sent (`Destination.baseline`), and when."""

    baseline: Mapping[str, Json]
    at: datetime


@dataclass(frozen=True, slots=True)
class Outline:
    """What a plan comes to, for which no request needs to be made."""

    requests: Mapping[str, int]
    """By group, how many it takes."""
    rows: int
    """How many rows go out."""
    held: Mapping[int, Text] = field(default_factory=dict)
    """As in `Plan`."""
    skipped: Mapping[int, Text] = field(default_factory=dict)
    kept: Mapping[int, tuple[Outcome, Text]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    read: int = 0
    """How many of the requests have had their evidence read already."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent, and why some valid rows are not."""

    batches: tuple[Batch, ...]
    held: Mapping[int, Text] = field(default_factory=dict)
    """Valid rows that are kept back, with the reason."""
    skipped: Mapping[int, Text] = field(default_factory=dict)
    """Rows that an earlier run already sent (``--only-new``)."""
    kept: Mapping[int, tuple[Outcome, Text]] = field(default_factory=dict)
    """Rows of a results workbook that nobody corrected: what they still are, with the reason."""
    findings: tuple[Finding, ...] = ()
    evidence: Mapping[int, Evidence] = field(default_factory=dict)
    """By batch number, what was read already."""

    @property
    def outline(self) -> Outline:
        """What it comes to."""
        requests = Counter(batch.group for batch in self.batches)
        rows = sum(len(item.rows) for batch in self.batches for item in batch.items)
        return Outline(requests, rows, self.held, self.skipped, self.kept, self.findings, len(self.evidence))

    @property
    def items(self) -> int:
        """How many items it has."""
        return sum(len(batch.items) for batch in self.batches)


def reading_options(options: SheetOptions) -> dict[str, str]:
    """Return how the sheet was read, for the workbook that may come back."""
    said = {
        "decimal": options.decimal,
        "duplicates": options.duplicates,
        "round": "true" if options.round else None,
        MEANINGS_OPTION: as_option(options.meanings) if options.meanings else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def first_plan(intake: Intake, destination: Destination, options: SheetOptions, send: SendOptions) -> Plan:
    """Return the plan of the valid rows: documents with a bad row are held whole, with ``--strict`` everything is.

    Raises UsageError when ``--key`` names no identifier of the destination.
    """
    rows = keyed(intake.checked.rows, destination, send.key)
    held, findings = held_documents(rows, invalid_rows(intake), intake, destination, send)
    kept = (row for row in rows if row.number not in held)
    batches = plan(kept, intake.checked.merged, destination)
    return strict(options, intake, Plan(batches, held, findings=findings))


def keyed(rows: Sequence[Row], destination: Destination, key: str | None) -> Sequence[Row]:
    """Return the rows with the identifier `key` alone, where they have it. Raises UsageError when it is none."""
    if key is None:
        return rows
    if key not in destination.identifiers:
        raise UsageError(
            text("--key {key} makes no sense for {destination}", key=key, destination=destination.name),
            hint=text("It can be: {allowed}", allowed=", ".join(destination.identifiers) or "-"),
        )
    others = set(destination.identifiers) - {key}
    return [
        Row(row.number, {name: value for name, value in row.values.items() if name not in others})
        if key in row.values
        else row
        for row in rows
    ]


def held_documents(
    rows: Sequence[Row], bad: Iterable[int], intake: Intake, destination: Destination, send: SendOptions
) -> tuple[dict[int, Text], tuple[Finding, ...]]:
    """Return the valid rows whose document has a bad row, and the findings that say so."""
    read = intake.checked.read
    culprits = bad_rows(bad, read, intake.findings, destination) if destination.documents else ()
    held = held_rows(rows, read, culprits, destination, partial=send.partial_documents)
    everyone = {row: reason for number, reason in held.items() for row in intake.checked.merged.get(number, (number,))}
    findings = _row_findings("document_held", Severity.ERROR, everyone, intake, _MEND)
    return everyone, tuple(findings)


def withhold(
    planned: Plan, intake: Intake, options: SheetOptions, destination: Destination, journal: Journal, send: SendOptions
) -> Plan:
    """Of a results workbook, send only what was corrected, added or never sent (contract section 7)."""
    if intake.resent is None:
        return planned
    out = _left_out(planned, intake, intake.resent, reading_options(options), destination, journal, send)
    numbers = {row for batch in planned.batches for item in batch.items for row in item.rows}
    sent = numbers - out.skipped.keys() - out.kept.keys() - out.held.keys()
    if sent == numbers:
        return planned
    as_it_was = {row: reason for row, (outcome, reason) in out.kept.items() if outcome is Outcome.INVALID}
    refused = {row: reason for row, (outcome, reason) in out.kept.items() if outcome is Outcome.REJECTED}
    hint = text("Correct the row. To send it as it is once more: --retry-rejected")
    findings = (
        *planned.findings,
        *_row_findings("already_sent", Severity.WARNING, out.skipped, intake),
        *_row_findings("not_corrected", Severity.ERROR, _uncorrected(as_it_was), intake),
        *_row_findings("vendor_rejected", Severity.ERROR, _uncorrected(refused), intake, hint),
        *out.findings,
    )
    return replace(
        planned,
        batches=plan([row for row in intake.checked.rows if row.number in sent], intake.checked.merged, destination),
        held={**planned.held, **out.held},
        skipped={**planned.skipped, **out.skipped},
        kept=out.kept,
        findings=findings,
    )


def _left_out(
    planned: Plan,
    intake: Intake,
    resent: Resent,
    options: Mapping[str, str],
    destination: Destination,
    journal: Journal,
    send: SendOptions,
) -> Plan:
    """Return the rows of a results workbook that must not go out: a plan without batches."""
    from etl.resending import not_corrected, sent_additions, standings, still_refused, withheld  # noqa: PLC0415

    items = [item for batch in planned.batches for item in batch.items]
    groups = _rows_by_group(planned) if destination.documents else {}
    numbers = {row for item in items for row in item.rows}
    moving = any(destination.effect(batch.group) is Effect.DELTA for batch in planned.batches)
    known = standings(resent, journal, moving=moving)
    settled = withheld(resent, numbers, known)
    kept = {
        row: (Outcome.INVALID, reason)
        for row, reason in not_corrected(resent, numbers - settled.keys(), journal, options).items()
    }
    if not send.retry_rejected:
        candidates = numbers - settled.keys() - kept.keys()
        refused = still_refused(resent, candidates, known)
        corrected = {row for row in candidates if row not in resent.rows or resent.rows[row].changed}
        together = refused_together(refused.keys(), corrected, groups.values())
        kept |= {row: (Outcome.REJECTED, reason) for row, reason in refused.items() if row not in together}
    same, otherwise = ({}, {}) if send.again else sent_additions(resent, items, journal, destination)
    gone = settled.keys() | same.keys() | otherwise.keys()
    alone = left_alone(groups, kept.keys(), gone, destination, partial=send.partial_documents)
    findings = (
        *_row_findings("sent_otherwise", Severity.ERROR, otherwise, intake),
        *_row_findings("document_held", Severity.ERROR, alone, intake, _MEND),
    )
    return Plan((), held={**otherwise, **alone}, skipped={**settled, **same}, kept=kept, findings=findings)


def _rows_by_group(planned: Plan) -> dict[str, set[int]]:
    groups: dict[str, set[int]] = {}
    for batch in planned.batches:
        groups.setdefault(batch.group, set()).update(row for item in batch.items for row in item.rows)
    return groups


def _uncorrected(reasons: Mapping[int, Text]) -> dict[int, Text]:
    return {
        row: text("Nothing was corrected, so it was not sent: {reason}", reason=reason)
        for row, reason in reasons.items()
    }


def strict(options: SheetOptions, intake: Intake, planned: Plan) -> Plan:
    """With ``--strict``, hold everything back as soon as one row is invalid."""
    if not options.strict or not invalid_rows(intake):
        return planned
    held = {row: strictly_held() for batch in planned.batches for item in batch.items for row in item.rows}
    return replace(planned, batches=(), held={**planned.held, **held})


def strictly_held() -> Text:
    """Return why a good row waits under ``--strict``."""
    return text("Held back: with --strict nothing is sent while another row has errors.")


def invalid_rows(intake: Intake) -> set[int]:
    """Return the numbers of the rows with errors that are data."""
    skipped = intake.skipped
    return {
        finding.row
        for finding in intake.findings
        if finding.is_error and finding.row is not None and finding.row not in skipped
    }


def once_only(
    planned: Plan, intake: Intake, destination: Destination, journal: Journal, profile: Profile, send: SendOptions
) -> Plan:
    """Refuse what repeats an earlier run of movements, or take out what was sent (``--only-new``).

    A scheduled job says itself what a repeat is, also of values that could be set again.
    """
    from etl.runs import sent_runs  # noqa: PLC0415

    job = send.scheduled
    moving = any(destination.effect(batch.group) is Effect.DELTA for batch in planned.batches)
    if send.again or not planned.batches or not (moving or (job is not None and job.once is not None)):
        return planned
    items = [item for batch in planned.batches for item in batch.items]
    ids = [item.id for item in items]
    content, file = content_hash(planned.batches), intake.sheet.sha256
    now = datetime.now(UTC)
    earlier = sent_runs(journal, profile.account, destination.name, file, content, now)
    if job is not None and job.once is Once.DOCUMENT and destination.documents:
        return _new_documents(planned, intake, destination, journal, profile, send)
    if job is not None:
        name, today = intake.sheet.file, job.day_of(now)
        if job.once is Once.DOCUMENT:
            earlier = sent_runs(journal, profile.account, destination.name, file, content, now, name=name)
        repeat = find_scheduled_repeat(
            job.once or Once.CONTENT, (file, content, name), earlier, lambda moment: job.day_of(moment) == today
        )
        if repeat is not None:
            raise _refusal(repeat.kind, repeat.run, repeat.equal, repeat.of)
        return planned
    if not send.only_new:
        corrected = intake.resent is None
        repeat = find_repeat(file, content, ids, earlier, now, corrected=corrected)
        if repeat is not None:
            raise _refusal(repeat.kind, repeat.run, repeat.equal, repeat.of)
        return planned
    found = only_new(ids, [item.key_id for item in items], earlier, now, file_sha256=file, content=content)
    return _without(planned, found, intake, destination, send)


def _new_documents(
    planned: Plan, intake: Intake, destination: Destination, journal: Journal, profile: Profile, send: SendOptions
) -> Plan:
    """Take out the documents that were sent already, whatever their rows are now. RefusedError when all were."""
    sent = journal.sent_groups(profile.account, destination.name)
    items = [item for batch in planned.batches for item in batch.items]
    known = {index: sent[item.group] for index, item in enumerate(items) if item.group in sent}
    if len(known) == len(items):
        raise _refusal("document", next(iter(known.values())), len(items), len(items))
    return _without(planned, NewOnly(sent=known), intake, destination, send) if known else planned


def _refusal(kind: str, run: str, equal: int, of: int) -> RefusedError:
    if kind == "unfinished":
        return RefusedError(
            text("This sheet was already sent in run {run}, which is not finished. Nothing was sent now.", run=run),
            hint=text("Go on with it: etl resume {run}", run=run),
            run=run,
        )
    if kind == "same":
        return RefusedError(
            text("The content of this sheet was already sent in run {run}. Nothing was sent now.", run=run),
            hint=text("See it: etl show {run}. If all of it really must be moved once more: --again", run=run),
            run=run,
            repeat=True,
        )
    if kind == "document":
        return RefusedError(
            text("A document of this name was already sent in run {run}. Nothing was sent now.", run=run),
            hint=text(
                "Give the file another name if it is another document. See the earlier one: etl show {run}", run=run
            ),
            run=run,
            repeat=True,
        )
    return RefusedError(
        text(
            "{equal} of the {of} rows were already sent in run {run}: it looks like the same sheet, corrected. "
            "Nothing was sent now.",
            equal=equal,
            of=of,
            run=run,
        ),
        hint=text("To send only the other rows: --only-new. To move everything once more: --again", run=run),
        run=run,
    )


def _without(planned: Plan, found: NewOnly, intake: Intake, destination: Destination, send: SendOptions) -> Plan:
    items = [item for batch in planned.batches for item in batch.items]
    found = _whole_where_indivisible(found, items, destination)
    skipped = {
        row: text("Already sent in run {run}.", run=run)
        for index, run in found.sent.items()
        for row in items[index].rows
    }
    held = {
        row: text(
            "Held back: the same product was already moved in run {run} with another quantity. Only --again sends it.",
            run=run,
        )
        for index, run in found.held.items()
        for row in items[index].rows
    }
    keep = {row for item in items for row in item.rows} - skipped.keys() - held.keys()
    rows = [row for row in keyed(intake.checked.rows, destination, send.key) if row.number in keep]
    findings = (
        *planned.findings,
        *_row_findings("already_sent", Severity.WARNING, skipped, intake),
        *_row_findings("sent_otherwise", Severity.ERROR, held, intake),
    )
    batches = plan(rows, intake.checked.merged, destination)
    return Plan(batches, {**planned.held, **held}, {**planned.skipped, **skipped}, findings=findings)


def _whole_where_indivisible(found: NewOnly, items: Sequence[Item], destination: Destination) -> NewOnly:
    """Leave out of what was sent the lines of a document that goes whole because another line of it is new."""
    places: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        if destination.indivisible(item.group):
            places.setdefault(item.group, []).append(place)
    going = {place for lines in places.values() if any(line not in found.sent for line in lines) for place in lines}
    return NewOnly(
        sent={place: run for place, run in found.sent.items() if place not in going},
        held={place: run for place, run in found.held.items() if place not in going},
    )


def _row_findings(
    code: str, severity: Severity, reasons: Mapping[int, Text], intake: Intake, hint: Text | None = None
) -> Iterable[Finding]:
    for row, reason in reasons.items():
        yield Finding(code, reason, hint, severity=severity, sheet=intake.sheet.name, row=row)
