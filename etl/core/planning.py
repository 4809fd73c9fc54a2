"""Valid rows -> items with stable ids -> batches under the vendor's limits. All of it before the first request."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from etl.model import Batch, Item, Json, Row, Value
from etl.vendors.base import Destination

_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")
_BETWEEN = "\t"
"""Stands in no value: reading a cell makes spaces of tabs."""
_LONGEST_GROUP = 240
"""The journal keeps 256 characters of a group's name."""


def plan(rows: Iterable[Row], merged: Mapping[int, Sequence[int]], destination: Destination) -> tuple[Batch, ...]:
    """Return the batches of `rows`: by group, the sheet's order kept within each, at most the destination's limit.

    `merged` tells, for a row that stands for several, all their numbers. Groups go out in the order of their first row.
    """
    groups: dict[str, list[Item]] = {}
    for item in _items(rows, merged, destination):
        groups.setdefault(item.group, []).append(item)
    batches: list[Batch] = []
    for group, items in groups.items():
        size = len(items) if destination.indivisible(group) else destination.batch_limit
        for start in range(0, len(items), size):
            part = tuple(items[start : start + size])
            request = destination.submit.build(group, [item.payload for item in part])
            batches.append(Batch(len(batches) + 1, group, part, request.body or b""))
    return tuple(batches)


def token_of(run: str, batch: int) -> str:
    """Return the mark that a batch may carry in the vendor's records: 20 ASCII characters, equal in every attempt."""
    return f"[imp:{run[:8]}-{batch:04d}]"


def marked(batches: Sequence[Batch], run: str, destination: Destination) -> tuple[Batch, ...]:
    """Return the batches with the marks of their run in their bodies, where the vendor's records have room for one."""
    mark = destination.mark
    if mark is None:
        return tuple(batches)
    found: list[Batch] = []
    for batch in batches:
        request = destination.submit.build(batch.group, [item.payload for item in batch.items])
        found.append(replace(batch, body=mark(request, token_of(run, batch.number)).body or b""))
    return tuple(found)


def _items(rows: Iterable[Row], merged: Mapping[int, Sequence[int]], destination: Destination) -> Iterable[Item]:
    seen: Counter[str] = Counter()
    for row in rows:
        # What is erased stands there as None: on the wire it leaves no key.
        payload = {**destination.payload(row.values), **dict.fromkeys(sorted(row.erased))}
        group = group_of(row.values, destination)
        key = key_of(row.values, payload, destination)
        content = _digest(destination.name, group, list(key), payload)
        digest, key_id = _identities(destination, group, key, payload, content)
        seen[digest] += 1
        identity = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        yield Item(identity, key_id, content, group, key, payload, tuple(merged.get(row.number, (row.number,))))


def group_of(values: Mapping[str, Value], destination: Destination) -> str:
    """Return the name of the group that a row with these values belongs to; KeyError when its one field is blank.

    A document is named by all the fields of its head, blank ones too, with a tab between them.
    """
    names = destination.group_fields
    if len(names) < 2:
        return str(values[names[0]]) if names else ""
    *head, last = [_plain(values.get(name)) for name in names]
    room = _LONGEST_GROUP - sum(map(len, head)) - len(head)
    if len(last) > room:
        last = f"{last[: max(room - 20, 0)]}…{hashlib.sha256(last.encode()).hexdigest()[:16]}"
    return _BETWEEN.join([*head, last])


def group_label(group: str, destination: Destination) -> str:
    """Return how a group is shown: ``operacion=A``, or the head of a document without its blank fields."""
    if not destination.group_fields:
        return destination.name
    parts = group.split(_BETWEEN)
    named = [f"{name}={part}" for name, part in zip(destination.group_fields, parts, strict=False) if part]
    return ", ".join(named) or destination.name


def key_of(values: Mapping[str, Value], payload: Mapping[str, Json], destination: Destination) -> tuple[str, ...]:
    """Return the values of the destination's key as texts; where lines have none, of what they are known by.

    Of several identifiers only the one that is sent counts.
    """
    names = destination.key or destination.known_by
    sent = {name: values[name] for name in names if name in values and not _left_out(name, payload, destination)}
    return tuple(_plain(sent.get(name)) for name in names)


def _left_out(name: str, payload: Mapping[str, Json], destination: Destination) -> bool:
    return name in destination.identifiers and name not in payload


def _plain(value: Value | None) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _identities(
    destination: Destination, group: str, key: Sequence[str], payload: Mapping[str, Json], content: str
) -> tuple[str, str]:
    """Return the ids of an item and of its key: equal key, operation and values give equal ids in every file and run.

    Of a line without a key only what it is known by and its quantity count: neither its note nor its cost makes a new
    movement of it.
    """
    if not destination.known_by:
        return content, _digest(destination.name, group, list(key))
    operation = destination.effect(group).value
    amount = payload.get(destination.amount) if destination.amount is not None else None
    return _digest(destination.name, operation, list(key), amount), _digest(destination.name, operation, list(key))


def _digest(*parts: Json) -> str:
    return hashlib.sha256(_ENCODER.encode(list(parts))).hexdigest()[:32]


def content_hash(batches: Iterable[Batch]) -> str:
    """Return the hash of what a sheet says, however it is saved, sorted or formatted (SUB-10)."""
    contents = sorted(item.content for batch in batches for item in batch.items)
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()
