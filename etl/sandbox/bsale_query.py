"""Decides what a GET of the simulated Bsale asks for: its page, filters, fields and expansions; strict about names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from etl.model import Json
from etl.sandbox.bsale_told import DEFAULT_LIMIT

MAX_LIMIT = 50
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)


class GateError(Exception):
    """The request is refused with a status and the vendor's words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query says, checked."""

    limit: int
    offset: int
    filters: Mapping[str, str]
    fields: tuple[str, ...]
    """In lower case, as the page's examples write them; none: all."""
    expand: tuple[str, ...]

    def number(self, name: str) -> int | None:
        """Return a filter that must be a whole number; None when it is not asked for."""
        value = self.filters.get(name)
        if value is None:
            return None
        if not _NUMBER.fullmatch(value):
            raise GateError(400, f"invalid parameter: {name}")
        return int(value)

    def only_fields(self, node: Mapping[str, Json]) -> dict[str, Json]:
        """Return the attributes that were asked for."""
        if not self.fields:
            return dict(node)
        names = {name.lower(): name for name in node}
        if unknown := [name for name in self.fields if name not in names]:
            raise GateError(400, f"invalid field: {unknown[0]}")
        return {names[name]: node[names[name]] for name in self.fields}


def understand(
    query: Sequence[tuple[str, str]],
    *,
    filters: Collection[str] = (),
    expand: Collection[str] = (),
    paged: bool = True,
) -> Asked:
    """Return what a query asks for; `GateError` (400) for a name that the resource does not have, or one given twice.

    The real vendor may well overlook such a name, and answer with everything: better to hear of it here.
    """
    given = dict(query)
    if len(given) != len(query):
        raise GateError(400, "a parameter is given twice")
    known = {*filters, *({"expand"} if expand else ()), *({"limit", "offset", "fields"} if paged else ())}
    if unknown := [name for name in given if name not in known]:
        raise GateError(400, f"invalid parameter: {unknown[0]}")
    limit, offset = _count(given, "limit", DEFAULT_LIMIT), _count(given, "offset", 0)
    if not 1 <= limit <= MAX_LIMIT:
        raise GateError(400, f"limit must be from 1 to {MAX_LIMIT}")
    expanded = _several(given.get("expand", ""))
    if strange := [name for name in expanded if name not in expand]:
        raise GateError(400, f"invalid expand: {strange[0]}")
    wanted = {name: _single(given[name]) for name in filters if name in given}
    return Asked(limit, offset, wanted, tuple(name.lower() for name in _several(given.get("fields", ""))), expanded)


def _count(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not _NUMBER.fullmatch(value):
        raise GateError(400, f"invalid parameter: {name}")
    return int(value)


def _single(value: str) -> str:
    """Return a filter's value; the page writes some of them in brackets."""
    return value[1:-1] if value.startswith("[") and value.endswith("]") else value


def _several(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in _single(value).split(",") if name.strip())
