"""How rows are named to people: by their number in the sheet, ``+1`` the first one that was added to a workbook."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(r"\+?[0-9]{1,7}")


def row_refs(numbers: Iterable[int | None]) -> list[int]:
    """Return a reference for each row of a run, in its order: the row's number; -1, -2 … for rows that were added."""
    refs: list[int] = []
    added = 0
    for number in numbers:
        added += number is None
        refs.append(-added if number is None else number)
    return refs


def row_name(ref: int) -> str:
    """Return how a person reads and writes a reference: ``12``, ``+1``."""
    return f"+{-ref}" if ref < 0 else str(ref)


def ref_of(name: str) -> int | None:
    """Return the reference that `row_name` writes so; None for any other text."""
    words = name.strip()
    if not _NAME.fullmatch(words) or not words.isascii() or int(words) == 0:
        return None
    return -int(words) if words.startswith("+") else int(words)


def listed_rows(refs: Iterable[int]) -> str:
    """Return references as people write them, and as ``etl resolve --row`` takes them: ``12-61,70,+1``."""
    known = sorted(set(refs))
    parts: list[list[int]] = []
    for number in (ref for ref in known if ref > 0):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    numbered = [str(first) if first == last else f"{first}-{last}" for first, last in parts]
    return ",".join([*numbered, *(row_name(ref) for ref in sorted(known, reverse=True) if ref < 0)])
