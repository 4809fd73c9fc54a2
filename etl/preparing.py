"""Opens a file, finds out where it goes and for whom, and reads it: what is known before anything is planned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from etl.core.meanings import Meaning, with_meanings
from etl.core.thresholds import Thresholds
from etl.errors import UsageError
from etl.mappings import is_workbook, keep_meanings, with_mapping
from etl.messages import ntext, text
from etl.options import Person, SheetOptions
from etl.vendors import DESTINATIONS, vendor_of
from etl.vendors.base import Destination
from etl.warming import import_ahead

if TYPE_CHECKING:
    from etl.intake import Intake
    from etl.io.readers import Source


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was asked, completed by a mapping file and by what the workbook says of itself, and the opened file."""

    options: SheetOptions
    destination: Destination
    source: Source
    profile: str | None
    """The profile that the mapping file or the workbook names."""

    filled_in: tuple[Meaning, ...] = ()
    """What the workbook's sheet `Mapeos` says of values; it stands among the options too."""

    @property
    def company(self) -> tuple[str, str | None]:
        """The vendor, and the profile if one is named."""
        return vendor_of(self.destination.name).name, self.profile

    @property
    def thresholds(self) -> Thresholds:
        """The limits of the guards, as far as it is known for which company they are."""
        return self.options.guards_of(*self.company)


def prepare(sheet: SheetOptions) -> Prepared:
    """Open the file and find out where it goes. Raises UsageError, FileError or ConfigurationError."""
    from etl.core.identity import from_properties  # noqa: PLC0415 - `--help` needs no reader
    from etl.io.readers import open_source  # noqa: PLC0415
    from etl.io.workbook.filled_meanings import read_meanings  # noqa: PLC0415
    from etl.resending import completed_by  # noqa: PLC0415

    options, mapping = with_mapping(sheet)
    if options.to is not None:
        _destination(options.to)
    source = open_source(options.file, encoding=options.encoding, allow_legacy=options.allow_legacy)
    identity = from_properties(source.properties)
    options = completed_by(identity, options)
    profile = mapping.profile or (identity.profile if identity is not None else None)
    destination = _destination(options.to)
    filled = read_meanings(source, destination) if identity is None or identity.to == destination.name else ()
    options = replace(options, meanings=(*options.meanings, *filled))
    return Prepared(options, with_meanings(destination, options.meanings), source, profile, filled)


def keep_filled_in(prepared: Prepared, person: Person) -> None:
    """Put what `Mapeos` says of values into the mapping file, for the sheets to come."""
    mapping = prepared.options.mapping
    if not prepared.filled_in or mapping is None or is_workbook(mapping):
        return
    count = len(prepared.filled_in)
    try:
        keep_meanings(mapping, prepared.filled_in)
    except OSError as error:
        why = error.strerror or type(error).__name__
        person.say(text("{path} could not be written: {why}.", path=str(mapping), why=why))
        return
    person.say(
        ntext(
            "What {count} value means is kept in {path}.",
            "What {count} values mean is kept in {path}.",
            count,
            path=str(mapping),
        )
    )


def _destination(name: str | None) -> Destination:
    known = ", ".join(sorted(DESTINATIONS))
    if name is None:
        raise UsageError(text("Where should it be sent? Say --to with one of: {known}", known=known))
    if name not in DESTINATIONS:
        raise UsageError(text("There is no destination {name}. Known are: {known}", name=name, known=known))
    return DESTINATIONS[name]


def read_and_check(prepared: Prepared, *, sending: bool) -> Intake:
    """Return the checked sheet; `sending` makes hidden rows a question. Raises FileError or UsageError."""
    libraries = import_ahead("etl.intake", "get_ready")
    _read_ahead(prepared)
    libraries.join()
    from etl.intake import take_in  # noqa: PLC0415 - pandas and pandera

    zone = prepared.options.zone_of(*prepared.company)
    return take_in(prepared.options, prepared.destination, prepared.source, sending=sending, zone=zone)


def _read_ahead(prepared: Prepared) -> None:
    """Read the sheet while the libraries come in, where there is no doubt which it is."""
    wanted, sheets = prepared.options.sheet, prepared.source.sheets
    candidates = [sheet for sheet in sheets if (sheet.visible if wanted is None else sheet.name == wanted)]
    if len(candidates) == 1:
        prepared.source.read(candidates[0].name)
