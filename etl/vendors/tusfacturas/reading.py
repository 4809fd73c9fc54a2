"""Reads products by their keys, 50 a request, or as a list, 1,000 a page: whichever needs fewer requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias, TypeVar

from etl.model import Answer, Json, Request
from etl.vendors.answers import json_object, number_of
from etl.vendors.tusfacturas.listings import PAGE, page_request
from etl.vendors.tusfacturas.payload import KEY, query_request
from etl.vendors.tusfacturas.response import Key, key_of, listed_products, matched_products, refuses, words_of

READ_LIMIT = 50
"""Products a request may ask for (facts 1.2)."""
_TRIES = 3
"""How often a read is made whose answer is not understood."""

T = TypeVar("T")
Product: TypeAlias = Mapping[str, Json]
Asking: TypeAlias = Generator[Request, Answer, T]


@dataclass(frozen=True, slots=True)
class Look:
    """What was read of one key."""

    product: Product | None = None
    """The product as the vendor tells it; None when it is missing or was not told."""
    missing: bool = False
    """The vendor says that there is none: an item with ``error: "S"`` and no `descripcion` (reliability 1.5), or a
    whole list without it."""
    several: bool = False
    """The vendor has several products of this key."""

    @property
    def units(self) -> int | Decimal | None:
        """Its stock; None when there is no such product or it keeps no stock."""
        if self.product is None or self.product.get("afecta_stock") == "N":
            return None
        return number_of(self.product.get("stock_actual"))

    @property
    def immovable(self) -> bool:
        """Whether a movement of it is refused: no such product, or one that keeps no stock (stock page, answer)."""
        return self.missing or (self.product is not None and self.product.get("afecta_stock") == "N")


@dataclass(slots=True)
class Looks:
    """What was read of the products of a sheet."""

    found: dict[Key, Look] = field(default_factory=dict)
    listed: list[Product] = field(default_factory=list)
    """The products of the pages that were read, each once."""
    whole: bool = False
    """Whether these are all that the vendor has."""
    total: int | None = None
    """How many the vendor has, where it told."""
    words: tuple[str, ...] = ()
    """The vendor's words in an answer that could not be used."""
    understood: bool = True
    """False when an answer could not be understood: of some keys nothing is known then."""

    def of(self, key: Key) -> Look:
        """Return what is known of a key."""
        return self.found.get(key, Look())


def look(payloads: Sequence[Product]) -> Asking[list[Look] | None]:
    """Read the products of these payloads by their keys; None when an answer is less than a whole one."""
    looks: list[Look] = []
    for first in range(0, len(payloads), READ_LIMIT):
        part = payloads[first : first + READ_LIMIT]
        answer = yield query_request(part)
        told = listed_products(answer, json_object(answer.body))
        if told is None:
            return None
        looks.extend(_looked(product) for product in matched_products(part, told))
    return looks


def most_requests(keys: Collection[Key]) -> int:
    """Return how many requests `look_at_all` makes of these keys at most: a page of the list, then one a 50 keys."""
    asking = _requests(len(keys), READ_LIMIT)
    return asking if asking < 2 else asking + 1


def look_at_all(keys: Sequence[Key]) -> Asking[Looks]:
    """Read the products of these keys with as few requests as can be.

    The first page of the list tells how many pages there are; from then on each step is the cheaper one for the keys
    that are still unknown. A list that changed while it was read proves nothing of the keys that are not in it: these
    are asked for.
    """
    looks = Looks()
    wanted = dict.fromkeys(keys)
    if _requests(len(wanted), READ_LIMIT) > 1:
        yield from _list(looks, wanted)
    unknown = [key for key in wanted if key not in looks.found]
    if looks.whole:
        looks.found.update((key, Look(missing=True)) for key in unknown)
        return looks
    for first in range(0, len(unknown), READ_LIMIT):
        yield from _query(looks, unknown[first : first + READ_LIMIT])
    return looks


def _list(looks: Looks, wanted: Mapping[Key, None]) -> Asking[None]:
    """Read pages of the list while that is cheaper than asking for the keys that no page had."""
    unknown, totals, page, read = set(wanted), set[int](), 0, 0
    while True:
        told = yield from _understood(page_request(page), _page, looks)
        if told is None:
            break
        total, products = told
        totals.add(total)
        read += len(products)
        looks.listed += products
        unknown.difference_update(key_of(product) for product in products)
        page += 1
        left = _requests(total - page * PAGE, PAGE)
        if not left:
            looks.whole = len(totals) == 1 and read == total
            break
        if len(products) != PAGE or _requests(len(unknown), READ_LIMIT) < left:
            break
    looks.total = next(iter(totals)) if len(totals) == 1 else None
    looks.listed = _without_repetitions(looks.listed)
    _match(looks, wanted)


def _match(looks: Looks, wanted: Mapping[Key, None]) -> None:
    """Keep what the pages tell of the keys; a code that is told as a number is matched too."""
    payloads = [dict(zip(KEY, key, strict=True)) for key in wanted]
    times = Counter(key_of(product) for product in looks.listed)
    for key, product in zip(wanted, matched_products(payloads, looks.listed), strict=True):
        if product is not None:
            looks.found[key] = Look(product)
        elif times[key] > 1:
            looks.found[key] = Look(several=True)


def _query(looks: Looks, keys: Sequence[Key]) -> Asking[None]:
    payloads = [dict(zip(KEY, key, strict=True)) for key in keys]
    told = yield from _understood(query_request(payloads), _items, looks)
    if told is None:
        looks.understood = False
        return
    looks.found.update(
        (key, _looked(product)) for key, product in zip(keys, matched_products(payloads, told), strict=True)
    )


def _understood(request: Request, read: Callable[[Answer], T | None], looks: Looks) -> Asking[T | None]:
    """Ask until an answer is understood; a refusal is not asked again, and its words are kept."""
    for _ in range(_TRIES):
        answer = yield request
        found = read(answer)
        if found is not None:
            return found
        looks.words = words_of(json_object(answer.body)) or looks.words
        if answer.status != 200 or refuses(json_object(answer.body)) is not None:
            break
    return None


def _page(answer: Answer) -> tuple[int, list[Product]] | None:
    body = json_object(answer.body)
    told, total = listed_products(answer, body), number_of(body.get("total"))
    if told is None or refuses(body) or not isinstance(total, int) or not len(told) <= min(total, PAGE):
        return None
    return total, told


def _items(answer: Answer) -> list[Product] | None:
    body = json_object(answer.body)
    told = listed_products(answer, body)
    return None if refuses(body) and not told else told


def _without_repetitions(products: Sequence[Product]) -> list[Product]:
    """Return each product once: a page may repeat the last ones of the page before when something was added."""
    return list({repr(sorted(product.items())): product for product in products}.values())


def _looked(product: Product | None) -> Look:
    if product is None or (refused := refuses(product)) is None:
        return Look()
    if refused:
        return Look(missing=not product.get("descripcion"))
    return Look(product)


def _requests(count: int, each: int) -> int:
    """Return how many requests so many products need."""
    return -(-max(count, 0) // each)
