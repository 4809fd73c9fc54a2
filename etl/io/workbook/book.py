"""A workbook in the making: XlsxWriter draws everything but the rows of the large sheets, which are streamed."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

import xlsxwriter

from etl.core.identity import Identity, to_properties
from etl.io.workbook import package
from etl.io.workbook.look import style_properties
from etl.io.workbook.names import SheetKind, sheet_name
from etl.messages import Text, translate
from etl.model import column_letter

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Styles: TypeAlias = Mapping[str, str]
"""The attribute of a cell (`` s="3"``) by the name of its style."""

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384

_NO_FORMULAS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Stream:
    sheet: Worksheet
    rows: Callable[[Styles], Iterator[str]]
    styles: tuple[str, ...]
    last_row: int
    columns: int


@dataclass(frozen=True, slots=True)
class _Palette:
    """Where the styles stand: in the first row of a part, one a cell."""

    part: str
    names: tuple[str, ...]

    def read(self, skeleton: zipfile.ZipFile) -> Styles:
        """Return the style attribute of each name; nothing for a style without any property."""
        drawn = skeleton.read(self.part).decode()
        return {
            name: found.group(1) or ""
            for column, name in enumerate(self.names)
            if (found := re.search(rf'<c r="{column_letter(column)}1"( s="\d+")?/>', drawn))
        }


class Book:
    """A workbook of ours. Rows are streamed as XML: four times as fast as XlsxWriter, and in little memory."""

    def __init__(self, language: str, title: str, created: datetime | None = None) -> None:
        """Start an empty workbook; `created` is the only time in it, so the same content gives the same bytes."""
        self.language = language
        self._buffer = io.BytesIO()
        self._writer = xlsxwriter.Workbook(self._buffer, _NO_FORMULAS)
        moment = (created or _LONG_AGO).astimezone(UTC).replace(tzinfo=None)
        self._writer.set_properties({"title": title, "created": moment})
        self._formats: dict[str, Format] = {}
        self._streams: list[_Stream] = []

    def add_sheet(self, kind: SheetKind | str) -> Worksheet:
        """Add a sheet: one of our kinds, or one with a name of its own."""
        name = sheet_name(kind, self.language) if isinstance(kind, SheetKind) else kind
        return self._writer.add_worksheet(name)

    def name_of(self, kind: SheetKind) -> str:
        """Return the name of one of our sheets in this workbook."""
        return sheet_name(kind, self.language)

    def style(self, name: str) -> Format:
        """Return the format of a style (see `look`)."""
        if name not in self._formats:
            self._formats[name] = self._writer.add_format(style_properties(name))
        return self._formats[name]

    def say(self, message: Text) -> str:
        """Return a message in the workbook's language."""
        return translate(message, self.language)

    def add_bar_chart(self) -> xlsxwriter.chart_bar.ChartBar:
        """Return a new bar chart, to be inserted into a sheet."""
        return self._writer.add_chart({"type": "bar"})

    def stream(
        self,
        sheet: Worksheet,
        rows: Callable[[Styles], Iterator[str]],
        styles: Iterable[str],
        *,
        last_row: int,
        columns: int,
    ) -> None:
        """Let `rows` give the ``<row>`` elements of `sheet`, from the header on, when the workbook is saved.

        `styles` are the names that it will ask for. What XlsxWriter has in the cells of this sheet is not written;
        its links, comments, widths, validations and the rest of the sheet are.
        """
        self._streams.append(_Stream(sheet, rows, tuple(styles), last_row, columns))

    def save(self, identity: Identity, target: BinaryIO) -> None:
        """Write the file. OSError when it cannot be written; the caller throws away what was."""
        for name, value in to_properties(identity).items():
            self._writer.set_custom_property(name, value, "text")
        self._writer.set_custom_property(package.SEAL_PROPERTY, package.UNSEALED, "text")
        palette = self._lay_out_palette()
        self._writer.close()
        with zipfile.ZipFile(self._buffer) as skeleton:
            styles = palette.read(skeleton) if palette else {}
            parts = {
                _part(stream.sheet): package.RowStream(stream.rows(styles), stream.last_row, stream.columns)
                for stream in self._streams
            }
            package.assemble(skeleton, parts, target)

    def _lay_out_palette(self) -> _Palette | None:
        """Write an empty cell for each style, from which the number that XlsxWriter gives to it can be read."""
        if not self._streams:
            return None
        sheet = self._streams[0].sheet
        names = sorted({name for stream in self._streams for name in stream.styles})
        for column, name in enumerate(names):
            sheet.write_blank(0, column, None, self.style(name))
        return _Palette(_part(sheet), tuple(names))


def _part(sheet: Worksheet) -> str:
    """Return the name of a sheet's part in the package: XlsxWriter numbers them in the order of adding."""
    return f"xl/worksheets/sheet{sheet.index + 1}.xml"
