"""Writes the results workbook of a report (contract section 7)."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from etl.core.causes import causes
from etl.core.identity import Identity, WorkbookKind
from etl.core.meanings import refused_values
from etl.core.report import Report
from etl.io.workbook.book import Book
from etl.io.workbook.entry_rules import add_lists
from etl.io.workbook.errors_sheet import fill_errors_sheet
from etl.io.workbook.meanings_sheet import fill_meanings_sheet
from etl.io.workbook.names import SheetKind
from etl.io.workbook.placement import Written, place, replace_file
from etl.io.workbook.resend_sheet import fill_resend_sheet
from etl.io.workbook.rows_sheet import add_rows_sheet
from etl.io.workbook.summary_sheet import SummaryLinks, fill_summary_sheet
from etl.io.workbook.uncertain_sheet import add_uncertain_sheet
from etl.io.workbook.user_table import UserTable
from etl.messages import Text, ntext, text
from etl.vendors.base import Destination

__all__ = ["Written", "write_results"]


def write_results(
    report: Report, destination: Destination, path: Path, language: str, *, fallback: Path, replace: bool = False
) -> Written:
    """Write the workbook of a run, a dry run or a validation at `path`; atomically, and never over another's work.

    Another name, and another folder (`fallback`), are chosen as contract section 7 says, and told in the notes.
    With `replace` the file that stands at `path` is replaced whatever it is (``etl report -o``).
    OSError when it cannot be written anywhere: nothing was changed then, and ``etl report`` can write it later.
    """
    notes: list[Text] = []

    def write(target: BinaryIO) -> None:
        notes[:] = _write(report, destination, language, target)

    if replace:
        return Written(replace_file(path, write), tuple(notes))
    written = place(path, write, fallback=fallback)
    return Written(written.path, (*written.notes, *notes))


def _write(report: Report, destination: Destination, language: str, target: BinaryIO) -> list[Text]:
    """Compose the workbook into `target`; return what of the report it could not hold."""
    book = Book(language, report.file or destination.name, report.finished)
    summary_sheet = book.add_sheet(SheetKind.SUMMARY)
    table = UserTable(report, destination)
    found = causes(report.findings, report.rows, report.typed)
    # The sheets stand in the order of their adding: `Errores` comes before `Filas`, whose places it links to.
    errors_sheet = book.add_sheet(SheetKind.ERRORS)
    placed = add_rows_sheet(book, report, destination, table)
    listed = fill_errors_sheet(book, errors_sheet, found, placed)
    resend_sheet = book.add_sheet(SheetKind.RESEND) if report.run is not None else None
    refused = refused_values(report.findings, destination.columns)
    meanings_sheet = book.add_sheet(SheetKind.MEANINGS) if refused else None
    if report.uncertain:
        add_uncertain_sheet(book, report)
    if resend_sheet is not None or meanings_sheet is not None:
        lists = add_lists(book, destination)
        if resend_sheet is not None:
            fill_resend_sheet(book, resend_sheet, report, destination, table, lists)
        if meanings_sheet is not None:
            fill_meanings_sheet(book, meanings_sheet, refused, lists)
    fill_summary_sheet(book, summary_sheet, report, destination, SummaryLinks(found, placed, listed, len(refused)))
    book.save(_identity(report, destination, book), target)
    notes: list[Text] = []
    if placed.left_out:
        notes.append(
            ntext(
                "{count} row does not fit into the sheet {sheet}",
                "{count} rows do not fit into the sheet {sheet}",
                placed.left_out,
                sheet=placed.sheet,
            )
        )
    if listed.left_out:
        notes.append(
            text("{count} findings do not fit into the sheet {sheet}", count=listed.left_out, sheet=listed.sheet)
        )
    return notes


def _identity(report: Report, destination: Destination, book: Book) -> Identity:
    return Identity(
        kind=WorkbookKind.RESULTS,
        to=destination.name,
        data_sheet=book.name_of(SheetKind.RESEND) if report.run is not None else None,
        run=report.run,
        profile=report.profile,
        columns=report.columns,
        constants=report.constants,
        options=report.options,
    )
