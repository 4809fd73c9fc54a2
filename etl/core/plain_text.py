"""Decides what of a foreign text (a vendor's words, a cell) may be shown: no escapes, no controls, not too long."""

from __future__ import annotations

import re

SHOWN = 500
"""Characters of a vendor's text that are shown (reliability.md, SEC-7)."""

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BREAKS = re.compile(r" *[\t-\r\x1c-\x1f\x85\u2028\u2029]+ *")


def whole(words: str) -> str:
    """Return `words` with lone surrogates replaced, so that every encoder takes them."""
    return _SURROGATES.sub("\ufffd", words) if not words.isascii() else words


def plain(words: str, limit: int = SHOWN) -> str:
    """Return `words` as one line without escapes, control and direction characters, at most `limit` characters long."""
    if not words.isprintable():
        words = _BREAKS.sub(" ", _INVISIBLE.sub("", _ESCAPES.sub("", words)))
    words = whole(words).strip()
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
