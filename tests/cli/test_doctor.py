"""The doctor: what it warns of, what it calls wrong, and that it shows no credential and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.doctor import Check, Status, check_environment, check_versions
from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from tests.cli.command_line import CommandLine

NAMES = {secret: f"ETL_TUSFACTURAS_{secret}".upper() for secret in DEMO_CREDENTIALS["tusfacturas"]}


def with_sandbox(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, **other: str) -> None:
    monkeypatch.setenv("ETL_TUSFACTURAS_URL", sandbox.url("tusfacturas"))
    for name, value in (DEMO_CREDENTIALS["tusfacturas"] | other).items():
        monkeypatch.setenv(NAMES[name], value)


def named(ended: object) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in ended.json["checks"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("python", "status"),
    [
        ((3, 11, 7), Status.WARNING),
        ((3, 11, 8), Status.OK),
        ((3, 12, 0), Status.WARNING),
        ((3, 12, 1), Status.WARNING),
        ((3, 12, 2), Status.OK),
        ((3, 13, 0), Status.OK),
    ],
)
def test_a_python_that_reads_hostile_files_badly_is_told(python: tuple[int, ...], status: Status) -> None:
    """Below 3.11.8 and 3.12.2 there is a warning with what to do."""
    [found] = [check for check in check_versions(python) if check.name == "python"]
    assert found.status is status
    assert (found.advice is None) is (status is Status.OK)


@pytest.mark.parametrize(("expat", "status"), [("2.4.0", Status.WARNING), ("2.4.1", Status.OK), ("2.10.0", Status.OK)])
def test_an_expat_without_protection_is_told(expat: str, status: Status) -> None:
    """Below 2.4.1 a small file of entities can take all memory; versions compare as numbers."""
    [found] = [check for check in check_versions(expat=expat) if check.name == "expat"]
    assert found.status is status


def test_a_key_log_is_told() -> None:
    """SSLKEYLOGFILE lets whoever reads the file read the credentials."""
    assert [check.status for check in check_environment({"SSLKEYLOGFILE": "keys.txt"})] == [Status.WARNING]
    assert list(check_environment({})) == []


def test_all_is_well_against_a_vendor_that_answers(etl: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 0; the credentials are called present, and none is shown; no journal is made."""
    with Sandbox() as sandbox:
        with_sandbox(monkeypatch, sandbox)
        ended = etl("doctor", "--json")
        plain = etl("doctor")
    assert (ended.code, plain.code) == (0, 0)
    checks = named(ended)
    assert checks["default.tusfacturas"]["status"] == "ok"
    assert checks["default.tusfacturas.reach"]["status"] == "ok"
    assert checks["journal"]["status"] == "unused"
    assert not Path(checks["journal"]["found"]).exists()
    for secret, value in DEMO_CREDENTIALS["tusfacturas"].items():
        assert secret in plain.out
        if len(value) >= 8:
            assert value not in ended.out + ended.err + plain.out + plain.err


def test_refused_credentials_are_wrong(etl: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 4 with advice when the vendor answers 401."""
    with Sandbox() as sandbox:
        with_sandbox(monkeypatch, sandbox, apitoken="another-token")
        ended = etl("doctor", "--json")
    assert ended.code == 4
    assert named(ended)["default.tusfacturas.reach"]["status"] == "failed"


def test_a_token_that_a_400_denies_is_wrong_too(etl: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bsale has a text for it among its 400s (facts 2.6)."""
    with Sandbox() as sandbox:
        sandbox.bsale.account.mood.denial = 400
        monkeypatch.setenv("ETL_BSALE_URL", sandbox.url("bsale"))
        monkeypatch.setenv("ETL_BSALE_ACCESS_TOKEN", "another-token")
        ended = etl("doctor", "--json")
    assert ended.code == 4
    assert named(ended)["default.bsale.reach"]["status"] == "failed"


def test_a_vendor_that_does_not_answer_is_told(etl: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 4 and a word about the network."""
    with Sandbox() as sandbox:
        with_sandbox(monkeypatch, sandbox)
    ended = etl("doctor", "--json")
    assert ended.code == 4
    assert "network" in named(ended)["default.tusfacturas.reach"]["advice"]


def test_missing_credentials_say_what_to_set(etl: CommandLine) -> None:
    """Exit code 4, naming the variables; the vendor is not asked."""
    ended = etl("doctor", "--json")
    assert ended.code == 4
    assert named(ended)["default.tusfacturas"]["status"] == "unused"
    assert NAMES["apikey"] in named(ended)["credentials"]["advice"]


def test_a_broken_configuration_is_wrong_and_the_rest_is_still_told(etl: CommandLine, tmp_path: Path) -> None:
    """Exit code 4 with the line; versions are shown all the same."""
    (tmp_path / "etl.toml").write_text("lenguage = 'es'\n", "utf-8")
    ended = etl("doctor", "--json")
    assert ended.code == 4
    assert named(ended)["configuration"]["status"] == "failed"
    assert "python" in named(ended)


def test_a_damaged_journal_is_wrong(etl: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A journal that cannot be read is found before a run needs it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "journal.db").write_bytes(b"this is no database, " * 100)
    with Sandbox() as sandbox:
        with_sandbox(monkeypatch, sandbox)
        ended = etl("doctor", "--json")
    assert ended.code == 4
    assert named(ended)["journal"]["status"] == "failed"


def test_a_check_without_advice_says_so_in_json() -> None:
    """The JSON form always has the same keys."""
    assert Check("etl", Status.OK, "1").to_json("en") == {"name": "etl", "status": "ok", "found": "1", "advice": None}


def test_only_the_named_profiles_are_looked_at(
    etl: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of forty companies one is examined; a name that does not exist is a failure and not "nothing to do"."""
    own = "\n".join(f'{secret} = "env:{variable}"' for secret, variable in NAMES.items())
    companies = "".join(f"[profiles.{name}.tusfacturas]\n" for name in ("norte", "sur"))
    (tmp_path / "etl.toml").write_text(f"[defaults.tusfacturas]\n{own}\n{companies}", encoding="utf-8")
    with Sandbox() as sandbox:
        with_sandbox(monkeypatch, sandbox)
        checks = named(etl("doctor", "--json", "--profile", "norte"))
        assert "norte.tusfacturas.reach" in checks
        assert not [name for name in checks if name.startswith("sur.")]
        assert "sur.tusfacturas.reach" in named(etl("doctor", "--json"))
        assert etl("doctor", "--profile", "oeste").code == 4
