"""Understands a cell that holds a moment: Excel's date with its hour, ISO text, or dd/mm/yyyy hh:mm in a time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from etl.core.reading import CellReader, CellReading, Problem, shown, trimmed
from etl.core.zones import zone_of
from etl.messages import Text, text
from etl.model import DEFAULT_ZONE, Cell, CellNote

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?( ?(Z|[+-]\d{2}:?\d{2}))?", re.ASCII)
_LOCAL = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:,? +|, ?)(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?hs?\.?)?",
    re.ASCII | re.IGNORECASE,
)
_DAY = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{2}-\d{2}", re.ASCII)


def moment_reader(zone: str = DEFAULT_ZONE) -> CellReader:
    """Return the reader of a column of moments; those without a zone of their own are in `zone`.

    What it gives is aware, in UTC and whole milliseconds. A day without an hour, an hour that a clock change leaves
    out or repeats, and anything else is `not_a_date`.
    """

    def read(cell: Cell, note: CellNote | None) -> CellReading:
        if isinstance(cell, str) and not trimmed(cell):
            return None
        seen = shown(cell, note)
        if isinstance(cell, str):
            return _of_text(trimmed(cell), seen, zone)
        if isinstance(cell, datetime):
            return _placed(_whole(cell), seen, zone) if _has_hour(cell) else _without_hour(seen)
        return _without_hour(seen) if hasattr(cell, "year") else _not_a_date(seen)

    return read


def _has_hour(cell: datetime) -> bool:
    """Excel cannot tell a day from its midnight."""
    return (cell.hour, cell.minute, cell.second, cell.microsecond) != (0, 0, 0, 0)


def _of_text(raw: str, seen: str, zone: str) -> CellReading:
    moment = _written(raw)
    if moment is None:
        return _without_hour(seen) if _DAY.fullmatch(raw) else _not_a_date(seen)
    return _placed(_whole(moment), seen, zone)


def _written(raw: str) -> datetime | None:
    try:
        if _ISO.fullmatch(raw):
            return datetime.fromisoformat(raw.replace(" +", "+").replace(" -", "-").replace(" Z", "Z"))
        found = _LOCAL.fullmatch(raw)
        if found is None:
            return None
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - its zone is given to it next
    except ValueError:
        return None


def _whole(moment: datetime) -> datetime:
    """Return the moment in whole milliseconds: Excel's fractions of a day are not exact."""
    try:
        return moment + timedelta(microseconds=500) - timedelta(microseconds=(moment.microsecond + 500) % 1000)
    except OverflowError:
        return moment


def _placed(moment: datetime, seen: str, zone: str) -> CellReading:
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        place = zone_of(zone)
        if place is None:
            return _problem(text("There is no time zone {zone} on this machine", zone=zone))
        early, late = (moment.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    except OverflowError:
        return _not_a_date(seen)
    if early != late:
        return _problem(
            text(
                "In {zone} the clocks are changed at “{value}”: that hour is left out or comes twice",
                zone=zone,
                value=seen,
            )
        )
    return early


def _without_hour(seen: str) -> Problem:
    return _problem(text("“{value}” is a day without an hour", value=seen))


def _not_a_date(seen: str) -> Problem:
    return _problem(text("“{value}” is not a date with an hour", value=seen))


def _problem(message: Text) -> Problem:
    return Problem(
        "not_a_date",
        message,
        text("Write day and hour, like 31/03/2026 18:00, or with its zone: 2026-03-31T18:00-03:00"),
    )
