"""The lines after a run say how many, why, where and what next, in that order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etl.core.report import Report, ReportRow
from etl.core.summary import outcome_count, summary
from etl.messages import text
from etl.model import Finding, Outcome, Severity


def rows(**counts: int) -> tuple[ReportRow, ...]:
    """Return rows of these outcomes, numbered from 2."""
    outcomes = [Outcome(name) for name, count in counts.items() for _ in range(count)]
    return tuple(ReportRow(number, ("x",), outcome) for number, outcome in enumerate(outcomes, start=2))


def found(row: int | None, column: int | None = 1, code: str = "required", **more: object) -> Finding:
    message = more.pop("message", text("This cell must not be blank"))
    return Finding(code, message, text("Fill it in"), row=row, column=column, header="Código", **more)  # type: ignore[arg-type]


RUN = Report(
    "run", to="tusfacturas.stock", run="2c9f", file="stock.xlsx", rows=rows(accepted=115, rejected=3, invalid=2)
)


def test_counts_add_up_and_zeros_are_left_out() -> None:
    """The person checks the sum with one look."""
    assert "120 rows: 2 invalid, 115 accepted, 3 rejected" in summary(RUN, "en")
    assert "1 row: 1 accepted" in summary(replace(RUN, rows=rows(accepted=1)), "en")


def test_file_destination_and_run_are_named() -> None:
    """What was it about, and by which name does one go on."""
    assert summary(RUN, "en")[:2] == ["stock.xlsx to tusfacturas.stock", "Run 2c9f"]


def test_valid_rows_are_called_valid_where_nothing_is_sent() -> None:
    """After a check nobody wants to read that 118 rows were not sent."""
    checked = replace(RUN, command="validate", run=None, rows=rows(not_sent=118, invalid=2), exit_code=1)
    assert "120 rows: 2 invalid, 118 valid" in summary(checked, "en")
    refused = replace(checked, command="run", exit_code=6, stopped=text("This file was already sent"))
    assert "120 rows: 2 invalid, 118 not sent" in summary(refused, "en")
    assert "This file was already sent" in summary(refused, "en")


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_its_words(outcome: Outcome) -> None:
    """None of them is forgotten in the sentence."""
    assert str(outcome_count(outcome, 7, RUN)) == f"7 {outcome.value.replace('_', ' ')}"


def test_findings_are_grouped_by_cause_with_their_first_cells() -> None:
    """Two hundred rows with one mistake are one line and a hint."""
    lines = summary(replace(RUN, findings=tuple(found(number) for number in range(2, 202))), "en")
    at = lines.index("- Código, 200 times (B2, B3, B4, B5, B6 and 195 more): This cell must not be blank")
    assert lines[at + 1] == "  Fill it in"
    assert len([line for line in lines if "blank" in line]) == 1


def test_a_single_finding_is_told_with_its_cell() -> None:
    """C7 is enough to find it; a finding about a row names the row."""
    assert "- B7: This cell must not be blank" in summary(replace(RUN, findings=(found(7),)), "en")
    assert "- row 7: This cell must not be blank" in summary(replace(RUN, findings=(found(7, None),)), "en")


def test_warnings_say_that_they_are_warnings() -> None:
    """A row with a warning was sent: nobody should look for it among the errors."""
    lines = summary(replace(RUN, findings=(found(7, severity=Severity.WARNING),)), "en")
    assert "- B7: Warning: This cell must not be blank" in lines


def test_many_causes_are_cut_and_counted() -> None:
    """The screen shows the weightiest; the rest stands in the workbook."""
    findings = tuple(found(2, code=f"code_{number}") for number in range(30))
    lines = summary(replace(RUN, findings=findings), "en")
    assert len([line for line in lines if "blank" in line]) == 8
    assert "- 22 findings more" in lines


def test_a_file_that_cannot_be_used_shows_every_finding() -> None:
    """There is no workbook to look them up in."""
    findings = tuple(
        Finding("missing_column", text("The column {name} is missing", name=str(number)), text("Name it"))
        for number in range(30)
    )
    lines = summary(Report("run", to="tusfacturas.stock", file="x.xlsx", findings=findings, exit_code=3), "en")
    assert [line for line in lines if line.startswith("- ")] == [f"- The column {n} is missing" for n in range(30)]
    assert lines.count("  Name it") == 30


def test_uncertain_rows_results_and_next_steps_end_the_summary() -> None:
    """The last line on the screen is what to do."""
    report = replace(
        RUN,
        rows=rows(accepted=1, uncertain=3),
        results="stock.resultados.xlsx",
        next_steps=(text("Look: {command}", command="etl reconcile 2c9f"),),
    )
    assert summary(report, "en")[-3:] == [
        "Rows whose fate is not known: 3-5",
        "Results: stock.resultados.xlsx",
        "Look: etl reconcile 2c9f",
    ]


def test_nothing_steers_the_terminal() -> None:
    """Cells and vendors' words may hold escapes and line breaks."""
    nasty = found(7, message=text("“{value}” is wrong", value="\x1b[2J\n\rx"))
    lines = summary(replace(RUN, findings=(nasty,), file="\x1b[31mx.xlsx"), "en")
    assert not any(sign < " " for line in lines for sign in line)
    assert "- B7: “ x” is wrong" in lines
