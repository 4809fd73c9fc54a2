"""A small destination and reports about it, and a reading of workbooks as other programs see them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl

from etl.core.report import Report, ReportRow, Requests, UncertainRow
from etl.messages import text, verbatim
from etl.model import (
    Cell,
    Effect,
    Finding,
    MappedColumn,
    Origin,
    Outcome,
    Reading,
    Request,
    Severity,
)
from etl.vendors.base import Choice, Column, Destination, Exchange, Kind

START = datetime(2026, 3, 31, 12, 0, 0, tzinfo=UTC)
RUN = "2c9f7a10b3d44e5f"

COLUMNS = (
    Column(
        name="code",
        label="Código",
        kind=Kind.CODE,
        help=text("What names the product"),
        source="none",
        required=True,
        max_length=50,
        example="00123",
    ),
    Column(
        name="name",
        label="Descripción",
        kind=Kind.TEXT,
        help=text("What it is called."),
        source="none",
        required=True,
        max_length=40,
        example="Tren",
    ),
    Column(
        name="price",
        label="Precio",
        kind=Kind.DECIMAL,
        help=text("Without tax"),
        source="none",
        max_decimals=3,
        minimum=Decimal(0),
        example="1000.5",
    ),
    Column(
        name="rate",
        label="Alícuota",
        kind=Kind.CHOICE,
        help=text("The tax"),
        source="none",
        required=True,
        choices=(Choice(Decimal(21), "21%"), Choice(Decimal("10.5"), "10,5%"), Choice(Decimal(-1), "exento")),
        example="10.5",
    ),
    Column(
        name="unit",
        label="Unidad",
        kind=Kind.CHOICE,
        help=text("How it is sold"),
        source="none",
        choices=(Choice("7", "unidades"), Choice("1", "kilogramos")),
        as_text=True,
        example="7",
    ),
    Column(
        name="move",
        label="Movimiento",
        kind=Kind.CHOICE,
        help=text("In or out"),
        source="none",
        choices=(Choice("A", "alta"), Choice("B", "baja")),
        on_wire=False,
        example="A",
    ),
    Column(
        name="count",
        label="Cantidad",
        kind=Kind.INTEGER,
        help=text("How many"),
        source="none",
        minimum=Decimal(0),
        above_minimum=True,
        example="12",
    ),
)
DEPOT = Destination(
    name="depot.products",
    title=text("Depot: products"),
    columns=COLUMNS,
    key=("code",),
    group_fields=("move",),
    effect=lambda _: Effect.DELTA,
    batch_limit=2,
    payload=dict,
    submit=Exchange(build=lambda *_: Request("POST", "x"), read=lambda *_: Reading(understood=False)),
    derived_fields=("net",),
    low_stock=("stock", "least"),
)

HEADERS = ("Código", "Detalle", "Precio", "", "IVA", "stock", "Fila", "Desde")
FIELDS = (("code", 0), ("name", 1), ("price", 2), ("rate", 4))


def row(number: int | None, cells: Sequence[Cell], outcome: Outcome = Outcome.ACCEPTED, **more: Any) -> ReportRow:
    """Return a report's row."""
    return ReportRow(number, tuple(cells), outcome, **more)


def wrong(number: int, column: int | None, code: str = "not_a_number", value: str | None = "x", **more: Any) -> Finding:
    """Return a finding about a cell of the shop's sheet."""
    return Finding(
        code,
        more.pop("message", text("“{value}” is not right", value=value or "")),
        more.pop("hint", text("Write it again")),
        sheet="Hoja1",
        row=number,
        column=column,
        header=HEADERS[column] if column is not None and column < len(HEADERS) else None,
        value=value,
        **more,
    )


def refused(number: int, words: str) -> Finding:
    """Return a vendor's refusal of a row."""
    return wrong(number, None, "vendor_rejected", None, message=verbatim(words), hint=None, origin=Origin.VENDOR)


def shop_report(
    rows: Sequence[ReportRow] | None = None, findings: Sequence[Finding] | None = None, **more: Any
) -> Report:
    """Return the report of a run whose header stands in row 3, with a row of every outcome."""
    fields: dict[str, Any] = {
        "command": "run",
        "to": DEPOT.name,
        "run": RUN,
        "profile": "acme",
        "account": "acme-centro",
        "company": "Acme S.A.",
        "host": "depot.example",
        "file": "stock de marzo.xlsx",
        "file_sha256": "ab" * 32,
        "sheet": "Hoja1",
        "header_row": 3,
        "headers": HEADERS,
        "columns": tuple(MappedColumn(name, HEADERS[index], index) for name, index in FIELDS),
        "ignored_columns": ("stock", "Fila", "Desde"),
        "constants": {"move": "A"},
        "options": {"decimal": "comma"},
        "findings": tuple(FINDINGS if findings is None else findings),
        "rows": tuple(ROWS if rows is None else rows),
        "requests": Requests(3, 2, 1),
        "started": START,
        "finished": START + timedelta(minutes=2),
        "exit_code": 1,
    }
    return Report(**(fields | more))


ROWS = (
    row(4, ("00123", "Tren", 1000.125, None, 0.21, 5.0, "a", date(2026, 3, 1)), batch=1, vendor_id="77",
        data={"stock": 3, "least": Decimal(5)}, derived={"net": Decimal("826.550")}, formats={4: "0.00%"}),
    row(6, (123.0, "Camión", "1.234", "suelto", 21.0), Outcome.INVALID, reasons=(text("Which number is meant?"),)),
    row(7, ("00007", "=1+1", 5.0, None, 21.0), Outcome.REJECTED, batch=1, reasons=(verbatim("No existe 00007"),)),
    row(8, ("00008", "Barco", None, None, 21.0), Outcome.INVALID),
    row(9, ("00009", "Avión", 7.5, None, 10.5, None, True, datetime(2026, 3, 1, 10, 30)), Outcome.NOT_SENT),  # noqa: DTZ001
    row(10, ("00010", "Auto", 7.5, None, 21.0), Outcome.UNCHANGED),
    row(11, ("EJEMPLO", None, None, None, None), Outcome.SKIPPED, reasons=(text("The example row"),)),
    row(12, ("00012", "Moto", 7.5, None, 21.0), data={"stock": 9, "least": 5}, batch=2),
)  # fmt: skip
FINDINGS = (
    wrong(6, 2, "ambiguous_number", "1.234"),
    wrong(8, 2, "error_cell", "#REF!"),
    wrong(12, 1, "check_digit", "Moto", severity=Severity.WARNING),
    refused(7, "No existe 00007"),
)
UNCERTAIN = (
    UncertainRow(13, 2, {"code": "00013", "count": Decimal(4)}, START, text("The answer was lost"),
                 before={"stock": 10}, expected={"stock": 14}, seen={"stock": 10},
                 seen_at=START + timedelta(minutes=1), inferred=True),
    UncertainRow(14, 2, {"code": "00014", "count": Decimal("2.5"), "note": "=x"}, START, text("The answer was lost")),
    UncertainRow(15, 2, {"code": "00015", "count": Decimal(1)}, START, text("The answer was lost")),
)  # fmt: skip


def uncertain_report() -> Report:
    """Return the report of a run with three uncertain rows."""
    lost = [row(known.ref, (known.payload["code"], "Lancha", 1.0), Outcome.UNCERTAIN) for known in UNCERTAIN]
    return shop_report((*ROWS, *lost), uncertain=UNCERTAIN, exit_code=7)


def checked_report() -> Report:
    """Return the report of a validation of the same sheet."""
    valid = {Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNCHANGED}
    rows = [r._replace(outcome=Outcome.NOT_SENT, batch=None) if r.outcome in valid else r for r in ROWS]
    return shop_report(rows, FINDINGS[:3], command="validate", run=None, requests=Requests())


def values(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    """Return a sheet's values as openpyxl reads them; formulas would show as such."""
    book = openpyxl.load_workbook(path)
    try:
        return [tuple(cells) for cells in book[sheet].iter_rows(values_only=True)]
    finally:
        book.close()


def records(path: Path, sheet: str) -> list[dict[str, Any]]:
    """Return a sheet's rows by header."""
    header, *rows = values(path, sheet)
    return [dict(zip(header, cells, strict=True)) for cells in rows]


def parts(path: Path) -> Mapping[str, bytes]:
    """Return a workbook's parts by name."""
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def live_things(path: Path) -> list[str]:
    """Return whatever in a workbook would calculate or lead outside: none may come from a cell's content."""
    found = []
    for name, content in parts(path).items():
        if re.search(r"externalLink|vbaProject|connections|activeX|embeddings|ctrlProps", name):
            found.append(name)
        words = content.decode("utf-8", "replace")
        if name.startswith("xl/worksheets/sheet") and re.search(r"<f[ />]", words):
            found.append(f"{name}: formula")
        if name.startswith("xl/worksheets/_rels") and 'TargetMode="External"' in words:
            found.append(f"{name}: external link")
    return found
