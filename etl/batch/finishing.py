"""Finishes what earlier batches left: resumes, looks up, and puts files away once their runs are settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from etl.batch.endings import JobEnding, State, is_settled
from etl.batch.errands import Errand
from etl.batch.inputs import age_limit
from etl.batch.jobs import Job
from etl.batch.settling import look_at
from etl.batch.surroundings import Surroundings
from etl.batch.working import MARGIN, Worker
from etl.core.report import Report
from etl.errors import EtlError
from etl.messages import Text, text
from etl.model import Outcome
from etl.options import OutputOptions, SendOptions
from etl.runs import is_worth_waiting, reconcile_run, resume_run, run_of_errand, show_run
from etl.vendors import DESTINATIONS

LOOKED_UP_FOR = timedelta(days=2)
"""Uncertain rows that are older are no longer looked up each night: somebody has to look (JOB-9)."""

Leftovers = dict[tuple[str, str | None], list[JobEnding]]
"""How earlier errands ended, by the job's name and profile."""


@dataclass(frozen=True, slots=True)
class Finishing:
    """Goes through the errands that are still open."""

    worker: Worker
    jobs: Sequence[Job]
    """As declared: an errand of a job that is not among them is left alone."""

    def finish_left(self, wanted: Sequence[Job], stop_code: Callable[[], int | None]) -> Leftovers:
        """Finish the errands of the wanted jobs that an earlier batch left, and return how they stand now."""
        by_name = {(job.name, job.profile): job for job in wanted}
        told: Leftovers = {}
        for errand in self.worker.errands.left():
            job = by_name.get((errand.job, errand.profile))
            if job is None or stop_code() is not None:
                continue
            ending = self._finish(job, errand)
            if ending is not None:
                told.setdefault((job.name, job.profile), []).append(ending)
        return told

    def orphans(self) -> Iterator[JobEnding]:
        """Yield the errands with work left that nobody finishes, since their job stands no more in the jobs file."""
        names = {job.name for job in self.jobs}
        for errand in self.worker.errands.left():
            if errand.job in names:
                continue
            try:
                ending = self._orphan(errand)
            except EtlError as error:  # its run is not in the journal, say: the other jobs keep their endings
                ending = replace(_forsaken(errand, error.message), run=errand.run, exit_code=error.exit_code)
            if ending is not None:
                yield ending

    def _orphan(self, errand: Errand) -> JobEnding | None:
        run = errand.run or run_of_errand(errand.id, errand.taken - MARGIN, self.worker.settings)
        if run is None:
            said = text(
                "This job stands no more in the jobs file, and its file was not sent. Put it back, or send the file."
            )
            return _forsaken(errand, said)
        report = show_run(run, self.worker.settings)
        if is_settled(report):
            return None
        said = text(
            "This job stands no more in the jobs file, and its run has rows left. Put it back, or: etl resume {run}",
            run=run,
        )
        ending = replace(_forsaken(errand, said), run=run, to=report.to, counts=report.counts, report=report)
        return replace(ending, state=State.UNCERTAIN, exit_code=7) if report.counts["uncertain"] else ending

    def settle(
        self, endings: Sequence[JobEnding], around: Surroundings, *, until: datetime, every: float
    ) -> list[JobEnding]:
        """Look up what is uncertain, as often as it is due, until `until`; what is proven not to have arrived is sent.

        A lost answer of 02:10 is known at 02:30, and not next night.
        """
        settings = self.worker.settings
        told = list(endings)
        pause = min(every, max(settings.timing.reconcile_gap, 0.1))
        waiting = {index: one.run for index, one in enumerate(told) if one.state is State.UNCERTAIN and one.run}
        while waiting and around.clock.now() < until and around.stop_code() is None:
            waiting = {index: run for index, run in waiting.items() if is_worth_waiting(run, settings)}
            if not waiting:
                break
            around.clock.sleep(pause)
            for index, run in [*waiting.items()]:
                ending = told[index]
                report = self._looked_up(run, ending)
                if report is not None and not report.counts["uncertain"]:
                    told[index] = self._once_settled(run, ending)
                    del waiting[index]
        return told

    def _looked_up(self, run: str, ending: JobEnding) -> Report | None:
        job, worker = self._job(ending), self.worker
        if job is None:
            return None
        found: list[Report] = []

        def act() -> JobEnding:
            quiet = OutputOptions(write_results=False, language=worker.output.language)
            found.append(reconcile_run(run, quiet, _sending(job), worker.settings, worker.person, only_due=True))
            return ending

        worker.guarded(job, _file(ending), act)
        return found[0] if found else None

    def _once_settled(self, run: str, ending: JobEnding) -> JobEnding:
        """Send what was proven not to have arrived, write the workbook again, and put the file away."""
        job = self._job(ending)
        errand = next((one for one in self.worker.errands.left() if one.run == run), None)
        if job is None or errand is None:
            return ending
        return self._resumed(job, errand, run)

    def _job(self, ending: JobEnding) -> Job | None:
        declared = next((job for job in self.jobs if job.name == ending.name), None)
        return None if declared is None else declared.of_company(ending.profile)

    def _finish(self, job: Job, errand: Errand) -> JobEnding | None:
        worker = self.worker

        def act() -> JobEnding:
            run = errand.run or run_of_errand(errand.id, errand.taken - MARGIN, worker.settings)
            return self._begun(job, errand) if run is None else self._resumed(job, errand, run)

        if errand.run is None and look_at(errand.source) == errand.look:
            run = run_of_errand(errand.id, errand.taken - MARGIN, worker.settings)
            if run is None:
                worker.errands.drop(errand)  # nothing was begun: the file is taken like any other
                return None
        return worker.guarded(job, errand.source, act)

    def _begun(self, job: Job, errand: Errand) -> JobEnding:
        """Send the copy of a file that was taken and whose place another file has by now."""
        limit = age_limit(job)
        if limit is not None and errand.look.age(self.worker.now()) > limit.total_seconds():
            ending = JobEnding(name=job.name, profile=job.profile, to=job.to, file=errand.source.name,
                               state=State.TOO_OLD, exit_code=3)  # fmt: skip
            return self.worker.put_away(job, errand, ending)
        return self.worker.send(job, errand)

    def _resumed(self, job: Job, errand: Errand, run: str) -> JobEnding:
        worker = self.worker
        errand = replace(errand, run=run)
        report = show_run(run, worker.settings)
        if self._is_expired(job, errand, report):
            return self._expired(job, errand, report)
        unwritten = errand.results is None and worker.output.write_results and not report.counts["uncertain"]
        if _has_work(report, worker.now()) or unwritten:
            report = resume_run(run, worker.output, _sending(job), worker.settings, worker.person)
        if report.exit_code == 6 and not report.counts["uncertain"]:
            return self._overtaken(job, errand, report)
        return worker.conclude(job, errand, report)

    def _is_expired(self, job: Job, errand: Errand, report: Report) -> bool:
        """Whether rows wait that may not be sent any more: the vendor has counted on since the file was saved."""
        limit = age_limit(job)
        if limit is None or report.to is None or DESTINATIONS[report.to].unattended_for is None:
            return False
        return _waits(report) and errand.look.age(self.worker.now()) > limit.total_seconds()

    def _expired(self, job: Job, errand: Errand, report: Report) -> JobEnding:
        said = text("The rows that were not sent are too old by now, and are not sent any more.")
        ending = self._closed(job, errand, report, State.TOO_OLD, 3)
        if report.counts["uncertain"]:
            return replace(ending, state=State.UNCERTAIN, exit_code=7, message=said)
        return self.worker.put_away(job, errand, replace(ending, message=said))

    def _overtaken(self, job: Job, errand: Errand, report: Report) -> JobEnding:
        """Close an errand whose rows another run has sent, or stands in place of."""
        ending = self._closed(job, errand, report, State.DONE, 1)
        return self.worker.put_away(job, errand, replace(ending, message=report.stopped))

    def _closed(self, job: Job, errand: Errand, report: Report, state: State, code: int) -> JobEnding:
        return JobEnding(
            name=job.name,
            profile=job.profile,
            to=report.to,
            file=errand.source.name,
            run=errand.run,
            counts=report.counts,
            report=report,
            state=state,
            exit_code=code,
        )


def _forsaken(errand: Errand, said: Text) -> JobEnding:
    return JobEnding(
        name=errand.job, profile=errand.profile, file=errand.source.name, state=State.FAILED, exit_code=5, message=said
    )


def _sending(job: Job) -> SendOptions:
    return SendOptions(yes=True, max_requests=job.sending.max_requests, wait=job.sending.wait)


def _waits(report: Report) -> bool:
    return any(row.outcome is Outcome.NOT_SENT and row.batch is not None for row in report.rows)


def _has_work(report: Report, now: datetime) -> bool:
    """Whether rows wait to be sent, or are uncertain since not so long ago."""
    if _waits(report):
        return True
    moments = [row.sent_at for row in report.uncertain]
    return bool(moments) and now - max(moments) <= LOOKED_UP_FOR


def _file(ending: JobEnding) -> Path:
    return Path(ending.file or "")
