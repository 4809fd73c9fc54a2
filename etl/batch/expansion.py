"""Decides for which companies each job of a jobs file is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.batch.jobs import EVERY_PROFILE, PROFILE_MARK, Job
from etl.errors import ConfigurationError
from etl.mappings import load_mapping
from etl.messages import text
from etl.settings import Settings
from etl.vendors import DESTINATIONS, vendor_of
from etl.vendors.base import Destination


def expand(
    jobs: Sequence[Job], settings: Settings, chosen: str | None = None, *, all_profiles: bool = False
) -> list[Job]:
    """Return the jobs, each once for every profile it is for.

    `chosen` (``a,b``) leaves out those of other profiles, and says for whom jobs are that name none; `all_profiles`
    says that for those with ``{profile}`` in their file. ConfigurationError for a profile that does not exist.
    """
    wanted = None if chosen is None else settings.companies(chosen)
    return [job for one in jobs for job in _expanded(one, settings, wanted, all_profiles=all_profiles)]


def _expanded(job: Job, settings: Settings, wanted: Sequence[str] | None, *, all_profiles: bool) -> Iterator[Job]:
    if job.profile is None:
        yield from _nobodys(job, settings, wanted, all_profiles=all_profiles)
        return
    names = _every(job, settings) if job.profile == EVERY_PROFILE else settings.companies(job.profile)
    for name in names:
        if wanted is None or name in wanted:
            yield job.of_company(name)


def _nobodys(job: Job, settings: Settings, wanted: Sequence[str] | None, *, all_profiles: bool) -> Iterator[Job]:
    """Yield a job that names no profile: for those that were asked for, or for the chosen one."""
    own_files = PROFILE_MARK in job.file
    names = _every(job, settings) if all_profiles and own_files and wanted is None else wanted
    if names is None or not names:
        if own_files:
            raise ConfigurationError(
                text("{place}: the job {name} is for no profile", place=job.place, name=job.name),
                hint=text('Write profile = "*" for all of them, or say --profile or --all-profiles.'),
            )
        yield job
        return
    if len(names) > 1 and not own_files:
        raise ConfigurationError(
            text(
                "{place}: the job {name} has one file and would be for several profiles", place=job.place, name=job.name
            ),
            hint=text("Write {name} where the name of the profile belongs.", name=PROFILE_MARK),
        )
    for name in names:
        yield job.of_company(name)


def _every(job: Job, settings: Settings) -> Sequence[str]:
    """Return the companies that are with the vendor of the job's destination."""
    destination = destination_of(job)
    if destination is None:
        return settings.companies()
    vendor = vendor_of(destination.name).name
    there = {profile.name for profile in settings.profiles() if profile.vendor == vendor}
    return [name for name in settings.companies() if name in there]


def destination_of(job: Job) -> Destination | None:
    """Return where a job's sheets go: as it says or its mapping file; None when each sheet says it itself."""
    name = job.to
    if name is None and job.reading.mapping is not None and job.reading.mapping.exists():
        name = load_mapping(job.reading.mapping).destination
    return None if name is None else DESTINATIONS.get(name)
