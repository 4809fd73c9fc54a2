"""Tells what a file is by its bytes, whatever its name says."""

from __future__ import annotations

import re
from enum import StrEnum

from etl.io.readers.archive import Archive
from etl.io.readers.refusal import Refusal, unreadable
from etl.messages import Text, text


class Content(StrEnum):
    """What a file's first bytes make of it."""

    ZIP = "zip"
    OLE = "ole"
    TEXT = "text"


OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_WORKBOOK_STREAMS = tuple(f"{name}\0".encode("utf-16-le") for name in ("Workbook", "Book", "WORKBOOK", "BOOK"))
_PEEK = 4096

_EXPORT_AGAIN = text("Ask for the list as an Excel workbook (.xlsx) or as CSV, and try with that file.")
_SAVE_AS = text("Open it in Excel or LibreOffice, save it as .xlsx, and try with that file.")

_MARKS: tuple[tuple[bytes, Text, Text], ...] = (
    (b"%PDF", text("a PDF document"), _EXPORT_AGAIN),
    (b"{\\rtf", text("a text document (RTF)"), _EXPORT_AGAIN),
    (b"\x89PNG", text("a picture"), _EXPORT_AGAIN),
    (b"\xff\xd8\xff", text("a picture"), _EXPORT_AGAIN),
    (b"GIF8", text("a picture"), _EXPORT_AGAIN),
    (b"BM", text("a picture"), _EXPORT_AGAIN),
    (b"Rar!", text("a RAR archive"), text("Extract the spreadsheet from it, and try with that file.")),
    (b"7z\xbc\xaf", text("a 7z archive"), text("Extract the spreadsheet from it, and try with that file.")),
    (b"\x1f\x8b", text("a gzip archive"), text("Extract the spreadsheet from it, and try with that file.")),
    (b"MZ", text("a program"), _EXPORT_AGAIN),
    (b"\x7fELF", text("a program"), _EXPORT_AGAIN),
    (b"SQLite format 3", text("a database"), _EXPORT_AGAIN),
    (b"ID;P", text("a sheet in the old SYLK format (.slk)"), _SAVE_AS),
    (b"TABLE\n0,1", text("a sheet in the old DIF format"), _SAVE_AS),
    (b"TABLE\r\n0,1", text("a sheet in the old DIF format"), _SAVE_AS),
    (b"MIME-Version:", text("a web page in a single file (MHTML)"), _SAVE_AS),
)
_OLD_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")

_HTML = re.compile(
    rb"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|table|meta|style)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rb"^\s*<\?xml\b|^\s*<[A-Za-z_][\w:.-]*[\s>/]")
_JSON = re.compile(rb'^\s*(?:\{\s*(?:"|\})|\[\s*[\[{"\]])')


def recognise(data: bytes) -> Content:
    """Return what kind of container the bytes are; raise `Refusal` that names them when they are no spreadsheet."""
    if not data:
        raise unreadable(text("the file is empty (0 bytes)"), text("Save or download it again."))
    if data.startswith(_ZIP_MARKS):
        return Content.ZIP
    if data.startswith(OLE_MARK):
        return Content.OLE
    head = _as_utf8(data[:_PEEK])
    for mark, what, hint in _MARKS:
        if data.startswith(mark) and (len(mark) > 2 or not _looks_like_text(head)):
            raise _not_a_spreadsheet(what, hint)
    if data.startswith(_OLD_BIFF) and b"\0" in head[:16]:
        raise _not_a_spreadsheet(text("an Excel workbook of the 1990s"), _SAVE_AS)
    _refuse_markup(head)
    return Content.TEXT


def _as_utf8(head: bytes) -> bytes:
    """Return the beginning of a text without its mark; web pages and XML come in UTF-16, too."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) & ~1].decode("utf-16", "replace").encode()
    return head.removeprefix(b"\xef\xbb\xbf")


def _looks_like_text(head: bytes) -> bool:
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head)


def _refuse_markup(head: bytes) -> None:
    if _HTML.match(head):
        raise _not_a_spreadsheet(text("a web page (HTML)"), _SAVE_AS)
    if b'progid="Excel.Sheet"' in head or b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        raise _not_a_spreadsheet(text("an Excel 2003 XML sheet"), _SAVE_AS)
    if _XML.match(head):
        raise _not_a_spreadsheet(text("an XML document"), _EXPORT_AGAIN)
    if _JSON.match(head):
        shown = head[:120].decode("utf-8", "replace").strip()
        raise unreadable(
            text(
                "it is JSON, the answer of a program, not a spreadsheet; it begins with {words}",
                words=" ".join(shown.split()),
            ),
            text("The download probably failed, and this is its error message: ask for the list again."),
        )


def _not_a_spreadsheet(what: Text, hint: Text) -> Refusal:
    return unreadable(text("it is {what}, not a spreadsheet (.xlsx, .xlsm) or a CSV file", what=what), hint)


def kind_of_zip(archive: Archive) -> str:
    """Return xlsx, xlsb or ods for an archive; raise `Refusal` that names it when it is none of them."""
    if archive.find("xl/workbook.bin"):
        return "xlsb"
    if archive.find("xl/workbook.xml") or any(part.name.lower().startswith("xl/worksheets/") for part in archive.parts):
        return "xlsx"
    declared = archive.find("mimetype")
    mimetype = b"".join(archive.blocks(declared)) if declared and declared.size < _PEEK else b""
    if mimetype.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        return "ods"
    if archive.find("word/document.xml") or mimetype.startswith(b"application/vnd.oasis.opendocument.text"):
        raise _not_a_spreadsheet(text("a text document"), _EXPORT_AGAIN)
    if archive.find("ppt/presentation.xml"):
        raise _not_a_spreadsheet(text("a presentation"), _EXPORT_AGAIN)
    if archive.find("Index/Document.iwa") or archive.find("index.zip"):
        raise _not_a_spreadsheet(text("an Apple Numbers document"), text("Export it from Numbers as Excel (.xlsx)."))
    raise _not_a_spreadsheet(text("a zip archive"), text("Extract the spreadsheet from it, and try with that file."))


def is_password_protected(data: bytes) -> bool:
    """Tell whether an OLE file is a modern workbook under a password, which stands in a stream of this name."""
    return _ENCRYPTED_STREAM in data


def is_old_workbook(data: bytes) -> bool:
    """Tell whether an OLE file holds an Excel 97-2003 workbook."""
    return any(stream in data for stream in _WORKBOOK_STREAMS)


def refuse_ole(data: bytes) -> Refusal:
    """Return the refusal of an OLE file, which says what it holds."""
    if is_password_protected(data):
        return password_protected()
    if is_old_workbook(data):
        return legacy(text("an old Excel workbook (.xls)"))
    return _not_a_spreadsheet(text("an old Office document"), _EXPORT_AGAIN)


def legacy(what: Text) -> Refusal:
    """Return the refusal of a format that is only read with ``--allow-legacy``."""
    return unreadable(
        text("it is {what}, which is not read unless it is asked for", what=what),
        text("Save it as .xlsx in Excel or LibreOffice, or add --allow-legacy."),
    )


def password_protected() -> Refusal:
    """Return the refusal of a workbook that asks for a password."""
    return unreadable(
        text("the workbook is protected by a password"),
        text("Open it in Excel, remove the password (File, Info, Protect Workbook), save it, and try again."),
    )
