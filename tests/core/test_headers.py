"""The header row and the columns are found by evidence; what is not plain is asked, with the option to give."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.header_findings import map_option
from etl.core.headers import Wanted, choose_sheet, find_layout, score
from etl.core.vocabulary import header_key
from etl.errors import FileError, UsageError
from etl.model import Layout, Severity, Sheet
from etl.vendors.base import Choice, Kind
from tests.core.tables import CODE, COUNT, NAME, SHELVES, column, destination, sheet

NET = column("net", Kind.DECIMAL, required=True, label="Precio neto")
GROSS = column("gross", Kind.DECIMAL, replaces="net", label="Precio con IVA", on_wire=False)
MOVE = column("move", Kind.CHOICE, required=True, choices=(Choice("A", "in"), Choice("B", "out")))
SHOP = destination(CODE, NAME, NET, GROSS, MOVE, questions={"Precio": ("net", "gross"), "P.V.P.": ("net", "gross")})
PLAIN = ("Code", "Name", "Count")


def layout_of(found: Sheet, wanted: Wanted | None = None, to: object = SHELVES) -> Layout:
    """Return the layout alone."""
    assert to is SHELVES or to is SHOP
    return find_layout(found, SHELVES if to is SHELVES else SHOP, wanted or Wanted())[0]


def refused(found: Sheet, wanted: Wanted | None = None, to: object = SHELVES) -> FileError:
    """Return the error with which a sheet is refused."""
    with pytest.raises(FileError) as caught:
        layout_of(found, wanted, to)
    return caught.value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Código de Barras", "CODIGO BARRA"),
        ("PRECIO S/IVA", "precio s. iva"),
        ("  Lista de los precios", "lista los precios"),
        ("lista_precios", "Lista de la Precios"),
        ("Descripción\ndel producto", "descripcion producto"),
        ("C\u0301odigo", "codigo"),
        ("Precio c/IVA", "PRECIOS con IVA"),
        ("Unid. x bulto", "unid. por bultos"),
    ],
)
def test_headers_are_compared_as_people_read_them(one: str, other: str) -> None:
    """Case, accents, spaces, punctuation and de, del, la, el make no difference."""
    assert header_key(one) == header_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Precios IVA", "Precio s/IVA"), ("PreciosIVA", "Precio s/IVA"), ("Precio c/IVA", "Precio s/IVA"), ("Gas", "Ga")],
)
def test_headers_that_say_something_else_stay_apart(one: str, other: str) -> None:
    """A plural's s is no "s/": the price of "Precios IVA" may hold the tax."""
    assert header_key(one) != header_key(other)


def test_columns_are_found_by_name_label_and_alias_in_any_order() -> None:
    """A field is fed by the column that is headed as it; the layout says where it stands."""
    found = layout_of(sheet(("Notas", "DETALLE", "", "Count", "code"), (None, "Tren", None, 3, "A1")))
    assert [(fed.field, fed.header, fed.column) for fed in found.columns] == [
        ("name", "DETALLE", 1),
        ("count", "Count", 3),
        ("code", "code", 4),
    ]
    assert found.headers == ("Notas", "DETALLE", "", "Count", "code")
    assert found.ignored == ("Notas",)


def test_the_header_row_is_found_below_titles() -> None:
    """Titles, dates and blank rows above the table are passed over."""
    found = sheet(
        ("Lista de precios",), (), ("FECHA: 08/05/2023", None, "Code"), (None, None), PLAIN, ("A1", "Tren", 3)
    )
    assert layout_of(found).header_row == 5


def test_a_header_beyond_the_first_fifty_rows_has_to_be_named() -> None:
    """The search ends at row 50; with --header-row any row will do."""
    far = sheet(*[("x",)] * 50, PLAIN, ("A1", "Tren", 3))
    assert refused(far).findings[0].code == "no_header"
    assert layout_of(far, Wanted(header_row=51)).header_row == 51


def test_a_header_further_down_is_pointed_out() -> None:
    """Beyond row 50 nothing is taken, but the row that looks like it is named with its option."""
    error = refused(sheet(*[("x",)] * 60, PLAIN, ("A1", "Tren", 3)))
    assert "row 61 looks like it: Code | Name | Count" in str(error.message)
    assert "--header-row 61" in str(error.hint)
    assert "looks like" not in str(refused(sheet(*[("x",)] * 60, ("Code", 1), ("A1", "Tren", 3))).message)


def test_two_tables_in_one_sheet_are_a_question() -> None:
    """An optional column more does not make the second table the one that is meant, nor the first a title."""
    first, second = ("Code", "Name", "Count"), ("Code", "Name", "Count", "Price")
    for tables in (((first, ("A1", "Tren", 3), second), (1, 3)), ((first, ("A1", "Tren", 3), (), second), (1, 4))):
        error = refused(sheet(*tables[0], ("A2", "Bus", 4, 1)))
        assert error.findings[0].code == "undecided_header"
        assert all(f"{row}: Code" in str(error.message) for row in tables[1])
    assert layout_of(sheet(second, ("A1", "Tren", 3, 1), first, ("A2", "Bus", 4))).header_row == 1


def test_data_above_the_header_is_said() -> None:
    """A lesser table above the one that is read does not vanish in silence."""
    found = sheet(("Code", "Name"), ("A1", "Tren"), PLAIN, ("A2", "Bus", 4))
    layout, warnings = find_layout(found, SHELVES, Wanted())
    assert layout.header_row == 3
    assert [(warning.code, warning.severity) for warning in warnings] == [("rows_above_header", Severity.WARNING)]
    assert "--header-row 1" in str(warnings[0].hint)
    _, none = find_layout(sheet(("Code", "Name"), PLAIN, ("A2", "Bus", 4)), SHELVES, Wanted())
    assert none == ()


def test_two_rows_that_could_be_the_header_are_a_question() -> None:
    """A tie is never decided silently, and both rows are named; a repeated header is no tie."""
    tie = sheet(("Code", "Name", "Count", "x"), ("Count", "Code", "Name", "y"), ("A1", "Tren", 3, 4))
    error = refused(tie)
    assert (error.exit_code, error.findings[0].code) == (3, "undecided_header")
    assert "1: Code | Name" in str(error.message)
    assert "2: Count | Code" in str(error.message)
    assert "--header-row 1" in str(error.hint)
    assert layout_of(tie, Wanted(header_row=2)).columns[0].field == "count"
    assert layout_of(sheet(PLAIN, ("A1", "Tren", 3), PLAIN, ("A2", "Bus", 4))).header_row == 1


def test_required_headers_weigh_more_than_optional_ones() -> None:
    """A row with one required header beats a row with one optional one."""
    to = destination(CODE, column("price", Kind.DECIMAL), column("note"))
    found, _ = find_layout(sheet(("Price", "Note"), ("Code", "Price"), ("A1", 3)), to, Wanted())
    assert found.header_row == 2


def test_a_sheet_without_known_headers_is_refused_with_the_way_out() -> None:
    """No header is exit 3, and --map names that are in a row make it the header."""
    unknown = sheet(("Foo", "Bar", "Baz"), ("A1", "Tren", 3))
    error = refused(unknown)
    assert error.findings[0].code == "no_header"
    assert "--header-row" in str(error.hint)
    named = Wanted(maps=(("foo", "code"), ("Bar", "name"), ("BAZ", "count")))
    assert [fed.field for fed in layout_of(unknown, named).columns] == ["code", "name", "count"]
    assert refused(sheet()).findings[0].code == "no_header"


def test_one_known_header_is_enough_only_in_the_first_row_of_a_table() -> None:
    """A single familiar word below data is a weak match and asked about."""
    assert refused(sheet(("Code", "Foo"), ("A1", 3))).findings[0].code == "missing_column"
    assert refused(sheet((1, 2), ("Code", "Foo"), ("A1", 3))).findings[0].code == "no_header"
    assert refused(sheet(("Code",), ("A1", 3))).findings[0].code == "no_header"


def test_header_row_must_be_a_row_with_something_in_it() -> None:
    """--header-row on a blank or absent row is wrong usage."""
    for row in (0, 2, 99):
        with pytest.raises(UsageError) as caught:
            layout_of(sheet(PLAIN, (None, " "), ("A1", "Tren", 3)), Wanted(header_row=row))
        assert caught.value.exit_code == 2


def test_every_missing_column_is_named_at_once_with_what_to_do() -> None:
    """A required field needs a column or a --set; the message says its headers and its option."""
    error = refused(sheet(("Code", "Foo"), ("A1", 3)))
    assert [(finding.code, finding.row, finding.cell, finding.field) for finding in error.findings] == [
        ("missing_column", None, None, None)
    ] * 2
    assert "name" in str(error.findings[0].message)
    assert "“Detalle”" in str(error.findings[0].hint)
    assert "--set name=" in str(error.findings[0].hint)
    assert layout_of(sheet(("Code", "Foo"), ("A1", 3)), Wanted(constants={"name": "x", "count": "3"})).ignored == (
        "Foo",
    )


def test_a_missing_code_list_is_given_its_values() -> None:
    """For an operation the hint is the very option to type."""
    error = refused(sheet(("Code", "Name", "Precio neto"), ("A1", "Tren", 3)), to=SHOP)
    assert [finding.code for finding in error.findings] == ["missing_column"]
    assert "--set move=A / --set move=B" in str(error.findings[0].hint)


def test_a_key_is_never_proposed_as_one_value_for_all_rows() -> None:
    """--set of a code would make every row the same product."""
    error = refused(sheet(("Name", "Count"), ("Tren", 3)))
    assert "--set" not in str(error.findings[0].hint)


def test_two_columns_for_one_field_are_refused_until_one_is_named() -> None:
    """The error lists both places; --map with a letter settles it and the other column is said to be unread."""
    both = sheet(("Code", "Name", "Detalle", "Count"), ("A1", "Tren", "Bus", 3))
    error = refused(both)
    assert error.findings[0].code == "duplicate_column"
    assert "“Name” (B), “Detalle” (C)" in str(error.message)
    layout, warnings = find_layout(both, SHELVES, Wanted(maps=(("@C", "name"),)))
    assert [fed.column for fed in layout.columns if fed.field == "name"] == [2]
    assert [(finding.code, finding.header, finding.severity) for finding in warnings] == [
        ("unknown_column", "Name", Severity.WARNING)
    ]
    assert "“Detalle” stands for the same" in str(warnings[0].message)


def test_a_bare_price_is_a_question_with_both_commands() -> None:
    """A price that may hold the tax is never taken; the message has both commands with the user's header."""
    error = refused(sheet(("Code", "Name", "PRECIO", "Move"), ("A1", "Tren", 3, "A")), to=SHOP)
    assert [finding.code for finding in error.findings] == ["tax_unclear"]
    assert '--map "PRECIO=net"' in str(error.message)
    assert '--map "PRECIO=gross"' in str(error.message)
    assert error.findings[0].header == "PRECIO"


def test_the_price_question_is_settled_by_a_map_a_clear_column_or_a_constant() -> None:
    """Once the price is known from elsewhere, PVP is an unread column like any other."""
    bare = sheet(("Code", "Name", "pvp", "Move"), ("A1", "Tren", 3, "A"))
    assert layout_of(bare, Wanted(maps=(("PVP", "gross"),)), SHOP).columns[2].field == "gross"
    assert layout_of(bare, Wanted(constants={"net": "12"}), SHOP).ignored == ("pvp",)
    clear = sheet(("Code", "Name", "pvp", "Precio neto", "Move"), ("A1", "Tren", 3, 2, "A"))
    assert layout_of(clear, to=SHOP).ignored == ("pvp",)


def test_a_field_that_replaces_a_required_one_is_enough() -> None:
    """With the price that holds the tax the price without it is no missing column."""
    assert layout_of(sheet(("Code", "Name", "Precio con IVA", "Move"), ("A1", "Tren", 3, "A")), to=SHOP)


def test_unknown_columns_are_reported_and_empty_ones_are_not() -> None:
    """Every column that feeds nothing is named, also one without a header that has data; a blank spacer is not."""
    found = sheet(
        ("Code", "", "Name", "Marca", "Count", ""), ("A1", None, "Tren", "x", 3, "?"), ("A2", None, "B", "x", 1)
    )
    layout, warnings = find_layout(found, SHELVES, Wanted())
    assert layout.ignored == ("Marca",)
    assert len(layout.headers) == 6
    assert [(finding.code, finding.column, finding.row, finding.cell) for finding in warnings] == [
        ("unknown_column", 3, None, None),
        ("unknown_column", 5, None, None),
    ]
    assert "Column F has no header" in str(warnings[1].message)


@pytest.mark.parametrize(
    "maps",
    [
        (("Nada", "code"),),
        (("@Z", "code"),),
        (("@", "code"),),
        (("@1", "code"),),
        (("Code", "nonsense"),),
        (("Code", "code"), ("Count", "code")),
        (("Code", "code"), ("@A", "name")),
        (("Twin", "name"),),
    ],
)
def test_a_map_that_cannot_be_is_wrong_usage(maps: tuple[tuple[str, str], ...]) -> None:
    """Unknown header or letter, unknown field, a field or a column given twice, a header that stands twice: exit 2."""
    twins = sheet((*PLAIN, "Twin", "Twin"), ("A1", "Tren", 3, 4, 5))
    with pytest.raises(UsageError) as caught:
        layout_of(twins, Wanted(maps=maps))
    assert caught.value.exit_code == 2


def test_a_map_by_letter_goes_before_the_headers() -> None:
    """--map "@A=count" feeds the field whatever the header says, and the known column is left."""
    found = layout_of(sheet(("Name", "Code", "Count"), (1, "A1", 3)), Wanted(maps=(("@C", "name"), ("@A", "count"))))
    assert {fed.field: fed.column for fed in found.columns} == {"count": 0, "code": 1, "name": 2}


@pytest.mark.parametrize(
    "constants",
    [{"nonsense": "1"}, {"count": "mil"}, {"count": "1.5"}, {"price": "-1"}, {"code": "x" * 11}, {"name": " "}],
)
def test_a_constant_that_cannot_be_is_wrong_usage(constants: dict[str, str]) -> None:
    """--set of an unknown field, of no value or of one beyond its limits is exit 2, before anything is read."""
    with pytest.raises(UsageError) as caught:
        layout_of(sheet(PLAIN, ("A1", "Tren", 3)), Wanted(constants=constants))
    assert caught.value.exit_code == 2


def test_the_sheet_that_fits_best_is_chosen() -> None:
    """A workbook with notes and one table needs no --sheet; empty sheets do not count."""
    notes, table = sheet(("Notas",), ("algo",), name="Notas"), sheet(PLAIN, ("A1", "Tren", 3), name="Datos")
    assert choose_sheet([notes, table, sheet((None, ""), name="Hoja3")], SHELVES, Wanted()) is table
    assert choose_sheet([notes], SHELVES, Wanted()) is notes
    assert score(table, SHELVES) > score(notes, SHELVES) == 0


def test_rows_decide_between_sheets_and_optional_columns_do_not() -> None:
    """An empty form loses against the filled one; a sheet with an optional column more is no better than the other."""
    empty, table = sheet((*PLAIN, "Price"), name="Modelo"), sheet(PLAIN, ("A1", "Tren", 3), name="Mayo")
    assert choose_sheet([empty, table], SHELVES, Wanted()) is table
    more = sheet((*PLAIN, "Price"), ("A1", "Tren", 3, 1), name="Junio")
    with pytest.raises(FileError, match="“Mayo”, “Junio”"):
        choose_sheet([table, more], SHELVES, Wanted())


def test_sheets_that_fit_equally_are_a_question() -> None:
    """A tie of sheets, also of sheets that do not fit at all, names them and the option."""
    one, two = sheet(PLAIN, ("A1", "Tren", 3), name="Enero"), sheet(PLAIN, ("A1", "Tren", 4), name="Febrero")
    for tied in ([one, two], [sheet(("x",), name="Enero"), sheet(("y",), name="Febrero")]):
        with pytest.raises(FileError) as caught:
            choose_sheet(tied, SHELVES, Wanted())
        assert caught.value.findings[0].code == "undecided_sheet"
        assert "“Enero”, “Febrero”" in str(caught.value)
        assert '--sheet "Enero"' in str(caught.value.hint)


def test_maps_help_to_choose_the_sheet() -> None:
    """Headers that the person named count like known ones."""
    one, two = sheet(("Foo",), ("x",), name="Uno"), sheet(("Bar",), ("y",), name="Dos")
    assert choose_sheet([one, two], SHELVES, Wanted(maps=(("bar", "code"),))) is two


@settings(deadline=None)
@given(st.lists(st.text(max_size=12) | st.none(), max_size=8))
def test_any_header_row_is_used_or_refused_with_a_reason(headers: list[str | None]) -> None:
    """Whatever the first row holds, the answer is a layout or an error with findings."""
    with suppress(FileError):
        found = layout_of(sheet((*headers, *PLAIN), (*headers, "A1", "Tren", 3)))
        assert {"code", "name", "count"} <= {fed.field for fed in found.columns}


@pytest.mark.parametrize(
    ("header", "option"), [("Precio", "Precio"), ('5" x', "@B"), ("a=b", "@B"), ("$x", "@B"), ("a\nb", "@B")]
)
def test_a_printed_command_can_be_copied_into_a_shell(header: str, option: str) -> None:
    """A header that a shell or the option itself would read otherwise is named by its letter."""
    assert map_option(header, 1, "net") == f'--map "{option}=net"'


def test_constants_and_warnings_are_in_the_layout() -> None:
    """What --set gave stands in the layout for the stages after it."""
    layout, warnings = find_layout(sheet(("Code", "Name"), ("A1", "Tren")), SHELVES, Wanted(constants={"count": "3"}))
    assert layout.constants == {"count": "3"}
    assert warnings == ()
    assert COUNT.name not in {fed.field for fed in layout.columns}


def test_merged_cells_make_one_header_of_two_rows() -> None:
    """A price merged over "neto" and "con IVA" is two prices; "Code" merged downwards is one code."""
    rows = (
        ("Code", "Name", "Precio", None, "Move"),
        (None, None, "neto", "con IVA", None),
        ("A1", "Tren", 1, None, "A"),
    )
    merged = ((1, 2, 0, 0), (1, 2, 1, 1), (1, 1, 2, 3), (1, 2, 4, 4))
    layout, warnings = find_layout(sheet(*rows, merged=merged), SHOP, Wanted())
    assert layout.header_row == 2
    assert layout.headers == ("Code", "Name", "Precio neto", "Precio con IVA", "Move")
    assert [fed.field for fed in layout.columns] == ["code", "name", "net", "gross", "move"]
    assert warnings == ()
    assert find_layout(sheet(*rows, merged=merged), SHOP, Wanted(header_row=2))[0] == layout


def test_a_title_merged_above_the_header_is_no_part_of_it() -> None:
    """The usual title over the whole width changes nothing."""
    found = layout_of(sheet(("LISTA MAYORISTA", None, None), PLAIN, ("A1", "Tren", 3), merged=((1, 1, 0, 2),)))
    assert (found.header_row, found.headers) == (2, PLAIN)


def test_wide_headers_above_data_stay_one_row() -> None:
    """Each header merged over two columns, with data right below, is a header of one row."""
    rows = (("Code", None, "Name", None, "Count"), ("A1", None, "Tren", None, 3), ("A2", "x", "Bus", None, 4))
    wide = ((1, 1, 0, 1), (1, 1, 2, 3))
    found = layout_of(sheet(*rows, merged=wide))
    assert found.header_row == 1
    assert [fed.column for fed in found.columns] == [0, 2, 4]
    texts = (("Code", None, "Name", "Count"), ("A1", "x", "Tren", "3"))
    assert layout_of(sheet(*texts, merged=((1, 1, 0, 1),))).header_row == 1


def test_a_hidden_column_that_is_read_is_said() -> None:
    """What nobody sees on the screen is sent all the same, so it is told."""
    _, warnings = find_layout(sheet(PLAIN, ("A1", "Tren", 3), hidden_columns=frozenset({2, 7})), SHELVES, Wanted())
    assert [(finding.code, finding.header, finding.severity) for finding in warnings] == [
        ("hidden_column", "Count", Severity.WARNING)
    ]
