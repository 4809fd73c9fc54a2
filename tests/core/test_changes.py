"""What a row changes: by worth and by words, not by how the vendor writes it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from etl.core.changes import Changed, changes_of
from etl.model import Json
from etl.vendors.answers import same_value


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (1000, Decimal("1000.000")),
        (Decimal("10.5"), "10.50"),
        ("7", 7),
        ("Tren  de carga", "Tren de carga "),
        ("", None),
        ("", " "),
        (None, ""),
        (None, None),
        (None, 0),
        (None, "0.00"),
        ("S", "S "),
    ],
)
def test_one_value_in_two_spellings_is_no_change(sent: Json, told: Json) -> None:
    """Quotes, zeros after the point and blanks at the ends are the vendor's way of writing."""
    assert same_value(sent, told)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (1000, Decimal("1000.001")),
        ("007", "7"),
        ("", "7790001000019"),
        ("", "0"),
        (None, "7"),
        (None, Decimal("0.5")),
        (0, None),
        (0, ""),
        ("S", "N"),
        ("S", None),
        ("Tren", "tren"),
    ],
)
def test_another_value_is_a_change(sent: Json, told: Json) -> None:
    """Nothing that a person would call different is left unsent."""
    assert not same_value(sent, told)


def test_only_what_differs_from_what_is_known_is_a_change() -> None:
    """Fields that were not read are no changes, nor are those that are sent back; erased ones are."""
    before = {"precio": 1000, "descripcion": "Tren", "unidad_medida": "7", "stock": 5}
    payload = {"codigo": "A1", "descripcion": "Tren", "precio": Decimal("1080.5"), "unidad_medida": None}
    assert changes_of(before, payload, same_value) == {
        "precio": Changed(1000, Decimal("1080.5")),
        "unidad_medida": Changed("7", None),
    }
    assert changes_of({}, payload, same_value) == {}
