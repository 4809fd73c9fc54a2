"""What may be asked of a list, and how what was typed is sent."""

from __future__ import annotations

import time

import pytest

from etl.errors import UsageError
from etl.vendors import LISTINGS
from etl.wanted import FetchOptions, wanted_of

RECEPTIONS = LISTINGS["bsale.receptions"]


def sent_day(written: str) -> str:
    return wanted_of(RECEPTIONS, FetchOptions(filters={"admissiondate": written})).filters["admissiondate"]


@pytest.mark.parametrize(
    "written", ["2020-03-23", "23/03/2020", "23-3-2020", "23.03.2020", " 2020-03-23 ", "1584921600"]
)
def test_a_day_is_the_second_at_which_it_begins(written: str) -> None:
    """In UTC, as the lists of the page have it, however it was written."""
    assert sent_day(written) == "1584921600"


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows takes its zone from elsewhere")
def test_the_zone_of_this_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day begins in UTC, wherever the program runs."""
    monkeypatch.setenv("TZ", "America/Santiago")
    time.tzset()
    try:
        assert sent_day("2020-03-23") == "1584921600"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("written", ["", "31/02/2026", "2026", "03/23/2020", "hoy", "2020-3-23", "12345678901234"])
def test_what_is_no_day_is_refused(written: str) -> None:
    """Said before anything is asked."""
    with pytest.raises(UsageError, match="must be a day"):
        sent_day(written)


def test_names_go_in_lower_case() -> None:
    """The page's examples write them so."""
    wanted = wanted_of(RECEPTIONS, FetchOptions(fields=("admissionDate", "Note")))
    assert wanted.fields == ("admissiondate", "note")
    assert wanted_of(RECEPTIONS, FetchOptions(expand=("Office",))).expand == ("office",)
