"""Keeps credentials out of sight: their type, the places they come from, and texts without them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus

from etl.errors import ConfigurationError
from etl.io.files import SMALL_FILE, make_private_folder, read_private_file, write_private_file
from etl.messages import Text, text, verbatim

MASK: Final = "***"
LONGEST_TEXT: Final = 500
"""Characters of a vendor's text that are shown or kept (SEC-7)."""
SHORTEST_REPLACED: Final = 8
"""Shorter credentials (TusFacturas' apikey is a small number) would mangle innocent texts (SEC-2)."""
KEYRING_SERVICE: Final = "etl-planillas"

_ANSI: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, links and other strings, up to their end
    r"|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]"
)
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Secret:
    """A credential. Everything but `reveal` shows ``***``; a copy or a pickle holds nothing to reveal."""

    __slots__ = ("_spellings", "_value")

    def __init__(self, value: str) -> None:
        self._value: str | None = value
        self._spellings: frozenset[str] | None = None

    def reveal(self) -> str:
        """Return the credential. Call it where the request is signed, and keep the result nowhere."""
        if self._value is None:
            raise ValueError("a copied secret holds nothing")
        return self._value

    def spellings(self) -> frozenset[str]:
        """Return how a text may hold it: plain, JSON or URL escaped. Nothing for one so short that any text may."""
        if self._spellings is None:
            value = self.reveal()
            forms = (value, json.dumps(value)[1:-1], quote(value, safe=""), quote_plus(value))
            self._spellings = frozenset(forms if len(value) >= SHORTEST_REPLACED else ())
        return self._spellings

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __copy__(self) -> Secret:
        return _hollow()

    def __deepcopy__(self, _memo: object) -> Secret:
        return _hollow()

    def __reduce_ex__(self, _protocol: object) -> tuple[object, tuple[()]]:
        return _hollow, ()


def _hollow() -> Secret:
    secret = Secret("")
    secret._value = None  # noqa: SLF001 - the copy's own
    return secret


def resolve(reference: str, environ: Mapping[str, str], *, what: str = "the credential") -> Secret:
    """Return the credential that `reference` (``env:``, ``file:``, ``keyring:`` or ``credential:``) points to.

    `what` names it in messages. ConfigurationError when it is not there, is readable by others (SEC-4), or when the
    reference is none; the message never repeats a reference of unknown form, since it may be the credential itself.
    """
    kind, colon, rest = reference.partition(":")
    if not colon or not rest or kind not in _SOURCES:
        raise ConfigurationError(
            text("{what} is not a reference; credentials are never written in the settings themselves", what=what),
            hint=text("Write env:NAME, file:PATH, keyring:SERVICE/NAME or credential:NAME."),
        )
    return Secret(_usable(_SOURCES[kind](rest, environ, what), what, reference))


def _from_environment(name: str, environ: Mapping[str, str], what: str) -> str:
    if name not in environ:
        raise ConfigurationError(
            text("{what}: the variable {name} is not set", what=what, name=name),
            hint=text("Set {name} in the environment of this command.", name=name),
        )
    return environ[name]


def _from_file(path: str, environ: Mapping[str, str], what: str) -> str:  # noqa: ARG001 - one shape for all sources
    return _decoded(read_private_file(Path(path).expanduser(), what), what)


def _from_credential(name: str, environ: Mapping[str, str], what: str) -> str:
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise ConfigurationError(
            text(
                "{what}: there is no CREDENTIALS_DIRECTORY, so credential:{name} cannot be read", what=what, name=name
            ),
            hint=text("credential: works in a systemd service with LoadCredential={name}:PATH.", name=name),
        )
    if Path(name).name != name:
        raise ConfigurationError(text("{what}: {name} is not the name of a credential", what=what, name=name))
    # systemd grants the service's user by an ACL, which shows as a group bit; the folder is the service's alone.
    return _decoded(read_private_file(Path(folder) / name, what, group_may_read=True), what)


def _from_keyring(place: str, environ: Mapping[str, str], what: str) -> str:  # noqa: ARG001 - one shape for all sources
    service, slash, name = place.rpartition("/")
    if not slash or not service or not name:
        raise ConfigurationError(text("{what}: write keyring:SERVICE/NAME", what=what))
    try:
        import keyring  # noqa: PLC0415 - slow, and needed by this kind of reference alone
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        _no_keyring(what, text("the package keyring is not installed"))
    try:
        value = keyring.get_password(service, name)
    except (KeyringError, RuntimeError, OSError) as error:
        _no_keyring(what, verbatim(type(error).__name__))
    if value is None:
        raise ConfigurationError(
            text("{what}: the keyring has nothing under {service} / {name}", what=what, service=service, name=name),
            hint=text("Store it with: etl secret set PROFILE VENDOR"),
        )
    return value


def _no_keyring(what: str, why: Text) -> NoReturn:
    raise ConfigurationError(
        text("{what}: the keyring cannot be read ({why})", what=what, why=why),
        hint=text("Use an env: or file: reference on machines without a keyring."),
    )


_SOURCES: Final = {
    "env": _from_environment,
    "file": _from_file,
    "keyring": _from_keyring,
    "credential": _from_credential,
}


def _decoded(content: bytes, what: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(
            text("{what}: its file is not plain text", what=what), hint=text("Save it as UTF-8, one line.")
        ) from None


def _usable(value: str, what: str, reference: str) -> str:
    value = value.strip()
    if not value:
        raise ConfigurationError(text("{what}: {reference} is empty", what=what, reference=reference))
    if not value.isascii() or not value.isprintable() or len(value) > SMALL_FILE:
        raise ConfigurationError(
            text("{what}: what {reference} holds cannot be a credential", what=what, reference=reference),
            hint=text("It must be one line of letters, digits and signs, without accents."),
        )
    return value


def store(profile: str, vendor: str, name: str, value: str, *, home: Path) -> str:
    """Keep a credential in the keyring, or in a 0600 file of `home` where there is none, and return its reference.

    A profile that names no reference for this credential finds it there by itself (`stored_reference`).
    """
    _usable(value, f"{profile}.{vendor}.{name}", f"{vendor}.{name}")
    folder = home / "secrets"
    make_private_folder(folder)
    entry = f"{profile}.{vendor}.{name}"
    if _keep_in_keyring(entry, value.strip()):
        write_private_file(folder / f"{entry}.keyring", b"")
        (folder / entry).unlink(missing_ok=True)
    else:
        write_private_file(folder / entry, value.strip().encode())
        (folder / f"{entry}.keyring").unlink(missing_ok=True)
    return f"{stored_reference(profile, vendor, name, home=home)}"


def stored_reference(profile: str, vendor: str, name: str, *, home: Path) -> str | None:
    """Return the reference of a credential that `store` kept, or None."""
    entry = f"{profile}.{vendor}.{name}"
    if (home / "secrets" / entry).exists():
        return f"file:{home / 'secrets' / entry}"
    if (home / "secrets" / f"{entry}.keyring").exists():
        return f"keyring:{KEYRING_SERVICE}/{entry}"
    return None


def _keep_in_keyring(entry: str, value: str) -> bool:
    try:
        import keyring  # noqa: PLC0415 - slow, and needed by this command alone
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return False
    try:
        # Backends below 1 are those that cannot keep anything (keyring's own scale).
        if keyring.get_keyring().priority < 1:
            return False
        keyring.set_password(KEYRING_SERVICE, entry, value)
        return keyring.get_password(KEYRING_SERVICE, entry) == value
    except (KeyringError, RuntimeError, OSError):
        return False


def redact(words: str, secrets: Iterable[Secret]) -> str:
    """Return `words` with every credential of at least 8 characters replaced, also where it is JSON or URL escaped."""
    forms = {form for secret in secrets for form in secret.spellings()}
    for form in sorted(forms, key=len, reverse=True):
        words = words.replace(form, MASK)
    return words


def clean(words: str) -> str:
    """Return a text from outside as one harmless line: no escape sequences or control characters, at most 500 long."""
    words = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _INVISIBLE.sub("", _ANSI.sub("", words)))
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_TEXT else words[: LONGEST_TEXT - 1] + "…"
