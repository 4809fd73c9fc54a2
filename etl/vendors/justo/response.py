"""Decides what Justo's answers say of the items that were sent. Total: any status, any bytes, never an error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from etl.model import Answer, ItemReading, Json, Reading
from etl.vendors.answers import FAR, clean, json_object
from etl.vendors.justo.columns import MODIFIER, PRODUCT

Told = Mapping[str, Json]

_WORDS = {200: "ok", 207: "multi-status", 400: "error"}
"""What `status` says in an answer of each HTTP status: the page, Respuestas."""
_LONGEST = 2000


def read_submission(group: str, payloads: Sequence[Mapping[str, Json]], answer: Answer) -> Reading:  # noqa: ARG001
    """Return what an answer to ``products/itemsStock`` says: 200 and 207 of what was set, 207 and 400 of refusals.

    Items are matched by what the answer tells of them, never by their place: stocks by the ids of store and product or
    option (Justo's or external), refusals by the echoed item. What is told both ways, or not at all, is not answered.
    """
    body = json_object(answer.body)
    told = _told(answer.status, body)
    if told is None or not any(told):
        return Reading(understood=False, texts=_words_of_refusal(answer.status, body))
    stocks, refusals = told
    accepted, refused = _match_stocks(payloads, stocks), _match_refusals(payloads, refusals)
    readings = [
        _accepted(at, accepted[at]) if at in accepted else ItemReading(at, accepted=False, texts=refused[at])
        for at in range(len(payloads))
        if (at in accepted) is not (at in refused)
    ]
    return Reading(understood=True, items=tuple(readings))


def _told(status: int, body: Told) -> tuple[list[Told], list[Told]] | None:
    """Return the stocks and the refusals that an answer lists; None when it is not one of the page's."""
    word, data = body.get("status"), body.get("data")
    if not isinstance(word, str) or word.strip().casefold() != _WORDS.get(status):
        return None
    if status == 200 and isinstance(data, list):
        return _objects(data), []
    if not isinstance(data, dict):
        return None
    if status == 200 and not {"processedData", "errors"} & data.keys():
        return [data], []
    stocks = [] if status == 400 else _objects(data.get("processedData"))
    return stocks, _objects(data.get("errors"))


def _words_of_refusal(status: int, body: Told) -> tuple[str, ...]:
    """Return the vendor's words about a request that it refused as a whole."""
    if not 400 <= status < 500 or str(body.get("status")).strip().casefold() != "error":
        return ()
    return _texts(body.get("error"))


def _accepted(position: int, stock: Told) -> ItemReading:
    named = {
        "store": _own_id(stock.get("store")),
        "product": _own_id(stock.get("product")),
        "modifierOption": _own_id(stock.get("modifierOption")),
    }
    data: dict[str, Json] = {name: told for name, told in named.items() if told is not None}
    units = _number(stock.get("stock"))
    if units is not None:
        data = {"stock": units, **data}
    return ItemReading(position, accepted=True, vendor_id=_text(stock.get("_id")), data=data)


# --- matching ------------------------------------------------------------------------------------------------------


def _match_stocks(payloads: Sequence[Mapping[str, Json]], stocks: Sequence[Told]) -> dict[int, Told]:
    """Return, by position, the stock told of an item; each stock is told of one item only.

    Two items may be one product, by its own and by an external id: then each takes one of the answers, the one with
    its own number if there is one. More answers than items (the page's own sample) change nothing.
    """
    candidates = [[at for at, sent in enumerate(payloads) if _is_of(stock, sent)] for stock in stocks]
    order = sorted(range(len(stocks)), key=lambda number: len(candidates[number]))
    found: dict[int, Told] = {}
    used: set[int] = set()
    for same_number in (True, False):
        for number in order:
            units = _number(stocks[number].get("stock"))
            free = [
                at
                for at in candidates[number]
                if at not in found and (not same_number or units == _number(payloads[at].get("stock")))
            ]
            if number not in used and free:
                found[free[0]] = stocks[number]
                used.add(number)
    return found


def _is_of(stock: Told, sent: Mapping[str, Json]) -> bool:
    kind = sent.get("type")
    if stock.get("type", kind) != kind or not _names(stock.get("store"), sent.get("storeId")):
        return False
    if kind == PRODUCT:
        return _names(stock.get("product"), sent.get("productId"))
    modifier = stock.get("modifier")  # null in the page's sample of a 207
    known = modifier is None or _names(modifier, sent.get("modifierId"))
    return kind == MODIFIER and known and _names(stock.get("modifierOption"), sent.get("modifierOptionId"))


def _names(node: Json, wanted: Json) -> bool:
    """Say whether a node has this id, as its own or as its external one."""
    if not isinstance(node, dict) or not isinstance(wanted, str):
        return False
    return wanted in {_text(node.get("_id")), _text(node.get("externalId"))}


def _match_refusals(payloads: Sequence[Mapping[str, Json]], refusals: Sequence[Told]) -> dict[int, tuple[str, ...]]:
    """Return, by position, all texts about an item that is echoed exactly as it was sent."""
    positions = {_canonical(payload): at for at, payload in enumerate(payloads)}
    found: dict[int, tuple[str, ...]] = {}
    for refusal in refusals:
        item = refusal.get("item")
        at = positions.get(_canonical(item)) if isinstance(item, dict) else None
        if at is not None:
            found[at] = (*found.get(at, ()), *_texts(refusal.get("errors")))
    return found


def _canonical(item: Mapping[str, Json]) -> str:
    """Return an item in a form that does not depend on the order of its fields nor on how its numbers are written."""
    plain = {name: _plain(value) for name, value in item.items() if value is not None}
    return json.dumps(plain, sort_keys=True)


def _plain(value: Json) -> Json:
    number = _number(value)
    return value if isinstance(value, str) else [repr(value) if number is None else str(number)]


# --- JSON ----------------------------------------------------------------------------------------------------------


def _objects(listed: Json) -> list[Told]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _texts(said: Json) -> tuple[str, ...]:
    listed = said if isinstance(said, list) else [said]
    return tuple(clean(words) for words in listed if isinstance(words, str) and words.strip())


def _own_id(node: Json) -> str | None:
    return _text(node.get("_id")) if isinstance(node, dict) else None


def _text(value: Json) -> str | None:
    """Return an id as text; an external id that looks like a number may come unquoted."""
    if isinstance(value, str):
        return clean(value)[:_LONGEST] or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < FAR else None


def _number(value: Json) -> int | Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not -FAR < value < FAR:
        return None
    if isinstance(value, Decimal) and value.adjusted() < -9:
        return 0
    return int(value) if value == int(value) else value
