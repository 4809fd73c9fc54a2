"""Sorts the rows of a sheet: blank ones, data, and those that are no data with the reason, a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import compress

from etl.core.blocks import Block, block_at, chosen, flags_without
from etl.core.skipping import RowSorter
from etl.messages import Text, text
from etl.model import WRONG_FIELD_COUNT, Cell, Layout, Sheet
from etl.vendors.base import Destination


class RowSorting:
    """Which rows are data, and which are not with the reason.

    A line of a CSV file with too few fields may be a title or a total; whatever else the reader objects to is neither,
    and no data.
    """

    def __init__(
        self,
        sheet: Sheet,
        layout: Layout,
        destination: Destination,
        starts: range,
        *,
        hidden: Collection[int] = (),
        gather: Callable[[Block, bytes | None], None] = lambda _block, _flags: None,
    ) -> None:
        """Sort all rows of the blocks that begin at `starts` in ``sheet.rows``; those in `hidden` are left out.

        `gather` is shown each row that is data once: a block, and the flags of these rows in it.
        """
        objected = {found.row: found.code for found in sheet.findings if found.is_error and found.row is not None}
        self._objected = set(objected)
        self._doubted = {number for number, code in objected.items() if code != WRONG_FIELD_COUNT}
        self._hidden = hidden
        self._sheet = sheet
        self._starts = starts
        self._gather = gather
        self._lonely: dict[int, int] = {}
        self.filled: list[bytes | None] = []
        """Of each block, a flag a row: something stands in it. None: in all of them."""
        self.data: list[bytes | None] = []
        self.skipped: dict[int, Text] = {}
        sorter = RowSorter(sheet, layout, destination)
        for block in self._blocks():
            self._sort(block, sorter)
        titles = sorter.titles(self._lonely, self._codes(sorter.key))
        self.skipped |= titles
        for at, block in enumerate(self._blocks()) if self._lonely or hidden else ():
            self._settle(at, block, titles)

    def _blocks(self) -> Iterator[Block]:
        rows = len(self._sheet.rows)
        return (block_at(self._sheet, at, min(at + self._starts.step, rows)) for at in self._starts)

    def _sort(self, block: Block, sorter: RowSorter) -> None:
        told = sorter.sort(block)
        self.filled.append(told.filled)
        self.skipped |= {number: reason for number, reason in told.skipped.items() if number not in self._doubted}
        self._lonely |= {number: column for number, column in told.lonely.items() if number not in self._doubted}
        out = [number for left in (self._objected, self._hidden) if left for number in block.numbers if number in left]
        flags = flags_without(told.filled, [*out, *told.skipped], block.numbers)
        self.data.append(flags)
        self._gather(block, flags_without(flags, told.lonely, block.numbers))

    def _codes(self, key: int | None) -> Iterator[Cell]:
        """Yield the codes of the rows that are neither lonely nor skipped."""
        out = [*self._doubted, *self.skipped, *self._lonely]
        for at, block in enumerate(self._blocks()) if key is not None else ():
            yield from chosen(block.column(key or 0), flags_without(self.filled[at], out, block.numbers))

    def _settle(self, at: int, block: Block, titles: Mapping[int, Text]) -> None:
        """Put other lonely rows than titles among the data, and say why hidden rows are none."""
        self.data[at] = flags_without(self.data[at], titles, block.numbers)
        found = self._lonely.keys() - titles.keys() - self._objected - set(self._hidden)
        if found:
            self._gather(block, bytes(number in found for number in block.numbers))
        known = self._objected.union(self.skipped)
        for number in compress(block.numbers, self.filled[at] or b"\x01" * block.height) if self._hidden else ():
            if number in self._hidden and number not in known:
                self.skipped[number] = text("The row is hidden, and hidden rows are left out (--hidden skip)")
