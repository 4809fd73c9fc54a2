"""Says whether a field is needed, in the words of tables: README, `etl destinations`, the guide of a template."""

from __future__ import annotations

from collections.abc import Mapping

from etl.messages import Text, text
from etl.vendors.base import Need

_WORDS: Mapping[Need, Text] = {Need.ALWAYS: text("yes"), Need.SOMETIMES: text("to add"), Need.NEVER: text("no")}

MARKS: Mapping[Need, str] = {Need.ALWAYS: "*", Need.SOMETIMES: "+", Need.NEVER: " "}
"""Before a field in the list of `etl destinations`."""


def needed(need: Need) -> Text:
    """Return the word for it."""
    return _WORDS[need]
