"""Undo: run, then undo, leaves the vendor as at the start; what cannot be set back is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from etl.core.report import Report
from etl.errors import UsageError
from etl.options import OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file
from etl.runs import resume_run
from etl.sandbox import Fault, Sandbox
from etl.undoing import Undo, undo_run
from tests.recovery.lab import MOVES, NO_WORKBOOK, PRODUCTS, Lab, Silent, shops


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def lab(running: Sandbox, tmp_path: Path) -> Lab:
    running.reset()
    found = Lab(tmp_path / "home", running)
    shops(found, 60)
    return found


def send(lab: Lab, path: Path, to: str | None = None, **how: object) -> Report:
    choice = SendOptions(**{"yes": True, **how})  # type: ignore[arg-type]
    return run_file(SheetOptions(file=path, to=to), NO_WORKBOOK, choice, lab.settings, Silent())


def sheet(folder: Path, columns: str, lines: Sequence[str], name: str) -> Path:
    path = folder / name
    path.write_text("\n".join([columns, *lines]) + "\n", encoding="utf-8")
    return path


def undo(lab: Lab, report: Report, path: Path, language: str = "es") -> Undo:
    assert report.run is not None
    return undo_run(report.run, path, lab.settings, language)


def reasons(undone: Undo) -> Mapping[str, str]:
    return {one.key: str(one.reason) for one in undone.left_out}


def moves(folder: Path, lines: Mapping[str, tuple[str, int]], name: str = "stock.csv") -> Path:
    rows = [f"{code};Mayorista;{operation};{units}" for code, (operation, units) in lines.items()]
    return sheet(folder, "codigo;lista_precios;operacion;cantidad", rows, name)


def stocks(lab: Lab) -> dict[str, int]:
    shop = lab.sandbox.tusfacturas
    return {code: shop.stock("Mayorista", code) for _list, code in shop.products}


def test_movements_are_moved_back(lab: Lab, tmp_path: Path) -> None:
    """A and B of 60 products: the undo workbook goes out as it stands, and every stock is what it was."""
    before = stocks(lab)
    lines = {f"P{number:03d}": ("AB"[number % 2], number + 1) for number in range(60)}
    done = send(lab, moves(tmp_path, lines), MOVES)
    assert done.counts["accepted"] == 60
    assert stocks(lab) != before
    undone = undo(lab, done, tmp_path / "deshacer.xlsx")
    assert (len(undone.rows), undone.left_out) == (60, ())
    assert sum(lab.sandbox.tusfacturas.requests.values()) == done.requests.sent + done.requests.reads, "it sent nothing"
    back = send(lab, tmp_path / "deshacer.xlsx")
    assert (back.exit_code, back.to, back.counts["accepted"]) == (0, MOVES, 60)
    assert stocks(lab) == before


def test_an_undo_is_a_movement_under_the_once_only_rules(lab: Lab, tmp_path: Path) -> None:
    """Sent twice it is refused, made again too; and it can be undone itself."""
    before = stocks(lab)
    done = send(lab, moves(tmp_path, {"P001": ("A", 5), "P002": ("A", 6)}), MOVES)
    undo(lab, done, tmp_path / "deshacer.xlsx")
    back = send(lab, tmp_path / "deshacer.xlsx")
    assert send(lab, tmp_path / "deshacer.xlsx").exit_code == 6
    undo(lab, done, tmp_path / "otra.xlsx")
    assert send(lab, tmp_path / "otra.xlsx").exit_code == 6
    assert stocks(lab) == before
    undo(lab, back, tmp_path / "rehacer.xlsx")
    refused = send(lab, tmp_path / "rehacer.xlsx")
    assert (refused.exit_code, refused.run) == (6, done.run), "the same content was sent by the first run"
    assert send(lab, tmp_path / "rehacer.xlsx", again=True).exit_code == 0
    assert stocks(lab) == {**before, "P001": 105, "P002": 106}


def test_only_what_was_accepted_is_moved_back(lab: Lab, tmp_path: Path) -> None:
    """Refused, invalid and unsent rows changed nothing; uncertain ones are named, and come back once settled."""
    before = stocks(lab)
    lines = {"P001": ("A", 5), "NADIE": ("A", 6), "P002": ("A", 0)} | {f"P{at:03d}": ("B", 1) for at in range(10, 12)}
    lab.sandbox.faults.order(Fault.CLOSE_AFTER, path="productos/stock", nth=2)
    done = send(lab, moves(tmp_path, lines), MOVES)
    assert [row.outcome for row in done.rows[:3]] == ["accepted", "rejected", "invalid"]
    assert done.counts["uncertain"] == 2
    undone = undo(lab, done, tmp_path / "deshacer.xlsx")
    assert [row["codigo"] for row in undone.rows] == ["P001"]
    assert set(reasons(undone)) == {"Mayorista / P010", "Mayorista / P011"}
    assert "uncertain" in reasons(undone)["Mayorista / P010"]
    assert [one.rows for one in undone.left_out] == [(5,), (6,)]
    assert done.run is not None
    lab.sandbox.faults.clear()
    assert resume_run(done.run, NO_WORKBOOK, SendOptions(), lab.settings, Silent()).counts["accepted"] == 3
    assert len(undo(lab, done, tmp_path / "deshacer.xlsx").rows) == 3
    assert send(lab, tmp_path / "deshacer.xlsx").exit_code == 0
    assert stocks(lab) == before


def test_rows_that_were_added_up_are_moved_back_once(lab: Lab, tmp_path: Path) -> None:
    """Two rows summed into one movement make one row of the undo, with the sum."""
    before = stocks(lab)
    path = sheet(
        tmp_path,
        "codigo;lista_precios;operacion;cantidad",
        ["P001;Mayorista;A;2", "P002;Mayorista;A;9", "P001;Mayorista;A;3"],
        "dobles.csv",
    )
    options = SheetOptions(file=path, to=MOVES, duplicates="sum")
    done = run_file(options, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())
    undone = undo(lab, done, tmp_path / "deshacer.xlsx")
    assert [(row["codigo"], row["cantidad"]) for row in undone.rows] == [("P001", 5), ("P002", 9)]
    send(lab, tmp_path / "deshacer.xlsx")
    assert stocks(lab) == before


def test_added_products_are_named_and_nothing_is_written(lab: Lab, tmp_path: Path) -> None:
    """No sheet deletes a product: it is said of each, and the file that stood there is left alone."""
    path = sheet(
        tmp_path,
        "codigo;lista_precios;descripcion;unidad_bulto;precio_unitario_sin_iva;alicuota;moneda;afecta_stock;operacion",
        ["N1;Nueva;Cosa;1;10;21;PES;N;A"],
        "altas.csv",
    )
    done = send(lab, path, PRODUCTS)
    target = tmp_path / "deshacer.xlsx"
    target.write_bytes(b"mine")
    undone = undo(lab, done, target)
    assert (undone.rows, list(reasons(undone))) == ((), ["Nueva / N1"])
    assert "deletes no product" in reasons(undone)["Nueva / N1"]
    assert target.read_bytes() == b"mine"


def test_products_get_back_exactly_what_they_were(lab: Lab, tmp_path: Path) -> None:
    """A sheet of prices, bar codes and erased fields over 60 products, then its undo: field for field as at the start.

    What the run did not touch is not in the undo, and stays as somebody else has set it since.
    """
    shop = lab.sandbox.tusfacturas
    shop.reset()
    shop.seed(
        *(
            {
                "codigo": f"0{at}",
                "lista_precios": "Minorista",
                "precio_unitario_sin_iva": Decimal("99.125") + at,
                "codbar": "" if at % 2 else f"77900000{at:05d}",
                "stock_minimo": at,
                "unidad_medida": "7",
                "rg5329": "S",
            }
            for at in range(60)
        )
    )
    before = shop.products
    lines = [
        f"0{at};Minorista;{120 + at},50;{'(vacío)' if at % 3 else '123'};{'(vacío)' if at % 5 else ''}"
        for at in range(60)
    ]
    path = sheet(tmp_path, "codigo;lista_precios;precio_unitario_sin_iva;codbar;stock_minimo", lines, "precios.csv")
    done = send(lab, path, PRODUCTS, confirm=("catalogue_change",))
    assert (done.exit_code, done.counts["accepted"]) == (0, 60)
    assert shop.products != before
    undone = undo(lab, done, tmp_path / "deshacer.xlsx")
    assert (len(undone.rows), undone.left_out) == (60, ())
    assert {name for row in undone.rows for name in row} == {
        "operacion", "lista_precios", "codigo", "precio_unitario_sin_iva", "codbar", "stock_minimo",
    }  # fmt: skip
    shop.seed({**shop.products["Minorista", "07"], "descripcion": "Cambiada por otra persona"})
    back = send(lab, tmp_path / "deshacer.xlsx", confirm=("catalogue_change",))
    assert (back.exit_code, back.to, back.counts["accepted"]) == (0, PRODUCTS, 60)
    before["Minorista", "07"]["descripcion"] = "Cambiada por otra persona"
    assert shop.products == before


def test_a_newer_change_is_not_taken_back_by_an_older_undo(lab: Lab, tmp_path: Path) -> None:
    """Of two runs only the newer one is undone for the keys of both; then the older one can be."""
    shop = lab.sandbox.tusfacturas
    shop.reset()
    shop.seed(*({"codigo": code, "lista_precios": "L", "precio_unitario_sin_iva": 100} for code in ("A1", "A2")))
    columns = "codigo;lista_precios;precio_unitario_sin_iva"
    first = send(lab, sheet(tmp_path, columns, ["A1;L;110", "A2;L;110"], "uno.csv"), PRODUCTS)
    second = send(lab, sheet(tmp_path, columns, ["A1;L;120", "N1;L;10"], "dos.csv"), PRODUCTS)
    assert (first.counts["accepted"], second.counts["accepted"], second.counts["invalid"]) == (2, 1, 1)
    undone = undo(lab, first, tmp_path / "uno.xlsx")
    assert [row["codigo"] for row in undone.rows] == ["A2"]
    assert str(second.run) in reasons(undone)["L / A1"]
    assert [row["precio_unitario_sin_iva"] for row in undo(lab, second, tmp_path / "dos.xlsx").rows] == [110]


def test_an_undo_workbook_explains_itself(lab: Lab, tmp_path: Path) -> None:
    """Codes stand as text, the first sheet says which run it undoes and what is not in it; -o replaces a file."""
    lab.sandbox.tusfacturas.seed({"codigo": "00123", "lista_precios": "=Lista 1", "afecta_stock": "S"})
    path = sheet(
        tmp_path, "codigo;lista_precios;operacion;cantidad", ['00123;"=Lista 1";A;4', "P001;Mayorista;A;1"], "stock.csv"
    )
    done = send(lab, path, MOVES)
    target = tmp_path / "deshacer.xlsx"
    target.write_bytes(b"old")
    undo(lab, done, target)
    book = openpyxl.load_workbook(target)
    rows = [[cell.value for cell in row] for row in book["Deshacer"].iter_rows()]
    assert rows[0] == ["Código", "Lista de precios", "Cantidad", "Operación"] or set(rows[0]) == {
        "Código",
        "Lista de precios",
        "Cantidad",
        "Operación",
    }
    assert ("00123", "=Lista 1") in {
        (row[rows[0].index("Código")], row[rows[0].index("Lista de precios")]) for row in rows
    }
    assert all(cell.data_type != "f" for row in book["Deshacer"].iter_rows() for cell in row)
    words = " ".join(str(cell.value) for row in book["Resumen"].iter_rows() for cell in row if cell.value)
    book.close()
    assert done.run is not None
    assert done.run in words
    assert send(lab, target).exit_code == 0
    assert lab.sandbox.tusfacturas.stock("=Lista 1", "00123") == 0


def counters(folder: Path, stocks: Mapping[str, int], name: str) -> Path:
    lines = [f"local-centro;{product};product;{stock}" for product, stock in stocks.items()]
    return sheet(folder, "storeId;productId;type;stock", lines, name)


def test_a_stock_that_was_set_goes_back_to_the_one_before(running: Sandbox, tmp_path: Path) -> None:
    """Justo: the stock accepted by an earlier run, where there is one; the first one ever is named as unknown."""
    running.reset()
    lab = Lab(tmp_path / "home", running)
    first = send(lab, counters(tmp_path, {"empanada-carne": 7, "00123": 8}, "uno.csv"), "justo.stock")
    second = send(
        lab, counters(tmp_path, {"empanada-carne": 9, "00123": 8, "limonada-500": 3}, "dos.csv"), "justo.stock"
    )
    undone = undo(lab, second, tmp_path / "deshacer.xlsx")
    assert [(row["productId"], row["stock"]) for row in undone.rows] == [("empanada-carne", 7)]
    assert "changed nothing" in reasons(undone)["local-centro / 00123"]
    assert "not known" in reasons(undone)["local-centro / limonada-500"]
    assert "has set it anew" in reasons(undo(lab, first, tmp_path / "uno.xlsx"))["local-centro / empanada-carne"]
    back = send(lab, tmp_path / "deshacer.xlsx")
    assert (back.exit_code, back.to) == (0, "justo.stock")
    assert running.justo.stock("local-centro", "empanada-carne") == 7


def test_what_no_run_did_cannot_be_undone(lab: Lab, tmp_path: Path) -> None:
    """An unknown run is wrong usage; a run that sent nothing has nothing to undo."""
    lab.settings.prepare_home()
    with pytest.raises(UsageError):
        undo_run("last", tmp_path / "x.xlsx", lab.settings, "es")
    with lab.sandbox.down():
        done = send(lab, moves(tmp_path, {"P001": ("A", 5)}), MOVES)
    undone = undo(lab, done, tmp_path / "x.xlsx")
    assert (undone.rows, undone.left_out) == ((), ())
    assert not (tmp_path / "x.xlsx").exists()


def test_a_results_workbook_names_the_run_to_undo(lab: Lab, tmp_path: Path) -> None:
    """RUN may be a results workbook here, too."""
    options = SheetOptions(file=moves(tmp_path, {"P001": ("A", 5)}), to=MOVES)
    done = run_file(options, OutputOptions(), SendOptions(yes=True), lab.settings, Silent())
    assert done.results is not None
    assert undo_run(done.results, tmp_path / "x.xlsx", lab.settings, "en").run.id == done.run


def test_documents_are_undone_by_the_opposite_ones(running: Sandbox, tmp_path: Path) -> None:
    """Bsale: a reception by a consumption, that by a reception; each names the document that it undoes."""
    running.reset()
    lab = Lab(tmp_path / "home", running)
    before = {variant: running.bsale.stock(1, variant).quantity for variant in (351, 629)}
    path = sheet(
        tmp_path,
        "sucursal;documento;folio;sku;cantidad;costo",
        ["1;Guía;77;351;12,5;100", "1;Guía;77;629;3;200"],
        "r.csv",
    )
    done = send(lab, path, "bsale.recepciones")
    assert (done.exit_code, done.counts["accepted"]) == (0, 2)
    undone = undo(lab, done, tmp_path / "deshacer.xlsx")
    assert (undone.to.name, len(undone.rows), undone.left_out) == ("bsale.consumos", 2, ())
    back = send(lab, tmp_path / "deshacer.xlsx")
    assert (back.exit_code, back.to, back.counts["accepted"]) == (0, "bsale.consumos", 2)
    assert {variant: running.bsale.stock(1, variant).quantity for variant in (351, 629)} == before
    note = running.bsale.documents("consumptions")[-1].note
    assert done.rows[0].vendor_id is not None
    assert f"Anula la recepción {done.rows[0].vendor_id}" in note
    again = undo(lab, back, tmp_path / "rehacer.xlsx")
    assert again.to.name == "bsale.recepciones"
    assert send(lab, tmp_path / "rehacer.xlsx").exit_code == 0
    assert running.bsale.stock(1, 629).quantity == before[629] + 3


def test_a_reception_that_was_corrected_since_is_not_taken_back_by_its_first_lines(
    lab: Lab, running: Sandbox, tmp_path: Path
) -> None:
    """What stands in it now is known by the correction alone; another reception of the run is taken back."""
    head = "receptionId;officeId;document;documentNumber;note;code;quantity"
    path = sheet(tmp_path, head, [";1;Guía;5;a;629;10", ";1;Guía;6;a;355;1"], "r.csv")
    first = send(lab, path, "bsale.recepciones")
    number = first.rows[0].vendor_id
    fixed = send(lab, sheet(tmp_path, head, [f"{number};1;Guía;5;a;629;4"], "c.csv"), "bsale.recepciones")
    assert fixed.exit_code == 0
    undone = undo(lab, first, tmp_path / "u.xlsx")
    assert [row["quantity"] for row in undone.rows] == [1]
    [left] = undone.left_out
    assert f"Run {fixed.run} has corrected its document since" in str(left.reason)
    assert "corrected a reception" in str(undo(lab, fixed, tmp_path / "v.xlsx").left_out[0].reason)
