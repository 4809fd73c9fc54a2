"""Finds the tags of plain XML many at a time: each opening tag as the eight bytes it begins with, in one array."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

Numbers: TypeAlias = np.ndarray[Any, np.dtype[Any]]

Tag: TypeAlias = tuple[np.uint64, np.uint64]
"""The bytes that a tag begins with as a little-endian number, and the mask that cuts eight bytes down to as many."""

BYTE = np.uint64(0xFF)
_LESS, _SLASH = ord("<"), ord("/")
_PADDING = bytes(16)
_PROLOGUE = 4096
_LONGEST_TAG = 64 * 1024


def tag(begin: bytes) -> Tag:
    """Return what `begins` compares with, for a tag that begins with these bytes (at most eight)."""
    return np.uint64(int.from_bytes(begin, "little")), np.uint64((1 << (8 * len(begin))) - 1)


def begins(words: Numbers, *tags: Tag) -> Numbers:
    """Return which of the words begin with one of the tags."""
    found: Numbers = (words & tags[0][1]) == tags[0][0]
    for word, mask in tags[1:]:
        found |= (words & mask) == word
    return found


def octet(words: Numbers, position: int) -> Numbers:
    """Return the byte at a position, from 0, of each word."""
    found: Numbers = (words >> np.uint64(8 * position)) & BYTE
    return found


class Tagged:
    """A stretch of XML, its opening tags, and the eight bytes at any place of it."""

    def __init__(self, seen: bytes) -> None:
        self.octets: Numbers = np.frombuffer(seen + _PADDING, np.uint8)
        self._words: Numbers = np.ndarray((len(self.octets) - 8,), "<u8", self.octets, strides=(1,))
        opens = self.octets[: len(seen)] == _LESS
        opens &= self.octets[1 : len(seen) + 1] != _SLASH
        self.starts: Numbers = np.flatnonzero(opens)
        """Where the opening tags (and comments, and the like) begin."""
        self.words: Numbers = self._words[self.starts]

    def words_at(self, places: Numbers) -> Numbers:
        """Return the eight bytes at each place."""
        found: Numbers = self._words[places]
        return found


def without_prefix(blocks: Iterable[bytes], root: bytes) -> Iterator[bytes]:
    """Pass XML on without the namespace's prefix of its root, which some libraries write everywhere (``<x:c>``)."""
    stream = iter(blocks)
    held = b""
    for block in stream:
        held += block
        if len(held) >= _PROLOGUE:
            break
    found = re.search(rb"<([A-Za-z_][\w.-]*:)" + root + rb"[\s/>]", held[:_PROLOGUE])
    if found is None:
        yield held
        yield from stream
        return
    opening, closing = b"<" + found[1], b"</" + found[1]
    for block in stream:
        cut = held.rfind(b"<")
        if cut < 0 or len(held) - cut > _LONGEST_TAG:
            cut = len(held)
        yield held[:cut].replace(opening, b"<").replace(closing, b"</")
        held = held[cut:] + block
    yield held.replace(opening, b"<").replace(closing, b"</")
