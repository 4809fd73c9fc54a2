"""A vendor, a clock and destinations made for the tests of submission: every effect, every fault, and the truth."""

from __future__ import annotations

import json
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from etl.messages import text
from etl.model import (
    Answer,
    Doubt,
    Effect,
    Failure,
    ItemReading,
    Json,
    NoAnswer,
    Presence,
    Reading,
    Request,
    Row,
    Sighting,
)
from etl.vendors.base import Column, Conversation, Destination, Exchange, Kind

HORIZON = 900.0
GAP = 60.0
LONGEST_DELAY = 600.0
"""A late request is applied well before the horizon: the assumption under which absence can be proven."""


class Crash(BaseException):
    """The process died."""


@dataclass(slots=True)
class SimClock:
    """Time that only moves when somebody waits."""

    moment: datetime = datetime(2026, 3, 2, 2, 10, tzinfo=UTC)
    tick: Callable[[datetime], None] = lambda _now: None

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.tick(self.moment)


FAULTS = (
    "fine",
    "refused_connection",
    "lost_before",
    "lost_after",
    "timeout_after",
    "504_before",
    "504_after",
    "504_late",
    "500_after",
    "503_before",
    "429",
    "garbage_after",
    "short_answer",
    "half_applied",
    "400",
    "401",
    "crash_before",
    "crash_after",
)


@dataclass(slots=True)
class SimVendor:
    """Applies what it is sent, counts what it applied, and answers as badly as it is told."""

    effect: Effect
    clock: SimClock
    script: deque[str] = field(default_factory=deque)
    stock: dict[str, int] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    applied: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)
    late: list[tuple[datetime, Mapping[str, Json]]] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    on_send: Callable[[], None] = lambda: None

    def arrive(self, now: datetime) -> None:
        """Apply the late requests whose time has come."""
        due = [body for at, body in self.late if at <= now]
        self.late = [(at, body) for at, body in self.late if at > now]
        for body in due:
            self._apply(body)

    def send(self, request: Request, *, effect: Effect, deadline: float) -> Answer | NoAnswer:
        assert deadline > 0
        self.arrive(self.clock.now())
        if effect is Effect.READ:
            return self._answer({"items": self._read(json.loads(request.body or b""))})
        self.on_send()
        self.sent.append(request.body or b"")
        body = json.loads(request.body or b"")
        return self._behave(self.script.popleft() if self.script else "fine", body)

    def _behave(  # noqa: C901 - a table of faults
        self, fault: str, body: Mapping[str, Json]
    ) -> Answer | NoAnswer:
        if fault == "refused_connection":
            return NoAnswer(Failure.NOT_CONNECTED, "refused")
        if fault == "429":
            return Answer(429, b"", {"retry-after": "1"})
        if fault == "401":
            return Answer(401, b"")
        if fault == "400":
            return Answer(400, b'{"error": "no"}')
        if fault == "crash_before":
            raise Crash
        if fault == "504_late":
            self.late.append((self.clock.now() + timedelta(seconds=LONGEST_DELAY), body))
            return Answer(504, b"<html>")
        if fault == "half_applied":
            self._apply({**body, "items": body["items"][: len(body["items"]) // 2]})
            return NoAnswer(Failure.NO_ANSWER, "cut")
        answer = {"items": self._apply(body)} if fault.endswith("after") or fault in {"fine", "short_answer"} else {}
        if fault == "crash_after":
            raise Crash
        if fault in {"fine", "short_answer"}:
            kept = answer["items"] if fault == "fine" else answer["items"][:-1]
            return self._answer({"items": kept})
        if fault.startswith("lost"):
            return NoAnswer(Failure.NO_ANSWER, "cut")
        if fault.startswith("timeout"):
            self.clock.sleep(deadline_of(self.effect))
            return NoAnswer(Failure.TIMED_OUT, "too slow")
        if fault.startswith("garbage"):
            return Answer(200, b"<html>")
        return Answer(int(fault[:3]), b"")

    def _answer(self, data: Json) -> Answer:
        return Answer(200, json.dumps(data).encode())

    def _apply(self, body: Mapping[str, Json]) -> list[Json]:
        return [self._apply_item(item) for item in body["items"]]

    def _apply_item(self, item: Mapping[str, Json]) -> Json:
        key, number = item["key"], item["n"]
        if key in self.unknown:
            return {"key": key, "ok": False, "text": "unknown product"}
        if self.effect is Effect.CREATE and key in self.values:
            return {"key": key, "ok": False, "text": "it exists already"}
        self.applied[key] += 1
        self.values[key] = number
        self.stock[key] = self.stock.get(key, 0) + number
        return {"key": key, "ok": True, "stock": self.stock[key]}

    def _read(self, body: Mapping[str, Json]) -> list[Json]:
        return [
            {
                "key": key,
                "stock": self.stock.get(key, 0) if key not in self.unknown else None,
                "value": self.values.get(key),
                "records": self.applied[key],
            }
            for key in body["keys"]
        ]


def deadline_of(effect: Effect) -> float:
    return 180.0 if effect is Effect.DELTA else 60.0


def _build(group: str, payloads: Sequence[Mapping[str, Json]]) -> Request:
    return Request("POST", "send", json.dumps({"group": group, "items": [dict(p) for p in payloads]}).encode())


def _read(_group: str, payloads: Sequence[Mapping[str, Json]], answer: Answer) -> Reading:
    try:
        data = json.loads(answer.body)
    except ValueError:
        return Reading(understood=False)
    if "items" not in data:
        return Reading(understood=False, texts=(data.get("error", ""),))
    position = {payload["key"]: place for place, payload in enumerate(payloads)}
    items = tuple(
        ItemReading(position[item["key"]], item["ok"], (item.get("text", ""),), data={"stock": item.get("stock")})
        for item in data["items"]
    )
    return Reading(understood=True, items=items)


def _ask(payloads: Sequence[Mapping[str, Json]]) -> Conversation[list[Json]]:
    answer = yield Request("POST", "read", json.dumps({"keys": [p["key"] for p in payloads]}).encode())
    found: list[Json] = json.loads(answer.body)["items"]
    return found


def _baseline(_group: str, payloads: Sequence[Mapping[str, Json]]) -> Conversation[Json]:
    found = yield from _ask(payloads)
    return {str(place): entry["stock"] for place, entry in enumerate(found)}


def _look_totals(doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """Infer from totals, as a vendor without records forces one to."""
    found = yield from _ask(doubt.payloads)
    baseline = doubt.baseline or {}
    seen = [entry["stock"] for entry in found]
    before = [baseline.get(str(place)) for place in range(len(found))]
    if any(value is None for value in (*seen, *before)):
        return tuple(Sighting(place, Presence.UNKNOWN) for place in range(len(found)))
    moved = [after - old for after, old in zip(seen, before, strict=True)]
    expected = [payload["n"] for payload in doubt.payloads]
    if not any(moved):
        verdicts = [Presence.ABSENT] * len(found)
    else:
        first = next((place for place, step in enumerate(moved) if step != expected[place]), len(moved))
        clean = not any(moved[first:])
        verdicts = [Presence.PRESENT if clean and place < first else Presence.UNKNOWN for place in range(len(found))]
    return tuple(
        Sighting(place, verdict, inferred=True, seen={"stock": seen[place]}) for place, verdict in enumerate(verdicts)
    )


def _look_records(doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """See the records of what was applied."""
    found = yield from _ask(doubt.payloads)
    verdict = {0: Presence.ABSENT, 1: Presence.PRESENT}
    return tuple(
        Sighting(place, verdict.get(entry["records"], Presence.DUPLICATED)) for place, entry in enumerate(found)
    )


def _look_values(doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """Compare values."""
    found = yield from _ask(doubt.payloads)
    return tuple(
        Sighting(place, Presence.PRESENT if entry["value"] == payload["n"] else Presence.ABSENT)
        for place, (entry, payload) in enumerate(zip(found, doubt.payloads, strict=True))
    )


def _payload(values: Mapping[str, object]) -> dict[str, Json]:
    return {"key": values["key"], "n": int(str(values["n"]))}


def destination(kind: str, *, limit: int = 3) -> Destination:
    """Return the destination of a kind: ``totals`` and ``records`` (movements), ``create``, ``set``."""
    effect = {"totals": Effect.DELTA, "records": Effect.DELTA, "create": Effect.CREATE, "set": Effect.SET}[kind]
    looks = {"totals": _look_totals, "records": _look_records, "create": _look_values, "set": _look_values}
    return Destination(
        name=f"simulated.{kind}",
        title=text("simulated"),
        columns=(
            Column(name="key", label="key", kind=Kind.CODE, help=text("key"), source="test", required=True),
            Column(name="n", label="n", kind=Kind.INTEGER, help=text("n"), source="test", minimum=Decimal(1)),
        ),
        key=("key",),
        effect=lambda _group: effect,
        batch_limit=limit,
        payload=_payload,
        submit=Exchange(build=_build, read=_read),
        baseline=_baseline if kind == "totals" else None,
        look_up=looks[kind],
        most_uncertain=1 if kind == "totals" else 3,
    )


def rows(count: int) -> list[Row]:
    return [Row(number + 2, {"key": f"k{number}", "n": Decimal(number + 1)}) for number in range(count)]


def jitter() -> random.Random:
    return random.Random(7)
