"""Finds letters that were spoilt before a file was saved: UTF-8 that somebody read as cp1252 and saved again."""

from __future__ import annotations

import re

from etl.messages import text
from etl.model import Finding, Severity

_SPOILT = re.compile("Ã[\x80-\xbf\u0140-\u017fƒ\u02c0-\u02ff\u2000-\u203f€™]|Â[\xa0-\xbf]|\ufffd")
"""Such as Ã³ and Â°, and the sign that stands for a lost letter."""
_FIRST = ("Ã", "Â", "\ufffd")
_SHOWN_LENGTH = 80


def is_spoilt(words: str) -> bool:
    """Tell whether there are spoilt letters; most texts lack even the first of them, which is quickly seen."""
    return any(sign in words for sign in _FIRST) and _SPOILT.search(words) is not None


def spoilt_letters(row: int, words: str) -> Finding:
    """Return the warning about the first text with spoilt letters."""
    shown = words[:_SHOWN_LENGTH]
    return Finding(
        code="spoilt_letters",
        message=text("Row {row} shows «{value}»: letters were spoilt before the file was saved", row=row, value=shown),
        hint=text("Export the list again as “CSV UTF-8” or .xlsx; the rows are sent as they stand otherwise."),
        severity=Severity.WARNING,
        row=row,
        value=shown,
    )
