"""Values that a code list refused are collected once, proposed for carefully, and mean what a person said."""

from __future__ import annotations

from decimal import Decimal

import pytest

from etl.core.code_lists import likely_choice, value_key
from etl.core.meanings import (
    MEANINGS_OPTION,
    as_option,
    meanings_in,
    refused_values,
    settled_by,
    tables_of,
    with_meanings,
)
from etl.core.reading import Problem
from etl.errors import UsageError
from etl.model import CellNote, Finding
from etl.vendors import DESTINATIONS
from etl.vendors.base import Choice, Kind
from tests.core.tables import CODE, checked, codes_at, column, destination, sheet

PRODUCTS = DESTINATIONS["tusfacturas.productos"]
RATE = column(
    "rate",
    Kind.CHOICE,
    percent=True,
    choices=(Choice(Decimal(21), "21%"), Choice(Decimal("10.5"), "10,5%"), Choice(Decimal(-1), "exento")),
)
MONEY = column("money", Kind.CHOICE, choices=(Choice("PES", "pesos", ("$",)), Choice("DOL", "dólares", ("dólar",))))
SHOP = destination(CODE, RATE, MONEY)


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [
        ("moneda", "dolar blue", "DOL"),
        ("moneda", "Dolares (oficial)", "DOL"),
        ("moneda", "pesoz", "PES"),
        ("moneda", "Reales", None),
        ("moneda", "euro", None),
        ("alicuota", "Exenta Ley 27", "-1"),
        ("alicuota", "0,21", "21"),
        ("alicuota", "0.105", "10.5"),
        ("alicuota", "20", None),
        ("alicuota", "no grabado", "-2"),
        ("unidad_medida", "unid. x 12", "7"),
        ("unidad_medida", "Kilogramos (kg)", "1"),
        ("unidad_medida", "cajones", None),
        ("unidad_medida", "77", None),
        ("unidad_medida", "—", None),
        ("afecta_stock", "tal vez", None),
    ],
)
def test_a_proposal_is_made_only_where_there_is_little_doubt(field: str, written: str, meant: str | None) -> None:
    """A wrong proposal that is accepted without a look is a wrong invoice; and 20 is not nearly 21."""
    found = likely_choice(written, PRODUCTS.column(field))
    assert (None if found is None else str(found.value)) == meant


def test_two_choices_equally_near_are_no_proposal() -> None:
    """Where nothing tells them apart, nobody guesses."""
    twins = column("x", Kind.CHOICE, choices=(Choice("1", "mesa chica"), Choice("2", "mesa larga")))
    assert likely_choice("mesa", twins) is None
    assert likely_choice("mesa chica azul", twins) == twins.choices[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Unid.", "UNID", True),
        ("Dólar Blue", "dolar  blue", True),
        ("1.5", "15", False),
        ("-7", "7", False),
        ("0,21", "0.21", False),
        ("x 12", "X  12", True),
        ("-", "?", False),
        ("U$S", "us", False),
    ],
)
def test_when_two_written_values_are_one(one: str, other: str, same: bool) -> None:
    """Looks do not count in words; in numbers every sign does."""
    assert (value_key(one) == value_key(other)) is same


def test_each_refused_value_is_listed_once_with_its_rows() -> None:
    """Forty rows that say "dolar blue" are one question; by column, the commonest first."""
    found = checked(
        sheet(
            ("code", "rate", "money"),
            ("a", "21%", "Dólar blue"),
            ("b", "veinte", "DOLAR BLUE"),
            ("c", "21%", "dolar-blue"),
            ("d", "21%", "reales"),
        ),
        SHOP,
    )
    refused = refused_values(found.findings, SHOP.columns)
    assert [(one.column.name, one.value, one.count, one.rows) for one in refused] == [
        ("rate", "veinte", 1, (3,)),
        ("money", "Dólar blue", 3, (2, 3, 4)),
        ("money", "reales", 1, (5,)),
    ]
    assert [one.proposal and one.proposal.value for one in refused] == [None, "DOL", None]


def test_what_a_person_said_is_understood_from_then_on() -> None:
    """The value, however it is cased, is the code that was meant; the other values are judged as before."""
    told = with_meanings(SHOP, [("money", "Dólar blue", "DOL"), ("rate", "20", "21%"), ("rate", "veinte", "10,5")])
    found = checked(
        sheet(
            ("code", "rate", "money"),
            ("a", 20, "dolar blue"),
            ("b", "VEINTE", "$"),
            ("c", 0.2, "reales"),
            ("d", 19, "DOL"),
            notes={(4, 1): CellNote(number_format="0%")},
        ),
        told,
    )
    assert [(row.values["rate"], row.values["money"]) for row in found.rows] == [
        (Decimal(21), "DOL"),
        (Decimal("10.5"), "PES"),
    ]
    assert codes_at(found.findings) == [("not_allowed", "B4"), ("not_allowed", "C4"), ("not_allowed", "B5")]
    assert not any(one.said for one in SHOP.columns)


def test_the_last_word_on_a_value_counts() -> None:
    """A workbook that was filled in again overrides the mapping file."""
    told = with_meanings(SHOP, [("money", "blue", "PES"), ("money", "BLUE", "DOL")])
    found = checked(sheet(("code", "rate", "money"), ("a", "21", "blue")), told)
    assert [row.values["money"] for row in found.rows] == ["DOL"]


@pytest.mark.parametrize("meaning", [("code", "x", "1"), ("nothing", "x", "1"), ("money", "x", "reales")])
def test_a_meaning_that_cannot_be_is_refused(meaning: tuple[str, str, str]) -> None:
    """A mapping file written by hand is checked like `--map` and `--set`."""
    with pytest.raises(UsageError):
        with_meanings(SHOP, [meaning])


def test_meanings_travel_with_a_run_and_its_workbook() -> None:
    """As one reading option; a spoilt one says nothing."""
    said = (("money", 'el "blue"', "DOL"), ("rate", "20", "21"))
    assert meanings_in({MEANINGS_OPTION: as_option(said)}) == said
    assert tables_of([*said, ("rate", "20", "10.5")])["rate"] == {"20": "10.5"}
    assert meanings_in({}) == meanings_in({MEANINGS_OPTION: '{"money": 3}'}) == ()


def test_a_row_is_settled_only_when_all_of_its_errors_are() -> None:
    """One more mistake in the row, and it waits for its correction."""
    said = [("money", "blue", "DOL")]
    refusal = Finding("not_allowed", Problem("x", CODE.help).message, row=2, field="money", value="BLUE")
    other = Finding("required", CODE.help, row=2, field="code")
    assert settled_by([refusal], said)
    assert not settled_by([refusal, other], said)
    assert not settled_by([], said)
