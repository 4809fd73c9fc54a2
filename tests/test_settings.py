"""What holds for a command: home, journal, waiting times, and whose credentials go where."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.errors import ConfigurationError
from etl.io.secrets import store
from etl.model import Effect
from etl.settings import Profile, Settings, Timing, load_settings
from etl.vendors import VENDORS

CREDENTIALS = {
    "ETL_TUSFACTURAS_USERTOKEN": "canary-user",
    "ETL_TUSFACTURAS_APIKEY": "1134",
    "ETL_TUSFACTURAS_APITOKEN": "canary-token",
}
TWO = """
[profiles.acme.tusfacturas]
account = "acme-casa-central"
usertoken = "env:A_USER"
apikey = "env:A_KEY"
apitoken = "env:A_TOKEN"

[profiles.otra.tusfacturas]
company = "Otra S.A."
evidence = false
in_flight = 8
address = "https://proxy.example/tf"
ca_file = "ca.pem"
"""
Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Give a loader for a working folder, an own user's folder, a file's text and variables."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user-config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user-data"))
    work = tmp_path / "work"
    work.mkdir()

    def loaded(toml: str | None = None, environ: dict[str, str] | None = None, **options: object) -> Settings:
        if toml is not None:
            (work / "etl.toml").write_text(toml, encoding="utf-8")
        return load_settings(environ={"ETL_HOME": str(tmp_path / "home"), **(environ or {})}, cwd=work, **options)

    return loaded


def test_without_a_file_the_variables_are_the_profile_default(load: Load) -> None:
    """The profile `default` reads the documented variables; nothing else is needed (contract section 8)."""
    settings = load(environ=CREDENTIALS)
    profile = settings.profile("tusfacturas", None)
    assert (profile.name, profile.account, profile.vendor) == ("default", "default", "tusfacturas")
    assert profile.address == "https://www.tusfacturas.app/app/api/v2/"
    assert {name: secret.reveal() for name, secret in profile.credentials().items()} == {
        "usertoken": "canary-user",
        "apikey": "1134",
        "apitoken": "canary-token",
    }
    assert load(environ=CREDENTIALS).profile("tusfacturas", "default") == profile
    assert "canary" not in f"{settings!r}{profile!r}"


def test_every_vendor_has_its_variables(load: Load) -> None:
    """ETL_<VENDOR>_<SECRET> for every vendor of the registry, so that a new one needs no line here."""
    environ = {
        f"ETL_{vendor.name}_{secret}".upper(): f"{vendor.name}-{secret}"
        for vendor in VENDORS.values()
        for secret in vendor.secrets
    }
    for name, vendor in VENDORS.items():
        credentials = load(environ=environ).profile(name).credentials()
        assert {key: secret.reveal() for key, secret in credentials.items()} == {
            secret: f"{name}-{secret}" for secret in vendor.secrets
        }


def test_missing_credentials_are_named_all_at_once(load: Load) -> None:
    """Exit 4 says exactly which variables to set, and only those that are missing."""
    profile = load(environ={"ETL_TUSFACTURAS_APIKEY": "1134"}).profile("tusfacturas")
    with pytest.raises(ConfigurationError, match="usertoken, apitoken") as caught:
        profile.credentials()
    assert caught.value.exit_code == 4
    hint = str(caught.value.hint)
    assert "ETL_TUSFACTURAS_USERTOKEN, ETL_TUSFACTURAS_APITOKEN" in hint
    assert "APIKEY" not in hint
    assert "etl secret set default tusfacturas" in hint


def test_settings_are_read_without_any_credential(load: Load) -> None:
    """`validate` needs no credentials: they are asked for only when somebody wants to send."""
    assert load(TWO).profile("tusfacturas", "acme").account == "acme-casa-central"


def test_the_profiles_of_a_file(load: Load) -> None:
    """Account, company, address and the other settings, each with its default."""
    acme, otra = (profile for profile in load(TWO).profiles() if profile.vendor == "tusfacturas")
    assert (acme.name, acme.account, acme.company, acme.evidence, acme.in_flight) == (
        "acme",
        "acme-casa-central",
        None,
        True,
        1,
    )
    assert acme.references == {"usertoken": "env:A_USER", "apikey": "env:A_KEY", "apitoken": "env:A_TOKEN"}
    assert (otra.name, otra.account, otra.company, otra.evidence, otra.in_flight) == (
        "otra",
        "otra",
        "Otra S.A.",
        False,
        8,
    )
    assert otra.address == "https://proxy.example/tf/"
    assert otra.ca_file is not None
    assert otra.ca_file.parent.name == "work"


def test_references_are_followed_when_asked(load: Load) -> None:
    """A profile's credentials are those its references name, not the variables of the profile default."""
    environ = {**CREDENTIALS, "A_USER": "a-user", "A_KEY": "77", "A_TOKEN": "a-token"}
    credentials = load(TWO, environ).profile("tusfacturas", "acme").credentials()
    assert [credentials[name].reveal() for name in ("usertoken", "apikey", "apitoken")] == ["a-user", "77", "a-token"]
    with pytest.raises(ConfigurationError, match=r"acme.tusfacturas.usertoken: the variable A_USER is not set"):
        load(TWO, CREDENTIALS).profile("tusfacturas", "acme").credentials()


def test_a_profile_without_references_says_where_they_belong(load: Load) -> None:
    """The file, the table and the command that stores them."""
    with pytest.raises(ConfigurationError, match="otra lacks credentials for tusfacturas") as caught:
        load(TWO, CREDENTIALS).profile("tusfacturas", "otra").credentials()
    hint = str(caught.value.hint)
    assert "etl.toml under [profiles.otra.tusfacturas]" in hint
    assert 'usertoken = "env:NAME"' in hint
    assert "etl secret set otra tusfacturas" in hint


@pytest.mark.skipif(os.name == "nt", reason="no mode bits")
def test_stored_credentials_are_found_by_themselves(load: Load, tmp_path: Path) -> None:
    """After `etl secret set` a profile needs no reference, in a file or without one; a reference goes first."""
    for profile in ("default", "otra"):
        for name in VENDORS["tusfacturas"].secrets:
            store(profile, "tusfacturas", name, f"stored-{name}", home=tmp_path / "home")
    found = load(environ={"ETL_TUSFACTURAS_APIKEY": "1134"}).profile("tusfacturas").credentials()
    assert [secret.reveal() for secret in found.values()] == ["stored-usertoken", "1134", "stored-apitoken"]
    found = load(TWO).profile("tusfacturas", "otra").credentials()
    assert found["apitoken"].reveal() == "stored-apitoken"


def test_several_profiles_need_a_choice(load: Load) -> None:
    """Exit 4 lists them; an option, a variable or the file may choose, in this order."""
    with pytest.raises(ConfigurationError, match="acme, otra") as caught:
        load(TWO).profile("tusfacturas")
    assert "--profile" in str(caught.value.hint)
    assert load(f'profile = "otra"\n{TWO}').profile("tusfacturas").name == "otra"
    assert load(environ={"ETL_PROFILE": "acme"}).profile("tusfacturas").name == "acme"
    assert load(environ={"ETL_PROFILE": "acme"}, profile="otra").profile("tusfacturas").name == "otra"
    assert load(environ={"ETL_PROFILE": "acme"}, profile="otra").profile("tusfacturas", "acme").name == "acme"


def test_an_unknown_profile_lists_the_known_ones(load: Load) -> None:
    """A typing mistake in --profile is never answered with another company's account."""
    for settings in (load(TWO, profile="acmee"), load(TWO, {"ETL_PROFILE": "default"})):
        with pytest.raises(ConfigurationError, match="no profile") as caught:
            settings.profile("tusfacturas")
        assert "acme, otra" in str(caught.value.hint)
    only = load(TWO.partition("[profiles.otra")[0])
    assert only.profile("tusfacturas").name == "acme"
    with pytest.raises(ConfigurationError, match="no profile"):
        only.profile("tusfacturas", "otra")


MISTAKES = [
    ("hom = 'x'", "line 1: hom is not a known key; home is"),
    ("\n[timing]\nretries = 1", "line 3: retries is not a known key"),
    ("[timing]\nmin_age = -1", r"line 2: timing\.min_age must be a number of seconds"),
    ("[timing]\nmin_age = '3'", "line 2: timing.min_age must be a number"),
    ("[timing]\ntimeout = 0", r"line 2: timing\.timeout must be"),
    ("[timing]\ntimeout = inf", r"line 2: timing\.timeout must be"),
    ("home = 1", "line 1: home must be a text"),
    ("language = 'fr'", "line 1: There is no language fr"),
    ("profiles = 1", "line 1: profiles must be a table"),
    ("[profiles]\nacme = 1", "line 2: profiles.acme must be a table"),
    ("[profiles.acme.tusfactura]", "line 1: tusfactura is not a known key; tusfacturas is"),
    (
        "[profiles.acme.tusfacturas]\naccount = 'a'\nusertokn = 'env:X'",
        "line 3: usertokn is not a known key; usertoken is",
    ),
    ("[profiles.acme.tusfacturas]\nevidence = 'no'", "line 2: .*evidence must be true or false"),
    ("[profiles.acme.tusfacturas]\nin_flight = 99", "line 2: in_flight must be from 1 to 16"),
    ("[profiles.acme.tusfacturas]\naccount = ' '", "line 2: account must be a name"),
    ("[profiles.acme.tusfacturas]\napikey = 1134", "line 2: .*apikey must be a text"),
    ("\n[profiles.acme.tusfacturas]\naddress = 'http://x.example/'", r"etl\.toml:3.*unencrypted"),
    ("[profiles.'a b'.tusfacturas]", "line 1: a b cannot be the name of a profile"),
    ("[profiles.'../x'.tusfacturas]", "line 1: .* cannot be the name of a profile"),
    ("[profiles", "is not TOML"),
]


@pytest.mark.parametrize(("toml", "says"), MISTAKES)
def test_a_mistake_in_the_file_names_its_line(load: Load, toml: str, says: str) -> None:
    """Nothing is ignored: every mistake ends with 4, its line and what may stand there."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        load(toml)
    assert caught.value.exit_code == 4
    assert "etl.toml" in str(caught.value)
    if "not a known key" in says:
        assert caught.value.hint is not None


def test_a_credential_in_the_file_is_refused_unseen(load: Load) -> None:
    """A token pasted into etl.toml ends with 4, and no message repeats it."""
    settings = load('[profiles.acme.tusfacturas]\nusertoken = "canary-1"\napikey = "canary:2"\napitoken = "env:X"\n')
    with pytest.raises(ConfigurationError, match=r"acme\.tusfacturas\.usertoken is not a reference") as caught:
        settings.profile("tusfacturas").credentials()
    assert "canary" not in f"{caught.value}{caught.value.hint}{caught.value.message!r}"


def test_addresses_come_from_the_profile_then_the_variable_then_the_vendor(load: Load) -> None:
    """A profile's own address pins it; the variable moves the others, to a sandbox for instance (SEC-5)."""
    settings = load(TWO, {"ETL_TUSFACTURAS_URL": "http://127.0.0.1:5000/tf"})
    assert settings.profile("tusfacturas", "acme").address == "http://127.0.0.1:5000/tf/"
    assert settings.profile("tusfacturas", "otra").address == "https://proxy.example/tf/"
    with pytest.raises(ConfigurationError, match=r"ETL_TUSFACTURAS_URL.*unencrypted"):
        load(environ={"ETL_TUSFACTURAS_URL": "http://www.tusfacturas.app/"})
    assert load(environ={"ETL_TUSFACTURAS_URL": ""}).profile("tusfacturas", "acme").address.startswith("https:")


def test_waiting_times_have_their_defaults() -> None:
    """900, 60, 120, 0.5 and 10 seconds; a request 180 for movements and 60 for the rest (contract section 8)."""
    timing = Timing()
    assert (timing.reconcile_horizon, timing.reconcile_gap, timing.resend_window) == (900, 60, 120)
    assert (timing.retry_base, timing.min_age) == (0.5, 10)
    assert {effect: timing.total_timeout(effect) for effect in Effect} == {
        Effect.READ: 60,
        Effect.SET: 60,
        Effect.CREATE: 60,
        Effect.DELTA: 180,
    }
    assert {Timing(timeout=7.5).total_timeout(effect) for effect in Effect} == {7.5}


def test_variables_go_before_the_file(load: Load) -> None:
    """Each waiting time has its variable; an empty one is none; the gap is never more than the horizon."""
    toml = "[timing]\nreconcile_horizon = 100\nreconcile_gap = 50.5\nretry_base = 0\n"
    assert load(toml).timing == Timing(reconcile_horizon=100.0, reconcile_gap=50.5, retry_base=0.0)
    environ = {"ETL_RECONCILE_HORIZON": "3.5", "ETL_RECONCILE_GAP": "", "ETL_TIMEOUT": "2", "ETL_MIN_AGE": "0"}
    environ |= {"ETL_RESEND_WINDOW": "1e1", "ETL_RETRY_BASE": ".25"}
    assert load(toml, environ).timing == Timing(
        reconcile_horizon=3.5, reconcile_gap=3.5, resend_window=10.0, timeout=2.0, retry_base=0.25, min_age=0.0
    )


@pytest.mark.parametrize("written", ["0,5", "-1", "nan", "inf", "soon", "1 s"])
def test_a_waiting_time_that_is_none_is_refused(load: Load, written: str) -> None:
    """A mistake in a variable ends with 4 and names it, rather than waiting for ever or not at all."""
    with pytest.raises(ConfigurationError, match=f"ETL_RECONCILE_HORIZON.*{re.escape(written)}"):
        load(environ={"ETL_RECONCILE_HORIZON": written})


def test_the_language(load: Load) -> None:
    """Spanish, unless an option, ETL_LANG, the company or the file says otherwise, in this order."""
    assert load().language == "es"
    assert load('language = "en"').language == "en"
    assert load(environ={"ETL_LANG": "es"}).language == "es"
    assert load(environ={"ETL_LANG": "es"}, language="en").language == "en"
    with pytest.raises(ConfigurationError, match="no language fr"):
        load(environ={"ETL_LANG": "fr"})
    companies = 'language = "en"\n[profiles.a.justo]\nlanguage = "es"\n[profiles.b.tusfacturas]\n[profiles.b.justo]\n'
    assert load(companies).language == "en"
    assert load(companies, profile="a").language == "es"
    assert load(companies, profile="b").language == "en"
    assert load(companies, profile="a", environ={"ETL_LANG": "en"}).language == "en"
    with pytest.raises(ConfigurationError, match="no language fr"):
        load('[profiles.a.justo]\nlanguage = "fr"\n')


def test_which_file_is_read(load: Load, tmp_path: Path) -> None:
    """The one that is named, else the working folder's, else the user's; one that is named must be there."""
    user = tmp_path / "user-config" / "etl-planillas" / "etl.toml"
    if sys.platform.startswith("linux"):
        user.parent.mkdir(parents=True)
        user.write_text("[timing]\nmin_age = 1")
        assert (load().config_path, load().timing.min_age) == (user, 1)
    assert load("[timing]\nmin_age = 2").timing.min_age == 2
    (tmp_path / "work" / "other.toml").write_text("[timing]\nmin_age = 3")
    assert load(environ={"ETL_CONFIG": "other.toml"}).timing.min_age == 3
    (tmp_path / "third.toml").write_text("[timing]\nmin_age = 4")
    named = load(environ={"ETL_CONFIG": "other.toml"}, config=tmp_path / "third.toml")
    assert (named.timing.min_age, named.config_path) == (4, tmp_path / "third.toml")
    with pytest.raises(ConfigurationError, match=r"gone\.toml cannot be read"):
        load(config=Path("gone.toml"))


def test_where_the_home_is(load: Load, tmp_path: Path) -> None:
    """ETL_HOME, else the file's `home` (relative to the file), else the user's data folder."""
    toml = 'home = "../shared"'
    assert load(toml).home == tmp_path / "home"
    assert load(toml, {"ETL_HOME": ""}).home.resolve() == (tmp_path / "shared").resolve()
    assert load("", {"ETL_HOME": "here"}).home == tmp_path / "work" / "here"
    if sys.platform.startswith("linux"):
        assert load("", {"ETL_HOME": ""}).home == tmp_path / "user-data" / "etl-planillas"


def test_where_the_journal_is(load: Load, tmp_path: Path) -> None:
    """In the home, or where ETL_JOURNAL says; its password is not shown."""
    settings = load()
    assert settings.journal_url == f"sqlite:///{(tmp_path / 'home' / 'journal.db').as_posix()}"
    assert settings.journal_file == tmp_path / "home" / "journal.db"
    url = "postgresql+psycopg://etl:canary@db/etl"
    settings = load(environ={"ETL_JOURNAL": url})
    assert (settings.journal_url, settings.journal_file) == (url, None)
    assert "canary" not in repr(settings)
    assert load(environ={"ETL_JOURNAL": "sqlite:////srv/x.db?mode=rw"}).journal_file == Path("/srv/x.db")
    assert load(environ={"ETL_JOURNAL": "sqlite://"}).journal_file is None
    with pytest.raises(ConfigurationError, match="ETL_JOURNAL") as caught:
        load(environ={"ETL_JOURNAL": "canary"})
    assert "canary" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.skipif(os.name == "nt", reason="no mode bits")
def test_loading_creates_nothing_and_preparing_creates_a_closed_home(load: Load, tmp_path: Path) -> None:
    """`validate` leaves no trace; whoever opens the journal prepares the home first, 0700."""
    settings = load(TWO, CREDENTIALS)
    assert not settings.home.exists()
    assert settings.prepare_home() == tmp_path / "home"
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    settings.home.chmod(0o770)
    settings.prepare_home()
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o770


def test_a_home_that_cannot_be_is_refused(load: Load, tmp_path: Path) -> None:
    """A file in the way ends with 4."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be made"):
        load(environ={"ETL_HOME": str(tmp_path / "file")}).prepare_home()


def test_a_journal_on_a_network_drive_is_refused(load: Load, tmp_path: Path) -> None:
    """SQLite's locks do not hold there (SUB-7); a journal in PostgreSQL does not mind where the home is."""

    def drive_type(path: Path) -> str | None:
        return "nfs4" if path == tmp_path / "home" else None

    with pytest.raises(ConfigurationError, match=r"journal\.db would stand on a network drive \(nfs4\)") as caught:
        load().prepare_home(drive_type=drive_type)
    assert "home = PATH" in str(caught.value.hint)
    load(environ={"ETL_JOURNAL": "postgresql+psycopg://db/etl"}).prepare_home(drive_type=drive_type)
    load(environ={"ETL_JOURNAL": f"sqlite:///{tmp_path}/elsewhere/x.db"}).prepare_home(drive_type=drive_type)


def test_a_profile_for_tests_needs_no_file() -> None:
    """Whoever has an address and credentials can make a profile by hand."""
    profile = Profile(name="p", vendor="v", account="a", address="http://127.0.0.1/")
    assert profile.credentials() == {}


def test_settings_import_nothing_heavy() -> None:
    """Reading the settings costs no library that only some commands need."""
    program = (
        "import sys, etl.settings\n"
        "heavy = {'pandas', 'pandera', 'sqlalchemy', 'httpx', 'openpyxl', 'keyring', 'platformdirs', 'pydantic'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
