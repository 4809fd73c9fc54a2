"""What people write for the codes of a list: names, when two written values are one, and what is likely meant."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from etl.core.amounts import hundredfold
from etl.core.numbers import written_number
from etl.vendors.base import Choice, Column

_ALIKE = 75.0
"""Of 100: below it nothing is proposed."""
_CONTAINED = 0.9
_TELLING = 4
"""Letters of a name that may be a part of what was written: ``u`` is found in everything."""


def folded(words: str) -> str:
    """Return words without case, accents, spaces and punctuation but for ``$``: ``U$S`` and ``us`` stay apart."""
    plain = unicodedata.normalize("NFKD", words).casefold()
    return "".join(sign for sign in plain if sign.isalnum() or sign == "$")


def choices_by_name(column: Column) -> dict[str, Choice]:
    """Return the column's choices by everything that people write for them, folded; numbers are no names.

    ValueError when two choices share a name: a declaration must not be ambiguous.
    """
    names: dict[str, Choice] = {}
    for choice in column.choices:
        own = (choice.value,) if isinstance(choice.value, str) else ()
        for name in {folded(written) for written in (*own, choice.meaning, *choice.synonyms)}:
            if name.isdigit() and not own:
                continue
            if names.setdefault(name, choice) is not choice:
                raise ValueError(name)
    return names


def value_key(written: str) -> str:
    """Return what two written values must share to be the same value.

    Case, accents, spaces and punctuation do not count, unless there are digits: ``1.5`` is not ``15``, nor ``-7`` 7.
    """
    if any(sign.isdigit() for sign in written):
        return " ".join(unicodedata.normalize("NFKC", written).casefold().split())
    return folded(written) or written.strip()


def likely_choice(written: str, column: Column) -> Choice | None:
    """Return the choice that a refused value most likely means, by codes, meanings and synonyms; None when in doubt.

    Numbers are never compared by their looks: 20 is not nearly 21. In a column of rates 0.21 is likely 21%.
    """
    rate = _likely_rate(written, column)
    if rate is not None or not any(sign.isalpha() for sign in written):
        return rate
    name, words = folded(written), _words(written)
    scores: dict[int, float] = {}
    for place, choice in enumerate(column.choices):
        names = (str(choice.value), choice.meaning, *choice.synonyms)
        scores[place] = max(_likeness(name, words, known) for known in names)
    best = max(scores.values(), default=0.0)
    winners = [place for place, score in scores.items() if score == best]
    return column.choices[winners[0]] if best >= _ALIKE and len(winners) == 1 else None


def _likely_rate(written: str, column: Column) -> Choice | None:
    number = written_number(written) if column.percent else None
    if number is None or number.percent:
        return None
    rates = {choice.value: choice for choice in column.choices if isinstance(choice.value, Decimal)}
    meant = [rates[rate] for one in number.readings if (rate := hundredfold(one)) in rates and rate > 0]
    return meant[0] if meant else None


def _likeness(name: str, words: str, known: str) -> float:
    """Return from 0 to 100 how like a written value is to a known name: as a whole, or because it contains it."""
    key = folded(known)
    if not key or key.isdigit():
        return 0.0
    from rapidfuzz import fuzz  # noqa: PLC0415 - only for what is not understood

    whole = fuzz.ratio(name, key)
    if len(key) < _TELLING:
        return whole
    return max(whole, fuzz.token_set_ratio(words, _words(known)) * _CONTAINED)


def _words(written: str) -> str:
    """Return the words of a text without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", written).casefold()
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", kept))
