"""Decides where companies are written, in one file or one a file in a folder, and what they inherit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from etl.errors import ConfigurationError
from etl.io.toml_file import Keys, TomlFile, dotted, read_toml
from etl.messages import Text, text

T = TypeVar("T")

FOLDER: Final = "profiles.d"
"""Beside the configuration file, when it names no other ``profiles_folder``."""
_NAME: Final = re.compile(r"\w[\w.-]{0,63}")
_OWN_NAME: Final = "{profile}"
"""Stands for the profile's name in what several companies inherit."""
_NEVER_SHARED: Final = ("account", "company")


@dataclass(frozen=True, slots=True)
class Company:
    """Where the tables of one company stand."""

    name: str
    file: TomlFile
    at: Keys

    def names_vendor(self, vendor: str) -> bool:
        """Whether the company says, if only with an empty table, that it is with a vendor."""
        return vendor in self.file.table(self.at)


@dataclass(frozen=True, slots=True)
class Written:
    """What is written of a company for a vendor: in its own table, else in ``[defaults.VENDOR]``."""

    name: str
    file: TomlFile
    at: Keys
    shared: TomlFile
    shared_at: Keys

    def value(self, key: str, kind: type[T]) -> T | None:
        """Return a value of `kind`, ``{profile}`` in an inherited text replaced by the name; None when it is absent."""
        own = self.file.value((*self.at, key), kind)
        if own is not None:
            return own
        inherited = self.shared.value((*self.shared_at, key), kind)
        return inherited.replace(_OWN_NAME, self.name) if isinstance(inherited, str) else inherited  # type: ignore[return-value]

    def folder(self, key: str) -> Path:
        """Return the folder of the file that says `key`: relative paths start there."""
        return self._place(key)[0].path.parent

    def place(self, key: str) -> str:
        """Return where `key` is written, for messages: ``FILE:LINE``."""
        file, at = self._place(key)
        return f"{file.path}:{file.line_of(at)}"

    def refuse(self, key: str, why: Text, hint: Text | None = None) -> NoReturn:
        """Raise the error about `key`, with its line."""
        file, at = self._place(key)
        file.refuse(at, why, hint)

    def _place(self, key: str) -> tuple[TomlFile, Keys]:
        if key not in self.file.table(self.at) and key in self.shared.table(self.shared_at):
            return self.shared, (*self.shared_at, key)
        return self.file, (*self.at, key)


def find_companies(file: TomlFile, vendors: Collection[str]) -> tuple[Company, ...]:
    """Return the companies of the file, then those of its folder by name.

    ConfigurationError for a name that cannot be or stands twice, and for a table of no vendor.
    """
    found: dict[str, Company] = {}
    for company in (*_in_file(file), *_in_folder(file)):
        if not _NAME.fullmatch(company.name):
            company.file.refuse(
                company.at,
                text("{name} cannot be the name of a profile", name=company.name),
                text("Use letters, digits, - and _, at most 64."),
            )
        if company.name in found:
            company.file.refuse(
                company.at,
                text("{name} is in {file} too", name=company.name, file=str(found[company.name].file.path)),
                text("Keep one of the two: a company has one profile."),
            )
        company.file.allow_only(company.at, vendors)
        found[company.name] = company
    return tuple(found.values())


def check_defaults(file: TomlFile, vendor: str, known: Collection[str]) -> None:
    """Refuse what companies cannot inherit. ConfigurationError names the line."""
    at = ("defaults", vendor)
    file.allow_only(at, known)
    for key in _NEVER_SHARED:
        shared = file.value((*at, key), str)
        if shared is not None and _OWN_NAME not in shared:
            file.refuse(
                (*at, key),
                text("{key} cannot be the same for every company", key=dotted((*at, key))),
                text("Write {name} where the name of the profile belongs.", name=_OWN_NAME),
            )


def _in_file(file: TomlFile) -> Iterator[Company]:
    for name in file.table(("profiles",)):
        yield Company(name, file, ("profiles", name))


def _in_folder(file: TomlFile) -> Iterator[Company]:
    named = file.value(("profiles_folder",), str)
    folder = file.path.parent / Path(named or FOLDER).expanduser()
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml" and not path.name.startswith("."))
    except FileNotFoundError:
        if named is not None:
            file.refuse(("profiles_folder",), text("There is no folder {folder}", folder=str(folder)))
        return
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigurationError(text("{file} cannot be read: {why}", file=str(folder), why=why)) from None
    for path in paths:
        yield Company(path.stem, read_toml(path), ())
