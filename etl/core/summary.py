"""Says a report on a few lines of a terminal: counts that add up, findings by cause, the workbook, what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from etl.core.causes import Cause, causes, ranges
from etl.core.plain_text import plain
from etl.core.report import Report
from etl.core.row_names import row_name, row_refs
from etl.messages import Text, ntext, text, translate
from etl.model import Finding, Outcome

_CAUSES = 8
_CELLS = 5
_FIELDS = 8
_UNUSABLE_FILE = 3


def summary(report: Report, language: str) -> list[str]:
    """Return the lines that a person reads after a command, without colours.

    A file that cannot be used (exit code 3) shows every finding; otherwise the weightiest causes,
    each with its first cells.
    """
    lines = [_say(line, language) for line in _head(report)]
    if report.exit_code == _UNUSABLE_FILE and not report.rows:
        told = list(_each(report.findings, language))
        steps = [_say(step, language) for step in _tail(report)]
        head = [line for line in lines if f"- {line}" not in told]
        return [*head, *told, *(step for step in steps if f"  {step}" not in told)]
    lines += _grouped(report, language)
    return lines + [_say(line, language) for line in _tail(report)]


def _head(report: Report) -> Iterator[Text]:
    if report.file and report.to:
        yield text("{file} to {to}", file=report.file, to=report.to)
    if report.run:
        yield text("Run {run}", run=report.run)
    yield from report.notices
    if report.rows:
        yield _counted(report)
    if report.changed_fields:
        yield text("Changed values: {fields}", fields=_changed(report))
    yield from report.cost
    if report.stopped:
        yield report.stopped


def _changed(report: Report) -> str:
    """Return the fields that get another value, with their number of rows: ``precio 30, codbar 2``."""
    found = [f"{name} {count}" for name, count in report.changed_fields.items()]
    return ", ".join([*found[:_FIELDS], "…"] if len(found) > _FIELDS else found)


def _tail(report: Report) -> Iterator[Text]:
    refs = zip(row_refs(row.number for row in report.rows), report.rows, strict=True)
    unknown = [ref for ref, row in refs if row.outcome is Outcome.UNCERTAIN]
    if unknown:
        shown, more = ranges([ref for ref in unknown if ref > 0])
        added = ", ".join(row_name(ref) for ref in unknown if ref < 0)
        told = ", ".join(part for part in (shown, added) if part)
        yield text("Rows whose fate is not known: {rows}", rows=_with_rest(told, more))
    if report.results:
        yield text("Results: {path}", path=report.results)
    if report.annotated:
        yield text("Annotated copy: {path}", path=report.annotated)
    yield from report.next_steps


def _counted(report: Report) -> Text:
    """Return the sentence of the counts: all rows, and the outcomes that add up to them."""
    counts = report.counts
    parts = [outcome_count(outcome, counts[outcome.value], report) for outcome in Outcome if counts[outcome.value]]
    listed = parts[0]
    for part in parts[1:]:
        listed = text("{one}, {other}", one=listed, other=part)
    return ntext("{count} row: {outcomes}", "{count} rows: {outcomes}", counts["read"], outcomes=listed)


def outcome_count(outcome: Outcome, count: int, report: Report) -> Text:
    """Return "3 rejected" and the like; where nothing is ever sent, rows that are not sent are the valid ones."""
    match outcome:
        case Outcome.INVALID:
            return ntext("{count} invalid", "{count} invalid", count)
        case Outcome.SKIPPED:
            return ntext("{count} skipped", "{count} skipped", count)
        case Outcome.UNCHANGED:
            return ntext("{count} unchanged", "{count} unchanged", count)
        case Outcome.ACCEPTED:
            return ntext("{count} accepted", "{count} accepted", count)
        case Outcome.REJECTED:
            return ntext("{count} rejected", "{count} rejected", count)
        case Outcome.UNCERTAIN:
            return ntext("{count} uncertain", "{count} uncertain", count)
    if report.run is None and report.exit_code in (0, 1):
        return ntext("{count} valid", "{count} valid", count)
    return ntext("{count} not sent", "{count} not sent", count)


def _each(findings: Iterable[Finding], language: str) -> Iterator[str]:
    for found in findings:
        place = f"{found.cell}: " if found.cell else ""
        yield f"- {place}{_say(found.message, language)}"
        if found.hint:
            yield f"  {_say(found.hint, language)}"


def _grouped(report: Report, language: str) -> Iterator[str]:
    found = causes(report.findings, report.rows, report.typed)
    for cause in found[:_CAUSES]:
        yield f"- {_say(_cause(cause), language)}"
        if cause.hint:
            yield f"  {_say(cause.hint, language)}"
    rest = found[_CAUSES:]
    if rest:
        count = sum(len(cause.findings) for cause in rest)
        yield "- " + _say(ntext("{count} finding more", "{count} findings more", count), language)


def _cause(cause: Cause) -> Text:
    """Return a cause as one line: what is wrong, how often, and its first cells."""
    problem = cause.problem
    if not cause.first.is_error:
        problem = text("Warning: {problem}", problem=problem)
    places = _places(cause)
    if not places:
        return problem
    if len(cause.findings) == 1:
        return text("{places}: {problem}", places=places, problem=problem)
    if cause.varied:
        problem = text("for instance: {problem}", problem=problem)
    if not cause.first.header:
        return ntext(
            "{count} time ({places}): {problem}", "{count} times ({places}): {problem}", len(cause.findings),
            places=places, problem=problem,
        )  # fmt: skip
    return ntext(
        "{header}, {count} time ({places}): {problem}", "{header}, {count} times ({places}): {problem}",
        len(cause.findings), header=cause.first.header, places=places, problem=problem,
    )  # fmt: skip


def _places(cause: Cause) -> Text | str:
    """Return the first cells of a cause; its rows where the findings are about whole rows."""
    cells = [found.cell for found in cause.findings if found.cell]
    if cells:
        return _with_rest(", ".join(cells[:_CELLS]), len(cells) - _CELLS)
    if not cause.rows:
        return ""
    shown, more = ranges(cause.rows, _CELLS)
    return ntext("row {rows}", "rows {rows}", len(cause.rows), rows=_with_rest(shown, more))


def _with_rest(shown: str, more: int) -> Text | str:
    return ntext("{shown} and {count} more", "{shown} and {count} more", more, shown=shown) if more > 0 else shown


def _say(message: Text, language: str) -> str:
    return plain(translate(message, language), limit=1000)
