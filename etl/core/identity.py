"""What a workbook of ours says of itself in its document properties, so that it is known wherever it is carried."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from etl.core.report_json import dump_json
from etl.model import MappedColumn

FORMAT = 1
"""Version of these properties; a workbook with a higher one was written by a later program."""

_PREFIX = "etl."
_CHUNK = 120
"""Characters of one property: Excel keeps 255 UTF-16 units of each."""


class WorkbookKind(StrEnum):
    """What a workbook of ours is."""

    RESULTS = "results"
    TEMPLATE = "template"
    ANNOTATED = "annotated"
    """A copy of the user's own workbook with our marks."""
    LISTING = "listing"
    """What ``etl fetch`` wrote; where it goes, if anywhere, is the person's to say."""
    UNDO = "undo"
    """Rows that set back what a run did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a workbook of ours remembers."""

    kind: WorkbookKind
    to: str | None
    data_sheet: str | None
    """The sheet to be read as input: `Reenviar`, `Deshacer`, a template's table, the user's own; None without one."""
    run: str | None = None
    profile: str | None = None
    columns: tuple[MappedColumn, ...] = ()
    """Which column of `data_sheet` fed which field."""
    constants: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    """How the sheet was read: `Report.options`."""
    format: int = FORMAT


def to_properties(identity: Identity) -> dict[str, str]:
    """Return the custom document properties of a workbook, each short enough for Excel."""
    plain = {
        "format": str(identity.format),
        "kind": identity.kind.value,
        "to": identity.to,
        "run": identity.run,
        "profile": identity.profile,
        "data_sheet": identity.data_sheet,
        "columns": _dump([(column.field, column.header, column.column) for column in identity.columns]),
        "constants": _dump(dict(identity.constants)),
        "options": _dump(dict(identity.options)),
    }
    return {name: part for key, value in plain.items() if value for name, part in _chunks(_PREFIX + key, value)}


def from_properties(properties: Mapping[str, str]) -> Identity | None:
    """Return what `to_properties` wrote; None for a workbook that is not ours or whose properties were spoilt."""
    try:
        return Identity(
            kind=WorkbookKind(properties[_PREFIX + "kind"]),
            format=int(properties[_PREFIX + "format"]),
            to=properties.get(_PREFIX + "to"),
            run=properties.get(_PREFIX + "run"),
            profile=properties.get(_PREFIX + "profile"),
            data_sheet=properties.get(_PREFIX + "data_sheet"),
            columns=tuple(
                MappedColumn(*column)
                for column in msgspec.json.decode(_joined(properties, "columns"), type=list[tuple[str, str, int]])
            ),
            constants=msgspec.json.decode(_joined(properties, "constants"), type=dict[str, str]),
            options=msgspec.json.decode(_joined(properties, "options"), type=dict[str, str]),
        )
    except (KeyError, ValueError, msgspec.DecodeError):
        return None


def _dump(value: object) -> str:
    """Return JSON without blanks, which a program may trim where the parts were cut."""
    return re.sub(r"\s", lambda blank: f"\\u{ord(blank[0]):04x}", dump_json(value))


def _chunks(name: str, value: str) -> Iterator[tuple[str, str]]:
    for start in range(0, len(value), _CHUNK):
        number = start // _CHUNK + 1
        yield (name if number == 1 else f"{name}.{number}"), value[start : start + _CHUNK]


def _joined(properties: Mapping[str, str], key: str) -> str:
    """Return a value put together from its parts; KeyError when there is none."""
    name = _PREFIX + key
    parts = [properties[name]]
    while f"{name}.{len(parts) + 1}" in properties:
        parts.append(properties[f"{name}.{len(parts) + 1}"])
    return "".join(parts)
