"""Decides what becomes of rows with the same key, or with keys that only look different (contract section 3)."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from etl.core.planning import group_of
from etl.errors import UsageError
from etl.messages import Text, text
from etl.model import Effect, Finding, Row, Severity, Value
from etl.vendors.base import Destination

POLICIES = ("error", "sum", "first", "last")
"""The values of ``--duplicates``."""
_LISTED = 12

_Key = tuple[str, ...]


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

    `rows` are all that have data, also `invalid` ones (their numbers): a key that two rows share is nobody's.
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


def _grouped(rows: Sequence[Row], destination: Destination) -> dict[_Key, list[Row]]:
    """Return the rows by their key; a row whose key is not whole is in no group."""
    by_key: dict[_Key, list[Row]] = {}
    names, of_kinds = destination.key, bool(destination.alternative_keys)
    for row in rows if names else ():
        values = row.values
        own = destination.key_fields(values) if of_kinds else names
        try:
            key = tuple([str(values[name]) if name in own else "" for name in names])
        except KeyError:
            continue
        if not own:
            continue
        group = by_key.get(key)
        if group is None:
            by_key[key] = [row]
        else:
            group.append(row)
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
    folded = {key: _folded(key) for key in by_key}
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


def _folded(key: _Key) -> str:
    """Return what keys share that differ in case and blanks alone; the parts stay apart."""
    plain = "\x00".join(key)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
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
