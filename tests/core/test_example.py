"""The template's example row is recognised, and nothing else is."""

from __future__ import annotations

from etl.core.example import MARKERS, example_cells, is_example, marked_column
from etl.messages import text
from etl.model import Effect, Reading, Request
from etl.vendors.base import Column, Destination, Exchange, Kind


def column(name: str, kind: Kind, example: str) -> Column:
    return Column(name=name, label=name, kind=kind, help=text("help"), source="none", example=example)


SHELVES = Destination(
    name="depot.shelves",
    title=text("Shelves"),
    columns=(
        column("move", Kind.CHOICE, "A"),
        column("code", Kind.CODE, "00123"),
        column("name", Kind.TEXT, "Tren"),
        column("count", Kind.INTEGER, "7"),
    ),
    key=("code",),
    group_fields=("move",),
    effect=lambda _: Effect.DELTA,
    batch_limit=2,
    payload=dict,
    submit=Exchange(build=lambda *_: Request("POST", "x"), read=lambda *_: Reading(understood=False)),
)


def test_the_example_row_carries_the_marker_in_its_first_column_of_free_text() -> None:
    """Each column keeps its example, and the first one of free text says that the row is not sent."""
    assert example_cells(SHELVES) == ("A", "00123", "EJEMPLO (no se envía): Tren", "7")
    assert marked_column(SHELVES).name == "name"


def test_the_example_row_is_recognised_in_both_languages_also_when_typed_over() -> None:
    """A person who leaves the marker standing is told so: the row is no data, whatever the other cells hold."""
    for language in MARKERS:
        fields = [declared.name for declared in SHELVES.columns]
        row = dict(zip(fields, example_cells(SHELVES, language), strict=True))
        assert is_example(row, SHELVES)
        assert is_example({**row, "count": 12.0, "code": None}, SHELVES)
        assert is_example({**row, "name": f"  {MARKERS[language].upper()}"}, SHELVES)


def test_data_is_never_taken_for_the_example_row() -> None:
    """Only the marked column decides, and only by the marker: an "Ejemplo" in a name is a name."""
    for name in ("Tren", "Ejemplo de madera", None, 7.0, ""):
        assert not is_example({"name": name, "code": MARKERS["es"]}, SHELVES)
    assert not is_example({}, SHELVES)
