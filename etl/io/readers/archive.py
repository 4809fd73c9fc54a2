"""Decides whether a zip may be opened at all, and inflates its parts under limits (reliability.md XLS-1, XLS-12).

The directory is read here rather than by `zipfile`, so that anything two readers could understand differently (a size
that lies, parts that overlap, two parts of one name) is refused before a second reader sees it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from etl.io.readers.inflating import Part, inflate
from etl.io.readers.limits import Limits
from etl.io.readers.refusal import damaged, hostile, unreadable
from etl.messages import text

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LOCATOR = struct.Struct("<4sLQL")
_WIDE_END = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_MARK, _WIDE_END_MARK = b"PK\x06\x07", b"PK\x06\x06"
_END_MARK, _CENTRAL_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_LONGEST_END = _END.size + 0xFFFF
_STORED, _DEFLATED = 0, 8
_UNKNOWN_32 = 0xFFFFFFFF
_WORTH_A_THREAD = 4 * 1024 * 1024


class Archive:
    """The parts of a zip that lies in memory; names are compared without case, as Excel does."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._parts: dict[str, Part] = {}
        for part in _read_directory(data, limits):
            if part.name.lower() in self._parts:
                raise hostile(text("the workbook holds two parts of one name ({name})", name=part.name))
            self._parts[part.name.lower()] = part
        self._check_sizes()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts, in the order of the zip's directory."""
        return tuple(self._parts.values())

    def find(self, name: str) -> Part | None:
        """Return the part called `name`, if there is one."""
        return self._parts.get(name.lower().lstrip("/"))

    def read(self, name: str) -> bytes | None:
        """Return a small part as a whole; None when there is none of that name."""
        part = self.find(name)
        if part is None:
            return None
        if part.size > self._limits.xml_part_bytes:
            raise hostile(text("a part of the workbook ({name}) is {size} bytes long", name=part.name, size=part.size))
        return b"".join(inflate(self._data, part))

    def packed(self, part: Part) -> memoryview:
        """Return a part's bytes as they lie in the zip."""
        return memoryview(self._data)[part.start : part.start + part.packed]

    def blocks(self, part: Part) -> Iterator[bytes]:
        """Inflate a part, a block at a time, as `inflate` does."""
        return inflate(self._data, part)

    def blocks_ahead(self, part: Part) -> Iterator[bytes]:
        """Do as `blocks`, and inflate the next block in a thread while the caller looks at one."""
        blocks = inflate(self._data, part)
        if part.size < _WORTH_A_THREAD:
            yield from blocks
            return
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="inflate") as pool:
            coming = pool.submit(next, blocks, b"")
            while block := coming.result():
                coming = pool.submit(next, blocks, b"")
                yield block

    def _check_sizes(self) -> None:
        limits = self._limits
        total = 0
        for part in self._parts.values():
            total += part.size
            if part.size > limits.ratio_grace_bytes and part.size > limits.ratio * part.packed:
                raise hostile(
                    text(
                        "a part of the workbook ({name}) swells from {packed} to {size} bytes when it is opened",
                        name=part.name,
                        packed=part.packed,
                        size=part.size,
                    ),
                    text("Copy the cells into a new workbook, or save the sheet as CSV."),
                )
        if total > limits.inflated_bytes:
            raise hostile(
                text(
                    "the workbook takes {size} MB when it is opened; the limit is {limit} MB",
                    size=total >> 20,
                    limit=limits.inflated_bytes >> 20,
                ),
                text("Keep only the sheet to be sent, without formats below and beside the table, or save it as CSV."),
            )


def _read_directory(data: bytes, limits: Limits) -> list[Part]:
    count, at, end = _find_directory(data)
    if count > limits.parts:
        raise hostile(
            text("the workbook consists of {count} parts; {limit} is the limit", count=count, limit=limits.parts)
        )
    parts = []
    spans = []
    for _ in range(count):
        if at + _CENTRAL.size > end:
            raise damaged("zip")
        part, header, at = _read_entry(data, at)
        spans.append((header, part.start + part.packed))
        if not part.name.endswith("/"):
            parts.append(part)
    spans.sort()
    if at != end or any(a[1] > b[0] for a, b in pairwise(spans)) or (spans and spans[-1][1] > end):
        raise hostile(text("parts of the workbook overlap inside its zip"))
    return parts


def _find_directory(data: bytes) -> tuple[int, int, int]:
    """Return (number of entries, where the directory begins, where it ends)."""
    at = data.rfind(_END_MARK, max(0, len(data) - _LONGEST_END))
    if at < 0 or at + _END.size > len(data):
        raise unreadable(
            text("the workbook is cut off: its end is missing"),
            text("Download or copy the file again, whole."),
        )
    if data.find(_END_MARK, max(0, len(data) - _LONGEST_END)) != at:
        raise hostile(text("the workbook's zip has two ends"))
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(data, at)
    if disk or first_disk or here != count or at + _END.size + comment != len(data):
        raise damaged("zip")
    end = at
    if data[at - _LOCATOR.size : at].startswith(_LOCATOR_MARK):
        end, count, size, offset = _wide_end(data, at - _LOCATOR.size)
    if offset + size != end:
        raise hostile(text("the workbook's zip begins or ends elsewhere than it says"))
    return count, offset, end


def _wide_end(data: bytes, locator: int) -> tuple[int, int, int, int]:
    """Return (its place, number of entries, size and place of the directory) of the zip64 end (APPNOTE 4.3.14)."""
    at = _LOCATOR.unpack_from(data, locator)[2]
    if at + _WIDE_END.size != locator or not data.startswith(_WIDE_END_MARK, at):
        raise hostile(text("the workbook's zip begins or ends elsewhere than it says"))
    count, size, offset = _WIDE_END.unpack_from(data, at)[-3:]
    return at, count, size, offset


def _read_entry(data: bytes, at: int) -> tuple[Part, int, int]:
    """Return (part, where its local header begins, where the next entry begins)."""
    fields = _CENTRAL.unpack_from(data, at)
    mark, flags, method, crc, packed, size = fields[0], fields[3], fields[4], fields[7], fields[8], fields[9]
    name_length, extra_length, comment_length, header = fields[10], fields[11], fields[12], fields[16]
    if mark != _CENTRAL_MARK:
        raise damaged("zip")
    at += _CENTRAL.size
    raw_name = data[at : at + name_length]
    extra = data[at + name_length : at + name_length + extra_length]
    size, packed, header = _widen(extra, size, packed, header)
    name = _check_name(raw_name, utf8=bool(flags & 0x800))
    if flags & 0x1 or flags & 0x40:
        raise hostile(text("a part of the workbook ({name}) is encrypted", name=name))
    if method not in (_STORED, _DEFLATED):
        raise hostile(text("a part of the workbook ({name}) is packed in an unknown way", name=name))
    start = _check_local_header(data, header, raw_name, method)
    part = Part(name, start, packed, size, crc, deflated=method == _DEFLATED)
    if start + packed > len(data):
        raise damaged(name)
    if not part.deflated and size != packed:
        raise hostile(text("a part of the workbook ({name}) is longer than it says", name=name))
    return part, header, at + name_length + extra_length + comment_length


def _widen(extra: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """Return the three numbers with those that did not fit in 32 bits taken from the zip64 field (APPNOTE 4.5.3)."""
    values = [size, packed, header]
    if _UNKNOWN_32 not in values:
        return size, packed, header
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        field = extra[at + 4 : at + 4 + length]
        if tag == 1:
            wide = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            values = [next(wide, value) if value == _UNKNOWN_32 else value for value in values]
        at += 4 + length
    return values[0], values[1], values[2]


def _check_name(raw: bytes, *, utf8: bool) -> str:
    try:
        name = raw.decode("utf-8" if utf8 else "cp437").replace("\\", "/")
    except UnicodeDecodeError:
        raise damaged("zip") from None
    if name.startswith("/") or ".." in name.split("/") or "\0" in name or ":" in name:
        raise hostile(text("a part of the workbook has a name that leads outside of it ({name})", name=repr(name)))
    return name


def _check_local_header(data: bytes, header: int, raw_name: bytes, method: int) -> int:
    """Return where the part's bytes begin; the header beside them must say the same as the directory."""
    if header + _LOCAL.size > len(data):
        raise damaged("zip")
    fields = _LOCAL.unpack_from(data, header)
    name_at = header + _LOCAL.size
    if fields[0] != _LOCAL_MARK:
        raise damaged("zip")
    if fields[3] != method or data[name_at : name_at + fields[9]] != raw_name:
        raise hostile(text("the workbook's zip says two things of one part"))
    return name_at + int(fields[9]) + int(fields[10])
