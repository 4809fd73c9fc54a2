"""A file that was opened: its sheets and properties are known, its cells are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from etl.errors import FileError
from etl.io.readers.limits import Limits
from etl.messages import text
from etl.model import Finding, Sheet, SheetName


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as it was read from the disk, with what was remarked on it so far."""

    file: str
    data: bytes = field(repr=False)
    sha256: str
    saved: datetime
    findings: tuple[Finding, ...]
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An opened file."""

    file: str
    """Its name, without its folder."""
    sha256: str
    """Of its bytes, in hexadecimal."""
    kind: str
    """By its content: xlsx, xlsm, csv; with ``--allow-legacy`` also xls, xlsb, ods."""
    sheets: tuple[SheetName, ...]
    """In the workbook's order; one without a name for CSV."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Custom document properties of the workbook."""
    modified: datetime | None = None
    """When it was saved (aware): what the workbook says, else what the disk says."""
    load: Callable[[str | None], Sheet] = field(repr=False, compare=False)
    """Reads the sheet of exactly this name; `read` is the way in."""
    known: dict[str | None, Sheet] = field(default_factory=dict, repr=False, compare=False)
    """The sheets that were read, by name: none is parsed twice."""

    def read(self, name: str | None = None) -> Sheet:
        """Return a sheet: the one called `name` (compared without case), or the first visible one.

        FileError with `missing_sheet` when there is no such sheet, else with the codes of `open_source`.
        """
        chosen = self._choose(name)
        if chosen not in self.known:
            self.known[chosen] = self.load(chosen)
        return self.known[chosen]

    def has(self, name: str) -> bool:
        """Say whether there is a sheet called `name`, compared without case and spaces at its ends."""
        return self._named(name) is not None

    def _named(self, name: str) -> SheetName | None:
        exact = [sheet for sheet in self.sheets if sheet.name == name]
        wanted = name.strip().casefold()
        loose = [sheet for sheet in self.sheets if sheet.name and sheet.name.strip().casefold() == wanted]
        return next(iter(exact or loose), None)

    def _choose(self, name: str | None) -> str | None:
        chosen = (
            self._named(name) if name is not None else next((sheet for sheet in self.sheets if sheet.visible), None)
        )
        if chosen is not None:
            return chosen.name
        shown = ", ".join(f"«{sheet.name}»" for sheet in self.sheets if sheet.visible and sheet.name is not None)
        if name is None:
            message = text("{file} has no visible sheet", file=self.file)
        elif not shown:
            message = text("{file} has no sheet called «{name}»: it has no named sheets", file=self.file, name=name)
        else:
            message = text(
                "{file} has no sheet called «{name}»; it has {sheets}", file=self.file, name=name, sheets=shown
            )
        raise FileError.because(Finding(code="missing_sheet", message=message))
