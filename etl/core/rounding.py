"""Says what rounding would do to the values of a column that have too many decimals, as one cause (issue 4, 7)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from etl.core.numbers import plain_digits
from etl.messages import Text, text
from etl.model import Finding, Json

TOO_MANY_DECIMALS = "too_many_decimals"
"""Code of the findings, which carry the value and what it is when it is rounded."""


def rounding_told(findings: Sequence[Finding]) -> Text:
    """Return what is wrong with these cells and how little rounding would change them; the largest change is shown."""
    changes = [(_change(found), found) for found in findings]
    largest, found = max(changes, key=lambda change: change[0])
    value, sent = _argument(found.message, "value"), _argument(found.hint, "rounded")
    told = {
        "most": _argument(found.message, "most"),
        "cell": found.cell or str(found.row),
        "value": value,
        "sent": sent,
    }
    told["change"] = plain_digits(largest)
    if found.value is None or found.value == value:
        return text(
            "More than {most} decimals. Rounded, {cell} changes most: {value} is sent as {sent}, a change of {change}",
            **told,
        )
    return text(
        "More than {most} decimals. Rounded, {cell} changes most: it holds {value}, shows {shown} and is "
        "sent as {sent}, a change of {change}",
        shown=found.value,
        **told,
    )


def rounding_hint(typed: str | None) -> Text:
    """Return how to send the values rounded; `typed` is the command line, None where a run's workbook goes on."""
    if typed is None:
        return text("Round them in the sheet, or give this workbook to etl run with --round")
    return text("Round them in the sheet, or send them rounded: {command}", command=f"{typed} --round")


def _change(found: Finding) -> Decimal:
    """Return by how much rounding changes a value."""
    return abs(Decimal(_argument(found.message, "value")) - Decimal(_argument(found.hint, "rounded")))


def _argument(said: Text | None, name: str) -> str:
    found: Json = dict(said.args)[name] if said is not None else ""
    return str(found)
