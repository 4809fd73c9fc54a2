"""Decides what TusFacturas's answers say of the items that were sent. Total: any status, any bytes, never an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from etl.model import Answer, ItemReading, Json, Reading
from etl.vendors.answers import clean, is_number, json_object, number_of, same_value

_FLAGS = {"S": True, "N": False}
_COUNTS = ("stock_actual", "stock_minimo")

Key = tuple[str, str]


def read_submission(group: str, payloads: Sequence[Mapping[str, Json]], answer: Answer) -> Reading:  # noqa: ARG001
    """Return what an answer to ``productos/administrar`` or ``productos/stock`` says.

    Items are matched by (lista_precios, codigo), whatever their order; `group` makes no difference. A key that the
    answer tells twice, or that is not ours, is not taken. A refusal of the request as a whole that lists no items is
    not understood (facts 1.8: the item list decides), but its words are kept; so are those of a 4xx.
    """
    body = json_object(answer.body)
    texts = words_of(body)
    told = listed_products(answer, body)
    if told is None or (refuses(body) and not told):
        return Reading(understood=False, texts=texts)
    readings = (_reading(at, product) for at, product in enumerate(matched_products(payloads, told)))
    return Reading(understood=True, items=tuple(one for one in readings if one is not None), texts=texts)


def _reading(position: int, product: Mapping[str, Json] | None) -> ItemReading | None:
    refused = None if product is None else refuses(product)
    if product is None or refused is None:
        return None
    counts = {name: count for name in _COUNTS if name in product and (count := number_of(product[name])) is not None}
    return ItemReading(position, not refused, words_of(product), data=counts)


def listed_products(answer: Answer, body: Mapping[str, Json]) -> list[Mapping[str, Json]] | None:
    """Return the products that an answer lists; None when it is less than a whole answer of the contract."""
    told = body.get("productos")
    if answer.status != 200 or refuses(body) is None or not isinstance(told, list):
        return None
    return [product for product in told if isinstance(product, dict)]


def key_of(product: Mapping[str, Json]) -> Key:
    """Return the key of a product that was told or sent: (lista_precios, codigo) as plain texts."""
    price_list, code = product.get("lista_precios"), product.get("codigo")
    if isinstance(price_list, str) and isinstance(code, str):
        return price_list.strip(), code.strip()
    return _plain(price_list), _plain(code)


def matched_products(
    payloads: Sequence[Mapping[str, Json]], told: Sequence[Mapping[str, Json]]
) -> list[Mapping[str, Json] | None]:
    """Return, for each payload, the one product told of its key; None when none or more than one is."""
    keys = list(map(key_of, payloads))
    sent, unpadded = _positions(keys), None
    found: dict[int, Mapping[str, Json] | None] = {}
    for product in told:
        key = key_of(product)
        if key in sent:
            position = sent[key]
        elif is_number(product.get("codigo")):  # 00123 told back as a number
            unpadded = unpadded or _positions(map(_without_zeros, keys))
            position = unpadded.get(_without_zeros(key))
        else:
            continue
        if position is not None:
            found[position] = None if position in found else product
    return [found.get(position) for position in range(len(keys))]


def _positions(keys: Iterable[Key]) -> dict[Key, int | None]:
    """Return where each key stands; None for one that stands twice."""
    found: dict[Key, int | None] = {}
    for position, key in enumerate(keys):
        found[key] = None if key in found else position
    return found


def _without_zeros(key: Key) -> Key:
    """Return a key without the zeros that its code begins with."""
    price_list, code = key
    return price_list, code.lstrip("0")


def same_product_value(sent: Json, told: Json) -> bool:
    """Say whether two values are one, but for what storing a text may do to it: blanks, and the escapes of facts 1.11.

    Two texts are compared as texts: the code 007 is not the code 7.
    """
    if isinstance(sent, str) and isinstance(told, str):
        return _spelt(sent) == _spelt(told)
    return same_value(sent, told)


def _spelt(words: str) -> str:
    return " ".join(words.replace("#&#", "%").replace("#@#", " ").split())


def refuses(told: Mapping[str, Json]) -> bool | None:
    """Say whether `error` is "S" (yes) or "N" (no); None when it is neither."""
    flag = told.get("error")
    return _FLAGS.get(flag.strip()) if isinstance(flag, str) else None


def words_of(told: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the vendor's own words, without blank ones: `errores`, sometimes `error_details` too (facts 1.8).

    Nothing else is looked at: words in another form are those of a machine on the way.
    """
    found: list[Json] = []
    for name in ("errores", "error_details"):
        if listed := told.get(name):
            found.extend(listed if isinstance(listed, list) else [listed])
    if not found:
        return ()
    texts = (one.get("text") if isinstance(one, dict) else one for one in found)
    return tuple(clean(text) for text in texts if isinstance(text, str) and text.strip())


def _plain(value: Json) -> str:
    """Return a key's value as text: the vendor's texts may end in blanks, and numbers may come unquoted."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if is_number(value) else ""
