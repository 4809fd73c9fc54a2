"""Makes the catalogues: collects every text of the code and Click's own, keeps the Spanish ones, compiles them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from string import Formatter

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
TEMPLATE = HERE / "etl.pot"
SPANISH = HERE / "es" / "LC_MESSAGES" / "etl.po"
COMPILED = SPANISH.with_suffix(".mo")

_OUR_WORDS = {"text": None, "ntext": (1, 2)}
_CLICK_WORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
_PYTHON = [("**.py", "python")]
_NUMBER: set[str | None] = {"count"}
"""A form for one row may say "one row" without the number."""
_ALWAYS = datetime(2024, 1, 1, tzinfo=UTC)
"""In place of the time of making, so that the same texts give the same bytes."""


def collect() -> Catalog:
    """Return the texts of the code and those that Click shows, without translations."""
    found = _new(None)
    for message, place in _literals():
        found.add(message, locations=[(place, 0)])
    return found


@lru_cache(maxsize=1)
def _literals() -> tuple[tuple[str | tuple[str, ...], str], ...]:
    """Return each text with the file it stands in."""
    sources = ((HERE.parent, _OUR_WORDS, "etl"), (Path(click.__file__).parent, _CLICK_WORDS, "click"))
    return tuple(
        (message, f"{named}/{Path(file).as_posix()}")
        for folder, words, named in sources
        for file, _, message, _, _ in extract_from_dir(str(folder), _PYTHON, keywords=words, comment_tags=())
        if message
    )


def translated() -> Catalog:
    """Return the Spanish catalogue as it stands."""
    if not SPANISH.exists():
        return _new("es")
    with SPANISH.open("rb") as file:
        return read_po(file, locale="es", domain="etl")


def refreshed() -> Catalog:
    """Return the Spanish catalogue with exactly the texts of the code: new ones blank, gone ones left out."""
    known, found = translated(), _new("es")
    for message in collect():
        if message.id:
            old = known.get(message.id)
            found.add(message.id, old.string if old else None, locations=message.locations)
    return found


def faults(catalogue: Catalog) -> Iterator[str]:
    """Yield what is wrong with the translations: missing, doubtful, or with other placeholders than the text."""
    for message in catalogue:
        if not message.id:
            continue
        texts, forms = _forms(message.id), _forms(message.string)
        if message.fuzzy or len(forms) != len(texts) or not all(forms):
            yield f"missing: {message.id!r}"
        elif any((_names(form) ^ _names(text)) - _NUMBER for text, form in zip(texts, forms, strict=True)):
            yield f"placeholders: {message.id!r}"


def po_bytes(catalogue: Catalog) -> bytes:
    """Return the catalogue as people edit it."""
    target = io.BytesIO()
    write_po(target, catalogue, width=110, include_lineno=False, sort_output=True, ignore_obsolete=True)
    return target.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """Return the catalogue as the program reads it."""
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def refresh() -> list[str]:
    """Write template, Spanish texts and compiled catalogue; return what still has to be translated."""
    spanish = refreshed()
    SPANISH.parent.mkdir(parents=True, exist_ok=True)
    TEMPLATE.write_bytes(po_bytes(collect()))
    SPANISH.write_bytes(po_bytes(spanish))
    COMPILED.write_bytes(mo_bytes(spanish))
    return list(faults(spanish))


def _new(locale: str | None) -> Catalog:
    return Catalog(
        locale=locale,
        domain="etl",
        project="etl",
        version="-",
        msgid_bugs_address="-",
        last_translator="-",
        language_team="-",
        creation_date=_ALWAYS,
        revision_date=_ALWAYS,
        header_comment="# Texts of etl. Made by: python -m etl.locale",
        fuzzy=False,
    )


def _forms(text: str | Sequence[str] | None) -> list[str]:
    """Return the forms of a text: one, or one for each number (Spanish has two, as English has)."""
    return [text] if isinstance(text, str) else list(text or ())


def _names(template: str) -> set[str | None]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(template) if name is not None}
