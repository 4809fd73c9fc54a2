"""A sheet as typed columns, read some ten thousand rows at a time whenever they are looked at."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import compress, repeat
from types import NoneType
from typing import TYPE_CHECKING

from etl.core.blocks import Block, block_at, chosen
from etl.core.cells import Clues, reader_of
from etl.core.column_reading import Gathered, ReadColumn, Rounding, SheetColumn, read_column, round_column
from etl.core.different import Different
from etl.core.erasures import without_erasures
from etl.core.reading import CellReader
from etl.core.table import covered_rows
from etl.model import Cell, CellNote, Finding, Layout, MappedColumn, Row, Sheet, Value
from etl.vendors.base import Column, Destination

if TYPE_CHECKING:
    from etl.core.mapping import ReadingOptions

_KEPT_BLOCKS = 2
"""Blocks that stay as they were read: all of most sheets, and of a long one what memory there is for a block."""


class FieldReader:
    """How the column that feeds a field is understood: by the evidence of all its cells, a block at a time."""

    def __init__(
        self, sheet: Sheet, mapped: MappedColumn, declared: Column, destination: Destination, options: ReadingOptions
    ) -> None:
        self.declared = declared
        self._sheet = sheet
        self.mapped = mapped
        self._destination = destination
        self._round = options.round and declared.max_decimals is not None
        self._notes: dict[int, CellNote] = {}
        self._covered = covered_rows(sheet, mapped.column, 1, len(sheet.rows)) if sheet.merged else {}
        self._clues = Clues(declared, options.decimal, options.zone, len(sheet.rows))
        self._reader: CellReader | None = None

    @property
    def is_curious(self) -> bool:
        """Whether cells of this column say anything about the others."""
        return self._clues.are_wanted

    def note(self, number: int, note: CellNote) -> None:
        """Take in what is noted about a cell of the column."""
        self._notes[number] = note

    def gather(self, numbers: Sequence[int], cells: Sequence[Cell], different: Different) -> None:
        """Look at cells of rows that are data, and at each of them once, for what they say about the others."""
        by_number = zip(numbers, cells, strict=True) if self._notes else ()
        noted = [(cell, self._notes[number]) for number, cell in by_number if number in self._notes]
        self._clues.add(different, noted)

    def read(
        self, numbers: Sequence[int], cells: Sequence[Cell], different: Different
    ) -> tuple[ReadColumn, tuple[int, ...]]:
        """Return what cells of the column say, and the rows in which it erases the vendor's value.

        `different` has at least each of them once.
        """
        if self._reader is None:
            is_key = self.declared.name in self._destination.key
            self._reader = reader_of(self.declared, self._clues.evidence(), is_key=is_key)
        found = SheetColumn(self._sheet, self.mapped, numbers, cells, different, self._notes, self._covered)
        erased: tuple[int, ...] = ()
        refused: tuple[Finding, ...] = ()
        if self._destination.completes:
            found, erased, refused = without_erasures(found, self.declared, self._destination)
        column = read_column(found, self.declared, self._reader)
        if self._round and self.declared.max_decimals is not None:
            column = round_column(column, numbers, self.declared.max_decimals)
        return (replace(column, findings=(*column.findings, *refused)) if refused else column), erased


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the rows of a whole sheet say of the field that groups them."""

    given: Value | None
    """The group of rows that say none."""
    misread: bool
    """Nobody says any, and some cell was not understood: then it is no default that the others mean."""


class TypedBlock:
    """Rows that are data and follow each other, as typed columns: each is read when it is looked at, once."""

    def __init__(
        self, table: TypedTable, numbers: Sequence[int], opened: Callable[[], Block], flags: bytes | None
    ) -> None:
        self.numbers = numbers
        """The rows' numbers, as Excel shows them."""
        self._table = table
        self._open = opened
        self._flags = flags
        self._block: Block | None = None
        self._read: dict[str, tuple[ReadColumn, tuple[int, ...]]] = {}
        self._values: dict[str, Sequence[Value | None]] = {}
        self._different: dict[str, Gathered] = {}
        self._waiting: frozenset[int] | None = None

    def column(self, name: str) -> ReadColumn | None:
        """Return what the sheet's cells say of a field; None without a column that feeds it."""
        reader = self._table.readers.get(name)
        if reader is None:
            return None
        if name not in self._read:
            block, index = self._opened(), reader.mapped.column
            cells = chosen(block.column(index), self._flags)
            self._read[name] = reader.read(self.numbers, cells, block.different(index))
        return self._read[name][0]

    def different(self, name: str) -> Gathered:
        """Return the different values of a field. Hashes of numbers are dear: they are told apart by identity."""
        if name not in self._different:
            values, column = self.values(name), self.column(name)
            if column is not None and column.different is not None and column.values is values:
                self._different[name] = column.different
            else:
                kinds = set(map(type, values))
                found = {id(value): value for value in values}.values() if Decimal in kinds else dict.fromkeys(values)
                several = [value for value in found if value is not None]
                self._different[name] = Gathered(several, may_be_blank=NoneType in kinds)
        return self._different[name]

    def may_be_blank(self, name: str) -> bool:
        """Say whether a field may have no value in some row."""
        return self.different(name).may_be_blank

    def leaves_blank(self, name: str) -> bool:
        """Say whether a field has no value in some row where its cell was not misread."""
        if not self.may_be_blank(name):
            return False
        blank = sum(value is None for value in self.values(name))
        column = self.column(name)
        return blank > (sum(finding.is_error for finding in column.findings) if column is not None else 0)

    def cell(self, number: int, column: int) -> Cell:
        """Return what stands in the sheet at a row of the block and a column by index."""
        block = self._opened()
        return block.column(column)[number - block.first]

    def _opened(self) -> Block:
        if self._block is None:
            self._block = self._open()
        return self._block

    def values(self, name: str) -> Sequence[Value | None]:
        """Return the values of a field: the sheet's, else those that ``--set`` or a default give."""
        if name not in self._values:
            self._values[name] = self._filled(name)
        return self._values[name]

    @property
    def waiting(self) -> frozenset[int]:
        """The rows whose blank fields the vendor's values complete before ``--set`` does."""
        if self._waiting is None:
            groups = self._groups() if self._table.destination.completes else ()
            completes = self._table.destination.completes
            pairs = zip(self.numbers, groups, strict=False)
            self._waiting = frozenset(number for number, group in pairs if group in completes)
        return self._waiting

    @property
    def findings(self) -> Iterator[Finding]:
        """What there is to say about cells, column by column."""
        for name in self._table.readers:
            column = self.column(name)
            yield from column.findings if column is not None else ()

    @property
    def roundings(self) -> Iterator[tuple[str, Rounding]]:
        """The values that were rounded, by field."""
        for name in self._table.readers:
            column = self.column(name)
            yield from ((name, rounding) for rounding in (column.roundings if column is not None else ()))

    @property
    def erased(self) -> dict[int, frozenset[str]]:
        """By row that the vendor's values complete, the fields that it erases there."""
        found: dict[int, frozenset[str]] = {}
        for name in self._table.readers if self._table.destination.completes else ():
            self.column(name)
            for number in self._read[name][1]:
                if number in self.waiting:
                    found[number] = found.get(number, frozenset()) | {name}
        return found

    def rows(self, left_out: Collection[int] = ()) -> Iterator[Row]:
        """Yield the rows, but for those with the numbers in `left_out`; blank fields are absent."""
        if not left_out:
            yield from self._made(self.numbers, [self.values(name) for name in self._table.names])
            return
        kept = [number not in left_out for number in self.numbers]
        columns = [list(compress(self.values(name), kept)) for name in self._table.names]
        yield from self._made(list(compress(self.numbers, kept)), columns)

    def rows_at(self, places: Sequence[int]) -> Iterator[Row]:
        """Yield the rows at some places."""
        columns = [self.values(name) for name in self._table.names] if places else []
        cells = [[column[at] for at in places] for column in columns]
        yield from self._made([self.numbers[at] for at in places], cells)

    def _made(self, numbers: Sequence[int], columns: Sequence[Sequence[Value | None]]) -> Iterator[Row]:
        names, erased = self._table.names, self.erased
        nothing: frozenset[str] = frozenset()
        rows: Iterable[tuple[Value | None, ...]] = zip(*columns, strict=True) if columns else repeat((), len(numbers))
        for number, cells in zip(numbers, rows, strict=True):
            values = {name: value for name, value in zip(names, cells, strict=True) if value is not None}
            yield Row(number, values, erased.get(number, nothing))

    def _groups(self) -> Sequence[Value | None]:
        name = self._table.destination.group_field or ""
        column, given = self.column(name), self._table.grouping.given
        if column is None:
            return [given] * len(self.numbers)
        return [given if value is None else value for value in column.values]

    def _filled(self, name: str) -> Sequence[Value | None]:
        table, column = self._table, self.column(name)
        constant = table.constants.get(name)
        if name == table.destination.group_field:
            if column is None:
                return [table.grouping.given] * len(self.numbers)
            if constant is None:
                return column.values if table.grouping.misread else self._groups()
        if constant is None:
            return column.values if column is not None else [None] * len(self.numbers)
        by_itself = name in table.destination.key or name == table.destination.group_field
        late = frozenset() if by_itself else self.waiting
        if column is None:
            return [None if number in late else constant for number in self.numbers]
        kept = {finding.row for finding in column.findings if finding.is_error}.union(late)
        return [
            constant if value is None and number not in kept else value
            for number, value in zip(self.numbers, column.values, strict=True)
        ]


@dataclass(slots=True)
class Seen:
    """What is worth knowing of all rows without reading them again."""

    blank: set[str] = field(default_factory=set)
    """The fields that some row leaves blank; a cell that was not understood is not blank."""
    free: list[int] = field(default_factory=list)
    """The numbers of the rows with a price of 0 (`Watched.price`)."""
    keys: list[array[int]] = field(default_factory=list)
    """Of each block, the hash of each row's key (`duplicates`)."""

    def add(self, block: TypedBlock, table: TypedTable, keys: array[int]) -> None:
        """Take in the next block, with the hashes of its rows' keys."""
        self.keys.append(keys)
        self.blank.update(name for name in table.names if name not in self.blank and block.leaves_blank(name))
        price = table.destination.watched.price
        if price in table.names:
            pairs = zip(block.numbers, block.values(price), strict=True)
            self.free += [number for number, value in pairs if not value and value is not None]


@dataclass(slots=True)
class TypedTable:
    """All rows of a sheet that are data, as typed columns, block by block."""

    sheet: Sheet
    layout: Layout
    destination: Destination
    readers: Mapping[str, FieldReader]
    """By field, in the order of the destination's columns."""
    constants: Mapping[str, Value]
    """``--set``, understood."""
    starts: range
    """Where in ``sheet.rows`` each block begins."""
    data: Sequence[bytes | None] = ()
    """Of each block, a flag a row: it is data. None: all of them are."""
    grouping: Grouping = Grouping(None, misread=False)
    seen: Seen = field(default_factory=Seen, repr=False)
    """What was gathered of all blocks when they were checked."""
    _kept: dict[int, TypedBlock] = field(default_factory=dict, repr=False)
    _blocks: dict[int, Block] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> list[str]:
        """The fields that have values: those with a column or a constant, and the one that groups the rows."""
        group = self.destination.group_field if self.grouping.given is not None else None
        return [
            column.name
            for column in self.destination.columns
            if column.name in self.readers or column.name in self.constants or column.name == group
        ]

    def __len__(self) -> int:
        """Return how many rows are data."""
        heights = (min(self.starts.step, len(self.sheet.rows) - start) for start in self.starts)
        return sum(
            height if flags is None else flags.count(1) for height, flags in zip(heights, self.data, strict=True)
        )

    def gather(self, block: Block, flags: bytes | None) -> None:
        """Look at the flagged rows of a block for what the cells of a column say about each other."""
        self._keep_opened(block)
        numbers = block.numbers if flags is None else list(compress(block.numbers, flags))
        for reader in self.readers.values() if numbers else ():
            if reader.is_curious:
                index = reader.mapped.column
                cells = chosen(block.column(index), flags)
                reader.gather(numbers, cells, block.different(index) if flags is None else Different(cells))

    def blocks(self) -> Iterator[TypedBlock]:
        """Yield the blocks in the sheet's order."""
        for at in range(len(self.starts)):
            yield self.block(at)

    def block(self, at: int) -> TypedBlock:
        """Return a block; it is read again unless it was one of the last."""
        found = self._kept.pop(at, None)
        if found is None:
            while len(self._kept) >= _KEPT_BLOCKS:
                self._kept.pop(next(iter(self._kept)))
            found = self._opened(at)
        self._kept[at] = found
        return found

    def _keep_opened(self, block: Block) -> None:
        """Keep a block whose cells were taken apart already, if it begins where one of ours does."""
        rest = len(self.sheet.rows) - block.first + 1
        if block.first - 1 in self.starts and block.height == min(self.starts.step, rest):
            while len(self._blocks) >= _KEPT_BLOCKS:
                self._blocks.pop(next(reversed(self._blocks)))
            self._blocks[block.first] = block

    def _opened(self, at: int) -> TypedBlock:
        start, flags = self.starts[at], self.data[at]
        stop = min(start + self.starts.step, len(self.sheet.rows))
        numbers = range(start + 1, stop + 1)

        def opened() -> Block:
            return self._blocks.pop(start + 1, None) or block_at(self.sheet, start, stop)

        return TypedBlock(self, numbers if flags is None else list(compress(numbers, flags)), opened, flags)
