"""Looks at every job without sending: its configuration, its files, its credentials (``etl batch --check``)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from etl.batch.endings import BatchEnding, JobEnding, State
from etl.batch.expansion import destination_of, expand
from etl.batch.jobs import Job, JobsFile
from etl.batch.notifying import check_addresses
from etl.batch.settling import find_inputs
from etl.batch.surroundings import BatchOptions
from etl.errors import EtlError
from etl.messages import Text, text
from etl.options import OutputOptions, Person
from etl.pipeline import validate_file
from etl.settings import Settings
from etl.vendors import vendor_of


def check_jobs(jobs: JobsFile, options: BatchOptions, settings: Settings, person: Person) -> BatchEnding:
    """Return what each job would meet: no network, no journal, nothing written. Raises ConfigurationError."""
    wanted = expand(jobs.jobs, settings, options.profiles, all_profiles=options.all_profiles)
    check_addresses(jobs, os.environ)
    started = datetime.now(UTC)
    told = [ending for job in wanted for ending in _check(job, options, settings, person)]
    return BatchEnding(id=secrets.token_hex(8), jobs=tuple(told), started=started, checked=True)


def _check(job: Job, options: BatchOptions, settings: Settings, person: Person) -> Iterator[JobEnding]:
    destination = destination_of(job)
    try:
        if job.reading.mapping is not None and not job.reading.mapping.is_file():
            yield _ending(job, State.FAILED, 4, text("There is no mapping file {path}", path=str(job.reading.mapping)))
            return
        if destination is not None:
            settings.profile(vendor_of(destination.name).name, job.profile or settings.chosen).credentials()
        paths = find_inputs(job.file)
    except EtlError as error:
        yield _failed(job, error)
        return
    except OSError as error:
        why = error.strerror or type(error).__name__
        yield _ending(job, State.FAILED, 3, text("{file} cannot be looked at: {why}", file=job.file, why=why))
        return
    if not paths:
        yield _ending(job, State.NO_FILE, 0, text("There is no file {file}", file=job.file))
    for path in paths:
        yield _file(job, path, options, settings, person)


def _file(job: Job, path: Path, options: BatchOptions, settings: Settings, person: Person) -> JobEnding:
    output = OutputOptions(write_results=False, language=options.output.language)
    chosen = settings if job.profile is None else replace(settings, chosen=job.profile)
    sheet = replace(job.reading, file=path, zone_of=chosen.zone_of)
    try:
        report = validate_file(sheet, output, person)
        if report.to is not None and destination_of(job) is None:
            chosen.profile(vendor_of(report.to).name).credentials()
    except EtlError as error:
        return replace(_failed(job, error), file=path.name)
    return JobEnding(
        name=job.name,
        profile=job.profile,
        to=report.to,
        file=path.name,
        state=State.READY if report.exit_code in {0, 1} else State.FAILED,
        counts=report.counts,
        exit_code=report.exit_code,
        message=report.stopped,
        report=report,
    )


def _failed(job: Job, error: EtlError) -> JobEnding:
    words = error.message if error.hint is None else text("{error} {hint}", error=error.message, hint=error.hint)
    return _ending(job, State.FAILED, error.exit_code, words)


def _ending(job: Job, state: State, code: int, message: Text) -> JobEnding:
    return JobEnding(name=job.name, profile=job.profile, to=job.to, state=state, exit_code=code, message=message)
