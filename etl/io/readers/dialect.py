"""Decides how a CSV file is divided: a ``sep=`` line if it has one, else the delimiter that divides it most evenly."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Sequence

CANDIDATES = (";", ",", "\t", "|")
"""In the order of preference when two divide the text equally well."""
NEVER_THERE = "\x1f"
"""The delimiter with which a file of a single column is read."""

_SAMPLE_BYTES = 128 * 1024
_SAMPLE_RECORDS = 400
_MOSTLY = 0.5
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_DIGIT = re.compile(r"\d")
_SEP_LINE = re.compile(rb'^"?sep=([^\w\s"]|\t)"?[ \t;,]*(?:\r\n|\n|\r|$)', re.IGNORECASE)


def sep_line(data: bytes) -> tuple[str | None, int]:
    """Return the delimiter that Excel's ``sep=;`` line names and the length of that line; (None, 0) without one."""
    found = _SEP_LINE.match(data[:64])
    return (found[1].decode("ascii"), found.end()) if found and found[1].isascii() else (None, 0)


def find_delimiter(data: bytes) -> str | None:
    """Return the delimiter of a UTF-8 text, or None when it has a single column."""
    lines = _sample(data)
    shares = {delimiter: _share(_counts(lines, delimiter)) for delimiter in CANDIDATES}
    scores = {delimiter: share * share * math.sqrt(fields - 1) for delimiter, (share, fields) in shares.items()}
    others = [delimiter for delimiter in CANDIDATES if delimiter != "," and shares[delimiter][0] > _MOSTLY]
    if others and _are_decimal_commas(lines):
        del scores[","]
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] else None


def is_table(data: bytes, delimiter: str | None) -> bool:
    """Tell whether most lines have the same number of fields, at least two: evidence that a text is a CSV file."""
    return delimiter is not None and _share(_counts(_sample(data), delimiter))[0] > _MOSTLY


def _sample(data: bytes) -> list[str]:
    sample = data[:_SAMPLE_BYTES]
    if len(data) > _SAMPLE_BYTES:
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    return re.split(r"(?<=\n)|(?<=\r)(?!\n)", sample.decode("utf-8", "replace"))


def _counts(lines: Sequence[str], delimiter: str) -> Counter[int]:
    """Return how often each number of fields occurs in the first records that are not blank."""
    counts: Counter[int] = Counter()
    try:
        for record in csv.reader(lines, delimiter=delimiter):
            if any(field.strip() for field in record):
                counts[len(record)] += 1
            if sum(counts.values()) >= _SAMPLE_RECORDS:
                break
    except csv.Error:  # a stray quote swallowed the rest: what was counted until then must do
        pass
    return counts


def _share(counts: Counter[int]) -> tuple[float, int]:
    """Return the share of the most frequent number of fields (of at least two), and that number."""
    several = [(count, fields) for fields, count in counts.items() if fields > 1]
    if not several:
        return 0.0, 1
    count, fields = max(several)
    total = sum(counts.values())
    return count / total, fields


def _are_decimal_commas(lines: Sequence[str]) -> bool:
    """Tell whether most commas stand between two digits, and the first line of names has more of another delimiter."""
    text = "".join(lines)
    if len(_DECIMAL_COMMA.findall(text)) <= _MOSTLY * text.count(","):
        return False
    names = next((line for line in lines if not _DIGIT.search(line) and any(sign in line for sign in CANDIDATES)), "")
    return names.count(",") <= max(names.count(delimiter) for delimiter in CANDIDATES if delimiter != ",")
