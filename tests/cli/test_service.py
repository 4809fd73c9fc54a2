"""The commands around the program, as processes: sandbox, secret, destinations, template."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from tests.cli.command_line import ROOT, CommandLine, as_process, clean_environment

SECRETS = DEMO_CREDENTIALS["tusfacturas"]


@pytest.mark.parametrize("stop", ["SIGINT", "SIGTERM"])
def test_the_sandbox_serves_until_it_is_stopped(tmp_path: Path, stop: str) -> None:
    """It says where it is, answers there, ends well on a signal, and frees its port."""
    if sys.platform == "win32":
        pytest.skip("signals of this kind are POSIX's")
    with subprocess.Popen(
        [sys.executable, "-m", "etl", "sandbox", "--port", "0", "--json"],
        cwd=tmp_path, env=clean_environment(PYTHONPATH=str(ROOT)), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        with urllib.request.urlopen(told["address"] + "_control/state", timeout=10) as answer:  # noqa: S310 - loopback
            assert answer.status == 200
        process.send_signal(getattr(signal, stop))
        assert process.wait(15) == 0
    assert told["variables"]["ETL_TUSFACTURAS_URL"].startswith(told["address"])
    with pytest.raises(OSError):
        urllib.request.urlopen(told["address"], timeout=2)  # noqa: S310 - loopback


def test_orders_come_in_while_the_sandbox_serves(tmp_path: Path) -> None:
    """With --orders the counters at Justo fall by themselves, as customers buy: what a sheet set does not stay."""
    with subprocess.Popen(
        [sys.executable, "-m", "etl", "sandbox", "--port", "0", "--orders", "0.5", "--json"],
        cwd=tmp_path, env=clean_environment(PYTHONPATH=str(ROOT)), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            sheet = ROOT / "samples" / "justo-stock.xlsx"
            sent = as_process(
                "run", str(sheet), "--to", "justo.stock", "--yes", "--no-results", "--json",
                cwd=tmp_path, environ=clean_environment(ETL_HOME=str(tmp_path / "home"), **told["variables"]),
            )  # fmt: skip
            assert sent.code == 0, sent.err
            stocks = _stocks(told["address"])
            assert any(stocks.values())
            until = time.monotonic() + 20
            while (later := _stocks(told["address"])) == stocks and time.monotonic() < until:
                time.sleep(0.2)
            assert all(later[thing] < stock for thing, stock in stocks.items() if stock)
        finally:
            process.terminate()
            assert process.wait(15) == 0


def _stocks(address: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{address}_control/state", timeout=10) as answer:  # noqa: S310 - loopback
        state = json.load(answer)
    return {"/".join(map(str, one["thing"])): one["stock"] for one in state["justo"]["stocks"]}


def test_a_port_in_use_is_wrong_usage(etl: CommandLine) -> None:
    """Exit code 2 and what to do, not a traceback."""
    with Sandbox() as sandbox:
        ended = etl("sandbox", "--port", str(sandbox.port))
    assert ended.code == 2
    assert "--port" in ended.err


def test_secrets_are_stored_without_being_shown(tmp_path: Path) -> None:
    """Given on standard input, kept in a file for this user alone, found by the profile, never printed."""
    backend = "keyring.backends.null.Keyring"
    environ = clean_environment(ETL_HOME=str(tmp_path / "home"), ETL_LANG="en", PYTHON_KEYRING_BACKEND=backend)
    given = "".join(f"{SECRETS[name]}\n" for name in ("usertoken", "apikey", "apitoken"))
    stored = as_process("secret", "set", "default", "tusfacturas", "--json", cwd=tmp_path, environ=environ, stdin=given)
    assert stored.code == 0, stored
    assert not [value for value in SECRETS.values() if len(value) >= 8 and value in stored.out + stored.err]
    references = stored.json["references"]
    assert {*references} == {*SECRETS}
    for reference in references.values():
        kind, _, place = reference.partition(":")
        assert kind == "file"
        if sys.platform != "win32":
            assert stat.S_IMODE(Path(place).stat().st_mode) == 0o600
    with Sandbox() as sandbox:
        environ["ETL_TUSFACTURAS_URL"] = sandbox.url("tusfacturas")
        checked = as_process("doctor", cwd=tmp_path, environ=environ)
    assert checked.code == 0, checked


def test_too_few_secrets_store_nothing(tmp_path: Path) -> None:
    """The end of input in the middle is wrong usage; nothing half is kept."""
    environ = clean_environment(ETL_HOME=str(tmp_path / "home"), ETL_LANG="en")
    ended = as_process("secret", "set", "default", "tusfacturas", cwd=tmp_path, environ=environ, stdin="one\n")
    assert ended.code == 2
    assert "apikey" in ended.err
    assert not (tmp_path / "home" / "secrets").exists()


def test_an_unknown_vendor_has_no_secrets(etl: CommandLine) -> None:
    """Exit code 2, naming the vendors."""
    ended = etl("secret", "set", "default", "nobody")
    assert ended.code == 2
    assert "tusfacturas" in ended.err


def test_destinations_are_listed_with_their_rules(etl: CommandLine) -> None:
    """The list and its JSON say key, limit, effects and every field with its rule."""
    [stock] = etl("destinations", "tusfacturas.stock", "--json").json["destinations"]
    assert (stock["key"], stock["batch_limit"]) == (["lista_precios", "codigo"], 50)
    assert stock["effects"] == {"A": "delta", "B": "delta"}
    amount = next(field for field in stock["fields"] if field["name"] == "cantidad")
    assert (amount["required"], amount["minimum"], amount["above_minimum"]) == (True, 0, True)
    shown = etl("destinations").out
    assert "tusfacturas.productos" in shown
    assert "at most 50 characters" in shown


def test_a_template_is_written_where_it_is_wanted(etl: CommandLine, tmp_path: Path) -> None:
    """-o names the file; an earlier one is replaced."""
    target = tmp_path / "stock.xlsx"
    target.write_bytes(b"old")
    ended = etl("template", "tusfacturas.stock", "-o", str(target))
    assert (ended.code, ended.out.strip()) == (0, str(target))
    assert target.read_bytes()[:2] == b"PK"


def test_a_template_that_cannot_be_written_is_wrong_usage(etl: CommandLine, tmp_path: Path) -> None:
    """A folder that is not there is said, with exit code 2."""
    ended = etl("template", "tusfacturas.stock", "-o", str(tmp_path / "nowhere" / "stock.xlsx"))
    assert ended.code == 2
    assert "stock.xlsx" in ended.err
