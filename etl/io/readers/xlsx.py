"""Opens Excel workbooks (.xlsx, .xlsm, templates): scans them for what is hostile, gets the cells from the sandbox.

A sheet is scanned before the parser sees it. Only a large one is parsed while a second process scans it, and only where
the system bounds the memory of both: its cells are taken when the scan has passed, and the parser is ended when not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from etl.io.readers.answers import Cells, receive_cells
from etl.io.readers.archive import Archive
from etl.io.readers.limits import Limits
from etl.io.readers.package import Package, PackagedSheet, read_package
from etl.io.readers.refusal import refusing
from etl.io.readers.sandbox import MEMORY_IS_BOUND, answering, parsing, program_of
from etl.io.readers.sent_facts import receive_facts
from etl.io.readers.sheet_facts import SheetFacts
from etl.io.readers.source import RawFile, Source
from etl.io.readers.undivided import divide
from etl.io.readers.xml_parts import guard
from etl.model import CellNote, Sheet, SheetName

_SCANNER = program_of("etl.io.readers.scanner")
_NOT_FINITE = CellNote(error="#NUM!")


@dataclass(frozen=True, slots=True)
class _Workbook:
    raw: RawFile
    archive: Archive
    package: Package
    modified: datetime


def open_xlsx(raw: RawFile, archive: Archive) -> Source:
    """Return the source of a workbook, its sheets looked at when they are read; `Refusal` when it breaks a limit."""
    package = read_package(archive)
    _examine(archive, package, raw.limits)
    workbook = _Workbook(raw, archive, package, package.modified or raw.saved)
    return Source(
        file=raw.file,
        sha256=raw.sha256,
        kind="xlsm" if b"macroEnabled" in (archive.read("[Content_Types].xml") or b"") else "xlsx",
        sheets=tuple(SheetName(sheet.name, sheet.visible) for sheet in package.sheets),
        properties=package.properties,
        modified=workbook.modified,
        load=lambda name: _load(workbook, name),
    )


def _examine(archive: Archive, package: Package, limits: Limits) -> None:
    """Inflate every part but the sheets once under the limits."""
    sheets = {sheet.part.lower() for sheet in package.sheets}
    for part in archive.parts:
        if part.name.lower() in sheets:
            continue
        blocks = archive.blocks_ahead(part)
        if part.name.lower().endswith("sharedstrings.xml"):
            from etl.io.readers.shared_strings import check_shared_strings  # noqa: PLC0415 - numpy

            check_shared_strings(part.name, guard(part.name, blocks), limits)
            continue
        for _ in guard(part.name, blocks) if part.is_xml else blocks:
            pass


def _load(workbook: _Workbook, name: str | None) -> Sheet:
    sheet = next(sheet for sheet in workbook.package.sheets if sheet.name == name)
    with refusing(workbook.raw.file):
        facts, cells = _read(workbook, sheet)
    notes = {**facts.notes, **dict.fromkeys(cells.not_finite, _NOT_FINITE)}
    cells.blank(_emptied(notes))
    rows = cells.rows()
    divided = divide(sheet.name, rows, workbook.raw.limits)
    return Sheet(
        file=workbook.raw.file,
        name=sheet.name,
        rows=rows if divided is None else divided.rows,
        sha256=workbook.raw.sha256,
        notes=notes,
        hidden_rows=facts.hidden_rows,
        hidden_columns=facts.hidden_columns,
        merged=facts.merged,
        decimals=facts.decimals,
        findings=(*workbook.raw.findings, *(divided.findings if divided is not None else ())),
        delimiter=None if divided is None else divided.delimiter,
        modified=workbook.modified,
        properties=workbook.package.properties,
    )


def _read(workbook: _Workbook, sheet: PackagedSheet) -> tuple[SheetFacts, Cells]:
    archive, package, limits = workbook.archive, workbook.package, workbook.raw.limits
    part = archive.find(sheet.part)
    assert part is not None  # noqa: S101 - `read_package` found it

    if part.size <= limits.small_sheet_bytes or not MEMORY_IS_BOUND:
        from etl.io.readers.sheet_scan import scan_sheet  # noqa: PLC0415 - numpy

        facts = scan_sheet(
            part.name, lambda: guard(part.name, archive.blocks_ahead(part)), package.formats, limits, package.decimals
        )
        with parsing(workbook.raw.data, sheet.name, limits) as answers:
            return facts, receive_cells(answers, limits, (facts.height, facts.width))
    request = {
        "part": asdict(replace(part, start=0)),
        "formats": list(package.formats.items()),
        "decimals": list(package.decimals.items()),
        "limits": asdict(limits),
    }
    with (
        parsing(workbook.raw.data, sheet.name, limits) as answers,
        answering(_SCANNER, request, archive.packed(part), limits, gives_way=True) as found,
    ):
        facts = receive_facts(found, limits)
        return facts, receive_cells(answers, limits, (facts.height, facts.width))


def _emptied(notes: Mapping[tuple[int, int], CellNote]) -> Iterator[tuple[int, int]]:
    """Yield the places of errors and of formulas without value: None, whatever the parser took them for."""
    return (place for place, note in notes.items() if note.number_format is None)
