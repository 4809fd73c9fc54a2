"""Reads a TOML file of ours; a mistake in it is told with its line and with what may stand there."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias, TypeVar

from etl.errors import ConfigurationError
from etl.messages import Text, text

Keys: TypeAlias = tuple[str | int, ...]
"""Where a value stands: the names of its tables and its own; in a list of tables (``[[jobs]]``) the place, from 0."""
T = TypeVar("T")

_ASSIGNMENT: Final = re.compile(r"""\s*((?:[\w.\s-]|"[^"]*"|'[^']*')+?)\s*=""")
_HEADER: Final = re.compile(r"\s*(\[\[?[^=]*\]\]?)\s*(?:#.*)?$")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed file. Its methods raise ConfigurationError with the file's name and the line of the mistake."""

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[Keys, int]
    """The line (from 1) on which each table and key begins."""

    def table(self, at: Keys) -> Mapping[str, Any]:
        """Return the table at `at`, empty when it is absent."""
        found: Any = dict(self.data)
        for depth, key in enumerate(at, 1):
            if isinstance(key, int):
                continue
            place = at[depth : depth + 1]
            inner = found.get(key, {})
            if place and isinstance(place[0], int) and isinstance(inner, list):
                inner = inner[place[0]]
            if not isinstance(inner, dict):
                self.refuse(at[:depth], text("{key} must be a table", key=dotted(at[:depth])))
            found = inner
        result: dict[str, Any] = found
        return result

    def tables(self, at: Keys) -> list[Keys]:
        """Return where the tables of a list (``[[jobs]]``) stand; none when it is absent."""
        found = self.table(at[:-1]).get(str(at[-1]), [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.refuse(at, text("write it as [[{key}]], once for each", key=dotted(at)))
        return [(*at, place) for place in range(len(found))]

    def allow_only(self, at: Keys, known: Collection[str]) -> None:
        """Refuse a key of the table at `at` that is not among `known`."""
        for key in self.table(at):
            if key not in known:
                self._refuse_unknown((*at, key), known)

    def value(self, at: Keys, kind: type[T]) -> T | None:
        """Return the value at `at`, which must be of `kind`, or None when it is absent."""
        found = self.table(at[:-1]).get(str(at[-1]))
        if found is not None and (not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool)):
            self.refuse(at, text("{key} must be {kind}", key=dotted(at), kind=_KINDS[kind]))
        return found

    def number(self, at: Keys) -> float | None:
        """Return the number at `at`, whole or not, or None when it is absent."""
        found = self.table(at[:-1]).get(str(at[-1]))
        return float(found) if isinstance(found, int) and not isinstance(found, bool) else self.value(at, float)

    def refuse(self, at: Keys, why: Text, hint: Text | None = None) -> NoReturn:
        """Raise the error about what stands at `at`."""
        raise ConfigurationError(
            text("{file}, line {line}: {why}", file=str(self.path), line=self.line_of(at), why=why), hint=hint
        )

    def line_of(self, at: Keys) -> int:
        """Return the line of `at`, or of the nearest table around it."""
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def _refuse_unknown(self, at: Keys, known: Collection[str]) -> NoReturn:
        key = str(at[-1])
        near = difflib.get_close_matches(key, list(known), 1)
        why = (
            text("{key} is not a known key; {near} is", key=key, near=near[0])
            if near
            else text("{key} is not a known key", key=key)
        )
        self.refuse(at, why, text("Known keys here: {keys}", keys=", ".join(sorted(known))))


_KINDS: Final[Mapping[type, Text]] = {
    str: text("a text in quotes"),
    bool: text("true or false"),
    int: text("a whole number"),
    float: text("a number"),
    list: text("a list in brackets"),
    dict: text("a table"),
}


def dotted(at: Keys) -> str:
    """Return a place as people write it: ``jobs.set.operacion``; which of several jobs, its line tells."""
    return ".".join(key for key in at if isinstance(key, str))


def read_toml(path: Path) -> TomlFile:
    """Read a TOML file (UTF-8, also with the mark that Windows editors add). ConfigurationError when it cannot be."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(text("{file} cannot be read: {why}", file=str(path), why=reason)) from None
    except UnicodeDecodeError:
        raise ConfigurationError(
            text("{file} is not a UTF-8 text", file=str(path)), hint=text("Save it again as UTF-8.")
        ) from None
    try:
        data = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        hint = text("Paths of Windows stand in single quotes: 'C:\\folder'.") if "\\" in content else None
        raise ConfigurationError(text("{file} is not TOML: {why}", file=str(path), why=str(error)), hint=hint) from None
    return TomlFile(path, data, dict(_places(content)))


def _places(content: str) -> Iterator[tuple[Keys, int]]:
    """Yield where each table and key begins; good enough for messages (lines inside long strings may mislead it)."""
    table: Keys = ()
    lists: dict[Keys, int] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _opened(_keys(header[1]), lists, another=header[1].startswith("[["))
            yield table, number
        elif assignment := _ASSIGNMENT.match(line):
            keys = (*table, *_keys(f"{assignment[1]} = 0"))
            for depth in range(len(table) + 1, len(keys) + 1):
                yield keys[:depth], number


def _opened(names: Keys, lists: dict[Keys, int], *, another: bool) -> Keys:
    """Return which table a header opens, with its place in the lists on the way; `another` adds one to its list."""
    path: Keys = ()
    for depth, name in enumerate(names, 1):
        path = (*path, name)
        if another and depth == len(names):
            lists[path] = lists.get(path, -1) + 1
        if path in lists:
            path = (*path, lists[path])
    return path


def _keys(source: str) -> Keys:
    """Return the dotted key that one line of TOML declares."""
    try:
        found: Any = tomllib.loads(source)
    except tomllib.TOMLDecodeError:
        return ()
    keys: list[str | int] = []
    while found and isinstance(found, dict | list):
        if isinstance(found, list):
            found = found[0]
        else:
            name, found = next(iter(found.items()))
            keys.append(name)
    return tuple(keys)
