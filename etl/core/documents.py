"""Decides which valid rows wait because their document has a row that cannot be sent. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from etl.core.planning import group_of
from etl.core.row_values import numbers_of, values_of
from etl.messages import Text, text
from etl.model import Finding, Row, Value
from etl.vendors.base import Destination

_LISTED = 5


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not sent, and what is known of the document that it belongs to."""

    number: int
    values: Mapping[str, Value]
    """What was understood of its cells."""
    unknown: frozenset[str]
    """Fields of the document's head that could not be understood: any value may be meant."""


def bad_rows(
    numbers: Iterable[int], rows: Sequence[Row], findings: Iterable[Finding], destination: Destination
) -> tuple[BadRow, ...]:
    """Return the rows with errors; one that is not among `rows` could not be read at all, and may belong anywhere."""
    values = {row.number: row.values for row in rows}
    broken: dict[int, set[str]] = {}
    for finding in findings:
        if finding.is_error and finding.row is not None and finding.field is not None:
            broken.setdefault(finding.row, set()).add(finding.field)
    found: list[BadRow] = []
    for number in sorted(numbers):
        known = values.get(number, {})
        unread = broken.get(number, set()) if number in values else set(destination.group_fields)
        unknown = frozenset(name for name in destination.group_fields if name in unread and name not in known)
        found.append(BadRow(number, known, unknown))
    return tuple(found)


def held_rows(
    rows: Sequence[Row], original: Sequence[Row], bad: Sequence[BadRow], destination: Destination, *, partial: bool
) -> dict[int, Text]:
    """Return the rows among `rows` whose document has a bad row, with the reason.

    `original` are the rows as they stood in the sheet, before names were looked up: the bad ones were not. `partial`
    lets the good rows of a document go, but for one that is put in place of another.
    """
    if not destination.documents or not bad:
        return {}
    as_written = {row.number: row.values for row in original}
    held: dict[int, Text] = {}
    for group, members in _by_group(rows, destination).items():
        if partial and not destination.indivisible(group):
            continue
        heads = {_head(as_written.get(row.number, row.values), destination) for row in members}
        culprits = [one for one in bad if any(_may_belong(one, head, destination) for head in heads)]
        if culprits:
            reason = _reason(culprits)
            held.update({row.number: reason for row in members})
    return held


def different_heads(
    rows: Sequence[Row], misread: Container[tuple[int | None, str | None]], destination: Destination
) -> list[tuple[int, str, Finding]]:
    """Return an error for each cell in which rows that correct one document differ: (row, field, finding).

    Each head would be a request of its own, and the later one would replace what the first has sent. What a cell
    among `misread`, as (row, field), says is not known: it differs from none.
    """
    if destination.corrects is None:
        return []
    heads: dict[Value, list[tuple[int, tuple[Value | None, ...]]]] = {}
    place = destination.group_fields.index(destination.corrects)
    for number, head in zip(numbers_of(rows), values_of(rows, destination.group_fields), strict=True):
        document = head[place]
        if document is not None:
            heads.setdefault(document, []).append((number, head))
    found: list[tuple[int, str, Finding]] = []
    for document, several in heads.items():
        if len({head for _, head in several}) < 2:
            continue
        for at, name in enumerate(destination.group_fields):
            said: dict[Value | None, list[int]] = {}
            for number, head in several:
                if head[at] is not None or (number, name) not in misread:
                    said.setdefault(head[at], []).append(number)
            if len(said) > 1:
                finding = _different(document, said)
                found += [(number, name, finding) for numbers in said.values() for number in numbers]
    return found


def _different(document: Value, said: Mapping[Value | None, Sequence[int]]) -> Finding:
    several = "; ".join(
        f"“{'' if value is None else value}” ({_listed(numbers)})" for value, numbers in list(said.items())[:_LISTED]
    )
    return Finding(
        "different_head",
        text("The rows that correct {document} do not agree here: {several}", document=str(document), several=several),
        text("Write the same in all of them: one request replaces all lines of that document"),
    )


def refused_together(
    refused: AbstractSet[int], corrected: AbstractSet[int], groups: Iterable[AbstractSet[int]]
) -> AbstractSet[int]:
    """Return those of the refused rows whose document goes out again: another row of it was corrected.

    The vendor takes a document or refuses it whole, so a row may have been refused for another one. `groups` are the
    rows of each document.
    """
    return frozenset().union(*(rows & refused for rows in groups if not rows.isdisjoint(corrected)))


def left_alone(
    groups: Mapping[str, AbstractSet[int]],
    uncorrected: AbstractSet[int],
    settled: AbstractSet[int],
    destination: Destination,
    *,
    partial: bool,
) -> dict[int, Text]:
    """Return the rows of each document that wait because others of it are not sent, with the reason.

    `uncorrected` are rows with errors as they were, which hold a document back unless `partial`; `settled` are rows
    that went out before. A document that is put in place of another goes whole or not at all.
    """
    held: dict[int, Text] = {}
    for group, rows in groups.items():
        whole = destination.indivisible(group)
        wrong = sorted(rows & uncorrected) if whole or not partial else []
        gone = sorted(rows & settled) if whole else []
        if wrong:
            reason = text("Held back: other rows of the same document have errors ({rows}).", rows=_listed(wrong))
        elif gone:
            reason = text(
                "Held back: other rows of the same document are not sent again ({rows}), and without them they would "
                "be taken out of it.",
                rows=_listed(gone),
            )
        else:
            continue
        held |= dict.fromkeys(rows - uncorrected - settled, reason)
    return held


def _by_group(rows: Sequence[Row], destination: Destination) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(group_of(row.values, destination), []).append(row)
    return groups


def _head(values: Mapping[str, Value], destination: Destination) -> tuple[str, ...]:
    return tuple(str(values.get(name, "")) for name in destination.group_fields)


def _may_belong(bad: BadRow, head: Sequence[str], destination: Destination) -> bool:
    own = _head(bad.values, destination)
    return all(
        name in bad.unknown or mine == theirs or (_looked_up(name, destination) and mine.isdigit() != theirs.isdigit())
        for name, mine, theirs in zip(destination.group_fields, own, head, strict=True)
    )


def _looked_up(name: str, destination: Destination) -> bool:
    return destination.column(name).looked_up


def _reason(bad: Sequence[BadRow]) -> Text:
    sure = [one.number for one in bad if not one.unknown]
    if sure:
        return text("Held back: other rows of the same document have errors ({rows}).", rows=_listed(sure))
    fields = ", ".join(sorted({name for one in bad for name in one.unknown}))
    return text(
        "Held back: rows with errors may belong to the same document ({rows}), since {fields} cannot be read there.",
        rows=_listed(one.number for one in bad),
        fields=fields,
    )


def _listed(numbers: Iterable[int]) -> str:
    found = list(numbers)
    return ", ".join([*map(str, found[:_LISTED]), *(["…"] if len(found) > _LISTED else [])])
