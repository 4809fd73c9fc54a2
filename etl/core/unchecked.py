"""Says what a check without sending cannot know, so that nobody takes "valid" for "accepted"."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from etl.messages import Text, text
from etl.model import Effect
from etl.vendors.base import Destination


def unchecked(effects: Collection[Effect], destination: Destination, *, surveyed: bool) -> tuple[Text, ...]:
    """Return what stays open for rows with these effects; `surveyed`: what the vendor has was read."""
    return tuple(_open_questions(effects, destination, surveyed=surveyed))


def _open_questions(effects: Collection[Effect], destination: Destination, *, surveyed: bool) -> Iterator[Text]:
    if Effect.DELTA in effects:
        yield text("Whether rows of this sheet were sent before: the journal is asked when they are sent.")
    if surveyed:
        return
    if Effect.CREATE in effects:
        yield text("Whether the vendor has some of these already: it refuses what exists.")
    if Effect.DELTA in effects or Effect.SET in effects:
        yield text("Whether the vendor has all of these: it refuses what it does not know.")
    if destination.survey is not None and effects:
        yield text("What the vendor has now. To read it and send nothing: etl run FILE --dry-run --read")
