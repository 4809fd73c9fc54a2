"""Many companies: one file or one a file, what they inherit, and what they never share."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.errors import ConfigurationError
from etl.settings import Settings, load_settings

DEFAULTS = """
[defaults.tusfacturas]
usertoken = "credential:{profile}.usertoken"
apikey = "credential:{profile}.apikey"
apitoken = "credential:{profile}.apitoken"
timezone = "America/Santiago"
evidence = false
"""


def load(folder: Path, toml: str, profile: str | None = None, **companies: str) -> Settings:
    """Load a configuration with a file a company in `profiles.d`."""
    (folder / "etl.toml").write_text(toml, encoding="utf-8")
    for name, content in companies.items():
        (folder / "profiles.d").mkdir(exist_ok=True)
        (folder / "profiles.d" / f"{name}.toml").write_text(content, encoding="utf-8")
    return load_settings(environ={"ETL_HOME": str(folder / "home")}, cwd=folder, profile=profile)


def test_each_file_of_the_folder_is_a_company(tmp_path: Path) -> None:
    """Forty companies are forty small files; those of the main file come first."""
    settings = load(tmp_path, "[profiles.main.justo]\n", norte="[tusfacturas]\n[justo]\n", acme="[tusfacturas]\n")
    assert settings.companies() == ("acme", "norte", "main")
    assert settings.profile("justo", "norte").account == "norte"


def test_what_a_company_does_not_say_is_inherited_with_its_own_name(tmp_path: Path) -> None:
    """References to credentials are written once; a company's own word wins."""
    settings = load(
        tmp_path, DEFAULTS, acme="[tusfacturas]\nevidence = true\n", norte="[tusfacturas]\napikey='env:K'\n"
    )
    acme, norte = (settings.profile("tusfacturas", name) for name in ("acme", "norte"))
    assert acme.references["usertoken"] == "credential:acme.usertoken"
    assert norte.references == {
        "usertoken": "credential:norte.usertoken", "apikey": "env:K", "apitoken": "credential:norte.apitoken",
    }  # fmt: skip
    assert (acme.evidence, norte.evidence) == (True, False)
    assert {acme.timezone, norte.timezone} == {"America/Santiago"}


def test_companies_never_share_an_account(tmp_path: Path) -> None:
    """Locks and the once-only rules go by the account: two companies under one name would stand in each other's way."""
    shared = '[defaults.tusfacturas]\ntimezone = "America/Santiago"\naccount = "all"\n'
    with pytest.raises(ConfigurationError, match=r"line 3: defaults\.tusfacturas\.account cannot be the same"):
        load(tmp_path, shared, acme="[tusfacturas]\n")
    settings = load(tmp_path, shared.replace("all", "cl-{profile}"))
    assert settings.profile("tusfacturas", "acme").account == "cl-acme"


@pytest.mark.parametrize(
    ("toml", "company", "told"),
    [
        ("", "[tusfacturas]\nacount = 'x'\n", r"acme\.toml, line 2: acount is not a known key; account is"),
        ("", "[tusfactura]\n", r"acme\.toml, line 1: tusfactura is not a known key; tusfacturas is"),
        ("[profiles.acme.justo]\n", "[tusfacturas]\n", r"acme\.toml, line 1: acme is in .*etl\.toml too"),
        ("[defaults.tusfacturas]\ntokn = 'x'\n", "[justo]\n", r"etl\.toml, line 2: tokn is not a known key"),
        ("[defaults.afip]\n", "[justo]\n", r"etl\.toml, line 1: afip is not a known key"),
        ("[defaults.justo]\ntimezone = 'Marte'\n", "[justo]\n", r"etl\.toml, line 2: There is no time zone Marte"),
        ("profiles_folder = 'nowhere'\n", "[justo]\n", r"line 1: There is no folder .*nowhere"),
    ],
)
def test_a_mistake_names_the_file_and_the_line_where_it_stands(
    tmp_path: Path, toml: str, company: str, told: str
) -> None:
    """Also when it is inherited: the line to change is the one that is told."""
    with pytest.raises(ConfigurationError, match=told):
        load(tmp_path, toml, acme=company)


def test_another_folder_can_be_named(tmp_path: Path) -> None:
    """`profiles_folder` stands beside the file that names it."""
    (tmp_path / "companies").mkdir()
    (tmp_path / "companies" / "sur.toml").write_text("[justo]\n", encoding="utf-8")
    assert load(tmp_path, "profiles_folder = 'companies'\n").companies() == ("sur",)


def test_several_profiles_are_named_with_commas(tmp_path: Path) -> None:
    """`--profile a,b` is for batch and lists; what is done for one company refuses it, and an unknown name too."""
    settings = load(tmp_path, "", profile="acme, norte", acme="[justo]\n", norte="[justo]\n", sur="[justo]\n")
    assert settings.companies(settings.chosen) == ("acme", "norte")
    with pytest.raises(ConfigurationError, match="one profile at a time"):
        settings.profile("justo")
    with pytest.raises(ConfigurationError, match="There is no profile oeste"):
        settings.companies("acme,oeste")
