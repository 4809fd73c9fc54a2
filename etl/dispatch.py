"""Joins a run in the journal with its vendor: transport, clock, rules and signals, for whoever sends or looks up."""

from __future__ import annotations

import getpass
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from etl.core.outcomes import ItemState
from etl.errors import InterruptedRunError
from etl.inquiry import Ending, Inquiry, Rules
from etl.io.journal.records import Journal
from etl.io.log import EventLog
from etl.io.secrets import redact
from etl.io.transport import HttpTransport
from etl.messages import Text, text
from etl.options import Person
from etl.reconciliation import Patience
from etl.settings import Profile, Settings
from etl.stops import Stops
from etl.submission import Submission
from etl.vendors import DESTINATIONS, vendor_of
from etl.vendors.base import Vendor

LOOK_EVERY = 5.0
"""Seconds between two thoughts about whether a look is due, while a person waits."""
NEEDED_SPACE = 50 * 1024 * 1024
"""Bytes that must be free beside ten times the plan (JOB-5)."""


@dataclass(frozen=True, slots=True)
class RealClock:
    """The wall clock; a wait ends early when a stop is requested."""

    stopping: Callable[[], bool] = lambda: False

    def now(self) -> datetime:
        """Return the time, aware."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait, looking for a requested stop a few times a second."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.stopping():
            time.sleep(min(left, 0.2))


@contextmanager
def inquiry(
    vendor: Vendor, settings: Settings, profile: Profile, person: Person, *, max_requests: int | None = None
) -> Iterator[Inquiry]:
    """Give the way to a vendor's account, with signals heeded while it is open."""
    told = text("Stopping: the request in flight is being finished first. A second signal stops at once.")
    with (
        Stops(lambda _signal: person.say(told)) as stops,
        HttpTransport(vendor, profile, stop_requested_at=stops.asked_at) as transport,
    ):
        yield Inquiry(
            sender=transport,
            rules=rules_of(settings, profile, max_requests),
            clock=RealClock(lambda: stops.requested is not None),
            rng=random.Random(),  # noqa: S311 - jitter, not secrecy
            stop_code=lambda: stops.exit_code,
            retry_hint=vendor.retry_hint,
            denies=vendor.denies,
        )


@contextmanager
def submission(
    run: str,
    journal: Journal,
    settings: Settings,
    profile: Profile,
    person: Person,
    *,
    max_requests: int | None = None,
    used: int = 0,
) -> Iterator[Submission]:
    """Give the submission of a run, with signals heeded while it is open; `used` requests were made for it before."""
    destination = DESTINATIONS[journal.run(run).destination]
    credentials = profile.credentials()
    with inquiry(vendor_of(destination.name), settings, profile, person, max_requests=max_requests) as asking:
        asking.used = used
        yield Submission(
            run=run,
            destination=destination,
            journal=journal,
            inquiry=asking,
            redact=lambda words: redact(words, credentials.values()),
            progress=person.progress,
            log=EventLog(settings.home, secrets=credentials.values()).write,
        )


def introduction(profile: Profile) -> Text:
    """Return what a person must see before anything is sent: for whom, and where to."""
    return text(
        "Company: {company} - account: {account} - host: {host}",
        company=profile.company or profile.name,
        account=profile.account,
        host=profile.address,
    )


def rules_of(settings: Settings, profile: Profile, max_requests: int | None) -> Rules:
    """Return the waiting times and limits of the settings."""
    timing = settings.timing
    return Rules(
        patience=Patience(timing.reconcile_horizon, timing.reconcile_gap),
        resend_window=timing.resend_window,
        retry_base=timing.retry_base,
        deadline=timing.total_timeout,
        evidence=profile.evidence,
        max_requests=max_requests,
        in_flight=profile.in_flight,
        settings=profile.settings,
    )


def close(journal: Journal, run: str, ending: Ending) -> None:
    """Write into the journal how a submission ended."""
    stopped = ending.exit_code is not None
    journal.finish(
        run,
        state="stopped" if stopped else "finished",
        exit_code=ending.exit_code or 0,
        stopped=ending.message,
        at=datetime.now(UTC),
    )


def heeded(work: Submission, ending: Ending) -> Ending:
    """Return how a submission ended: stopped, if a signal came in any part of it and left something undone."""
    code = work.inquiry.stop_code()
    if code is None or ending.exit_code not in {None, 5}:
        return ending
    counts = work.journal.state_counts(work.run)
    undone = any(counts.get(state) for state in (ItemState.PLANNED, ItemState.UNCERTAIN))
    return Ending(exit_code=code, message=text("Stopped on request.")) if undone else ending


def offer_to_wait(work: Submission, person: Person) -> None:
    """On a terminal, offer to wait until what is uncertain can be settled, looking as the ladder says."""
    patience = work.inquiry.rules.patience
    longest = patience.horizon + 2 * patience.gap
    if not person.interactive or not work.lookups.in_doubt():
        return
    if not person.ask(
        text(
            "Some rows are uncertain. Wait here (at most {minutes} min) and look them up?",
            minutes=int(longest / 60) + 1,
        )
    ):
        return
    until = time.monotonic() + longest
    while time.monotonic() < until and work.lookups.in_doubt() and work.inquiry.stop_code() is None:
        work.inquiry.clock.sleep(min(LOOK_EVERY, max(patience.gap, 0.1)))
        work.lookups.look_up(only_due=True)


def require_space(plan_bytes: int, journal: Path, results: Path | None = None) -> None:
    """Refuse to send when a disk will not hold the journal or the results (JOB-5). Raises InterruptedRunError.

    `journal` and `results` are folders; one that does not exist yet counts as the one that it will stand in.
    """
    needed = 10 * plan_bytes + NEEDED_SPACE
    for folder in (journal, results):
        if folder is None:
            continue
        standing = next((one for one in (folder, *folder.absolute().parents) if one.is_dir()), None)
        if standing is None:
            continue
        free = shutil.disk_usage(standing).free
        if free < needed:
            raise InterruptedRunError(
                text(
                    "Only {free} MB are free on the disk of {folder}, {needed} MB are needed. Nothing was sent.",
                    free=free // 2**20,
                    needed=needed // 2**20,
                    folder=str(folder),
                ),
                hint=text("Free some space and run it again."),
            )


def operator() -> str:
    """Return who is working: the name that stands beside a decision in the journal."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getpid())


def recover(journal: Journal, account: str, vendor: Vendor) -> int:
    """Make what an ended process left half sent uncertain. The caller holds the account's lock."""
    names = [destination.name for destination in vendor.destinations]
    return journal.recover(account, names, datetime.now(UTC))
