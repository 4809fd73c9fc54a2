"""Decides what a profile is: one company's account, address and credentials for one vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from etl.companies import Written, check_defaults, find_companies
from etl.core.thresholds import Thresholds
from etl.core.zones import zone_of
from etl.errors import ConfigurationError
from etl.guard_limits import limits_of
from etl.io.addresses import checked_address
from etl.io.secrets import Secret, resolve, stored_reference
from etl.io.toml_file import TomlFile, dotted
from etl.messages import LANGUAGES, Text, text
from etl.model import DEFAULT_ZONE, Json
from etl.vendors import VENDORS
from etl.vendors.base import Setting, Vendor

DEFAULT_PROFILE: Final = "default"
MOST_IN_FLIGHT: Final = 16
SETTINGS: Final = (
    "account",
    "address",
    "company",
    "evidence",
    "in_flight",
    "ca_file",
    "timezone",
    "language",
    "guards",
)
"""What a profile may say beside its credentials."""


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
    language: str | None = None
    """Of messages and workbooks, where the company says one."""
    guards: Thresholds = field(default_factory=Thresholds)
    """Beyond which changes a guard asks."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """What it says for its vendor alone (`Vendor.settings`), every setting with its value."""
    written: bool = True
    """Whether it stands in a file; `default` may come from variables alone."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Where each credential comes from, by the vendor's name for it; never a credential itself."""
    source: Callable[[], Mapping[str, Secret]] = field(default=_no_credentials, repr=False, compare=False)

    def credentials(self) -> Mapping[str, Secret]:
        """Return the credentials by the vendor's names for them, read now.

        ConfigurationError when one is missing (naming exactly what to set) or when others could have read it.
        """
        return self.source()


def read_profiles(file: TomlFile | None, home: Path, environ: Mapping[str, str]) -> tuple[Profile, ...]:
    """Return the profiles of the file and its folder; a vendor without any has `default`, read from variables.

    A company stands in the file as ``[profiles.NAME.VENDOR]``, or as ``[VENDOR]`` in a file ``NAME.toml`` of its own in
    the folder ``profiles.d`` beside it; what it does not say is taken from ``[defaults.VENDOR]``. No credential is
    read. ConfigurationError for a key, a value or an address that cannot be.
    """
    companies = () if file is None else find_companies(file, VENDORS)
    if file is not None:
        file.allow_only(("defaults",), VENDORS)
    found: list[Profile] = []
    for vendor in VENDORS.values():
        declared: list[Profile] = []
        if file is not None:
            known = (*SETTINGS, *vendor.secrets, *(setting.name for setting in vendor.settings))
            check_defaults(file, vendor.name, known)
            for company in companies:
                if company.names_vendor(vendor.name):
                    at = (*company.at, vendor.name)
                    company.file.allow_only(at, known)
                    written = Written(company.name, company.file, at, file, ("defaults", vendor.name))
                    declared.append(_from_file(written, vendor, home, environ))
        found += declared or [_from_variables(vendor, home, environ)]
    return tuple(found)


def _from_file(written: Written, vendor: Vendor, home: Path, environ: Mapping[str, str]) -> Profile:
    name = written.name
    references = {secret: written.value(secret, str) for secret in vendor.secrets}
    given = {secret: reference for secret, reference in references.items() if reference is not None}

    def how_to_set(missing: Sequence[str]) -> Text:
        return text(
            'Name it in {file} under [{where}], for instance {secret} = "env:NAME"; or store it: '
            "etl secret set {profile} {vendor}",
            file=str(written.file.path),
            where=dotted(written.at),
            secret=missing[0],
            profile=name,
            vendor=vendor.name,
        )

    evidence = written.value("evidence", bool)
    ca_file = written.value("ca_file", str)
    return Profile(
        name=name,
        vendor=vendor.name,
        account=_account(written) or name,
        address=_address(written) or _usual_address(vendor, environ),
        company=written.value("company", str),
        evidence=True if evidence is None else evidence,
        in_flight=_in_flight(written),
        ca_file=None if ca_file is None else written.folder("ca_file") / Path(ca_file).expanduser(),
        timezone=_timezone(written),
        language=_language(written),
        guards=limits_of(written),
        settings={setting.name: _setting(written, setting) for setting in vendor.settings},
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
        settings={setting.name: setting.default for setting in vendor.settings},
        written=False,
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


def _account(written: Written) -> str | None:
    account = written.value("account", str)
    if account is not None and (not account.strip() or not account.isprintable() or len(account) > 100):
        written.refuse("account", text("account must be a name of at most 100 characters"))
    return account


def _timezone(written: Written) -> str:
    zone = written.value("timezone", str)
    if zone is not None and zone_of(zone) is None:
        written.refuse(
            "timezone",
            text("There is no time zone {zone}", zone=zone),
            text("Write it like America/Argentina/Buenos_Aires or America/Santiago."),
        )
    return zone or DEFAULT_ZONE


def _language(written: Written) -> str | None:
    language = written.value("language", str)
    if language is not None and language not in LANGUAGES:
        written.refuse(
            "language",
            text("There is no language {language}", language=language),
            text("Languages: {languages}", languages=", ".join(LANGUAGES)),
        )
    return language


def _address(written: Written) -> str | None:
    address = written.value("address", str)
    return None if address is None else checked_address(address, written.place("address"))


def _usual_address(vendor: Vendor, environ: Mapping[str, str]) -> str:
    variable = f"ETL_{vendor.name}_URL".upper()
    return checked_address(environ.get(variable) or vendor.address, variable)


def _setting(written: Written, setting: Setting) -> int | bool:
    kind = bool if isinstance(setting.default, bool) else int
    value = written.value(setting.name, kind)
    if value is None:
        return setting.default
    if not isinstance(value, bool) and value < setting.minimum:
        written.refuse(
            setting.name, text("{name} must be {minimum} or more", name=setting.name, minimum=setting.minimum)
        )
    return value


def _in_flight(written: Written) -> int:
    number = written.value("in_flight", int)
    if number is not None and not 1 <= number <= MOST_IN_FLIGHT:
        written.refuse("in_flight", text("in_flight must be from 1 to {most}", most=MOST_IN_FLIGHT))
    return number or 1
