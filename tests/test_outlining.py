"""What a check tells of the requests and of the guards is what the plan of the same sheet comes to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.thresholds import Thresholds
from etl.guarding import alarms
from etl.intake import Intake, take_in
from etl.io.readers import Source
from etl.model import Cell, Sheet, SheetName
from etl.options import SendOptions, SheetOptions
from etl.outlining import foreseen_alarms, outline
from etl.plans import first_plan
from etl.vendors import DESTINATIONS
from etl.vendors.base import Column, Destination, Kind

VALUES: dict[Kind, list[Cell]] = {
    Kind.TEXT: ["Tren", "Bus"],
    Kind.CODE: ["1", "2"],
    Kind.INTEGER: [1.0, 3.0],
    Kind.DECIMAL: [10.5, 7.0, 3.25, 0.0],
    Kind.DATETIME: [None],
}


def cells(column: Column) -> st.SearchStrategy[Cell]:
    """Return cells that are mostly understood."""
    good = st.sampled_from([str(one.value) for one in column.choices] or VALUES[column.kind])
    return good if column.required else st.one_of(good, st.sampled_from([None, "malo", -1.0]))


def rows_of(to: Destination, columns: Sequence[Column]) -> st.SearchStrategy[list[tuple[Cell, ...]]]:
    """Return rows of which most have a key of their own."""
    key = next((at for at, column in enumerate(columns) if to.key and column.name == to.key[-1]), None)

    def with_keys(rows: list[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
        return [
            row if key is None or number == 3 else (*row[:key], f"K{number}", *row[key + 1 :])
            for number, row in enumerate(rows)
        ]

    return st.lists(st.tuples(*map(cells, columns)), min_size=3, max_size=9).map(with_keys)


def read(rows: Sequence[Sequence[Cell]], options: SheetOptions) -> Intake:
    """Take a sheet in, as a file of these rows would be."""
    sheet = Sheet("x.xlsx", "Hoja1", rows, "0" * 64)
    source = Source(file="x.xlsx", sha256="0" * 64, kind="xlsx", sheets=(SheetName("Hoja1"),), load=lambda _: sheet)
    return take_in(options, DESTINATIONS[options.to or ""], source, sending=False)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.booleans(), st.booleans())
@pytest.mark.parametrize("name", sorted(DESTINATIONS))
def test_an_outline_is_what_the_plan_comes_to(name: str, data: st.DataObject, strict: bool, adds: bool) -> None:
    """Requests by group, rows, held documents, findings; and the guards that fire where nothing was read."""
    to = DESTINATIONS[name]
    columns = [column for column in to.columns if column.replaces is None]
    header = tuple(column.name for column in columns)
    rows = data.draw(rows_of(to, columns))
    policy = "sum" if adds and "sum" in to.duplicates else None
    options = SheetOptions(file=Path("x.xlsx"), to=name, strict=strict, duplicates=policy)
    intake = read([header, *rows], options)
    planned, outlined = first_plan(intake, to, options, SendOptions()), outline(intake, to, options)
    assert outlined == planned.outline
    assert list(outlined.requests) == list(planned.outline.requests)
    foreseen = foreseen_alarms(intake, to, outlined, Thresholds())
    assert foreseen == alarms(planned, intake, to, Thresholds(), ())
