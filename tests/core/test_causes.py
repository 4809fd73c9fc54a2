"""Findings with one cause read as one, and different causes are never mixed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.causes import causes, ranges
from etl.core.report import ReportRow
from etl.messages import text, verbatim
from etl.model import Finding, Origin, Outcome, Severity


def too_long(row: int, header: str = "Detalle", severity: Severity = Severity.ERROR) -> Finding:
    message = text("{length} characters are too many", length=300 + row)
    return Finding("too_long", message, text("Shorten it"), severity, row=row, column=1, header=header, value="x")


def refusal(row: int, words: str) -> Finding:
    return Finding("vendor_rejected", verbatim(words), origin=Origin.VENDOR, row=row)


def row(number: int, *cells: str) -> ReportRow:
    return ReportRow(number, cells, Outcome.REJECTED)


def test_four_hundred_rows_with_one_mistake_are_one_cause() -> None:
    """The values in the messages differ, the cause does not; the first message serves as an example."""
    (cause,) = causes([too_long(number) for number in range(401, 1, -1)])
    assert len(cause.findings) == 400
    assert cause.rows == tuple(range(2, 402))
    assert cause.varied
    assert str(cause.problem) == "302 characters are too many"


def long_price(row: int, value: str, rounded: str, shown: str | None = None) -> Finding:
    message = text("{value} has {decimals} decimals, and at most {most} are taken", value=value, decimals=4, most=3)
    hint = text("sent as {rounded}", rounded=rounded)
    return Finding("too_many_decimals", message, hint, row=row, column=3, header="Precio", value=shown or value)


def test_values_with_too_many_decimals_are_told_as_what_rounding_would_do() -> None:
    """One cause with the largest change, what the cell holds, shows and is sent as, and the command that does it."""
    members = [long_price(2, "1.0004", "1"), long_price(3, "39.8745", "39.874", "39.87"), long_price(4, "2.0001", "2")]
    (cause,) = causes(members, typed='etl validate "mi lista.xlsx" --to x')
    assert (len(cause.findings), cause.varied) == (3, False)
    told = str(cause.problem)
    assert "D3 changes most: it holds 39.8745, shows 39.87 and is sent as 39.874, a change of 0.0005" in told
    assert str(cause.hint).endswith(': etl validate "mi lista.xlsx" --to x --round')
    (in_a_run,) = causes(members)
    assert "give this workbook to etl run with --round" in str(in_a_run.hint)
    (plain,) = causes(members[::2])
    assert "D2 changes most: 1.0004 is sent as 1, a change of 0.0004" in str(plain.problem)
    (single,) = causes(members[:1])
    assert single.problem == members[0].message


def test_columns_and_severities_are_told_apart() -> None:
    """The same code in another column is another thing to do."""
    found = causes([too_long(2), too_long(3, "Código"), too_long(4, severity=Severity.WARNING), too_long(5)])
    assert [(cause.first.header, cause.first.severity, len(cause.findings)) for cause in found] == [
        ("Detalle", Severity.ERROR, 2),
        ("Código", Severity.ERROR, 1),
        ("Detalle", Severity.WARNING, 1),
    ]


def test_errors_come_first_and_among_them_those_of_the_file() -> None:
    """What keeps rows from being sent is read first; then what concerns most rows."""
    unused = Finding("unknown_column", text("The column {name} is not used", name="x"), severity=Severity.WARNING)
    missing = Finding("missing_column", text("The column {name} is missing", name="x"))
    found = causes([too_long(2, severity=Severity.WARNING), too_long(3), unused, missing])
    assert [(cause.first.code, cause.first.is_error) for cause in found] == [
        ("missing_column", True), ("too_long", True), ("unknown_column", False), ("too_long", False),
    ]  # fmt: skip
    assert found[0].rows == ()


def test_a_vendors_refusals_that_differ_only_in_the_rows_codes_are_one_cause() -> None:
    """The vendor names the code of each row: what is common remains, the code becomes a gap."""
    codes = ["Cam01", "tren", "A-7", "0012"]
    words = "Ya existe un producto en esa lista de precios con el codigo: {}. No se agregara."
    findings = [refusal(number, words.format(code)) for number, code in enumerate(codes, start=2)]
    rows = [row(number, code, "producto nuevo") for number, code in enumerate(codes, start=2)]
    (cause,) = causes(findings, rows)
    assert str(cause.problem) == words.format("…")
    assert len(cause.findings) == 4


def test_different_refusals_stay_apart_and_a_single_one_stays_whole() -> None:
    """Two different sentences are two causes; the only refusal of its kind is shown word for word."""
    findings = [
        refusal(2, "No existe el producto: tren1"),
        refusal(3, "No existe el producto: tren2"),
        refusal(4, "Moneda invalida"),
    ]
    found = causes(findings, [row(2, "tren1"), row(3, "tren2"), row(4, "x")])
    assert [str(cause.problem) for cause in found] == ["No existe el producto: …", "Moneda invalida"]
    (alone,) = causes(findings[:1], [row(2, "tren1")])
    assert str(alone.problem) == "No existe el producto: tren1"


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["a", "b", None]), st.booleans(), st.booleans())))
def test_no_finding_is_lost_or_doubled(made: list[tuple[int, str | None, bool, bool]]) -> None:
    """Grouping is a partition: each finding stands in exactly one cause."""
    findings = [
        Finding(
            "x",
            verbatim(f"words {number}"),
            severity=Severity.ERROR if error else Severity.WARNING,
            origin=Origin.VENDOR if vendor else Origin.LOCAL,
            row=number,
            header=header,
        )
        for number, header, error, vendor in made
    ]
    grouped = [finding for cause in causes(findings) for finding in cause.findings]
    assert sorted(map(id, grouped)) == sorted(map(id, findings))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((), ("", 0)),
        ((5,), ("5", 0)),
        ((2, 3, 4, 7, 9, 10), ("2-4, 7, 9-10", 0)),
        (tuple(range(2, 41)), ("2-40", 0)),
        ((1, 3, 5, 6, 7), ("1, 3", 3)),
    ],
)
def test_rows_are_written_as_ranges(numbers: tuple[int, ...], expected: tuple[str, int]) -> None:
    """Forty rows in a line are two numbers; what does not fit is counted."""
    assert ranges(numbers, 2 if len(numbers) == 5 else 12) == expected
