"""Turns the bytes of a column, as the parser's process sends them, back into cells."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from etl.model import Cell

Column = tuple[list[Cell], list[int]]
"""The cells, and the indexes of those that were no finite number and are None now."""


def decode_column(kind: str, pieces: Sequence[bytes]) -> Column:
    """Return the cells that `child.encode_column` made bytes of; ValueError or LookupError for other bytes."""
    if kind == "s":
        return [cell or None for cell in pieces[0].decode().split("\0")], []
    if kind == "d":
        numbers = array("d", pieces[0])
        if math.isfinite(sum(numbers)):
            return list(numbers), []
        return _without_infinite(list(numbers))
    if kind == "m":
        return _without_infinite(_decode_mixed(*pieces))
    raise LookupError(kind)


def _without_infinite(cells: list[Cell]) -> Column:
    infinite = [index for index, cell in enumerate(cells) if isinstance(cell, float) and not math.isfinite(cell)]
    for index in infinite:
        cells[index] = None
    return cells, infinite


def _decode_mixed(kinds: bytes, octets: bytes, joined: bytes) -> list[Cell]:
    numbers = iter(array("d", octets))
    texts = iter(json.loads(joined) if joined else ())
    cells: list[Cell] = []
    for kind in kinds.decode("ascii"):
        match kind:
            case "s":
                cells.append(str(next(texts)) or None)
            case "d":
                cells.append(next(numbers))
            case "b":
                cells.append(bool(next(numbers)))
            case "p":
                cells.append(timedelta(seconds=next(numbers)))
            case "t":
                cells.append(datetime.fromisoformat(next(texts)))
            case "D":
                cells.append(date.fromisoformat(next(texts)))
            case "c":
                cells.append(time.fromisoformat(next(texts)))
            case _:
                raise LookupError(kind)
    return cells
