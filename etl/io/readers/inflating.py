"""Inflates one part of a zip, a block at a time, and refuses what is not as it says."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from etl.io.readers.refusal import damaged, hostile
from etl.messages import text

_BLOCK = 512 * 1024
_FED = 256 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One file inside the zip."""

    name: str
    start: int
    """Where its compressed bytes begin."""
    packed: int
    size: int
    """Its declared decompressed size; `inflate` refuses a part that turns out otherwise."""
    crc: int
    deflated: bool

    @property
    def is_xml(self) -> bool:
        """Whether it is XML by its name."""
        return self.name.lower().endswith((".xml", ".rels", ".vml"))


def inflate(data: bytes, part: Part) -> Iterator[bytes]:
    """Inflate a part of the zip in `data`, a block at a time; refuse it once it is longer than it says, or damaged."""
    size, crc = 0, 0
    for block in _inflate(data, part):
        size += len(block)
        if size > part.size:
            raise hostile(text("a part of the workbook ({name}) is longer than it says", name=part.name))
        crc = zlib.crc32(block, crc)
        yield block
    if size != part.size or crc != part.crc:
        raise damaged(part.name)


def _inflate(data: bytes, part: Part) -> Iterator[bytes]:
    end = part.start + part.packed
    if not part.deflated:
        for at in range(part.start, end, _BLOCK):
            yield data[at : min(at + _BLOCK, end)]
        return
    if not part.packed and not part.size:
        return
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(part.start, end, _FED):
            pending = data[at : min(at + _FED, end)]
            while pending and not engine.eof:
                block = engine.decompress(pending, _BLOCK)
                pending = engine.unconsumed_tail
                if block:
                    yield block
        if rest := engine.flush():
            yield rest
    except zlib.error as error:
        raise damaged(part.name) from error
    if not engine.eof or engine.unused_data:
        raise damaged(part.name)
