"""Reads Bsale's lists page by page, and its single records; whatever does not look like one is None."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass

from etl.model import Answer, Json, Request
from etl.vendors.answers import json_object, number_of

PAGE = 50
"""Records of a page: the most that the vendor gives (page, Parámetros)."""
MOST_PAGES = 10_000

Record = Mapping[str, Json]
Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list."""

    count: int
    """Records of the whole list."""
    items: tuple[Record, ...]


def page_request(path: str, query: Query, offset: int, limit: int = PAGE) -> Request:
    """Return the request for a part of a list: `next` lacks the filters, so each page is asked for anew (facts 2.1)."""
    return Request("GET", path, query=(*query, ("limit", str(limit)), ("offset", str(offset))))


def page_of(answer: Answer) -> Page | None:
    """Return the page that an answer holds; None when it is less than one."""
    body = json_object(answer.body)
    items, count = body.get("items"), number_of(body.get("count"))
    if answer.status != 200 or not isinstance(items, list) or not isinstance(count, int) or count < len(items):
        return None
    if not all(isinstance(item, dict) for item in items):
        return None
    return Page(count, tuple(items))


def record_of(answer: Answer) -> Record | None:
    """Return the record that an answer holds; None when there is none of it (404) or it is none."""
    body = json_object(answer.body)
    return body if answer.status == 200 and number_of(body.get("id")) is not None else None


def rest_of_list(path: str, query: Query = (), start: int = 0) -> Generator[Request, Answer, list[Record] | None]:
    """Read a list from a place on to its end, by what `count` says and however short the pages are.

    None when a page cannot be understood, or is empty before the end.
    """
    found: list[Record] = []
    for _ in range(MOST_PAGES):
        page = page_of((yield page_request(path, query, start + len(found))))
        if page is None:
            return None
        found.extend(page.items)
        if start + len(found) >= page.count:
            return found
        if not page.items:
            return None
    return None
