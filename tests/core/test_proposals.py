"""A mapping is proposed by headers and by values, with its confidence; nothing of it is applied."""

from __future__ import annotations

from decimal import Decimal

import pytest

from etl.core.headers import Wanted, find_layout
from etl.core.proposals import inspect_sheet
from etl.errors import FileError, UsageError
from etl.model import Sheet
from etl.vendors.base import Choice, Kind
from tests.core.tables import CODE, NAME, column, destination, sheet

EAN = column("ean", Kind.CODE, barcode=True, label="Código de barras")
NET = column("net", Kind.DECIMAL, required=True, label="Precio neto")
GROSS = column("gross", Kind.DECIMAL, replaces="net", label="Precio con IVA")
TAX = column(
    "tax",
    Kind.CHOICE,
    required=True,
    percent=True,
    label="Alícuota",
    choices=(Choice(Decimal(21), "21%"), Choice(Decimal(-1), "exento")),
)
SHOP = destination(CODE, NAME, EAN, NET, GROSS, TAX, questions={"Precio": ("net", "gross")})
BARCODES = ("7791234567898", "4006381333931", "96385074")


def shop_sheet() -> Sheet:
    """A sheet of which only two headers are known."""
    return sheet(
        ("Lista",),
        ("Code", "Name", "Kod EAN x", "", "Precio", "Situación", "Alícuotta"),
        *[(f"A{i}", "Tren", BARCODES[i % 3], None, 12.5, "Exento", 21) for i in range(12)],
    )


def test_bar_codes_are_told_by_their_check_digits() -> None:
    """A column of numbers with valid check digits is proposed as the bar code, whatever its header says."""
    found = inspect_sheet(shop_sheet(), SHOP)
    proposal = next(proposal for proposal in found.proposals if proposal.field == "ean")
    assert (proposal.header, proposal.column) == ("Kod EAN x", 2)
    assert proposal.confidence >= 0.9
    wrong = sheet(("Code", "Name", "Código de baras"), *[(f"A{i}", "Tren", "7791234567890") for i in range(12)])
    assert all(proposal.field != "ean" for proposal in inspect_sheet(wrong, SHOP).proposals)


def test_a_misspelt_header_with_fitting_values_is_proposed() -> None:
    """The header counts as far as the values are values of the field."""
    found = inspect_sheet(shop_sheet(), SHOP)
    assert [(one.field, one.header) for one in found.proposals if one.field == "tax"] == [("tax", "Alícuotta")]
    bad = sheet(("Code", "Name", "Alícuotta"), *[(f"A{i}", "Tren", "muy alta") for i in range(12)])
    assert all(one.field != "tax" for one in inspect_sheet(bad, SHOP).proposals)


def test_words_of_a_code_list_tell_their_column() -> None:
    """A column whose every value is a word of the list is proposed under any header."""
    only = sheet(("Code", "Name", "Situación"), *[(f"A{i}", "Tren", ("Exento", "21%")[i % 2]) for i in range(8)])
    (proposal,) = inspect_sheet(only, SHOP).proposals
    assert (proposal.field, proposal.header) == ("tax", "Situación")


def test_an_open_question_is_proposed_as_all_it_can_mean() -> None:
    """A bare price is shown with both fields, and neither is surer."""
    prices = [one for one in inspect_sheet(shop_sheet(), SHOP).proposals if one.header == "Precio"]
    assert [(one.field, one.confidence) for one in prices] == [("net", 0.5), ("gross", 0.5)]


def test_what_was_found_and_what_is_missing_is_said() -> None:
    """Header row, recognised columns, problems, missing fields and which of them --set can give, and ten rows."""
    found = inspect_sheet(shop_sheet(), SHOP)
    assert (found.sheet, found.header_row, found.certain) == ("Hoja1", 2, True)
    assert [one.field for one in found.columns] == ["code", "name"]
    assert [finding.code for finding in found.problems] == ["tax_unclear", "missing_column"]
    assert found.missing == ("tax",)
    assert found.settable == ("tax",)
    assert [row.number for row in found.sample] == list(range(3, 13))
    assert found.candidates[0].row == 2
    keyless = inspect_sheet(sheet(("Name", "Precio neto"), ("Tren", 1)), SHOP)
    assert keyless.missing == ("code", "tax")
    assert keyless.settable == ("tax",)


def test_nothing_of_a_proposal_is_applied() -> None:
    """The same sheet is still refused by the layout that `run` uses."""
    with pytest.raises(FileError):
        find_layout(shop_sheet(), SHOP, Wanted())


def test_what_was_given_by_hand_is_no_longer_proposed() -> None:
    """--map and --set leave only what is still open; wrong ones are wrong usage."""
    wanted = Wanted(maps=(("Precio", "gross"), ("Kod EAN x", "ean")), constants={"tax": "21"})
    found = inspect_sheet(shop_sheet(), SHOP, wanted)
    assert found.problems == ()
    assert {one.field for one in found.columns} == {"code", "name", "gross", "ean"}
    assert found.proposals == ()
    with pytest.raises(UsageError):
        inspect_sheet(shop_sheet(), SHOP, Wanted(maps=(("Nada", "code"),)))


def test_a_header_that_is_not_recognised_is_guessed_by_its_looks() -> None:
    """The fullest row of texts is shown as the header, and said to be a guess."""
    strange = sheet(("Informe",), ("Foo", "Bar", "Baz"), *[(f"A{i}", BARCODES[i % 3], 3) for i in range(5)])
    found = inspect_sheet(strange, SHOP)
    assert (found.header_row, found.certain) == (2, False)
    assert [(one.field, one.header) for one in found.proposals] == [("ean", "Bar"), ("code", "Foo")]
    assert inspect_sheet(sheet((1, 2), (3, 4)), SHOP).header_row is None
    assert inspect_sheet(sheet(), SHOP).header_row is None


def test_a_column_and_a_field_are_proposed_once() -> None:
    """The surest pair wins; the others are left to the person."""
    twice = sheet(
        ("Code", "Name", "EAN 1", "EAN 2"), *[(f"A{i}", "Tren", BARCODES[i % 3], BARCODES[i % 3]) for i in range(6)]
    )
    proposals = inspect_sheet(twice, SHOP).proposals
    assert len({one.field for one in proposals}) == len({one.column for one in proposals}) == len(proposals) == 1


def test_a_price_that_is_only_like_a_known_header_stays_a_question() -> None:
    """However near a misspelt price header is to one of the two fields, both are proposed and neither is kept."""
    for header in ("Presio neto", "Prec. con IVA", "Precio neto unit"):
        rows = [(f"A{i}", "Tren", 12.5 + i) for i in range(6)]
        found = inspect_sheet(sheet(("Code", "Name", header), *rows), SHOP).proposals
        assert [(one.field, one.header) for one in found] == [("net", header), ("gross", header)], header
        assert len({one.confidence for one in found}) == 1
    settled = inspect_sheet(sheet(("Code", "Name", "Precio con IVA", "Precio neto unit"), ("A1", "Tren", 1, 2)), SHOP)
    assert settled.proposals == ()


def test_the_first_column_with_a_value_of_its_own_in_every_row_may_be_the_code() -> None:
    """When no header says code, the place and the values propose it; pictures, texts and repeated values do not."""

    def proposed(*values: object) -> list[tuple[str, str]]:
        rows = [(value, "Tren") for value in values]
        return [(one.field, one.header) for one in inspect_sheet(sheet(("Ítem", "Name"), *rows), SHOP).proposals]  # type: ignore[arg-type]

    assert proposed("T-1", "T-2", "3") == [("code", "Ítem")]
    assert proposed(1, 2, 3) == [("code", "Ítem")]
    for values in (("T-1", "T-1"), ("1.png", "2.png"), ("Tren 1", "Tren 2"), ("T-1", None), ("$1", "$2"), ("a", "b")):
        assert proposed(*values) == [], values


def test_a_part_of_a_known_header_is_proposed_to_the_field_it_belongs_to() -> None:
    """What is a part of headers of two fields is proposed for the text, and for nothing when the text is there."""
    shelf = column("shelf", Kind.CODE, label="Shelf", aliases=("Nombre estante",))
    text = column("name", Kind.TEXT, required=True, label="Detalle", aliases=("Nombre del producto",))
    to = destination(CODE, shelf, text)
    rows = [(f"A{i}", f"Tren {i}", "x") for i in range(4)]
    found = inspect_sheet(sheet(("Code", "Nombre", "Foo"), *rows), to).proposals
    assert [(one.field, one.header) for one in found] == [("name", "Nombre")]
    assert inspect_sheet(sheet(("Code", "Nombre", "Detalle"), *rows), to).proposals == ()


def test_numbers_alone_are_no_words_of_a_code_list() -> None:
    """A column of small numbers is not proposed as a list of units that has numbers for codes."""
    units = column("unit", Kind.CHOICE, choices=(Choice("1", "kilo"), Choice("7", "unidad")))
    found = sheet(("Code", "Name", "Foo"), *[(f"A{i}", "Tren", ("1", "7")[i % 2]) for i in range(8)])
    assert inspect_sheet(found, destination(CODE, NAME, units)).proposals == ()


def test_rows_that_will_not_be_sent_are_told() -> None:
    """Titles and totals are listed by their rows, hidden rows are counted, and a header far below is pointed at."""
    found = inspect_sheet(
        sheet(("Code", "Name", "Precio"), ("BEBIDAS",), ("A1", "Tren", 1), (), (None, "TOTAL", 3), hidden_rows={3}),
        SHOP,
    )
    assert (found.rows, list(found.skipped), found.hidden) == ((2, 3, 5), [2, 5], 1)
    far = inspect_sheet(sheet(*[("x",)] * 70, ("Code", "Name", "Precio"), ("A1", "Tren", 1)), SHOP)
    assert (far.header_row, far.certain) == (71, False)
