"""Texts for people: an English template with its values, put into a language only when it is shown.

The template is the key of the catalogue (``etl/locale``). A value that is itself a `Text` is translated with its
parent, so that a finding, a plan or an error can travel, be stored in the journal, and be shown later in another
language.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

LANGUAGES = ("es", "en")
DEFAULT_LANGUAGE = "es"
_REMEMBERED = 1024
"""Translations that are at hand: what is wrong with one cell is mostly wrong with many."""
_LOCALE_DIR = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Text:
    """A template (``"row {row} is empty"``) and its values; `plural` and `count` when the number decides the form."""

    msgid: str
    args: tuple[tuple[str, Any], ...] = ()
    plural: str | None = None
    count: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that `text_from_json` reads back."""
        data: dict[str, Any] = {"msgid": self.msgid}
        if self.args:
            data["args"] = {name: value.to_json() if isinstance(value, Text) else value for name, value in self.args}
        if self.plural is not None:
            data["plural"], data["count"] = self.plural, self.count
        return data

    def __str__(self) -> str:
        return translate(self, "en")


def text(msgid: str, /, **args: str | int | Text) -> Text:
    """Return a text; `msgid` is a ``str.format`` template whose names are given in `args`."""
    return Text(msgid, tuple(args.items()))


def ntext(singular: str, plural: str, count: int, /, **args: str | int | Text) -> Text:
    """Return a text whose form depends on `count`, which the template can show as ``{count}``."""
    return Text(singular, (("count", count), *args.items()), plural, count)


def verbatim(words: str) -> Text:
    """Return words that no language changes: a vendor's own text, a name, a value."""
    return Text("{words}", (("words", words),))


def text_from_json(data: Mapping[str, Any]) -> Text:
    """Return the text that `Text.to_json` wrote."""
    args = tuple(
        (name, text_from_json(value) if isinstance(value, dict) else value)
        for name, value in data.get("args", {}).items()
    )
    return Text(data["msgid"], args, data.get("plural"), data.get("count", 0))


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of `language`; English needs none, its texts are the keys."""
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation("etl", localedir=_LOCALE_DIR, languages=[language], fallback=True)


@lru_cache(maxsize=_REMEMBERED)
def translate(message: Text, language: str) -> str:
    """Return `message` in `language` ("es" or "en")."""
    found = catalogue(language)
    template = (
        found.gettext(message.msgid)
        if message.plural is None
        else found.ngettext(message.msgid, message.plural, message.count)
    )
    values = {name: translate(value, language) if isinstance(value, Text) else value for name, value in message.args}
    return template.format(**values)
