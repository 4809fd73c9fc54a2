"""The driver of a list: what it tells the person, and which columns the table gets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.errors import DeniedError, InterruptedRunError
from etl.fetching import Table, fetch
from etl.messages import Text, text
from etl.model import Answer, Request
from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from etl.settings import Settings, load_settings
from etl.vendors.base import Conversation
from etl.vendors.listing import Fetched, ListedColumn, Listing, Wanted
from etl.wanted import FetchOptions

COLUMNS = (ListedColumn("a", "A"), ListedColumn("b", "B", optional=True), ListedColumn("c", "C"))


class Somebody:
    """A person without a terminal."""

    interactive = False

    def __init__(self) -> None:
        self.told: list[str] = []
        self.seen: list[tuple[int, int]] = []

    def say(self, message: Text) -> None:
        self.told.append(str(message))

    def ask(self, question: Text) -> bool:
        raise AssertionError(question)  # reading needs no answer

    def progress(self, done: int, total: int) -> None:
        self.seen.append((done, total))


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with Sandbox() as sandbox:
        environ = {"ETL_HOME": str(tmp_path), "ETL_BSALE_URL": sandbox.url("bsale"), "PATH": os.defpath}
        environ["ETL_BSALE_ACCESS_TOKEN"] = DEMO_CREDENTIALS["bsale"]["access_token"]
        yield load_settings(environ=environ, cwd=tmp_path)


def listing(fetched: Fetched | None) -> Listing:
    """Return a list that asks twice and then concludes this."""

    def read(_: Wanted) -> Conversation[Fetched | None]:
        yield Request("GET", "offices.json")
        yield Request("GET", "offices.json")
        return fetched

    def extent(request: Request, answer: Answer) -> tuple[int, int] | None:
        return (5, 9) if answer.status == 200 else None

    return Listing(name="bsale.x", title=text("x"), columns=COLUMNS, read=read, extent=extent, selectable=True)


def test_notes_and_progress_reach_the_person(settings: Settings) -> None:
    """For whom and where to, how far it is, and what to know about the list."""
    person = Somebody()
    found = fetch(
        listing(Fetched(records=({"a": 1},), notes=(text("Mind the gap."),))), FetchOptions(), settings, person
    )
    assert [told.partition(":")[0] for told in person.told] == ["Company", "Mind the gap."]
    assert person.seen == [(5, 9), (5, 9)]
    assert found.reads == 2


def columns_of(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def test_the_columns_are_those_of_the_list_and_whatever_else_is_told(settings: Settings) -> None:
    """An empty column stays, unless it is optional or only some attributes were asked for; nothing told is lost."""
    records = ({"a": 1, "new": 2}, {"a": 3, "newer": 4})
    both = listing(Fetched(records=records))
    assert columns_of(fetch(both, FetchOptions(), settings, Somebody())) == ["a", "c", "new", "newer"]
    narrowed = fetch(both, FetchOptions(fields=("a",)), settings, Somebody())
    assert columns_of(narrowed) == ["a", "new", "newer"]


@pytest.mark.parametrize(
    ("fetched", "error", "words"),
    [
        (None, InterruptedRunError, "could not be understood"),
        (Fetched(missing=True), DeniedError, "no record with the id 7"),
        (Fetched(refusal="\x1b[31mno\x1b[0m such office"), DeniedError, '"no such office"'),
        (Fetched(refusal=""), DeniedError, "without saying why"),
    ],
)
def test_what_is_no_list_is_an_error(
    settings: Settings, fetched: Fetched | None, error: type[Exception], words: str
) -> None:
    """The vendor's words are shown without what a terminal would obey."""
    options = FetchOptions(number=7)
    asked = listing(fetched)
    asked = Listing(
        name=asked.name, title=asked.title, columns=COLUMNS, read=asked.read, extent=asked.extent, by_number=True
    )
    with pytest.raises(error, match=words):
        fetch(asked, options, settings, Somebody())
