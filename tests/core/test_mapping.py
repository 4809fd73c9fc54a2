"""Rows become typed columns: every cell has its value or its finding, and rows that are no data are listed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from etl.core.headers import Wanted, find_layout
from etl.core.mapping import Mapped, ReadingOptions, map_rows
from etl.errors import UsageError
from etl.messages import text
from etl.model import Cell, CellNote, Finding, Severity, Sheet
from etl.vendors.base import Destination, Kind
from tests.core.tables import (
    CODE,
    COUNT,
    NAME,
    PRICE,
    SHELVES,
    checked,
    codes_at,
    column,
    destination,
    frame_of,
    misread,
    sheet,
)

HEADER = ("Code", "Name", "Price", "Count")
CATALOGUE = destination(CODE, NAME, PRICE)


def mapped(found: Sheet, options: ReadingOptions | None = None, to: Destination = SHELVES, **constants: str) -> Mapped:
    """Find the table and map it."""
    layout, _ = find_layout(found, to, Wanted(constants=constants))
    return map_rows(found, layout, to, options or ReadingOptions())


def test_cells_become_typed_values_at_excels_row_numbers() -> None:
    """The index is what Excel shows, also with blank rows inside; values are text, exact numbers and whole numbers."""
    found = mapped(sheet(("Lista",), HEADER, ("A1", "Tren", 1000.125, 3), (), (None, " "), (2.0, "Bus", None, "4")))
    assert frame_of(found).index.tolist() == [3, 6]
    assert list(frame_of(found).columns) == ["code", "name", "price", "count"]
    assert frame_of(found).to_dict("list") == {
        "code": ["A1", "2"],
        "name": ["Tren", "Bus"],
        "price": [Decimal("1000.125"), None],
        "count": [3, 4],
    }
    assert set(map(str, frame_of(found).dtypes)) == {"object"}
    assert misread(found) == ()


def test_a_finding_says_where_it_is_and_what_stands_there() -> None:
    """Sheet, row, column, cell, field, header and the value as the person sees it."""
    (finding,) = misread(mapped(sheet(HEADER, ("A1", "Tren", 1, 3), ("A2", "Bus", 1, "3 rotos"))))
    assert (finding.code, finding.sheet, finding.row, finding.column, finding.cell) == (
        "not_a_number",
        "Hoja1",
        3,
        3,
        "D3",
    )
    assert (finding.field, finding.header, finding.value) == ("count", "Count", "3 rotos")


def test_all_bad_cells_of_a_column_are_found_in_one_pass() -> None:
    """A hundred bad cells are a hundred findings, and the good ones keep their values."""
    rows = [(f"A{i}", "Tren", 1, f"malo {i}" if i % 2 else i) for i in range(200)]
    found = mapped(sheet(HEADER, *rows))
    assert [finding.row for finding in misread(found)] == [i + 2 for i in range(200) if i % 2]
    assert frame_of(found)["count"].notna().sum() == 100


def test_a_column_is_read_by_its_own_evidence() -> None:
    """The texts of one column say nothing about those of another."""
    rows = (("A1", "Tren", "1.234", "1.234"), ("A2", "Bus", "0,5", 7))
    found = mapped(sheet(HEADER, *rows))
    assert frame_of(found)["price"].tolist() == [Decimal(1234), Decimal("0.5")]
    assert codes_at(misread(found)) == [("ambiguous_number", "D2")]
    settled = mapped(sheet(HEADER, *rows), ReadingOptions(decimal="comma"))
    assert frame_of(settled)["count"].tolist() == [1234, 7]


def test_cells_that_lie_are_findings_and_keep_their_row() -> None:
    """#N/A and a formula without a value are never blank, not even alone in their row or under a constant."""
    notes = {
        (2, 2): CellNote(error="#N/A"),
        (3, 3): CellNote(formula_without_value=True),
        (4, 0): CellNote(error="#REF!"),
    }
    found = mapped(sheet(HEADER, ("A1", "Tren", None, 1), ("A2", "Bus", 1, None), (None,), notes=notes), count="5")
    assert codes_at(misread(found)) == [("error_cell", "A4"), ("error_cell", "C2"), ("formula_without_value", "D3")]
    assert [finding.value for finding in misread(found)] == ["#REF!", "#N/A", ""]
    assert frame_of(found)["count"].tolist() == [1, None, 5]


def test_notes_of_number_formats_reach_their_cells_only() -> None:
    """A padded code keeps the zeros of its own format; a plain number beside it is ambiguous."""
    notes = {(2, 0): CellNote(number_format="00000")}
    found = mapped(sheet(HEADER, (123, "Tren", 1, 1), (123, "Bus", 1, 1), notes=notes))
    assert frame_of(found)["code"].tolist() == ["00123", None]
    assert codes_at(misread(found)) == [("ambiguous_code", "A3")]


def test_true_is_not_one() -> None:
    """A logical value in a column of numbers is a finding, whatever Python thinks of its equality."""
    found = mapped(sheet(HEADER, ("A1", "Tren", 1.0, 1), ("A2", "Bus", True, True), ("A3", "Bus", 1.0, 1)))
    assert codes_at(misread(found)) == [("not_a_number", "C3"), ("not_a_number", "D3")]
    assert frame_of(found)["price"].tolist() == [1, None, 1]


def test_a_constant_fills_blank_cells_and_absent_columns_only() -> None:
    """--set is for the rows without a value of their own; a cell that is not understood is not blank."""
    found = mapped(sheet(("Code", "Count"), ("A1", None), ("A2", "malo"), ("A3", 4)), name="Tren", count="7")
    assert frame_of(found)["name"].tolist() == ["Tren"] * 3
    assert frame_of(found)["count"].tolist() == [7, None, 4]


def test_an_ambiguous_constant_is_settled_by_the_stated_mark_or_refused() -> None:
    """--set price=1.234 is wrong usage until --decimal says what it is."""
    found = sheet(("Code", "Name", "Count"), ("A1", "Tren", 3))
    with pytest.raises(UsageError):
        mapped(found, price="1.234")
    assert frame_of(mapped(found, ReadingOptions(decimal="comma"), price="1.234"))["price"].tolist() == [Decimal(1234)]
    with pytest.raises(UsageError):
        mapped(found, ReadingOptions(decimal="comma"), price="1.5")


def test_rounding_is_asked_for_and_listed_as_one_warning() -> None:
    """--round takes half to even, keeps what fits, and says row, old and new, the largest change first."""
    found = sheet(HEADER, ("A1", "T", 1.0005, 1), ("A2", "B", 2.123, 1), ("A3", "C", 3.14159, 1))
    plain = mapped(found)
    assert misread(plain) == ()
    assert frame_of(plain)["price"].tolist() == [Decimal("1.0005"), Decimal("2.123"), Decimal("3.14159")]
    done = mapped(found, ReadingOptions(round=True))
    assert frame_of(done)["price"].tolist() == [Decimal(1), Decimal("2.123"), Decimal("3.142")]
    rounded = checked(found, SHELVES, options=ReadingOptions(round=True))
    (warning,) = rounded.findings
    assert (warning.code, warning.severity, warning.row, warning.header) == (
        "too_many_decimals",
        Severity.WARNING,
        None,
        "Price",
    )
    assert str(warning.message).endswith("2: 1.0005 → 1; 4: 3.14159 → 3.142")
    assert rounded.derived == {2: {"price": Decimal(1)}, 4: {"price": Decimal("3.142")}}


def test_rows_that_the_reader_objects_to_are_not_read() -> None:
    """In a record with a field too many nothing can be trusted: it is in no column, and its finding is the reader's."""
    objection = Finding("wrong_field_count", text("5 fields instead of 4"), row=3)
    warning = Finding("mojibake", text("looks odd"), severity=Severity.WARNING, row=4)
    found = sheet(HEADER, ("A1", "T", 1, 1), ("A2", "B", 1, 1, "x"), ("A3", "C", 1, 1), findings=(objection, warning))
    done = mapped(found)
    assert frame_of(done).index.tolist() == [2, 4]
    assert misread(done) == ()
    assert done.skipped == {}


@pytest.mark.parametrize(
    ("row", "is_data"),
    [
        (("BEBIDAS",), False),
        (("TOTAL", "3"), False),
        (("A7",), True),
        (("A7", "Tren"), True),
        ((None, "Bus", "1"), True),
    ],
)
def test_a_short_line_of_a_csv_is_a_title_or_a_total_or_stays_an_objection(
    row: tuple[Cell, ...], is_data: bool
) -> None:
    """A section title has one field in every CSV: it is skipped; a product with a field too few is still refused."""
    objection = Finding("wrong_field_count", text("1 field instead of 3"), row=3)
    found = sheet(("Code", "Name", "Price"), ("A1", "Tren", 1), row, ("A2", "Bus", 2), findings=(objection,))
    done = mapped(found, to=CATALOGUE)
    assert frame_of(done).index.tolist() == [2, 4]
    assert list(done.skipped) == ([] if is_data else [3])


def test_a_line_with_broken_quotes_is_never_a_title() -> None:
    """Only the number of fields is forgiven to a title: what else the reader objects to stays an error."""
    objection = Finding("broken_quotes", text("quotes"), row=3)
    rows = (("A1", "Tren", 1), ("BEBIDAS",), ("A2", "Bus", 2))
    assert mapped(sheet(("Code", "Name", "Price"), *rows, findings=(objection,)), to=CATALOGUE).skipped == {}


@pytest.mark.parametrize("again", [("Código", "Precio", None), (None, "neto", "final"), ("Código", "neto", None)])
def test_either_line_of_a_header_of_two_lines_may_be_repeated(again: tuple[Cell, ...]) -> None:
    """On a later page each line of the header stands for itself, with blanks where cells were merged."""
    to = destination(column("code", Kind.CODE, label="Código"), column("net", label="Precio neto"), key=("code",))
    rows = (("Código", "Precio", None), (None, "neto", "final"), ("A1", "1", "2"), again, ("A2", "3", "4"))
    found = mapped(sheet(*rows, merged=((1, 2, 0, 0), (1, 1, 1, 2))), to=to)
    assert frame_of(found)["code"].tolist() == ["A1", "A2"]
    assert "repeats" in str(found.skipped[4]) or "title" in str(found.skipped[4])


def test_hidden_rows_are_left_out_when_asked() -> None:
    """--hidden skip makes them rows that are no data, before duplicates are looked for."""
    found = sheet(HEADER, ("A1", "T", 1, 1), ("A1", "B", 1, 1), hidden_rows=frozenset({3}))
    assert frame_of(mapped(found)).index.tolist() == [2, 3]
    done = mapped(found, ReadingOptions(skip_hidden=True))
    assert frame_of(done).index.tolist() == [2]
    assert list(done.skipped) == [3]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("BEBIDAS", None, None), "title"),
        ((None, "GASEOSAS", None), "title"),
        (("NOTA: precios por 24 horas", None, None), "title"),
        ((None, None, None, "Página 1"), "Nothing"),
        (("Code", " NAME ", "Price"), "repeats the header"),
        ((None, "TOTAL", 123.5), "totals"),
        ((None, "Subtotal:", 123.5), "totals"),
        (("Total general", None, 123.5), "totals"),
        (("SUB-TOTAL", None, "$ 123,50"), "totals"),
        ((None, "Total de productos: 3", 123.5), "totals"),
        (("Total rubro Accesorios", None, 123.5), "totals"),
        ((None, "TOTAL NETO $", 123.5), "totals"),
        ((None, "Gran total", 123.5), "totals"),
        ((None, "Suma", 123.5), "totals"),
        (("CÓDE", "name", None), "repeats the header"),
        ((None, "EJEMPLO (no se envía): Tren", 5), "example"),
        (("A1", "Ejemplo (NO se envía)", 5), "example"),
    ],
)
def test_rows_that_are_no_data_are_skipped_with_their_reason(row: tuple[Cell, ...], reason: str) -> None:
    """Titles, notes, repeated headers, totals and the template's example are listed, not sent."""
    found = mapped(sheet(("Code", "Name", "Price", "Notes"), ("A1", "Tren", 1), row, ("A2", "Bus", 2)), to=CATALOGUE)
    assert list(found.skipped) == [3]
    assert reason in str(found.skipped[3])
    assert frame_of(found).index.tolist() == [2, 4]
    assert misread(found) == ()


@pytest.mark.parametrize(
    "row",
    [
        ("A7", None, None),
        (None, None, 12.5),
        (None, "Tren", 12.5),
        ("TOTAL", "Aceite Total", 12.5),
        (None, "Total Light aceite", 12.5),
        (None, "Sumador total", 12.5),
        ("T1", "Total", 12.5),
        ("Code", "Tren", 1),
        ("A1", "Ejemplo de madera", 5),
    ],
)
def test_what_may_be_an_unfinished_row_is_never_skipped(row: tuple[Cell, ...]) -> None:
    """A row with a code like the others, a number, or two filled cells is data: its gaps are findings."""
    found = mapped(sheet(("Code", "Name", "Price"), ("A1", "Tren", 1), row, ("A2", "Bus", 2)), to=CATALOGUE)
    assert found.skipped == {}
    assert frame_of(found).index.tolist() == [2, 3, 4]


def test_a_single_filled_cell_of_two_columns_is_data() -> None:
    """In a table of code and count, a code without its count is a mistake to be told."""
    found = mapped(sheet(("Code", "Count"), ("A1", 1), ("BEBIDAS", None)), to=destination(CODE, COUNT))
    assert found.skipped == {}


def test_a_table_of_lonely_codes_is_data() -> None:
    """Without a single full row nothing says what a code looks like, so nothing is taken for a title."""
    assert mapped(sheet(("Code", "Name", "Price"), ("BEBIDAS",), ("CARNES",)), to=CATALOGUE).skipped == {}


def test_source_rows_are_every_row_that_is_not_blank_as_it_is_seen() -> None:
    """They are what `counts.read` counts; zeros and percent signs of the format are there, and #N/A is no blank."""
    notes = {
        (2, 0): CellNote(number_format="00000"),
        (2, 2): CellNote(number_format="0%"),
        (4, 3): CellNote(error="#N/A"),
    }
    found = sheet(
        HEADER, (123, "Tren", 0.21, 3, "beyond"), (None, "\u00a0"), (None, None, None, None), ("BEBIDAS",), notes=notes
    )
    read = mapped(found).rows
    assert [row.number for row in read] == [2, 4, 5]
    assert read[0].cells == ("00123", "Tren", "21%", 3.0, "beyond")
    assert read[1].cells == (None, None, None, "#N/A", None)


def test_a_sheet_with_a_header_only_has_no_rows() -> None:
    """An empty table is a table."""
    found = mapped(sheet(HEADER))
    assert len(frame_of(found)) == 0
    assert list(frame_of(found).columns) == ["code", "name", "price", "count"]


def test_short_rows_are_blank_at_their_end() -> None:
    """A row may have fewer cells than the header."""
    assert frame_of(mapped(sheet(HEADER, ("A1", "Tren"))))["count"].tolist() == [None]


def test_dates_in_text_and_numbers_are_findings() -> None:
    """What Excel has turned into a date is told, in every kind of column."""
    day = datetime(2026, 5, 12, tzinfo=UTC)
    moment = column("until", Kind.DATETIME)
    found = mapped(
        sheet((*HEADER, "Until"), (day, day, day, day, day)), to=destination(CODE, NAME, PRICE, COUNT, moment)
    )
    assert [code for code, _ in codes_at(misread(found))] == [
        "precision_lost",
        "precision_lost",
        "not_a_number",
        "not_a_number",
        "not_a_date",
    ]


def test_a_merged_cell_is_not_read_as_blank() -> None:
    """One value for three rows stands in the first of them only: the others are findings, not blanks or titles."""
    rows = (("A1", "Tren", 1, 5), (None, "Bus", None, 5), (None, "Auto", None, None))
    merged = ((2, 4, 0, 0), (2, 3, 2, 2))
    found = mapped(sheet(HEADER, *rows, merged=merged), count="9")
    assert codes_at(misread(found)) == [("merged_cell", "A3"), ("merged_cell", "A4"), ("merged_cell", "C3")]
    assert "A2" in str(misread(found)[0].message)
    assert found.skipped == {}
    blank = mapped(sheet(HEADER, (None, "Tren", 1, 5), (None, "Bus", 2, 5), merged=((2, 3, 0, 0),)))
    assert misread(blank) == ()


def test_a_title_merged_over_its_row_is_a_title() -> None:
    """A heading that spans the table is skipped like any other; a row within a merged block is blank."""
    rows = (("A1", "Tren", 1, 5), ("BEBIDAS", None, None, None), ("A2", "Bus", 1, 5), (None, None, None, None))
    found = mapped(sheet(HEADER, *rows, merged=((3, 3, 0, 3), (4, 5, 0, 0), (4, 5, 1, 1))))
    assert list(found.skipped) == [3]
    assert frame_of(found).index.tolist() == [2, 4]
    assert misread(found) == ()


def test_areas_heaped_upon_each_other_are_looked_at_once() -> None:
    """A hostile file with thousands of overlapping areas costs no more than its rows."""
    heaped = tuple((2, 2000, 0, 0) for _ in range(20_000))
    found = mapped(sheet(HEADER, *[(f"A{i}", "Tren", 1, 5) for i in range(1999)], merged=heaped))
    assert misread(found) == ()
