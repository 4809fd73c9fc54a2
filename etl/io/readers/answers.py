"""Takes the parser's answers apart: frames of its output to cells. Its bytes are not trusted."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import IO, Any

from etl.io.readers.frames import Frame, PackedColumn, pack_column
from etl.io.readers.limits import Limits
from etl.io.readers.packed_rows import PackedRows
from etl.io.readers.recognition import password_protected
from etl.io.readers.refusal import damaged, hostile
from etl.messages import text
from etl.model import SheetName

_LONGEST_HEAD = 1024 * 1024


class BrokenAnswerError(Exception):
    """The answer stops short, or makes no sense."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a sheet, from its first row on."""

    frames: list[Frame] = field(default_factory=list)
    not_finite: list[tuple[int, int]] = field(default_factory=list)
    """(row number, column index) of numbers that are none (infinite); their cell is None."""

    def rows(self) -> PackedRows:
        """Return the rows up to the last in which something stands; blank the cells before."""
        frames = self.frames
        while frames and not (filled := frames[-1].filled()):
            frames.pop()
        return PackedRows(frames, sum(map(len, frames[:-1])) + filled if frames else 0)

    def blank(self, places: Iterable[tuple[int, int]]) -> None:
        """Make the cells at these places (row number, column index) None."""
        begins = [0, *accumulate(map(len, self.frames))]
        for row, column in places:
            if 1 <= row <= begins[-1]:
                number = bisect_right(begins, row - 1) - 1
                self.frames[number].blank(row - 1 - begins[number], column)


def receive_names(stream: IO[bytes]) -> tuple[SheetName, ...]:
    """Return the sheets that the parser lists; `BrokenAnswerError` or `Refusal` when it does not."""
    head = receive_head(stream)
    with sense():
        return tuple(SheetName(str(name), bool(visible)) for name, visible in head["names"])


def receive_cells(stream: IO[bytes], limits: Limits, box: tuple[int, int] | None = None) -> Cells:
    """Return the cells that the parser sends; `BrokenAnswerError` or `Refusal` when it does not.

    `box` is how many rows and columns our own scan found at most: a parser that finds more has read another sheet.
    """
    cells = Cells()
    head = receive_head(stream)
    with sense():
        left, height, width = int(head["left"]), int(head["height"]), int(head["width"])
        _check_box(height, width, limits, box)
        seen = 0
        while "end" not in (head := receive_head(stream)):
            frame, infinite = _receive_frame(stream, head, left, limits)
            if seen + len(frame) > height or left + len(frame.packed) > width:
                raise BrokenAnswerError
            cells.frames.append(frame)
            cells.not_finite.extend((seen + row + 1, left + column) for row, column in infinite)
            seen += len(frame)
        if head["end"] != seen:
            raise BrokenAnswerError
    return cells


def receive_head(stream: IO[bytes]) -> dict[str, Any]:
    """Return the line of JSON with which each answer begins; `Refusal` when it says that the file cannot be parsed."""
    with sense():
        head = json.loads(stream.readline(_LONGEST_HEAD))
    if not isinstance(head, dict):
        raise BrokenAnswerError
    if head.get("failure") == "password":
        raise password_protected()
    if "failure" in head:
        raise damaged(str(head.get("detail")))
    return head


def _receive_frame(
    stream: IO[bytes], head: Mapping[str, Any], left: int, limits: Limits
) -> tuple[Frame, list[tuple[int, int]]]:
    """Return a frame and the places (row, column) of its infinite numbers, both from 0."""
    count, described = int(head["rows"]), head["columns"]
    if not 0 < count <= limits.cells or not described:
        raise BrokenAnswerError
    received = [_receive_column(stream, one, count, limits) for one in described]
    infinite = [(row, column) for column, (_, rows) in enumerate(received) for row in rows]
    return Frame(left, tuple(column for column, _ in received), count), infinite


def _receive_column(
    stream: IO[bytes], described: Sequence[Any], count: int, limits: Limits
) -> tuple[PackedColumn, list[int]]:
    kinds, *sizes = described
    return pack_column(kinds, receive_pieces(stream, sizes, limits), count)


def receive_pieces(stream: IO[bytes], sizes: Sequence[int], limits: Limits) -> list[bytes]:
    """Return the stretches of bytes that were announced; `BrokenAnswerError` when there are fewer."""
    if not all(0 <= size <= limits.child_memory_bytes for size in sizes):
        raise BrokenAnswerError
    pieces = [stream.read(size) for size in sizes]
    if [len(piece) for piece in pieces] != sizes:
        raise BrokenAnswerError
    return pieces


def _check_box(height: int, width: int, limits: Limits, box: tuple[int, int] | None) -> None:
    if height * width > limits.cells:
        raise hostile(
            text("the sheet is {rows} rows by {columns} columns: more than can be read", rows=height, columns=width),
            text("Delete what stands far below or beside the table, or divide the sheet."),
        )
    if box is not None and (height > box[0] or width > box[1]):
        raise hostile(text("the sheet that is listed is not the sheet that is found"))


@contextmanager
def sense() -> Iterator[None]:
    """Turn what decoding nonsense raises into `BrokenAnswerError`."""
    try:
        yield
    except (ValueError, TypeError, KeyError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise BrokenAnswerError from error
