"""TusFacturas' columns say what the vendor's pages say, and read what people write."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.code_lists import choices_by_name
from etl.core.headers import Wanted, find_layout
from etl.core.validation import Checked
from etl.core.vocabulary import header_key, vocabulary_of
from etl.errors import FileError
from etl.model import Cell, CellNote, Effect, Row, Severity, Sheet
from etl.vendors.base import Column, Derivation, Destination, Kind
from etl.vendors.tusfacturas.columns import (
    PRICE_QUESTIONS,
    PRODUCT_COLUMNS,
    PRODUCT_RULES,
    STOCK_COLUMNS,
    derive_product,
)
from etl.vendors.tusfacturas.rules import price_without_tax
from etl.vendors.tusfacturas.units import UNITS
from tests.core.tables import checked, destination, sheet

KEY = ("lista_precios", "codigo")
PRODUCTS = destination(
    *PRODUCT_COLUMNS,
    name="tusfacturas.productos",
    key=KEY,
    group_fields=("operacion",),
    effect=lambda group: Effect.CREATE if group == "A" else Effect.SET,
    rules=PRODUCT_RULES,
    derivation=Derivation(of=("precio_con_iva",), make=derive_product),
    questions=PRICE_QUESTIONS,
)
STOCK = destination(*STOCK_COLUMNS, name="tusfacturas.stock", key=KEY, group_fields=("operacion",))
GOOD: dict[str, Any] = {
    "codigo": "tren10384",
    "descripcion": "Tren de carga P#1",
    "lista_precios": "Trenes",
    "precio_unitario_sin_iva": 1000,
    "alicuota": 21,
    "moneda": "DOL",
    "unidad_bulto": 1,
    "afecta_stock": "S",
    "operacion": "A",
}
MOVEMENT: dict[str, Any] = {"codigo": "tren10384", "lista_precios": "Trenes", "cantidad": 140, "operacion": "A"}


def product(**cells: Any) -> Sheet:
    """A sheet of one product: the good one with these cells; None leaves a cell blank."""
    row = {**GOOD, **cells}
    return sheet(tuple(row), tuple(row.values()))


def errors_of(field: str, cell: Cell | int, note: CellNote | None = None, to: Destination = PRODUCTS) -> list[str]:
    """Return the codes of the findings on a field that holds this cell."""
    row = {**(GOOD if to is PRODUCTS else MOVEMENT), field: cell}
    notes = {(2, list(row).index(field)): note} if note else None
    result = checked(sheet(tuple(row), tuple(row.values()), notes=notes), to)
    assert all(finding.field == field for finding in result.findings)
    return [finding.code for finding in result.findings]


def value_of(field: str, cell: Cell | int, note: CellNote | None = None) -> object:
    """Return what a good product with this cell holds in the field."""
    row = {**GOOD, field: cell}
    notes = {(2, list(row).index(field)): note} if note else None
    result = checked(sheet(tuple(row), tuple(row.values()), notes=notes), PRODUCTS)
    assert [finding for finding in result.findings if finding.is_error] == []
    return result.rows[0].values[field]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        *(("Código", "codigo"), ("Cod.", "codigo"), ("SKU", "codigo")),
        *(("Código de barras", "codbar"), ("Cod. barra", "codbar"), ("EAN", "codbar"), ("Código Barras", "codbar")),
        *((header, "descripcion") for header in ("Descripción", "Detalle", "Producto", "Artículo")),
        *(("Lista de precios", "lista_precios"), ("LISTA DE PRECIOS", "lista_precios")),
        *((header, "precio_unitario_sin_iva") for header in ("Precio s/IVA", "Precio neto", "Precio unitario sin IVA")),
        *((header, "precio_con_iva") for header in ("Precio c/IVA", "Precio con IVA", "precio final con IVA")),
        *(("% IVA", "alicuota"), ("Moneda", "moneda"), ("Stock", "stock_actual"), ("Stock mín.", "stock_minimo")),
        *((column.name, column.name) for column in PRODUCT_COLUMNS),
        *((column.label, column.name) for column in PRODUCT_COLUMNS),
    ],
)
def test_the_headers_of_the_contract_are_known(header: str, field: str) -> None:
    """Every header of contract section 2, every field's own name and every label is taken without --map."""
    found = vocabulary_of(PRODUCTS).field_of(header)
    assert found is not None
    assert found.name == field


@pytest.mark.parametrize(("header", "field"), [("Cantidad", "cantidad"), ("Cant.", "cantidad"), ("CANT", "cantidad")])
def test_the_headers_of_stock_are_known(header: str, field: str) -> None:
    """And how many there *are* is never taken for how many move."""
    found = vocabulary_of(STOCK).field_of(header)
    assert found is not None
    assert found.name == field
    for other in ("Stock", "Stock actual", "Existencia", "Unidades", "Saldo"):
        assert vocabulary_of(STOCK).field_of(other) is None


@pytest.mark.parametrize("to", [PRODUCTS, STOCK], ids=lambda to: to.name)
def test_no_header_means_two_fields(to: Destination) -> None:
    """An alias belongs to one field alone, and a question to none."""
    owners: dict[str, str] = {}
    for column in to.columns:
        for header in {header_key(header) for header in (column.name, column.label, *column.aliases)}:
            assert owners.setdefault(header, column.name) == column.name
    assert not owners.keys() & {header_key(header) for header in to.questions}


@pytest.mark.parametrize(
    "header", ["Precio", "PVP", "P.V.P.", "Precio final", "Precio venta", "Precio lista", "IMPORTE"]
)
def test_a_price_that_may_hold_the_tax_is_asked_about(header: str) -> None:
    """Neither of the two fields is taken for it; both commands are printed with the user's header."""
    row = {name: value for name, value in GOOD.items() if name != "precio_unitario_sin_iva"}
    with pytest.raises(FileError) as caught:
        find_layout(sheet((*row, header), (*row.values(), 12)), PRODUCTS, Wanted())
    assert [finding.code for finding in caught.value.findings] == ["tax_unclear"]
    assert f'--map "{header}=precio_unitario_sin_iva"' in str(caught.value)
    assert f'--map "{header}=precio_con_iva"' in str(caught.value)


_NAMES = ("Precio", "Precios", "P.", "PVP", "P.U.", "Importe", "Valor", "Lista", "Precio de venta", "Precio unitario")
_WITH = (
    "IVA",
    "+ IVA",
    "más IVA",
    "con IVA",
    "c/IVA",
    "C IVA",
    "IVA incl.",
    "IVA inc",
    "final",
    "bruto",
    "",
    "$",
    "c/ imp.",
)
_WITHOUT = ("s/IVA", "sin IVA", "S. I.V.A.", "neto", "netos", "sin impuestos", "siva")


@pytest.mark.parametrize("glue", [" ", "", "\n", " - ", "_"])
def test_no_header_of_a_price_is_ever_taken_for_its_contrary(glue: str) -> None:
    """What may hold the tax never feeds the price without it, nor the reverse, however the words are written."""
    known = vocabulary_of(PRODUCTS)
    for name in _NAMES:
        for words, contrary in ((_WITH, "precio_unitario_sin_iva"), (_WITHOUT, "precio_con_iva")):
            for word in words:
                for header in (glue.join((name, word)), glue.join((name, word)).upper(), glue.join((word, name))):
                    found = known.field_of(header)
                    assert found is None or found.name != contrary, header
    for header in ("Precio s/IVA", "PRECIOS S/ IVA", "Precios netos"):
        assert known.fields[header_key(header)].name == "precio_unitario_sin_iva"
    for header in ("Precios IVA", "PreciosIVA", "Precio siva", "P. Final"):
        assert known.question_of(header) == ("precio_unitario_sin_iva", "precio_con_iva"), header


def test_required_columns_are_those_of_the_vendor_s_page() -> None:
    """And `operacion`, which is the request's; each is missed when its column is."""
    required = {column.name for column in PRODUCT_COLUMNS if column.required}
    assert required == {
        *("descripcion", "codigo", "lista_precios", "unidad_bulto", "precio_unitario_sin_iva", "alicuota", "moneda"),
        *("afecta_stock", "operacion"),
    }
    assert {column.name for column in STOCK_COLUMNS if column.required} == {
        "lista_precios",
        "codigo",
        "cantidad",
        "operacion",
    }
    for name in required:
        row = {field: value for field, value in GOOD.items() if field != name}
        with pytest.raises(FileError) as caught:
            find_layout(sheet(tuple(row), tuple(row.values())), PRODUCTS, Wanted())
        assert name in str(caught.value)
        assert [finding.code for finding in caught.value.findings] == ["missing_column"]


def test_a_missing_operation_is_told_with_the_very_options() -> None:
    """Products can be added or modified, stock can go up or down."""
    for to, options in ((PRODUCTS, ("A", "M")), (STOCK, ("A", "B"))):
        with pytest.raises(FileError) as caught:
            find_layout(sheet(("codigo", "lista_precios", "cantidad"), ("a", "b", 1)), to, Wanted())
        hint = str(next(finding.hint for finding in caught.value.findings if "operacion" in str(finding.message)))
        assert all(f"--set operacion={option}" in hint for option in options)


@pytest.mark.parametrize("name", [*GOOD, "afecta_stock"])
def test_a_blank_required_cell_is_found(name: str) -> None:
    """Page "Administrar productos", the column "¿Requerido?"."""
    assert errors_of(name, None) == ["required"]


@pytest.mark.parametrize(
    ("field", "most"), [("descripcion", 255), ("codigo", 50), ("lista_precios", 255), ("codbar", 255)]
)
def test_lengths(field: str, most: int) -> None:
    """255, 50, 255 and 255 characters fit, one more does not; there is no minimum."""
    assert errors_of(field, "x" * most) == []
    assert errors_of(field, "x" * (most + 1)) == ["too_long"]
    assert errors_of(field, "x") == []


@pytest.mark.parametrize(
    ("field", "cell", "codes"),
    [
        ("precio_unitario_sin_iva", 1000.125, []),
        ("precio_unitario_sin_iva", 0, []),
        ("precio_unitario_sin_iva", 1000.1255, ["too_many_decimals"]),
        ("precio_unitario_sin_iva", -0.01, ["out_of_range"]),
        ("precio_unitario_sin_iva", "gratis", ["not_a_number"]),
        ("precio_unitario_sin_iva", "1.234", ["ambiguous_number"]),
        ("impuestos_internos_alicuota", 45.25, []),
        ("impuestos_internos_alicuota", 45.255, ["too_many_decimals"]),
        ("impuestos_internos_alicuota", -1, ["out_of_range"]),
        ("unidad_bulto", 1, []),
        ("unidad_bulto", 0, ["out_of_range"]),
        ("unidad_bulto", 1.5, ["not_an_integer"]),
        ("stock_actual", 154, []),
        ("stock_actual", 1.5, ["not_an_integer"]),
        ("stock_actual", "3 rotos", ["not_a_number"]),
        ("stock_minimo", 0, []),
        ("stock_minimo", 0.5, ["not_an_integer"]),
        ("alicuota", 22, ["not_allowed"]),
        ("alicuota", 0.21, ["not_allowed"]),
        ("moneda", "EUR", ["not_allowed"]),
        ("moneda", "dolar blue", ["not_allowed"]),
        ("unidad_medida", "99", ["not_allowed"]),
        ("unidad_medida", 12, ["not_allowed"]),
        ("unidad_medida", "cajas", ["not_allowed"]),
        ("afecta_stock", "X", ["not_allowed"]),
        ("rg5329", "quizás", ["not_allowed"]),
        ("operacion", "B", ["not_allowed"]),
        ("codbar", "7,79E+12", ["precision_lost"]),
        ("codigo", "7,79E+12", ["precision_lost"]),
        ("codbar", "7791234567890", ["check_digit"]),
        ("codbar", "123213213213", ["check_digit"]),
        ("codbar", "INTERNO 7", []),
    ],
)
def test_the_rules_of_a_product(field: str, cell: Cell | int, codes: list[str]) -> None:
    """Page "Administrar productos", "Estructura de cada producto", and the tables of reference."""
    assert errors_of(field, cell) == codes


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        (1, []),
        (140, []),
        ("12", []),
        (0, ["out_of_range"]),
        (-1, ["out_of_range"]),
        (1.5, ["not_an_integer"]),
        (None, ["required"]),
    ],
)
def test_a_movement_is_a_whole_number_of_units(cell: Cell | int, codes: list[str]) -> None:
    """Page "Gestión de stock": the direction is the operation's, so that a quantity is above zero."""
    assert errors_of("cantidad", cell, to=STOCK) == codes


def test_movements_know_a_and_b() -> None:
    """Alta and baja; M is no movement."""
    assert errors_of("operacion", "M", to=STOCK) == ["not_allowed"]
    for word, code in (("A", "A"), ("alta", "A"), ("Baja", "B"), ("ingreso", "A"), ("egreso", "B")):
        row = sheet(("codigo", "lista_precios", "cantidad", "operacion"), ("a", "l", 1, word))
        assert checked(row, STOCK).rows[0].values["operacion"] == code


@pytest.mark.parametrize(
    ("field", "cell", "note", "value"),
    [
        ("alicuota", "21%", None, Decimal(21)),
        ("alicuota", 0.21, CellNote(number_format="0%"), Decimal(21)),
        ("alicuota", 0.105, CellNote(number_format="0.0%"), Decimal("10.5")),
        ("alicuota", "10,5", None, Decimal("10.5")),
        ("alicuota", "Exento", None, Decimal(-1)),
        ("alicuota", "No gravado", None, Decimal(-2)),
        ("alicuota", "IVA 21%", None, Decimal(21)),
        ("alicuota", 27, None, Decimal(27)),
        ("alicuota", 0, None, Decimal(0)),
        ("moneda", "pesos", None, "PES"),
        ("moneda", "$", None, "PES"),
        ("moneda", "ARS", None, "PES"),
        ("moneda", "U$S", None, "DOL"),
        ("moneda", "u$s", None, "DOL"),
        ("moneda", "USD", None, "DOL"),
        ("moneda", "Dólares", None, "DOL"),
        ("unidad_medida", "unidades", None, "7"),
        ("unidad_medida", "Unidad", None, "7"),
        ("unidad_medida", "u.", None, "7"),
        ("unidad_medida", 7, None, "7"),
        ("unidad_medida", "07", None, "7"),
        ("unidad_medida", "Kg", None, "1"),
        ("unidad_medida", "lts.", None, "5"),
        ("unidad_medida", "m²", None, "3"),
        ("unidad_medida", "Otras unidades", None, "98"),
        ("afecta_stock", "si", None, "S"),
        ("afecta_stock", "NO", None, "N"),
        ("rg5329", 1, None, "S"),
        ("codigo", 123, None, "123"),
        ("codigo", "00123", None, "00123"),
        ("codigo", 123, CellNote(number_format="00000"), "00123"),
        ("codbar", 7791234567898.0, None, "7791234567898"),
        ("lista_precios", 2, None, "2"),
        ("operacion", "Alta", None, "A"),
        ("operacion", "modificar", None, "M"),
        ("unidad_bulto", "12", None, 12),
        ("impuestos_internos_alicuota", "8,5%", None, Decimal("8.5")),
        ("precio_unitario_sin_iva", "$ 1.234,50", None, Decimal("1234.5")),
    ],
)
def test_what_people_write_is_understood(field: str, cell: Cell | int, note: CellNote | None, value: object) -> None:
    """Issue 2, item 4: percent signs and cells, words, currencies, units, flags."""
    assert value_of(field, cell, note) == value


def test_the_unit_table_is_the_vendor_s() -> None:
    """47 rows with the vendor's ids and gaps, each readable by its id and by its name, and by nothing of another."""
    assert len(UNITS) == 47
    assert {choice.value for choice in UNITS}.isdisjoint({"0", "12", "13", "19", "26", "28", "99"})
    named = choices_by_name(next(column for column in PRODUCT_COLUMNS if column.name == "unidad_medida"))
    assert named["1000kwh"].value == "6"
    rows = [{**GOOD, "unidad_medida": name} for choice in UNITS for name in (choice.meaning, str(choice.value))]
    numbered = [{**row, "codigo": f"c{number}"} for number, row in enumerate(rows)]
    result = checked(sheet(tuple(numbered[0]), *(tuple(row.values()) for row in numbered)), PRODUCTS)
    assert [row.values["unidad_medida"] for row in result.rows] == [choice.value for choice in UNITS for _ in range(2)]


@pytest.mark.parametrize("column", [*PRODUCT_COLUMNS, *STOCK_COLUMNS], ids=lambda column: column.name)
def test_every_column_is_declared_in_full(column: Column) -> None:
    """A label, a help and a source for each; a code list can be read in one way only; examples are good values."""
    assert column.label
    assert str(column.help)
    assert column.source
    if column.kind is Kind.CHOICE:
        assert choices_by_name(column)
    if column.example:
        number = column.kind in (Kind.DECIMAL, Kind.INTEGER)
        to = PRODUCTS if column in PRODUCT_COLUMNS else STOCK
        assert errors_of(column.name, float(column.example) if number else column.example, to=to) == []


@pytest.mark.parametrize(
    ("operation", "keeps", "warned"), [("A", "S", False), ("A", "N", True), ("M", "S", True), ("M", "N", True)]
)
def test_stock_that_will_be_ignored_is_warned_of(operation: str, keeps: str, warned: bool) -> None:
    """Page "Administrar productos", hints: `stock_actual` is used on A with afecta_stock S only."""
    found = product(operacion=operation, afecta_stock=keeps, stock_actual=5)
    result = checked(found, PRODUCTS)
    assert [(finding.code, finding.field, finding.severity) for finding in result.findings] == (
        [("ignored_value", "stock_actual", Severity.WARNING)] if warned else []
    )
    assert len(result.rows) == 1
    assert checked(product(operacion=operation, afecta_stock=keeps, stock_actual=None), PRODUCTS).findings == ()


def priced(*rows: Sequence[Cell | int]) -> Checked:
    """Check products by (price with tax, rate, internal taxes, price without tax)."""
    fixed = {
        name: value for name, value in GOOD.items() if name not in ("precio_unitario_sin_iva", "alicuota", "codigo")
    }
    header = (*fixed, "codigo", "precio_con_iva", "alicuota", "impuestos_internos_alicuota", "precio_unitario_sin_iva")
    numbered = ((*fixed.values(), f"c{number}", *row) for number, row in enumerate(rows))
    return checked(sheet(header, *numbered), PRODUCTS)


@pytest.mark.parametrize(
    ("price", "rate", "net"),
    [
        (121, 21, "100"),
        (100, 21, "82.645"),
        (110.5, 10.5, "100"),
        (127, 27, "100"),
        (99.5, 0, "99.5"),
        (99.5, "Exento", "99.5"),
        (99.5, "No gravado", "99.5"),
        (99.0005, 0, "99"),
        (99.0015, -1, "99.002"),
        ("1.210,00", "21%", "1000"),
    ],
)
def test_the_price_with_the_tax_is_turned_into_the_one_without(price: Cell | int, rate: Cell | int, net: str) -> None:
    """Divided by 1 + rate/100, by 1 where there is no tax, half-even to 3 decimals; the derived value is reported."""
    result = priced((price, rate, None, None))
    assert result.findings == ()
    assert result.rows[0].values["precio_unitario_sin_iva"] == Decimal(net)
    assert "precio_con_iva" not in result.rows[0].values
    assert result.derived == {2: {"precio_unitario_sin_iva": Decimal(net)}}


@settings(deadline=None)
@given(st.decimals(0, 10**9, places=2), st.sampled_from(["27", "21", "10.5", "0", "-1", "-2"]))
def test_the_price_without_the_tax_is_the_nearest_to_three_decimals(price: Decimal, rate: str) -> None:
    """Multiplied back it is within half a thousandth (times the tax) of the price that was given."""
    net = price_without_tax(price, Decimal(rate))
    factor = 1 + max(Decimal(rate), Decimal(0)) / 100
    assert abs(net * factor - price) <= Decimal("0.0005") * factor


def test_two_prices_or_internal_taxes_beside_the_one_with_tax_are_refused() -> None:
    """What cannot be told is not computed; internal taxes of 0 are none."""
    refused, allowed = ((121, 21, None, 100), (121, 21, 8.5, None)), ((121, 21, 0, None), (None, 21, 8.5, 100))
    result = priced(*refused, *allowed, (None, 21, None, None))
    assert [(finding.code, finding.row, finding.field) for finding in result.findings] == [
        ("conflicting_values", 2, "precio_con_iva"),
        ("conflicting_values", 3, "precio_con_iva"),
        ("required", 6, "precio_unitario_sin_iva"),
    ]
    assert [row.number for row in result.rows] == [4, 5]


def test_derivation_leaves_other_rows_alone() -> None:
    """Without a price with tax, or without a rate to divide by, the values are what they were."""
    values = {"codigo": "a", "precio_unitario_sin_iva": Decimal(1), "alicuota": Decimal(21)}
    assert derive_product(values) is values
    lacking = {"codigo": "a", "precio_con_iva": Decimal(121)}
    assert derive_product(lacking) is lacking
    assert [finding for rule in PRODUCT_RULES for finding in rule.check(Row(2, {}))] == []
