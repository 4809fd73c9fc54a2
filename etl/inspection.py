"""Looks at a sheet for `etl inspect`: which sheet, for which destination, what is recognised and what may be meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from etl.core.headers import Wanted, choose_sheet, score
from etl.core.identity import from_properties
from etl.core.meanings import tables_of
from etl.core.proposals import Inspection, inspect_sheet
from etl.errors import FileError
from etl.io.readers import Source, open_source
from etl.io.workbook.filled_meanings import read_meanings
from etl.io.workbook.own_columns import without_own_columns
from etl.mappings import MappingFile, with_mapping
from etl.model import Finding, Sheet, SheetName, column_letter
from etl.options import SheetOptions
from etl.resending import completed_by, recognise
from etl.vendors import DESTINATIONS
from etl.vendors.base import Destination

_SURE = 0.75
"""A proposal that is less sure than this is kept as a comment."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found in a file."""

    file: str
    kind: str
    sheets: tuple[SheetName, ...]
    destination: str
    chosen: bool
    """Whether the destination was named; otherwise it is the one that fits best."""
    found: Inspection
    encoding: str | None
    delimiter: str | None
    """Of a CSV file, or of a sheet that has the lines of one in its first cells."""
    findings: tuple[Finding, ...]
    """What the reader says of the sheet: a wrong name, an old format, records with a wrong number of fields."""
    mapping: MappingFile
    """What `etl inspect --save` keeps: recognised columns and sure proposals; the others as comments."""


def inspect_file(options: SheetOptions, profile: str | None = None) -> Inspected:
    """Return what a file holds. FileError when it cannot be read, UsageError for options that cannot be."""
    options, known = with_mapping(options)
    source = open_source(options.file, encoding=options.encoding, allow_legacy=options.allow_legacy)
    identity = from_properties(source.properties)
    if identity is not None and identity.data_sheet is not None:
        options = completed_by(identity, options)
    sheets = [_plain(sheet) for sheet in _sheets(source, options.sheet)]
    named = options.to
    destinations = [DESTINATIONS[named]] if named in DESTINATIONS else list(DESTINATIONS.values())
    sheet, destination = _best(sheets, destinations)
    options = replace(options, meanings=(*options.meanings, *read_meanings(source, destination)))
    undecided = _undecided(sheets, destination, options)
    # The constants are not checked against the destination here: what is no field of it is told by `run`.
    wanted = Wanted(options.maps, dict(options.constants), options.header_row)
    found = inspect_sheet(sheet, destination, wanted)
    return Inspected(
        file=source.file,
        kind=source.kind,
        sheets=source.sheets,
        destination=destination.name,
        chosen=named in DESTINATIONS,
        found=found,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        findings=(*undecided, *(one for one in sheet.findings if not (one.is_error and one.row in found.skipped))),
        mapping=_mapping(options, found, destination, profile or known.profile),
    )


def _plain(sheet: Sheet) -> Sheet:
    """Return the sheet without the columns that are ours: hidden ones of ``Reenviar``, those of an annotated copy."""
    resent = recognise(sheet)
    return without_own_columns(sheet if resent is None else resent.sheet)[0]


def _sheets(source: Source, name: str | None) -> list[Sheet]:
    if name is not None:
        return [source.read(name)]
    visible = [sheet.name for sheet in source.sheets if sheet.visible]
    return [source.read(one) for one in visible] or [source.read()]


def _best(sheets: Sequence[Sheet], destinations: Sequence[Destination]) -> tuple[Sheet, Destination]:
    """Return the pair that fits best, the first of equals: nothing is sent here, so a tie needs no question."""
    pairs = [(sheet, destination) for destination in destinations for sheet in sheets]
    return pairs[0] if len(pairs) == 1 else max(pairs, key=lambda pair: score(*pair))


def _undecided(sheets: Sequence[Sheet], destination: Destination, options: SheetOptions) -> tuple[Finding, ...]:
    """Return the question that `run` would ask about the sheet, if it is one."""
    try:
        choose_sheet(sheets, destination, Wanted(options.maps))
    except FileError as error:
        return error.findings
    return ()


def _mapping(options: SheetOptions, found: Inspection, destination: Destination, profile: str | None) -> MappingFile:
    """Return what is worth keeping; questions with several answers and unsure proposals stay open."""
    headers = list(found.headers)

    def name_of(index: int) -> str:
        header = headers[index]
        return header if header and headers.count(header) == 1 else f"@{column_letter(index)}"

    sure = {one.column: one.field for one in found.proposals if one.confidence >= _SURE}
    pairs = {**sure, **{column.column: column.field for column in found.columns}}
    doubtful = [one for one in found.proposals if one.column not in pairs]
    return MappingFile(
        destination=destination.name,
        profile=profile,
        sheet=found.sheet,
        header_row=found.header_row,
        headers=found.headers,
        columns={name_of(index): pairs[index] for index in sorted(pairs)},
        constants=dict(options.constants),
        values=tables_of(options.meanings),
        decimal=options.decimal,
        round=options.round,
        duplicates=options.duplicates,
        doubtful=tuple((name_of(one.column), one.field, round(one.confidence * 100)) for one in doubtful),
    )
