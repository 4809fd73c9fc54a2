"""Turns a report into the one object that ``--json`` prints (contract section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from etl.core.plain_text import plain, whole
from etl.core.report import Report, ReportRow
from etl.messages import translate
from etl.model import Finding, Origin, column_letter

SCHEMA_VERSION = 1

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def report_json(report: Report, language: str, *, with_rows: bool) -> dict[str, Any]:
    """Return the object of a command; keys and codes are English, messages in `language`.

    `rows` is there only with `with_rows`. Decimals stay `Decimal`: print the object with `dump_json`.
    """
    requests = report.requests
    data: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "command": report.command,
        "run": report.run,
        "to": report.to,
        "profile": report.profile,
        "file": report.file,
        "sheet": report.sheet,
        "header_row": report.header_row,
        "columns": [
            {"field": column.field, "header": column.header, "column": column_letter(column.column)}
            for column in report.columns
        ],
        "ignored_columns": list(report.ignored_columns),
        "counts": report.counts,
        "requests": {"planned": requests.planned, "sent": requests.sent, "reads": requests.reads},
        "findings": [_finding(finding, language) for finding in report.findings],
    }
    if with_rows:
        data["rows"] = list(_rows(report))
    data["results"] = report.results
    if report.annotated is not None:
        data["annotated"] = report.annotated
    data["exit_code"] = report.exit_code
    return data


def dump_json(obj: object) -> str:
    """Return `obj` as JSON: exact decimals as numbers, and always encodable as UTF-8."""
    try:
        return _ENCODER.encode(obj).decode()
    except UnicodeEncodeError:
        return _ENCODER.encode(_encodable(obj)).decode()


def _finding(finding: Finding, language: str) -> dict[str, Any]:
    message = translate(finding.message, language)
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "source": str(finding.origin),
        "sheet": finding.sheet,
        "row": finding.row,
        "cell": finding.cell,
        "field": finding.field,
        "header": finding.header,
        "value": finding.value,
        "message": plain(message) if finding.origin is Origin.VENDOR else message,
        "hint": translate(finding.hint, language) if finding.hint else None,
    }


def _rows(report: Report) -> Iterator[dict[str, Any]]:
    for row in report.rows:
        yield {
            "sheet": report.sheet,
            "row": row.number,
            "outcome": row.outcome.value,
            "batch": row.batch,
            "vendor_id": row.vendor_id,
            "data": dict(row.data),
            **({"changes": _changes(row)} if row.changes else {}),
            **({"derived": dict(row.derived)} if row.derived else {}),
        }


def _changes(row: ReportRow) -> dict[str, Any]:
    return {name: {"before": one.before, "after": one.after} for name, one in row.changes.items()}


def _encodable(obj: object) -> object:
    if isinstance(obj, str):
        return whole(obj)
    if isinstance(obj, dict):
        return {_encodable(key): _encodable(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [_encodable(value) for value in obj]
    return obj
