"""Writes the annotated copy of the user's own workbook, or says why there is none (``--annotate``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, BinaryIO

from etl.core.report import Report
from etl.io.readers.limits import DEFAULT_LIMITS
from etl.io.readers.sandbox import confined, program_of
from etl.io.workbook.annotation import annotation
from etl.io.workbook.placement import Written, place
from etl.messages import Text, text
from etl.model import UNDIVIDED_COLUMNS
from etl.options import OutputOptions
from etl.vendors.base import Destination

MOST_ROWS = 20_000
"""Rows of data up to which openpyxl makes a copy in bearable time."""

_LIMITS = replace(DEFAULT_LIMITS, child_cpu_seconds=240, child_wall_seconds=300.0)
_PROGRAM = program_of("etl.io.workbook.annotator")
_LONGEST_HEAD = 10_000
_LARGEST_COPY = 4 * DEFAULT_LIMITS.file_bytes
_LOST: Mapping[str, Text] = {
    "pictures": text("pictures"),
    "shapes": text("shapes and text boxes"),
    "charts": text("charts as they were (they are drawn anew)"),
    "sparklines": text("sparklines"),
    "slicers": text("slicers"),
    "controls": text("buttons and other controls"),
    "threads": text("threads of comments (they become notes)"),
    "embedded": text("embedded files"),
    "queries": text("links to data queries"),
    "formats": text("data bars and icon sets"),
    "lists": text("drop-downs with lists on other sheets"),
}


class NotAnnotatedError(Exception):
    """There is no annotated copy; `reason` says why."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


def write_annotated(
    file: Path, report: Report, destination: Destination, wanted: tuple[Path, OutputOptions], own_column: int | None
) -> Written:
    """Write the copy of `file`, which `report` is about, at the path that is wanted or near it, as `place` decides.

    `own_column` is where our columns stand in a sheet that was annotated before. What the copy cannot keep is told in
    the notes. NotAnnotatedError when it cannot be made, OSError when it cannot be written.
    """
    if len(report.rows) > MOST_ROWS:
        raise NotAnnotatedError(
            text("the sheet has {rows} rows, and copies are made up to {most}", rows=len(report.rows), most=MOST_ROWS)
        )
    if any(finding.code == UNDIVIDED_COLUMNS for finding in report.findings):
        raise NotAnnotatedError(text("each of its rows stands in one cell: there is no cell to mark"))
    path, output = wanted
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != report.file_sha256:
        raise NotAnnotatedError(text("{file} was changed meanwhile", file=file.name))
    lost, content = _copied(data, report, destination, own_column, output.language)

    def write(target: BinaryIO) -> None:
        target.write(content)

    written = place(path, write, fallback=output.fallback or path.parent)
    notes = [_not_kept(lost)] if lost else []
    return Written(written.path, (*written.notes, *notes))


def _copied(
    data: bytes, report: Report, destination: Destination, own_column: int | None, language: str
) -> tuple[list[str], bytes]:
    request = annotation(report, destination, own_column, language)
    with confined(_PROGRAM, request, data, _LIMITS) as child:
        answer = _answer(child.answers)
        if answer is not None:
            return answer
        if child.late:
            raise NotAnnotatedError(
                text("making the copy took more than {seconds} seconds", seconds=int(_LIMITS.child_wall_seconds))
            )
    raise NotAnnotatedError(text("the workbook has something that cannot be copied, or needs too much memory"))


def _answer(stream: IO[bytes]) -> tuple[list[str], bytes] | None:
    """Return what the annotator answered; None for anything less than a whole answer."""
    try:
        head = json.loads(stream.readline(_LONGEST_HEAD))
        size, lost = int(head["size"]), [str(kind) for kind in head["lost"]]
    except (ValueError, TypeError, KeyError):
        return None
    if not 0 < size <= _LARGEST_COPY:
        return None
    content = stream.read(size)
    return (lost, content) if len(content) == size else None


def _not_kept(lost: Sequence[str]) -> Text:
    known = [_LOST[kind] for kind in lost if kind in _LOST]
    things = known[0]
    for other in known[1:]:
        things = text("{one}, {other}", one=things, other=other)
    return text("The annotated copy does not keep: {things}. Your own file has it all.", things=things)
