"""Does one job for one file: a private copy, a run, and where the file goes when that is settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from etl.batch.endings import JobEnding, State, is_settled, state_of
from etl.batch.errands import Errand, Errands
from etl.batch.inputs import BUSY_CODE, zone_of_job
from etl.batch.jobs import Job
from etl.batch.settling import Look, Wanted, look_at
from etl.core.report import Report
from etl.errors import EtlError, InterruptedRunError
from etl.io.log import record_incident
from etl.messages import Text, text
from etl.model import Outcome
from etl.options import OutputOptions, Person
from etl.pipeline import run_file
from etl.runs import run_of_errand
from etl.settings import Settings

BUG_CODE = 70
MARGIN = timedelta(days=2)
"""Around the moment when a file was taken: the journal's clock may differ, and the machine's may have been set."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Whoever does the jobs of one batch."""

    batch: str
    errands: Errands
    settings: Settings
    output: OutputOptions
    person: Person
    now: Callable[[], datetime]

    def take(self, job: Job, wanted: Wanted, look: Look) -> JobEnding:
        """Take a file that rests, send it, and put it away if its run is settled."""

        def act() -> JobEnding:
            errand = self.errands.begin(job, wanted, look, batch=self.batch, now=self.now())
            if isinstance(errand, Text):
                return _ended(job, State.BUSY, BUSY_CODE, errand, wanted.path)
            return self.send(job, errand)

        return self.guarded(job, wanted.path, act)

    def send(self, job: Job, errand: Errand) -> JobEnding:
        """Send a file that was taken; where that could not even be begun, it is taken anew next time."""
        ending = self.guarded(job, errand.source, lambda: self.carry_out(job, errand))
        if ending.report is None and run_of_errand(errand.id, errand.taken - MARGIN, self.settings) is None:
            self.errands.drop(errand)
        return ending

    def guarded(self, job: Job, file: Path, act: Callable[[], JobEnding]) -> JobEnding:
        """Return how a job ended; whatever goes wrong with it stays its own (contract section 8)."""
        try:
            return act()
        except EtlError as error:
            words = (
                error.message if error.hint is None else text("{error} {hint}", error=error.message, hint=error.hint)
            )
            return _ended(job, State.FAILED, error.exit_code, words, file)
        except OSError as error:
            why = text("{file}: {why}", file=file.name, why=error.strerror or type(error).__name__)
            return _ended(job, State.FAILED, InterruptedRunError.exit_code, why, file)
        except Exception as bug:  # noqa: BLE001 - a job is an edge: a bug that one company's file meets is not the others'
            incident = record_incident(self.settings.home, bug)
            kind = type(bug).__name__
            said = text("this is a bug in etl ({kind}). Details for a report: incident {incident}", kind=kind,
                        incident=incident)  # fmt: skip
            return _ended(job, State.FAILED, BUG_CODE, said, file)

    def carry_out(self, job: Job, errand: Errand) -> JobEnding:
        """Send the private copy of a file, as the job says."""
        scheduled = zone_of_job(job, self.settings, batch=self.batch, errand=errand.id)
        report = run_file(
            replace(job.reading, file=errand.copy),
            replace(self.output, results=results_of(job, errand)),
            replace(job.sending, yes=True, scheduled=scheduled),
            self.of_company(job),
            self.person,
        )
        return self.conclude(job, errand, report)

    def of_company(self, job: Job) -> Settings:
        """Return the settings with the job's profile chosen, and its limits in place of the profile's."""
        settings = self.settings if job.profile is None else replace(self.settings, chosen=job.profile)
        if not job.guards:
            return settings
        limited = [replace(one, guards=one.guards.changed_by(job.guards)) for one in settings.declared]
        return replace(settings, declared=tuple(limited))

    def conclude(self, job: Job, errand: Errand, report: Report) -> JobEnding:
        """Put the file away when nothing of its run is open, else keep the errand for the next batch."""
        ran = report.run is not None and report.exit_code != BUSY_CODE
        errand = replace(
            errand,
            run=report.run if ran else errand.run,
            results=Path(report.results) if report.results is not None else errand.results,
        )
        ending = JobEnding(
            name=errand.job,
            profile=errand.profile,
            to=report.to,
            file=errand.source.name,
            run=report.run,
            state=state_of(report),
            counts=report.counts,
            exit_code=0 if report.repeat else report.exit_code,
            message=report.stopped,
            report=report,
        )
        if errand.run is not None:
            self.errands.note(errand)
        if errand.run is not None and not is_settled(report):
            return ending
        return self.put_away(job, errand, ending)

    def put_away(self, job: Job, errand: Errand, ending: JobEnding) -> JobEnding:
        """Move the file to where it belongs, or forget it so that it is taken again; say where it is."""
        folder = _folder(job, ending)
        if errand.run is None and ending.state is not State.REPEAT and folder is None:
            self.errands.drop(errand)  # nothing was begun, and nothing is known about it: next time again
            return ending
        try:
            errand = self.errands.close(errand, folder, self.now(), take_results=job.results is None)
        except OSError as error:
            note = text(
                "{file} could not be moved to {folder} ({why}); the next batch tries again",
                file=errand.source.name,
                folder=str(folder),
                why=error.strerror or type(error).__name__,
            )
            return replace(ending, notes=(*ending.notes, note))
        if errand.target is None:
            return ending
        report = ending.report
        if report is not None and errand.results is not None:
            report = replace(report, results=str(errand.results))
        stayed = look_at(errand.source) == errand.look
        note = text("{file} could not be removed from its folder", file=errand.source.name)
        return replace(
            ending, archived=str(errand.target), report=report, notes=(*ending.notes, note) if stayed else ending.notes
        )


def results_of(job: Job, errand: Errand) -> Path:
    """Return where the results workbook goes: the job's folder or file, else beside the input."""
    name = f"{errand.source.stem}.resultados.xlsx"
    if job.results is None:
        return errand.source.with_name(name)
    place = Path(job.results)
    if place.suffix.lower() == ".xlsx":
        return place
    place.mkdir(parents=True, exist_ok=True)
    return place / name


def _folder(job: Job, ending: JobEnding) -> str | None:
    """Return where a file belongs whose job ended so; None: it stays where it is."""
    clean = ending.exit_code == 0 and not ending.counts[Outcome.NOT_SENT]
    if ending.state is State.REPEAT or (ending.state is State.DONE and clean):
        return job.archive
    if ending.state is State.DONE:
        return job.errors or job.archive
    unusable = ending.state is State.FAILED and ending.exit_code in {3, 6}
    if unusable or ending.state is State.TOO_OLD or ending.run is not None:
        return job.errors
    return None


def _ended(job: Job, state: State, code: int, message: Text, file: Path) -> JobEnding:
    return JobEnding(
        name=job.name, profile=job.profile, to=job.to, state=state, exit_code=code, message=message, file=file.name
    )
