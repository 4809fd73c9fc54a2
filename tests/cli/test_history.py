"""`etl runs`: which runs are listed, and what stands on top of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.sandbox import Fault, Sandbox
from tests.cli.command_line import CommandLine, Ended
from tests.recovery.lab import LIST, Lab, shops

CONFIGURED = """
[defaults.tusfacturas]
usertoken = "env:ETL_TUSFACTURAS_USERTOKEN"
apikey = "env:ETL_TUSFACTURAS_APIKEY"
apitoken = "env:ETL_TUSFACTURAS_APITOKEN"
[profiles.norte.tusfacturas]
[profiles.sur.tusfacturas]
"""


@pytest.fixture
def history(etl: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give the runs of two companies: one accepted, one with a refused row, one uncertain."""
    (tmp_path / "etl.toml").write_text(CONFIGURED, encoding="utf-8")
    runs = {}
    with Sandbox() as sandbox:
        lab = Lab(tmp_path / "home", sandbox)
        shops(lab, 5)
        for name, value in lab.environ.items():
            monkeypatch.setenv(name, value)
        for name, profile, code in (("good", "norte", "P001"), ("bad", "sur", "NADA"), ("lost", "sur", "P002")):
            if name == "lost":
                sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
            path = tmp_path / f"{name}.csv"
            path.write_text(f"Código;Lista de precios;Cantidad\n{code};{LIST};1\n", encoding="utf-8")
            words = ("run", str(path), "--to", "tusfacturas.stock", "--set", "operacion=A", "--yes", "--json")
            runs[name] = etl(*words, "--profile", profile).json["run"]
    return runs


def listed(etl: CommandLine, *words: str) -> list[str]:
    ended: Ended = etl("runs", "--json", *words)
    assert ended.code == 0, ended.err
    return [run["run"] for run in ended.json["runs"]]


def test_runs_are_filtered(etl: CommandLine, history: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """By profile, destination, outcome and day, each leaving out what does not match; newest first."""
    good, bad, lost = history["good"], history["bad"], history["lost"]
    assert listed(etl) == [lost, bad, good]
    assert listed(etl, "--profile", "norte") == [good]
    assert listed(etl, "--profile", "norte,sur") == [lost, bad, good]
    assert listed(etl, "--outcome", "rejected") == [bad]
    assert listed(etl, "--outcome", "rejected", "--outcome", "uncertain") == [lost, bad]
    assert listed(etl, "--to", "tusfacturas.stock", "--outcome", "accepted") == [good]
    assert listed(etl, "--to", "tusfacturas.productos") == []
    assert listed(etl, "--since", "2020-01-01", "--until", "2099-01-01") == [lost, bad, good]
    assert listed(etl, "--until", "2020-01-01") == []
    assert listed(etl, "--since", "2099-01-01") == []
    monkeypatch.setenv("ETL_PROFILE", "norte")
    assert listed(etl) == [lost, bad, good], "a variable chooses for whom to work, not what was done"


@pytest.mark.parametrize("words", [("--since", "01/11/2026"), ("--outcome", "lost"), ("--to", "nowhere")])
def test_a_filter_that_cannot_be_is_wrong_usage(etl: CommandLine, words: tuple[str, str]) -> None:
    """It is said, and not taken for "none"."""
    assert etl("runs", *words).code == 2
