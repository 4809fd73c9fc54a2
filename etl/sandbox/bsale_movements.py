"""What a POST or PUT of the simulated Bsale must hold and what it does: one bad line, and nothing is applied."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from etl.model import Json
from etl.sandbox.bsale_account import (
    ACTIVE,
    CONSUMPTION,
    PACK,
    RECEPTION,
    Account,
    Detail,
    Document,
    Kind,
    Moved,
    Variant,
)
from etl.sandbox.bsale_query import GateError

NOTE_LIMIT = 100
"""Two clients cut notes there (facts 2.5); the page says nothing. Longer ones are refused here."""
_LOST_NOTE = "Movimiento por API"
_MOST = Decimal(10) ** 9
_LARGEST_INTEGER = 2**31 - 1
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)

_HEAD_FIELDS: Mapping[Kind, frozenset[str]] = {
    RECEPTION: frozenset({"document", "officeId", "documentNumber", "note", "details"}),
    CONSUMPTION: frozenset({"officeId", "documentNumber", "note", "consumptionTypeId", "details"}),
}
_IDENTIFIERS = ("variantId", "barCode", "code")
_LINE_FIELDS: Mapping[Kind, frozenset[str]] = {
    RECEPTION: frozenset({"quantity", "cost", "serialNumber", *_IDENTIFIERS}),
    CONSUMPTION: frozenset({"quantity", "serialNumber", *_IDENTIFIERS}),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was understood."""

    variant: Variant
    quantity: Decimal
    cost: Decimal
    serial_number: str | None
    sent: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a document came, and what is spoilt of it on purpose."""

    method: str
    day: date
    body_sha256: str
    lines: int | None = None
    """Only so many lines are applied; None: all."""
    moves_stock: bool = True


def write(account: Account, kind: Kind, body: Json, arrival: Arrival, number: int | None = None) -> Document:
    """Apply a new document, or the one with this `number` anew, and return it.

    `GateError` (400) when any of it is wrong: then nothing is changed, and the words name no line (facts 2.6).
    """
    if not isinstance(body, dict):
        raise GateError(400, "undefined method has_key? for Array" if isinstance(body, list) else "Invalid JSON object")
    head = _head(account, kind, body)
    lines = [_line(account, kind, line, only_id=number is not None) for line in _lines(body)]
    _check_stock(account, kind, head.office, lines, account.documents[kind].get(number or 0))
    if number is not None:
        _take_back(account, account.documents[kind][number])
    document = replace(head, id=number or account.next_document(kind), day=arrival.day)
    applied = tuple(_apply(account, kind, document, lines[: arrival.lines], arrival))
    stored = _LOST_NOTE if account.mood.notes == "lost" else document.note
    account.documents[kind][document.id] = whole = replace(document, note=stored, details=applied)
    return whole


def _head(account: Account, kind: Kind, body: Mapping[str, Json]) -> Document:
    """Return the document without its lines, its id and its day."""
    if unknown := sorted(set(body) - _HEAD_FIELDS[kind]):
        raise GateError(400, f"Invalid JSON object: {unknown[0]}")
    office = account.offices.get(_integer(body.get("officeId"), "officeId"))
    if office is None or office.state != ACTIVE:
        raise GateError(400, "invalid office")
    note = _text(body, "note")
    if len(note) > NOTE_LIMIT:
        raise GateError(400, f"note is too long, the maximum is {NOTE_LIMIT}")
    chosen = body.get("consumptionTypeId", 1)
    consumption_type = account.types.get(_integer(chosen, "consumptionTypeId"))
    if consumption_type is None or not consumption_type.active:
        raise GateError(400, "invalid consumption type")
    return Document(
        id=0,
        day=date.min,
        office=office.id,
        note=note,
        document=_text(body, "document") or "Sin Documento",
        document_number=_document_number(body.get("documentNumber", "")),
        consumption_type=consumption_type.id,
    )


def _text(body: Mapping[str, Json], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise GateError(400, f"invalid {name}")
    return value


def _document_number(value: Json) -> str:
    """Return the number as text: an Integer by the page's table, a text of digits in its sample."""
    told = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(told, str) or (told and not _DIGITS.fullmatch(told)):
        raise GateError(400, "no implicit conversion of String into Integer")
    return told


def _integer(value: Json, name: str) -> int:
    if isinstance(value, str):
        raise GateError(400, "no implicit conversion of String into Integer")
    if isinstance(value, bool) or not isinstance(value, int):
        raise GateError(400, f"invalid {name}")
    return value


def _lines(body: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    lines = body.get("details")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, dict) for line in lines):
        raise GateError(400, "no implicit conversion of String into Integer")
    return lines


def _line(account: Account, kind: Kind, line: Mapping[str, Json], *, only_id: bool) -> Line:
    if unknown := sorted(set(line) - _LINE_FIELDS[kind]):
        raise GateError(400, f"Invalid JSON object: {unknown[0]}")
    names = [name for name in _IDENTIFIERS if name in line]
    if len(names) != 1 or (only_id and names != ["variantId"]):
        raise GateError(400, "invalid variant")
    variant = _variant(account, names[0], line[names[0]])
    cost = line.get("cost", 0)
    if isinstance(cost, bool) or not isinstance(cost, int | Decimal) or not 0 <= cost <= _MOST:
        raise GateError(400, "invalid cost")
    serial = line.get("serialNumber")
    if ("serialNumber" in line or variant.serial_number) and not (isinstance(serial, str) and serial.strip()):
        raise GateError(400, "invalid serial number")
    quantity = _quantity(account, variant, line.get("quantity"))
    return Line(variant, quantity, Decimal(cost), serial, MappingProxyType(dict(line)))


def _variant(account: Account, name: str, value: Json) -> Variant:
    """Return the variant a line means: of several with one code, the oldest in use."""
    if name == "variantId":
        number = _integer(value, name)
        found = next(iter(account.active(lambda one: one.id == number)), None)
    else:
        wanted = _code(name, value)
        found = next(iter(account.active(lambda one: wanted == (one.code if name == "code" else one.bar_code))), None)
    if found is None or account.products[found.product].classification == PACK:
        raise GateError(400, "invalid variant")
    return found


def _code(name: str, value: Json) -> str:
    if isinstance(value, str) and value.strip():
        return value
    if name == "code" and isinstance(value, int) and not isinstance(value, bool):
        if value > _LARGEST_INTEGER:
            raise GateError(400, "code is out of range for an integer column")
        return str(value)
    raise GateError(400, "invalid variant")


def _quantity(account: Account, variant: Variant, value: Json) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value <= _MOST:
        raise GateError(400, "invalid quantity")
    if value % 1 and not account.products[variant.product].allow_decimal:
        raise GateError(400, "invalid quantity")
    return Decimal(value)


def _check_stock(account: Account, kind: Kind, office: int, lines: Iterable[Line], before: Document | None) -> None:
    """Refuse what would leave less than nothing of a variant that does not allow it; the words name the codes."""
    change: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for detail in before.details if before is not None else ():
        change[before.office if before is not None else office, detail.variant] -= detail.quantity
    for line in lines:
        change[office, line.variant.id] += line.quantity if kind == RECEPTION else -line.quantity
        if kind == CONSUMPTION and line.variant.serial_number:
            _check_serial(account, office, line)
    short = [
        account.variants[variant].code
        for (place, variant), moved in change.items()
        if moved < 0
        and not (account.variants[variant].allow_negative_stock or account.variants[variant].unlimited_stock)
        and account.stock(place, variant).available + moved < 0
    ]
    if short:
        raise GateError(400, f"no stock for these products: {', '.join(short)}")


def _check_serial(account: Account, office: int, line: Line) -> None:
    if (office, line.variant.id, line.serial_number) not in account.serials:
        raise GateError(400, "invalid serial number")


def _take_back(account: Account, document: Document) -> None:
    for detail in document.details:
        account.stock(document.office, detail.variant).quantity -= detail.quantity
        if detail.serial_number is not None:
            account.serials.discard((document.office, detail.variant, detail.serial_number))


def _apply(
    account: Account, kind: Kind, document: Document, lines: Iterable[Line], arrival: Arrival
) -> Iterable[Detail]:
    """Move the stock of each line and record it; the lines as they are kept."""
    first = account.next_detail()
    for number, line in enumerate(lines, first):
        stock = account.stock(document.office, line.variant.id)
        if arrival.moves_stock:
            stock.quantity += line.quantity if kind == RECEPTION else -line.quantity
            _move_serial(account, kind, document.office, line)
        moved = Moved(
            number=len(account.applied) + 1,
            kind=kind,
            document=document.id,
            method=arrival.method,
            office=document.office,
            variant=line.variant.id,
            quantity=line.quantity,
            note=document.note,
            body_sha256=arrival.body_sha256,
            sent=line.sent,
        )
        account.applied.append(moved)
        yield Detail(
            id=number,
            variant=line.variant.id,
            quantity=line.quantity,
            cost=line.cost if kind == RECEPTION else line.variant.cost,
            variant_stock=stock.quantity,
            serial_number=line.serial_number,
        )


def _move_serial(account: Account, kind: Kind, office: int, line: Line) -> None:
    if line.serial_number is None:
        return
    unit = (office, line.variant.id, line.serial_number)
    if kind == RECEPTION:
        account.serials.add(unit)
    else:
        account.serials.discard(unit)
