"""Reads what a workbook says of itself: its sheets, number formats that matter, properties, when it was saved."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from etl.io.readers.archive import Archive
from etl.io.readers.number_formats import shown_decimals, telling_format
from etl.io.readers.refusal import damaged
from etl.io.readers.xml_parts import Attributes, parse

_WORKBOOK = "xl/workbook.xml"


@dataclass(frozen=True, slots=True)
class PackagedSheet:
    """A worksheet and the part that holds it."""

    name: str
    visible: bool
    part: str


@dataclass(frozen=True, slots=True)
class Package:
    """What a workbook says of itself."""

    sheets: tuple[PackagedSheet, ...]
    formats: Mapping[int, str]
    """Number format by cell style, only of those that matter to a reader."""
    decimals: Mapping[int, int]
    """By cell style, how many decimals its number format shows, where it shows so many."""
    properties: Mapping[str, str]
    """Custom document properties."""
    modified: datetime | None


def read_package(archive: Archive) -> Package:
    """Read the small parts of a workbook; raise `Refusal` when its list of sheets is missing or broken."""
    root = _relations(archive, "_rels/.rels", "")
    workbook = _target(root, "officeDocument") or _WORKBOOK
    folder, file = posixpath.split(workbook)
    relations = _relations(archive, f"{folder}/_rels/{file}.rels", folder)
    styles = list(enumerate(_number_formats(archive, _target(relations, "styles") or "xl/styles.xml")))
    return Package(
        sheets=_sheets(archive, workbook, relations),
        formats={style: code for style, number in styles if (code := telling_format(*number)) is not None},
        decimals={style: count for style, number in styles if (count := shown_decimals(*number)) is not None},
        properties=_properties(archive, _target(root, "custom-properties") or "docProps/custom.xml"),
        modified=_modified(archive, _target(root, "core-properties") or "docProps/core.xml"),
    )


def _target(relations: Mapping[str, tuple[str, str]], kind: str) -> str | None:
    return next((path for found, path in relations.values() if found == kind), None)


def _relations(archive: Archive, part: str, folder: str) -> dict[str, tuple[str, str]]:
    """Return {id: (last word of the type, path of the target)}; what lies outside of the file is left out."""
    content = archive.read(part)
    found: dict[str, tuple[str, str]] = {}

    def start(element: str, attributes: Attributes) -> None:
        target = attributes.get("Target", "")
        if element != "Relationship" or attributes.get("TargetMode") == "External":
            return
        path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        kind = attributes.get("Type", "").rpartition("/")[2]
        found[attributes.get("Id", "")] = (kind, posixpath.normpath(path))

    if content is not None:
        parse(part, (content,), start=start)
    return found


def _sheets(archive: Archive, workbook: str, relations: Mapping[str, tuple[str, str]]) -> tuple[PackagedSheet, ...]:
    content = archive.read(workbook)
    if content is None:
        raise damaged(workbook)
    sheets: list[PackagedSheet] = []

    def start(element: str, attributes: Attributes) -> None:
        if element != "sheet":
            return
        kind, path = relations.get(attributes.get("id", ""), ("", ""))
        if kind != "worksheet":
            return
        if archive.find(path) is None:
            raise damaged(path)
        sheets.append(PackagedSheet(attributes.get("name", ""), attributes.get("state", "visible") == "visible", path))

    parse(workbook, (content,), start=start)
    return tuple(sheets)


def _number_formats(archive: Archive, part: str) -> list[tuple[int, str | None]]:
    """Return number and code of each style's number format; cells carry its index in ``cellXfs`` (ECMA-376 18.8.10)."""
    content = archive.read(part)
    declared: dict[int, str] = {}
    styles: list[int] = []
    within: list[str] = []

    def start(element: str, attributes: Attributes) -> None:
        if element == "numFmt" and within[-1:] == ["numFmts"]:
            declared[_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif element == "xf" and within[-1:] == ["cellXfs"]:
            styles.append(_number(attributes.get("numFmtId")))
        within.append(element)

    if content is not None:
        parse(part, (content,), start=start, end=lambda _: _leave(within))
    return [(number, declared.get(number)) for number in styles]


def _properties(archive: Archive, part: str) -> dict[str, str]:
    content = archive.read(part)
    found: dict[str, list[str]] = {}
    within: list[str] = []

    def start(element: str, attributes: Attributes) -> None:
        if element == "property":
            within[:] = [attributes.get("name", "")]

    def data(words: str) -> None:
        if within:
            found.setdefault(within[0], []).append(words)

    def end(element: str) -> None:
        if element == "property":
            within.clear()

    if content is not None:
        parse(part, (content,), start=start, data=data, end=end)
    return {name: "".join(words).strip() for name, words in found.items()}


def _modified(archive: Archive, part: str) -> datetime | None:
    content = archive.read(part)
    words: list[str] = []
    within: list[str] = []

    def data(found: str) -> None:
        if within[-1:] == ["modified"]:
            words.append(found)

    if content is None:
        return None
    parse(part, (content,), start=lambda element, _: within.append(element), end=lambda _: _leave(within), data=data)
    try:
        moment = datetime.fromisoformat("".join(words).strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _leave(within: list[str]) -> None:
    within.pop()


def _number(words: str | None) -> int:
    return int(words) if words is not None and words.isascii() and words.isdigit() and len(words) < 10 else 0
