"""Decides, from what ``productos/consultar`` tells, what became of items whose answer was lost (reliability 1.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from etl.messages import Text, text
from etl.model import Doubt, Json, Presence, Sighting
from etl.vendors.answers import number_of, shown
from etl.vendors.base import Conversation
from etl.vendors.tusfacturas.payload import KEY, PRODUCT_FIELDS
from etl.vendors.tusfacturas.reading import Look, Product, look
from etl.vendors.tusfacturas.response import same_product_value


def read_stock(group: str, payloads: Sequence[Mapping[str, Json]]) -> Conversation[Json]:  # noqa: ARG001
    """Ask for the stock before a movement: ``{"0": 154, "1": None}`` by position.

    None for a product that does not exist, keeps no stock or was not told; None as a whole when an answer cannot be
    understood.
    """
    looks = yield from look(payloads)
    return None if looks is None else {str(position): look.units for position, look in enumerate(looks)}


def look_up_movements(doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """Infer from the stock before and after whether a lost movement was applied; every verdict is `inferred`.

    All as expected: present. All as before: absent. The first few as expected and the rest as before: the first are
    present (the server died on the way). Anything else: unknown, somebody else may have moved stock. Products that
    cannot be moved at all stay out of the comparison: they are absent.
    """
    looks = (yield from look(doubt.payloads)) or [Look()] * len(doubt.payloads)
    sign = -1 if doubt.group == "B" else 1
    movements = [
        _Movement(at, look, _before(doubt.baseline, at), sign * (number_of(doubt.payloads[at].get("cantidad")) or 0))
        for at, look in enumerate(looks)
    ]
    compared = [movement for movement in movements if not movement.refused]
    applied = _applied_count([movement.verdict for movement in compared])
    presences = {
        movement.position: _movement_presence(at, len(compared), applied) for at, movement in enumerate(compared)
    }
    return tuple(movement.sighting(presences.get(movement.position, Presence.ABSENT)) for movement in movements)


@dataclass(frozen=True, slots=True)
class _Movement:
    position: int
    look: Look
    before: int | Decimal | None
    change: int | Decimal

    @property
    def refused(self) -> bool:
        return self.before is None and self.look.immovable

    @property
    def verdict(self) -> bool | None:
        """Whether the stock moved by exactly what was sent (True), not at all (False), or otherwise (None)."""
        after = self.look.units
        if after is None or self.before is None:
            return None
        return {self.change: True, 0: False}.get(after - self.before)

    def sighting(self, presence: Presence) -> Sighting:
        expected = {} if self.before is None else {"stock_actual": self.before + self.change}
        return Sighting(
            self.position,
            presence,
            inferred=True,
            seen={} if self.look.units is None else {"stock_actual": self.look.units},
            expected=expected,
            before={} if self.before is None else {"stock_actual": self.before},
            note=self._note(presence),
        )

    def _note(self, presence: Presence) -> Text | None:
        if presence is not Presence.UNKNOWN:
            return text("The product does not exist or keeps no stock.") if self.refused else None
        if self.before is None:
            return text("The stock before sending is not known, so nothing can be concluded from the stock now.")
        if self.look.units is None:
            return text("The stock could not be read back.")
        if self.verdict is None:
            return text("The stock was moved by something else too, by a sale or by another user.")
        return text("Other products of the same request moved otherwise, so nothing is certain of this one.")


def _before(baseline: Json, position: int) -> int | Decimal | None:
    known = baseline.get(str(position)) if isinstance(baseline, dict) else None
    return number_of(known)


def _applied_count(verdicts: Sequence[bool | None]) -> int | None:
    """Return how many of the first movements were applied, the rest not; None when that is no explanation."""
    count = next((at for at, verdict in enumerate(verdicts) if not verdict), len(verdicts))
    return count if all(verdict is False for verdict in verdicts[count:]) else None


def _movement_presence(at: int, total: int, applied: int | None) -> Presence:
    if applied is None:
        return Presence.UNKNOWN
    if at < applied:
        return Presence.PRESENT
    return Presence.UNKNOWN if 0 < applied < total else Presence.ABSENT


def look_up_products(doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """Compare what was sent with what the vendor has: products that were added (group A) or modified (M).

    Equal: present (an added product's stock must be the one that was sent, since it is added in a step of its own;
    else unknown). Missing: absent. Other values: somebody else's product (A: different), or not modified (M: absent).
    """
    looks = (yield from look(doubt.payloads)) or [Look()] * len(doubt.payloads)
    judge = _judge_added if doubt.group == "A" else _judge_modified
    return tuple(
        _judge(at, sent, look, judge) for at, (sent, look) in enumerate(zip(doubt.payloads, looks, strict=True))
    )


@dataclass(frozen=True, slots=True)
class _Judgement:
    presence: Presence
    fields: tuple[str, ...] = ()
    """The fields it rests on."""
    note: Text | None = None


def _judge(at: int, sent: Product, look: Look, judge: Callable[[Product, Product, Look], _Judgement]) -> Sighting:
    if look.missing:
        return Sighting(at, Presence.ABSENT)
    if look.product is None:
        return Sighting(at, Presence.UNKNOWN, note=text("The product could not be read back."))
    said = judge(sent, look.product, look)
    return Sighting(
        at,
        said.presence,
        seen={name: shown(look.product.get(name)) for name in said.fields},
        expected={name: sent[name] for name in said.fields},
        note=said.note,
    )


def _judge_added(sent: Product, told: Product, look: Look) -> _Judgement:
    if differing := _differing(sent, told):
        note = text(
            "It already exists with other values (there ≠ here): {fields}.", fields=_told_apart(sent, told, differing)
        )
        return _Judgement(Presence.DIFFERENT, differing, note)
    units = number_of(sent.get("stock_actual")) if sent.get("afecta_stock") == "S" else None
    if units and units != look.units:
        note = text("The product exists, but its stock is not the one that was sent: it may lack its initial stock.")
        return _Judgement(Presence.UNKNOWN, ("stock_actual",), note)
    return _judge_untold(sent, told)


def _judge_modified(sent: Product, told: Product, look: Look) -> _Judgement:  # noqa: ARG001 - as _judge_added
    if differing := _differing(sent, told):
        note = text("It still has other values (there ≠ here): {fields}.", fields=_told_apart(sent, told, differing))
        return _Judgement(Presence.ABSENT, differing, note)
    return _judge_untold(sent, told)


def _judge_untold(sent: Product, told: Product) -> _Judgement:
    untold = tuple(name for name in _comparable(sent) if sent[name] is not None and told.get(name) is None)
    if not untold:
        return _Judgement(Presence.PRESENT)
    note = text("The vendor does not tell {fields}, so they cannot be compared.", fields=", ".join(untold))
    return _Judgement(Presence.UNKNOWN, untold, note)


def _comparable(sent: Product) -> list[str]:
    """Return the fields that can be compared: `stock_actual` moves by itself and is used only to create."""
    return [name for name in PRODUCT_FIELDS if name in sent and name not in {*KEY, "stock_actual"}]


def _differing(sent: Product, told: Product) -> tuple[str, ...]:
    return tuple(
        name
        for name in _comparable(sent)
        if told.get(name) is not None and not same_product_value(sent[name], told[name])
    )


def _told_apart(sent: Product, told: Product, fields: Sequence[str]) -> str:
    return "; ".join(f"{name}: {shown(told[name])} ≠ {'' if sent[name] is None else sent[name]}" for name in fields)
