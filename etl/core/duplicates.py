"""Decides what becomes of rows with the same key, or with keys that only look different (contract section 3)."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import cast

import numpy as np

from etl.core.planning import group_of
from etl.core.typed_table import TypedBlock, TypedTable
from etl.errors import UsageError
from etl.messages import Text, text
from etl.model import Effect, Finding, Row, Severity, Value
from etl.vendors.base import Destination

POLICIES = ("error", "sum", "first", "last")
"""The values of ``--duplicates``."""
_LISTED = 12

_Key = tuple[str, ...]
_BETWEEN = "\x00"
"""Keeps the parts of a key apart."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of rows whose key is not theirs alone."""

    remarks: tuple[tuple[int, Finding], ...] = ()
    """(row number, finding about the key's last field, without its place)."""
    superseded: Mapping[int, Text] = field(default_factory=dict)
    """Rows that another one stands for, with the reason."""
    added_up: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """The row that is sent -> all the rows that it stands for, itself first."""


def check_policy(policy: str, destination: Destination) -> None:
    """Raise UsageError when this value of ``--duplicates`` makes no sense for the destination."""
    allowed = [name for name in POLICIES if name == "error" or name in destination.duplicates]
    if policy not in allowed:
        raise UsageError(
            text("--duplicates {policy} makes no sense for {destination}", policy=policy, destination=destination.name),
            hint=text("It can be: {allowed}", allowed=", ".join(allowed)),
        )


def decide_duplicates(rows: Sequence[Row], invalid: Collection[int], destination: Destination, policy: str) -> Decided:
    """Return what becomes of rows with one key, whatever stands in their other fields and in `operacion`.

    `rows` are at least those that share a key (`rows_sharing_a_key`), also `invalid` ones (their numbers): a key that
    two rows share is nobody's.
    """
    by_key = _grouped(rows, destination)
    remarks: list[tuple[int, Finding]] = []
    superseded: dict[int, Text] = {}
    added_up: dict[int, tuple[int, ...]] = {}
    for key, group in by_key.items():
        if len(group) < 2:
            continue
        finding = _judged(key, group, invalid, destination, policy)
        remarks += [(row.number, finding) for row in group]
        if finding.is_error:
            continue
        if policy == "sum":
            added_up[group[0].number] = tuple(row.number for row in group)
        else:
            kept = group[0] if policy == "first" else group[-1]
            reason = text("Row {row} stands for it (--duplicates {policy})", row=kept.number, policy=policy)
            superseded.update({row.number: reason for row in group if row is not kept and row.number not in invalid})
    return Decided((*remarks, *_similar(by_key, destination)), superseded, added_up)


def added_up_row(rows: Sequence[Row], summed: str) -> Row:
    """Return the first row with the sum of all in the field `summed`."""
    total = sum(_number(row.values[summed]) for row in rows)
    return replace(rows[0], values={**rows[0].values, summed: total})


def rows_sharing_a_key(table: TypedTable) -> list[Row]:
    """Return the rows of a table whose key is that of another one, but for capitals and blanks perhaps.

    Keys are compared by their hashes first (`key_hashes`, in `Seen.keys`): of a million rows no more than eight bytes
    each are kept.
    """
    destination = table.destination
    if not destination.key:
        return []
    if destination.alternative_keys:
        return alike(lambda: _rows(table), lambda row: _folded_key(row, destination))
    several = _several(table.seen.keys)
    return [
        row
        for at, hashes in enumerate(table.seen.keys if several else ())
        if (places := [place for place, one in enumerate(hashes) if one in several])
        for row in table.block(at).rows_at(places)
    ]


def alike(rows: Callable[[], Iterable[Row]], key: Callable[[Row], str | None]) -> list[Row]:
    """Return the rows whose key another one has, too; None is no key."""
    hashes = array("q", (_hash(key(row)) for row in rows()))
    several = _several([hashes])
    return [row for row, one in zip(rows(), hashes, strict=True) if one in several] if several else []


def repeated_lines(rows: Sequence[Row], destination: Destination) -> list[tuple[int, str, Finding]]:
    """Return a warning for each line that names what another line of its document names: (row, field, finding)."""
    names = [name for name in destination.known_by if name not in destination.group_fields]
    if not destination.documents:
        return []
    lines: dict[tuple[str, ...], list[Row]] = {}
    for row in alike(lambda: rows, lambda row: _line(row, names, destination)):
        own = tuple(str(row.values.get(name, "")) for name in names)
        lines.setdefault((group_of(row.values, destination), *own), []).append(row)
    return [
        (row.number, next(name for name in names if name in row.values), _repeated(equal))
        for equal in lines.values()
        if len(equal) > 1
        for row in equal
    ]


def _line(row: Row, names: Sequence[str], destination: Destination) -> str | None:
    """Return what a line of a document is known by; None when it names nothing."""
    own = [str(row.values.get(name, "")) for name in names]
    return "\x00".join([group_of(row.values, destination), *own]) if any(own) else None


def _repeated(rows: Sequence[Row]) -> Finding:
    return Finding(
        "duplicate_key",
        text("The document has the same line several times: rows {rows}", rows=_listed([row.number for row in rows])),
        text("Nothing to do if that is meant: each of them is sent"),
        Severity.WARNING,
    )


def _rows(table: TypedTable) -> Iterator[Row]:
    for block in table.blocks():
        yield from block.rows()


def key_hashes(block: TypedBlock, table: TypedTable) -> array[int]:
    """Return the hash of each row's key without capitals and blanks; 0 where the key is not whole.

    None for destinations whose rows are of several kinds, or have no key.
    """
    names = table.destination.key
    if not names or table.destination.alternative_keys:
        return array("q")
    if not set(names).issubset(table.names):
        return array("q", [0] * len(block.numbers))
    hashes = map(hash, map(_BETWEEN.join, zip(*(_folded_values(block, name) for name in names), strict=True)))
    if any(map(block.may_be_blank, names)):
        rows = zip(*(block.values(name) for name in names), strict=True)
        whole = (all(value is not None for value in values) for values in rows)
        return array("q", (one or 1 if flag else 0 for one, flag in zip(hashes, whole, strict=True)))
    found = array("q", hashes)
    return array("q", (one or 1 for one in found)) if 0 in found else found


def _folded_values(block: TypedBlock, name: str) -> Iterable[str]:
    """Return what each row's value shares with others that differ in case and blanks; most codes have no blanks."""
    values, different = block.values(name), block.different(name).values
    if len(different) > len(values) // 2 and not block.may_be_blank(name) and set(map(type, different)) == {str}:
        texts = cast("Sequence[str]", values)
        if (joined := "".join(texts)).isalnum() and joined.isascii():
            return map(str.lower, texts)
    fold: dict[Value | None, str] = {value: _folded(str(value)) for value in different}
    fold[None] = ""
    return map(fold.__getitem__, values)


def _hash(key: str | None) -> int:
    return 0 if key is None else hash(key) or 1


def _several(hashes: Sequence[array[int]]) -> set[int]:
    """Return the hashes that stand there more than once; 0 is none."""
    ordered = np.sort(np.concatenate([np.frombuffer(one, np.int64) for one in hashes] or [np.zeros(0, np.int64)]))
    found = set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
    return found - {0}


def _folded_key(row: Row, destination: Destination) -> str | None:
    key = _key(row, destination, of_kinds=True)
    return None if key is None else _BETWEEN.join(map(_folded, key))


def _key(row: Row, destination: Destination, *, of_kinds: bool) -> _Key | None:
    """Return the values of a row's key as texts; None when they are not all there."""
    own = destination.key_fields(row.values) if of_kinds else destination.key
    if not own or any(name not in row.values for name in own):
        return None
    return tuple([str(row.values[name]) if name in own else "" for name in destination.key])


def _grouped(rows: Sequence[Row], destination: Destination) -> dict[_Key, list[Row]]:
    """Return the rows by their key; a row whose key is not whole is in no group."""
    by_key: dict[_Key, list[Row]] = {}
    of_kinds = bool(destination.alternative_keys)
    for row in rows if destination.key else ():
        key = _key(row, destination, of_kinds=of_kinds)
        if key is not None:
            by_key.setdefault(key, []).append(row)
    return by_key


def _judged(
    key: _Key, group: Sequence[Row], invalid: Collection[int], destination: Destination, policy: str
) -> Finding:
    named = {
        "fields": " + ".join(destination.key_fields(group[0].values)),
        "key": " / ".join(filter(None, key)),
        "rows": _listed([row.number for row in group]),
    }
    if policy == "error":
        return Finding(
            "duplicate_key",
            text("The same {fields} (“{key}”) stands in several rows: {rows}", **named),
            _advice(destination),
        )
    if policy in ("first", "last"):
        kept = group[0] if policy == "first" else group[-1]
        return Finding(
            "duplicate_key",
            text(
                "The same {fields} (“{key}”) stands in several rows: {rows}. Row {kept} counts",
                **named,
                kept=kept.number,
            ),
            severity=Severity.WARNING,
        )
    obstacle = _obstacle_to_adding(group, invalid, destination)
    if obstacle is not None:
        return Finding(
            "duplicate_key",
            text(
                "The same {fields} (“{key}”) stands in rows {rows}, which cannot be added up: {reason}",
                **named,
                reason=obstacle,
            ),
            text("Correct them, or leave only one of them"),
        )
    total = sum(_number(row.values[destination.summed or ""]) for row in group)
    return Finding(
        "duplicate_key",
        text(
            "The same {fields} (“{key}”) stands in rows {rows}: they are added up to {total}", **named, total=str(total)
        ),
        severity=Severity.WARNING,
    )


def _advice(destination: Destination) -> Text:
    ways = " / ".join(f"--duplicates {policy}" for policy in POLICIES if policy in destination.duplicates)
    if not ways:
        return text("Leave only one of them")
    return text("Leave only one of them, or say what is meant: {ways}", ways=ways)


def _obstacle_to_adding(group: Sequence[Row], invalid: Collection[int], destination: Destination) -> Text | None:
    bad = [row.number for row in group if row.number in invalid or destination.summed not in row.values]
    if bad:
        return text("there are errors in {rows}", rows=_listed(bad))
    first = {name: value for name, value in group[0].values.items() if name != destination.summed}
    for row in group[1:]:
        other = {name: value for name, value in row.values.items() if name != destination.summed}
        if other != first:
            names = [name for name in sorted({*first, *other}) if first.get(name) != other.get(name)]
            return text("they differ in {fields}", fields=", ".join(names))
    return None


def _similar(by_key: Mapping[_Key, Sequence[Row]], destination: Destination) -> list[tuple[int, Finding]]:
    folded = {key: _BETWEEN.join(map(_folded, key)) for key in by_key}
    if len(set(folded.values())) == len(folded):
        return []
    alike: dict[str, list[_Key]] = {}
    for key, common in folded.items():
        alike.setdefault(common, []).append(key)
    remarks: list[tuple[int, Finding]] = []
    for keys in alike.values():
        if len(keys) > 1:
            rows = sorted((row for key in keys for row in by_key[key]), key=lambda row: row.number)
            finding = _similar_keys(keys, by_key, destination, moves_stock=_moves_stock(rows, destination))
            remarks += [(row.number, finding) for row in rows]
    return remarks


def _similar_keys(
    keys: Sequence[_Key], by_key: Mapping[_Key, Sequence[Row]], destination: Destination, *, moves_stock: bool
) -> Finding:
    places = [
        f"“{' / '.join(filter(None, key))}” ({_listed([row.number for row in by_key[key]])})" for key in keys[:_LISTED]
    ]
    return Finding(
        "similar_key",
        text(
            "These differ only in capitals or spaces ({fields}): {keys}",
            fields=" + ".join(destination.key),
            keys="; ".join(places),
        ),
        text("If they are one product, write it in one way; if they are two, give them codes that cannot be confused"),
        Severity.ERROR if moves_stock else Severity.WARNING,
    )


def _folded(part: str) -> str:
    """Return what parts of keys share that differ in case and blanks alone."""
    plain = part if part.isascii() else unicodedata.normalize("NFKC", part)
    return "".join(plain.casefold().split())


def _moves_stock(rows: Sequence[Row], destination: Destination) -> bool:
    names = destination.group_fields
    groups = {group_of(row.values, destination) for row in rows if len(names) != 1 or names[0] in row.values}
    return any(destination.effect(group) is Effect.DELTA for group in groups)


def _number(value: Value) -> Decimal | int:
    if not isinstance(value, Decimal | int):
        raise TypeError(value)
    return value


def _listed(numbers: Sequence[int]) -> str:
    listed = [str(number) for number in numbers[:_LISTED]]
    return ", ".join([*listed, "…"] if len(numbers) > _LISTED else listed)
