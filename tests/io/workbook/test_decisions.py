"""What a person decides in `Inciertas` is read back exactly, or refused with its cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from etl.errors import FileError
from etl.io.workbook.decisions import read_decisions, run_id_of
from etl.io.workbook.results import write_results
from etl.io.workbook.template import write_template
from tests.io.workbook.shop import DEPOT, RUN, shop_report, uncertain_report

Fill = Callable[..., Path]


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Write the workbook of a run with three uncertain rows, and put values into cells by header and row."""

    def fill_in(entries: dict[tuple[str, int], object], language: str = "es", sheet: str = "Inciertas") -> Path:
        path = write_results(uncertain_report(), DEPOT, tmp_path / "r.xlsx", language, fallback=tmp_path).path
        book = openpyxl.load_workbook(path)
        headers = {cell.value: cell.column for cell in book[sheet][1]}
        for (header, row), value in entries.items():
            book[sheet].cell(row, headers[header]).value = value
        book.save(path)
        return path

    return fill_in


def test_decisions_come_back_with_their_rows_and_reasons(fill: Fill) -> None:
    """Blank decisions are left out, and without a reason the file itself is the reason."""
    path = fill(
        {("Decisión", 2): "aplicada", ("Por qué", 2): "visto en el sistema", ("Decisión", 4): "enviar de nuevo"}
    )
    assert read_decisions(path) == (RUN, [(13, True, "visto en el sistema"), (15, False, "r.xlsx")])


@pytest.mark.parametrize("word", ["  Aplicada ", "APLICADA", "applied"])
def test_a_decision_is_read_whatever_its_case_and_language(fill: Fill, word: str) -> None:
    """People type over drop-downs."""
    assert read_decisions(fill({("Decisión", 3): word}))[1] == [(14, True, "r.xlsx")]


def test_an_english_workbook_is_read_too(fill: Fill) -> None:
    """The language of the workbook is not that of the command that reads it."""
    path = fill({("Decision", 2): "send again", ("Why", 2): "not there"}, "en", "Uncertain")
    assert read_decisions(path) == (RUN, [(13, False, "not there")])


def test_a_decision_that_is_none_of_the_two_is_refused_with_its_cell(fill: Fill) -> None:
    """A doubtful word never moves stock."""
    with pytest.raises(FileError) as refused:
        read_decisions(fill({("Decisión", 2): "aplicada", ("Decisión", 3): "quizás"}))
    (finding,) = refused.value.findings
    assert (finding.code, finding.row, finding.header, finding.value) == ("not_allowed", 3, "Decisión", "quizás")
    assert finding.sheet == "Inciertas"


def test_a_decision_without_a_row_is_refused(fill: Fill) -> None:
    """Nor does one that cannot be laid at a row."""
    with pytest.raises(FileError) as refused:
        read_decisions(fill({("Decisión", 2): "aplicada", ("Fila", 2): None}))
    assert refused.value.findings[0].code == "required"


def test_a_workbook_that_lost_its_properties_is_known_by_its_hidden_column(fill: Fill) -> None:
    """Spreadsheets on the web drop document properties."""
    path = fill({("Decisión", 2): "aplicada"})
    book = openpyxl.load_workbook(path)
    for name in list(book.custom_doc_props.names):
        del book.custom_doc_props[name]
    book.save(path)
    assert run_id_of(path) is None
    assert read_decisions(path) == (RUN, [(13, True, "r.xlsx")])


def test_other_files_are_refused_and_name_no_run(tmp_path: Path) -> None:
    """A run's id is only ever taken from a results workbook."""
    template = write_template(DEPOT, tmp_path / "t.xlsx", "es")
    results = write_results(shop_report(), DEPOT, tmp_path / "r.xlsx", "es", fallback=tmp_path).path
    mine = tmp_path / "mine.xlsx"
    openpyxl.Workbook().save(mine)
    junk = tmp_path / "junk.xlsx"
    junk.write_bytes(b"junk")
    assert [run_id_of(path) for path in (results, template, mine, junk, tmp_path / "none", tmp_path)] == [
        RUN, None, None, None, None, None,
    ]  # fmt: skip
    for path in (template, mine, junk, results, tmp_path / "none"):
        with pytest.raises(FileError):
            read_decisions(path)
