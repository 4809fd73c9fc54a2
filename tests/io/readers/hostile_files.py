"""Hostile, broken and merely odd files, each built when it is asked for: no such file stands in the repository."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.io.readers.books import MAIN, OFFICE, PACKAGE, book, pack, parts, shared, worksheet

HOSTILE, UNREADABLE = "hostile_file", "unreadable_file"
Build = Callable[[], bytes]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def cells(*places: str, tag: str = '<c r="{place}"><v>1</v></c>') -> str:
    """Return rows with a cell at each of the places, in their order."""
    rows: list[tuple[str, list[str]]] = []
    for place in places:
        row = re.sub("[A-Z$]", "", place)
        if not rows or rows[-1][0] != row:
            rows.append((row, []))
        rows[-1][1].append(tag.format(place=place))
    return "".join(f'<row r="{row}">{"".join(found)}</row>' for row, found in rows)


ONE = cells("A1")
TYPED = '<row r="1"><c r="A1" t="{kind}"><v>{value}</v></c></row>'


def sheet(rows: str, **around: str) -> bytes:
    """Return a workbook with one sheet."""
    return book(worksheet(rows, **around))


def with_part(name: str, content: str | bytes) -> bytes:
    """Return a good workbook with one part added or replaced."""
    return pack(parts(worksheet(ONE)) | {name: content})


def without_part(name: str) -> bytes:
    """Return a good workbook from which one part is missing."""
    return pack({key: part for key, part in parts(worksheet(ONE)).items() if key != name})


def texts(*items: str) -> bytes:
    """Return a workbook with these shared strings."""
    return book(worksheet(TYPED.format(kind="s", value=0)), extra={"xl/sharedStrings.xml": shared(*items)})


def inline(words: str) -> bytes:
    """Return a workbook with one text, in its cell."""
    return sheet(f'<row r="1"><c r="A1" t="inlineStr"><is><t>{words}</t></is></c></row>')


def scattered(length: int) -> str:
    """Return letters that deflate cannot shrink much, so that the ratio is not what refuses them."""
    return "".join(f"{zlib.crc32(struct.pack('<I', number)):08x}" for number in range(length // 8))


def _patched(data: bytes, *, at: int, value: bytes) -> bytes:
    """Return the zip with bytes of the last entry of its directory replaced."""
    start = data.rindex(b"PK\x01\x02") + at
    return data[:start] + value + data[start + len(value) :]


def _overlapping() -> bytes:
    """Return a zip whose first part reaches, by the directory, into the second."""
    data = book(worksheet(ONE))
    packed = data.index(b"PK\x01\x02") + 20
    longer = struct.unpack_from("<L", data, packed)[0] + 100
    return data[:packed] + struct.pack("<L", longer) + data[packed + 4 :]


def _two_names() -> bytes:
    """Return a zip that calls a part otherwise in its directory than beside the part itself."""
    data = book(worksheet(ONE))
    at = data.rindex(b"sheet1.xml")
    return data[:at] + b"sheet2" + data[at + 6 :]


def _twice(name: str) -> bytes:
    stream = io.BytesIO(book(worksheet(ONE)))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(name, worksheet(ONE))
    return stream.getvalue()


def _broken_deflate() -> bytes:
    data = bytearray(book(worksheet(ONE)))
    name = data.index(b"xl/worksheets/sheet1.xml")
    data[name + 24 : name + 40] = b"\xff" * 16
    return bytes(data)


def _two_ends() -> bytes:
    data = book(worksheet(ONE))
    return data[:-2] + struct.pack("<H", 22) + data[-22:]


def _entities(declaration: str, use: str) -> bytes:
    row = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{use}</t></is></c></row>'
    return book(f'<?xml version="1.0"?><!DOCTYPE worksheet [{declaration}]>{worksheet(row)}')


def _many_rows() -> bytes:
    return sheet("".join(f'<row r="{row}"><c r="A{row}"><v>{row * 7919}</v></c></row>' for row in range(1, 200_060)))


def _many_merges() -> str:
    return "<mergeCells>" + "".join(f'<mergeCell ref="A{row}:B{row}"/>' for row in range(2, 51_000)) + "</mergeCells>"


def _another_sheet() -> bytes:
    """Return a workbook with two lists of sheets, which lead one reader to a small sheet and another to a large one."""
    content = parts({"Lista": worksheet(cells("A1", "B1", "C9")), "Chica": worksheet(ONE)})
    lists = {name: str(content[f"xl/{name}"]) for name in ("workbook.xml", "_rels/workbook.xml.rels")}
    return pack(
        content
        | {
            "_rels/.rels": str(content["_rels/.rels"]).replace("xl/workbook.xml", "xl/other.xml"),
            "xl/other.xml": lists["workbook.xml"],
            "xl/_rels/other.xml.rels": lists["_rels/workbook.xml.rels"].replace("sheet1.xml", "sheet2.xml"),
        }
    )


_LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(9)
)
_OUTSIDE = (
    f'<Relationships xmlns="{PACKAGE}">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="../../../etc/passwd"/></Relationships>'
)
_LINK = (
    f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/externalLinkPath" '
    'Target="http://127.0.0.1:9/x.xlsx" TargetMode="External"/></Relationships>'
)
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_XML_SHEET = b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>'

REFUSED: dict[str, tuple[str, Build]] = {
    "corners of the grid": (HOSTILE, lambda: sheet(cells("A1", "XFD1048576"))),
    "outside the grid": (HOSTILE, lambda: sheet(cells("XFE16777217"))),
    "column outside the grid": (HOSTILE, lambda: sheet(cells("XFE1"))),
    "four letters": (HOSTILE, lambda: sheet(cells("AAAA1"))),
    "row zero": (HOSTILE, lambda: sheet(cells("A0"))),
    "last row of the grid": (HOSTILE, lambda: sheet(cells("A1", "A1048576"))),
    "last column of the grid": (HOSTILE, lambda: sheet(cells("A1", "XFD1"))),
    "a box of empty texts": (
        HOSTILE,
        lambda: sheet(ONE + cells("Z900000", tag='<c r="{place}" t="str"><v></v></c>')),
    ),
    "box without references": (
        HOSTILE,
        lambda: sheet('<row r="1048576"><c r="A1048576"><v>1</v></c><c><v>1</v></c></row>'),
    ),
    "too many rows": (HOSTILE, _many_rows),
    "too many columns": (HOSTILE, lambda: sheet(cells("A1", "IW1"))),
    "reference with signs": (HOSTILE, lambda: sheet(cells("$A$1"))),
    "a bomb of one text": (HOSTILE, lambda: texts(f"<si><t>{'A' * 20_000_000}</t></si>")),
    "a bomb of blanks": (HOSTILE, lambda: sheet(ONE + " " * 20_000_000)),
    "a bomb of empty shared texts": (HOSTILE, lambda: texts("<si/>" * 5_000_000)),
    "a bomb beside the sheet": (HOSTILE, lambda: with_part("xl/media/image1.png", bytes(20_000_000))),
    "a text longer than a cell": (HOSTILE, lambda: inline(scattered(40_000))),
    "a text of five million letters": (HOSTILE, lambda: inline("ab" * 2_500_000)),
    "a shared text longer than a cell": (HOSTILE, lambda: texts(f"<si><t>{scattered(40_000)}</t></si>", "<si/>")),
    "a long shared text at the end": (HOSTILE, lambda: texts("<si/>", f"<si><t>{scattered(40_000)}</t></si>")),
    "laughs": (HOSTILE, lambda: _entities(_LAUGHS, "&j;")),
    "quadratic blow-up": (HOSTILE, lambda: _entities(f'<!ENTITY a "{"x" * 1000}">', "&a;" * 1000)),
    "external entity": (HOSTILE, lambda: _entities('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;")),
    "document type in the list of sheets": (HOSTILE, lambda: with_part("xl/workbook.xml", "<!DOCTYPE x><workbook/>")),
    "document type in a part nobody reads": (
        HOSTILE,
        lambda: with_part("customXml/item1.xml", f"<!--{'x' * 3000}--><!DOCTYPE x><x/>"),
    ),
    "one name twice": (HOSTILE, lambda: _twice("xl/worksheets/SHEET1.xml")),
    "a name that leads outside": (HOSTILE, lambda: with_part("../../etc/cron.d/x", "x")),
    "a name from the root": (HOSTILE, lambda: with_part("/etc/passwd", "x")),
    "a blank cell outside the grid": (HOSTILE, lambda: sheet(cells("XFE1", tag='<c r="{place}" s="1"/>'))),
    "a damaged picture": (
        UNREADABLE,
        lambda: _patched(with_part("xl/media/1.png", b"png" * 99), at=16, value=b"\x01\x02\x03\x04"),
    ),
    "an absolute name": (HOSTILE, lambda: with_part("C:/Windows/x", "x")),
    "overlapping parts": (HOSTILE, _overlapping),
    "two names for one part": (HOSTILE, _two_names),
    "a sheet that is another": (HOSTILE, _another_sheet),
    "encrypted part": (HOSTILE, lambda: _patched(book(worksheet(ONE)), at=8, value=b"\x01\x00")),
    "unknown packing": (HOSTILE, lambda: _patched(book(worksheet(ONE)), at=10, value=b"\x0c\x00")),
    "a size that lies": (HOSTILE, lambda: _patched(sheet(ONE + " " * 5000), at=24, value=struct.pack("<L", 200))),
    "two ends": (HOSTILE, _two_ends),
    "bytes before the zip's own": (HOSTILE, lambda: b"PK\x03\x04" + book(worksheet(ONE))),
    "a thousand and one parts": (
        HOSTILE,
        lambda: pack(parts(worksheet(ONE)) | {f"xl/x{number}.bin": b"" for number in range(1001)}),
    ),
    "too many merged areas": (HOSTILE, lambda: sheet(ONE, after=_many_merges())),
    "UTF-16": (UNREADABLE, lambda: with_part("xl/worksheets/sheet1.xml", worksheet(ONE).encode("utf-16"))),
    "UTF-7": (UNREADABLE, lambda: book('<?xml version="1.0" encoding="UTF-7"?>' + worksheet(ONE))),
    "latin-1": (UNREADABLE, lambda: book("<?xml version='1.0' encoding='ISO-8859-1'?>" + worksheet(ONE))),
    "wrong checksum": (UNREADABLE, lambda: _patched(book(worksheet(ONE)), at=16, value=b"\x01\x02\x03\x04")),
    "broken deflate": (UNREADABLE, _broken_deflate),
    "cut off": (UNREADABLE, lambda: book(worksheet(ONE))[:-30]),
    "cut in half": (UNREADABLE, lambda: book(worksheet(ONE))[:1000]),
    "no list of sheets": (UNREADABLE, lambda: without_part("xl/workbook.xml")),
    "no sheet part": (UNREADABLE, lambda: without_part("xl/worksheets/sheet1.xml")),
    "list of sheets that is no XML": (UNREADABLE, lambda: with_part("xl/workbook.xml", "<workbook><sheets>")),
    "sheet that is no XML": (UNREADABLE, lambda: sheet('<row r="1"><c r="A1"><v>1</c></row>')),
    "sheet that is no worksheet": (UNREADABLE, lambda: book(f'<dialogsheet xmlns="{MAIN}"/>')),
    "empty sheet part": (UNREADABLE, lambda: book("")),
    "undefined entity": (UNREADABLE, lambda: sheet(TYPED.format(kind="str", value="&nbsp;"))),
    "a cell twice": (UNREADABLE, lambda: sheet(cells("A1", "A1"))),
    "a row twice": (UNREADABLE, lambda: sheet(cells("A1") + cells("A1"))),
    "rows out of order": (UNREADABLE, lambda: sheet(cells("A5", "A2"))),
    "cells out of order": (UNREADABLE, lambda: sheet(cells("B1", "A1"))),
    "a cell in another row": (UNREADABLE, lambda: sheet('<row r="5"><c r="A7"><v>1</v></c></row>')),
    "cells inside cells": (UNREADABLE, lambda: sheet('<row r="1"><c r="A1"><c r="B1"><v>1</v></c></c></row>')),
    "a value in CDATA": (UNREADABLE, lambda: sheet(TYPED.format(kind="n", value="<![CDATA[5]]>"))),
    "a comment inside a value": (UNREADABLE, lambda: sheet(TYPED.format(kind="n", value="1<!-- -->2"))),
    "a shared text that is not there": (UNREADABLE, lambda: sheet(TYPED.format(kind="s", value=99))),
    "an unknown type of cell": (UNREADABLE, lambda: sheet(TYPED.format(kind="zzz", value=99))),
    "a target outside": (UNREADABLE, lambda: with_part("xl/_rels/workbook.xml.rels", _OUTSIDE)),
    "styles that are no XML": (UNREADABLE, lambda: with_part("xl/styles.xml", "<styleSheet><numFmts>")),
    "password": (UNREADABLE, lambda: _OLE + "EncryptedPackage".encode("utf-16-le") + bytes(100)),
    "old workbook": (UNREADABLE, lambda: _OLE + "Workbook\0".encode("utf-16-le") + bytes(100)),
    "old document": (UNREADABLE, lambda: _OLE + "WordDocument\0".encode("utf-16-le") + bytes(100)),
    "binary workbook": (UNREADABLE, lambda: pack({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": b"\x83"})),
    "open document": (UNREADABLE, lambda: pack({"mimetype": _ODS, "content.xml": "<x/>"})),
    "word document": (UNREADABLE, lambda: pack({"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>"})),
    "plain zip": (UNREADABLE, lambda: pack({"lista.csv": "a;b\n1;2\n"})),
    "empty zip": (UNREADABLE, lambda: pack({})),
    "empty file": (UNREADABLE, lambda: b""),
    "PDF": (UNREADABLE, lambda: b"%PDF-1.7\n" + bytes(100)),
    "web page": (UNREADABLE, lambda: b"\r\n<html><body><table><tr><td>1</td></tr></table></body></html>"),
    "XML sheet of 2003": (UNREADABLE, lambda: _XML_SHEET),
    "XML sheet of 2003 in UTF-16": (UNREADABLE, lambda: _XML_SHEET.decode().encode("utf-16")),
    "web page in UTF-16": (UNREADABLE, lambda: "<html><table><tr><td>1</td></tr></table></html>".encode("utf-16")),
    "web page in one file": (
        UNREADABLE,
        lambda: b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n\r\n<html></html>",
    ),
    "SYLK": (UNREADABLE, lambda: b'ID;PWXL;N;E\nC;Y1;X1;K"Codigo"\nE\n'),
    "DIF": (UNREADABLE, lambda: b'TABLE\r\n0,1\r\n"EXCEL"\r\n'),
    "JSON": (UNREADABLE, lambda: b'{"error": "No se detectaron filas"}'),
    "random bytes": (UNREADABLE, lambda: bytes(range(256)) * 20),
    "prose": (UNREADABLE, lambda: b"Estimados:\nadjunto la lista de precios.\nSaludos\n"),
    "gzip": (UNREADABLE, lambda: b"\x1f\x8b\x08\x00" + bytes(30)),
}

_BLANKS = "".join(f'<c r="{chr(65 + column)}{{row}}" s="1"/>' for column in range(20))


def _blank_styled_cells() -> bytes:
    rows = (f'<row r="{row}">{_BLANKS.replace("{row}", str(row))}</row>' for row in range(2, 10_000))
    return sheet(ONE + "".join(rows))


def _blank_rows() -> bytes:
    return sheet(ONE + "".join(f'<row r="{row}" s="1" customFormat="1"/>' for row in range(2, 250_000)))


def _backslashes() -> bytes:
    return pack({key.replace("/", "\\"): part for key, part in parts(worksheet(ONE)).items()})


ODD: dict[str, Build] = {
    "lying dimension": lambda: sheet(ONE, before='<dimension ref="A1:XFD1048576"/>'),
    "merged to the end of the grid": lambda: sheet(
        ONE, after='<mergeCells><mergeCell ref="B1:XFD1048576"/></mergeCells>'
    ),
    "a blank styled cell at the end of the grid": lambda: sheet(
        ONE + '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    ),
    "blank styled cells below the table": _blank_styled_cells,
    "blank rows below the table": _blank_rows,
    "part names with backslashes": _backslashes,
    "an external link": lambda: with_part("xl/externalLinks/_rels/externalLink1.xml.rels", _LINK),
    "a text as long as a cell": lambda: sheet(
        f'{ONE}<row r="2"><c r="A2" t="inlineStr"><is><t>{scattered(32_760)}1234567</t></is></c></row>'
    ),
    "not deflated": lambda: pack(parts(worksheet(ONE)), stored=True),
}
"""Files that look suspicious, and that real programs write; A1 of each is 1."""
