"""Decides which files of each job are sent tonight, and says of the others why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from etl.batch.endings import TOO_OLD_CODE, JobEnding, State
from etl.batch.errands import Errands, Handled
from etl.batch.expansion import destination_of
from etl.batch.jobs import Job
from etl.batch.settling import Look, Wanted, find_inputs, look_at, resting_time, wait_for_rest
from etl.inquiry import Clock
from etl.messages import Text, text
from etl.options import Scheduled
from etl.settings import Settings
from etl.vendors import vendor_of

BUSY_CODE = 6
UNREADABLE_CODE = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What a job found tonight."""

    ready: tuple[tuple[Wanted, Look], ...] = ()
    told: tuple[JobEnding, ...] = ()
    nothing_new: bool = False
    """`told` says no more than that nothing came."""


@dataclass(slots=True)
class _Candidates:
    """The files of one job."""

    fresh: list[Wanted]
    handled: list[tuple[Path, Handled]]
    open: int = 0
    problem: Text | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """Looks for the files of jobs, all at once, since each has to rest for a while."""

    errands: Errands
    settings: Settings
    clock: Clock
    stopping: Callable[[], bool]

    def find(self, jobs: Sequence[Job]) -> list[Found]:
        """Return what each job found. Waits until the files rest, some seconds in all."""
        taken = {(one.source, one.look.size, one.look.mtime_ns) for one in self.errands.left()}
        candidates = [self._candidates(job, taken) for job in jobs]
        fresh = [wanted for one in candidates for wanted in one.fresh]
        looks = wait_for_rest(fresh, self.clock, self.stopping) if fresh else {}
        return [
            self._found(job, one, {wanted: looks[wanted.path] for wanted in one.fresh if wanted.path in looks})
            for job, one in zip(jobs, candidates, strict=True)
        ]

    def _candidates(self, job: Job, taken: set[tuple[Path, int, int]]) -> _Candidates:
        result = _Candidates([], [])
        try:
            paths = find_inputs(job.file)
        except OSError as error:
            result.problem = text("{file} cannot be looked at: {why}", file=job.file,
                                  why=error.strerror or type(error).__name__)  # fmt: skip
            return result
        for path in paths:
            look = look_at(path)
            if look is None:
                continue
            if (path, look.size, look.mtime_ns) in taken:
                result.open += 1
            elif (done := self.errands.handled(job, path, look)) is not None:
                result.handled.append((path, done))
            else:
                age = self.settings.timing.min_age if job.min_age is None else job.min_age
                result.fresh.append(Wanted(path, resting_time(path, age), job.done_marker))
        return result

    def _found(self, job: Job, candidates: _Candidates, looks: dict[Wanted, Look | Text]) -> Found:
        if candidates.problem is not None:
            return Found(told=(_ending(job, State.FAILED, candidates.problem, code=UNREADABLE_CODE),))
        if not candidates.fresh:
            return Found(told=self._nothing_new(job, candidates), nothing_new=True)
        ready, told = [], []
        for wanted, look in looks.items():
            if isinstance(look, Text):
                told.append(_ending(job, State.BUSY, look, file=wanted.path, code=BUSY_CODE))
            elif (old := self._too_old(job, look)) is not None:
                told.append(_ending(job, State.TOO_OLD, old, file=wanted.path, code=TOO_OLD_CODE))
            else:
                ready.append((wanted, look))
        return Found(tuple(ready), tuple(told))

    def _too_old(self, job: Job, look: Look) -> Text | None:
        limit = age_limit(job)
        age = look.age(self.clock.now())
        if limit is None or age <= limit.total_seconds():
            return None
        return text(
            "The file is {age} old and may be {limit} old at most (max_age). Nothing of it was sent.",
            age=shown_duration(timedelta(seconds=age)),
            limit=shown_duration(limit),
        )

    def _nothing_new(self, job: Job, candidates: _Candidates) -> tuple[JobEnding, ...]:
        expected = self._is_expected(job)
        today = zone_of_job(job, self.settings)
        now = today.day_of(self.clock.now())
        latest = max(candidates.handled, key=lambda one: one[1].at, default=None)
        if latest is not None and (not expected or today.day_of(latest[1].at) == now):
            path, done = latest
            said = text("{file} has not changed since it was handled", file=path.name)
            return (_ending(job, State.REPEAT, said, file=path, run=done.run),)
        if candidates.open and not expected:
            return ()
        parent = Path(job.file).parent
        missing = text("There is no file {file}", file=job.file)
        if not parent.is_dir() and "*" not in str(parent):
            missing = text("There is no folder {folder}", folder=str(parent))
            return (_ending(job, State.NO_FILE, missing, missing=True),)
        if expected:
            missing = text("{why}, and one was expected today", why=missing)
        return (_ending(job, State.NO_FILE, missing, missing=expected),)

    def _is_expected(self, job: Job) -> bool:
        if job.expect is None:
            return False
        today = zone_of_job(job, self.settings).day_of(self.clock.now())
        return today.weekday() in job.expect and today not in job.excepted


def age_limit(job: Job) -> timedelta | None:
    """Return how old a file of the job may be; None when it does not matter."""
    if job.any_age or job.max_age is not None:
        return job.max_age
    destination = destination_of(job)
    return None if destination is None else destination.unattended_for


def zone_of_job(job: Job, settings: Settings, *, batch: str = "", errand: str = "") -> Scheduled:
    """Return the job as a run remembers it, with the zone of its days: its own, else its profile's."""
    zone = job.timezone
    if zone is None:
        destination = destination_of(job)
        vendor = vendor_of(destination.name).name if destination is not None else next(iter(settings.profiles())).vendor
        zone = settings.zone_of(vendor, job.profile)
    return Scheduled(batch=batch, job=job.name, errand=errand, once=job.once, zone=zone)


def shown_duration(duration: timedelta) -> str:
    """Return a duration as the jobs file has it: ``45m``, ``26h``, ``12d``."""
    minutes = int(duration.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // 1440}d"


def _ending(
    job: Job,
    state: State,
    message: Text,
    *,
    file: Path | None = None,
    run: str | None = None,
    code: int = 0,
    missing: bool = False,
) -> JobEnding:
    return JobEnding(
        name=job.name,
        profile=job.profile,
        to=job.to,
        state=state,
        message=message,
        file=None if file is None else file.name,
        run=run,
        exit_code=code,
        missing=missing,
    )
