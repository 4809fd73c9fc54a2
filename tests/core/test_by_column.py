"""Going by column, at a glance and in blocks finds what looking at every cell and every row by itself finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.blocks import Block, block_at
from etl.core.cells import gather_evidence, read_many, reader_of
from etl.core.different import Different
from etl.core.duplicates import decide_duplicates, key_hashes, rows_sharing_a_key
from etl.core.headers import Wanted, find_layout
from etl.core.limits import limits_of
from etl.core.mapping import ReadingOptions, map_rows
from etl.core.reading import CellReading
from etl.core.row_values import among, counted, numbers_of, partly_blank, values_of
from etl.core.skipping import RowSorter
from etl.core.validation import Checked, check
from etl.model import Cell, CellNote, Finding, Severity, Sheet, Value
from etl.vendors import DESTINATIONS
from etl.vendors.base import Column, Derivation, Destination, Kind
from tests.core.tables import CODE, COUNT, KEPT, MOVE, NAME, PAIRS, PRICE, SHELVES, column, sheet

WORDS = st.sampled_from(
    [
        *(
            "A1",
            "a1",
            "A 1",
            "007",
            "7",
            "Tren",
            " Bus",
            "Ñandú",
            "cafe\u0301",
            '="007"',
            "'-5",
            "TOTAL",
            "Subtotal: 3",
        ),
        *(
            "BEBIDAS",
            "1,5",
            "12.50",
            "1.234",
            "-3",
            "$ 1.500,50",
            "12%",
            "12E4",
            "1,2E+12",
            "malo",
            "x" * 30,
            "in",
            "B",
        ),
        *(
            "Code",
            "Name",
            "",
            " ",
            "\u00a0",
            "\u200b",
            "EJEMPLO (no se envía)",
            "Suma",
            "gran total",
            "\U0001d7d9",
            "٣",
        ),
        *("7790001000019", "7790001000018"),
    ]
)
CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    WORDS,
    st.text(max_size=6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1.0, 0.0, -0.0, 7.0, 0.1 + 0.2, 1e15, 123456789012345.0, 2.125]),
    st.booleans(),
    st.just(datetime(2026, 5, 12, tzinfo=UTC)),
)


def mostly(*cells: Cell) -> st.SearchStrategy[Cell]:
    """Return cells that are often among a few, so that rows resemble each other, and sometimes any."""
    few = st.sampled_from(list(cells))
    return st.one_of(few, few, few, few, CELLS)


TABLES = st.lists(
    st.one_of(
        st.tuples(
            mostly("A1", "a1", "A 1", "7", 7.0, "007", None),
            mostly("Tren", "Bus ", " Bus", "TOTAL", "Name", None),
            mostly(1.5, 2.0, "1,5", "12.50", "1.234", None, 0.0005),
            mostly(1.0, 3.0, "4", None, "malo"),
            mostly("A", "in", "B", None),
        ),
        st.sampled_from(
            [
                (None, "Suma", 3.5, None, None),
                (None, "subtotal", None, "3", None),
                ("Total general", None, 1.0, None, None),
                ("Code", "Name", None, None, "Move"),
                (None, "Ejemplo (no se envía): Tren", 1.0, 1.0, "A"),
                ("BEBIDAS", None, None, None, None),
                (None, "\u00a0", None, "", None),
            ]
        ),
    ),
    max_size=9,
)
ALIKE = st.tuples(
    *(
        st.lists(mostly("A1", "E7", "Total", "Tren", "Bus 2", "x" * 9), min_size=1, max_size=2).map(st.sampled_from)
        for _ in range(2)
    ),
    st.just(st.sampled_from([1.5, 2.0])),
).flatmap(lambda columns: st.lists(st.tuples(*columns, st.just(1.0), st.just("7")), min_size=1, max_size=9))
"""Tables in which most columns hold nothing but one kind of plain cells, or a single odd one."""
HEADER = ("Code", "Name", "Price", "Count", "Move")
MIXED = replace(
    KEPT,
    columns=(CODE, NAME, PRICE, COUNT, MOVE, column("half", Kind.DECIMAL, on_wire=False)),
    derivation=Derivation(of=("price",), make=lambda values: {**values, "half": Decimal(1)}),
)


class Columns(list[tuple[Cell, ...]]):
    """Rows that hand out their columns, as those of real files do."""

    @property
    def widest(self) -> int:
        return max(map(len, self), default=0)

    def columns(self, start: int, stop: int) -> list[list[Cell]]:
        width = max((len(row) for row in self[start:stop]), default=0)
        return [[row[at] if at < len(row) else None for row in self[start:stop]] for at in range(width)]


def told(found: Checked) -> tuple[object, ...]:
    """Return all that a check tells, made of plain values."""
    return (list(found.rows), list(found.read), found.findings, found.skipped, found.merged, found.derived)


def judged(found: Sheet, to: Destination, size: int, duplicates: str = "error", *, rounds: bool = False) -> Checked:
    layout, _ = find_layout(found, to, Wanted(header_row=1))
    return check(map_rows(found, layout, to, ReadingOptions(round=rounds), size), to, layout, duplicates=duplicates)


EDGES = st.sampled_from(["", "", " ", "\u00a0", "'", "=", "\u200b"])
PIECES = st.builds("{}{}{}".format, EDGES, st.one_of(WORDS, st.text("aÑ\u0301 0,.-Ee1)", max_size=4)), EDGES)


@pytest.mark.parametrize("declared", [CODE, NAME, PRICE, COUNT, MOVE], ids=lambda declared: declared.kind)
@settings(deadline=None, max_examples=150)
@given(
    cells=st.one_of(
        st.lists(st.one_of(CELLS, PIECES), min_size=4, max_size=16),
        st.lists(st.one_of(st.none(), st.text("aZ09", min_size=1, max_size=3), PIECES), max_size=3),
    ),
    is_key=st.booleans(),
)
def test_a_glance_reads_what_the_reader_reads(declared: Column, cells: list[Cell], is_key: bool) -> None:
    """Cell by cell the same value or the same problem, of the same type; no cell is taken for its equal."""
    plain = [cell for cell in cells if not isinstance(cell, bool)]
    read = reader_of(declared, gather_evidence(set(plain), (), declared), is_key=is_key)

    class Known(dict[Cell, CellReading]):
        def __missing__(self, cell: Cell) -> CellReading:
            self[cell] = read(cell, None)
            return self[cell]

    found, expected = read_many(plain, Different(plain), declared, Known()), [read(cell, None) for cell in plain]
    assert list(map(repr, found)) == list(map(repr, expected))


class EveryRow(RowSorter):
    """Looks at every row by itself."""

    def _remarkable(self, block: Block) -> set[int]:
        return set(range(block.height))

    def _filled_less_than_twice(self, block: Block) -> list[int]:
        return list(range(block.height))


@settings(deadline=None, max_examples=200)
@given(st.one_of(TABLES, ALIKE), st.sampled_from([SHELVES, PAIRS, replace(SHELVES, key=())]), st.booleans())
def test_rows_that_are_no_data_are_found_by_column(
    rows: Sequence[tuple[Cell, ...]], to: Destination, noted: bool
) -> None:
    """No example, title, repeated header or total hides from the quick look at a column."""
    notes = {(2, 0): CellNote(error="#N/A"), (3, 1): CellNote(number_format="0%")} if noted else {}
    found = sheet(HEADER, *rows, notes=notes, merged=((2, 3, 0, 0),) if noted else ())
    layout, _ = find_layout(found, to, Wanted(header_row=1))
    block = block_at(found, 1, len(found.rows))
    assert RowSorter(found, layout, to).sort(block) == EveryRow(found, layout, to).sort(block)


@settings(deadline=None, max_examples=120)
@given(TABLES, st.sampled_from([SHELVES, MIXED, PAIRS]), st.integers(1, 4), st.booleans(), st.booleans())
def test_blocks_tell_what_the_whole_sheet_tells(
    rows: Sequence[tuple[Cell, ...]], to: Destination, size: int, rounds: bool, objected: bool
) -> None:
    """Evidence, keys, titles and defaults do not stop at the edge of a block; rows kept by column are no others."""
    objections = (
        Finding("wrong_field_count", CODE.help, row=3),
        Finding("broken_quotes", CODE.help, row=4),
        Finding("mojibake", CODE.help, severity=Severity.WARNING, row=2),
    )
    found = sheet(HEADER, *rows, findings=objections if objected else ())
    kept = replace(found, rows=Columns(map(tuple, found.rows)))
    policy = "sum" if to is PAIRS else "error"
    whole = told(judged(found, to, 65_536, policy, rounds=rounds))
    assert told(judged(found, to, size, policy, rounds=rounds)) == whole
    assert told(judged(kept, to, size, policy, rounds=rounds)) == whole


@settings(deadline=None, max_examples=150)
@given(TABLES, st.sampled_from([SHELVES, KEPT, PAIRS]), st.sampled_from(["error", "first", "last", "sum"]))
def test_only_rows_that_share_a_key_are_compared(
    rows: Sequence[tuple[Cell, ...]], to: Destination, policy: str
) -> None:
    """The others change nothing: all rows together are judged alike, whatever the hashes say."""
    found = sheet(HEADER, *rows)
    layout, _ = find_layout(found, to, Wanted(header_row=1))
    table = map_rows(found, layout, to, ReadingOptions(), 3).table
    for block in table.blocks():
        table.seen.add(block, table, key_hashes(block, table))
    everyone = [row for block in table.blocks() for row in block.rows()]
    sharing = rows_sharing_a_key(table)
    assert decide_duplicates(sharing, (), to, policy) == decide_duplicates(everyone, (), to, policy)


@settings(deadline=None, max_examples=200)
@given(st.one_of(TABLES, ALIKE), st.sampled_from([SHELVES, KEPT, PAIRS]), st.booleans(), st.booleans())
def test_no_value_is_missing_among_the_different_ones(
    rows: Sequence[tuple[Cell, ...]], to: Destination, rounds: bool, noted: bool
) -> None:
    """What is checked once a value is checked for each row that has it; no blank cell passes for filled."""
    notes = {(2, 0): CellNote(error="#N/A"), (3, 2): CellNote(number_format="0%")} if noted else {}
    assert_all_different(sheet(HEADER, *rows, notes=notes, merged=((2, 3, 2, 2),) if noted else ()), to, rounds=rounds)


@pytest.mark.parametrize("cells", [(0.0005, "Tren"), (2.0, "(vacío)"), (None, "Bus"), (2.0, None), ("x", " Tren")])
@pytest.mark.parametrize("note", [CellNote(number_format="0%"), CellNote(error="#N/A"), None])
def test_odd_values_are_among_the_different_ones(cells: tuple[Cell, Cell], note: CellNote | None) -> None:
    """Rounded, shown in per cent, erased, blank and misread ones, in a column of others."""
    rows = [(f"A{number}", "Tren", 2.0, 1.0, "A") for number in range(3)]
    rows[1] = ("A9", cells[1], cells[0], 1.0, "B")  # type: ignore[assignment]
    found = sheet(HEADER, *rows, notes={(3, 2): note} if note is not None else {})
    erasing = replace(KEPT, columns=(CODE, NAME, PRICE, COUNT, MOVE), group_fields=("move",), completes=frozenset("B"))
    for to in (KEPT, erasing):
        for rounds in (False, True):
            assert_all_different(found, to, rounds=rounds)


def assert_all_different(found: Sheet, to: Destination, *, rounds: bool) -> None:
    """Look into each block of three rows."""
    layout, _ = find_layout(found, to, Wanted(header_row=1))
    for block in (table := map_rows(found, layout, to, ReadingOptions(round=rounds), 3).table).blocks():
        for name in table.names:
            values, different = block.values(name), block.different(name)
            assert different.may_be_blank or None not in values
            assert set(values) - {None} <= set(different.values)
            numbers = {id(value) for value in values if isinstance(value, Decimal)}
            assert numbers <= set(map(id, different.values))


VALUES: st.SearchStrategy[Value] = st.one_of(
    st.text(max_size=30),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.decimals(min_value=-1000, max_value=1000, places=4),
    st.integers(-9, 10**6),
    st.sampled_from(["7790001000019", "7790001000018", "77900019", "12345678", "\u0661" * 13, "7,5", "A"]),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(VALUES, max_size=8, unique=True))
@pytest.mark.parametrize("declared", [NAME, PRICE, COUNT, MOVE, column("bar", Kind.CODE, barcode=True, max_length=20)])
def test_limits_fail_the_same_values_together_and_alone(declared: Column, values: list[Value]) -> None:
    """A column that is judged at once loses and gains no failure."""
    for limit in limits_of(declared):
        together = list(map(repr, limit.broken_among(values)))
        assert sorted(together) == sorted(repr(value) for value in values if not limit.holds(value))


@settings(deadline=None, max_examples=100)
@given(TABLES, st.sampled_from([SHELVES, MIXED, PAIRS]), st.sampled_from(["error", "sum"]))
def test_rows_are_the_same_from_every_side(rows: Sequence[tuple[Cell, ...]], to: Destination, policy: str) -> None:
    """By iteration, by index, by number and by column; in and beside the rows that are left out or added up."""
    found = judged(sheet(HEADER, *rows), to, 2, policy if to is PAIRS else "error").rows
    made = list(found)
    names = [declared.name for declared in to.columns]
    assert [found[at] for at in range(len(found))] == made == found[:]
    assert list(numbers_of(found)) == [row.number for row in made] == list(numbers_of(made))
    assert list(values_of(found, names)) == list(values_of(made, names))
    assert list(values_of(found, ())) == [()] * len(made)
    assert counted(found, names[:2]) == counted(made, names[:2]) == Counter(values_of(made, names[:2]))
    assert counted(found, ()) == counted(made, ())
    assert list(among(found, {2, 4})) == list(among(made, {2, 4}))
    assert set(partly_blank(found, names)) >= set(partly_blank(made, names))


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_every_destination_is_judged_alike_in_blocks(data: st.DataObject) -> None:
    """With the rules, groups, documents and keys that the vendors have."""
    to = DESTINATIONS[data.draw(st.sampled_from(sorted(DESTINATIONS)))]
    headers = tuple(declared.name for declared in to.columns)
    choices = [st.sampled_from([str(one.value) for one in declared.choices] or ["7", "A1"]) for declared in to.columns]
    rows = data.draw(st.lists(st.tuples(*(st.one_of(own, CELLS) for own in choices)), max_size=6))
    found = sheet(headers, *rows)
    assert told(judged(found, to, 2)) == told(judged(found, to, 65_536))
