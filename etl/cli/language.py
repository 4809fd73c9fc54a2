"""Decides the language of a command before its options are read, so that help and usage errors speak it too."""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from etl.messages import DEFAULT_LANGUAGE, LANGUAGES

_DOMAIN = "etl"
_CATALOGUES = Path(__file__).parent.parent / "locale"


def chosen_language(arguments: Sequence[str], environ: Mapping[str, str], folder: Path) -> str:
    """Return the language of help and usage errors: ``--lang``, ``ETL_LANG``, the configuration in `folder`, Spanish.

    What cannot be understood here is passed over: the option or the configuration is refused when its turn comes.
    """
    wanted = _option("--lang", arguments) or environ.get("ETL_LANG")
    if not wanted:
        named = _option("--config", arguments) or environ.get("ETL_CONFIG") or "etl.toml"
        wanted = _configured(folder / named)
    return wanted if wanted in LANGUAGES else DEFAULT_LANGUAGE


def _option(name: str, arguments: Sequence[str]) -> str | None:
    for here, following in zip(arguments, [*arguments[1:], ""], strict=True):
        option, equals, value = here.partition("=")
        if option == "--":
            return None
        if option == name:
            return value if equals else following
    return None


def _configured(file: Path) -> str | None:
    if not file.is_file():
        return None
    import tomllib  # noqa: PLC0415 - most folders have no configuration

    try:
        found = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("language")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, str) else None


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Make Click's own strings come from our catalogue; what was set before is put back at the end.

    Click asks the standard library's ``gettext.gettext``, which looks at the text domain and at ``LANGUAGE``.
    """
    before, domain = os.environ.get("LANGUAGE"), gettext.textdomain()
    gettext.bindtextdomain(_DOMAIN, str(_CATALOGUES))
    gettext.textdomain(_DOMAIN)
    speak(language)
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if before is None:
            os.environ.pop("LANGUAGE", None)
        else:
            os.environ["LANGUAGE"] = before


def speak(language: str) -> None:
    """Change the language of Click's own strings."""
    os.environ["LANGUAGE"] = language
