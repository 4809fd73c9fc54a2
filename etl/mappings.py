"""Mapping files (``--mapping M.toml``): what was once decided about a sheet, used again."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from etl.errors import ConfigurationError
from etl.messages import Text, text
from etl.options import SheetOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFile:
    """The content of a mapping file; None where it says nothing."""

    destination: str | None = None
    profile: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    headers: tuple[str, ...] | None = None
    """The sheet's headers when the mapping was made, to notice that it has changed."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Header -> field."""
    constants: Mapping[str, str] = field(default_factory=dict)
    decimal: str | None = None
    round: bool | None = None
    duplicates: str | None = None


_KINDS: Mapping[str, type] = {
    "destination": str,
    "profile": str,
    "sheet": str,
    "header_row": int,
    "headers": list,
    "columns": dict,
    "constants": dict,
    "decimal": str,
    "round": bool,
    "duplicates": str,
}
_WORDS = {"decimal": ("auto", "comma", "point"), "duplicates": ("error", "sum", "first", "last")}


def load_mapping(path: Path) -> MappingFile:
    """Return the mapping file at `path`; ConfigurationError says what is wrong in it."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(path, text("it cannot be read: {cause}", cause=str(error))) from error
    for name, value in data.items():
        _check(path, name, value)
    return MappingFile(**{**data, "headers": tuple(data["headers"]) if "headers" in data else None})


def _check(path: Path, name: str, value: Any) -> None:
    if name not in _KINDS:
        raise _wrong(path, text("unknown key {name}; known are {known}", name=name, known=", ".join(_KINDS)))
    if not isinstance(value, _KINDS[name]) or (_KINDS[name] is int and isinstance(value, bool)):
        raise _wrong(path, text("the value of {name} is of the wrong kind", name=name))
    if name in _WORDS and value not in _WORDS[name]:
        raise _wrong(path, text("{name} must be one of {known}", name=name, known=", ".join(_WORDS[name])))
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not all(isinstance(entry, str) for entry in entries):
        raise _wrong(path, text("the values under {name} must be texts in quotes", name=name))


def _wrong(path: Path, cause: Text) -> ConfigurationError:
    return ConfigurationError(text("Mapping file {path}: {cause}.", path=str(path), cause=cause))


def save_mapping(mapping: MappingFile, path: Path) -> None:
    """Write a mapping file that `load_mapping` reads back."""
    lines = [
        f"{name} = {_literal(value)}"
        for name in ("destination", "profile", "sheet", "header_row", "decimal", "round", "duplicates")
        if (value := getattr(mapping, name)) is not None
    ]
    if mapping.headers is not None:
        lines.append(f"headers = [{', '.join(_literal(header) for header in mapping.headers)}]")
    for table in ("columns", "constants"):
        entries: Mapping[str, str] = getattr(mapping, table)
        if entries:
            lines += ["", f"[{table}]", *(f"{_literal(key)} = {_literal(value)}" for key, value in entries.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _literal(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = "".join(_escape(sign) for sign in value)
    return f'"{escaped}"'


def _escape(sign: str) -> str:
    if sign in {'"', "\\"}:
        return f"\\{sign}"
    return sign if sign.isprintable() else f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def with_mapping(options: SheetOptions) -> tuple[SheetOptions, MappingFile]:
    """Return the options completed by their mapping file; what was said on the command line wins."""
    if options.mapping is None:
        return options, MappingFile()
    known = load_mapping(options.mapping)
    said_fields = {field_name for _header, field_name in options.maps}
    maps = (*options.maps, *((header, name) for header, name in known.columns.items() if name not in said_fields))
    said = dict(options.constants)
    constants = (*options.constants, *((name, value) for name, value in known.constants.items() if name not in said))
    completed = replace(
        options,
        to=options.to or known.destination,
        sheet=options.sheet or known.sheet,
        header_row=options.header_row or known.header_row,
        maps=maps,
        constants=constants,
        decimal=options.decimal or known.decimal,
        round=known.round if options.round is None else options.round,
        duplicates=options.duplicates or known.duplicates,
        known_headers=known.headers,
    )
    return completed, known
