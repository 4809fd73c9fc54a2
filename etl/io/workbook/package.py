"""Puts a workbook's file together: what XlsxWriter drew, the streamed rows, and a seal that tells later changes."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO

from defusedxml import ElementTree

from etl.model import column_letter

SEAL_PROPERTY = "etl.seal"
UNSEALED = "0" * 64
"""The seal's value before the file is put together."""

_PROPERTIES_PART = "docProps/custom.xml"
_PROPERTIES_LIMIT = 1_000_000
_SHEET_DATA = re.compile(rb"<sheetData/>|<sheetData>.*</sheetData>", re.DOTALL)
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"/>')
_ROWS_AT_ONCE = 400
_WAITING = 4
"""So many stretches of rows wait to be deflated: memory grows with them, not with the sheet."""
_COMPRESSION = 3
"""Measured: a third faster than zlib's default, a seventh larger."""

_STRANGE = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, RuntimeError, NotImplementedError,
    ElementTree.ParseError,
)  # fmt: skip
"""What reading somebody else's file may raise: no zip, no such part, encrypted, damaged, hostile XML."""

_Identity = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class RowStream:
    """The rows of one sheet, as ``<row>`` elements in order."""

    rows: Iterable[str]
    last_row: int
    """Number of the last row, from 1."""
    columns: int


def assemble(skeleton: zipfile.ZipFile, streams: Mapping[str, RowStream], target: BinaryIO) -> None:
    """Write the file: every part of `skeleton`, with the rows of `streams` (by part name) in place of its own, sealed.

    The same input gives the same bytes: parts carry no time of writing.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION) as package:
        for name in skeleton.namelist():
            if name == _PROPERTIES_PART:
                continue
            with package.open(name, "w") as part:
                if name in streams:
                    _write_sheet(part, skeleton.read(name), streams[name])
                else:
                    part.write(skeleton.read(name))
        seal = _seal(package)
        with package.open(_PROPERTIES_PART, "w") as part:
            part.write(skeleton.read(_PROPERTIES_PART).replace(UNSEALED.encode(), seal.encode()))


def read_properties(path: Path) -> dict[str, str]:
    """Return the custom document properties of a workbook; none for any other file.

    Opens no more than that one part. OSError when the file cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as package:
            return _properties(package)
    except _STRANGE:
        return {}


def is_untouched(path: Path) -> bool:
    """Say whether a workbook is byte for byte of our making: any program that saves it again breaks its seal."""
    try:
        with zipfile.ZipFile(path) as package:
            return _properties(package).get(SEAL_PROPERTY) == _seal(package)
    except _STRANGE:
        return False


def _write_sheet(part: IO[bytes], drawn: bytes, stream: RowStream) -> None:
    write = part.write
    found = _SHEET_DATA.search(drawn)
    if found is None:
        raise ValueError("a sheet without sheetData")
    reference = f"A1:{column_letter(max(stream.columns, 1) - 1)}{max(stream.last_row, 1)}"
    write(_DIMENSION.sub(f'<dimension ref="{reference}"/>'.encode(), drawn[: found.start()]))
    write(b"<sheetData>")
    rows, waiting = iter(stream.rows), deque[Future[int]]()
    with ThreadPoolExecutor(1, "deflate") as deflating:  # zlib works while the next rows are made
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            waiting.append(deflating.submit(write, "".join(some).encode()))
            if len(waiting) > _WAITING:
                waiting.popleft().result()
        for written in waiting:
            written.result()
    write(b"</sheetData>")
    write(drawn[found.end() :])


def _seal(package: zipfile.ZipFile) -> str:
    """Return a hash over the names, checksums and sizes of all parts but the one that holds it."""
    parts: list[_Identity] = sorted(
        (part.filename, part.CRC, part.file_size) for part in package.infolist() if part.filename != _PROPERTIES_PART
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _properties(package: zipfile.ZipFile) -> dict[str, str]:
    part = package.getinfo(_PROPERTIES_PART)
    if part.file_size > _PROPERTIES_LIMIT:
        raise ValueError(part.file_size)
    with package.open(part) as opened:
        tree = ElementTree.fromstring(opened.read(_PROPERTIES_LIMIT))
    return {found.get("name", ""): "".join(found.itertext()) for found in tree}
