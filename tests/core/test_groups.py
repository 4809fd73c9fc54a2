"""What a sheet needs by what its rows say is to be done: columns, values, and who gives them first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from etl.core.headers import Wanted, find_layout
from etl.core.mapping import ReadingOptions, map_rows
from etl.core.validation import Checked, check
from etl.errors import FileError
from etl.model import Cell, Sheet
from etl.vendors.tusfacturas import PRODUCTS

PRICES = ("Código", "Lista de precios", "Precio neto")


def checked(
    headers: Sequence[str], *rows: Sequence[Cell], constants: Mapping[str, str] | None = None, duplicates: str = "error"
) -> Checked:
    sheet = Sheet("x.csv", None, [list(headers), *map(list, rows)], "0" * 64)
    layout, _ = find_layout(sheet, PRODUCTS, Wanted(constants=constants or {}))
    mapped = map_rows(sheet, layout, PRODUCTS, ReadingOptions())
    return check(mapped, PRODUCTS, layout, duplicates=duplicates)


def told(found: Checked) -> list[tuple[int | None, str | None, str]]:
    return [(one.row, one.field, one.code) for one in found.findings if one.is_error]


def refused_columns(headers: Sequence[str], *rows: Sequence[Cell], **constants: str) -> list[str]:
    with pytest.raises(FileError) as refused:
        checked(headers, *rows, constants=constants)
    assert {one.code for one in refused.value.findings} == {"missing_column"}
    return [str(one.message).split("(")[0].split()[-1] for one in refused.value.findings]


def test_without_operacion_every_row_is_u() -> None:
    """A column that is absent, or blank from top to bottom, says nothing: key and price are enough."""
    for found in (
        checked(PRICES, ("A1", "L", 10.0)),
        checked((*PRICES, "Operación"), ("A1", "L", 10.0, None), ("A2", "L", 10.0, " ")),
    ):
        assert told(found) == []
        assert {row.values["operacion"] for row in found.rows} == {"U"}


def test_a_blank_operacion_beside_others_is_asked_about() -> None:
    """Where some rows say what to do, one that does not was forgotten; ``--set`` speaks for those."""
    headers = (*PRICES, "Operación")
    rows = (("A1", "L", 10.0, "M"), ("A2", "L", 10.0, None))
    assert told(checked(headers, *rows)) == [(3, "operacion", "required")]
    found = checked(headers, *rows, constants={"operacion": "U"})
    assert [row.values["operacion"] for row in found.rows] == ["M", "U"]


@pytest.mark.parametrize("operation", ["M", "U", "modificar"])
def test_only_the_key_must_have_columns_to_modify(operation: str) -> None:
    """Whatever else is absent may be completed; the key may not."""
    assert told(checked(PRICES[:2], ("A1", "L"), constants={"operacion": operation})) == []
    assert refused_columns(("Código", "Precio neto"), ("A1", 10.0), operacion=operation) == ["lista_precios"]


def test_to_add_every_required_field_must_have_a_column() -> None:
    """Said by ``--set`` or by every cell: a sheet that only adds cannot lack a column."""
    needed = ["descripcion", "alicuota", "moneda", "unidad_bulto", "afecta_stock"]
    assert refused_columns(PRICES, ("A1", "L", 10.0), operacion="A") == needed
    assert refused_columns((*PRICES, "Operación"), ("A1", "L", 10.0, "alta"), ("A2", "L", 1.0, "A")) == needed


def test_in_a_mixed_sheet_the_rows_that_add_are_named() -> None:
    """A column may be absent for the rows that modify; for those that add each missing value is an error."""
    found = checked((*PRICES, "Operación", "Moneda"), ("A1", "L", 10.0, "M", None), ("A2", "L", 10.0, "A", None))
    assert [row.number for row in found.rows] == [2]
    assert {name for number, name, code in told(found) if (number, code) == (3, "required")} == {
        "descripcion",
        "alicuota",
        "moneda",
        "unidad_bulto",
        "afecta_stock",
    }
    assert next(one.cell for one in found.findings if one.field == "moneda") == "E3"


def test_set_waits_for_what_the_vendor_has() -> None:
    """Rows that are completed get key and operation from ``--set`` at once, everything else only after reading."""
    found = checked(
        ("Código", "Operación", "Moneda"),
        ("A1", "M", None),
        ("A2", "U", "DOL"),
        constants={"lista_precios": "L", "moneda": "PES"},
    )
    assert [dict(row.values) for row in found.rows] == [
        {"codigo": "A1", "lista_precios": "L", "operacion": "M"},
        {"codigo": "A2", "lista_precios": "L", "operacion": "U", "moneda": "DOL"},
    ]
    assert found.constants["moneda"] == "PES"


def test_one_key_under_two_operations_is_a_duplicate() -> None:
    """Nobody can mean both; ``--duplicates last`` says which."""
    headers = (*PRICES, "Operación")
    rows = (("A1", "L", 10.0, "M"), ("A1", "L", 12.0, "U"))
    assert told(checked(headers, *rows)) == [(2, "codigo", "duplicate_key"), (3, "codigo", "duplicate_key")]
    assert [row.number for row in checked(headers, *rows, duplicates="last").rows] == [3]


def test_vacio_erases_only_where_something_may_be_blank() -> None:
    """It marks a field of a row that is completed; it is nothing for a new product, and an error in what is needed."""
    headers = (*PRICES, "EAN", "Stock mínimo", "Operación")
    found = checked(headers, ("A1", "L", 10.0, "(vacío)", "(Vacio)", "M"), ("(vacío)", "L", 10.0, None, None, "M"))
    assert [(row.number, row.erased) for row in found.rows] == [(2, {"codbar", "stock_minimo"})]
    assert "codbar" not in found.rows[0].values
    assert told(found) == [(3, "codigo", "required")]
    found = checked(headers, ("A1", "L", 10.0, "vacío", None, "M"))
    assert found.rows[0].values["codbar"] == "vacío", "without its brackets it is a text like any other"
