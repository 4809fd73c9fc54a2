"""Keeps the limits of the table of texts that a workbook's cells point to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape

import numpy as np

from etl.io.readers.limits import Limits
from etl.io.readers.refusal import hostile
from etl.io.readers.sheet_facts import text_too_long
from etl.io.readers.tag_words import Tagged, begins, tag, without_prefix
from etl.messages import text

_ITEMS = (tag(b"<si>"), tag(b"<si "), tag(b"<si/"))
_RUN = re.compile(rb"<t(?:\s[^>]*)?>([^<]*)<")
_LONGEST_ITEM = 16 * 1024 * 1024


def check_shared_strings(name: str, blocks: Iterable[bytes], limits: Limits) -> None:
    """Refuse a table with more texts than a sheet may have cells, or with a text that no cell could hold."""
    held = b""
    count = 0
    for block in without_prefix(blocks, b"sst"):
        seen = held + block
        tagged = Tagged(seen)
        starts = tagged.starts[begins(tagged.words, *_ITEMS)]
        count += max(0, len(starts) - 1)
        if count > limits.cells:
            raise hostile(text("the workbook has more than {count} different texts", count=limits.cells))
        for index in np.flatnonzero(np.diff(starts) > limits.text_length).tolist():
            _check_item(seen[int(starts[index]) : int(starts[index + 1])], limits)
        held = seen[int(starts[-1]) :] if len(starts) else seen
        if len(held) > _LONGEST_ITEM:
            raise hostile(text("a text of the workbook ({name}) is {size} bytes long", name=name, size=len(held)))
    _check_item(held, limits)


def _check_item(item: bytes, limits: Limits) -> None:
    length = len(unescape(b"".join(_RUN.findall(item)).decode("utf-8", "replace")))
    if length > limits.text_length:
        raise text_too_long(text("the workbook's list of texts"), length, limits)
