"""The object of --json has the contract's keys and types, whatever happened."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from etl.core.report import Report, ReportRow, Requests
from etl.core.report_json import dump_json, report_json
from etl.messages import text, verbatim
from etl.model import Finding, MappedColumn, Origin, Outcome

KEYS = [
    "schema_version", "command", "run", "to", "profile", "file", "sheet", "header_row", "columns", "ignored_columns",
    "counts", "requests", "findings", "results", "exit_code",
]  # fmt: skip
FINDING_KEYS = [
    "code", "severity", "source", "sheet", "row", "cell", "field", "header", "value", "message", "hint",
]  # fmt: skip

REPORT = Report(
    "run",
    to="tusfacturas.stock",
    run="2c9f",
    profile="default",
    file="stock.xlsx",
    sheet="Hoja1",
    header_row=1,
    headers=("x", "Código"),
    columns=(MappedColumn("codigo", "Código", 1),),
    ignored_columns=("Observaciones",),
    findings=(
        Finding("too_long", text("{count} are too many", count=300), text("Shorten it"), sheet="Hoja1", row=7, column=2,
                field="descripcion", header="Descripción", value="…"),
        Finding("vendor_rejected", verbatim("\x1b[31mNo existe\n" + "x" * 600), origin=Origin.VENDOR, row=8),
    ),
    rows=(
        ReportRow(2, ("a",), Outcome.ACCEPTED, batch=1, data={"stock_actual": 204, "precio": Decimal("1000.125")}),
        ReportRow(7, ("b",), Outcome.INVALID),
        ReportRow(None, ("c",), Outcome.NOT_SENT),
    ),
    requests=Requests(3, 2, 1),
    started=datetime(2026, 1, 1, tzinfo=UTC),
    exit_code=1,
    results="stock.resultados.xlsx",
)  # fmt: skip


def test_the_object_has_exactly_the_contracts_keys() -> None:
    """A script that reads the contract finds what it reads there; `rows` only when it was asked for."""
    assert sorted(report_json(REPORT, "en", with_rows=False)) == sorted(KEYS)
    assert sorted(report_json(REPORT, "en", with_rows=True)) == sorted([*KEYS, "rows"])


def test_findings_name_their_place() -> None:
    """Row and cell are what Excel shows; codes and sources are English in any language."""
    first = report_json(REPORT, "es", with_rows=False)["findings"][0]
    assert list(first) == FINDING_KEYS
    place = [first[key] for key in ("code", "severity", "source", "sheet", "row", "cell", "field", "header")]
    assert place == ["too_long", "error", "local", "Hoja1", 7, "C7", "descripcion", "Descripción"]
    english = report_json(REPORT, "en", with_rows=False)["findings"][0]
    assert (english["message"], english["hint"]) == ("300 are too many", "Shorten it")


def test_a_vendors_words_are_cleaned() -> None:
    """No escape reaches a terminal or a log through --json, and a page of HTML is cut."""
    found = report_json(REPORT, "en", with_rows=False)["findings"][1]
    assert found["message"].startswith("No existe xxx")
    assert len(found["message"]) == 500
    assert (found["source"], found["cell"], found["hint"]) == ("vendor", None, None)


def test_counts_are_always_complete_and_add_up() -> None:
    """Every outcome is named, with zeros too, and read is their sum."""
    counts = report_json(REPORT, "en", with_rows=False)["counts"]
    assert counts == {
        "read": 3, "invalid": 1, "skipped": 0, "unchanged": 0, "accepted": 1, "rejected": 0, "uncertain": 0,
        "not_sent": 1,
    }  # fmt: skip
    empty = report_json(Report("validate"), "en", with_rows=False)["counts"]
    assert list(empty) == list(counts)
    assert set(empty.values()) == {0}


def test_rows_have_their_outcome_and_what_the_vendor_returned() -> None:
    """One entry a row, in the sheet's order; a row added to a results workbook has no number."""
    rows = report_json(REPORT, "en", with_rows=True)["rows"]
    assert rows[0] == {
        "sheet": "Hoja1", "row": 2, "outcome": "accepted", "batch": 1, "vendor_id": None,
        "data": {"stock_actual": 204, "precio": Decimal("1000.125")},
    }  # fmt: skip
    assert [found["row"] for found in rows] == [2, 7, None]


def test_decimals_are_printed_exactly_as_numbers() -> None:
    """1000.125 is neither a text nor 1000.1249999."""
    printed = dump_json(report_json(REPORT, "en", with_rows=True))
    assert '"precio":1000.125' in printed
    assert json.loads(printed, parse_float=Decimal)["rows"][0]["data"]["precio"] == Decimal("1000.125")
    assert "\n" not in printed


def test_a_lone_surrogate_does_not_spoil_the_object() -> None:
    """A cell may hold half a sign; the object must be printed all the same."""
    assert json.loads(dump_json({"a\ud800": ["\udfff", {"b": "ñ"}, ("c",)]})) == {
        "a\ufffd": ["\ufffd", {"b": "ñ"}, ["c"]]
    }
