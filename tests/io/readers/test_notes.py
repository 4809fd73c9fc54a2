"""What values do not tell: errors, formulas never calculated, formats, hidden rows (reliability.md XLS-5, XLS-6)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from etl.io.readers import open_source
from etl.io.readers.answers import Cells
from etl.io.readers.child import encode_column
from etl.io.readers.frames import Frame, pack_column
from etl.io.readers.limits import DEFAULT_LIMITS
from etl.io.readers.number_formats import shown_decimals, telling_format
from etl.io.readers.refusal import Refusal
from etl.io.readers.sheet_facts import SheetFacts, SheetTally
from etl.io.readers.sheet_parse import parse_sheet
from etl.io.readers.sheet_scan import scan_plain, scan_sheet
from etl.io.readers.xlsx import _emptied
from etl.io.readers.xml_parts import guard
from etl.model import CellNote, column_letter
from tests.io.readers.books import MAIN, book, save, worksheet
from tests.io.readers.hostile_files import cells

PREFIXED = '<x:sheetData><x:row r="1"><x:c r="A1" t="e"><x:v>#N/A</x:v></x:c></x:row></x:sheetData>'
FORMATS = {1: "0%", 2: "00000", 1234: "0000"}
DECIMALS = {3: 2, 4: 0, 12: 3}


def both_ways(xml: str) -> SheetFacts:
    """Return the facts of a worksheet, after checking that the quick scan and the slow parse agree."""
    octets = xml.encode()
    quick = scan_sheet("sheet", lambda: [octets], FORMATS, DEFAULT_LIMITS, DECIMALS)
    assert parse_sheet("sheet", [octets], SheetTally(FORMATS, DEFAULT_LIMITS, DECIMALS)) == quick
    pieces = [octets[at : at + 37] for at in range(0, len(octets), 37)]
    assert scan_sheet("sheet", lambda: pieces, FORMATS, DEFAULT_LIMITS, DECIMALS) == quick
    return quick


@pytest.mark.parametrize("words", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!"])
def test_error_cells_are_noted_and_none(words: str, tmp_path: Path) -> None:
    """An error in a cell is never read as blank: its value is None and a note has its words."""
    data = book(
        worksheet(f'<row r="3"><c r="B3" t="e"><v>{words}</v></c><c r="C3" t="e"><f>X()</f><v>{words}</v></c></row>')
    )
    sheet = open_source(save(tmp_path, data)).read()
    assert sheet.cell(3, 1) is None
    assert {place: note.error for place, note in sheet.notes.items()} == {(3, 1): words, (3, 2): words}


def test_texts_that_look_like_errors_are_texts(tmp_path: Path) -> None:
    """A text #N/A that somebody typed is a text."""
    data = book(
        worksheet(
            '<row r="1"><c r="A1" t="str"><v>#N/A</v></c><c r="B1" t="inlineStr"><is><t>t="e" #N/A</t></is></c></row>'
        )
    )
    sheet = open_source(save(tmp_path, data)).read()
    assert list(sheet.rows) == [("#N/A", 't="e" #N/A')]
    assert sheet.notes == {}


@pytest.mark.parametrize(
    ("cell", "noted"),
    [
        ("<c r='A1'><f>B1*2</f></c>", True),
        ('<c r="A1"><f>B1*2</f></c>', True),
        ('<c r="A1"><f>B1*2</f><v></v></c>', True),
        ('<c r="A1"><f>B1*2</f><v/></c>', True),
        ('<c r="A1"><f>B1*2</f><v /></c>', True),
        ('<c r="A1"><f t="shared" si="0"/></c>', True),
        ('<c r="A1" t="str"><f>B1</f></c>', True),
        ('<c r="A1"><f>B1*2</f><v>4</v></c>', False),
        ('<c r="A1" t="str"><f>""</f><v></v></c>', False),
        ('<c r="A1" s="1"/>', False),
    ],
)
def test_formulas_without_value(cell: str, *, noted: bool) -> None:
    """A formula that was never calculated is noted; one that answered an empty text is blank."""
    facts = both_ways(worksheet(f'<row r="1">{cell}<c r="C1"><v>1</v></c></row>'))
    assert facts.notes == ({(1, 0): CellNote(formula_without_value=True)} if noted else {})


def test_formats_are_noted_on_numbers_only() -> None:
    """Percent and zero-padded formats are noted on numbers, in any order of the attributes, and on nothing else."""
    row = (
        '<row r="1" s="1" customFormat="1"><c r="A1" s="1"><v>0.21</v></c><c r="B1" s="2" t="n"><v>7</v></c>'
        '<c r="C1" t="s" s="2"><v>0</v></c><c r="D1" s="2"/><c r="E1" s="3"><v>45000</v></c>'
        '<c r="F1"><v>5</v></c><c r="G1" t="n" s="1"><v>1</v></c></row>'
    )
    facts = both_ways(worksheet(row))
    assert {place: note.number_format for place, note in facts.notes.items()} == {
        (1, 0): "0%",
        (1, 1): "00000",
        (1, 6): "0%",
    }


def test_hidden_rows() -> None:
    """Rows hidden by hand or by a filter are told, however the attribute is written."""
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="2" hidden="1"><c r="A2"><v>1</v></c></row>'
        '<row r="4" spans="1:1" hidden="true" ht="0"><c r="A4"><v>1</v></c></row>'
        '<row r="5" hidden="0"><c r="A5"><v>1</v></c></row>'
    )
    assert both_ways(worksheet(rows)).hidden_rows == {2, 4}


def test_hidden_columns_and_merges() -> None:
    """Hidden columns stop at the limit of columns; merged areas are taken from behind the rows."""
    before = (
        '<cols><col min="1" max="1" width="3"/><col min="3" max="4" hidden="1"/>'
        '<col min="250" max="16384" hidden="true"/></cols>'
    )
    after = '<mergeCells count="2"><mergeCell ref="B1:C2"/><mergeCell ref="A5:A9"/></mergeCells>'
    facts = both_ways(worksheet('<row r="1"><c r="A1"><v>1</v></c></row>', before=before, after=after))
    assert facts.hidden_columns == {2, 3, *range(249, 256)}
    assert facts.merged == ((1, 2, 1, 2), (5, 9, 0, 0))


@pytest.mark.parametrize(
    "xml",
    [
        f'<?xml version="1.0"?>\n<worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
        f'<x:worksheet xmlns:x="{MAIN}">{PREFIXED}</x:worksheet>',
        worksheet('<row\n r="1"><c\tt="e" r="A1"><v>#N/A</v></c></row>'),
        worksheet("<row r='1'><c r='A1' t='e'><v>#N/A</v></c></row>"),
        worksheet('<row r="1"><c r="A1" t = "e"><v>#N/A</v></c></row>'),
        worksheet('<row><c t="e"><v>#N/A</v></c></row>'),
        worksheet('<row r="1"><!-- a remark --><c r="a1" t="e"><v>#N/A</v></c></row>'),
        worksheet('<row r="1"><c r="A1" t="inlineStr"><is><r><rPr><sz val="9"/></rPr><t>a</t></r></is></c></row>'),
    ],
)
def test_other_ways_to_write_the_same(xml: str) -> None:
    """XML that Excel does not write, but may, is understood alike: prefixes, other quotes, spaces, no references."""
    facts = both_ways(xml)
    expected = {(1, 0): CellNote(error="#N/A")} if "#N/A" in xml else {}
    assert facts.notes == expected


@pytest.mark.parametrize(
    ("code", "telling"),
    [
        ("0%", True),
        ("0.00%", True),
        ("00000", True),
        ("000-000", True),
        ('"ART-"0000', True),
        ("00000;-00000", True),
        ("0", False),
        ("0.00", False),
        ("#,##0.00", False),
        ("#.##0,00", False),
        ("$ #,##0.000", False),
        ("0.00E+00", False),
        ("dd/mm/yyyy", False),
        ("mm:ss.00", False),
        ("[hh]:mm:ss", False),
        ('0.0"%"', False),
        ('0" kg 00"', False),
        ("General", False),
        ("@", False),
    ],
)
def test_formats_that_tell(code: str, *, telling: bool) -> None:
    """Only percentages and zero-padded integers change what a number means."""
    assert telling_format(164, code) == (code if telling else None)


@pytest.mark.parametrize(
    ("code", "decimals"),
    [
        ("0.00", 2), ("#,##0.000", 3), ("[$$-540A]#,##0.00", 2), ('"$" #,##0.00;[Red]-#,##0.00', 2), ("0", 0),
        ('_-"$"* #,##0.00_-;-"$"* #,##0.00_-', 2), ("0.0##", 3), ("General", None), ("@", None), ("0%", None),
        ("#,##0,", None), ("# ?/?", None), ("0.00E+00", None), ("dd/mm/yyyy", None), ("#.##0,00", None),
    ],
)  # fmt: skip
def test_decimals_that_a_format_shows(code: str, decimals: int | None) -> None:
    """Formats of plain numbers and prices say how many decimals are seen; others say nothing."""
    assert shown_decimals(164, code) == decimals


def test_built_in_decimals() -> None:
    """Excel's own number formats need no declaration either."""
    assert [shown_decimals(number, None) for number in (0, 1, 2, 3, 4, 9, 14, 44)] == [None, 0, 2, 0, 2, None, None, 2]


def test_how_many_decimals_a_cell_shows() -> None:
    """A number in a cell with a format of fixed decimals shows so many; texts, errors and blank cells show none."""
    styled = '<c r="{place}" s="3"><v>1.2345</v></c>'
    row = "".join(styled.format(place=f"{letters}7") for letters in ("B", "Z", "AA"))
    others = (
        '<c r="AB7" s="3" t="s"><v>0</v></c><c r="AC7" s="3"/><c r="AD7"><v>1</v></c><c r="AE7" s="12"><v>1</v></c>'
    )
    found = both_ways(worksheet(f'<row r="7">{row}{others}</row>')).decimals
    assert [found.of(7, column) for column in (1, 25, 26, 27, 28, 29, 30, 0)] == [
        2,
        2,
        2,
        None,
        None,
        None,
        3,
        None,
    ]
    assert found.of(8, 1) is None


def test_built_in_formats() -> None:
    """Excel's own percent formats need no declaration."""
    assert [telling_format(number, None) for number in (0, 1, 2, 9, 10, 11, 14)] == [
        None,
        None,
        None,
        "0%",
        "0.00%",
        None,
        None,
    ]


def _random_sheet(random_: random.Random) -> str:
    """Return a worksheet in the plain form with cells of every kind."""
    rows = []
    for row in sorted(random_.sample(range(1, 400), 40)):
        cells = []
        for column in sorted(random_.sample(range(40), random_.randint(0, 9))):
            place = f"{column_letter(column)}{row}"
            style = random_.choice(["", "", ' s="1"', ' s="2"', ' s="3"', ' s="4"', ' s="12"', ' s="1234"'])
            cells.append(random_.choice(_KINDS).format(place=place, style=style))
        hidden = random_.choice(["", "", "", ' hidden="1"', ' hidden="0"', ' spans="1:9" ht="0"'])
        rows.append(f'<row r="{row}"{hidden}>{"".join(cells)}</row>' if cells else f'<row r="{row}"{hidden}/>')
    return worksheet("".join(rows))


_KINDS = (
    '<c r="{place}"{style}><v>12.5</v></c>',
    '<c r="{place}"{style} t="n"><v>0</v></c>',
    '<c r="{place}"{style}/>',
    '<c r="{place}"{style}></c>',
    '<c r="{place}"{style} t="s"><v>3</v></c>',
    '<c r="{place}"{style} t="e"><v>#REF!</v></c>',
    '<c r="{place}"{style} t="b"><v>1</v></c>',
    '<c r="{place}"{style}><f>A1+1</f></c>',
    '<c r="{place}"{style}><f>A1+1</f><v>7</v></c>',
    '<c r="{place}"{style}><f>A1+1</f><v/></c>',
    '<c r="{place}"{style} t="str"><f>A1</f><v></v></c>',
    '<c r="{place}"{style} t="str"><f>A1</f><v>#texto</v></c>',
    '<c r="{place}"{style} t="inlineStr"><is><t>hidden="1" s="1"</t></is></c>',
    '<c r="{place}"{style} t="e"><f>1/0</f><v>#DIV/0!</v></c>',
)


@pytest.mark.parametrize("seed", range(40))
def test_the_scan_finds_what_the_parse_finds(seed: int) -> None:
    """The quick scan and the slow parse are twins: on random sheets they find the same facts."""
    octets = _random_sheet(random.Random(seed)).encode()
    facts = scan_plain([octets], SheetTally(FORMATS, DEFAULT_LIMITS, DECIMALS))
    assert facts == parse_sheet("sheet", [octets], SheetTally(FORMATS, DEFAULT_LIMITS, DECIMALS))
    assert facts.notes
    assert len(facts.decimals.places) == len(facts.decimals.counts) > 3


UNORDERED = {
    "twice": cells("A1", "A1"),
    "back": cells("B1", "A1"),
    "rows back": cells("A5", "A2"),
    "again": cells("A1") * 2,
}


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("case", ["twice", "back", "rows back", "again"])
def test_cells_out_of_order(case: str, prefix: str) -> None:
    """Cells and rows that stand twice or out of order are refused by the scan, across its blocks, and by the parse."""
    octets = worksheet(UNORDERED[case], before=" " * 5000).encode()
    if prefix:
        octets = (
            octets.replace(b"</", b"</x:")
            .replace(b"<", b"<x:")
            .replace(b"<x:/x:", b"</x:")
            .replace(b"xmlns=", b"xmlns:x=")
        )
    for pieces in ([octets], [octets[at : at + 20] for at in range(0, len(octets), 20)]):
        with pytest.raises(Refusal, match="out of order"):
            scan_plain(pieces, SheetTally(FORMATS, DEFAULT_LIMITS))
        with pytest.raises(Refusal, match="out of order"):
            parse_sheet("sheet", pieces, SheetTally(FORMATS, DEFAULT_LIMITS))


@pytest.mark.parametrize(
    "tag", ['<c r="{place}" t="str"><v></v></c>', '<c r="{place}" t="inlineStr"><is><t/></is></c>']
)
def test_the_box_is_limited_before_any_parser(tag: str) -> None:
    """A box of empty texts, which would fill the parser's memory, is refused by the scan and by the parse."""
    octets = worksheet(cells("A1") + cells("Z900000", tag=tag)).encode()
    with pytest.raises(Refusal, match="Z900000"):
        scan_plain([octets], SheetTally(FORMATS, DEFAULT_LIMITS))
    if "inlineStr" not in tag:
        with pytest.raises(Refusal, match="Z900000"):
            parse_sheet("sheet", [octets], SheetTally(FORMATS, DEFAULT_LIMITS))


def test_letters_of_either_case() -> None:
    """A reference in small letters is understood, in part or as a whole."""
    for reference in ("AB1", "Ab1", "aB1", "ab1"):
        facts = both_ways(worksheet(f'<row r="1"><c r="{reference}" t="e"><v>#N/A</v></c></row>'))
        assert list(facts.notes) == [(1, 27)]


def test_a_prefix_is_taken_off_across_blocks() -> None:
    """A long sheet with a prefix on every element is scanned in the plain form, wherever its blocks end."""
    rows = cells(
        *(f"{column}{row}" for row in range(1, 200) for column in "ABC"), tag='<c r="{place}" s="2"><v>7</v></c>'
    )
    octets = (
        worksheet(rows)
        .replace("</", "</x:")
        .replace("<", "<x:")
        .replace("<x:/x:", "</x:")
        .replace("xmlns=", "xmlns:x=")
    )
    for size in (1, 33, 5000):
        pieces = [octets[at : at + size].encode() for at in range(0, len(octets), size)]
        assert len(scan_plain(pieces, SheetTally(FORMATS, DEFAULT_LIMITS)).notes) == 597


def test_document_types_across_blocks() -> None:
    """A document type is seen wherever the blocks of a part end."""
    for cut in range(1, 10):
        declaration = b"<x/><!DOCTYPE x>"
        with pytest.raises(Refusal, match="document type"):
            list(guard("part", [declaration[: 4 + cut], declaration[4 + cut :]]))


def test_cells_that_are_noted_are_none() -> None:
    """The cell of an error or of a formula without value is None, whatever a parser took it for."""
    found = Cells()
    for rows in ([("a", "#N/A"), ("", "")], [(7.0, 0.0), ("", 1.0)]):
        sent = map(encode_column, zip(*rows, strict=True))
        packed = [pack_column(str(kinds), pieces, 2)[0] for (kinds, *_), pieces in sent]
        found.frames.append(Frame(1, tuple(packed), 2))
    errors = [(1, 2), (3, 2), (3, 0), (9, 9), (0, 0), (1, 7)]
    notes = {**dict.fromkeys(errors, CellNote(error="#N/A")), (3, 1): CellNote(number_format="0%")}
    found.blank(_emptied(notes))
    assert list(found.rows()) == [(None, "a"), (), (None, 7.0), (None, None, 1.0)]
    assert found.rows().columns(0, 3) == [[None] * 3, ["a", None, 7.0]]


def test_blank_rows_at_the_end_do_not_count() -> None:
    """Rows in which nothing is left are no rows of the sheet when none that holds something follows."""
    (kinds, *_), pieces = encode_column(["a", "", "b"])
    column, _ = pack_column(str(kinds), pieces, 3)
    found = Cells([Frame(0, (column,), 3)])
    found.blank([(3, 0)])
    assert list(found.rows()) == [("a",)]
    found.blank([(1, 0)])
    assert list(found.rows()) == []


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        (' s="1"', "0%"),
        (' s="2" t="n"', "00000"),
        (' t="n" s="2"', "00000"),
        (" s='2'", "00000"),
        (' s="1" cm="1"', "0%"),
        (' cm="1" s="1"', "0%"),
        (' s="1234"', "0000"),
        (' s="1234" t="n"', "0000"),
        (' s="12"', None),
        (' s="12345"', None),
        (' s="99999999999"', None),
        (' s="11"', None),
        ("", None),
        *((f' s="1" t="{kind}"', None) for kind in ("s", "str", "inlineStr", "b", "d")),
        *((f' t="{kind}" s="1"', None) for kind in ("s", "str", "inlineStr", "b", "d")),
    ],
)
def test_formats_are_seen_however_the_cell_is_written(attributes: str, code: str | None) -> None:
    """The format of a number is noted whatever the order of its cell's attributes; that of other cells is not."""
    cell = '<c r="{place}"{attributes}><v>1</v></c>'
    row = cell.format(place="A1", attributes=' s="2"') + cell.format(place="B1", attributes=attributes)
    blank = f'<row r="2"><c r="A2"{attributes}/><c r="B2" s="1"/></row>'
    notes = both_ways(worksheet(f'<row r="1">{row}</row>{blank}')).notes
    expected = {(1, 0): "00000"} if code is None else {(1, 0): "00000", (1, 1): code}
    assert {place: note.number_format for place, note in notes.items()} == expected
