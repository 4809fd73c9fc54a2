"""Opens .xls, .xlsb and .ods when it was asked for: no pre-scan of cells, so the sandbox's limits are what holds."""

from __future__ import annotations

from etl.io.readers.answers import receive_cells, receive_names
from etl.io.readers.refusal import refusing
from etl.io.readers.sandbox import parsing
from etl.io.readers.source import RawFile, Source
from etl.messages import text
from etl.model import CellNote, Finding, Severity, Sheet

_NOT_FINITE = CellNote(error="#NUM!")


def open_legacy(raw: RawFile, kind: str) -> Source:
    """Return the source of an old workbook; raise `Refusal` when it cannot be listed."""
    warning = Finding(
        code="legacy_format",
        message=text(
            "{file} is in an old format (.{kind}): errors in cells, number formats and hidden rows are not seen in it",
            file=raw.file,
            kind=kind,
        ),
        hint=text("Save it as .xlsx to have them checked."),
        severity=Severity.WARNING,
    )

    def load(name: str | None) -> Sheet:
        assert name is not None  # noqa: S101 - every sheet of a workbook has a name
        with refusing(raw.file), parsing(raw.data, name, raw.limits) as answers:
            cells = receive_cells(answers, raw.limits)
        return Sheet(
            file=raw.file,
            name=name,
            rows=cells.rows(),
            sha256=raw.sha256,
            notes=dict.fromkeys(cells.not_finite, _NOT_FINITE),
            findings=(*raw.findings, warning),
            modified=raw.saved,
        )

    with parsing(raw.data, None, raw.limits) as answers:
        names = receive_names(answers)
    return Source(file=raw.file, sha256=raw.sha256, kind=kind, sheets=names, modified=raw.saved, load=load)
