"""What can be done with a run after it was sent: resume, reconcile, resolve, show, report. Imports no pandas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from etl.core.outcomes import EFFECTIVE, UNSETTLED, ItemState
from etl.core.repeats import OVERLAP_DAYS, SentRun, overtaken_by
from etl.core.report import Report
from etl.core.row_names import row_name, row_refs
from etl.dispatch import (
    close,
    heeded,
    introduction,
    offer_to_wait,
    operator,
    recover,
    require_space,
    submission,
)
from etl.errors import (
    ConfigurationError,
    EtlError,
    FileError,
    InterruptedRunError,
    JournalError,
    RefusedError,
    UsageError,
)
from etl.history import counts_of, doubt_notices, other_delivery, report_of
from etl.inquiry import Ending
from etl.io.addresses import is_loopback
from etl.io.journal import open_journal
from etl.io.journal.records import Change, ItemRecord, Journal, RunRecord
from etl.io.locks import AccountLock
from etl.messages import Text, text, verbatim
from etl.model import Effect, Finding, Json
from etl.options import Decision, HistoryFilter, OutputOptions, Person, SendOptions
from etl.results import written
from etl.settings import Profile, Settings
from etl.stops import StoppedNow
from etl.vendors import DESTINATIONS, vendor_of

_LATE_LOOKS = 2
"""Looks past the horizon that must agree; more of them tell nothing new."""


def resume_run(run: str, output: OutputOptions, send: SendOptions, settings: Settings, person: Person) -> Report:
    """Look up what is uncertain, then send what is not sent; batches that stay uncertain are passed by."""
    with open_journal_of(settings) as journal:
        record = find_run(journal, run)
        profile = _profile(record, settings)
        person.say(introduction(profile))
        with _locked(record, profile, settings, journal, send.wait):
            refusal = _overtaken(journal, record)
            if refusal is not None:
                return _refused(journal, record, "resume", refusal)
            try:
                _require_space(journal, record, output, settings)
            except InterruptedRunError as full:
                return _refused(journal, record, "resume", full)
            report = _work(journal, record, profile, settings, person, send)
        return _rewritten(report, record, output, settings, person)


def reconcile_run(
    run: str,
    output: OutputOptions,
    send: SendOptions,
    settings: Settings,
    person: Person,
    *,
    only_due: bool = False,
) -> Report:
    """Only read back: settle what can be known of the uncertain rows. Sends nothing.

    With `only_due`, nothing is looked up whose next look is not due yet.
    """
    with open_journal_of(settings) as journal:
        record = find_run(journal, run)
        profile = _profile(record, settings)
        with _locked(record, profile, settings, journal, send.wait):
            report = _work(journal, record, profile, settings, person, send, sending=False, only_due=only_due)
        return _rewritten(report, record, output, settings, person)


def resolve_run(
    run: str | None, decisions: Sequence[Decision] | Path, output: OutputOptions, settings: Settings, person: Person
) -> Report:
    """Record an operator's word on uncertain rows: given as decisions, or filled into a results workbook.

    Raises UsageError when a row is not uncertain, FileError when the workbook is not one of ours.
    """
    with open_journal_of(settings) as journal:
        if isinstance(decisions, Path):
            run, decisions = _filled_in(decisions, run, journal)
        if run is None:
            raise UsageError(text("Which run? Give its id, last, or its results workbook."))
        record = find_run(journal, run)
        with AccountLock(settings.home, *_lock_key(record), 0.0):
            recover(journal, record.account, vendor_of(record.destination))
            _settle_by_word(journal, record, decisions)
            report = report_of(journal, record.id, "resolve")
            if report.exit_code in {130, 143}:
                # The submission was stopped, this command was not.
                report = replace(report, exit_code=7 if report.counts["uncertain"] else 5)
        return _rewritten(report, record, output, settings, person)


def show_run(run: str, settings: Settings) -> Report:
    """Return a run from the journal, all its rows."""
    with open_journal_of(settings) as journal:
        return report_of(journal, find_run(journal, run).id, "show")


def report_run(run: str, path: Path, output: OutputOptions, settings: Settings, person: Person) -> Report:
    """Write the workbook of a run again, from the journal alone; `path` is replaced."""
    from etl.io.workbook.results import write_results  # noqa: PLC0415 - XlsxWriter

    with open_journal_of(settings) as journal:
        record = find_run(journal, run)
        report = report_of(journal, record.id, "report")
    destination, fallback = DESTINATIONS[record.destination], settings.home / "results"
    done = write_results(report, destination, path, output.language, fallback=fallback, replace=True)
    for note in done.notes:
        person.say(note)
    return replace(report, results=str(done.path))


def list_runs(settings: Settings, wanted: HistoryFilter | None = None) -> list[dict[str, Json]]:
    """Return the wanted runs, newest first, as the JSON objects of ``etl runs``."""
    wanted = wanted or HistoryFilter()
    with open_journal_of(settings) as journal:
        records = [
            record
            for record in journal.history(wanted.since, wanted.until)
            if (not wanted.profiles or record.profile in wanted.profiles) and wanted.to in {None, record.destination}
        ]
        listed = [_listed(journal, record) for record in records]
    return [run for run in listed if not wanted.outcomes or any(run["counts"][one] for one in wanted.outcomes)]


def long_uncertain(settings: Settings) -> tuple[Text, ...]:
    """Return what stands on top of every list: rows that are uncertain for more than a day (JOB-9)."""
    with open_journal_of(settings) as journal:
        return doubt_notices(journal, datetime.now(UTC))


def _listed(journal: Journal, record: RunRecord) -> dict[str, Json]:
    counts, exit_code = counts_of(journal, record)
    return {
        "run": record.id,
        "to": record.destination,
        "profile": record.profile,
        "file": record.file,
        "started": record.started.isoformat(),
        "finished": record.finished.isoformat() if record.finished else None,
        "counts": counts,
        "exit_code": exit_code,
    }


def find_run(journal: Journal, named: str) -> RunRecord:
    """Return the run that a person names: an id, a unique prefix, ``last``, a results workbook. Raises UsageError."""
    if named.lower().endswith((".xlsx", ".xlsm")):
        named = _run_of_workbook(Path(named))
    found = journal.find_runs("" if named == "last" else named)
    if not found:
        raise UsageError(text("The journal has no run {run}.", run=named), hint=text("List them with: etl runs"))
    if named == "last":
        return journal.run(found[0])
    if len(found) > 1 and named not in found:
        raise UsageError(
            text("{run} could be several runs: {found}", run=named, found=", ".join(found[:5])),
            hint=text("Give more of the id."),
        )
    return journal.run(named if named in found else found[0])


def _run_of_workbook(path: Path) -> str:
    from etl.io.workbook.decisions import run_id_of  # noqa: PLC0415

    found = run_id_of(path)
    if found is None:
        raise FileError.because(
            Finding("unreadable_file", text("{file} is not a results workbook of a run.", file=path.name))
        )
    return found


def sent_runs(
    journal: Journal, account: str, destination: str, file_sha256: str, content: str, now: datetime, *, name: str = ""
) -> list[SentRun]:
    """Return the earlier runs that a new plan may repeat, newest first, as the once-only rules need them.

    Those of the last days, and, however old, those of the same file or content (or of a file of this `name`): a long
    history costs nothing.
    """
    last = journal.last_attempts(account, destination)
    return [
        _sent_run(journal, record, last[record.id])
        for record in journal.runs_of(account, destination)
        if record.id in last
        and (
            record.content == content
            or record.file_sha256 == file_sha256
            or record.file == name
            or now - last[record.id] <= OVERLAP_DAYS
        )
    ]


def _sent_run(journal: Journal, record: RunRecord, last: datetime, since: datetime | None = None) -> SentRun:
    """Return a run for the once-only rules; with `since`, of what it sent only what went out from then on."""
    items = journal.standings_of(record.id)
    effective = [item for item in items if item.state in EFFECTIVE]
    if since is not None:
        attempts = [attempt for attempt in journal.attempts_of(record.id) if attempt.started >= since]
        places = {place for attempt in attempts for place in attempt.places}
        effective = [item for item in effective if item.place in places]
    open_states = {ItemState.PLANNED, *UNSETTLED}
    return SentRun(
        id=record.id,
        started=record.started,
        file_sha256=record.file_sha256,
        content=record.content,
        effective=frozenset(item.item_id for item in effective),
        keys=frozenset(item.key_id for item in effective),
        unfinished=any(item.state in open_states for item in items),
        closed=record.closed_by is not None,
        waiting=any(item.state is ItemState.PLANNED for item in items),
        file=record.file,
        last=last,
    )


def _work(
    journal: Journal,
    record: RunRecord,
    profile: Profile,
    settings: Settings,
    person: Person,
    send: SendOptions,
    *,
    sending: bool = True,
    only_due: bool = False,
) -> Report:
    """Look up, and with `sending` send; also when a second signal or the journal ends it."""
    command = "resume" if sending else "reconcile"
    if not _has_work(journal, record, sending=sending):
        return report_of(journal, record.id, command)
    refusal = None
    try:
        with submission(record.id, journal, settings, profile, person, max_requests=send.max_requests) as work:
            ending = work.lookups.look_up(only_due=only_due, resending=sending)
            if sending and ending.exit_code in {None, 5}:
                # A look may have proven rows absent that a newer run has: only now it is known what would go out.
                refusal = _overtaken(journal, record, in_doubt=True)
                sent = work.send() if refusal is None else Ending()
                ending = sent if sent.exit_code is not None else ending
            if ending.exit_code in {None, 5} and not send.yes:
                offer_to_wait(work, person)
            ending = heeded(work, ending)
        close(journal, record.id, ending)
    except StoppedNow as stop:
        close(journal, record.id, Ending(exit_code=stop.exit_code, message=text("Stopped on request.")))
    except JournalError as error:
        report = report_of(journal, record.id, command)
        code = 7 if report.counts["uncertain"] else error.exit_code
        return replace(report, exit_code=code, stopped=error.message)
    return report_of(journal, record.id, command) if refusal is None else _refused(journal, record, command, refusal)


def is_worth_waiting(run: str, settings: Settings) -> bool:
    """Whether a further look, soon, may settle uncertain rows: the vendor can be asked, and the horizon is not over."""
    with open_journal_of(settings) as journal:
        record = journal.run(run)
        if not DESTINATIONS[record.destination].can_be_looked_up:
            return False
        horizon = settings.timing.reconcile_horizon
        for number in sorted(journal.batches_with(run, [ItemState.UNCERTAIN])):
            attempts = journal.attempts_of(run, number)
            if not attempts:
                continue
            sent = max(attempt.finished or attempt.started for attempt in attempts)
            late = [one for one in journal.looks_of(run, number) if (one.at - sent).total_seconds() >= horizon]
            if len(late) < _LATE_LOOKS:
                return True
    return False


def run_of_errand(errand: str, since: datetime, settings: Settings) -> str | None:
    """Return the run that was made for a file which a scheduled job took; None when none was planned."""
    with open_journal_of(settings) as journal:
        return next((run.id for run in journal.history(since) if run.facts.get("errand") == errand), None)


def _require_space(journal: Journal, record: RunRecord, output: OutputOptions, settings: Settings) -> None:
    if not journal.state_counts(record.id).get(ItemState.PLANNED):
        return
    size = sum(len(batch.body) for batch in journal.batches_of(record.id))
    results = output.results or Path(record.facts.get("results") or settings.home)
    require_space(size, settings.home, results.parent if output.write_results else None)


def _has_work(journal: Journal, record: RunRecord, *, sending: bool) -> bool:
    counts = journal.state_counts(record.id)
    wanted = {ItemState.UNCERTAIN, ItemState.ABSENT, *({ItemState.PLANNED} if sending else ())}
    return any(counts.get(state) for state in wanted)


def _overtaken(journal: Journal, record: RunRecord, *, in_doubt: bool = False) -> RefusedError | None:
    """Return why a plan must not go out any more: another run stands in its place, or sent its rows since.

    With `in_doubt`, values whose fate is unknown count as rows that would go out: they are simply set again.
    """
    if record.closed_by is not None:
        return RefusedError(
            text("Run {run} was replaced by run {newer}. Nothing was sent now.", run=record.id, newer=record.closed_by),
            hint=text("Go on with that one: etl resume {newer}", newer=record.closed_by),
            run=record.closed_by,
        )
    destination = DESTINATIONS[record.destination]
    effects = {batch.number: destination.effect(batch.group) for batch in journal.batches_of(record.id)}
    items = journal.items_of(record.id)
    movements = [i for i in items if i.state is ItemState.PLANNED and effects[i.batch] is Effect.DELTA]
    resent = {ItemState.PLANNED, ItemState.UNCERTAIN} if in_doubt else {ItemState.PLANNED}
    values = [i for i in items if i.state in resent and effects[i.batch] is Effect.SET]
    for other, newer, related in _sent_since(journal, record) if movements or values else ():
        moved = overtaken_by(*_ids(movements), [other], by_key=related)
        changed = overtaken_by(*_ids(values), [other], by_key=True) if newer else None
        if moved or changed:
            return _refusal_of(record.id, other.id)
    return None


def _ids(items: Sequence[ItemRecord]) -> tuple[list[str], list[str]]:
    return [item.item_id for item in items], [item.key_id for item in items]


def _sent_since(journal: Journal, record: RunRecord) -> Iterator[tuple[SentRun, bool, bool]]:
    """Yield what other runs sent since this plan was made: (run, is newer, has rows in common by its origin).

    An older run counts with what its `resume` sent later. A results workbook's run and the run that it corrects have
    rows in common, whatever quantity stands in them now.
    """
    last = journal.last_attempts(record.account, record.destination)
    for other in journal.runs_of(record.account, record.destination):
        if other_delivery(record.facts, other.facts):
            continue
        newer = other.serial > record.serial
        if other.id == record.id or other.id not in last or not (newer or last[other.id] >= record.started):
            continue
        related = other.id in record.facts.get("resent_from", ()) or record.id in other.facts.get("resent_from", ())
        since = None if newer else record.started
        yield _sent_run(journal, other, last[other.id], since), newer, related


def _refusal_of(run: str, newer: str) -> RefusedError:
    return RefusedError(
        text("Rows of run {run} were sent since in run {newer}. Nothing was sent now.", run=run, newer=newer),
        hint=text(
            "See it: etl show {newer}. For rows that are still missing, run the sheet again with --only-new.",
            newer=newer,
        ),
        run=newer,
    )


def _refused(journal: Journal, record: RunRecord, command: str, error: EtlError) -> Report:
    report = report_of(journal, record.id, command)
    code = 7 if report.counts["uncertain"] else error.exit_code
    hints = (error.hint,) if error.hint is not None else ()
    return replace(report, exit_code=code, stopped=error.message, next_steps=hints)


# --- an operator's word --------------------------------------------------------------------------------------------


def _filled_in(path: Path, run: str | None, journal: Journal) -> tuple[str, list[Decision]]:
    from etl.io.workbook.decisions import read_decisions  # noqa: PLC0415

    inside, filled = read_decisions(path)
    if run is not None and find_run(journal, run).id != find_run(journal, inside).id:
        raise UsageError(text("{file} belongs to run {inside}, not to {run}.", file=path.name, inside=inside, run=run))
    return inside, [Decision(rows=(row,), applied=applied, why=why or path.name) for row, applied, why in filled]


def _settle_by_word(journal: Journal, record: RunRecord, decisions: Sequence[Decision]) -> None:
    items = {item.place: item for item in journal.items_of(record.id)}
    rows = journal.rows_of(record.id)
    refs = zip(row_refs(row.number for row in rows), rows, strict=True)
    by_row = {ref: items[row.item] for ref, row in refs if row.item is not None}
    decided: dict[int, Decision] = {}
    for decision in decisions:
        for ref in decision.rows:
            item = _undecided(ref, by_row, record)
            if decided.setdefault(item.place, decision).applied is not decision.applied:
                raise UsageError(text("Row {row} is decided both ways.", row=row_name(ref)))
    if DESTINATIONS[record.destination].documents:
        _require_whole_documents(by_row, decided)
    words: dict[tuple[bool, str], list[Change]] = {}
    for place in sorted(decided):
        decision = decided[place]
        # Rows that were added up are one item, and one word on any of them settles it.
        words.setdefault((decision.applied, decision.why), []).append(_word(items[place], decision))
    for (applied, why), changes in words.items():
        journal.record_word(record.id, changes, who=operator(), applied=applied, why=why, at=datetime.now(UTC))


def _require_whole_documents(by_row: Mapping[int, ItemRecord], decided: Mapping[int, Decision]) -> None:
    """Raise UsageError where one word does not stand for all uncertain rows of a request that made one document."""
    requests: dict[int, list[int]] = {}
    for ref, item in by_row.items():
        if item.state in UNSETTLED:
            requests.setdefault(item.batch, []).append(ref)
    for refs in requests.values():
        words = {decided[place].applied if (place := by_row[ref].place) in decided else None for ref in refs}
        if len(words) > 1:
            rows = ",".join(map(row_name, refs))
            raise UsageError(
                text("Rows {rows} went out as one document: it was applied whole or not at all.", rows=rows),
                hint=text("Decide them together: --row {rows}", rows=rows),
            )


def _undecided(ref: int, by_row: Mapping[int, ItemRecord], record: RunRecord) -> ItemRecord:
    item = by_row.get(ref)
    if item is None or item.state not in UNSETTLED:
        raise UsageError(
            text(
                "Row {row} of run {run} is not uncertain: there is nothing to decide.",
                row=row_name(ref),
                run=record.id,
            ),
            hint=text("The uncertain rows are shown by: etl show {run}", run=record.id),
        )
    return item


def _word(item: ItemRecord, decision: Decision) -> Change:
    why = verbatim(decision.why)
    reason = (
        text("Settled by hand as applied: {why}", why=why)
        if decision.applied
        else text("To be sent again by hand: {why}", why=why)
    )
    state = ItemState.CONFIRMED if decision.applied else ItemState.PLANNED
    return Change(place=item.place, state=state, reason=reason, vendor_id=item.vendor_id, data=item.data)


# --- opening and closing -------------------------------------------------------------------------------------------


@contextmanager
def open_journal_of(settings: Settings) -> Iterator[Journal]:
    """Give the journal of these settings while something is done with it."""
    settings.prepare_home()
    journal = open_journal(settings.journal_url)
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def _locked(record: RunRecord, profile: Profile, settings: Settings, journal: Journal, wait: float) -> Iterator[None]:
    vendor = vendor_of(record.destination)
    with AccountLock(settings.home, vendor.name, profile.account, profile.address, wait):
        recover(journal, profile.account, vendor)
        yield


def _lock_key(record: RunRecord) -> tuple[str, str, str]:
    return vendor_of(record.destination).name, record.account, str(record.facts.get("host") or "")


def _profile(record: RunRecord, settings: Settings) -> Profile:
    profile = settings.profile(vendor_of(record.destination).name, record.profile)
    if profile.account != record.account:
        raise ConfigurationError(
            text(
                "Run {run} belongs to account {account}; profile {profile} is account {found} now.",
                run=record.id,
                account=record.account,
                profile=profile.name,
                found=profile.account,
            )
        )
    _same_place(record, profile)
    profile.credentials()
    return profile


def _same_place(record: RunRecord, profile: Profile) -> None:
    """Refuse a plan that was made for another system: a rehearsal must never go on at the real vendor."""
    planned = str(record.facts.get("host") or profile.address)
    if urlsplit(planned).hostname == urlsplit(profile.address).hostname:
        return
    if is_loopback(planned) and is_loopback(profile.address):
        return
    raise ConfigurationError(
        text(
            "Run {run} was made for {planned}; the address is {found} now.",
            run=record.id,
            planned=planned,
            found=profile.address,
        ),
        hint=text("Give back its address, or send the sheet itself to the new one."),
    )


def _rewritten(report: Report, record: RunRecord, output: OutputOptions, settings: Settings, person: Person) -> Report:
    """Write the run's results workbook again where it was, or where the person wants it now."""
    if not output.write_results:
        return report
    target = output.results or Path(record.facts["results"])
    return written(report, DESTINATIONS[record.destination], target, output, person, settings.home / "results")
