"""Decides what holds for a command: home, journal, language, waiting times, and which profile."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from etl.core.thresholds import Thresholds
from etl.errors import ConfigurationError
from etl.io.files import make_private_folder, network_filesystem, restrict_umask
from etl.io.toml_file import TomlFile, read_toml
from etl.messages import DEFAULT_LANGUAGE, LANGUAGES, text
from etl.model import DEFAULT_ZONE, Effect
from etl.profiles import Profile, read_profiles

__all__ = ["Profile", "Settings", "Timing", "load_settings"]

APPLICATION: Final = "etl-planillas"
_TOP_KEYS: Final = ("home", "language", "profile", "timing", "profiles", "profiles_folder", "defaults")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Waiting times in seconds; each is a variable ``ETL_NAME`` and a key of ``[timing]``, the variable first."""

    reconcile_horizon: float = 900.0
    """How long after the last attempt an absence proves something (reliability.md 1.5)."""
    reconcile_gap: float = 60.0
    """Between two looks that must agree; never more than the horizon."""
    resend_window: float = 120.0
    """How long after its first attempt an absolute value may be sent again by itself (RET-9)."""
    timeout: float | None = None
    """What a request may take in all; None: what its effect allows (RET-6)."""
    retry_base: float = 0.5
    min_age: float = 10.0
    """How old a file must be for ``etl batch`` (JOB-2)."""

    def __post_init__(self) -> None:
        if self.reconcile_gap > self.reconcile_horizon:
            object.__setattr__(self, "reconcile_gap", self.reconcile_horizon)

    def total_timeout(self, effect: Effect) -> float:
        """Return what one request may take in all; giving up on a movement does not undo it, so that waits longer."""
        if self.timeout is not None:
            return self.timeout
        return 180.0 if effect is Effect.DELTA else 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for this command."""

    home: Path
    journal_url: str = field(repr=False)
    """For SQLAlchemy. It may hold a password."""
    language: str = DEFAULT_LANGUAGE
    timing: Timing = Timing()
    config_path: Path | None = None
    chosen: str | None = None
    """The profile that the command, ``ETL_PROFILE`` or the file named."""
    declared: tuple[Profile, ...] = ()

    def profiles(self) -> tuple[Profile, ...]:
        """Return every profile, by vendor; a vendor without one in the file has ``default``, read from variables."""
        return self.declared

    def profile(self, vendor: str, name: str | None = None) -> Profile:
        """Return the profile `name` (or the chosen one, or the only one) of a vendor.

        ConfigurationError when there are several and none is named, or when there is none of that name.
        """
        wanted = name or self.chosen
        if wanted is not None and "," in wanted:
            raise ConfigurationError(
                text("This is done for one profile at a time, and {profiles} are several", profiles=wanted),
                hint=text("Say one; `etl batch` does its jobs for several."),
            )
        there = [profile for profile in self.declared if profile.vendor == vendor]
        names = ", ".join(profile.name for profile in there)
        if wanted is not None:
            for profile in there:
                if profile.name == wanted:
                    return profile
            raise ConfigurationError(
                text("There is no profile {name} for {vendor}", name=wanted, vendor=vendor),
                hint=text("Profiles for {vendor}: {names}", vendor=vendor, names=names),
            )
        if len(there) > 1:
            raise ConfigurationError(
                text("There are several profiles for {vendor}: {names}", vendor=vendor, names=names),
                hint=text("Say which with --profile NAME."),
            )
        return there[0]

    def companies(self, names: str | None = None) -> tuple[str, ...]:
        """Return the names of all profiles in their order, or of those in `names` (``a,b``).

        The one read from variables counts where nothing else is written. ConfigurationError for an unknown name.
        """
        known = tuple(dict.fromkeys(profile.name for profile in self.declared))
        if names is None:
            written = [profile.name for profile in self.declared if profile.written]
            return tuple(dict.fromkeys(written)) or known
        wanted = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
        for name in wanted:
            if name not in known:
                raise ConfigurationError(
                    text("There is no profile {name}", name=name),
                    hint=text("Profiles: {names}", names=", ".join(known)),
                )
        return wanted

    def zone_of(self, vendor: str, name: str | None = None) -> str:
        """Return the time zone of dates without one, for a profile (as `profile`); the usual one if none is decided."""
        found = self.only_profile(vendor, name)
        return DEFAULT_ZONE if found is None else found.timezone

    def guards_of(self, vendor: str, name: str | None = None) -> Thresholds:
        """Return beyond which changes a guard asks, for a profile (as `profile`); what is usual if none is decided."""
        found = self.only_profile(vendor, name)
        return Thresholds() if found is None else found.guards

    def only_profile(self, vendor: str, name: str | None = None) -> Profile | None:
        """Return the profile that would be used (as `profile`), without its credentials; None if none is decided."""
        wanted = self.chosen or name
        there = [profile for profile in self.declared if profile.vendor == vendor and wanted in {None, profile.name}]
        return there[0] if len(there) == 1 else None

    @property
    def journal_file(self) -> Path | None:
        """The journal's file when it is SQLite's, else None."""
        dialect, _, place = self.journal_url.partition("://")
        file = place.removeprefix("/").partition("?")[0]
        return Path(file) if dialect.partition("+")[0] == "sqlite" and file not in {"", ":memory:"} else None

    def prepare_home(self, *, drive_type: Callable[[Path], str | None] = network_filesystem) -> Path:
        """Make sure that the home exists (0700 when we make it) and that the journal may stand there; return it.

        From here on this process creates files for nobody else (in a shared home, for the group).

        Called before the journal is opened. ConfigurationError when it cannot be made, or when an SQLite journal would
        stand on a network drive, where locks and shared memory do not hold (SUB-7).
        """
        make_private_folder(self.home)
        restrict_umask(self.home)
        if not os.access(self.home, os.W_OK | os.X_OK):
            raise ConfigurationError(
                text("The folder {folder} cannot be written", folder=str(self.home)),
                hint=text("Choose another folder with home = PATH in etl.toml or with ETL_HOME."),
            )
        file = self.journal_file
        if file is not None and (kind := drive_type(file.parent)) is not None:
            raise ConfigurationError(
                text("The journal {file} would stand on a network drive ({kind})", file=str(file), kind=kind),
                hint=text("Put home = PATH on a local disk, or use a PostgreSQL journal: ETL_JOURNAL."),
            )
        return self.home


def load_settings(
    *,
    config: Path | None = None,
    profile: str | None = None,
    language: str | None = None,
    environ: Mapping[str, str],
    cwd: Path,
) -> Settings:
    """Return the settings: options before variables before the file before what is built in.

    The file is `config` (or ``ETL_CONFIG``), else ``etl.toml`` in `cwd`, else the one in the user's configuration
    folder. Reads no credential and creates nothing. ConfigurationError for every mistake, with its line.
    """
    file = _find_file(config, environ, cwd)
    if file is not None:
        file.allow_only((), _TOP_KEYS)
    home = _home(file, environ, cwd)
    declared = read_profiles(file, home, environ)
    chosen = profile or environ.get("ETL_PROFILE") or (file.value(("profile",), str) if file else None)
    return Settings(
        home=home,
        journal_url=_journal_url(home, environ),
        language=_language(file, language, environ, _spoken_by(chosen, declared)),
        timing=_timing(file, environ),
        config_path=None if file is None else file.path,
        chosen=chosen,
        declared=declared,
    )


def _find_file(config: Path | None, environ: Mapping[str, str], cwd: Path) -> TomlFile | None:
    if config is None and environ.get("ETL_CONFIG"):
        config = Path(environ["ETL_CONFIG"])
    if config is not None:
        return read_toml(cwd / config.expanduser())
    for folder in (cwd, _user_folder("user_config_path")):
        if (folder / "etl.toml").is_file():
            return read_toml(folder / "etl.toml")
    return None


def _user_folder(which: str) -> Path:
    import platformdirs  # noqa: PLC0415 - not needed when the variables and the working folder say it all

    folder: Path = getattr(platformdirs, which)(APPLICATION, appauthor=False)
    return folder


def _home(file: TomlFile | None, environ: Mapping[str, str], cwd: Path) -> Path:
    named = file.value(("home",), str) if file else None
    if environ.get("ETL_HOME"):
        return _absolute(environ["ETL_HOME"], cwd)
    return _absolute(named, file.path.parent) if file and named else _user_folder("user_data_path")


def _absolute(path: str, start: Path) -> Path:
    return Path(start / Path(path).expanduser()).absolute()


def _journal_url(home: Path, environ: Mapping[str, str]) -> str:
    url = environ.get("ETL_JOURNAL") or f"sqlite:///{(home / 'journal.db').as_posix()}"
    if "://" not in url:
        # What stands there may hold a password, so it is not repeated.
        raise ConfigurationError(
            text("ETL_JOURNAL is not a database address"),
            hint=text("Write it as sqlite:////folder/journal.db or postgresql+psycopg://user:password@host/name"),
        )
    return url


def _spoken_by(chosen: str | None, declared: Sequence[Profile]) -> str | None:
    """Return the language of the company that was chosen, or of the only one there is."""
    names = {profile.name for profile in declared}
    company = chosen or (next(iter(names)) if len(names) == 1 else None)
    return next((profile.language for profile in declared if profile.name == company and profile.language), None)


def _language(file: TomlFile | None, asked: str | None, environ: Mapping[str, str], profile: str | None) -> str:
    hint = text("Languages: {languages}", languages=", ".join(LANGUAGES))
    written = file.value(("language",), str) if file else None
    if file is not None and written is not None and written not in LANGUAGES:
        file.refuse(("language",), text("There is no language {language}", language=written), hint)
    named = asked or environ.get("ETL_LANG") or profile or written or DEFAULT_LANGUAGE
    if named not in LANGUAGES:
        raise ConfigurationError(text("There is no language {language}", language=named), hint=hint)
    return named


def _timing(file: TomlFile | None, environ: Mapping[str, str]) -> Timing:
    names = [setting.name for setting in fields(Timing)]
    found: dict[str, Any] = {}
    if file is not None:
        file.allow_only(("timing",), names)
        found |= {name: _written_seconds(file, name) for name in names if name in file.table(("timing",))}
    for name in names:
        variable = f"ETL_{name.upper()}"
        if environ.get(variable):
            found[name] = _variable_seconds(variable, environ[variable])
    return Timing(**found)


def _written_seconds(file: TomlFile, name: str) -> float:
    seconds = file.number(("timing", name))
    if seconds is None or not _is_time(name, seconds):
        file.refuse(("timing", name), text("{key} must be a number of seconds", key=f"timing.{name}"))
    return seconds


def _variable_seconds(variable: str, written: str) -> float:
    try:
        seconds = float(written)
    except ValueError:
        seconds = math.nan
    if not _is_time(variable.removeprefix("ETL_").lower(), seconds):
        raise ConfigurationError(
            text("{what} must be a number of seconds, and is {found}", what=variable, found=written),
            hint=text("Write it with a decimal point: 0.5"),
        )
    return seconds


def _is_time(name: str, seconds: float) -> bool:
    """Whether it is a time that can be waited; without any time no request can be made."""
    return math.isfinite(seconds) and seconds >= 0 and (seconds > 0 or name != "timeout")
