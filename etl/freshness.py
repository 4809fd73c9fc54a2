"""Warns of a sheet that is too old for what it says: the vendor has counted on since it was saved."""

from __future__ import annotations

from datetime import UTC, datetime

from etl.messages import text
from etl.model import Finding, Severity, Sheet
from etl.vendors.base import Destination


def age_findings(sheet: Sheet, destination: Destination, now: datetime | None = None) -> tuple[Finding, ...]:
    """Return a warning when the sheet was saved longer ago than the destination's values stay true."""
    if destination.fresh_for is None or sheet.modified is None:
        return ()
    if (now or datetime.now(UTC)) - sheet.modified <= destination.fresh_for:
        return ()
    return (
        Finding(
            "old_sheet",
            text(
                "The sheet was saved on {when}, and orders have lowered the stock since",
                when=f"{sheet.modified.astimezone():%d/%m/%Y %H:%M}",
            ),
            text("Send a sheet with the stock of today: what is sent replaces what the vendor has counted"),
            Severity.WARNING,
            sheet=sheet.name,
        ),
    )
