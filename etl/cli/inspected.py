"""Shows what `etl inspect` found: for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator

from etl.core.causes import causes, ranges
from etl.inspection import Inspected
from etl.messages import Text, ntext, text, translate
from etl.model import Cell, Json, column_letter

_LONGEST_CELL = 24
_MOST_CAUSES = 5


def inspected_json(seen: Inspected, language: str) -> dict[str, Json]:
    """Return the JSON object, without the keys that every object has."""
    found = seen.found
    return {
        "file": seen.file,
        "kind": seen.kind,
        "encoding": seen.encoding,
        "delimiter": seen.delimiter,
        "sheets": [{"name": sheet.name, "visible": sheet.visible} for sheet in seen.sheets],
        "to": seen.destination,
        "sheet": found.sheet,
        "header_row": found.header_row,
        "certain": found.certain,
        "candidates": [candidate.row for candidate in found.candidates],
        "columns": [
            {"field": one.field, "header": one.header, "column": column_letter(one.column)} for one in found.columns
        ],
        "proposals": [
            {
                "field": one.field,
                "header": one.header,
                "column": column_letter(one.column),
                "confidence": one.confidence,
                "reason": translate(one.reason, language),
            }
            for one in found.proposals
        ],
        "problems": [{"code": one.code, "message": translate(one.message, language)} for one in found.problems],
        "missing": list(found.missing),
        "settable": list(found.settable),
        "findings": [
            {
                "code": one.code,
                "severity": one.severity.value,
                "row": one.row,
                "message": translate(one.message, language),
            }
            for one in seen.findings
        ],
        "rows": len(found.rows),
        "skipped": [{"row": row, "reason": translate(reason, language)} for row, reason in found.skipped.items()],
        "hidden_rows": found.hidden,
        "sample": [{"row": row.number, "cells": list(row.cells)} for row in found.sample],
    }


def inspected_lines(seen: Inspected, language: str) -> list[str]:
    """Return what a person reads: sheet, header row, each column, what is missing, the first rows."""
    lines = [translate(line, language) for line in (*_head(seen), *_columns(seen), *_rest(seen), *_rows(seen))]
    if seen.found.sample:
        lines += ["", translate(text("First rows:"), language), *_sample(seen)]
    return lines


def _head(seen: Inspected) -> Iterator[Text]:
    sheet = seen.found.sheet
    yield text("{file}, sheet {sheet}", file=seen.file, sheet=sheet) if sheet else text("{file}", file=seen.file)
    yield from _kind(seen)
    others = ", ".join(one.name for one in seen.sheets if one.name and one.name != sheet and one.visible)
    if others:
        yield text("Other sheets: {names} (--sheet NAME)", names=others)
    chosen = text("Destination: {to}", to=seen.destination)
    yield chosen if seen.chosen else text("Destination that fits best: {to} (--to DEST)", to=seen.destination)
    row = seen.found.header_row
    if row is None:
        yield text("There is no row that looks like a header.")
    elif seen.found.certain:
        yield text("Header: row {row}", row=row)
    else:
        rows = ", ".join(str(candidate.row) for candidate in seen.found.candidates) or str(row)
        yield text("Header: perhaps row {row} (--header-row N); it could be: {rows}", row=row, rows=rows)


def _kind(seen: Inspected) -> Iterator[Text]:
    """Yield what the file is, and what its reader has to say of it."""
    delimiter = text("tab") if seen.delimiter == "\t" else seen.delimiter
    if seen.encoding is not None and delimiter is not None:
        yield text("CSV in {encoding}, divided by “{delimiter}”", encoding=seen.encoding, delimiter=delimiter)
    elif seen.encoding is not None:
        yield text("CSV in {encoding}, with a single column", encoding=seen.encoding)
    for cause in causes(seen.findings)[:_MOST_CAUSES]:
        more = len(cause.findings) - 1
        yield cause.problem
        if more:
            yield ntext("  and {count} row more", "  and {count} rows more", more)
        if cause.hint is not None:
            yield text("  {hint}", hint=cause.hint)


def _rows(seen: Inspected) -> Iterator[Text]:
    found = seen.found
    if found.skipped:
        shown, more = ranges(list(found.skipped))
        rows = ntext("{shown} and {count} more", "{shown} and {count} more", more, shown=shown) if more else shown
        yield text(
            "Rows: {rows}. {count} of them look like titles, totals or repeated headers and are not sent: {skipped}",
            rows=len(found.rows),
            count=len(found.skipped),
            skipped=rows,
        )
    elif found.rows:
        yield text("Rows: {rows}", rows=len(found.rows))
    if found.hidden:
        yield ntext(
            "{count} row is hidden: say --hidden include or --hidden skip",
            "{count} rows are hidden: say --hidden include or --hidden skip",
            found.hidden,
        )


def _columns(seen: Inspected) -> Iterator[Text]:
    known = {column.column: column.field for column in seen.found.columns}
    for index, header in enumerate(seen.found.headers):
        place = {"letter": column_letter(index), "header": header}
        if index in known:
            yield text("  {letter}  {header}: {field}", field=known[index], **place)
            continue
        for proposal in (one for one in seen.found.proposals if one.column == index):
            percent = round(proposal.confidence * 100)
            yield text(
                "  {letter}  {header}: perhaps {field} ({percent}%: {reason})",
                field=proposal.field,
                percent=percent,
                reason=proposal.reason,
                **place,
            )
        if header and not any(one.column == index for one in seen.found.proposals):
            yield text("  {letter}  {header}: not read", **place)


def _rest(seen: Inspected) -> Iterator[Text]:
    for problem in seen.found.problems:
        if problem.code == "missing_column":  # told together below
            continue
        yield problem.message
        if problem.hint is not None:
            yield text("  {hint}", hint=problem.hint)
    unsettable = [name for name in seen.found.missing if name not in seen.found.settable]
    if unsettable:
        yield text("Missing: {fields}", fields=", ".join(unsettable))
    if seen.found.settable:
        yield text(
            "Missing, as a column or as one value for all rows: {options} (values: etl destinations {to})",
            options=" ".join(f"--set {name}=…" for name in seen.found.settable),
            to=seen.destination,
        )


def _sample(seen: Inspected) -> Iterator[str]:
    for row in seen.found.sample:
        yield f"  {row.number}: " + " | ".join(_shown(cell) for cell in row.cells)


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    words = f"{cell:.15g}" if isinstance(cell, float) else str(cell)
    return words if len(words) <= _LONGEST_CELL else words[: _LONGEST_CELL - 1] + "…"
