"""Decides which findings have one cause, so that 400 rows with one mistake read as one mistake."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from etl.core.report import ReportRow
from etl.core.rounding import TOO_MANY_DECIMALS, rounding_hint, rounding_told
from etl.messages import Text
from etl.model import Finding, Origin, Severity

_WORDS = re.compile(r"\w[\w.,/-]*\w|\w")
_DIGIT = re.compile(r"\d")
_GAPS = re.compile(r"…(?:[\s,;:/-]*…)+")

_Kind = tuple[Severity, str, Origin, str | None, str]


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings that say the same of different cells."""

    problem: Text
    """The one message of all, or an example (`varied`); a vendor's words with ``…`` where they name the row."""
    varied: bool
    hint: Text | None
    findings: tuple[Finding, ...]
    """In the sheet's order; never empty."""

    @property
    def first(self) -> Finding:
        """The first finding, which has the code, severity, origin and header of all."""
        return self.findings[0]

    @property
    def rows(self) -> tuple[int, ...]:
        """Row numbers, ascending, each once; empty for findings about the file."""
        return tuple(sorted({finding.row for finding in self.findings if finding.row is not None}))


def causes(findings: Iterable[Finding], rows: Sequence[ReportRow] = (), typed: str | None = None) -> list[Cause]:
    """Return the causes: errors before warnings, about the file first, then by the number of findings.

    `rows` let a vendor's refusals be recognised as one when they differ only in the codes of the rows they name.
    `typed` is the command line that was typed, for a cause that an option more would settle.
    """
    kinds: defaultdict[_Kind, list[Finding]] = defaultdict(list)
    for found in findings:
        kinds[found.severity, found.code, found.origin, found.header or found.field, found.message.msgid].append(found)
    cells = {row.number: row for row in rows} if any(kind[2] is Origin.VENDOR for kind in kinds) else {}
    result: list[Cause] = []
    for kind, members in kinds.items():
        result += _by_words(members, cells) if kind[2] is Origin.VENDOR else [_own_cause(members, typed)]
    result.sort(key=_weight)
    return result


def ranges(numbers: Sequence[int], most: int = 12) -> tuple[str, int]:
    """Return ascending row numbers as ``2-40, 57`` and how many rows were left out after `most` ranges."""
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans[:most])
    return shown, sum(last - first + 1 for first, last in spans[most:])


def _weight(cause: Cause) -> tuple[bool, bool, int, str, int]:
    first = cause.first
    return (not first.is_error, first.row is not None, -len(cause.findings), first.code, first.row or 0)


def _own_cause(members: Sequence[Finding], typed: str | None) -> Cause:
    """Return the cause of findings of our own; values with too many decimals are told as what rounding would do."""
    cause = _cause(members, None)
    if len(members) == 1 or not cause.first.is_error or cause.first.code != TOO_MANY_DECIMALS:
        return cause
    return replace(cause, problem=rounding_told(cause.findings), varied=False, hint=rounding_hint(typed))


def _cause(members: Sequence[Finding], problem: Text | None) -> Cause:
    ordered = tuple(sorted(members, key=lambda found: (found.row or 0, found.column or 0)))
    first = ordered[0]
    varied = problem is None and any(found.message != first.message for found in ordered)
    return Cause(problem or first.message, varied, first.hint, ordered)


def _by_words(members: Sequence[Finding], rows: Mapping[int | None, ReportRow]) -> list[Cause]:
    """Split a vendor's findings by what its words say once the words that name the row are left out."""
    spoken = [_strings(found.message) for found in members]
    counted = Counter(word for strings in spoken for word in set(_WORDS.findall(" ".join(strings))))
    common = {word for word, count in counted.items() if count * 2 > len(members)}
    told: defaultdict[tuple[Any, ...], list[Finding]] = defaultdict(list)
    for found in members:
        own = _own_words(rows.get(found.row))
        told[tuple((name, _masked(value, own, common)) for name, value in found.message.args)].append(found)
    return [_cause(found, Text(found[0].message.msgid, args)) for args, found in told.items()]


def _strings(message: Text) -> list[str]:
    return [value for _, value in message.args if isinstance(value, str)]


def _own_words(row: ReportRow | None) -> set[str]:
    """Return the words of a row's cells, which the vendor may repeat in its answer."""
    if row is None:
        return set()
    return {word.casefold() for cell in row.cells if isinstance(cell, str) for word in _WORDS.findall(cell)}


def _masked(value: object, own: set[str], common: set[str]) -> object:
    if not isinstance(value, str):
        return value

    def mask(found: re.Match[str]) -> str:
        word = found.group()
        if word in common or not (_DIGIT.search(word) or word.casefold() in own):
            return word
        return "…"

    return _GAPS.sub("…", _WORDS.sub(mask, value))
