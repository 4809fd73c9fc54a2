"""Mapping files (``--mapping M.toml``): what was once decided about a sheet, used again."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from etl.core.meanings import Meaning, meanings_in, tables_of
from etl.errors import ConfigurationError
from etl.messages import Text, text
from etl.options import SheetOptions
from etl.vendors import DESTINATIONS


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
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Field of a code list -> value as people write it -> the code that is meant."""
    decimal: str | None = None
    round: bool | None = None
    duplicates: str | None = None
    doubtful: tuple[tuple[str, str, int], ...] = ()
    """(header, field, percent) of what may be meant: written as comments, for a person to decide; never read back."""


_KINDS: Mapping[str, type] = {
    "destination": str,
    "profile": str,
    "sheet": str,
    "header_row": int,
    "headers": list,
    "columns": dict,
    "constants": dict,
    "values": dict,
    "decimal": str,
    "round": bool,
    "duplicates": str,
}
_BARE = re.compile(r"[A-Za-z0-9_-]+")
"""What TOML takes as a key without quotes."""
_WORDS = {"decimal": ("auto", "comma", "point"), "duplicates": ("error", "sum", "first", "last")}


def load_mapping(path: Path) -> MappingFile:
    """Return the mapping file at `path`, or what a workbook of ours says; ConfigurationError says what is wrong in it.

    FileError for a workbook that cannot be read, or whose `Mapeos` says what cannot be.
    """
    if is_workbook(path):
        return _mapping_in(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(path, text("it cannot be read: {cause}", cause=str(error))) from error
    for name, value in data.items():
        _check(path, name, value)
    return MappingFile(**{**data, "headers": tuple(data["headers"]) if "headers" in data else None})


def is_workbook(path: Path) -> bool:
    """Say whether a mapping is a workbook of ours instead of a file of its own."""
    return path.suffix.lower() in {".xlsx", ".xlsm"}


def _mapping_in(path: Path) -> MappingFile:
    """Return how the sheet of a results workbook was read, and what its `Mapeos` says."""
    from etl.core.identity import from_properties  # noqa: PLC0415 - most mappings are no workbooks
    from etl.io.readers import open_source  # noqa: PLC0415
    from etl.io.workbook.filled_meanings import read_meanings  # noqa: PLC0415

    source = open_source(path)
    identity = from_properties(source.properties)
    if identity is None or identity.to not in DESTINATIONS:
        raise _wrong(path, text("it is not a workbook of this program"))
    headers = [column.header for column in identity.columns]
    said = (*meanings_in(identity.options), *read_meanings(source, DESTINATIONS[identity.to]))
    return MappingFile(
        destination=identity.to,
        profile=identity.profile,
        columns={one.header: one.field for one in identity.columns if one.header and headers.count(one.header) == 1},
        constants=identity.constants,
        values=tables_of(said),
        decimal=identity.options.get("decimal"),
        round=identity.options.get("round") == "true" or None,
        duplicates=identity.options.get("duplicates"),
    )


def _check(path: Path, name: str, value: Any) -> None:
    if name not in _KINDS:
        raise _wrong(path, text("unknown key {name}; known are {known}", name=name, known=", ".join(_KINDS)))
    if not isinstance(value, _KINDS[name]) or (_KINDS[name] is int and isinstance(value, bool)):
        raise _wrong(path, text("the value of {name} is of the wrong kind", name=name))
    if name in _WORDS and value not in _WORDS[name]:
        raise _wrong(path, text("{name} must be one of {known}", name=name, known=", ".join(_WORDS[name])))
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if name == "values":
        if not all(isinstance(table, dict) for table in entries):
            raise _wrong(path, text("under {name} stand tables, as in [values.moneda]", name=name))
        entries = [entry for table in entries for entry in table.values()]
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
    if mapping.columns or mapping.doubtful:
        lines += ["", "[columns]", *_entries(mapping.columns)]
        lines += [f"# {_entries({header: name})[0]}  # {percent}%" for header, name, percent in mapping.doubtful]
    if mapping.constants:
        lines += ["", "[constants]", *_entries(mapping.constants)]
    for name, entries in mapping.values.items():
        if entries:
            lines += ["", _values_of(name), *_entries(entries)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def keep_meanings(path: Path, meanings: Sequence[Meaning]) -> None:
    """Add what a person said of values to a mapping file; the rest of it, comments too, stays as it is.

    A value that stands there already gets its new meaning. OSError when the file cannot be written.
    """
    from etl.io.workbook.placement import replace_file  # noqa: PLC0415 - most mapping files are only read

    path = path.resolve()
    lines, mode = path.read_text(encoding="utf-8-sig").splitlines(), path.stat().st_mode
    for name, said in tables_of(meanings).items():
        lines = _with_entries(lines, name, said)
    content = "\n".join([*lines, ""]).encode()

    def write(target: BinaryIO) -> None:
        target.write(content)

    replace_file(path, write).chmod(mode)


def _with_entries(lines: Sequence[str], name: str, said: Mapping[str, str]) -> list[str]:
    """Return the lines of a mapping file with these entries at the end of the table ``[values.NAME]``."""
    start = next((at for at, line in enumerate(lines) if _is_table(line, name)), None)
    if start is None:
        return [*lines, "", _values_of(name), *_entries(said)]
    end = next((at for at in range(start + 1, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
    kept = [line for line in lines[start + 1 : end] if not said.keys() & _parsed(line).keys()]
    while kept and not kept[-1].strip():
        kept.pop()
    return [*lines[: start + 1], *kept, *_entries(said), *([""] if end < len(lines) else []), *lines[end:]]


def _is_table(line: str, name: str) -> bool:
    return line.lstrip().startswith("[") and _parsed(line) == {"values": {name: {}}}


def _parsed(line: str) -> dict[str, Any]:
    """Return what one line of TOML says; nothing for one that says nothing by itself."""
    try:
        return tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return {}


def _values_of(name: str) -> str:
    return f"[values.{_literal(name)}]" if not _BARE.fullmatch(name) else f"[values.{name}]"


def _entries(entries: Mapping[str, str]) -> list[str]:
    return [f"{_literal(key)} = {_literal(value)}" for key, value in entries.items()]


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
        meanings=(
            *((name, written, meant) for name, table in known.values.items() for written, meant in table.items()),
            *options.meanings,
        ),
        known_headers=known.headers,
    )
    return completed, known
