"""Valid rows -> items with stable ids -> batches under the vendor's limits. All of it before the first request."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from etl.model import Batch, Item, Json, Row, Value
from etl.vendors.base import Destination

_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")


def plan(rows: Sequence[Row], merged: Mapping[int, Sequence[int]], destination: Destination) -> tuple[Batch, ...]:
    """Return the batches of `rows`: by group, the sheet's order kept within each, at most the vendor's limit.

    `merged` tells, for a row that stands for several, all their numbers. Groups go out in the order of their first row.
    """
    groups: dict[str, list[Item]] = {}
    for item in _items(rows, merged, destination):
        groups.setdefault(item.group, []).append(item)
    batches: list[Batch] = []
    for group, items in groups.items():
        for start in range(0, len(items), destination.batch_limit):
            part = tuple(items[start : start + destination.batch_limit])
            request = destination.submit.build(group, [item.payload for item in part])
            batches.append(Batch(len(batches) + 1, group, part, request.body or b""))
    return tuple(batches)


def _items(rows: Iterable[Row], merged: Mapping[int, Sequence[int]], destination: Destination) -> Iterable[Item]:
    seen: Counter[str] = Counter()
    for row in rows:
        payload = destination.payload(row.values)
        group = str(row.values[destination.group_field]) if destination.group_field else ""
        key = key_of(row.values, destination)
        digest = identify(destination.name, group, key, payload)
        seen[digest] += 1
        identity = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        yield Item(identity, group, key, payload, tuple(merged.get(row.number, (row.number,))))


def key_of(values: Mapping[str, Value], destination: Destination) -> tuple[str, ...]:
    """Return the values of the destination's key as texts."""
    return tuple(_plain(values.get(name)) for name in destination.key)


def _plain(value: Value | None) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def identify(destination: str, group: str, key: Sequence[str], payload: Mapping[str, Json]) -> str:
    """Return an item's stable id: equal key, group and values give the same id in every file and every run."""
    return hashlib.sha256(_ENCODER.encode([destination, group, list(key), payload])).hexdigest()[:32]


def identify_key(destination: str, group: str, key: Sequence[str]) -> str:
    """Return the id of a key within its group, whatever else the item holds."""
    return hashlib.sha256(_ENCODER.encode([destination, group, list(key)])).hexdigest()[:32]


def content_hash(batches: Iterable[Batch]) -> str:
    """Return the hash of what a sheet says, however it is saved, sorted or formatted (SUB-10)."""
    ids = sorted(item.id for batch in batches for item in batch.items)
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()
