"""The weekly price sheet, from file to vendor: only what changed is sent, and nothing else of a product is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from etl.core.report import Report
from etl.errors import UsageError
from etl.model import Json
from etl.options import OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file, validate_file
from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import LIST, NO_WORKBOOK, PRODUCTS, Lab, Silent, product

SET_LIST = (("lista_precios", LIST),)
ADMINISTRAR, CONSULTAR, LISTAR = "productos/administrar", "productos/consultar", "productos/listar"
NEW = (
    ("descripcion", "Nuevo"),
    ("unidad_bulto", "1"),
    ("alicuota", "21"),
    ("moneda", "PES"),
    ("afecta_stock", "S"),
)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def lab(running: Sandbox, tmp_path: Path) -> Lab:
    running.reset()
    assert running.tusfacturas.erases, "the strictest mood: what M is not given is erased"
    return Lab(tmp_path / "home", running, timing={"ETL_TIMEOUT": "20"})


def full(number: int) -> dict[str, Json]:
    """Return a product of which every field holds something."""
    return {
        **product(f"P{number:04d}"),
        "precio_unitario_sin_iva": Decimal("10.5"),
        "codbar": f"77900{number:08d}",
        "unidad_medida": "7",
        "rg5329": "S",
        "impuestos_internos_alicuota": Decimal("2.5"),
    }


def fill(lab: Lab, count: int) -> Mapping[tuple[str, str], Mapping[str, Json]]:
    lab.sandbox.tusfacturas.seed(*(full(number) for number in range(count)))
    return lab.sandbox.tusfacturas.products


def sheet(folder: Path, text: str, name: str = "precios.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def prices(folder: Path, wanted: Mapping[int, str]) -> Path:
    lines = "".join(f"P{number:04d};{price}\n" for number, price in wanted.items())
    return sheet(folder, f"Código;Precio neto\n{lines}")


def run(lab: Lab, path: Path, constants: tuple[tuple[str, str], ...] = SET_LIST, **send: object) -> Report:
    options = SendOptions(**{"yes": True, **send})  # type: ignore[arg-type]
    return run_file(
        SheetOptions(file=path, to=PRODUCTS, constants=constants), NO_WORKBOOK, options, lab.settings, Silent()
    )


def changed(before: Mapping[tuple[str, str], Mapping[str, Json]], lab: Lab) -> dict[str, dict[str, Json]]:
    """Return what is another value now, by code; products that were added have all their fields."""
    return {
        code: {name: value for name, value in now.items() if value != before.get((name_of_list, code), {}).get(name)}
        for (name_of_list, code), now in lab.sandbox.tusfacturas.products.items()
        if now != before.get((name_of_list, code))
    }


def told(report: Report) -> list[tuple[int | None, str | None, str]]:
    return [(finding.row, finding.field, finding.code) for finding in report.findings if finding.is_error]


def counts(report: Report) -> dict[str, int]:
    return {name: count for name, count in report.counts.items() if count and name != "read"}


def test_30_changes_among_3000_products_cost_3_and_1_requests(lab: Lab, tmp_path: Path) -> None:
    """Reading by pages and sending what changed is all that is paid for; the same sheet again sends nothing."""
    before = fill(lab, 3000)
    path = prices(tmp_path, {number: "11" if number % 100 == 0 else "10,5" for number in range(3000)})
    report = run(lab, path)
    assert counts(report) == {"unchanged": 2970, "accepted": 30}
    assert (report.requests.reads, report.requests.sent) == (3, 1)
    assert lab.sandbox.tusfacturas.requests == {LISTAR: 3, ADMINISTRAR: 1}
    expected = {f"P{number:04d}": {"precio_unitario_sin_iva": 11} for number in range(0, 3000, 100)}
    assert changed(before, lab) == expected
    again = run(lab, path)
    assert (counts(again), again.exit_code) == ({"unchanged": 3000}, 0)
    assert (again.requests.reads, again.requests.sent) == (3, 0)


@pytest.mark.long
def test_3000_new_prices_touch_nothing_but_the_price(lab: Lab, tmp_path: Path) -> None:
    """Whatever the vendor erases that it is not given, every other field of every product is as it was."""
    before = fill(lab, 3000)
    path = prices(tmp_path, {number: f"{11 + number % 300 / 100:.2f}".replace(".", ",") for number in range(3000)})
    report = run(lab, path)
    assert (counts(report), report.requests.reads, report.requests.sent) == ({"accepted": 3000}, 3, 60)
    after = changed(before, lab)
    assert len(after) == 3000
    assert {tuple(fields) for fields in after.values()} == {("precio_unitario_sin_iva",)}
    assert counts(run(lab, path)) == {"unchanged": 3000}


def test_a_price_sheet_touches_nothing_but_the_price(lab: Lab, tmp_path: Path) -> None:
    """A code and a price are enough: what the sheet has no column for goes back as it was read."""
    before = fill(lab, 60)
    report = run(lab, prices(tmp_path, dict.fromkeys(range(60), "11,25")))
    assert (counts(report), report.requests.reads, report.requests.sent) == ({"accepted": 60}, 1, 2)
    assert changed(before, lab) == {
        f"P{number:04d}": {"precio_unitario_sin_iva": Decimal("11.25")} for number in range(60)
    }


def test_what_exists_is_modified_and_the_rest_is_added(lab: Lab, tmp_path: Path) -> None:
    """Without `operacion` each product gets what it needs, and the plan says how many are which."""
    before = fill(lab, 3)
    path = prices(tmp_path, {0: "11", 1: "10,5", 7: "5"})
    person = Silent()
    report = run_file(
        SheetOptions(file=path, to=PRODUCTS, constants=(*SET_LIST, *NEW)),
        NO_WORKBOOK,
        SendOptions(yes=True),
        lab.settings,
        person,
    )
    assert [row.outcome.value for row in report.rows] == ["accepted", "unchanged", "accepted"]
    after = changed(before, lab)
    assert after["P0000"] == {"precio_unitario_sin_iva": 11}
    assert {name: after["P0007"][name] for name in ("descripcion", "precio_unitario_sin_iva")} == {
        "descripcion": "Nuevo",
        "precio_unitario_sin_iva": 5,
    }
    said = [str(line) for line in person.said]
    assert "operacion=A: 1 row" in said
    assert "operacion=M: 1 row" in said
    assert "1 row is unchanged and is not sent" in said
    assert said.index("Requests needed: 2 to send and 0 to read") > said.index("operacion=A: 1 row")


def test_set_gives_only_what_neither_the_sheet_nor_the_vendor_has(lab: Lab, tmp_path: Path) -> None:
    """``--set`` never overwrites what a product has already."""
    lab.sandbox.tusfacturas.seed({**full(0), "codbar": ""}, full(1))
    before = lab.sandbox.tusfacturas.products
    path = sheet(tmp_path, "Código;Precio neto;EAN\nP0000;11;\nP0001;11;\n")
    constants = (*SET_LIST, ("codbar", "7790001000019"), ("rg5329", "N"), ("alicuota", "27"))
    assert counts(run(lab, path, constants)) == {"accepted": 2}
    assert changed(before, lab) == {
        "P0000": {"precio_unitario_sin_iva": 11, "codbar": "7790001000019"},
        "P0001": {"precio_unitario_sin_iva": 11},
    }


def test_new_products_without_required_fields_are_named(lab: Lab, tmp_path: Path) -> None:
    """What must be added needs what the vendor demands: each missing field is said, the others go out."""
    fill(lab, 1)
    path = sheet(tmp_path, "Código;Precio neto;Descripción\nP0000;11;\nN1;5;Nuevo\nN2;5;\n")
    report = run(lab, path, (*SET_LIST, ("moneda", "PES"), ("afecta_stock", "N"), ("unidad_bulto", "1")))
    assert [row.outcome.value for row in report.rows] == ["accepted", "invalid", "invalid"]
    assert told(report) == [(3, "alicuota", "required"), (4, "descripcion", "required"), (4, "alicuota", "required")]
    assert next(finding.cell for finding in report.findings if finding.field == "descripcion") == "C4"
    assert "--set alicuota" in str(report.findings[0].hint)
    assert report.exit_code == 1


def test_a_price_with_the_tax_takes_the_rate_of_the_product(lab: Lab, tmp_path: Path) -> None:
    """The rate may stand at the vendor alone; internal taxes there forbid it; both prices are shown."""
    lab.sandbox.tusfacturas.seed(
        {**full(0), "impuestos_internos_alicuota": 0, "alicuota": Decimal("10.5")},
        {**full(1), "impuestos_internos_alicuota": 5},
    )
    path = sheet(tmp_path, "Código;Precio con IVA\nP0000;12,16\nP0001;13\nN1;121\n")
    report = run(lab, path, (*SET_LIST, *NEW))
    assert [row.outcome.value for row in report.rows] == ["accepted", "invalid", "accepted"]
    found = lab.sandbox.tusfacturas.products
    assert [found[LIST, code]["precio_unitario_sin_iva"] for code in ("P0000", "P0001", "N1")] == [
        Decimal("11.005"),
        Decimal("10.5"),
        100,
    ]
    assert told(report) == [(3, "precio_con_iva", "conflicting_values")]
    assert [dict(row.derived) for row in report.rows] == [
        {"precio_unitario_sin_iva": Decimal("11.005")},
        {},
        {"precio_unitario_sin_iva": 100},
    ]


def test_vacio_erases_and_blank_keeps(lab: Lab, tmp_path: Path) -> None:
    """A text goes as an empty one, another optional field is left out; what every product needs cannot be erased."""
    before = fill(lab, 3)
    path = sheet(
        tmp_path,
        "Código;EAN;Unidad de medida;Descripción;RG 5329;Stock mín.\n"
        "P0000;(vacío);;;;\nP0001;;(VACIO);;; ( vacío )\nP0002;;;(vacío);;\n",
    )
    report = run(lab, path)
    assert [row.outcome.value for row in report.rows] == ["accepted", "accepted", "invalid"]
    assert changed(before, lab) == {"P0000": {"codbar": ""}, "P0001": {"unidad_medida": "", "stock_minimo": 0}}
    assert told(report) == [(4, "descripcion", "required")]
    sent = [one.sent for one in lab.sandbox.tusfacturas.applications]
    assert sent[0]["codbar"] == ""
    assert "unidad_medida" not in sent[1]
    assert report.rows[1].changes["unidad_medida"].after is None
    assert counts(run(lab, path))["unchanged"] == 2, "what is erased already is not erased again"


def test_operacion_m_of_a_product_that_is_not_there_is_refused_before_sending(lab: Lab, tmp_path: Path) -> None:
    """A modification never adds anything, and costs no request when it can be known."""
    fill(lab, 1)
    report = run(lab, prices(tmp_path, {0: "11", 5: "11"}), (*SET_LIST, ("operacion", "M")))
    assert [row.outcome.value for row in report.rows] == ["accepted", "invalid"]
    assert told(report) == [(3, "codigo", "not_found")]


def test_operacion_m_is_sent_though_equal_unless_only_changes_are_wanted(lab: Lab, tmp_path: Path) -> None:
    """M says what to do; ``--only-changed`` says what to leave."""
    before = fill(lab, 2)
    path = prices(tmp_path, {0: "10,5", 1: "10,5"})
    assert counts(run(lab, path, (*SET_LIST, ("operacion", "M")))) == {"accepted": 2}
    assert counts(run(lab, path, (*SET_LIST, ("operacion", "M")), only_changed=True)) == {"unchanged": 2}
    assert changed(before, lab) == {}


def test_operacion_a_is_not_read_unless_only_changes_are_wanted(lab: Lab, tmp_path: Path) -> None:
    """Adding costs one request for 50 products; an equal one is unchanged, another one is the vendor's to refuse."""
    fill(lab, 2)
    added = (*SET_LIST, *(pair for pair in NEW if pair[0] != "descripcion"), ("operacion", "A"))
    described = sheet(tmp_path, "Código;Precio neto;Descripción\nP0000;10,5;Producto P0000\nP0001;99;x\nN1;3;y\n")
    report = run(lab, described, added, only_changed=True)
    assert [row.outcome.value for row in report.rows] == ["unchanged", "rejected", "accepted"]
    lab.sandbox.tusfacturas.reset()
    report = run(lab, described, added)
    assert lab.sandbox.tusfacturas.requests == {ADMINISTRAR: 1}
    assert report.requests.reads == 0


def test_stock_is_never_set_by_a_modification(lab: Lab, tmp_path: Path) -> None:
    """A stock column counts for new products only; where it says something else than the vendor, that is said."""
    before = fill(lab, 2)
    path = sheet(tmp_path, "Código;Precio neto;Stock\nP0000;11;999\nP0001;11;100\nN1;5;7\n")
    report = run(lab, path, (*SET_LIST, *NEW))
    assert counts(report) == {"accepted": 3}
    after = changed(before, lab)
    assert (after["P0000"], after["N1"]["stock_actual"]) == ({"precio_unitario_sin_iva": 11}, 7)
    assert [(found.row, found.code) for found in report.findings] == [(2, "ignored_value")]
    assert all("stock_actual" not in one.sent for one in lab.sandbox.tusfacturas.applications if one.operation == "M")


def test_a_code_that_only_looks_new_is_not_added(lab: Lab, tmp_path: Path) -> None:
    """Products cannot be deleted: a lost leading zero or another spelling is asked about where the list was read."""
    lab.sandbox.tusfacturas.seed(*(full(number) for number in range(60)), {**full(0), "codigo": "00123"})
    rows = "".join(f"P{number:04d};11\n" for number in range(51))
    report = run(lab, sheet(tmp_path, f"Código;Precio neto\n123;11\np0007;11\nN1;11\n{rows}"), (*SET_LIST, *NEW))
    assert told(report) == [(2, "codigo", "similar_product"), (3, "codigo", "similar_product")]
    assert "00123" in next(str(found.message) for found in report.findings if found.row == 2)
    assert counts(report) == {"invalid": 2, "accepted": 52}


def test_without_reading_it_is_said_what_will_be_completed(lab: Lab, tmp_path: Path) -> None:
    """`validate` and a plain dry run ask nobody; ``--dry-run --read`` asks, and shows what would change."""
    before = fill(lab, 2)
    path = prices(tmp_path, {0: "11", 1: "10,5"})
    options = SheetOptions(file=path, to=PRODUCTS, constants=SET_LIST)
    for report in (validate_file(options, NO_WORKBOOK, Silent()), run(lab, path, dry_run=True)):
        assert (report.exit_code, counts(report)) == (0, {"not_sent": 2})
        assert any("alicuota" in str(notice) for notice in report.notices)
    assert not lab.sandbox.tusfacturas.requests
    read = run(lab, path, dry_run=True, read=True)
    assert counts(read) == {"not_sent": 1, "unchanged": 1}
    assert (read.requests.planned, read.requests.sent, read.requests.reads) == (1, 0, 2), "and what the plan has left"
    change = read.rows[0].changes["precio_unitario_sin_iva"]
    assert (list(read.rows[0].changes), change.before, change.after) == (
        ["precio_unitario_sin_iva"],
        Decimal("10.5"),
        11,
    )
    assert read.notices == ()
    assert changed(before, lab) == {}


def test_a_vendor_that_cannot_be_read_gets_nothing(lab: Lab, tmp_path: Path) -> None:
    """Refused credentials end with 4 and an unreachable vendor with 5; every row is told, and none went out."""
    fill(lab, 2)
    path = prices(tmp_path, {0: "11", 1: "12"})
    lab.timing, right = {**lab.timing, "ETL_TUSFACTURAS_APITOKEN": "wrong"}, lab.timing
    report = run(lab, path)
    assert (report.exit_code, counts(report), report.run) == (4, {"not_sent": 2}, None)
    assert report.requests.reads == 1
    lab.timing = right
    lab.sandbox.faults.order(Fault.RESET_ON_ACCEPT, times=None)
    report = run(lab, path)
    lab.sandbox.faults.clear()
    assert (report.exit_code, counts(report)) == (5, {"not_sent": 2})


def test_nothing_is_read_when_nobody_can_be_asked(lab: Lab, tmp_path: Path) -> None:
    """Reads cost requests of the plan: without a terminal and without ``--yes`` there are none."""
    fill(lab, 1)
    with pytest.raises(UsageError, match="no terminal"):
        run(lab, prices(tmp_path, {0: "11"}), yes=False)
    assert not lab.sandbox.tusfacturas.requests


def test_a_race_is_refused_by_the_vendor_product_by_product(lab: Lab, tmp_path: Path) -> None:
    """A product that was created, or deleted, between reading and sending is refused, and the others are not."""
    fill(lab, 2)
    path = prices(tmp_path, {0: "11", 1: "11", 7: "5", 8: "5"})
    shop = lab.sandbox.tusfacturas

    class Racing(Silent):
        def ask(self, question: object) -> bool:  # noqa: ARG002 - as Silent
            shop.seed(full(7))
            shop.forget(LIST, "P0001")
            return True

    report = run_file(
        SheetOptions(file=path, to=PRODUCTS, constants=(*SET_LIST, *NEW)),
        NO_WORKBOOK,
        SendOptions(),
        lab.settings,
        Racing(interactive=True),
    )
    assert [row.outcome.value for row in report.rows] == ["accepted", "rejected", "rejected", "accepted"]
    assert shop.products[LIST, "P0007"]["precio_unitario_sin_iva"] == Decimal("10.5")
    assert report.exit_code == 1


def test_a_lost_answer_is_settled_by_the_completed_values(lab: Lab, tmp_path: Path) -> None:
    """What was sent of a product is what is compared: its completed row, what it erases included."""
    before = fill(lab, 2)
    path = sheet(tmp_path, "Código;Precio neto;Unidad de medida\nP0000;11;\nP0001;11;(vacío)\n")
    lab.timing = {**lab.timing, "ETL_RESEND_WINDOW": "0"}
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path=ADMINISTRAR)
    report = run(lab, path)
    assert counts(report) == {"uncertain": 2}
    assert changed(before, lab) == {}
    assert report.run is not None
    settled = lab.reconcile(report.run)
    assert counts(settled) != {"accepted": 2}, "nothing was applied: the unit that was to be erased is still there"


def test_the_results_show_what_was_there_and_what_is_now(lab: Lab, tmp_path: Path) -> None:
    """`Filas` has both values of each changed field, of this run and of its report made again later."""
    import openpyxl  # noqa: PLC0415 - only here

    fill(lab, 3)
    path = sheet(tmp_path, "Código;Precio neto;EAN\nP0000;11;\nP0001;10,5;\nP0002;12;(vacío)\n")
    out = tmp_path / "r.xlsx"
    run_file(
        SheetOptions(file=path, to=PRODUCTS, constants=SET_LIST),
        OutputOptions(results=out, language="es"),
        SendOptions(yes=True),
        lab.settings,
        Silent(),
    )
    page = openpyxl.load_workbook(out)["Filas"]
    header, *rows = [list(row) for row in page.iter_rows(values_only=True)]
    names = [
        "precio_unitario_sin_iva (antes)",
        "precio_unitario_sin_iva (después)",
        "codbar (antes)",
        "codbar (después)",
    ]
    assert [name for name in header if (name and "(antes)" in name) or "(después)" in name] == names
    shown = [[row[header.index(name)] for name in names] for row in rows]
    assert shown == [
        [10.5, 11, None, None],
        [None, None, None, None],
        [10.5, 12, "7790000000002", "(vacío)"],
    ]


def test_a_new_product_is_corrected_in_the_results_or_by_set(lab: Lab, tmp_path: Path) -> None:
    """What was missing to add it may be given for all rows: nothing need be touched in `Reenviar`."""
    fill(lab, 1)
    out = tmp_path / "r.xlsx"
    path = prices(tmp_path, {0: "11", 5: "12"})

    def send(file: Path, constants: tuple[tuple[str, str], ...], to: str | None, results: Path) -> Report:
        return run_file(
            SheetOptions(file=file, to=to, constants=constants),
            OutputOptions(results=results, language="es"),
            SendOptions(yes=True),
            lab.settings,
            Silent(),
        )

    assert counts(send(path, SET_LIST, PRODUCTS, out)) == {"accepted": 1, "invalid": 1}
    again = send(out, NEW, None, tmp_path / "r2.xlsx")
    assert counts(again) == {"accepted": 1}
    assert lab.sandbox.tusfacturas.products[LIST, "P0005"]["descripcion"] == "Nuevo"


def test_run_and_undo_leave_the_vendor_as_it_was(lab: Lab, tmp_path: Path) -> None:
    """What the journal kept of the products before is enough to set them back, erased fields included."""
    from etl.undoing import undo_run  # noqa: PLC0415 - only here

    before = fill(lab, 3)
    path = sheet(tmp_path, "Código;Precio neto;EAN;Unidad de medida\nP0000;11;(vacío);\nP0001;11;;(vacío)\n")
    report = run(lab, path)
    assert counts(report) == {"accepted": 2}
    assert report.run is not None
    back = tmp_path / "undo.xlsx"
    undo_run(report.run, back, lab.settings, "es")
    undone = run_file(SheetOptions(file=back), NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())
    assert counts(undone) == {"accepted": 2}
    assert changed(before, lab) == {}
