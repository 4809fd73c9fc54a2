"""Turns a run in the journal into a `Report`: what `run`, `resume`, `show` and `report` tell comes from here alone."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from etl.aliases import alias_findings
from etl.core.changes import changes_of
from etl.core.outcomes import ItemState, outcome_of
from etl.core.report import Report, ReportRow, Requests, UncertainRow
from etl.core.row_names import listed_rows, row_name, row_refs
from etl.errors import InternalError
from etl.io.journal.records import AttemptRecord, ItemRecord, Journal, LookRecord, RowRecord, RunRecord
from etl.messages import Text, ntext, text, verbatim
from etl.model import Finding, Json, Layout, MappedColumn, Origin, Outcome
from etl.reconciliation import last_sent
from etl.vendors import DESTINATIONS
from etl.vendors.answers import same_value

LONG_UNCERTAIN: Final = timedelta(hours=24)
"""After which an uncertain row stands on top of every report (JOB-9)."""


def facts_of(layout: Layout, sheet: str | None, **more: Json) -> dict[str, Json]:
    """Return what reports need to know of a sheet, as JSON for `RunRecord.facts`."""
    return {
        "sheet": sheet,
        "header_row": layout.header_row,
        "headers": list(layout.headers),
        "columns": [[column.field, column.header, column.column] for column in layout.columns],
        "ignored": list(layout.ignored),
        "constants": dict(layout.constants),
        **more,
    }


def other_delivery(facts: Mapping[str, Json], others: Mapping[str, Json]) -> bool:
    """Say whether two runs of the same content are two deliveries on purpose (a job with ``once = "content+day"``)."""
    mine, theirs = facts.get("delivery"), others.get("delivery")
    return mine is not None and theirs is not None and mine != theirs


def report_of(journal: Journal, run: str, command: str) -> Report:
    """Return the whole run as it stands now. Raises InternalError if a row has no outcome (law of conservation)."""
    record = journal.run(run)
    items = {item.place: item for item in journal.items_of(run)}
    sources = journal.rows_of(run)
    destination = DESTINATIONS.get(record.destination)
    rows = tuple(_report_row(row, items, same_value if destination is None else destination.same) for row in sources)
    findings = (
        *journal.findings_of(run),
        *_vendor_findings(record, sources, items),
        *alias_findings(record, sources, items),
    )
    uncertain = tuple(_uncertain_rows(journal, record, items))
    facts: Mapping[str, Any] = record.facts
    return Report(
        command=command,
        to=record.destination,
        run=record.id,
        profile=record.profile,
        account=record.account,
        company=facts.get("company"),
        host=facts.get("host"),
        file=record.file,
        file_sha256=record.file_sha256,
        sheet=facts["sheet"],
        header_row=facts["header_row"],
        headers=tuple(facts["headers"]),
        columns=tuple(MappedColumn(*column) for column in facts["columns"]),
        ignored_columns=tuple(facts["ignored"]),
        constants=facts["constants"],
        options=facts.get("options", {}),
        findings=findings,
        rows=rows,
        uncertain=uncertain,
        requests=Requests(record.planned, record.sent, record.reads),
        started=record.started,
        finished=record.finished,
        exit_code=exit_code_of({row.outcome for row in rows}, record, unsent=_has_unsent(rows)),
        stopped=record.stopped,
        notices=doubt_notices(journal, datetime.now(UTC), account=record.account, but=run),
        next_steps=next_steps(record, rows),
    )


def doubt_notices(
    journal: Journal, now: datetime, *, account: str | None = None, but: str | None = None
) -> tuple[Text, ...]:
    """Return what stands on top of every report until it is settled: rows that are uncertain for more than a day.

    Of one `account` or all; the run `but` tells its own rows itself (JOB-9).
    """
    found = journal.old_doubts(now - LONG_UNCERTAIN)
    return tuple(
        ntext(
            "{count} row of run {run} ({to}, {profile}) has been uncertain since {when}: etl show {run}",
            "{count} rows of run {run} ({to}, {profile}) have been uncertain since {when}: etl show {run}",
            doubt.items,
            run=doubt.run,
            to=doubt.destination,
            profile=doubt.profile,
            when=f"{doubt.since.astimezone():%d/%m/%Y %H:%M}",
        )
        for doubt in found
        if doubt.run != but and account in {None, doubt.account}
    )


def _report_row(row: RowRecord, items: Mapping[int, ItemRecord], same: Callable[[Json, Json], bool]) -> ReportRow:
    if row.item is None:
        if row.outcome is None:
            raise InternalError(text("Row {row} has no outcome.", row=str(row.number)))
        return ReportRow(row.number, row.cells, row.outcome, row.reasons, derived=row.derived)
    item = items[row.item]
    reasons = (*row.reasons, *_reasons(item))
    return ReportRow(
        number=row.number,
        cells=row.cells,
        outcome=outcome_of(item.state),
        reasons=reasons,
        batch=item.batch,
        vendor_id=item.vendor_id,
        data=item.data,
        derived=row.derived,
        changes=changes_of(row.before, item.payload, same),
    )


def _reasons(item: ItemRecord) -> tuple[Text, ...]:
    if item.state is ItemState.CONFIRMED and item.inferred:
        return (text("Concluded from the stock before and after (inferred)."),)
    return (item.reason,) if item.reason is not None else ()


def _vendor_findings(run: RunRecord, rows: Iterable[RowRecord], items: Mapping[int, ItemRecord]) -> Iterable[Finding]:
    """Yield the vendor's refusals and the doubts as findings, a row each."""
    for row in rows:
        item = items.get(row.item) if row.item is not None else None
        if item is None or item.state in {ItemState.PLANNED, ItemState.CONFIRMED, ItemState.SUPERSEDED}:
            continue
        refused = item.state is ItemState.REJECTED
        yield Finding(
            code="vendor_rejected" if refused else "uncertain",
            message=item.reason or text("It is not known whether this row was applied."),
            hint=None if refused else _advice(run),
            origin=Origin.VENDOR if refused else Origin.LOCAL,
            sheet=run.facts["sheet"],
            row=row.number,
        )


def _uncertain_rows(journal: Journal, run: RunRecord, items: Mapping[int, ItemRecord]) -> Iterable[UncertainRow]:
    doubtful = [item for item in items.values() if outcome_of(item.state) is Outcome.UNCERTAIN]
    if not doubtful:
        return
    sources = journal.rows_of(run.id)
    refs: dict[int, list[int]] = {}
    for ref, row in zip(row_refs(row.number for row in sources), sources, strict=True):
        if row.item is not None:
            refs.setdefault(row.item, []).append(ref)
    attempts = journal.attempts_of(run.id)
    looks = {batch: journal.looks_of(run.id, batch) for batch in {item.batch for item in doubtful}}
    for item in doubtful:
        for ref in refs.get(item.place, []):
            yield _uncertain_row(item, ref, attempts, looks[item.batch])


def _uncertain_row(
    item: ItemRecord, ref: int, attempts: Sequence[AttemptRecord], looks: Sequence[LookRecord]
) -> UncertainRow:
    sent = last_sent(item.place, [a for a in attempts if a.batch == item.batch], crashed="crashed")
    if sent is None:
        raise InternalError(text("Row {row} is uncertain and was never sent.", row=row_name(ref)))
    return UncertainRow(
        ref=ref,
        batch=item.batch,
        payload=item.payload,
        sent_at=sent,
        reason=item.reason or text("It is not known whether this row was applied."),
        before=item.evidence.get("before", {}),
        expected=item.evidence.get("expected", {}),
        seen=item.evidence.get("seen", {}),
        seen_at=looks[-1].at if looks else None,
        inferred=item.inferred,
    )


def counts_of(journal: Journal, run: RunRecord) -> tuple[dict[str, int], int]:
    """Return a run's rows by outcome, `read` their sum, and its exit code, without reading the rows themselves."""
    counts = {outcome.value: 0 for outcome in Outcome}
    unsent = False
    for own, state, count in journal.tally(run.id):
        outcome = outcome_of(state) if state is not None else own
        if outcome is None:
            raise InternalError(text("Row {row} has no outcome.", row="?"))
        counts[outcome.value] += count
        unsent = unsent or state is ItemState.PLANNED
    present = {outcome for outcome in Outcome if counts[outcome.value]}
    return {"read": sum(counts.values()), **counts}, exit_code_of(present, run, unsent=unsent)


_INTERRUPTED = frozenset({130, 143, 70})


def exit_code_of(outcomes: Collection[Outcome], run: RunRecord, *, unsent: bool) -> int:
    """Return the code of contract section 4 for a run as it stands: the first that applies, from the top.

    `unsent`: rows of the plan were not sent (others are held back on purpose). How the last submission ended counts
    only while rows wait or are in doubt: what was settled since is finished.
    """
    uncertain = Outcome.UNCERTAIN in outcomes
    ended = run.exit_code if run.exit_code is not None and (unsent or uncertain) else 0
    if ended in _INTERRUPTED:
        return ended
    if uncertain:
        return 7
    if ended in {4, 3, 6}:
        return ended
    if unsent:
        return 5
    return 1 if {Outcome.INVALID, Outcome.REJECTED, Outcome.NOT_SENT} & set(outcomes) else 0


def _has_unsent(rows: Sequence[ReportRow]) -> bool:
    return any(row.outcome is Outcome.NOT_SENT and row.batch is not None for row in rows)


def next_steps(run: RunRecord, rows: Sequence[ReportRow]) -> tuple[Text, ...]:
    """Return what to do next, with the exact commands."""
    outcomes = {row.outcome for row in rows}
    steps: list[Text] = []
    if Outcome.UNCERTAIN in outcomes:
        refs = zip(row_refs(row.number for row in rows), rows, strict=True)
        numbers = listed_rows(ref for ref, row in refs if row.outcome is Outcome.UNCERTAIN)
        steps.append(_advice_for_all(run))
        steps.append(
            text(
                'Or decide them after looking yourself: etl resolve {run} --row {rows} --applied --why "…" '
                "(or --resend)",
                run=run.id,
                rows=numbers,
            )
        )
        steps.append(
            text(
                "Or fill in the column of decisions in the results workbook: etl resolve {run} --from RESULTS.xlsx",
                run=run.id,
            )
        )
    if _has_unsent(rows):
        steps.append(text("Send the rows that were not sent: etl resume {run}", run=run.id))
    if outcomes & {Outcome.INVALID, Outcome.REJECTED}:
        steps.append(text("Correct the rows of the sheet to send again in the results workbook, and send that."))
    return tuple(steps)


def _can_be_looked_up(run: RunRecord) -> bool:
    destination = DESTINATIONS.get(run.destination)
    return destination is None or destination.can_be_looked_up


def _advice(run: RunRecord) -> Text:
    if _can_be_looked_up(run):
        return text("Look it up with: etl reconcile {run}", run=run.id)
    return text(
        "This vendor cannot be asked. Look at it there and say so with etl resolve {run}, or send a newer sheet",
        run=run.id,
    )


def _advice_for_all(run: RunRecord) -> Text:
    if _can_be_looked_up(run):
        return text("Look up the uncertain rows at the vendor: etl reconcile {run}", run=run.id)
    return text("This vendor cannot be asked about uncertain rows. A newer sheet with the same keys settles them.")


def command_line(*words: str) -> Text:
    """Return a command as it can be typed."""
    return verbatim(shlex.join(words))
