"""Decides what an annotated copy of the user's own workbook says, and where: marks, comments and two more columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from etl.core.identity import Identity, WorkbookKind, to_properties
from etl.core.report import Report
from etl.io.workbook import package
from etl.io.workbook.cell_xml import cell_text
from etl.io.workbook.look import style_properties
from etl.io.workbook.names import Heading, heading, state
from etl.io.workbook.rows_sheet import reason_of
from etl.io.workbook.user_table import MAX_COMMENTS, comment_box, comment_text, key_column
from etl.messages import Text, translate
from etl.model import Finding, Json, Outcome
from etl.vendors.base import Destination

_WIDTHS = {Heading.STATE: 14, Heading.REASON: 60}


def annotation(report: Report, destination: Destination, own_column: int | None, language: str) -> Json:
    """Return the request to `etl.io.workbook.annotator` for the sheet that `report` is about.

    Our columns stand from index `own_column` on in a sheet that has them already, else after the table. Findings about
    whole rows are told at the last column of the key, those about a column at its header.
    """

    def say(message: Text) -> str:
        return translate(message, language)

    places = _by_place(report, key_column(report, destination))
    return {
        "sheet": report.sheet,
        "header_row": report.header_row,
        "column": len(report.headers) if own_column is None else own_column,
        "again": own_column is not None,
        "columns": [[heading(kind, language), width] for kind, width in _WIDTHS.items()],
        "states": list(_states(report, language, say)),
        "ink": _colour("own header", "font_color"),
        "fills": {mark: _colour(f"plain!{mark}", "bg_color") for mark in ("error", "warning")},
        "marks": [[row, at, "error" if any(f.is_error for f in found) else "warning"] for row, at, found in places],
        "comments": [_comment(row, at, found, say) for row, at, found in places[:MAX_COMMENTS]],
        "properties": {**to_properties(_identity(report)), package.SEAL_PROPERTY: package.UNSEALED},
    }


def _identity(report: Report) -> Identity:
    return Identity(
        kind=WorkbookKind.ANNOTATED,
        to=report.to,
        data_sheet=report.sheet,
        profile=report.profile,
        columns=report.columns,
        constants=report.constants,
        options=report.options,
    )


def _by_place(report: Report, anchor: int) -> list[tuple[int, int, list[Finding]]]:
    """Return the findings by row and column of the sheet, in its order; errors before warnings where they meet."""
    places: dict[tuple[int, int], list[Finding]] = {}
    rows = {row.number for row in report.rows}
    for finding in report.findings:
        if finding.row is None and finding.column is None:
            continue
        row = finding.row if finding.row is not None else report.header_row
        if row is None or (finding.row is not None and finding.row not in rows):
            continue
        places.setdefault((row, anchor if finding.column is None else finding.column), []).append(finding)
    return [
        (row, column, sorted(found, key=lambda one: not one.is_error))
        for (row, column), found in sorted(places.items(), key=lambda place: place[0])
    ]


def _states(report: Report, language: str, say: Callable[[Text], str]) -> Iterator[Json]:
    words = {outcome: state(outcome, language) for outcome in Outcome}
    colours = {
        outcome: [_colour(f"state:{outcome}", "bg_color"), _colour(f"state:{outcome}", "font_color")]
        for outcome in Outcome
    }
    for row in report.rows:
        if row.number is not None:
            reason = cell_text(reason_of(say, row.reasons) or "")
            yield [row.number, words[row.outcome], colours[row.outcome], reason]


def _comment(row: int, column: int, findings: Sequence[Finding], say: Callable[[Text], str]) -> Json:
    words = cell_text(comment_text(say, findings, codes=True))
    box = comment_box(words)
    return [row, column, words, [box["width"], box["height"]]]


def _colour(style: str, name: str) -> str:
    colour: str = style_properties(style)[name]
    return colour.removeprefix("#")
