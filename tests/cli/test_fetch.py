"""`etl fetch` as a process of its own, against the simulated vendors."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from etl.cli.fetched import FILTERS
from etl.sandbox import DEMO_CREDENTIALS, Fault, Sandbox
from etl.vendors import LISTINGS
from tests.cli.command_line import CommandLine, Ended, as_process, clean_environment

PRODUCTS = "tusfacturas.productos"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


class Fetcher:
    """Runs ``etl fetch`` in an empty folder, with the sandbox's addresses and credentials in the environment."""

    def __init__(self, sandbox: Sandbox, etl: CommandLine, environ: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.etl = etl
        self.environ = environ
        environ.setenv("ETL_RETRY_BASE", "0.01")
        for vendor, secrets in DEMO_CREDENTIALS.items():
            environ.setenv(f"ETL_{vendor}_URL".upper(), sandbox.url(vendor))
            for name, value in secrets.items():
                environ.setenv(f"ETL_{vendor}_{name}".upper(), value)

    def __call__(self, *arguments: str) -> Ended:
        return self.etl("fetch", *arguments)

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """Return the first sheet of a workbook, header first."""
        return [*openpyxl.load_workbook(name).worksheets[0].iter_rows(values_only=True)]


@pytest.fixture
def etl_fetch(sandbox: Sandbox, etl: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Fetcher:
    return Fetcher(sandbox, etl, monkeypatch)


@pytest.fixture
def shop(sandbox: Sandbox) -> Sandbox:
    sandbox.tusfacturas.seed(*({"lista_precios": "Mostrador", "codigo": f"{number:05}"} for number in range(1203)))
    return sandbox


def test_a_list_becomes_a_workbook(etl_fetch: Fetcher, shop: Sandbox) -> None:
    """Data on the first sheet, one line a record, all pages; the file is replaced; standard output says it."""
    Path("p.xlsx").write_text("older", "utf-8")
    ended = etl_fetch(PRODUCTS, "-o", "p.xlsx")
    assert (ended.code, ended.out) == (0, "1203 records: p.xlsx\n")
    header, first, *rest = etl_fetch.rows("p.xlsx")
    assert header[:3] == ("Código", "Descripción", "Lista de precios")
    assert (first[0], first[2], len(rest)) == ("00000", "Mostrador", 1202)
    assert shop.tusfacturas.requests["productos/listar"] == 2


def test_a_process_of_its_own_does_the_same(shop: Sandbox, tmp_path: Path) -> None:
    """As a script calls it: nothing but the object on standard output, the exit code, the file."""
    environ = clean_environment(ETL_HOME=str(tmp_path / "home"), ETL_TUSFACTURAS_URL=shop.url("tusfacturas"))
    environ |= {f"ETL_TUSFACTURAS_{name}".upper(): one for name, one in DEMO_CREDENTIALS["tusfacturas"].items()}
    ended = as_process("fetch", PRODUCTS, "-o", "p.csv", "--json", cwd=tmp_path, environ=environ)
    assert (ended.code, ended.json["records"]) == (0, 1203)
    assert len((tmp_path / "p.csv").read_text("utf-8-sig").splitlines()) == 1204


def test_a_list_becomes_csv_and_one_json_object(etl_fetch: Fetcher, shop: Sandbox) -> None:
    """Columns by field, header and letter; with --rows the records too."""
    ended = etl_fetch(PRODUCTS, "-o", "p.csv", "--json", "--rows")
    told = ended.json
    assert (ended.code, told["command"], told["what"], told["records"]) == (0, "fetch", PRODUCTS, 1203)
    assert told["columns"][0] == {"field": "codigo", "header": "Código", "column": "A"}
    assert told["requests"] == {"planned": 0, "sent": 0, "reads": 2}
    assert (told["schema_version"], told["exit_code"], told["output"]) == (1, 0, "p.csv")
    assert [row["codigo"] for row in told["rows"][:2]] == ["00000", "00001"]
    with Path("p.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert len(list(csv.reader(lines, delimiter=";"))) == 1204


def test_what_was_fetched_is_a_valid_input(etl_fetch: Fetcher, shop: Sandbox) -> None:
    """A list of products goes back as it came."""
    etl_fetch(PRODUCTS, "-o", "p.xlsx")
    counts = etl_fetch.etl("validate", "p.xlsx", "--to", PRODUCTS, "--set", "operacion=M", "--json").json["counts"]
    assert (counts["invalid"], counts["not_sent"]) == (0, 1203)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing", "-o", "x.xlsx"), "there is no list"),
        ((PRODUCTS,), "Missing option"),
        ((PRODUCTS, "-o", "x.pdf"), "neither .xlsx nor .csv"),
        ((PRODUCTS, "-o", "nowhere/x.csv"), "There is no folder"),
        ((PRODUCTS, "-o", "x.csv", "--code", "7"), f"{PRODUCTS} has no --code"),
        ((PRODUCTS, "-o", "x.csv", "--id", "7"), f"{PRODUCTS} has no --id"),
        ((PRODUCTS, "-o", "x.csv", "--details"), f"{PRODUCTS} has no --details"),
        ((PRODUCTS, "-o", "x.csv", "--fields", "code"), f"{PRODUCTS} has no --fields"),
        ((PRODUCTS, "-o", "x.csv", "--expand", "office"), f"{PRODUCTS} has no --expand office"),
        (("bsale.stocks", "-o", "x.csv", "--documentnumber", "7"), "--officeid, --variantid, --code, --barcode"),
        (("bsale.stocks", "-o", "x.csv", "--expand", "details"), "--expand variant, --expand office"),
        (("bsale.stocks", "-o", "x.csv", "--details"), "bsale.stocks has no --details"),
        (("bsale.stocks", "-o", "x.csv", "--officeid", "Centro"), "must be a whole number, and is Centro"),
        (("bsale.stocks", "-o", "x.csv", "--officeid", ""), "must be a whole number"),
        (("bsale.stocks", "-o", "x.csv", "--code", " "), "--code is blank"),
        (("bsale.stocks", "-o", "x.csv", "--id", "7", "--code", "x"), "--code cannot stand beside --id"),
        (("bsale.stocks", "-o", "x.csv", "--id", "7", "--fields", "quantity"), "--fields stands for whole lists only"),
        (("bsale.receptions", "-o", "x.csv", "--admissiondate", "31/02/2026"), "must be a day, and is 31/02/2026"),
        (("bsale.receptions", "-o", "x.csv", "--admissiondate", "2026"), "must be a day, and is 2026"),
        (("bsale.receptions", "-o", "x.csv", "--details", "--fields", "note"), "--fields stands for whole lists only"),
        (("bsale.consumption-types", "-o", "x.csv", "--id", "7"), "bsale.consumption-types has no --id"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(etl: CommandLine, arguments: tuple[str, ...], words: str) -> None:
    """Said before a vendor or its credentials are looked for; exit code 2."""
    ended = etl("fetch", *arguments)
    assert ended.code == 2
    assert words in ended.err


def test_credentials_and_reachability_have_their_exit_codes(etl_fetch: Fetcher, shop: Sandbox) -> None:
    """4 when they are missing or refused, 5 when nobody answers; the file that was there stays."""
    Path("p.xlsx").write_text("older", "utf-8")
    with shop.down():
        down = etl_fetch(PRODUCTS, "-o", "p.xlsx", "--json")
    assert (down.code, down.json["exit_code"]) == (5, 5)
    limited = etl_fetch(PRODUCTS, "-o", "p.xlsx", "--max-requests", "1")
    assert limited.code == 5
    etl_fetch.environ.setenv("ETL_TUSFACTURAS_APIKEY", "wrong-7")
    wrong = etl_fetch(PRODUCTS, "-o", "p.xlsx", "--json")
    assert (wrong.code, wrong.json["exit_code"], "wrong-7" in wrong.out + wrong.err) == (4, 4, False)
    etl_fetch.environ.delenv("ETL_TUSFACTURAS_APIKEY")
    missing = etl_fetch(PRODUCTS, "-o", "p.xlsx")
    assert (missing.code, "ETL_TUSFACTURAS_APIKEY" in missing.err) == (4, True)
    assert Path("p.xlsx").read_text("utf-8") == "older"


def test_a_busy_vendor_is_asked_again(etl_fetch: Fetcher, shop: Sandbox) -> None:
    """429 and a lost answer cost a pause, not the list."""
    shop.faults.order(Fault.STATUS_BEFORE, status=429, retry_after="0")
    shop.faults.order(Fault.CLOSE_BEFORE, nth=2)
    ended = etl_fetch(PRODUCTS, "-o", "p.xlsx", "--json")
    assert (ended.code, ended.json["records"], ended.json["requests"]["reads"]) == (0, 1203, 4)


def test_bsales_stock_in_a_workbook(etl_fetch: Fetcher) -> None:
    """Codes are text with their zeros, quantities numbers; filters are options; the vendor is only read."""
    ended = etl_fetch("bsale.stocks", "-o", "s.xlsx", "--officeid", "1", "--json", "--rows")
    header, *rows = etl_fetch.rows("s.xlsx")
    assert header == (
        "Sucursal", "Sucursal (nombre)", "ID variante", "SKU", "Código de barras", "Variante", "Stock", "Reservado",
        "Disponible",
    )  # fmt: skip
    assert (1, "Casa Matriz", 750, "00750", "0780000007507", "Menta", 30, 0, 30) in rows
    assert {row[0] for row in rows} == {1}
    assert len(rows) == len(ended.json["rows"]) == ended.json["records"] == 16
    assert [*etl_fetch.sandbox.bsale.requests] == ["GET stocks.json"]


def test_a_fetched_stock_is_a_stock_take(etl_fetch: Fetcher) -> None:
    """The column Stock corrected and the sheet sent: Bsale then has what was counted, and nothing else moved."""
    etl_fetch("bsale.stocks", "-o", "s.xlsx", "--officeid", "2")
    book = openpyxl.load_workbook("s.xlsx")
    sheet = book.worksheets[0]
    for row in sheet.iter_rows(min_row=2):
        row[6].value = {629: 5, 700: 14}.get(row[2].value, row[6].value)
    book.save("s.xlsx")
    ended = etl_fetch.etl("run", "s.xlsx", "--to", "bsale.inventario", "--yes", "--json")
    counts = ended.json["counts"]
    assert (ended.code, counts["accepted"], counts["unchanged"], counts["invalid"]) == (0, 2, 2, 0)
    shop = etl_fetch.sandbox.bsale
    assert [(one.kind, one.variant, one.quantity) for one in shop.applications] == [
        ("consumptions", 629, 3),
        ("receptions", 700, 2),
    ]
    assert (shop.stock(2, 629).quantity, shop.stock(2, 700).quantity) == (5, 14)


def test_bsales_receptions_have_days_and_lines(etl_fetch: Fetcher) -> None:
    """A day may be written in two ways; a date is a date in the workbook and ISO in CSV."""
    for day in ("23/03/2020", "2020-03-23", "1584921600"):
        ended = etl_fetch("bsale.receptions", "-o", "r.xlsx", "--admissiondate", day)
        assert (ended.code, ended.out) == (0, "2 records: r.xlsx\n")
    assert [row[1].isoformat()[:10] for row in etl_fetch.rows("r.xlsx")[1:]] == ["2020-03-23"] * 2
    etl_fetch("bsale.receptions", "-o", "d.csv", "--id", "12", "--details", "--expand", "[office,user]")
    with Path("d.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [*csv.DictReader(lines, delimiter=";")]
    assert [row["Cantidad"] for row in rows] == ["32,02", "32,22", "14,46"]
    assert {(row["Fecha"], row["Usuario"], row["ID recepción"]) for row in rows} == {("2020-01-15", "Ana", "12")}


def test_what_the_vendor_does_not_have_ends_with_1(etl_fetch: Fetcher) -> None:
    """With an object for the script, and no file."""
    ended = etl_fetch("bsale.receptions", "-o", "x.csv", "--id", "99", "--json")
    assert (ended.code, ended.json["exit_code"], "id 99" in ended.err) == (1, 1, True)
    refused = etl_fetch("bsale.offices", "-o", "x.csv", "--fields", "colour")
    assert (refused.code, "invalid field: colour" in refused.err) == (1, True)
    assert not Path("x.csv").exists()


def test_nothing_found_is_a_table_without_lines(etl_fetch: Fetcher) -> None:
    """An office without receptions is no error."""
    ended = etl_fetch("bsale.receptions", "-o", "x.xlsx", "--officeid", "2", "--details")
    assert (ended.code, ended.out) == (0, "0 records: x.xlsx\n")
    assert len(etl_fetch.rows("x.xlsx")) == 1


def test_the_options_are_the_filters_of_the_lists() -> None:
    """No filter without its option, no option without a list that has it."""
    assert {one.name for listing in LISTINGS.values() for one in listing.filters} == {*FILTERS}


def test_help_names_every_list(etl: CommandLine) -> None:
    """Whoever asks for help learns what there is."""
    told = " ".join(etl("fetch", "--help").out.split())
    assert [name for name in LISTINGS if name not in told] == []
