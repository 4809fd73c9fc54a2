"""Decides what a profile is: one company's account, address and credentials for one vendor."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from etl.core.zones import zone_of
from etl.errors import ConfigurationError
from etl.io.addresses import checked_address
from etl.io.secrets import Secret, resolve, stored_reference
from etl.io.toml_file import TomlFile
from etl.messages import Text, text
from etl.model import DEFAULT_ZONE
from etl.vendors import VENDORS
from etl.vendors.base import Vendor

DEFAULT_PROFILE: Final = "default"
MOST_IN_FLIGHT: Final = 16
SETTINGS: Final = ("account", "address", "company", "evidence", "in_flight", "ca_file", "timezone")
"""What a profile may say beside its credentials."""

_NAME: Final = re.compile(r"\w[\w.-]{0,63}")


def _no_credentials() -> Mapping[str, Secret]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The settings of one company for one vendor."""

    name: str
    vendor: str
    account: str
    """What locks and the once-only guard are keyed by; tokens rotate, this stays."""
    address: str
    """Base address, ending in a slash."""
    company: str | None = None
    """How the person calls it, shown before anything is sent."""
    evidence: bool = True
    """Whether movements are preceded by a read of the stock."""
    in_flight: int = 1
    """Requests at once, where the vendor and the effect allow more than one."""
    ca_file: Path | None = None
    """Further authorities to trust, for networks that decrypt https."""
    timezone: str = DEFAULT_ZONE
    """Of dates in sheets that name none (IANA)."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Where each credential comes from, by the vendor's name for it; never a credential itself."""
    source: Callable[[], Mapping[str, Secret]] = field(default=_no_credentials, repr=False, compare=False)

    def credentials(self) -> Mapping[str, Secret]:
        """Return the credentials by the vendor's names for them, read now.

        ConfigurationError when one is missing (naming exactly what to set) or when others could have read it.
        """
        return self.source()


def read_profiles(file: TomlFile | None, home: Path, environ: Mapping[str, str]) -> tuple[Profile, ...]:
    """Return the profiles of the file; a vendor without any has `default`, whose credentials stand in variables.

    No credential is read. ConfigurationError for a key, a value or an address that cannot be.
    """
    if file is not None:
        _check_names(file)
    found: list[Profile] = []
    for vendor in VENDORS.values():
        declared = [] if file is None else _declared(file, vendor, home, environ)
        found += declared or [_from_variables(vendor, home, environ)]
    return tuple(found)


def _check_names(file: TomlFile) -> None:
    for name in file.table(("profiles",)):
        if not _NAME.fullmatch(name):
            file.refuse(
                ("profiles", name),
                text("{name} cannot be the name of a profile", name=name),
                text("Use letters, digits, - and _, at most 64."),
            )
        file.allow_only(("profiles", name), VENDORS)


def _declared(file: TomlFile, vendor: Vendor, home: Path, environ: Mapping[str, str]) -> list[Profile]:
    names = [name for name in file.table(("profiles",)) if vendor.name in file.table(("profiles", name))]
    return [_from_file(file, name, vendor, home, environ) for name in names]


def _from_file(file: TomlFile, name: str, vendor: Vendor, home: Path, environ: Mapping[str, str]) -> Profile:
    at = ("profiles", name, vendor.name)
    file.allow_only(at, (*SETTINGS, *vendor.secrets))
    references = {secret: file.value((*at, secret), str) for secret in vendor.secrets}
    given = {secret: reference for secret, reference in references.items() if reference is not None}

    def how_to_set(missing: Sequence[str]) -> Text:
        return text(
            'Name it in {file} under [{where}], for instance {secret} = "env:NAME"; or store it: '
            "etl secret set {profile} {vendor}",
            file=str(file.path),
            where=".".join(at),
            secret=missing[0],
            profile=name,
            vendor=vendor.name,
        )

    evidence = file.value((*at, "evidence"), bool)
    ca_file = file.value((*at, "ca_file"), str)
    return Profile(
        name=name,
        vendor=vendor.name,
        account=_account(file, at) or name,
        address=_address(file, at) or _usual_address(vendor, environ),
        company=file.value((*at, "company"), str),
        evidence=True if evidence is None else evidence,
        in_flight=_in_flight(file, at),
        ca_file=None if ca_file is None else (file.path.parent / Path(ca_file).expanduser()),
        timezone=_timezone(file, at),
        references=given,
        source=lambda: _credentials(name, vendor, given, home, environ, how_to_set),
    )


def _from_variables(vendor: Vendor, home: Path, environ: Mapping[str, str]) -> Profile:
    variables = {secret: f"ETL_{vendor.name}_{secret}".upper() for secret in vendor.secrets}
    given = {secret: f"env:{name}" for secret, name in variables.items() if environ.get(name)}

    def how_to_set(missing: Sequence[str]) -> Text:
        return text(
            "Set {variables}, or store them: etl secret set {profile} {vendor}",
            variables=", ".join(variables[secret] for secret in missing),
            profile=DEFAULT_PROFILE,
            vendor=vendor.name,
        )

    return Profile(
        name=DEFAULT_PROFILE,
        vendor=vendor.name,
        account=DEFAULT_PROFILE,
        address=_usual_address(vendor, environ),
        references=given,
        source=lambda: _credentials(DEFAULT_PROFILE, vendor, given, home, environ, how_to_set),
    )


def _credentials(
    profile: str,
    vendor: Vendor,
    references: Mapping[str, str],
    home: Path,
    environ: Mapping[str, str],
    how_to_set: Callable[[Sequence[str]], Text],
) -> Mapping[str, Secret]:
    found = {
        secret: references.get(secret) or stored_reference(profile, vendor.name, secret, home=home)
        for secret in vendor.secrets
    }
    missing = [secret for secret, reference in found.items() if reference is None]
    if missing:
        raise ConfigurationError(
            text(
                "The profile {profile} lacks credentials for {vendor}: {missing}",
                profile=profile,
                vendor=vendor.name,
                missing=", ".join(missing),
            ),
            hint=how_to_set(missing),
        )
    return {
        secret: resolve(reference, environ, what=f"{profile}.{vendor.name}.{secret}")
        for secret, reference in found.items()
        if reference is not None
    }


def _account(file: TomlFile, at: tuple[str, ...]) -> str | None:
    account = file.value((*at, "account"), str)
    if account is not None and (not account.strip() or not account.isprintable() or len(account) > 100):
        file.refuse((*at, "account"), text("account must be a name of at most 100 characters"))
    return account


def _timezone(file: TomlFile, at: tuple[str, ...]) -> str:
    zone = file.value((*at, "timezone"), str)
    if zone is not None and zone_of(zone) is None:
        file.refuse(
            (*at, "timezone"),
            text("There is no time zone {zone}", zone=zone),
            text("Write it like America/Argentina/Buenos_Aires or America/Santiago."),
        )
    return zone or DEFAULT_ZONE


def _address(file: TomlFile, at: tuple[str, ...]) -> str | None:
    address = file.value((*at, "address"), str)
    if address is None:
        return None
    place = f"{file.path}:{file.line_of((*at, 'address'))}"
    return checked_address(address, place)


def _usual_address(vendor: Vendor, environ: Mapping[str, str]) -> str:
    variable = f"ETL_{vendor.name}_URL".upper()
    return checked_address(environ.get(variable) or vendor.address, variable)


def _in_flight(file: TomlFile, at: tuple[str, ...]) -> int:
    number = file.value((*at, "in_flight"), int)
    if number is not None and not 1 <= number <= MOST_IN_FLIGHT:
        file.refuse((*at, "in_flight"), text("in_flight must be from 1 to {most}", most=MOST_IN_FLIGHT))
    return number or 1
