"""Opens Excel workbooks (.xlsx, .xlsm, templates): pre-scan of every part first, cells from the sandbox afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from etl.io.readers.answers import Cells
from etl.io.readers.archive import Archive, Part
from etl.io.readers.dialect import find_delimiter, is_table
from etl.io.readers.limits import Limits
from etl.io.readers.package import Package, PackagedSheet, read_package
from etl.io.readers.refusal import Refusal, refusing
from etl.io.readers.sandbox import parse_cells
from etl.io.readers.shared_strings import check_shared_strings
from etl.io.readers.sheet_facts import SheetFacts
from etl.io.readers.sheet_scan import scan_sheet
from etl.io.readers.source import RawFile, Source
from etl.io.readers.xml_parts import guard
from etl.messages import text
from etl.model import Cell, CellNote, Finding, Severity, Sheet, SheetName

_LOOKED_AT = 200
_NOT_FINITE = CellNote(error="#NUM!")


@dataclass(frozen=True, slots=True)
class _Workbook:
    raw: RawFile
    archive: Archive
    package: Package
    scans: Mapping[str, SheetFacts | Refusal]
    """Of the visible sheets, by the name of their part: a sheet that is refused hinders nobody who reads another."""
    modified: datetime


def open_xlsx(raw: RawFile, archive: Archive) -> Source:
    """Return the source of a workbook; raise `Refusal` when its archive breaks a limit."""
    package = read_package(archive)
    scans = _examine(archive, package, raw.limits)
    workbook = _Workbook(raw, archive, package, scans, package.modified or raw.saved)
    return Source(
        file=raw.file,
        sha256=raw.sha256,
        kind="xlsm" if b"macroEnabled" in (archive.read("[Content_Types].xml") or b"") else "xlsx",
        sheets=tuple(SheetName(sheet.name, sheet.visible) for sheet in package.sheets),
        properties=package.properties,
        modified=workbook.modified,
        load=lambda name: _load(workbook, name),
    )


def _examine(archive: Archive, package: Package, limits: Limits) -> dict[str, SheetFacts | Refusal]:
    """Inflate every part once under the limits, scan the visible sheets on the way, return what was found of each."""
    visible = {sheet.part.lower() for sheet in package.sheets if sheet.visible}
    scans: dict[str, SheetFacts | Refusal] = {}
    for part in archive.parts:
        if part.name.lower() in visible:
            scans[part.name.lower()] = _scan(archive, part, package, limits)
        elif part.name.lower().endswith("sharedstrings.xml"):
            check_shared_strings(part.name, guard(part.name, archive.blocks_ahead(part)), limits)
        else:
            _pass_through(archive, part)
    return scans


def _pass_through(archive: Archive, part: Part) -> None:
    blocks = archive.blocks(part)
    for _ in guard(part.name, blocks) if part.is_xml else blocks:
        pass


def _scan(archive: Archive, part: Part, package: Package, limits: Limits) -> SheetFacts | Refusal:
    try:
        return scan_sheet(part.name, lambda: guard(part.name, archive.blocks_ahead(part)), package.formats, limits)
    except Refusal as refusal:
        _pass_through(archive, part)
        return refusal


def _load(workbook: _Workbook, name: str | None) -> Sheet:
    sheet = next(sheet for sheet in workbook.package.sheets if sheet.name == name)
    with refusing(workbook.raw.file):
        facts = _facts(workbook, sheet)
        cells = parse_cells(workbook.raw.data, sheet.name, workbook.raw.limits, (facts.height, facts.width))
    notes = {**facts.notes, **dict.fromkeys(cells.not_finite, _NOT_FINITE)}
    _blank(cells, notes)
    remarks = _undivided(sheet.name, cells.rows)
    return Sheet(
        file=workbook.raw.file,
        name=sheet.name,
        rows=cells.rows,
        sha256=workbook.raw.sha256,
        notes=notes,
        hidden_rows=facts.hidden_rows,
        hidden_columns=facts.hidden_columns,
        merged=facts.merged,
        findings=(*workbook.raw.findings, *remarks),
        modified=workbook.modified,
        properties=workbook.package.properties,
    )


def _facts(workbook: _Workbook, sheet: PackagedSheet) -> SheetFacts:
    part = workbook.archive.find(sheet.part)
    assert part is not None  # noqa: S101 - `read_package` found it
    found = workbook.scans.get(part.name.lower()) or _scan(
        workbook.archive, part, workbook.package, workbook.raw.limits
    )
    if isinstance(found, Refusal):
        raise found
    return found


def _blank(cells: Cells, notes: Mapping[tuple[int, int], CellNote]) -> None:
    """Make the cells of errors and of formulas without value None, whatever the parser took them for."""
    for (row, column), note in notes.items():
        if note.number_format is None and row <= len(cells.rows) and column < len(cells.rows[row - 1]):
            found = cells.rows[row - 1]
            if found[column] is not None:
                cells.rows[row - 1] = (*found[:column], None, *found[column + 1 :])


def _undivided(sheet: str, rows: Sequence[Sequence[Cell]]) -> tuple[Finding, ...]:
    """Return a remark when the lines of a CSV file stand in the first cells, undivided."""
    lines = [str(row[0]) for row in rows[:_LOOKED_AT] if row and row[0] is not None]
    if any(len(row) > 1 for row in rows[:_LOOKED_AT]) or len(lines) < 2:
        return ()
    text_of_lines = "\n".join(lines).encode()
    if not is_table(text_of_lines, find_delimiter(text_of_lines)):
        return ()
    return (
        Finding(
            code="undivided_columns",
            message=text("Each row of the sheet «{sheet}» has all of its values in one cell", sheet=sheet),
            hint=text("In Excel mark column A and choose Data, Text to Columns; then save the workbook and try again."),
            severity=Severity.WARNING,
            sheet=sheet,
        ),
    )
