"""LibreOffice opens what we write, and what it saves is still known and read."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from etl.core.identity import from_properties
from etl.io.readers import open_source
from etl.io.workbook.cell_xml import cell_text
from etl.io.workbook.decisions import read_decisions, run_id_of
from etl.io.workbook.filled_meanings import read_meanings
from etl.io.workbook.package import is_untouched, read_properties
from etl.io.workbook.results import write_results
from etl.io.workbook.template import write_template
from etl.options import OutputOptions, SheetOptions
from etl.pipeline import validate_file
from etl.vendors import DESTINATIONS
from tests.io.workbook.shop import (
    DEPOT,
    FINDINGS,
    ROWS,
    RUN,
    checked_report,
    live_things,
    row,
    shop_report,
    uncertain_report,
    values,
    wrong,
)
from tests.io.workbook.test_annotated import shop_book
from tests.recovery.lab import MOVES, Silent

ANNOTATE, SILENT = OutputOptions(write_results=False, annotate=True), OutputOptions(write_results=False)
OFFICE = shutil.which("soffice")
TEXTS = (
    "=1+1", "+1", "@x", "\t=1", "http://example.invalid", "_x0041_", "a\nb", " edge ", "ñandú 🚂", "<&>\"'", "00123",
    "1e5", "TRUE", "#N/A", "31/12/2026", "\ufffd", "'x", "  ", "x" * 300, "a\rb",
)  # fmt: skip


def saved_again(ours: Path, theirs: Path) -> None:
    """Let LibreOffice open every workbook of a folder and save it in another."""
    if OFFICE is None:
        if os.environ.get("CI"):
            pytest.fail("soffice is missing")
        pytest.skip("soffice is missing")
    command = [OFFICE, "--headless", f"-env:UserInstallation=file://{ours.parent}/profile"]
    command += [
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        str(theirs),
        *sorted(map(str, ours.iterdir())),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Write workbooks of every kind, and let LibreOffice open and save them all at once."""
    folder = tmp_path_factory.mktemp("office")
    ours, theirs = folder / "ours", folder / "theirs"
    ours.mkdir()
    write_results(shop_report(), DEPOT, ours / "run.xlsx", "es", fallback=folder)
    write_results(checked_report(), DEPOT, ours / "check.xlsx", "en", fallback=folder)
    asked = wrong(6, 4, "not_allowed", "exenta ley", field="rate")
    filled = write_results(shop_report(findings=(*FINDINGS, asked)), DEPOT, ours / "asked.xlsx", "es", fallback=folder)
    book = openpyxl.load_workbook(filled.path)
    use = next(cell.column for cell in book["Mapeos"][1] if cell.value == "Usar")
    book["Mapeos"].cell(2, use).value = -1
    book.save(filled.path)
    decided = write_results(uncertain_report(), DEPOT, ours / "uncertain.xlsx", "es", fallback=folder).path
    book = openpyxl.load_workbook(decided)
    decision = next(cell.column for cell in book["Inciertas"][1] if cell.value == "Decisión")
    book["Inciertas"].cell(3, decision).value = "aplicada"
    book.save(decided)
    rows = [row(number, (words, words, 1.0)) for number, words in enumerate(TEXTS, start=4)]
    write_results(shop_report(rows, []), DEPOT, ours / "texts.xlsx", "es", fallback=folder)
    file = shop_book(folder / "lista.xlsx")
    said = SheetOptions(file=file, to=MOVES, constants=(("operacion", "A"),))
    marked = validate_file(said, ANNOTATE, Silent()).annotated
    assert marked is not None
    shutil.move(marked, ours)
    for destination in (DEPOT, *DESTINATIONS.values()):
        write_template(destination, ours / f"{destination.name}.xlsx", "es")
    saved_again(ours, theirs)
    return ours, theirs


def test_libreoffice_opens_and_saves_every_workbook(folders: tuple[Path, Path]) -> None:
    """Results of a run, of a check, with decisions, and every template: none is refused or repaired away."""
    ours, theirs = folders
    assert sorted(found.name for found in theirs.iterdir()) == sorted(found.name for found in ours.iterdir())
    for path in ours.iterdir():
        sheets = openpyxl.load_workbook(path).sheetnames
        assert openpyxl.load_workbook(theirs / path.name).sheetnames == sheets


def test_the_properties_survive(folders: tuple[Path, Path]) -> None:
    """A results workbook saved by LibreOffice still names its run, destination, mapping and constants."""
    ours, theirs = folders
    for path in ours.iterdir():
        identity = from_properties(read_properties(theirs / path.name))
        assert identity is not None
        assert identity == from_properties(read_properties(path))
        assert identity == from_properties(open_source(theirs / path.name).properties)
    assert run_id_of(theirs / "run.xlsx") == RUN
    assert not is_untouched(theirs / "run.xlsx")


def test_what_was_filled_into_mapeos_survives(folders: tuple[Path, Path]) -> None:
    """The hidden field, the value and the choice, a number, are read as they were."""
    assert read_meanings(open_source(folders[1] / "asked.xlsx"), DEPOT) == (("rate", "exenta ley", "-1"),)


def test_an_annotated_copy_stays_a_sheet_to_send(folders: tuple[Path, Path]) -> None:
    """Saved by LibreOffice it still names its destination, and our columns are no data."""
    before = validate_file(SheetOptions(file=folders[0] / "lista.anotado.xlsx"), SILENT, Silent())
    after = validate_file(SheetOptions(file=folders[1] / "lista.anotado.xlsx"), SILENT, Silent())
    assert after.to == MOVES
    assert after.headers == before.headers
    assert [(row.number, row.cells, row.outcome) for row in after.rows] == [
        (row.number, row.cells, row.outcome) for row in before.rows
    ]


def test_decisions_survive(folders: tuple[Path, Path]) -> None:
    """Deciding in LibreOffice is as good as in Excel."""
    assert read_decisions(folders[1] / "uncertain.xlsx") == (RUN, [(14, True, "uncertain.xlsx")])


def test_rows_survive_with_their_types(folders: tuple[Path, Path]) -> None:
    """Codes are still text, numbers numbers, an error an error."""
    rows = values(folders[1] / "run.xlsx", "Reenviar")
    assert rows[1][:5] == (123, "Camión", "1.234", "suelto", 21)
    assert rows[2][:5] == ("00007", "=1+1", 5, None, 21)
    assert open_source(folders[1] / "run.xlsx").read("Reenviar").notes[4, 2].error == "#REF!"
    assert [found[9] for found in rows[1:]] == [6, 7, 8, 9]
    sheet = openpyxl.load_workbook(folders[1] / "run.xlsx")["Filas"]
    assert sheet["E2"].number_format == "0.00%"
    assert len(values(folders[1] / "run.xlsx", "Filas")) == len(ROWS) + 1


def test_texts_survive_and_nothing_came_alive(folders: tuple[Path, Path]) -> None:
    """Our own reader finds each text as it was, and no program made a formula or an outside link of it."""
    found = [cells[1] for cells in open_source(folders[1] / "texts.xlsx").read("Filas").rows[1:]]
    assert [words.replace("\r", "\n") for words in found] == [words.replace("\r", "\n") for words in TEXTS]
    assert live_things(folders[1] / "texts.xlsx") == []


def test_drop_downs_survive(folders: tuple[Path, Path]) -> None:
    """The lists still point at their cells after LibreOffice saved the template."""
    sheet = openpyxl.load_workbook(folders[1] / f"{DEPOT.name}.xlsx")["Products"]
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert len(lists) == 3
    assert all("Listas" in source for source in lists)


@pytest.mark.long
def test_thousands_of_random_texts_survive(tmp_path: Path) -> None:
    """5,000 texts of any signs, dangerous beginnings among them, are the same after LibreOffice saved them."""
    dice = random.Random(20260331)
    spans = ((1, 0x250), (0x2000, 0x2070), (0xD7F0, 0xE010), (0x1F600, 0x1F650))
    signs = [chr(code) for first, end in spans for code in range(first, end)]
    beginnings = ("", "", "=", "+", "-", "@", "\t=", "'", "http://", "_x00", "0", "1,", "#")
    texts = [dice.choice(beginnings) + "".join(dice.choices(signs, k=dice.randint(1, 25))) for _ in range(5_000)]
    ours = tmp_path / "ours"
    ours.mkdir()
    rows = [row(number, (f"{number:05d}", words)) for number, words in enumerate(texts, start=4)]
    write_results(shop_report(rows, []), DEPOT, ours / "texts.xlsx", "es", fallback=tmp_path)
    saved_again(ours, tmp_path / "theirs")
    saved = tmp_path / "theirs" / "texts.xlsx"
    found = [cells[1] for cells in open_source(saved).read("Filas").rows[1:]]
    assert [comparable(words) for words in found] == [comparable(cell_text(words)) for words in texts]
    assert live_things(saved) == []


def comparable(words: object) -> str:
    """Return a text with one kind of line break, since LibreOffice keeps one kind."""
    return str(words or "").replace("\r\n", "\n").replace("\r", "\n")
