"""A template lets somebody who knows only Excel fill in a sheet that is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from etl.core.cells import reader_of
from etl.core.example import is_example
from etl.core.identity import WorkbookKind, from_properties
from etl.io.workbook.entry_rules import entry_of
from etl.io.workbook.package import read_properties
from etl.io.workbook.template import data_sheet_name, template_name, write_template
from etl.vendors import DESTINATIONS
from etl.vendors.base import Destination
from tests.io.workbook.shop import COLUMNS, DEPOT, live_things, parts, values

TEMPLATES = Path(__file__).parents[3] / "templates"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_template(DEPOT, tmp_path_factory.mktemp("template") / "t.xlsx", "en")


@pytest.fixture(scope="module")
def book(path: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path)


def rules(book: openpyxl.Workbook, sheet: str = "Products") -> Mapping[str, Any]:
    return {str(rule.sqref): rule for rule in book[sheet].data_validations.dataValidation}


def test_the_table_is_the_first_sheet(book: openpyxl.Workbook) -> None:
    """Whoever opens it, and whatever reads it, meets the table first; the lists are hidden."""
    assert book.sheetnames == ["Products", "Guide", "Lists"]
    assert [sheet.sheet_state for sheet in book] == ["visible", "visible", "hidden"]


def test_headers_are_the_declared_labels_and_required_ones_stand_out(book: openpyxl.Workbook) -> None:
    """The labels are those that the header matching knows."""
    headers = next(book["Products"].iter_rows(max_row=1))
    assert [cell.value for cell in headers] == [column.label for column in COLUMNS]
    colours = {column.required: cell.fill.start_color.rgb for column, cell in zip(COLUMNS, headers, strict=True)}
    assert len(set(colours.values())) == 2


def test_header_comments_tell_format_need_and_example(book: openpyxl.Workbook) -> None:
    """What belongs into a column is said where one looks for it."""
    words = book["Products"]["B1"].comment.text
    assert words == "What it is called. Required. At most 40 characters. Example: Tren."


def test_the_example_row_is_recognised_and_typed(book: openpyxl.Workbook) -> None:
    """The row that shows how it is done is never sent: the reader's cells say that it is the example."""
    cells = [cell.value for cell in book["Products"][2]]
    assert cells == ["00123", "EXAMPLE (not sent): Tren", 1000.5, 10.5, "unidades", "A", 12]
    assert is_example(dict(zip([column.name for column in COLUMNS], cells, strict=True)), DEPOT)
    assert book["Products"].max_row == 2


def test_drop_downs_come_from_cells_with_numbers_as_numbers(book: openpyxl.Workbook) -> None:
    """In es-AR a literal list would split 10,5 in two; and a rate that is a text would not calculate."""
    rule = rules(book)["D2:D1048576"]
    assert (rule.type, rule.formula1, rule.errorStyle) == ("list", "'Lists'!$A$2:$A$4", "warning")
    assert [cell.value for (cell,) in book["Lists"]["A2:A4"]] == [21, 10.5, -1]
    assert [cell.value for (cell,) in book["Lists"]["C2:C4"]] == ["21%", "10,5%", "exento"]
    assert rule.promptTitle == "Alícuota"
    assert "-1 = exento" in rule.prompt


def test_a_table_of_numbers_offers_its_meanings(book: openpyxl.Workbook) -> None:
    """Nobody knows that 7 are units: the drop-down offers the names, which the reading understands."""
    assert rules(book)["E2:E1048576"].formula1 == "'Lists'!$D$2:$D$3"
    assert [tuple(cell.value for cell in line) for line in book["Lists"]["D2:F3"]] == [
        ("unidades", "7", "unidades"), ("kilogramos", "1", "kilogramos"),
    ]  # fmt: skip


def test_limits_hold_down_the_whole_column(book: openpyxl.Workbook) -> None:
    """Lengths, least values and decimals are those of the declaration, from row 2 to the end."""
    found = rules(book)
    assert (found["A2:A1048576"].type, found["A2:A1048576"].formula1) == ("textLength", "50")
    assert found["C2:C1048576"].formula1 == "AND(ISNUMBER(C2),C2>=0,ROUND(C2,3)=C2)"
    count = found["G2:G1048576"]
    assert (count.type, count.operator, count.formula1) == ("whole", "greaterThan", "0")


def test_one_changed_limit_changes_the_template(tmp_path: Path) -> None:
    """The declaration is the only place of a limit."""
    shorter = replace(DEPOT, columns=(replace(COLUMNS[0], max_length=12), *COLUMNS[1:]))
    found = rules(openpyxl.load_workbook(write_template(shorter, tmp_path / "t.xlsx", "en")))
    assert found["A2:A1048576"].formula1 == "12"
    assert "At most 12 characters" in found["A2:A1048576"].prompt


def test_codes_are_text_down_the_whole_column_and_numbers_are_not(book: openpyxl.Workbook) -> None:
    """00123 typed in row 900 keeps its zeros; prices stay numbers."""
    dimensions = book["Products"].column_dimensions
    formats = [dimensions[name].number_format for name in "ABCDG"]
    assert formats == ["@", "@", "General", "General", "General"]


def test_the_protection_has_no_password_and_lets_people_work(book: openpyxl.Workbook) -> None:
    """Only the headers are locked; sorting, filtering, inserting and deleting rows stay possible."""
    sheet = book["Products"]
    protection = sheet.protection
    assert protection.sheet
    assert protection.password is None
    allowed = ("sort", "autoFilter", "insertRows", "deleteRows", "formatCells", "formatColumns")
    assert [getattr(protection, name) for name in allowed] == [False] * len(allowed)
    assert sheet["A1"].protection.locked
    assert not sheet["A2"].protection.locked
    assert not any(sheet.column_dimensions[name].protection.locked for name in "ABCDEFG")
    assert sheet.auto_filter.ref == "A1:G1048576"


def test_the_template_knows_its_destination(path: Path) -> None:
    """A filled template needs no --to."""
    identity = from_properties(read_properties(path))
    assert identity is not None
    assert (identity.kind, identity.to, identity.data_sheet) == (WorkbookKind.TEMPLATE, DEPOT.name, "Products")
    assert [mapped.field for mapped in identity.columns] == [column.name for column in COLUMNS]


def test_the_guide_explains_every_column_and_code(path: Path) -> None:
    """Somebody who knows only Excel needs no other documentation."""
    cells = {cell for line in values(path, "Guide") for cell in line if cell is not None}
    for column in COLUMNS:
        assert {column.label, column.name} <= cells
        assert all(choice.meaning in cells for choice in column.choices)


def test_nothing_in_a_template_leads_outside(path: Path) -> None:
    """No formula in a cell, no link, no macro."""
    assert live_things(path) == []


@pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)
def test_every_entry_of_every_drop_down_is_understood(destination: Destination) -> None:
    """What a template offers, the reading of cells takes for the choice that is meant."""
    for column in destination.columns:
        read = reader_of(column)
        for choice in column.choices:
            entry = entry_of(column, choice)
            assert read(float(entry) if isinstance(entry, Decimal) else entry, None) == choice.value, column.name


def shown_parts(path: Path) -> Mapping[str, bytes]:
    """Return the parts that hold what a person sees, which do not depend on the version of the writer."""
    shown = ("xl/worksheets/", "xl/comments", "xl/sharedStrings")
    return {name: content for name, content in parts(path).items() if name.startswith(shown)}


@pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)
def test_the_templates_of_the_project_are_fresh(
    destination: Destination, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """templates/ holds what the declarations say now; ``pytest --update-golden`` writes it anew."""
    kept = TEMPLATES / template_name(destination)
    if request.config.getoption("--update-golden"):
        write_template(destination, kept, "es").chmod(0o644)
    fresh = write_template(destination, tmp_path / "t.xlsx", "es")
    assert shown_parts(kept) == shown_parts(fresh)


@pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)
def test_every_destination_has_a_sheet_name_that_excel_takes(destination: Destination) -> None:
    """At most 31 characters, none of those that Excel forbids."""
    name = data_sheet_name(destination)
    assert 0 < len(name) <= 31
    assert not set(name) & set(r"[]:*?/\'")


def test_the_project_has_no_template_of_a_destination_that_is_gone() -> None:
    """templates/ and the registry agree."""
    assert {found.name for found in TEMPLATES.iterdir()} == set(map(template_name, DESTINATIONS.values()))
