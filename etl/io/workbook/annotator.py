"""The process that annotates a copy of somebody's workbook with openpyxl, under the limits of the readers' child.

Input: a line of JSON (`etl.io.workbook.annotation`), then the workbook's bytes. Output: ``{"lost": [...], "size": n}``
and the n bytes of the copy; nothing when it cannot be made.
"""

from __future__ import annotations

import copy
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

import openpyxl
from defusedxml import ElementTree
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Color, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.dimensions import ColumnDimension
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from etl.io.readers.archive import Archive
from etl.io.readers.child import forbid, limit_self
from etl.io.readers.limits import DEFAULT_LIMITS
from etl.io.readers.package import read_package
from etl.io.workbook.package import assemble

_AUTHOR = "etl"
_DIVIDER = "\n\n— etl —\n"
"""Between somebody's own comment and ours in the same cell."""
_SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_UNCALCULATED = re.compile(rb'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f(?:[^>]*/>|[^>]*>[^<]*</f>))<v ?/?>(?:</v>)?</c>')
_LOST_PARTS: Mapping[str, str] = {
    "pictures": r"xl/media/",
    "slicers": r"xl/(slicers|timelines)/",
    "controls": r"xl/(ctrlProps|activeX)/",
    "threads": r"xl/threadedComments/",
    "embedded": r"xl/embeddings/",
    "queries": r"xl/(queryTables/|connections\.xml)",
}
_LOST_TAGS: Mapping[str, tuple[str, bytes]] = {
    "shapes": (r"xl/drawings/drawing", rb"<(\w+:)?(sp|grpSp|cxnSp)\b"),
    "charts": (r"xl/charts/chart", rb"<"),
    "sparklines": (r"xl/worksheets/sheet", rb"sparklineGroup"),
    "formats": (r"xl/worksheets/sheet", rb"x14:conditionalFormatting\b"),
    "lists": (r"xl/worksheets/sheet", rb"x14:dataValidation\b"),
}

Cached = Mapping[str, tuple[str, str]]
"""By reference, the type and the text of the value that a formula had."""


def annotated(data: bytes, request: Mapping[str, Any]) -> bytes:
    """Return the workbook with its cells marked and commented, and two more columns in the one sheet."""
    book: Any = openpyxl.load_workbook(io.BytesIO(data), rich_text=True)
    book.template = False
    sheet = book[request["sheet"]]
    if request["again"]:
        _clean(sheet, set(request["fills"].values()))
    first = _free_column(sheet, request["column"] + 1, request["header_row"])
    _write_columns(sheet, first, request)
    for row, column, mark in request["marks"]:
        _mark(_owner(sheet, row, column + 1), request["fills"][mark], request["ink"])
    for row, column, words, size in request["comments"]:
        _comment(_owner(sheet, row, column + 1), words, size)
    properties = book.custom_doc_props
    for name in [name for name in properties.names if name.startswith("etl.")]:
        del properties[name]
    for name, value in request["properties"].items():
        properties.append(StringProperty(name=name, value=value))
    return _saved(book, _cached_values(data))


def lost_things(data: bytes) -> list[str]:
    """Return what the workbook has that openpyxl cannot carry over."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = package.namelist()
        found = [kind for kind, part in _LOST_PARTS.items() if any(re.match(part, name) for name in names)]
        found += [
            kind
            for kind, (part, tag) in _LOST_TAGS.items()
            if any(re.match(part, name) and re.search(tag, package.read(name)) for name in names)
        ]
    return found


def _free_column(sheet: Worksheet, column: int, header_row: int) -> int:
    """Return the first column, from 1, from `column` on where no merged cells are in the way of two columns."""
    areas = [area for area in sheet.merged_cells.ranges if area.max_row >= header_row]
    while any(area.min_col <= column + 1 and area.max_col >= column for area in areas):
        column += 1
    return column


def _write_columns(sheet: Worksheet, first: int, request: Mapping[str, Any]) -> None:
    header_row = request["header_row"]
    look: Any = sheet.cell(header_row, max(first - 1, 1))
    for offset, (title, width) in enumerate(request["columns"]):
        _set_width(sheet, first + offset, width)
        header: Any = sheet.cell(header_row, first + offset)
        _write(header, title)
        header._style = copy.copy(look._style)  # noqa: SLF001 - all of a cell's look at once
    for row, word, colours, reason in request["states"]:
        state = sheet.cell(row, first)
        _write(state, word)
        _mark(state, *colours)
        _write(sheet.cell(row, first + 1), reason)


def _write(cell: Cell | MergedCell, words: str) -> None:
    """Write a text as a text, whatever it begins with."""
    if isinstance(cell, Cell):
        cell.value = words
        cell.data_type = "s"


def _owner(sheet: Worksheet, row: int, column: int) -> Cell:
    """Return the cell at a place; of merged cells the one that has the value."""
    cell = sheet.cell(row, column)
    if isinstance(cell, Cell):
        return cell
    area = next(area for area in sheet.merged_cells.ranges if cell.coordinate in area)
    owner = sheet.cell(area.min_row, area.min_col)
    assert isinstance(owner, Cell)  # noqa: S101 - the first cell of a merged area is a cell
    return owner


def _mark(cell: Cell | MergedCell, fill: str, ink: str) -> None:
    """Fill a cell, its text in a colour that can be read on it."""
    cell.fill = PatternFill("solid", start_color=fill)
    font: Any = copy.copy(cell.font)
    font.color = Color(rgb=ink)
    cell.font = font


def _comment(cell: Cell, words: str, size: list[int]) -> None:
    """Comment a cell; what somebody wrote there stays above."""
    author = _AUTHOR
    if cell.comment is not None:
        author, theirs = cell.comment.author or "", cell.comment.text
        words = f"{theirs}{_DIVIDER}{words}"
        size = [size[0], size[1] + 16 * (theirs.count("\n") + 3)]
    cell.comment = Comment(words, author, width=size[0], height=size[1])


def _clean(sheet: Worksheet, fills: set[str]) -> None:
    """Take our comments and fills out of a sheet that was annotated before: what was corrected is not marked."""
    for cells in sheet.iter_rows():
        for cell in cells:
            if cell.fill.fill_type == "solid" and str(cell.fill.start_color.rgb)[2:] in fills:
                cell.fill = PatternFill(None)
            comment = cell.comment
            if comment is None or not isinstance(cell, Cell):
                continue
            if comment.author == _AUTHOR:
                cell.comment = None
            elif _DIVIDER in comment.text:
                cell.comment = Comment(comment.text.partition(_DIVIDER)[0], comment.author)


def _set_width(sheet: Worksheet, column: int, width: float) -> None:
    """Give one column a width of its own: a file may describe it together with all columns to its right."""
    dimensions = sheet.column_dimensions
    for letter, known in list(dimensions.items()):
        known.reindex()
        first, last = known.min or 0, known.max or 0
        if not first <= column <= last or first == last:
            continue
        del dimensions[letter]
        for low, high in ((first, column - 1), (column + 1, last)):
            if low <= high:
                part = copy.copy(known)
                part.index, part.min, part.max = get_column_letter(low), low, high
                dimensions[part.index] = part
    dimensions[get_column_letter(column)] = ColumnDimension(sheet, index=get_column_letter(column), width=width)


def _cached_values(data: bytes) -> dict[str, Cached]:
    """Return by sheet what its formulas were calculated to: openpyxl keeps either the formulas or their values."""
    package = read_package(Archive(data, DEFAULT_LIMITS))
    found: dict[str, Cached] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        for sheet in package.sheets:
            content = archive.read(names[sheet.part.lower()])
            if b"<f" in content or b":f" in content:
                found[sheet.name] = dict(_values_of_formulas(content))
    return found


def _values_of_formulas(content: bytes) -> Iterator[tuple[str, tuple[str, str]]]:
    for _, element in ElementTree.iterparse(io.BytesIO(content)):
        if element.tag == f"{_SPREADSHEET}c":
            value = element.find(f"{_SPREADSHEET}v")
            if element.find(f"{_SPREADSHEET}f") is not None and value is not None and value.text:
                yield element.get("r", ""), (element.get("t", "n"), value.text)
        elif element.tag == f"{_SPREADSHEET}row":
            element.clear()


class _Writer(ExcelWriter):
    """Writes sheets in memory, since the process may write no file, and leaves formulas their values."""

    def __init__(self, book: openpyxl.Workbook, target: BinaryIO, cached: Mapping[str, Cached]) -> None:
        """Write `book` into `target` when `save` is called; `cached` are the values of formulas by sheet."""
        self._package = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        super().__init__(book, self._package)
        self._cached = cached

    def write_worksheet(self, ws: Any) -> None:
        """Write one sheet into the package."""
        ws._drawing = SpreadsheetDrawing()  # noqa: SLF001 - as openpyxl does, but for the temporary file
        ws._drawing.charts, ws._drawing.images = ws._charts, ws._images  # noqa: SLF001
        out = io.BytesIO()
        writer: Any = WorksheetWriter(ws, out)
        writer.write()
        ws._rels = writer._rels  # noqa: SLF001
        self._package.writestr(ws.path[1:], _with_values(out.getvalue(), self._cached.get(ws.title, {})))
        self.manifest.append(ws)


def _with_values(content: bytes, cached: Cached) -> bytes:
    def filled(found: re.Match[bytes]) -> bytes:
        reference, attributes, formula = found.groups()
        known = cached.get(reference.decode())
        if known is None:
            return found.group()
        kind, value = known
        typed = b"" if kind == "n" else f' t="{escape(kind)}"'.encode()
        return b'<c r="%b"%b%b>%b<v>%b</v></c>' % (reference, attributes, typed, formula, escape(value).encode())

    return _UNCALCULATED.sub(filled, content) if cached else content


def _saved(book: openpyxl.Workbook, cached: Mapping[str, Cached]) -> bytes:
    """Return the workbook's file, sealed like every workbook of ours."""
    drawn, sealed = io.BytesIO(), io.BytesIO()
    _Writer(book, drawn, cached).save()
    with zipfile.ZipFile(drawn) as skeleton:
        assemble(skeleton, {}, sealed)
    return sealed.getvalue()


def _warm_up() -> None:
    """Let every library load what it loads late: afterwards no file can be opened."""
    book: Any = openpyxl.Workbook()
    book.active["A1"].comment = Comment("x", "x")
    book.custom_doc_props.append(StringProperty(name="x", value="x"))
    drawn = io.BytesIO()
    _Writer(book, drawn, {}).save()
    openpyxl.load_workbook(drawn, rich_text=True)
    list(ElementTree.iterparse(io.BytesIO(b"<a/>")))
    "é".encode("cp437")


def main(memory: str, cpu: str) -> None:
    """Serve one request; the arguments stand on the command line: bytes, and seconds of CPU time."""
    limit_self(int(memory), int(cpu))
    request = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    _warm_up()
    sys.addaudithook(forbid)
    content = annotated(data, request)
    sys.stdout.buffer.write(json.dumps({"lost": lost_things(data), "size": len(content)}).encode() + b"\n")
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
