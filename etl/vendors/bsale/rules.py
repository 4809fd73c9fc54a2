"""The rules between the fields of Bsale's receptions and consumptions, and the note that has room for our mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl.messages import text
from etl.model import Finding, Row, Severity, Value
from etl.vendors.base import Rule
from etl.vendors.bsale.columns import LONGEST_NOTE, LONGEST_OWN_NOTE
from etl.vendors.bsale.payload import fitted


def check_document_number(row: Row) -> Sequence[tuple[str, Finding]]:
    """Demand digits: the page documents an Integer, although its example sends it as text (facts 2.5)."""
    number = row.values.get("documentNumber")
    if number is None or (str(number).isascii() and str(number).isdigit()):
        return ()
    return (
        (
            "documentNumber",
            Finding(
                "not_an_integer",
                text("“{value}” is not a number: Bsale takes digits alone here", value=str(number)),
                text("Write the digits here, and series or letters in the note"),
            ),
        ),
    )


def warn_of_long_note(row: Row) -> Sequence[tuple[str, Finding]]:
    """Warn where a note is cut: with our mark it has at most 100 characters (reliability.md 1.5)."""
    note, most = str(row.values.get("note", "")), _room(row.values)
    if len(note) <= most:
        return ()
    return (
        (
            "note",
            Finding(
                "note_cut",
                text("The note has {length} characters and is cut to {most}", length=len(note), most=most),
                text("Shorten it; Bsale keeps {total}, and the mark of the run needs some", total=LONGEST_NOTE),
                Severity.WARNING,
            ),
        ),
    )


def cut_note(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the values with a note that fits."""
    note, most = values.get("note"), _room(values)
    return values if note is None or len(str(note)) <= most else {**values, "note": fitted(str(note), most)}


def _room(values: Mapping[str, Value]) -> int:
    """Return how long a note may be: a correction carries no mark."""
    return LONGEST_NOTE if "receptionId" in values else LONGEST_OWN_NOTE


NOTE_RULE = Rule(concerns="note", check=warn_of_long_note)
DOCUMENT_RULES: tuple[Rule, ...] = (Rule(concerns="documentNumber", check=check_document_number), NOTE_RULE)
