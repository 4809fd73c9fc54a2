"""Says which records of a delimited text cannot be trusted: too many or too few fields, quotes that do not match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.io.readers.field_counts import FieldCounts
from etl.messages import text
from etl.model import WRONG_FIELD_COUNT, Finding


def record_findings(counts: FieldCounts, broken: Sequence[int], sheet: str | None = None) -> list[Finding]:
    """Return the errors by row; `broken` are the rows whose quotes do not match, and that is all said of them."""
    findings = [*_count_findings(counts, broken, sheet), *(_broken_quotes(row, sheet) for row in broken)]
    return sorted(findings, key=lambda finding: finding.row or 0)


def _count_findings(counts: FieldCounts, broken: Sequence[int], sheet: str | None) -> Iterator[Finding]:
    already = set(broken)
    for index, found, expected in counts.wrong():
        if index + 1 not in already:
            yield Finding(
                code=WRONG_FIELD_COUNT,
                message=text(
                    "Row {row} has {found} fields where the header has {expected}",
                    row=index + 1,
                    found=found,
                    expected=expected,
                ),
                hint=text(
                    "Look for a delimiter that stands in a text or a price without quotes, or for one that is missing."
                ),
                sheet=sheet,
                row=index + 1,
            )


def _broken_quotes(row: int, sheet: str | None) -> Finding:
    return Finding(
        code="broken_quotes",
        message=text(
            "The quotes in row {row} do not match, so its fields cannot be told apart with certainty", row=row
        ),
        hint=text('Take the quotes out, or write each quote inside a text twice ("").'),
        sheet=sheet,
        row=row,
    )
