"""Builds workbooks part by part, so that a test can say exactly what stands in the file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="3"><numFmt numFmtId="164" formatCode="00000"/>'
    '<numFmt numFmtId="165" formatCode="0.0&quot;%&quot;"/><numFmt numFmtId="166" formatCode="dd/mm/yyyy"/></numFmts>'
    '<cellXfs count="6"><xf numFmtId="0"/><xf numFmtId="9"/><xf numFmtId="164"/><xf numFmtId="14"/>'
    '<xf numFmtId="165"/><xf numFmtId="166"/></cellXfs></styleSheet>'
)
"""Styles 0 general, 1 percent, 2 zero-padded, 3 date, 4 a percent sign that is mere text, 5 date by its format."""


def worksheet(rows: str, *, before: str = "", after: str = "") -> str:
    """Return a worksheet whose ``sheetData`` holds `rows`."""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def shared(*items: str) -> str:
    """Return a table of shared strings with these ``si`` elements."""
    return f'<sst xmlns="{MAIN}">{"".join(items)}</sst>'


def parts(
    sheets: Mapping[str, str] | str,
    *,
    states: Mapping[str, str] | None = None,
    extra: Mapping[str, str | bytes] | None = None,
) -> dict[str, str | bytes]:
    """Return the parts of a workbook. `sheets` is {name: worksheet XML}, or the XML of one; `states` hides some."""
    named = {"Hoja1": sheets} if isinstance(sheets, str) else sheets
    states = states or {}
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" state="{states.get(name, "visible")}" r:id="rId{number}"/>'
        for number, name in enumerate(named, start=1)
    )
    targets = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(named) + 1)
    )
    built: dict[str, str | bytes] = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{targets}'
        f'<Relationship Id="rId90" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
    }
    for number, xml in enumerate(named.values(), start=1):
        built[f"xl/worksheets/sheet{number}.xml"] = xml
    return built | dict(extra or {})


def pack(content: Mapping[str, str | bytes], *, stored: bool = False) -> bytes:
    """Return the parts as a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    return stream.getvalue()


def book(sheets: Mapping[str, str] | str, **options: Mapping[str, str] | None) -> bytes:
    """Return a whole workbook; see `parts`."""
    return pack(parts(sheets, **options))  # type: ignore[arg-type]


def save(folder: Path, data: bytes, name: str = "lista.xlsx") -> Path:
    """Write bytes into a file of a folder."""
    path = folder / name
    path.write_bytes(data)
    return path
