"""A whole batch, readable from top to bottom: finish the last one, wait for files, do each job, settle, put away."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from etl.batch.endings import BatchEnding, JobEnding, State
from etl.batch.errands import Errands
from etl.batch.expansion import expand
from etl.batch.finishing import Finishing
from etl.batch.inputs import Found, Inputs
from etl.batch.jobs import Job, JobsFile
from etl.batch.notifying import Notifier
from etl.batch.retention import tidy
from etl.batch.surroundings import BatchOptions, Surroundings
from etl.batch.working import Worker
from etl.dispatch import LOOK_EVERY
from etl.errors import RefusedError
from etl.history import doubt_notices
from etl.io.locks import jobs_lock
from etl.messages import Text
from etl.options import Person
from etl.runs import open_journal_of
from etl.settings import Settings


def run_batch(
    jobs: JobsFile, options: BatchOptions, settings: Settings, person: Person, around: Surroundings
) -> BatchEnding:
    """Do every job of the file, one after another, each with a run of its own; never asks.

    ConfigurationError when the jobs cannot be begun at all; what goes wrong with one of them does not stop the others.
    """
    wanted = expand(jobs.jobs, settings, options.profiles, all_profiles=options.all_profiles)
    settings.prepare_home()
    notifier = Notifier(jobs, settings.home, options.output.language, around)
    batch = _Batch(secrets.token_hex(8), jobs, options, settings, person, around)
    around.log("batch_begins", batch=batch.id, jobs=str(jobs.path))
    notifier.begin()
    ending = _alone(batch, wanted)
    around.log("batch_ends", batch=batch.id, exit_code=ending.exit_code)
    for failure in notifier.end(ending):
        person.say(failure)
    return ending


def _alone(batch: _Batch, wanted: Sequence[Job]) -> BatchEnding:
    """Do the jobs, or say of each that another batch is at them."""
    started = batch.around.clock.now()
    try:
        with jobs_lock(batch.settings.home, batch.file.path):
            return _work(batch, wanted)
    except RefusedError as busy:
        told = [
            JobEnding(
                name=job.name,
                profile=job.profile,
                to=job.to,
                state=State.BUSY,
                exit_code=busy.exit_code,
                message=busy.message,
            )
            for job in wanted
        ]
        return BatchEnding(id=batch.id, jobs=tuple(told), started=started)


@dataclass(frozen=True, slots=True)
class _Batch:
    id: str
    file: JobsFile
    options: BatchOptions
    settings: Settings
    person: Person
    around: Surroundings


def _work(batch: _Batch, wanted: Sequence[Job]) -> BatchEnding:
    around, settings = batch.around, batch.settings
    started = around.clock.now()
    errands = Errands(settings.home, batch.file.path)
    worker = Worker(batch.id, errands, settings, batch.options.output, batch.person, around.clock.now)
    finishing = Finishing(worker, batch.file.jobs)
    inputs = Inputs(errands, settings, around.clock, lambda: around.stop_code() is not None)
    endings: dict[int, list[JobEnding]] = {index: [] for index in range(len(wanted))}
    leftovers = finishing.finish_left(wanted, around.stop_code)
    found = inputs.find(wanted)
    for index, job in enumerate(wanted):
        mine = leftovers.pop((job.name, job.profile), [])
        endings[index] += mine
        endings[index] += _job(job, found[index], mine, worker, around)
        for ending in endings[index]:
            _log(around, batch.id, ending)
    told = [ending for index in endings for ending in endings[index]]
    told += [ending for others in leftovers.values() for ending in others]
    settle = batch.file.settle if batch.options.settle is None else batch.options.settle
    told = finishing.settle(told, around, until=around.clock.now() + settle, every=LOOK_EVERY)
    told += finishing.orphans()
    notes = tidy(batch.file.retention, errands, settings, around.clock.now())
    return BatchEnding(
        id=batch.id,
        jobs=tuple(told),
        started=started,
        notices=_notices(settings, wanted, around.clock.now()),
        notes=notes,
        stopped=around.stop_code(),
    )


def _job(
    job: Job, found: Found, leftovers: Sequence[JobEnding], worker: Worker, around: Surroundings
) -> list[JobEnding]:
    endings = [] if leftovers and found.nothing_new else list(found.told)
    for wanted, look in found.ready:
        code = around.stop_code()
        if code is not None:
            endings.append(JobEnding(name=job.name, profile=job.profile, to=job.to, file=wanted.path.name,
                                     state=State.NOT_RUN))  # fmt: skip
            continue
        endings.append(worker.take(job, wanted, look))
    return endings


def _notices(settings: Settings, wanted: Sequence[Job], now: datetime) -> tuple[Text, ...]:
    """Return what is long uncertain on the accounts that the jobs are for."""
    names = {job.profile or settings.chosen for job in wanted}
    accounts = {one.account for one in settings.profiles() if None in names or one.name in names}
    with open_journal_of(settings) as journal:
        return tuple(notice for account in sorted(accounts) for notice in doubt_notices(journal, now, account=account))


def _log(around: Surroundings, batch: str, ending: JobEnding) -> None:
    rows = {f"rows_{name}": count for name, count in ending.counts.items()}
    around.log(
        "job",
        batch=batch,
        job=ending.name,
        profile=ending.profile,
        run=ending.run,
        state=ending.state.value,
        exit_code=ending.exit_code,
        **rows,
    )
