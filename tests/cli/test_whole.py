"""Whole commands against the sandbox over HTTP: exit codes, the JSON object, what is written, what really arrived."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.mappings import load_mapping
from etl.samples import sample, write_samples
from etl.sandbox import DEMO_CREDENTIALS, Fault, Sandbox
from tests.cli.command_line import CommandLine, Ended, at_a_terminal

PRODUCTS = ("--to", "tusfacturas.productos", "--set", "operacion=A")
STOCK = ("--to", "tusfacturas.stock")
KEYS = [
    "schema_version", "command", "run", "to", "profile", "file", "sheet", "header_row", "columns", "ignored_columns",
    "counts", "requests", "findings", "results", "exit_code",
]  # fmt: skip


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, etl: CommandLine) -> Iterator[Sandbox]:
    """Give a vendor to send to, its address and credentials in the environment, and the samples in the folder."""
    for name, value in DEMO_CREDENTIALS["tusfacturas"].items():
        monkeypatch.setenv(f"ETL_TUSFACTURAS_{name}".upper(), value)
    monkeypatch.setenv("ETL_RETRY_BASE", "0")
    write_samples(Path.cwd())
    with Sandbox() as running:
        monkeypatch.setenv("ETL_TUSFACTURAS_URL", running.url("tusfacturas"))
        yield running


@pytest.fixture
def shop(sandbox: Sandbox) -> Sandbox:
    """Give a vendor that has the products of the stock sample, 500 units each."""
    rows = sample("stock.xlsx").rows
    sandbox.tusfacturas.seed(*({"lista_precios": row[0], "codigo": row[1], "stock_actual": 500} for row in rows))
    return sandbox


def counts(ended: Ended) -> dict[str, int]:
    """Return the counts that are not zero."""
    return {name: count for name, count in ended.json["counts"].items() if count}


def test_validate_needs_no_vendor(etl: CommandLine, tmp_path: Path) -> None:
    """A good sheet: exit code 0, valid rows are not_sent, run is null, the workbook lies beside the sheet."""
    write_samples(tmp_path)
    ended = etl("validate", "productos.xlsx", *PRODUCTS, "--json")
    assert ended.code == 0, ended
    assert [key for key in ended.json if key in KEYS] == KEYS
    assert (ended.json["command"], ended.json["run"], ended.json["exit_code"]) == ("validate", None, 0)
    assert counts(ended) == {"read": 8, "not_sent": 8}
    assert (tmp_path / "productos.validacion.xlsx").exists()
    assert not (tmp_path / "home").exists()


def test_validate_finds_every_kind_of_mistake(etl: CommandLine, tmp_path: Path) -> None:
    """The bad samples show every finding that a cell of their destination can have, and exit code 1."""
    write_samples(tmp_path)
    products = etl("validate", "productos-con-errores.xlsx", *PRODUCTS, "--json", "--no-results")
    stock = etl("validate", "stock-con-errores.xlsx", *STOCK, "--json", "--no-results")
    assert (products.code, stock.code) == (1, 1)
    assert {finding["code"] for finding in products.json["findings"]} >= {
        "required", "too_long", "not_a_number", "not_an_integer", "too_many_decimals", "out_of_range", "not_allowed",
        "duplicate_key", "ambiguous_number", "precision_lost", "error_cell", "unknown_column", "check_digit",
        "ignored_value",
    }  # fmt: skip
    assert {finding["code"] for finding in stock.json["findings"]} >= {
        "required", "too_long", "not_a_number", "not_an_integer", "out_of_range", "not_allowed", "duplicate_key",
        "similar_key", "precision_lost", "error_cell",
    }  # fmt: skip
    assert not list(tmp_path.glob("*.validacion.xlsx"))


def test_each_mistake_of_the_bad_samples_is_found_in_its_row(etl: CommandLine, tmp_path: Path) -> None:
    """Each row says in its last column what is wrong with it; exactly those rows are invalid."""
    write_samples(tmp_path)
    for name, to in (("productos-con-errores.xlsx", PRODUCTS), ("stock-con-errores.xlsx", STOCK)):
        ended = etl("validate", name, *to, "--json", "--rows", "--no-results")
        harmless = ("bien", "ya existe", "no existe: lo", "aviso")
        wanted = {
            number for number, row in enumerate(sample(name).rows, start=2) if not str(row[-1]).startswith(harmless)
        }
        assert {row["row"] for row in ended.json["rows"] if row["outcome"] == "invalid"} == wanted


@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_file_that_is_not_there(etl: CommandLine, sandbox: Sandbox, command: str) -> None:
    """Exit code 3 with the object; the finding has no cell."""
    ended = etl(command, "nada.xlsx", *PRODUCTS, "--json", "--yes")
    assert ended.code == 3
    assert ended.json["exit_code"] == 3
    assert ended.json["findings"][0]["cell"] is None


def test_messages_go_to_stderr_when_nothing_was_done(etl: CommandLine) -> None:
    """An ending with only a message leaves standard output empty."""
    ended = etl("validate", "nada.xlsx", *PRODUCTS)
    assert (ended.code, ended.out) == (3, "")
    assert "nada.xlsx" in ended.err


def test_without_a_terminal_and_without_yes_nothing_is_sent(etl: CommandLine, sandbox: Sandbox) -> None:
    """Exit code 2 and what to say."""
    ended = etl("run", "productos.xlsx", *PRODUCTS)
    assert ended.code == 2
    assert "--yes" in ended.err
    assert not sandbox.tusfacturas.applications


def test_on_a_terminal_the_person_is_asked(shop: Sandbox, tmp_path: Path) -> None:
    """Company, account, host, rows and requests are shown, then one question; without a yes nothing is sent."""
    pytest.importorskip("pty", reason="terminals of this kind are POSIX's")
    environ = {**os.environ, "ETL_LANG": "es"}
    ended, seen = at_a_terminal(["-m", "etl", "run", "stock.xlsx", *STOCK], "n\n", cwd=tmp_path, environ=environ)
    assert ended == 2, seen
    assert "¿Enviar? [s/N]" in seen
    assert shop.url("tusfacturas") in seen
    assert "operacion=B: 2 filas" in seen
    assert not shop.tusfacturas.applications


def test_a_run_and_its_history(etl: CommandLine, shop: Sandbox, tmp_path: Path) -> None:
    """Sent once; runs, show and report tell it afterwards, and say the same."""
    sent = etl("run", "stock.xlsx", *STOCK, "--yes", "--json", "--rows")
    assert sent.code == 0, sent
    assert counts(sent) == {"read": 5, "accepted": 5}
    assert len(shop.tusfacturas.applications) == 5
    assert shop.tusfacturas.stock("Mayorista", "00123") == 620
    assert Path(sent.json["results"]).name == "stock.resultados.xlsx"
    [listed] = etl("runs", "--json").json["runs"]
    assert [*listed] == ["run", "to", "profile", "file", "started", "finished", "counts", "exit_code"]
    assert (listed["run"], listed["counts"], listed["exit_code"]) == (sent.json["run"], sent.json["counts"], 0)
    assert sent.json["run"] in etl("runs").out
    for named in ("last", sent.json["run"], sent.json["run"][:6], "stock.resultados.xlsx"):
        shown = etl("show", named, "--json", "--rows")
        assert (shown.code, shown.json["rows"], shown.json["counts"]) == (0, sent.json["rows"], sent.json["counts"])
    again = etl("report", "last", "-o", "otra.xlsx", "--json")
    assert (again.code, (tmp_path / "otra.xlsx").exists()) == (0, True)


def test_a_repeat_is_refused_and_again_sends_it(etl: CommandLine, shop: Sandbox) -> None:
    """Exit code 6, no new run, the earlier one named; --again moves stock a second time."""
    first = etl("run", "stock.xlsx", *STOCK, "--yes", "--json")
    second = etl("run", "stock.xlsx", *STOCK, "--yes", "--json")
    assert second.code == 6
    assert first.json["run"] in second.out + second.err
    assert len(etl("runs", "--json").json["runs"]) == 1
    assert len(shop.tusfacturas.applications) == 5
    assert etl("run", "stock.xlsx", *STOCK, "--yes", "--again").code == 0
    assert len(shop.tusfacturas.applications) == 10


def test_a_dry_run_shows_what_would_be_sent(etl: CommandLine, shop: Sandbox, tmp_path: Path) -> None:
    """Bodies without credentials, no run, nothing sent."""
    ended = etl("run", "stock.xlsx", *STOCK, "--dry-run", "--payloads", "bodies", "--json")
    assert ended.code == 0, ended
    assert (ended.json["run"], counts(ended)) == (None, {"read": 5, "not_sent": 5})
    bodies = [json.loads(path.read_text("utf-8")) for path in sorted((tmp_path / "bodies").iterdir())]
    assert {body["operacion"] for body in bodies} == {"A", "B"}
    assert not any(name in body for body in bodies for name in DEMO_CREDENTIALS["tusfacturas"])
    assert not shop.tusfacturas.applications


def test_quiet_is_quiet_and_verbose_is_not(etl: CommandLine, sandbox: Sandbox) -> None:
    """-q says nothing when all is well; -v lists every finding; --rows every row."""
    assert etl("run", "productos.xlsx", *PRODUCTS, "--yes", "-q") == Ended(0, "", "")
    ended = etl("validate", "productos-con-errores.xlsx", *PRODUCTS, "-v", "--rows", "--no-results")
    assert "K19\terror\tambiguous_number" in ended.out
    assert "\n3\tnot_sent" in ended.out


def test_missing_credentials_are_told_before_anything(
    etl: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 4, naming the variable; nothing is sent."""
    monkeypatch.delenv("ETL_TUSFACTURAS_APITOKEN")
    ended = etl("run", "stock.xlsx", *STOCK, "--yes")
    assert ended.code == 4
    assert "ETL_TUSFACTURAS_APITOKEN" in ended.err
    assert not sandbox.tusfacturas.requests


def test_uncertain_rows_are_settled_by_a_word(etl: CommandLine, shop: Sandbox) -> None:
    """A lost answer is exit code 7. What somebody looked up is recorded, and resume sends each other row once."""
    shop.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    lost = etl("run", "stock.xlsx", *STOCK, "--yes", "--json", "--rows")
    assert lost.code == 7, lost
    first, *others = [row["row"] for row in lost.json["rows"] if row["outcome"] == "uncertain"]
    shop.tusfacturas.move("Mayorista", "00123", 120)
    settled = etl("resolve", "last", "--row", str(first), "--applied", "--why", "counted in the shop", "--json")
    assert settled.json["counts"]["uncertain"] == len(others)
    again = ",".join(map(str, others))
    assert etl("resolve", "last", "--row", again, "--resend", "--why", "not on the shelf").code != 7
    resumed = etl("resume", "last", "--json", "--yes")
    assert resumed.code == 0, resumed
    assert counts(resumed) == {"read": 5, "accepted": 5}
    assert len(shop.tusfacturas.applications) == 4


def test_a_run_that_is_not_known_is_wrong_usage(etl: CommandLine) -> None:
    """Exit code 2 with the way to find it."""
    for command in ("show", "resume", "reconcile"):
        ended = etl(command, "ffff")
        assert (ended.code, ended.out) == (2, "")
        assert "etl runs" in ended.err


def test_inspect_shows_what_was_found_and_keeps_it(etl: CommandLine, tmp_path: Path) -> None:
    """The mapping that --save keeps is enough for the next validate."""
    write_samples(tmp_path)
    ended = etl("inspect", "productos.csv", *PRODUCTS, "--save", "m.toml", "--json")
    assert ended.code == 0, ended
    assert ended.json["to"] == "tusfacturas.productos"
    assert ended.json["header_row"] == 1
    assert {"field": "codigo", "header": "Código", "column": "A"} in ended.json["columns"]
    assert len(ended.json["sample"]) == 8
    assert etl("validate", "productos.csv", "--mapping", "m.toml", "--no-results").code == 0


def test_a_price_that_may_hold_the_tax_stays_a_question(etl: CommandLine, tmp_path: Path) -> None:
    """Inspect shows both answers and keeps neither; validate ends with 3 and prints both options."""
    (tmp_path / "lista.csv").write_text("Código;Descripción;Precio\n00123;Yerba;100,5\n00124;Azúcar;90,5\n", "utf-8")
    seen = etl("inspect", "lista.csv", *PRODUCTS, "--save", "m.toml", "--json").json
    assert {one["field"] for one in seen["proposals"]} == {"precio_unitario_sin_iva", "precio_con_iva"}
    assert "Precio" not in load_mapping(tmp_path / "m.toml").columns
    ended = etl("validate", "lista.csv", *PRODUCTS, "--no-results")
    assert ended.code == 3
    for field in ("precio_unitario_sin_iva", "precio_con_iva"):
        assert f'--map "Precio={field}"' in ended.err


def test_the_input_is_never_changed(etl: CommandLine, sandbox: Sandbox, tmp_path: Path) -> None:
    """Whatever becomes of a run, the sheet stays byte for byte."""
    before = (tmp_path / "productos-con-errores.xlsx").read_bytes()
    assert etl("run", "productos-con-errores.xlsx", *PRODUCTS, "--yes").code == 1
    assert (tmp_path / "productos-con-errores.xlsx").read_bytes() == before
    shutil.rmtree(tmp_path / "home")
