"""The example row of a template: its texts, and how it is told from data."""

from __future__ import annotations

from collections.abc import Mapping

from etl.messages import DEFAULT_LANGUAGE
from etl.model import Cell
from etl.vendors.base import Column, Destination, Kind

MARKERS: Mapping[str, str] = {"es": "EJEMPLO (no se envía)", "en": "EXAMPLE (not sent)"}
"""What the example row's marked cell begins with, by language; no product is called so."""

_FOLDED = tuple(marker.casefold() for marker in MARKERS.values())


def marked_column(destination: Destination) -> Column:
    """Return the column that carries the marker: the first one of free text, else of codes, else the first of all."""
    for kind in (Kind.TEXT, Kind.CODE):
        for column in destination.columns:
            if column.kind is kind:
                return column
    return destination.columns[0]


def example_cells(destination: Destination, language: str = DEFAULT_LANGUAGE) -> tuple[str, ...]:
    """Return the texts of the example row, in the order of the destination's columns."""
    marked = marked_column(destination)
    marker = MARKERS[language]
    return tuple(
        (f"{marker}: {column.example}" if column.example else marker) if column is marked else column.example
        for column in destination.columns
    )


def is_example(values_by_field: Mapping[str, Cell], destination: Destination) -> bool:
    """Say whether a row, given by field, is the template's example: the marker decides, not what was typed over."""
    value = values_by_field.get(marked_column(destination).name)
    return isinstance(value, str) and value.strip().casefold().startswith(_FOLDED)
