"""Guards, from the sheet to the vendor: what stops a sheet, who lets it pass, what is said where nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from etl.core.report import Report
from etl.errors import UsageError
from etl.options import OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file, validate_file
from etl.sandbox import Sandbox
from tests.recovery.lab import MOVES, NO_WORKBOOK, PRODUCTS, Lab, Silent, movement_values, shops


@dataclass(slots=True)
class Talking(Silent):
    """Somebody at a terminal who answers by what is asked."""

    interactive: bool = True
    answers: Sequence[bool] = ()
    asked: int = 0

    def ask(self, question: object) -> bool:
        self.said.append(question)  # type: ignore[arg-type]
        self.asked += 1
        return self.answers[self.asked - 1]

    @property
    def seen(self) -> str:
        return "\n".join(str(line) for line in self.said)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def lab(running: Sandbox, tmp_path: Path) -> Lab:
    running.reset()
    found = Lab(tmp_path / "home", running)
    found.home.mkdir()
    shops(found, 60)
    return found


def sheet(folder: Path, columns: str, lines: Sequence[str], name: str = "planilla.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([columns, *lines]) + "\n", encoding="utf-8")
    return path


def send(
    lab: Lab, path: Path, to: str, person: Silent | None = None, *, sets: Mapping[str, str] | None = None, **how: object
) -> Report:
    options = SheetOptions(file=path, to=to, constants=tuple((sets or {}).items()))
    choice = SendOptions(**{"yes": True, **how})  # type: ignore[arg-type]
    return run_file(options, NO_WORKBOOK, choice, lab.settings, person or Silent())


def codes(report: Report, severity: str = "error") -> set[str]:
    return {finding.code for finding in report.findings if finding.severity == severity}


def sent(lab: Lab, method: str) -> int:
    return lab.sandbox.tusfacturas.requests[method]


# --- taking away more than there is --------------------------------------------------------------------------------

TAKE = "codigo;lista_precios;cantidad;operacion"


def takes(folder: Path, units: Mapping[str, int], name: str = "baja.csv") -> Path:
    return sheet(folder, TAKE, [f"{code};Mayorista;{count};B" for code, count in units.items()], name)


def test_a_withdrawal_below_zero_stops_the_whole_sheet(lab: Lab, tmp_path: Path) -> None:
    """Nothing is sent, also no batch before it; exit 1; the guard is named for the sheet and at the cell."""
    units = {f"P{number:03d}": 1 for number in range(60)} | {"P057": 101}
    report = send(lab, takes(tmp_path, units), MOVES)
    assert (report.exit_code, report.counts["not_sent"]) == (1, 60)
    assert sent(lab, "productos/stock") == 0
    assert codes(report) == {"stock_below_zero"}
    about_all, at_cell = [finding for finding in report.findings if finding.code == "stock_below_zero"]
    assert about_all.row is None
    assert "--confirm stock_below_zero" in str(about_all.hint)
    assert (at_cell.cell, str(at_cell.message)) == ("C59", "The stock would change from 100 to -1")
    assert all("stock_below_zero" in str(row.reasons[0]) for row in report.rows)
    assert report.requests.reads == 2


def test_a_confirmed_guard_lets_pass_and_reads_no_stock_twice(lab: Lab, tmp_path: Path) -> None:
    """--confirm sends it; what the guard read is the stock before sending: one read a batch, none more."""
    units = {f"P{number:03d}": 101 for number in range(60)}
    report = send(lab, takes(tmp_path, units), MOVES, confirm=("stock_below_zero",))
    assert (report.exit_code, report.counts["accepted"]) == (0, 60)
    assert lab.sandbox.tusfacturas.stock("Mayorista", "P000") == -1
    assert (report.requests.sent, report.requests.reads) == (2, 2)
    assert sent(lab, "productos/consultar") == 2


@pytest.mark.parametrize(("age", "reads"), [(timedelta(), 0), (timedelta(minutes=10), 1), (timedelta(minutes=-10), 1)])
def test_only_a_fresh_reading_is_the_stock_before_sending(lab: Lab, age: timedelta, reads: int) -> None:
    """What was read for the guards long before the request goes out, or by a clock that was set back, is read again."""
    run = lab.plan(MOVES, [movement_values(number, "B") for number in range(3)])
    with lab.journal() as journal:
        journal.note_baseline(run, 1, {"0": 100, "1": 100, "2": 100}, datetime.now(UTC) - age, 0)
    assert lab.resume(run).exit_code == 0
    assert sent(lab, "productos/consultar") == reads


def test_without_evidence_nothing_is_read_and_nothing_is_asked(lab: Lab, tmp_path: Path) -> None:
    """A company that does without the reading does without the guard."""
    (lab.home / "etl.toml").write_text(
        '[profiles.acme.tusfacturas]\nevidence = false\nusertoken = "env:ETL_TUSFACTURAS_USERTOKEN"\n'
        'apikey = "env:ETL_TUSFACTURAS_APIKEY"\napitoken = "env:ETL_TUSFACTURAS_APITOKEN"\n',
        encoding="utf-8",
    )
    report = send(lab, takes(tmp_path, {"P000": 500}), MOVES)
    assert (report.exit_code, report.requests.reads) == (0, 0)


def test_a_limit_that_leaves_nothing_to_send_reads_nothing(lab: Lab, tmp_path: Path) -> None:
    """--max-requests below the reads and one request: exit 5 before the first of them."""
    units = {f"P{number:03d}": 1 for number in range(60)}
    report = send(lab, takes(tmp_path, units), MOVES, max_requests=2)
    assert report.exit_code == 5
    assert sum(lab.sandbox.tusfacturas.requests.values()) == 0
    assert send(lab, takes(tmp_path, units), MOVES, max_requests=4).exit_code == 0


# --- asking --------------------------------------------------------------------------------------------------------

NEW = "codigo;lista_precios;descripcion;unidad_bulto;precio_unitario_sin_iva;alicuota;moneda;afecta_stock;operacion"


def new_products(folder: Path, prices: Sequence[str], name: str = "altas.csv") -> Path:
    return sheet(folder, NEW, [f"N{at};Nueva;Cosa {at};1;{price};21;PES;N;A" for at, price in enumerate(prices)], name)


def test_on_a_terminal_each_guard_is_asked_by_itself(lab: Lab, tmp_path: Path) -> None:
    """The guard with its rows and examples, then the question whether to send; no to either sends nothing."""
    path = new_products(tmp_path, ["0", "10", "0"])
    refused = Talking(answers=[False])
    report = send(lab, path, PRODUCTS, refused, yes=False)
    assert (report.exit_code, report.counts["not_sent"], refused.asked) == (1, 3, 1)
    assert "Guard price_zero: 2 prices would be 0" in refused.seen
    assert "Rows: 2, 4" in refused.seen
    assert "row 4, Nueva / N2, precio_unitario_sin_iva: 0" in refused.seen
    agreed = Talking(answers=[True, False])
    with pytest.raises(UsageError):
        send(lab, path, PRODUCTS, agreed, yes=False)
    assert sent(lab, "productos/administrar") == 0
    both = Talking(answers=[True, True])
    assert send(lab, path, PRODUCTS, both, yes=False).exit_code == 0
    assert sent(lab, "productos/administrar") == 1


def test_yes_does_not_answer_for_a_guard(lab: Lab, tmp_path: Path) -> None:
    """--yes on a terminal: the guard is still asked, the rest is not; without a terminal the guard stops the sheet."""
    path = new_products(tmp_path, ["0"])
    at_terminal = Talking(answers=[True])
    assert send(lab, path, PRODUCTS, at_terminal).exit_code == 0
    assert at_terminal.asked == 1
    nobody = Silent()
    assert send(lab, new_products(tmp_path, ["0", "0"], "otra.csv"), PRODUCTS, nobody).exit_code == 1
    assert "Guard price_zero: 2 prices would be 0" in [str(line) for line in nobody.said]


def test_without_a_terminal_and_without_yes_it_is_wrong_usage(lab: Lab, tmp_path: Path) -> None:
    """Exit 2 comes before the guards, and before they read anything."""
    with pytest.raises(UsageError):
        send(lab, takes(tmp_path, {"P000": 101}), MOVES, yes=False)
    assert sum(lab.sandbox.tusfacturas.requests.values()) == 0


def test_a_code_that_no_guard_has_is_wrong_usage(lab: Lab, tmp_path: Path) -> None:
    """A mistyped --confirm is told with the codes that exist, before anything is read."""
    with pytest.raises(UsageError, match="price_zeros"):
        send(lab, new_products(tmp_path, ["0"]), PRODUCTS, confirm=("price_zeros",))


def test_a_company_s_own_setting_lets_pass(lab: Lab, tmp_path: Path) -> None:
    """A guard that etl.toml turns off never stops a job of that company."""
    (lab.home / "etl.toml").write_text("[defaults.tusfacturas.guards]\nprice_zero = false\n", encoding="utf-8")
    (lab.home / "profiles.d").mkdir()
    (lab.home / "profiles.d" / "acme.toml").write_text(
        '[tusfacturas]\nusertoken = "env:ETL_TUSFACTURAS_USERTOKEN"\napikey = "env:ETL_TUSFACTURAS_APIKEY"\n'
        'apitoken = "env:ETL_TUSFACTURAS_APITOKEN"\n',
        encoding="utf-8",
    )
    assert send(lab, new_products(tmp_path, ["0"]), PRODUCTS).exit_code == 0


def test_what_nothing_is_sent_of_is_only_warned_about(lab: Lab, tmp_path: Path) -> None:
    """Validate and a dry run say what a run would ask, change no exit code, and are silent once it is confirmed."""
    path = new_products(tmp_path, ["0", "1"])
    checked = validate_file(SheetOptions(file=path, to=PRODUCTS), NO_WORKBOOK, Silent())
    for report in (checked, send(lab, path, PRODUCTS, dry_run=True)):
        assert (report.exit_code, report.counts["not_sent"]) == (0, 2)
        assert codes(report) == set()
        assert codes(report, "warning") == {"price_zero"}
        assert [finding.cell for finding in report.findings if finding.row] == ["E2"]
    assert codes(send(lab, path, PRODUCTS, dry_run=True, confirm=("price_zero",)), "warning") == set()


def test_a_dry_run_that_reads_shows_what_only_reading_tells(lab: Lab, tmp_path: Path) -> None:
    """With --read the stock is looked at as the run would, and nothing is moved."""
    path = takes(tmp_path, {"P000": 101})
    assert codes(send(lab, path, MOVES, dry_run=True), "warning") == set()
    report = send(lab, path, MOVES, dry_run=True, read=True)
    assert (report.exit_code, report.requests.reads) == (0, 2), "the stock, and what is left of the plan"
    assert codes(report, "warning") == {"stock_below_zero"}
    assert sent(lab, "productos/stock") == 0


def test_a_stopped_sheet_comes_back_whole_and_is_sent_when_confirmed(lab: Lab, tmp_path: Path) -> None:
    """The results workbook of a stopped run holds every row to send again, and goes out with --confirm."""
    report = run_file(
        SheetOptions(file=new_products(tmp_path, ["0", "7"]), to=PRODUCTS),
        OutputOptions(language="es"),
        SendOptions(yes=True),
        lab.settings,
        Silent(),
    )
    assert report.results is not None
    again = SheetOptions(file=Path(report.results))
    assert run_file(again, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent()).exit_code == 1
    confirmed = SendOptions(yes=True, confirm=("price_zero",))
    done = run_file(again, NO_WORKBOOK, confirmed, lab.settings, Silent())
    assert (done.exit_code, done.counts["accepted"]) == (0, 2)


# --- a vendor that cannot be asked ---------------------------------------------------------------------------------


def counters(folder: Path, stocks: Sequence[int], name: str) -> Path:
    return sheet(
        folder, "storeId;productId;type;stock", [f"local-centro;p{at};product;{s}" for at, s in enumerate(stocks)], name
    )


def test_stocks_set_to_0_are_judged_by_what_was_accepted_last(running: Sandbox, tmp_path: Path) -> None:
    """Nothing is known of the first sheet; the second empties three of twelve counters and is stopped."""
    running.reset()
    lab = Lab(tmp_path / "home", running)
    for at in range(12):
        running.justo.catalogue.add_product(f"p{at}")
    first = send(lab, counters(tmp_path, [0] * 9 + [5, 5, 5], "uno.csv"), "justo.stock")
    assert (first.exit_code, codes(first)) == (0, set())
    usual = send(lab, counters(tmp_path, [9] * 10 + [0, 0], "dos.csv"), "justo.stock")
    assert (usual.exit_code, usual.counts["accepted"]) == (0, 12)
    emptied = counters(tmp_path, [0, 0, 0, *[9] * 7, 0, 0], "tres.csv")
    third = send(lab, emptied, "justo.stock")
    assert (third.exit_code, codes(third), third.counts["not_sent"]) == (1, {"stock_to_zero"}, 12)
    cells = [finding.cell for finding in third.findings if finding.row is not None]
    assert cells == ["D2", "D3", "D4"], "what was 0 before is not emptied"
    assert send(lab, emptied, "justo.stock", confirm=("stock_to_zero",)).counts["accepted"] == 12


# --- prices and the catalogue --------------------------------------------------------------------------------------

FULL = "codigo;lista_precios;descripcion;unidad_bulto;precio_unitario_sin_iva;alicuota;moneda;afecta_stock"


def catalogue(lab: Lab, count: int) -> None:
    """Put so many products there, with prices that can be told apart."""
    lab.sandbox.tusfacturas.reset()
    lab.sandbox.tusfacturas.seed(
        *(
            {"codigo": f"C{at}", "lista_precios": "Minorista", "precio_unitario_sin_iva": 100 + at, "alicuota": 21}
            for at in range(count)
        )
    )


def price_sheet(folder: Path, prices: Sequence[str], name: str = "precios.csv") -> Path:
    return sheet(
        folder,
        "codigo;lista_precios;precio_unitario_sin_iva",
        [f"C{at};Minorista;{price}" for at, price in enumerate(prices)],
        name,
    )


def times(factor: str, count: int) -> list[str]:
    return [str((Decimal(100 + at) * Decimal(factor)).quantize(Decimal("0.01"))) for at in range(count)]


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        (times("1.08", 60), set()),
        (times("1.21", 60), {"price_tax_twice"}),
        (times("10", 60), {"price_times_10"}),
        (times("100", 12), {"price_times_100"}),
        ([*times("1.08", 59), "400"], {"price_jump"}),
        ([*times("1.08", 11), "0"], {"price_zero"}),
        ([*times("10", 20), "0"], {"price_times_10", "price_zero"}),
    ],
)
def test_each_price_guard_stops_its_sheet(lab: Lab, tmp_path: Path, prices: list[str], expected: set[str]) -> None:
    """A price sheet over the catalogue: nothing is sent, each guard that fired is named, and --confirm lets it pass."""
    catalogue(lab, 60)
    path = price_sheet(tmp_path, prices)
    report = send(lab, path, PRODUCTS)
    assert codes(report) == expected
    assert report.exit_code == (1 if expected else 0)
    assert (sent(lab, "productos/administrar") == 0) is bool(expected)
    if expected:
        assert report.counts["not_sent"] == len(prices)
        assert send(lab, path, PRODUCTS, confirm=tuple(expected)).counts["accepted"] == len(prices)


def test_guards_cost_no_request_of_their_own(lab: Lab, tmp_path: Path) -> None:
    """What is read is what operacion U reads anyway: one page of the list, and no more when a guard stops it."""
    catalogue(lab, 60)
    report = send(lab, price_sheet(tmp_path, times("10", 60)), PRODUCTS)
    assert (report.requests.reads, report.requests.sent) == (1, 0)
    assert sum(lab.sandbox.tusfacturas.requests.values()) == 1


def test_an_empty_catalogue_fires_nothing(lab: Lab, tmp_path: Path) -> None:
    """The first sheet of a new account: new products, a new list, whatever prices."""
    lab.sandbox.tusfacturas.reset()
    path = sheet(tmp_path, FULL, [f"N{at};Nueva;Cosa;1;{at + 1};21;PES;N" for at in range(60)], "primera.csv")
    report = send(lab, path, PRODUCTS)
    assert (report.exit_code, report.counts["accepted"]) == (0, 60)


@pytest.mark.parametrize("known", [10, 60])
def test_a_new_price_list_beside_others_stops_the_sheet(lab: Lab, tmp_path: Path, known: int) -> None:
    """A mistyped list among known ones, also where the other rows are unchanged and few."""
    catalogue(lab, 60)
    lines = [f"C{at};Minorista;C{at};1;{100 + at};21;PES;S" for at in range(known)]
    path = sheet(tmp_path, FULL, [*lines, "C1;Minorsita;Cosa;1;10;21;PES;N"], "lista.csv")
    report = send(lab, path, PRODUCTS)
    assert (report.exit_code, codes(report)) == (1, {"new_price_list"})
    about = next(finding for finding in report.findings if finding.code == "new_price_list")
    assert "Minorsita" in str(about.message)
    assert "Minorista" in str(about.message)
    assert (report.counts["unchanged"], report.counts["not_sent"]) == (known, 1)
    assert send(lab, path, PRODUCTS, confirm=("new_price_list",)).counts["accepted"] == 1


def test_a_rewritten_catalogue_stops_the_sheet(lab: Lab, tmp_path: Path) -> None:
    """More than half of the products get another name: asked; less than half, or the price alone: not."""
    catalogue(lab, 120)
    names = [f"C{at};Minorista;Nombre {at}" for at in range(70)]
    path = sheet(tmp_path, "codigo;lista_precios;descripcion", names, "nombres.csv")
    report = send(lab, path, PRODUCTS)
    assert (report.exit_code, codes(report)) == (1, {"catalogue_change"})
    fewer = sheet(tmp_path, "codigo;lista_precios;descripcion", names[:55], "menos.csv")
    assert send(lab, fewer, PRODUCTS).counts["accepted"] == 55


def test_a_dry_run_that_reads_warns_of_prices(lab: Lab, tmp_path: Path) -> None:
    """The same guards as a run's, as warnings at their cells, and the exit code of a valid sheet."""
    catalogue(lab, 60)
    report = send(lab, price_sheet(tmp_path, times("10", 60)), PRODUCTS, dry_run=True, read=True)
    assert (report.exit_code, codes(report), codes(report, "warning")) == (0, set(), {"price_times_10"})
    cells = [finding for finding in report.findings if finding.row == 2 and finding.code == "price_times_10"]
    assert [(finding.cell, str(finding.message)) for finding in cells] == [("C2", "It would change from 100 to 1000")]


def test_a_dry_run_that_reads_warns_by_what_the_journal_knows(running: Sandbox, tmp_path: Path) -> None:
    """Justo: emptied counters are pointed out by --read, and only where a journal exists; none is made."""
    running.reset()
    lab = Lab(tmp_path / "home", running)
    for at in range(12):
        running.justo.catalogue.add_product(f"p{at}")
    emptied = counters(tmp_path, [0] * 12, "cero.csv")
    fresh = send(lab, emptied, "justo.stock", dry_run=True, read=True)
    assert codes(fresh, "warning") == set()
    assert not (lab.home / "journal.db").exists()
    assert send(lab, counters(tmp_path, [4] * 12, "uno.csv"), "justo.stock").exit_code == 0
    assert codes(send(lab, emptied, "justo.stock", dry_run=True, read=True), "warning") == {"stock_to_zero"}
    assert codes(send(lab, emptied, "justo.stock", dry_run=True), "warning") == set()
