"""From a file to checked rows: read, choose the sheet, find the table, map, validate. Imports pandas and pandera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from etl.core.headers import Wanted, choose_sheet, find_layout
from etl.core.mapping import ReadingOptions, map_rows
from etl.core.table import SourceRows
from etl.core.validation import Checked, check, first_check
from etl.errors import EtlError, FileError
from etl.freshness import age_findings
from etl.io.readers import Source
from etl.io.workbook.own_columns import without_own_columns
from etl.messages import Text, text
from etl.model import DEFAULT_ZONE, Finding, Json, Layout, Severity, Sheet
from etl.options import SheetOptions
from etl.resending import Resent, recognise
from etl.vendors.base import Catalogue, Destination


@dataclass(frozen=True, slots=True)
class Intake:
    """A sheet that was read and checked. `skipped` has all the rows that are no data, with the reason."""

    sheet: Sheet
    layout: Layout
    rows: SourceRows
    checked: Checked
    skipped: dict[int, Text]
    findings: tuple[Finding, ...]
    resent: Resent | None = None
    """Set when the sheet is the ``Reenviar`` of a results workbook."""
    own_column: int | None = None
    """Index of the first of our columns in a sheet that was annotated before."""
    unchanged: Mapping[int, Text] = field(default_factory=dict)
    """Rows that equal what the vendor has, with the reason."""
    told: Mapping[int, Text] = field(default_factory=dict)
    """What reading the vendor has to tell of rows that are sent."""
    before: Mapping[int, Mapping[str, Json]] = field(default_factory=dict)
    """By row and field, what the vendor had when it was read before planning."""
    catalogue: Catalogue | None = None
    """What was learnt of all that the vendor has."""
    reads: int = 0
    """Requests that reading took."""
    surveyed: bool = False
    """The vendor was read: what can be completed is."""
    unread: EtlError | None = None
    """Why the vendor could not be read before planning; nothing may be sent then."""

    def shown(self, number: int) -> int | None:
        """Return the number by which a row is reported: that of the sheet it first stood in; None for an added row."""
        return number if self.resent is None else self.resent.original(number)


def get_ready() -> None:
    """Let the libraries do what they do once, while the file is read."""
    first_check()
    import rapidfuzz.fuzz  # noqa: F401, PLC0415 - nearly every sheet has a column that is like none


def take_in(
    options: SheetOptions, destination: Destination, source: Source, *, sending: bool, zone: str = DEFAULT_ZONE
) -> Intake:
    """Return the checked rows of an opened file for a destination.

    `sending` makes hidden rows a question (XLS-6); `zone` is that of moments without one.
    Raises FileError or UsageError when the file cannot be used.
    """
    wanted = Wanted(options.maps, dict(options.constants), options.header_row)
    sheet = _choose(source, options.sheet, destination, wanted)
    resent = recognise(sheet)
    if resent is not None:
        sheet = resent.sheet
    sheet, own_column = without_own_columns(sheet)
    layout, remarks = find_layout(sheet, destination, wanted)
    reading = ReadingOptions(
        options.decimal or "auto", round=bool(options.round), skip_hidden=options.hidden == "skip", zone=zone
    )
    mapped = map_rows(sheet, layout, destination, reading)
    checked = check(mapped, destination, layout, duplicates=options.duplicates or "error")
    hidden, hidden_remarks = _hidden(sheet, mapped.rows, options.hidden, sending=sending)
    aged = age_findings(sheet, destination)
    changed = _changed_since(options.known_headers, layout, sheet.name)
    objections = (found for found in sheet.findings if not (found.is_error and found.row in checked.skipped))
    findings = (*objections, *aged, *changed, *remarks, *hidden_remarks, *checked.findings)
    return Intake(sheet, layout, mapped.rows, checked, {**checked.skipped, **hidden}, findings, resent, own_column)


def _changed_since(known: tuple[str, ...] | None, layout: Layout, sheet: str | None) -> tuple[Finding, ...]:
    """Return a remark when the headers are not those for which the mapping file was made."""
    now = [header for header in layout.headers if header]
    if known is None or (before := [header for header in known if header]) == now:
        return ()
    gone = [header for header in before if header not in now]
    new = [header for header in now if header not in before]
    return (
        Finding(
            "sheet_changed",
            text(
                "The columns are not those for which the mapping file was made: new {new}; gone {gone}.",
                new=", ".join(new) or "-",
                gone=", ".join(gone) or "-",
            ),
            text("Look at the mapping again: etl inspect with --save writes a new one."),
            severity=Severity.WARNING,
            sheet=sheet,
        ),
    )


def _choose(source: Source, name: str | None, destination: Destination, wanted: Wanted) -> Sheet:
    visible = [sheet.name for sheet in source.sheets if sheet.visible]
    if name is not None:
        if not source.has(name):
            raise FileError.because(_no_such_sheet(name, visible))
        return source.read(name)
    if not visible:
        raise FileError.because(
            Finding(
                "unreadable_file",
                text("The workbook has no visible sheet."),
                text("Show the sheet in Excel, or name it with --sheet."),
            )
        )
    if len(visible) == 1:
        return source.read(visible[0])
    return choose_sheet([source.read(candidate) for candidate in visible], destination, wanted)


def _no_such_sheet(name: str, visible: Sequence[str | None]) -> Finding:
    return Finding(
        "unreadable_file",
        text("The workbook has no sheet {name}.", name=name),
        text("Its sheets are: {sheets}", sheets=", ".join(sheet for sheet in visible if sheet)),
    )


def _hidden(
    sheet: Sheet, rows: SourceRows, decision: str | None, *, sending: bool
) -> tuple[dict[int, Text], tuple[Finding, ...]]:
    """Return the hidden rows to leave out, and the remark about them. Raises FileError when nobody decided."""
    hidden = [number for number in rows.numbers if number in sheet.hidden_rows] if sheet.hidden_rows else []
    if not hidden or decision == "include":
        return {}, ()
    remark = Finding(
        "hidden_rows",
        text(
            "{count} rows are hidden in Excel (by a filter or by hand), the first is row {row}.",
            count=len(hidden),
            row=hidden[0],
        ),
        text("Say --hidden include to send them too, or --hidden skip to leave them out."),
        severity=Severity.ERROR if sending and decision is None else Severity.WARNING,
        sheet=sheet.name,
    )
    if decision == "skip":
        return {number: text("Hidden row, left out (--hidden skip).") for number in hidden}, (remark,)
    if sending:
        raise FileError.because(remark)
    return {}, (remark,)
