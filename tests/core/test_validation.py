"""Every broken rule is found in one pass, at its cell, from the declared columns alone; good rows go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.headers import Wanted, find_layout
from etl.core.mapping import ReadingOptions, map_rows
from etl.core.validation import schema_of
from etl.errors import UsageError
from etl.messages import text
from etl.model import Cell, Finding, Row, Severity, Value
from etl.vendors.base import Choice, Derivation, Kind, Rule
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


def test_good_rows_go_on_and_bad_ones_do_not_stop_them() -> None:
    """Valid rows are there in order, without their blank cells; each bad cell has one finding."""
    result = checked(
        sheet(
            HEADER,
            ("A1", "Tren", 1.5, 3),
            ("A2", "x" * 21, -1.2345, "malo"),
            ("A3", None, None, 4),
            ("A4", "Bus", None, 5),
        ),
        SHELVES,
    )
    assert [row.number for row in result.rows] == [2, 5]
    assert result.rows[0].values == {"code": "A1", "name": "Tren", "price": Decimal("1.5"), "count": 3}
    assert result.rows[1].values == {"code": "A4", "name": "Bus", "count": 5}
    assert codes_at(result.findings) == [
        ("too_long", "B3"),
        ("too_many_decimals", "C3"),
        ("not_a_number", "D3"),
        ("required", "B4"),
    ]
    assert (result.merged, result.skipped, result.derived) == ({}, {}, {})


def test_a_finding_of_a_limit_says_what_was_found_and_what_fits() -> None:
    """The message has the measure and the limit, the hint what to do, and the value is what the person sees."""
    (finding,) = checked(sheet(HEADER, ("A1", "x" * 25, 1, 3)), SHELVES).findings
    assert str(finding.message) == "This text has 25 characters, and at most 20 fit"
    assert (finding.field, finding.header, finding.value, finding.sheet) == ("name", "Name", "x" * 25, "Hoja1")
    (finding,) = checked(sheet(HEADER, ("A1", "Tren", 0.0748202858708563, 3)), SHELVES).findings
    assert "0.0748202858708563 has 16 decimals, and at most 3" in str(finding.message)
    assert "--round: it is then sent as 0.075" in str(finding.hint)


@pytest.mark.parametrize("bad", [0, 1, 100])
def test_a_column_of_bad_cells_yields_a_finding_each_in_one_pass(bad: int) -> None:
    """No bad cell hides another: 100 are 100."""
    rows: list[tuple[Cell | int, ...]] = [(f"A{i}", "x" * 21 if i < bad else "Tren", 1, 3) for i in range(100)]
    result = checked(sheet(HEADER, *rows), SHELVES)
    assert codes_at(result.findings) == [("too_long", f"B{i + 2}") for i in range(bad)]
    assert len(result.rows) == 100 - bad


def test_one_changed_limit_changes_schema_finding_and_message() -> None:
    """The declaration is the only place of a limit."""
    longer = destination(CODE, replace(NAME, max_length=30), PRICE, COUNT)
    found = sheet(HEADER, ("A1", "x" * 25, 1, 3), ("A2", "x" * 31, 1, 3))
    assert [finding.cell for finding in checked(found, SHELVES).findings] == ["B2", "B3"]
    (finding,) = checked(found, longer).findings
    assert finding.cell == "B3"
    assert "at most 30" in str(finding.message)
    layout, _ = find_layout(found, longer, Wanted())
    frame = frame_of(map_rows(found, layout, longer, ReadingOptions()))
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        schema_of(longer).validate(frame, lazy=True)
    assert caught.value.failure_cases["index"].tolist() == [3]


def test_the_schema_never_coerces_and_lets_a_column_be_absent() -> None:
    """Cells are parsed before; the schema only looks. Required columns are not nullable, replaced ones are."""
    net = column("net", Kind.DECIMAL, required=True)
    gross = column("gross", Kind.DECIMAL, replaces="net")
    schema = schema_of(destination(CODE, net, gross))
    assert {name: (found.nullable, found.required, found.coerce) for name, found in schema.columns.items()} == {
        "code": (False, False, False),
        "net": (True, False, False),
        "gross": (True, False, False),
    }


CELLS = st.one_of(
    st.none(), st.text(max_size=25), st.floats(-1e6, 1e6), st.sampled_from(["12", "1,5", "malo", "x" * 30])
)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=12))
def test_our_findings_are_pandera_s_failures(rows: Sequence[tuple[Cell, ...]]) -> None:
    """Calling the checks a column at a time finds the cells that `validate(lazy=True)` finds, and no others."""
    found = sheet(HEADER, *rows)
    layout, _ = find_layout(found, SHELVES, Wanted(header_row=1))
    mapped = map_rows(found, layout, SHELVES, ReadingOptions())
    unread = {(finding.row, finding.field) for finding in misread(mapped) if finding.is_error}
    ours = {
        (finding.row, finding.field)
        for finding in checked(found, SHELVES, Wanted(header_row=1)).findings
        if finding.is_error and finding.code not in ("duplicate_key", "similar_key")
    }
    failures: set[tuple[int, str]] = set()
    try:
        schema_of(SHELVES).validate(frame_of(mapped), lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        failures = set(zip(cases["index"].tolist(), cases["column"].tolist(), strict=True))
    assert ours == failures | unread


def test_a_blank_required_cell_is_found_unless_it_was_not_understood() -> None:
    """One finding a cell: #N/A or a bad number is not reported as blank as well."""
    result = checked(sheet(HEADER, ("A1", None, 1, "malo"), (None, "Tren", 1, 3)), SHELVES)
    assert codes_at(result.findings) == [("required", "B2"), ("not_a_number", "D2"), ("required", "A3")]
    assert "--set name=" in str(result.findings[0].hint)
    assert "--set" not in str(result.findings[2].hint)


def test_a_field_or_the_one_that_replaces_it_is_required_in_each_row() -> None:
    """Either of the two prices will do; with neither the finding stands where a price has its column."""
    net = column("net", Kind.DECIMAL, required=True)
    gross = column("gross", Kind.DECIMAL, replaces="net")
    to = destination(CODE, net, gross)
    both = checked(sheet(("Code", "Net", "Gross"), ("A1", 1, None), ("A2", None, 2), ("A3", "malo", None), ("A4",)), to)
    assert codes_at(both.findings) == [("not_a_number", "B4"), ("required", "B5")]
    assert codes_at(checked(sheet(("Code", "Gross"), ("A1", 1), ("A2", None)), to).findings) == [("required", "B3")]


def test_a_check_digit_is_a_warning_and_the_row_goes_on() -> None:
    """Warnings never keep a row from being sent; codes of one's own are not looked at."""
    to = destination(CODE, column("ean", Kind.CODE, barcode=True))
    rows = (("A1", "7791234567898"), ("A2", "7791234567890"), ("A3", "INTERNO-1"), ("A4", "12345"), ("A5", 96385074))
    result = checked(sheet(("Code", "Ean"), *rows), to)
    assert [(finding.code, finding.cell, finding.severity) for finding in result.findings] == [
        ("check_digit", "B3", Severity.WARNING)
    ]
    assert len(result.rows) == 5


def test_bounds_are_exact() -> None:
    """A minimum includes itself, unless the declaration says that the value must be above it."""
    zero = Decimal(0)
    above = column("above", Kind.INTEGER, minimum=zero, above_minimum=True)
    to = destination(CODE, column("from_zero", Kind.DECIMAL, minimum=zero), above)
    result = checked(sheet(("Code", "from_zero", "above"), ("A1", 0, 1), ("A2", -0.001, 0)), to)
    assert codes_at(result.findings) == [("out_of_range", "B3"), ("out_of_range", "C3")]
    assert [row.number for row in result.rows] == [2]


def odd_counts(row: Row) -> Sequence[tuple[str, Finding]]:
    """A rule between fields, for the tests."""
    if row.values.get("count") == 13 and row.values.get("name") == "Tren":
        return [("count", Finding("unlucky", text("13 trains")))]
    if row.values.get("count") == 7:
        return [("price", Finding("remark", text("a price for 7"), severity=Severity.WARNING))]
    return ()


def test_rules_between_fields_are_put_at_the_field_they_concern() -> None:
    """An error keeps the row, a warning does not, and a rule is asked about rows with other mistakes too."""
    rows = (("A1", "Tren", 1, 13), ("A2", "Tren", -1, 13), ("A3", "Tren", 1, 7), ("A4", "Bus", 1, 13))
    result = checked(sheet(HEADER, *rows), replace(SHELVES, rules=(Rule(check=odd_counts),)))
    assert codes_at(result.findings) == [("unlucky", "D2"), ("out_of_range", "C3"), ("unlucky", "D3"), ("remark", "C4")]
    assert result.findings[0].value == "13"
    assert [row.number for row in result.rows] == [4, 5]


def test_a_rule_about_a_constant_has_the_constant_as_its_value() -> None:
    """A finding about a field without a column has no cell, and shows what --set gave."""
    wanted = Wanted(constants={"count": "13"})
    (finding,) = checked(
        sheet(("Code", "Name"), ("A1", "Tren")), replace(SHELVES, rules=(Rule(check=odd_counts),)), wanted
    ).findings
    assert (finding.row, finding.cell, finding.field, finding.value) == (2, None, "count", "13")


def halve(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """A derivation, for the tests."""
    price = values.get("price")
    return {**values, "half": price / 2} if isinstance(price, Decimal) else values


def test_fields_are_derived_for_valid_rows_and_reported() -> None:
    """What is sent and does not stand in the sheet is known by row: derived fields and rounded values."""
    to = replace(SHELVES, derivation=Derivation(of=("price",), make=halve))
    result = checked(
        sheet(HEADER, ("A1", "Tren", 4, 1), ("A2", "Tren", -4, 1), ("A3", "Tren", None, 1), ("A4", "Tren", 1.00049, 1)),
        to,
        options=ReadingOptions(round=True),
    )
    assert result.rows[0].values["half"] == 2
    assert result.derived == {2: {"half": Decimal(2)}, 5: {"price": Decimal(1), "half": Decimal("0.5")}}


def test_findings_are_sorted_by_row_then_column() -> None:
    """Those without a row come first; within a row they stand from left to right, whoever found them."""
    found = sheet(("Count", "Name", "Price", "Code"), ("malo", None, 1, "x" * 11), ("malo", "Tren", 1.00049, "A2"))
    result = checked(found, SHELVES, options=ReadingOptions(round=True))
    assert [(finding.row, finding.column) for finding in result.findings] == [(None, 2), (2, 0), (2, 1), (2, 3), (3, 0)]


def test_skipped_rows_are_neither_checked_nor_sent() -> None:
    """A title between the rows has no findings, and it is listed."""
    result = checked(sheet(HEADER, ("A1", "Tren", 1, 1), ("BEBIDAS",), ("A2", "Bus", 1, 1)), SHELVES)
    assert list(result.skipped) == [3]
    assert result.findings == ()
    assert len(result.rows) == 2


def test_a_policy_that_makes_no_sense_is_wrong_usage() -> None:
    """--duplicates sum is for movements, first and last for what is set; anything else is exit 2."""
    for policy in ("sum", "first", "nonsense"):
        with pytest.raises(UsageError) as caught:
            checked(sheet(HEADER, ("A1", "Tren", 1, 1)), SHELVES, duplicates=policy)
        assert caught.value.exit_code == 2


def test_code_lists_are_checked_by_the_schema_too() -> None:
    """A frame from elsewhere with a code outside the list does not pass."""
    to = destination(CODE, column("move", Kind.CHOICE, choices=(Choice("A", "in"),)))
    frame = pd.DataFrame({"code": ["A1", "A2"], "move": ["A", "X"]}, dtype=object)
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        schema_of(to).validate(frame, lazy=True)
    assert caught.value.failure_cases["failure_case"].tolist() == ["X"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=15))
def test_every_row_that_is_not_blank_has_one_fate(rows: Sequence[tuple[Cell, ...]]) -> None:
    """Each is valid, skipped, merged or has an error: exactly one of them, for whatever the sheet holds."""
    found = sheet(HEADER, *rows)
    layout, _ = find_layout(found, SHELVES, Wanted(header_row=1))
    result = checked(found, SHELVES, Wanted(header_row=1))
    valid = {row.number for row in result.rows}
    invalid = {finding.row for finding in result.findings if finding.is_error}
    fates = sorted([*valid, *result.skipped, *invalid])
    assert fates == [row.number for row in map_rows(found, layout, SHELVES, ReadingOptions()).rows]
