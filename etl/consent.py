"""Shows what would be sent, to whom and at what cost, and asks for leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from etl.core.planning import group_label
from etl.costs import cost_of
from etl.errors import StoppedError, UsageError
from etl.messages import Text, ntext, text
from etl.model import Batch, Effect
from etl.options import Person, SendOptions
from etl.plans import Plan, invalid_rows
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.io.journal.records import Journal
    from etl.settings import Profile, Settings

SHOWN_GROUPS = 12
"""Lines of the plan; of more documents the first ones are named."""


def show_plan(
    planned: Plan,
    intake: Intake,
    destination: Destination,
    profile: Profile,
    journal: Journal,
    settings: Settings,
    person: Person,
) -> None:
    """Show company, account, host, destination, rows by group and requests before anything is sent."""
    from etl.dispatch import introduction  # noqa: PLC0415 - only a run that sends

    person.say(introduction(profile))
    person.say(text("Destination: {to} - journal: {home}", to=destination.name, home=str(settings.home)))
    for line in _groups(planned.batches, destination):
        person.say(line)
    if intake.unchanged:
        person.say(
            ntext("{count} row is unchanged and is not sent", "{count} rows are unchanged and are not sent",
                  len(intake.unchanged)),
        )  # fmt: skip
        if destination.remembered is not None:
            person.say(destination.remembered)
    invalid = len(invalid_rows(intake))
    if invalid:
        person.say(
            ntext("{count} row has errors and is not sent", "{count} rows have errors and are not sent", invalid)
        )
    person.say(cost_of(planned.outline, intake, destination, evidence=profile.evidence).told)
    if intake.reads:
        person.say(
            ntext(
                "{count} request was made already, to read", "{count} requests were made already, to read", intake.reads
            )
        )
    movements = any(destination.effect(batch.group) is Effect.DELTA for batch in planned.batches)
    if movements and not journal.runs_of(profile.account, destination.name):
        person.say(
            text("This journal has no earlier run of this account: repeats of older movements cannot be noticed.")
        )


def _groups(batches: Iterable[Batch], destination: Destination) -> Iterator[Text]:
    """Yield what goes out: rows by operation or by document, the first of many documents, and which are split."""
    groups: dict[str, list[Batch]] = {}
    for batch in batches:
        groups.setdefault(batch.group, []).append(batch)
    shown = list(groups.items()) if len(groups) <= SHOWN_GROUPS else list(groups.items())[: SHOWN_GROUPS - 1]
    for group, parts in shown:
        label, count = group_label(group, destination), sum(len(item.rows) for batch in parts for item in batch.items)
        yield ntext("{label}: {count} row", "{label}: {count} rows", count, label=label)
        if destination.documents and len(parts) > 1:
            yield text(
                "It has more than {limit} lines and is sent as {parts} documents.",
                limit=destination.batch_limit,
                parts=len(parts),
            )
    if len(groups) > len(shown):
        yield text("… and {count} documents more", count=len(groups) - len(shown))


def require_answer(send: SendOptions, person: Person) -> None:
    """Return when somebody can say yes, or did. Raises UsageError otherwise."""
    if not send.yes and not person.interactive:
        raise UsageError(
            text("Nothing was sent: there is no terminal to ask on."),
            hint=text("Say --yes to send without being asked."),
        )


def ask(send: SendOptions, person: Person) -> None:
    """Return when it may be sent. Raises UsageError without a yes, StoppedError on Ctrl+C."""
    if not send.yes and not agreed(text("Send it?"), person):
        raise UsageError(text("Nothing was sent: the question was not answered with yes."))


def agreed(question: Text, person: Person) -> bool:
    """Ask on the terminal and return whether the answer is yes. Raises StoppedError on Ctrl+C."""
    try:
        return person.ask(question)
    except KeyboardInterrupt:
        raise StoppedError from None
