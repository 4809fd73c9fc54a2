"""Decides by a file's bytes, not by its name, who reads it (contract section 3, reliability.md XLS-4)."""

from __future__ import annotations

import hashlib
import stat
from datetime import UTC, datetime
from pathlib import Path

from etl.io.readers.archive import Archive
from etl.io.readers.limits import DEFAULT_LIMITS, Limits
from etl.io.readers.recognition import Content, is_password_protected, kind_of_zip, legacy, recognise, refuse_ole
from etl.io.readers.refusal import Refusal, hostile, refusing, unreadable
from etl.io.readers.source import RawFile, Source
from etl.messages import Text, text
from etl.model import Finding, Severity

_WORKBOOK_NAMES = {".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".ods"}
_TEXT_NAMES = {".csv", ".txt", ".tsv", ".tab"}
_LOCK_PREFIX = "~$"
_PEEK = 4096


def open_source(
    path: Path, *, encoding: str = "auto", allow_legacy: bool = False, limits: Limits = DEFAULT_LIMITS
) -> Source:
    """Open a workbook or a CSV file, whatever its name says, and return it with its sheets listed.

    `encoding` is of CSV files: ``auto`` or the name of one. `allow_legacy` lets .xls, .xlsb and .ods in.
    FileError when it cannot be used, its finding's code being ``unreadable_file`` or ``hostile_file``; UsageError for
    an encoding that does not exist.
    """
    with refusing(path.name):
        data, saved = _read(path, limits)
        content = recognise(data)
        findings = _disguise(path, content)
        raw = RawFile(path.name, data, hashlib.sha256(data).hexdigest(), saved, findings, limits)
        if content is Content.TEXT:
            from etl.io.readers.delimited import open_delimited  # noqa: PLC0415 - a workbook needs none of it

            return open_delimited(raw, encoding, must_be_table=path.suffix.lower() not in _TEXT_NAMES)
        if content is Content.OLE:
            if not allow_legacy or is_password_protected(data):
                raise refuse_ole(data)
            return _open_legacy(raw, "xls")
        return _open_zip(raw, allow_legacy=allow_legacy)


def _open_zip(raw: RawFile, *, allow_legacy: bool) -> Source:
    archive = Archive(raw.data, raw.limits)
    kind = kind_of_zip(archive)
    if kind == "xlsx":
        from etl.io.readers.xlsx import open_xlsx  # noqa: PLC0415 - a CSV file needs none of it

        return open_xlsx(raw, archive)
    if not allow_legacy:
        raise legacy(text("a .{kind} workbook", kind=kind))
    return _open_legacy(raw, kind)


def _open_legacy(raw: RawFile, kind: str) -> Source:
    from etl.io.readers.legacy import open_legacy  # noqa: PLC0415 - hardly ever needed

    return open_legacy(raw, kind)


def _read(path: Path, limits: Limits) -> tuple[bytes, datetime]:
    """Return the file's bytes and when it was saved."""
    if path.name.startswith(_LOCK_PREFIX):
        raise unreadable(
            text("it is the mark that Excel leaves beside a workbook while it is open"),
            text("Give the file whose name is the same without ~$."),
        )
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise unreadable(text("it is not a file"), text("Give the spreadsheet itself."))
        with path.open("rb") as stream:
            most = limits.csv_bytes if recognise(stream.read(_PEEK)) is Content.TEXT else limits.file_bytes
            if status.st_size > most:
                raise _too_large(status.st_size, most)
            stream.seek(0)
            data = stream.read(most + 1)
    except FileNotFoundError:
        raise unreadable(text("there is no such file"), text("Look at its name and folder.")) from None
    except PermissionError:
        raise unreadable(
            text("the system does not let it be read"),
            text("Close it in other programs, or ask for the right to read it."),
        ) from None
    except OSError as error:
        raise unreadable(text("the system cannot read it ({reason})", reason=error.strerror or str(error))) from None
    if len(data) > most:
        raise _too_large(len(data), most)
    return data, datetime.fromtimestamp(status.st_mtime, UTC)


def _too_large(size: int, most: int) -> Refusal:
    return hostile(
        text("the file is {size} MB large; the limit is {limit} MB", size=size >> 20, limit=most >> 20),
        text("Keep only the sheet to be sent, divide it, or save it as CSV."),
    )


def _disguise(path: Path, content: Content) -> tuple[Finding, ...]:
    """Return the remark that a file is not what its name says."""
    found: Text | None = None
    if content is Content.TEXT and path.suffix.lower() in _WORKBOOK_NAMES:
        found = text("{file} is a CSV file, though its name says workbook; it is read as CSV", file=path.name)
    elif content is not Content.TEXT and path.suffix.lower() in _TEXT_NAMES:
        found = text("{file} is a workbook, though its name says text; it is read as a workbook", file=path.name)
    if found is None:
        return ()
    return (Finding(code="file_type", message=found, severity=Severity.WARNING),)
