"""A large sheet is scanned in a process of its own: it finds and refuses the same, and its bytes are not trusted."""

from __future__ import annotations

import io
import json
import sys
from array import array
from pathlib import Path

import pytest

from etl.errors import FileError
from etl.io.readers import open_source
from etl.io.readers.answers import BrokenAnswerError
from etl.io.readers.limits import Limits
from etl.io.readers.refusal import Refusal, hostile
from etl.io.readers.sandbox import confined, program_of
from etl.io.readers.sent_facts import receive_facts, send_facts, send_refusal
from etl.io.readers.sheet_facts import SheetFacts
from etl.messages import Text, text
from etl.model import CellNote, ShownDecimals
from tests.io.readers.books import book, save, worksheet
from tests.io.readers.hostile_files import ODD, ONE, REFUSED

APART = Limits(small_sheet_bytes=0)
ROWS = (
    '<row r="2" hidden="1"><c r="A2"><v>1</v></c><c r="B2" t="e"><v>#N/A</v></c><c r="C2"><f>A2</f></c></row>'
    '<row r="4"><c r="B4" s="1"><v>0.5</v></c><c r="C4" s="2"><v>1.25</v></c><c r="E4" s="1"><v>2</v></c></row>'
)
STYLES = (
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs><xf numFmtId="0"/>'
    '<xf numFmtId="10"/><xf numFmtId="2"/></cellXfs></styleSheet>'
)
AROUND = {
    "before": '<cols><col min="3" max="4" hidden="1"/></cols>',
    "after": '<mergeCells><mergeCell ref="A2:B3"/><mergeCell ref="D4"/></mergeCells>',
}


@pytest.mark.parametrize("rows", [ROWS, ROWS.replace('"', "'")], ids=["plain", "unusual"])
def test_it_finds_the_same(rows: str, tmp_path: Path) -> None:
    """Whether it is scanned here or in its process, a sheet comes out the same, with all that stands beside values."""
    path = save(tmp_path, book(worksheet(rows, **AROUND), extra={"xl/styles.xml": STYLES}))
    apart, here = open_source(path, limits=APART).read(), open_source(path).read()
    assert list(apart.rows) == list(here.rows)
    assert dict(apart.notes) == dict(here.notes) != {}
    assert apart.hidden_rows == here.hidden_rows == {2}
    assert apart.hidden_columns == here.hidden_columns == {2, 3}
    assert apart.merged == here.merged == ((2, 3, 0, 1), (4, 4, 3, 3))
    assert [apart.decimals.of(4, column) for column in range(5)] == [None, None, 2, None, None]
    assert list(apart.decimals.places) == list(here.decimals.places)


REFUSED_BY_THE_SCAN = [
    *("corners of the grid", "outside the grid", "a box of empty texts", "too many rows", "too many columns"),
    *("a bomb of one text", "a text longer than a cell", "laughs", "too many merged areas", "UTF-16", "wrong checksum"),
    *("broken deflate", "sheet that is no XML", "a cell twice", "a value in CDATA", "a size that lies"),
]


@pytest.mark.parametrize("case", REFUSED_BY_THE_SCAN)
def test_it_refuses_the_same(case: str, tmp_path: Path) -> None:
    """A hostile sheet is refused with the same code, words and advice from that process as from here."""
    path = save(tmp_path, REFUSED[case][1]())
    said = []
    for limits in (APART, Limits()):
        with pytest.raises(FileError) as caught:
            open_source(path, limits=limits).read()
        said.append(caught.value.findings)
    assert said[0] == said[1]


@pytest.mark.parametrize("case", ["not deflated", "blank styled cells below the table"])
def test_odd_files_are_read_too(case: str, tmp_path: Path) -> None:
    """What does no harm is read there, too."""
    assert open_source(save(tmp_path, ODD[case]()), limits=APART).read().cell(1, 0) == 1.0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of memory for a process")
def test_its_end_is_a_refusal(tmp_path: Path) -> None:
    """A process that is ended by its limits is a file that cannot be read, not a crash of ours."""
    limits = Limits(small_sheet_bytes=0, child_memory_bytes=1024 * 1024)
    with pytest.raises(FileError, match="makes its reader fail") as caught:
        open_source(save(tmp_path, book(worksheet(ONE))), limits=limits).read()
    assert caught.value.findings[0].code == "unreadable_file"


def test_nonsense_is_answered_with_nothing() -> None:
    """A process that is asked nonsense ends; nothing of it looks like an answer."""
    with confined(program_of("etl.io.readers.scanner"), {"part": 1}, b"", Limits()) as child:
        assert child.answers.read() == b""


FACTS = SheetFacts(
    notes={
        (2, 1): CellNote(error="#N/A"),
        (9, 0): CellNote(number_format="00000"),
        (1_048_576, 16_383): CellNote(formula_without_value=True),
        (3, 1): CellNote(error="#N/A"),
    },
    hidden_rows=frozenset({7, 1}),
    hidden_columns=frozenset({200}),
    merged=((1, 2, 3, 4), (5, 5, 0, 0)),
    decimals=ShownDecimals(array("q", [16_385, 32_768]), array("b", [2, 0])),
    height=12,
    width=5,
)


def _sent(facts: SheetFacts) -> bytes:
    stream = io.BytesIO()
    send_facts(stream, facts)
    return stream.getvalue()


def test_facts_survive_the_way() -> None:
    """What was found comes back as it went, and so does a sheet with nothing beside its values."""
    for facts in (FACTS, SheetFacts()):
        found = receive_facts(io.BytesIO(_sent(facts)), Limits())
        assert (dict(found.notes), found.hidden_rows, found.hidden_columns) == (
            dict(facts.notes),
            facts.hidden_rows,
            facts.hidden_columns,
        )
        assert (found.merged, found.height, found.width) == (facts.merged, facts.height, facts.width)
        assert list(found.decimals.places) == list(facts.decimals.places)
        assert list(found.decimals.counts) == list(facts.decimals.counts)


@pytest.mark.parametrize("hint", [None, text("Delete column {column}.", column="XFD")])
def test_refusals_survive_the_way(hint: Text | None) -> None:
    """A refusal comes back with its code, its words, and its advice if it has one."""
    refusal = hostile(text("{where} is no good", where=text("cell {cell}", cell="A1")), hint)
    stream = io.BytesIO()
    send_refusal(stream, refusal)
    stream.seek(0)
    with pytest.raises(Refusal) as caught:
        receive_facts(stream, Limits())
    assert (caught.value.code, caught.value.problem, caught.value.hint) == (refusal.code, refusal.problem, refusal.hint)


def _nonsense() -> list[bytes]:
    head, _, rest = _sent(FACTS).partition(b"\n")
    described = json.loads(head)
    sizes = described["sizes"]
    heads = [
        {},
        {**described, "height": "x"},
        {**described, "sizes": [2**40, *sizes[1:]]},
        {**described, "sizes": sizes[:-1]},
        {**described, "sizes": [*sizes[:3], sizes[3] - 8, sizes[4] + 8, *sizes[5:-2], sizes[-2] + 1, sizes[-1] - 1]},
        {"code": "accepted", "problem": {"msgid": "x"}, "hint": None},
        {"code": "hostile_file", "problem": "x", "hint": None},
        {"code": "hostile_file", "problem": {"msgid": "{cell}"}, "hint": None},
    ]
    return [b"", b"[]\n", head + b"\n" + rest[:-1], *(json.dumps(one).encode() + b"\n" + rest for one in heads)]


@pytest.mark.parametrize("octets", _nonsense())
def test_answers_that_make_no_sense(octets: bytes) -> None:
    """An answer that is cut short or is none never becomes facts, nor a refusal with a code of its own."""
    with pytest.raises(BrokenAnswerError):
        receive_facts(io.BytesIO(octets), Limits())
