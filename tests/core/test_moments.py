"""Moments in cells: every way of writing one gives the same instant, and what has no one instant is a finding."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.cells import read_constant
from etl.core.mapping import ReadingOptions, map_rows
from etl.core.moments import moment_reader
from etl.core.reading import Problem
from etl.model import Cell, Layout, MappedColumn
from etl.vendors.base import Kind
from tests.core.tables import CODE, COUNT, NAME, PRICE, column, destination, frame_of, sheet

UNTIL = column("until", Kind.DATETIME)
INSTANT = datetime(2026, 3, 31, 21, 0, tzinfo=UTC)
"""31/03/2026 18:00 in Argentina."""


@pytest.mark.parametrize(
    "cell",
    [
        datetime(2026, 3, 31, 18, 0),  # noqa: DTZ001 - what Excel holds
        datetime(2026, 3, 31, 17, 59, 59, 999_999),  # noqa: DTZ001
        "2026-03-31T18:00",
        "2026-03-31 18:00:00",
        "2026-03-31T18:00:00-03:00",
        "2026-03-31T21:00:00.000Z",
        "2026-03-31T21:00Z",
        "31/03/2026 18:00",
        "31/3/2026 18:00:00",
        "31-03-2026 18:00",
        "31.03.2026 18:00 hs",
        " 31/03/2026\u00a018:00 ",
    ],
)
def test_every_way_of_writing_a_moment_is_the_same_instant(cell: Cell) -> None:
    """Excel's date, ISO text and dd/mm/yyyy hh:mm say the same, in Argentina's time unless they say otherwise."""
    assert moment_reader()(cell, None) == INSTANT


@pytest.mark.parametrize(
    "cell",
    [
        datetime(2026, 3, 31),  # noqa: DTZ001 - a day, for Excel
        date(2026, 3, 31),
        time(18, 0),
        timedelta(hours=18),
        "31/03/2026",
        "2026-03-31",
        "2026-W14-2",
        "31/03/26 18:00",
        "31/02/2026 18:00",
        "31/03/2026 25:00",
        "03/31/2026 18:00",
        "18:00",
        "mañana",
        46112.75,
        True,
        datetime.max,  # noqa: DTZ901
        "0001-01-01T00:00:00+23:00",
    ],
)
def test_what_is_no_one_instant_is_a_finding(cell: Cell) -> None:
    """A day without an hour, a day that does not exist, a bare number: not guessed."""
    found = moment_reader()(cell, None)
    assert isinstance(found, Problem)
    assert (found.code, found.hint is not None) == ("not_a_date", True)


def test_an_hour_that_a_clock_change_leaves_out_or_repeats_is_a_finding() -> None:
    """In Chile 00:30 of a Sunday in September does not exist, and 23:30 of a Saturday in April is two instants."""
    read = moment_reader("America/Santiago")
    for written in ("06/09/2026 00:30", "04/04/2026 23:30"):
        found = read(written, None)
        assert isinstance(found, Problem)
        assert found.code == "not_a_date"
    assert read("04/04/2026 22:30", None) == datetime(2026, 4, 5, 1, 30, tzinfo=UTC)
    assert read("2026-04-04T23:30-04:00", None) == datetime(2026, 4, 5, 3, 30, tzinfo=UTC)


def test_a_zone_that_does_not_exist_is_a_finding() -> None:
    """Nothing is sent in a zone that was guessed."""
    assert isinstance(moment_reader("America/Nowhere")("31/03/2026 18:00", None), Problem)


def test_the_zone_of_the_profile_reaches_cells_and_constants() -> None:
    """A column and ``--set`` are read in the same zone."""
    found = sheet(("Code", "Until"), ("a", "31/12/2026 18:00"))
    target = destination(CODE, NAME, PRICE, COUNT, UNTIL)
    columns = (MappedColumn("code", "Code", 0), MappedColumn("until", "Until", 1))
    mapped = map_rows(found, Layout(1, ("Code", "Until"), columns, ()), target, ReadingOptions(zone="America/Santiago"))
    assert frame_of(mapped)["until"].tolist() == [datetime(2026, 12, 31, 21, tzinfo=UTC)]
    assert read_constant("31/12/2026 18:00", UNTIL, zone="America/Bogota") == datetime(2026, 12, 31, 23, tzinfo=UTC)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_written_in_any_way_comes_back(moment: datetime) -> None:
    """Written as people write it, or by Excel with its inexact fractions, it is the same millisecond."""
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    here = whole.astimezone(ZoneInfo("America/Bogota"))
    read = moment_reader("America/Bogota")
    assert read(whole.isoformat(), None) == whole
    assert read(here.strftime("%d/%m/%Y %H:%M:%S"), None) == whole.replace(microsecond=0)
    if (here.hour, here.minute, here.second, here.microsecond) != (0, 0, 0, 0):
        assert read(here.replace(tzinfo=None) + timedelta(microseconds=3), None) == whole
