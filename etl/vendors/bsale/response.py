"""Decides what Bsale's answers say of a document that was sent. Total: any status, any bytes, never an error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from etl.core.verdict import REFUSALS
from etl.model import Answer, ItemReading, Json, Reading
from etl.vendors.answers import LONGEST_TEXT, clean, is_number, json_object, number_of
from etl.vendors.bsale.payload import CONSUMPTIONS, RECEPTIONS, reception_of

MADE = frozenset({200, 201})
_DENIED = "cannot be authenticated"
_WORD = re.compile(r"[\w.\-/]+")


def read_document(resource: str, payloads: Sequence[Mapping[str, Json]], answer: Answer) -> Reading:
    """Return what an answer to a new document of this resource says."""
    return _read(payloads, answer, resource, None)


def read_reception(group: str, payloads: Sequence[Mapping[str, Json]], answer: Answer) -> Reading:
    """Return what an answer to a reception, new (POST) or corrected (PUT), says."""
    return _read(payloads, answer, RECEPTIONS, reception_of(group))


def read_consumption(group: str, payloads: Sequence[Mapping[str, Json]], answer: Answer) -> Reading:  # noqa: ARG001
    """Return what an answer to a consumption says."""
    return read_document(CONSUMPTIONS, payloads, answer)


def _read(payloads: Sequence[Mapping[str, Json]], answer: Answer, resource: str, expected: str | None) -> Reading:
    """Return a reading of all lines or of none: a document is taken or refused as a whole.

    Taken: the record with its number and its own link. Refused: the vendor's words go on every line, and the lines
    that they name are marked; `{"error": "text"}` is the form of the page (facts 2.6).
    """
    body = json_object(answer.body)
    if answer.status in MADE:
        record = record_id(body.get("id"))
        link = body.get("href")
        own = isinstance(link, str) and link.endswith(f"{resource}/{record}.json")
        if record is None or not own or expected not in {None, record} or "error" in body:
            return Reading(understood=False, texts=words_of(body))
        data = {"href": clean(str(link))[:LONGEST_TEXT]}
        items = tuple(ItemReading(at, accepted=True, vendor_id=record, data=data) for at in range(len(payloads)))
        return Reading(understood=True, items=items)
    texts = words_of(body)
    if answer.status not in REFUSALS or not texts:
        return Reading(understood=False, texts=texts)
    named = named_lines(payloads, texts)
    items = tuple(
        ItemReading(at, accepted=False, texts=texts, blamed=(at in named) if named else None)
        for at in range(len(payloads))
    )
    return Reading(understood=True, items=items)


def named_lines(payloads: Sequence[Mapping[str, Json]], texts: Sequence[str]) -> frozenset[int]:
    """Return the lines whose code, bar code or serial number stands as a word in what the vendor says.

    Numbers of variants are not looked for: small numbers stand in many texts. All lines named are none named.
    """
    words = {word.strip(".") for text in texts for word in _WORD.findall(text)} | {
        word for text in texts for word in text.split()
    }
    named = frozenset(
        at
        for at, line in enumerate(payloads)
        if any(str(line[name]) in words for name in ("code", "barCode", "serialNumber") if name in line)
    )
    return named if len(named) < len(payloads) else frozenset()


def record_id(value: Json) -> str | None:
    """Return the number of a record as text: whole and positive, told as a number or as text (facts 2.1)."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 15 else None
    if not isinstance(value, int) or not is_number(value) or not 0 < value < 10**15:
        return None
    return str(value)


def words_of(body: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the vendor's words: `error`, or one of the other forms that clients have seen (facts 2.6)."""
    listed = body.get("errors")
    several = listed if isinstance(listed, list) else []
    found: list[Json] = [
        *(body.get(name) for name in ("error", "message", "details")),
        *(one.get("message") if isinstance(one, dict) else one for one in several),
    ]
    texts = [clean(text)[:LONGEST_TEXT] for text in found if isinstance(text, str) and text.strip()]
    return tuple(dict.fromkeys(texts))


def denies(answer: Answer) -> bool:
    """Say whether a 400 is about the access token: «cannot be authenticated» stands among its texts (facts 2.6)."""
    return answer.status == 400 and any(_DENIED in text.casefold() for text in words_of(json_object(answer.body)))


def seconds_to_wait(answer: Answer) -> float | None:
    """Return what the body of a 429 asks to wait: `retry_after`, in seconds (facts 2.7)."""
    asked = number_of(json_object(answer.body).get("retry_after")) if answer.status == 429 else None
    return None if asked is None else max(0.0, float(asked))
