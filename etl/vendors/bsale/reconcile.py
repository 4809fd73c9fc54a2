"""Decides, from Bsale's own records, what became of a document whose answer was lost (reliability.md 1.5)."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from etl.messages import Text, text
from etl.model import Answer, Doubt, Json, Presence, Request, Sighting
from etl.vendors.answers import number_of
from etl.vendors.base import Conversation
from etl.vendors.bsale.lists import Query, Record, page_of, page_request, record_of, rest_of_list
from etl.vendors.bsale.payload import CONSUMPTIONS, RECEPTIONS, fitted, reception_of
from etl.vendors.bsale.response import record_id

_MARK = "[imp:"
_NOISE = Decimal("0.000001")
"""Read-back floats may be long (facts 2.4): sums that differ by less are equal."""
_LISTED = 8
_COMPARED = 20
"""Unmarked documents whose lines are read before absence is concluded; with more of them nothing is."""


def mark_receptions(group: str, payloads: Sequence[Mapping[str, Json]]) -> Conversation[Json]:
    """Note how far the office's receptions go before the first attempt; nothing for a correction."""
    if reception_of(group) is not None:
        return {}
    return (yield from high_water(RECEPTIONS, payloads))


def mark_consumptions(group: str, payloads: Sequence[Mapping[str, Json]]) -> Conversation[Json]:  # noqa: ARG001
    """Note how far the office's consumptions go before the first attempt."""
    return (yield from high_water(CONSUMPTIONS, payloads))


def look_up_reception(doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """Look for the reception that carries our mark; of a correction, compare the reception with what was sent."""
    corrected = reception_of(doubt.group)
    if corrected is not None:
        return (yield from _compare(corrected, doubt))
    return (yield from find_document(RECEPTIONS, doubt))


def look_up_consumption(doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """Look for the consumption that carries our mark."""
    return (yield from find_document(CONSUMPTIONS, doubt))


def read_lines(resource: str, record: str) -> Generator[Request, Answer, list[Record] | None]:
    """Read all lines of a document; under `expand` only 25 would come (facts 2.1)."""
    return (yield from rest_of_list(f"{resource}/{record}/details.json"))


def reception_details(
    group: str,  # noqa: ARG001 - new or corrected, its lines are read in one way
    payloads: Sequence[Mapping[str, Json]],
    record: str,
) -> Conversation[Mapping[int, Mapping[str, Json]]]:
    """Read what the answer to a reception does not tell: each line's stock after it."""
    return line_data(payloads, (yield from read_lines(RECEPTIONS, record)) or ())


def consumption_details(
    group: str,  # noqa: ARG001 - as reception_details
    payloads: Sequence[Mapping[str, Json]],
    record: str,
) -> Conversation[Mapping[int, Mapping[str, Json]]]:
    """Read what the answer to a consumption does not tell: each line's stock after it."""
    return line_data(payloads, (yield from read_lines(CONSUMPTIONS, record)) or ())


def line_data(payloads: Sequence[Mapping[str, Json]], lines: Sequence[Record]) -> dict[int, dict[str, Json]]:
    """Return, by position, what the vendor's lines tell of those that were sent: the stock after them, and the variant.

    Lines are matched by variant, else by their place when quantities agree one by one; what does not fit tells nothing.
    """
    in_order = len(lines) == len(payloads) and all(
        _same(sent.get("quantity"), told.get("quantity")) for sent, told in zip(payloads, lines, strict=True)
    )
    by_variant: dict[str, list[Record]] = {}
    for told in lines:
        by_variant.setdefault(_variant(told), []).append(told)
    found: dict[int, dict[str, Json]] = {}
    for at, sent in enumerate(payloads):
        own = by_variant.get(str(sent["variantId"]), []) if "variantId" in sent else []
        line = lines[at] if in_order else (own[-1] if own else None)
        stock = None if line is None else number_of(line.get("variantStock"))
        if line is not None and stock is not None:
            variant = record_id(_variant(line))
            found[at] = {"variantStock": stock} | ({} if variant is None else {"variant": variant})
    return found


# --- new documents -------------------------------------------------------------------------------------------------


def high_water(resource: str, payloads: Sequence[Mapping[str, Json]]) -> Conversation[Json]:
    """Return ``{"0": {"count": 126, "last": "830"}, …}``, the same for each line; None when it cannot be known."""
    query = _office(payloads)
    first = page_of((yield page_request(f"{resource}.json", query, 0, 1)))
    if first is None:
        return None
    last = None
    if first.count:
        end = page_of((yield page_request(f"{resource}.json", query, first.count - 1, 1)))
        last = record_id(end.items[0].get("id")) if end is not None and end.items else None
        if last is None:
            return None
    return {str(at): {"count": first.count, "last": last} for at in range(len(payloads))}


def find_document(resource: str, doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """Look for the document that carries the mark of a batch: one is presence, several are an alarm."""
    records = yield from _since(resource, _office(doubt.payloads), doubt.baseline)
    if records is None:
        return _all(doubt, Presence.UNKNOWN, text("The vendor's list could not be read back."))
    ours = {str(record_id(record.get("id"))): record for record in records if doubt.token in _note(record)}
    if len(ours) > 1:
        listed = ", ".join(sorted(ours, key=int)[:_LISTED])
        note = text(
            "The vendor has this document several times ({records}): its stock was moved each time. "
            "Correct it there by hand; nothing is undone here.",
            records=listed,
        )
        return _all(doubt, Presence.DUPLICATED, note, seen={"records": listed})
    if not ours:
        return (yield from _missing(resource, doubt, records))
    ((number, record),) = ours.items()
    lines = yield from read_lines(resource, number)
    return _found(doubt, number, record, lines)


def _since(resource: str, query: Query, baseline: Json) -> Generator[Request, Answer, list[Record] | None]:
    """Read the records after the high-water mark; all of the office's when the list is not in the order of numbers."""
    mark = baseline.get("0") if isinstance(baseline, dict) else None
    count = number_of(mark.get("count")) if isinstance(mark, dict) else None
    last = record_id(mark.get("last")) if isinstance(mark, dict) else None
    path = f"{resource}.json"
    if isinstance(count, int) and count > 0 and last is not None:
        records = yield from rest_of_list(path, query, count - 1)
        if records is not None and _goes_on(last, records):
            return records[1:]
    return (yield from _whole(path, query))


def _whole(path: str, query: Query) -> Generator[Request, Answer, list[Record] | None]:
    records = yield from rest_of_list(path, query)
    known = None if records is None else [record_id(record.get("id")) for record in records]
    return records if known is not None and None not in known and len(set(known)) == len(known) else None


def _goes_on(last: str, records: Sequence[Record]) -> bool:
    """Say whether a part of the list begins with the record of the mark and its numbers ascend from there."""
    numbers = [record_id(record.get("id")) for record in records]
    known = [int(number) for number in numbers if number is not None]
    ascending = all(before < after for before, after in pairwise(known))
    return bool(known) and len(known) == len(numbers) and known[0] == int(last) and ascending


def _missing(resource: str, doubt: Doubt, records: Iterable[Record]) -> Conversation[tuple[Sighting, ...]]:
    """Conclude from no record with our mark: absent, unless a record without any mark has our head and lines.

    Whether notes are kept as they are sent is not documented (page, samples): one that lost its mark is never taken
    for ours, and never overlooked.
    """
    mark = doubt.baseline.get("0") if isinstance(doubt.baseline, dict) else None
    last = record_id(mark.get("last")) if isinstance(mark, dict) else None
    strangers = [one for one in records if _may_be(one, doubt.payloads[0], int(last or 0))]
    alike: list[str] = []
    for record in strangers[:_COMPARED]:
        number = str(record_id(record.get("id")))
        lines = yield from read_lines(resource, number)
        if lines is None or _same(_total(lines), _total(doubt.payloads)):
            alike.append(number)
    alike += [str(record_id(record.get("id"))) for record in strangers[_COMPARED:]]
    if not alike:
        return _all(doubt, Presence.ABSENT)
    listed = ", ".join(alike[:_LISTED])
    note = text(
        "No document carries the mark {mark}, but these look like it and carry none: {records}. Look at them there.",
        mark=doubt.token,
        records=listed,
    )
    return _all(doubt, Presence.UNKNOWN, note, seen={"records": listed})


def _may_be(record: Record, sent: Mapping[str, Json], last: int) -> bool:
    """Say whether a record may be ours by its head: made after the high-water mark, and marked by no run."""
    number = record_id(record.get("id"))
    if _MARK in _note(record) or (number is not None and int(number) <= last):
        return False
    names = [name for name in ("document", "documentNumber") if name in record]
    return all(_plain(record.get(name)) == _plain(sent.get(name, "")) for name in names)


def _found(doubt: Doubt, number: str, record: Record, lines: Sequence[Record] | None) -> tuple[Sighting, ...]:
    if lines is None:
        return _all(doubt, Presence.UNKNOWN, text("Document {number} could not be read back whole.", number=number))
    sent, told = _total(doubt.payloads), _total(lines)
    expected: dict[str, Json] = {"lines": len(doubt.payloads), "units": sent}
    seen: dict[str, Json] = {"lines": len(lines), "units": told}
    if not _same(sent, told) or len(lines) < _distinct(doubt.payloads):
        note = text("Document {number} carries our mark, and its lines are not those that were sent.", number=number)
        return _all(doubt, Presence.UNKNOWN, note, seen=seen, expected=expected)
    own = line_data(doubt.payloads, lines)
    link = record.get("href")
    common: dict[str, Json] = {"href": link} if isinstance(link, str) else {}
    return tuple(
        Sighting(
            at,
            Presence.PRESENT,
            seen={**common, **own.get(at, {})},
            expected=expected,
            note=text("Found at the vendor by its mark, document {number}.", number=number),
            vendor_id=number,
        )
        for at in range(len(doubt.payloads))
    )


# --- corrections ---------------------------------------------------------------------------------------------------


def _compare(number: str, doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """Compare a reception with the correction that was sent: equal is present, else it was not applied (set again)."""
    record = record_of((yield Request("GET", f"{RECEPTIONS}/{number}.json")))
    lines = (yield from read_lines(RECEPTIONS, number)) if record is not None else None
    if record is None or lines is None:
        return _all(doubt, Presence.UNKNOWN, text("Document {number} could not be read back whole.", number=number))
    if not (_same_lines(doubt.payloads, lines) and _same_head(record, doubt.payloads[0])):
        return _all(doubt, Presence.ABSENT)
    own = line_data(doubt.payloads, lines)
    return tuple(
        Sighting(at, Presence.PRESENT, seen=own.get(at, {}), vendor_id=number) for at in range(len(doubt.payloads))
    )


def _same_head(record: Record, sent: Mapping[str, Json]) -> bool:
    wanted = {**sent, "note": fitted(str(sent["note"]))} if "note" in sent else sent
    names = [name for name in ("document", "documentNumber", "note") if name in wanted]
    return all(_plain(record.get(name)) == _plain(wanted[name]) for name in names)


def _same_lines(sent: Sequence[Mapping[str, Json]], told: Sequence[Record]) -> bool:
    """Compare units by variant, since a line may come back as several (facts 2.8), and costs where one was sent."""
    ours, theirs = _units(sent), _units(told)
    if ours.keys() != theirs.keys() or not all(_same(units, theirs[variant]) for variant, units in ours.items()):
        return False
    costs = {_variant(line): line["cost"] for line in sent if "cost" in line}
    return all(_same(line.get("cost"), costs[_variant(line)]) for line in told if _variant(line) in costs)


def _units(lines: Iterable[Mapping[str, Json]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in lines:
        found[_variant(line)] = found.get(_variant(line), Decimal(0)) + Decimal(number_of(line.get("quantity")) or 0)
    return found


# --- comparing -----------------------------------------------------------------------------------------------------


def _all(
    doubt: Doubt,
    presence: Presence,
    note: Text | None = None,
    seen: Mapping[str, Json] | None = None,
    expected: Mapping[str, Json] | None = None,
) -> tuple[Sighting, ...]:
    return tuple(
        Sighting(at, presence, seen=seen or {}, expected=expected or {}, note=note) for at in range(len(doubt.payloads))
    )


def _office(payloads: Sequence[Mapping[str, Json]]) -> Query:
    return (("officeid", str(payloads[0].get("officeId", ""))),)


def _note(record: Record) -> str:
    note = record.get("note")
    return note if isinstance(note, str) else ""


def _variant(line: Mapping[str, Json]) -> str:
    node = line.get("variant")
    return str(node.get("id") if isinstance(node, dict) else line.get("variantId"))


def _distinct(payloads: Iterable[Mapping[str, Json]]) -> int:
    return len({(str(line.get("variantId")), line.get("code"), line.get("barCode")) for line in payloads})


def _total(lines: Iterable[Mapping[str, Json]]) -> Decimal:
    return sum((Decimal(number_of(line.get("quantity")) or 0) for line in lines), Decimal(0))


def _same(ours: Json, theirs: Json) -> bool:
    one, other = number_of(ours), number_of(theirs)
    return one is not None and other is not None and abs(Decimal(one) - Decimal(other)) < _NOISE


def _plain(value: Json) -> str:
    """Return a head's value without what storing it may change: blanks, zeros and type of a number (sent "123")."""
    number = number_of(value)
    return "" if value is None else str(value).strip() if number is None else str(number)
