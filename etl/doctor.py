"""Examines an installation: versions, configuration, folders, journal, credentials (never shown), reachability."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from etl import __version__
from etl.core.verdict import CREDENTIAL_REFUSALS
from etl.errors import EtlError
from etl.messages import Text, text, translate
from etl.model import Answer, Effect, Json
from etl.vendors import VENDORS

if TYPE_CHECKING:
    from etl.settings import Profile, Settings

PACKAGES = ("click", "httpx", "openpyxl", "pandas", "pandera", "python-calamine", "SQLAlchemy", "XlsxWriter")
PING_SECONDS = 15.0
_CATALOGUE = Path(__file__).parent / "locale"


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    UNUSED = "unused"
    """Nothing is set up there, and nothing has to be."""
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, what was found, and what to do about it."""

    name: str
    status: Status
    found: str
    advice: Text | None = None

    @property
    def failed(self) -> bool:
        """Whether it must be mended before anything is sent."""
        return self.status is Status.FAILED

    def to_json(self, language: str) -> dict[str, Json]:
        """Return its JSON form; the name is a key and stays English."""
        advice = None if self.advice is None else translate(self.advice, language)
        return {"name": self.name, "status": self.status.value, "found": self.found, "advice": advice}


def examine(load: Callable[[], Settings], environ: Mapping[str, str], named: str | None = None) -> tuple[Check, ...]:
    """Return every check. `load` reads the configuration; where it cannot, the checks that need it are left out.

    `named` profiles (``a,b``) are looked at alone; without it all of them.
    """
    checks = [*check_versions(), *check_environment(environ)]
    try:
        settings = load()
        names = settings.companies(named) if named is not None else None
    except EtlError as error:
        return (*checks, _failed("configuration", "", error))
    checks += [Check("configuration", Status.OK, str(settings.config_path or "-")), *check_folders(settings)]
    checks += check_journal(settings)
    wanted = [profile for profile in settings.profiles() if names is None or profile.name in names]
    return (*checks, *check_profiles(wanted))


def told(checks: Sequence[Check], language: str) -> list[str]:
    """Return the lines for people: status, name, what was found, and advice below."""
    words = {
        Status.OK: text("ok"),
        Status.UNUSED: text("not set up"),
        Status.WARNING: text("WARNING"),
        Status.FAILED: text("WRONG"),
    }
    named = {check: translate(words[check.status], language) for check in checks}
    width, names = max(len(word) for word in named.values()), max(len(check.name) for check in checks)
    lines: list[str] = []
    for check in checks:
        lines.append(f"{named[check]:{width}}  {check.name:{names}}  {check.found}".rstrip())
        if check.advice is not None:
            lines.append(f"{'':{width}}  {translate(check.advice, language)}")
    return lines


def check_versions(python: tuple[int, ...] = sys.version_info[:3], expat: str | None = None) -> Iterator[Check]:
    """Yield the versions, with a warning for those whose XML parser can be made to eat all memory."""
    yield Check("etl", Status.OK, __version__)
    old = python < (3, 11, 8) or (3, 12) <= python < (3, 12, 2)
    newer = text("Update Python: 3.11.8 or 3.12.2 and later read hostile files more safely.")
    found = ".".join(map(str, python))
    yield Check(
        "python", Status.WARNING if old else Status.OK, f"{found} ({platform.platform()})", newer if old else None
    )
    expat = expat or _expat()
    weak = _numbers(expat) < (2, 4, 1)
    advice = text("Update Python or its expat library: 2.4.1 and later withstand exponential entities.")
    yield Check("expat", Status.WARNING if weak else Status.OK, expat, advice if weak else None)
    for package in PACKAGES:
        yield _package(package)


def check_environment(environ: Mapping[str, str]) -> Iterator[Check]:
    """Yield a warning for a variable that lets others read encrypted traffic."""
    if environ.get("SSLKEYLOGFILE"):
        advice = text("Unset SSLKEYLOGFILE: whoever reads that file can read the credentials on the wire.")
        yield Check("SSLKEYLOGFILE", Status.WARNING, environ["SSLKEYLOGFILE"], advice)


def check_folders(settings: Settings) -> Iterator[Check]:
    """Yield the folders that are used; nothing is created."""
    from etl.io.files import network_filesystem  # noqa: PLC0415 - only here

    kind = network_filesystem(settings.home)
    remote = text("The home is on a network drive ({kind}). Put it on a local disk.", kind=kind or "")
    usable = not settings.home.exists() or os.access(settings.home, os.W_OK)
    closed = text("The home cannot be written by this user.")
    status = Status.OK if usable and kind is None else Status.FAILED
    yield Check("home", status, str(settings.home), None if status is Status.OK else remote if usable else closed)
    yield Check("results", Status.OK, str(settings.home / "results"))
    translated = (_CATALOGUE / "es" / "LC_MESSAGES" / "etl.mo").exists()
    missing = text("The Spanish texts are missing: install the program again.")
    yield Check(
        "catalogue", Status.OK if translated else Status.FAILED, str(_CATALOGUE), None if translated else missing
    )


def check_journal(settings: Settings) -> Iterator[Check]:
    """Yield the journal's place, format and health. A journal that does not exist yet is not created."""
    from etl.io.journal import schema_version  # noqa: PLC0415 - SQLAlchemy

    place = str(settings.journal_file or "ETL_JOURNAL")
    try:
        found = schema_version(settings.journal_url)
    except EtlError as error:
        yield _failed("journal", place, error)
        return
    if found is None:
        yield Check("journal", Status.UNUSED, place)
        return
    yield from _journal_health(settings, place, found)


def _journal_health(settings: Settings, place: str, found: int) -> Iterator[Check]:
    from etl.io.journal import open_journal  # noqa: PLC0415
    from etl.io.journal.schema import SCHEMA_VERSION  # noqa: PLC0415

    if found < SCHEMA_VERSION:
        yield Check("journal", Status.OK, f"{place} ({found} -> {SCHEMA_VERSION})")
        return
    try:
        open_journal(settings.journal_url).close()
    except EtlError as error:
        yield _failed("journal", place, error)
    else:
        yield Check("journal", Status.OK, f"{place} ({found})")


def check_profiles(profiles: Sequence[Profile]) -> Iterator[Check]:
    """Yield, for each profile, whether its credentials are there and the vendor answers. Without any: one failure."""
    missing: list[EtlError] = []
    usable = 0
    for profile in profiles:
        name = f"{profile.name}.{profile.vendor}"
        try:
            profile.credentials()
        except EtlError as error:
            missing.append(error)
            yield _failed(name, "", error) if profile.references else Check(name, Status.UNUSED, "")
            continue
        usable += 1
        yield Check(name, Status.OK, ", ".join(VENDORS[profile.vendor].secrets))
        yield check_reach(profile)
    if not usable and missing:
        yield _failed("credentials", "", missing[0])


def check_reach(profile: Profile) -> Check:
    """Return whether the vendor answers a harmless read with the profile's credentials."""
    from etl.io.transport import HttpTransport  # noqa: PLC0415 - httpx

    vendor = VENDORS[profile.vendor]
    if vendor.ping is None:
        return Check(f"{profile.name}.{vendor.name}.reach", Status.UNUSED, profile.address)
    with HttpTransport(vendor, profile) as transport:
        result = transport.send(vendor.ping, effect=Effect.READ, deadline=PING_SECONDS)
    name = f"{profile.name}.{vendor.name}.reach"
    if not isinstance(result, Answer):
        advice = text("There is no answer ({cause}). Check the network and the address.", cause=result.detail)
        return Check(name, Status.FAILED, profile.address, advice)
    found = f"{profile.address} (HTTP {result.status})"
    if result.status in CREDENTIAL_REFUSALS or (vendor.denies is not None and vendor.denies(result)):
        return Check(name, Status.FAILED, found, text("The vendor refuses these credentials."))
    status = Status.OK if result.status == 200 else Status.WARNING
    left = vendor.allowance(result) if vendor.allowance is not None else None
    if left is None:
        return Check(name, status, found)
    plan = text("The plan has {left} of {total} left.", left=left.left, total=left.total)
    return Check(name, status if left.left > 0 else Status.WARNING, found, plan)


def _failed(name: str, found: str, error: EtlError) -> Check:
    advice = error.message if error.hint is None else text("{problem} {hint}", problem=error.message, hint=error.hint)
    return Check(name, Status.FAILED, found, advice)


def _package(name: str) -> Check:
    try:
        return Check(name, Status.OK, version(name))
    except PackageNotFoundError:
        return Check(name, Status.FAILED, "-", text("It is missing: install the program again."))


def _expat() -> str:
    from pyexpat import EXPAT_VERSION  # noqa: PLC0415 - only here

    return EXPAT_VERSION.removeprefix("expat_")


def _numbers(dotted: str) -> tuple[int, ...]:
    return tuple(int(part) for part in dotted.split(".") if part.isdigit())
