"""Asks before anything is sent: the vendor what it has and what is left of the plan, the guards, and the person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from etl.consent import ask, require_answer
from etl.core.guards import Alarm
from etl.costs import compared, cost_of
from etl.guarding import alarms, guarded, remembered, takes_away, warnings_of
from etl.messages import Text, text
from etl.options import Person, SendOptions
from etl.plans import Plan, invalid_rows
from etl.unchanged import without_accepted
from etl.vendors import vendor_of
from etl.vendors.base import Destination, Wishes

if TYPE_CHECKING:
    from etl.inquiry import Inquiry
    from etl.intake import Intake
    from etl.io.journal.records import Journal
    from etl.settings import Profile, Settings


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be sent where, for which company, and who may be asked."""

    destination: Destination
    send: SendOptions
    settings: Settings
    profile: Profile
    person: Person

    @contextmanager
    def inquiry(self, used: int = 0) -> Iterator[Inquiry]:
        """Give the way to the vendor's account, of which `used` requests are made already."""
        from etl.dispatch import inquiry  # noqa: PLC0415 - HTTP

        vendor, limit = vendor_of(self.destination.name), self.send.max_requests
        with inquiry(vendor, self.settings, self.profile, self.person, max_requests=limit) as asking:
            asking.used = used
            yield asking


def survey(intake: Intake, errand: Errand, *, strict: bool) -> Intake:
    """Read what the vendor has, where the destination wants to know it and something may be sent."""
    destination, send = errand.destination, errand.send
    if destination.survey is None or (strict and invalid_rows(intake)):
        return intake
    from etl.surveying import surveyed  # noqa: PLC0415 - HTTP

    if not send.dry_run and intake.checked.rows:
        require_answer(send, errand.person)
    wishes = Wishes(
        only_changed=send.only_changed,
        key=send.key,
        partial_documents=send.partial_documents,
        settings=errand.profile.settings,
    )
    with errand.inquiry() as asking:
        return surveyed(intake, destination, wishes, asking)


def remember(intake: Intake, errand: Errand, journal: Journal | None) -> Intake:
    """Leave out what the journal's last accepted values equal, where the person wants that."""
    if journal is None:
        return intake
    return without_accepted(intake, errand.destination, journal, errand.profile.account, errand.send)


def consented(planned: Plan, intake: Intake, errand: Errand, journal: Journal) -> tuple[Plan, Intake]:
    """Return what may be sent once the guards and the person agreed, and the sheet with the requests that took.

    Raises UsageError without a yes, StoppedError on Ctrl+C.
    """
    send, person = errand.send, errand.person
    require_answer(send, person)
    planned, intake = _with_evidence(planned, intake, errand)
    planned = guarded(planned, _alarms(planned, intake, errand, journal), intake, person)
    if planned.batches and not send.yes:
        left, intake = _left(planned, intake, errand)
        for line in left:
            person.say(line)
    if planned.batches:
        ask(send, person)
    return planned, intake


def foreseen(
    planned: Plan, intake: Intake, errand: Errand, journal: Journal | None
) -> tuple[Plan, Intake, tuple[Text, ...]]:
    """Return a plan that is not sent with what the guards would ask, and what the vendor's plan has left."""
    planned, intake = _with_evidence(planned, intake, errand)
    left, intake = _left(planned, intake, errand) if errand.send.read else ((), intake)
    found = warnings_of(_alarms(planned, intake, errand, journal), intake)
    return replace(planned, findings=(*planned.findings, *found)), intake, left


def _alarms(planned: Plan, intake: Intake, errand: Errand, journal: Journal | None) -> tuple[Alarm, ...]:
    destination, profile = errand.destination, errand.profile
    last = {} if journal is None else remembered(planned, destination, journal, profile.account)
    return alarms(planned, intake, destination, profile.guards, errand.send.confirm, last)


def _with_evidence(planned: Plan, intake: Intake, errand: Errand) -> tuple[Plan, Intake]:
    """Read the stock of what would be taken away, where the company wants such evidence."""
    if not takes_away(planned, errand.destination):
        return planned, intake
    from etl.surveying import with_evidence  # noqa: PLC0415 - HTTP

    with errand.inquiry(intake.reads) as asking:
        planned = with_evidence(planned, errand.destination, asking)
    return planned, replace(intake, reads=asking.used)


def _left(planned: Plan, intake: Intake, errand: Errand) -> tuple[tuple[Text, ...], Intake]:
    """Return what the vendor says is left of the plan, where it says so, and the sheet with the request that took."""
    vendor, limit = vendor_of(errand.destination.name), errand.send.max_requests
    cost = cost_of(planned.outline, intake, errand.destination, evidence=errand.profile.evidence)
    if vendor.allowance is None or not planned.batches:
        return (), intake
    if limit is not None and intake.reads + 1 + cost.total > limit:
        return (), intake
    from etl.surveying import allowed  # noqa: PLC0415 - HTTP

    with errand.inquiry(intake.reads) as asking:
        allowance = allowed(vendor, asking)
    intake = replace(intake, reads=asking.used)
    if allowance is None:
        return (text("What is left of the plan could not be read."),), intake
    return tuple(compared(cost, allowance)), intake
