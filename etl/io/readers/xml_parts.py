"""Parses the XML of a workbook's parts with expat, as a stream, and refuses what Excel never writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from xml.parsers import expat

from etl.io.readers.refusal import damaged, hostile, unreadable
from etl.messages import text

Attributes = Mapping[str, str]
"""Attributes by local name."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_UTF8 = {b"utf-8", b"utf8", b"us-ascii", b"ascii"}
_WIDE_STARTS = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<", b"\0\0")


def guard(name: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass the blocks of an XML part on; refuse a document type, entities, and any encoding but UTF-8."""
    tail = b""
    first = True
    for block in blocks:
        if first:
            _check_encoding(name, block)
            first = False
        if b"!" in block or b"!" in tail:
            seen = tail + block
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise hostile(text("a part of the workbook ({name}) declares a document type or entities", name=name))
        tail = block[-8:]
        yield block


def _check_encoding(name: str, block: bytes) -> None:
    declared = _DECLARED.match(block.removeprefix(b"\xef\xbb\xbf"))
    if block.startswith(_WIDE_STARTS) or (declared and declared[1].strip().lower() not in _UTF8):
        raise unreadable(
            text("a part of the workbook ({name}) is not in UTF-8", name=name),
            text("Open it in Excel or LibreOffice, save it again as .xlsx, and try with that file."),
        )


def local_name(name: str) -> str:
    """Return a name without its namespace, as expat gives it to us."""
    return name.rpartition(" ")[2]


def parse(
    name: str,
    blocks: Iterable[bytes],
    *,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    data: Callable[[str], None] | None = None,
    aside: Callable[[], None] | None = None,
) -> None:
    """Parse a part, calling `start(element, attributes)`, `end(element)`, `data(text)` with local names.

    `aside()` is called at each comment, processing instruction and CDATA section.
    """
    parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda element, attributes: start(
        local_name(element), {local_name(key): value for key, value in attributes.items()}
    )
    if end is not None:
        parser.EndElementHandler = lambda element: end(local_name(element))
    if data is not None:
        parser.CharacterDataHandler = data
    if aside is not None:
        parser.CommentHandler = lambda _: aside()
        parser.ProcessingInstructionHandler = lambda _target, _data: aside()
        parser.StartCdataSectionHandler = aside
    try:
        for block in guard(name, blocks):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise damaged(f"{name}, {error}") from None
