"""Documents are sent whole: which rows wait for a bad one, and which lines stand twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from etl.core.documents import BadRow, bad_rows, held_rows
from etl.core.duplicates import repeated_lines
from etl.messages import text
from etl.model import Finding, Row, Severity
from etl.vendors.base import Kind
from tests.core.tables import column, destination

OFFICE = column("office", Kind.CODE, looked_up=True)
NUMBER = column("number", Kind.CODE)
CODE = column("code", Kind.CODE, required=True)
PAPERS = destination(
    OFFICE,
    NUMBER,
    CODE,
    key=(),
    known_by=("office", "number", "code"),
    group_fields=("office", "number"),
    documents=True,
    kinds=(("POST", "1\t"),),
    indivisible=lambda group: group.startswith("9"),
)


def row(number: int, office: str | None, paper: str | None, code: str = "x") -> Row:
    values = {"office": office, "number": paper, "code": code}
    return Row(number, {name: value for name, value in values.items() if value is not None})


def held(rows: list[Row], bad: list[BadRow], *, partial: bool = False) -> set[int]:
    return set(held_rows(rows, rows, bad, PAPERS, partial=partial))


def test_only_the_document_of_the_bad_row_waits() -> None:
    """A blank field of the head is a value like any other."""
    rows = [row(2, "1", "5"), row(3, "1", "6"), row(4, "1", None), row(5, "1", "5")]
    assert held(rows, [BadRow(9, row(9, "1", "5").values, frozenset())]) == {2, 5}
    assert held(rows, [BadRow(9, row(9, "1", None).values, frozenset())]) == {4}


def test_a_field_that_cannot_be_read_may_hold_any_value() -> None:
    """All documents wait that agree in the fields that can be read."""
    rows = [row(2, "1", "5"), row(3, "1", "6"), row(4, "2", "5")]
    assert held(rows, [BadRow(9, row(9, "1", None).values, frozenset({"number"}))]) == {2, 3}
    assert held(rows, [BadRow(9, {}, frozenset({"office", "number"}))]) == {2, 3, 4}


def test_a_name_may_be_that_of_any_number() -> None:
    """What is looked up later is not known yet; two different names are two offices."""
    rows = [row(2, "1", "5"), row(3, "Norte", "5"), row(4, "Sur", "5")]
    assert held(rows, [BadRow(9, row(9, "Norte", "5").values, frozenset())]) == {2, 3}


def test_the_person_may_send_the_good_rows_but_never_half_a_replacement() -> None:
    """``--partial-documents`` lets a new document go; one that is put in place of another stays whole."""
    rows = [row(2, "1", "5"), row(3, "9", "5")]
    bad = [BadRow(8, row(8, "1", "5").values, frozenset()), BadRow(9, row(9, "9", "5").values, frozenset())]
    assert held(rows, bad) == {2, 3}
    assert held(rows, bad, partial=True) == {3}


def test_rows_are_judged_as_they_were_written() -> None:
    """A name that was put in place of a number meanwhile still belongs to the bad row's document."""
    written = [row(2, "Norte", "5"), row(3, "Sur", "5")]
    completed = [row(2, "7", "5"), row(3, "8", "5")]
    found = held_rows(completed, written, [BadRow(9, row(9, "Norte", "5").values, frozenset())], PAPERS, partial=False)
    assert set(found) == {2}
    assert "9" in str(found[2])


def test_what_is_unknown_of_a_bad_row_is_what_has_an_error_and_no_value() -> None:
    """A number that is too long was read all the same; a row that the reader refused may belong anywhere."""

    def wrong(number: int, name: str, severity: Severity = Severity.ERROR) -> Finding:
        return Finding("x", text("x"), severity=severity, row=number, field=name)

    rows = [row(2, "1", None), row(3, "1", "5"), row(4, "1", None)]
    findings = [wrong(2, "number"), wrong(3, "number"), wrong(4, "number", Severity.WARNING)]
    found = bad_rows({2, 3, 4, 5}, rows, findings, PAPERS)
    assert [sorted(one.unknown) for one in found] == [["number"], [], [], ["number", "office"]]


def test_equal_lines_of_a_document_are_remarked_on() -> None:
    """In one document only, as warnings, each with all the rows."""
    found = repeated_lines([row(2, "1", "5"), row(3, "1", "5"), row(4, "1", "6"), row(5, "1", "5", "y")], PAPERS)
    assert [(number, name, finding.is_error) for number, name, finding in found] == [
        (2, "code", False),
        (3, "code", False),
    ]
    assert "2, 3" in str(found[0][2].message)


papers = st.lists(st.tuples(st.sampled_from("12"), st.sampled_from("56"), st.booleans()), max_size=12)


@given(papers)
def test_no_document_goes_out_without_one_of_its_rows(lines: list[tuple[str, str, bool]]) -> None:
    """Property: of every document either all rows are good and go, or none goes."""
    rows = [row(number, office, paper) for number, (office, paper, _) in enumerate(lines, start=2)]
    good = [one for one, (_, _, fine) in zip(rows, lines, strict=True) if fine]
    bad = [
        BadRow(one.number, one.values, frozenset()) for one, (_, _, fine) in zip(rows, lines, strict=True) if not fine
    ]
    going = {one.number for one in good} - held(good, bad)
    for head in {tuple(one.values.items())[:2] for one in rows}:
        members = {one.number for one in rows if tuple(one.values.items())[:2] == head}
        assert going & members in (members, set())
