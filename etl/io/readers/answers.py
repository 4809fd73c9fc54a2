"""Takes the parser's answers apart: frames of its output to cells. Its bytes are not trusted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from etl.io.readers.frames import decode_column
from etl.io.readers.limits import Limits
from etl.io.readers.recognition import password_protected
from etl.io.readers.refusal import damaged, hostile
from etl.messages import text
from etl.model import Cell, SheetName

_LONGEST_HEAD = 1024 * 1024


class BrokenAnswerError(Exception):
    """The answer stops short, or makes no sense."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a sheet: ``rows[i]`` is the row that Excel shows as ``i + 1``, without blank cells at its end."""

    rows: list[tuple[Cell, ...]]
    not_finite: list[tuple[int, int]]
    """(row number, column index) of numbers that are none (infinite); their cell is None."""


def receive_names(stream: IO[bytes]) -> tuple[SheetName, ...]:
    """Return the sheets that the parser lists; `BrokenAnswerError` or `Refusal` when it does not."""
    head = _receive_head(stream)
    with _sense():
        return tuple(SheetName(str(name), bool(visible)) for name, visible in head["names"])


def receive_cells(stream: IO[bytes], limits: Limits, box: tuple[int, int] | None = None) -> Cells:
    """Return the cells that the parser sends; `BrokenAnswerError` or `Refusal` when it does not.

    `box` is how many rows and columns our own scan found at most: a parser that finds more has read another sheet.
    """
    cells = Cells([], [])
    head = _receive_head(stream)
    with _sense():
        left, height, width = int(head["left"]), int(head["height"]), int(head["width"])
        _check_box(height, width, limits, box)
        while "end" not in (head := _receive_head(stream)):
            if len(cells.rows) + head["rows"] > height or left + len(head["columns"]) > width:
                raise BrokenAnswerError
            columns: list[list[Cell]] = [[None] * head["rows"]] * left
            for described in head["columns"]:
                column, infinite = _receive_column(stream, described, limits)
                cells.not_finite.extend((len(cells.rows) + at + 1, len(columns)) for at in infinite)
                columns.append(column)
            cells.rows.extend(_trimmed(zip(*columns, strict=True)))
        if head["end"] != len(cells.rows):
            raise BrokenAnswerError
    while cells.rows and not cells.rows[-1]:
        cells.rows.pop()
    return cells


def _receive_head(stream: IO[bytes]) -> dict[str, Any]:
    with _sense():
        head = json.loads(stream.readline(_LONGEST_HEAD))
    if not isinstance(head, dict):
        raise BrokenAnswerError
    if head.get("failure") == "password":
        raise password_protected()
    if "failure" in head:
        raise damaged(str(head.get("detail")))
    return head


def _receive_column(stream: IO[bytes], described: Sequence[Any], limits: Limits) -> tuple[list[Cell], list[int]]:
    kind, *sizes = described
    if not all(0 <= size <= limits.child_memory_bytes for size in sizes):
        raise BrokenAnswerError
    pieces = [stream.read(size) for size in sizes]
    if [len(piece) for piece in pieces] != sizes:
        raise BrokenAnswerError
    return decode_column(kind, pieces)


def _check_box(height: int, width: int, limits: Limits, box: tuple[int, int] | None) -> None:
    if height * width > limits.cells:
        raise hostile(
            text("the sheet is {rows} rows by {columns} columns: more than can be read", rows=height, columns=width),
            text("Delete what stands far below or beside the table, or divide the sheet."),
        )
    if box is not None and (height > box[0] or width > box[1]):
        raise hostile(text("the sheet that is listed is not the sheet that is found"))


def _trimmed(rows: Iterable[tuple[Cell, ...]]) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows without the blank cells at their ends."""
    for row in rows:
        if row[-1] is not None:
            yield row
            continue
        end = len(row) - 1
        while end and row[end - 1] is None:
            end -= 1
        yield row[:end]


@contextmanager
def _sense() -> Iterator[None]:
    """Turn what decoding nonsense raises into `BrokenAnswerError`."""
    try:
        yield
    except (ValueError, TypeError, KeyError, LookupError, StopIteration, OverflowError, RecursionError) as error:
        raise BrokenAnswerError from error
