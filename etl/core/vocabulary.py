"""Which header means which field: compared without case, accents, spaces, punctuation and the words de, del, la, el.

``s/`` is sin, ``c/`` con and ``x`` por, and a plural is its singular: without spaces "Precios IVA" would otherwise be
"Precio s/IVA", which says the contrary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from etl.core.reading import shown, trimmed
from etl.model import Cell
from etl.vendors.base import Column, Destination

_PASSED_OVER = frozenset({"de", "del", "la", "el"})
_SHORT = {"s": "sin", "c": "con", "x": "por"}
_PLURAL = re.compile(r"(\w{3,}[aeo])s")


def header_text(cell: Cell) -> str:
    """Return the text of a header cell, trimmed; "" for a blank one."""
    return trimmed(cell if isinstance(cell, str) else shown(cell))


def header_key(header: str) -> str:
    """Return what two headers must share to be the same: ``Precio s/IVA`` and ``PRECIO S. IVA`` do."""
    plain = unicodedata.normalize("NFKD", header).casefold()
    kept = "".join(sign if sign.isalnum() else " " for sign in plain if not unicodedata.combining(sign))
    return "".join(_told(word) for word in kept.split() if word not in _PASSED_OVER)


def _told(word: str) -> str:
    """Return a word in full, in the singular when it is a plural in -s."""
    plural = _PLURAL.fullmatch(word)
    return plural[1] if plural else _SHORT.get(word, word)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The headers that a destination knows, by their key."""

    fields: Mapping[str, Column]
    questions: Mapping[str, tuple[str, ...]]
    """Headers never taken by themselves, with the fields that they may mean."""

    def field_of(self, header: str) -> Column | None:
        """Return the column that a header names, if any."""
        return self.fields.get(header_key(header))

    def question_of(self, header: str) -> tuple[str, ...]:
        """Return the fields that a header may mean when it takes a person to say which; () for other headers."""
        return self.questions.get(header_key(header), ())


def vocabulary_of(destination: Destination) -> Vocabulary:
    """Return the headers that `destination` knows. A field's own name goes before its label, that before an alias."""
    fields: dict[str, Column] = {}
    for column in destination.columns:
        fields.setdefault(header_key(column.name), column)
    for column in destination.columns:
        for header in (column.label, *column.aliases):
            fields.setdefault(header_key(header), column)
    questions = {header_key(header): meant for header, meant in destination.questions.items()}
    fields.pop("", None)
    return Vocabulary(fields, {header: meant for header, meant in questions.items() if header not in fields})
