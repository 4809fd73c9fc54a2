"""Every cell value survives the way into a workbook and out again through other programs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from numpy import float64

from etl.io.readers import open_source
from etl.io.workbook.cell_xml import LONGEST, cell_text, cell_xml, column_xml, error_xml, serial
from etl.io.workbook.results import write_results
from tests.io.workbook.shop import DEPOT, live_things, row, shop_report, values

ILLEGAL = "\x00\x01\x0b\x0c\x1f\ufffe\uffff\ud800\udfff"


def units(words: str) -> int:
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def test_what_xml_forbids_is_replaced_and_nothing_else() -> None:
    """Controls, non-characters and lone surrogates become U+FFFD: the file opens, and the loss can be seen."""
    assert cell_text(f"a{ILLEGAL}b") == "a" + "\ufffd" * len(ILLEGAL) + "b"
    assert cell_text("tab\tline\nreturn\r ñandú 🚂 \x85") == "tab\tline\nreturn\r ñandú 🚂 \x85"


@pytest.mark.parametrize("sign", ["x", "ñ", "🚂"])
def test_a_long_text_is_cut_with_a_mark_never_inside_a_sign(sign: str) -> None:
    """Excel holds 32,767 UTF-16 units; what is cut says so, and half a surrogate pair is never left."""
    whole = sign * (LONGEST // units(sign))
    assert cell_text(whole) == whole
    cut = cell_text(sign * LONGEST * 2)
    assert cut.endswith(f"{sign} […]")
    assert LONGEST - 2 < units(cut) <= LONGEST


TEXTS = st.text(st.sampled_from("aé_x0041 &<>\"'\u00a6=0\r\n\x01\U0001f682"), max_size=12) | st.just("z" * LONGEST)
MILD = st.text(st.sampled_from("aé \u00a6"), max_size=4)
"""Most of them stand in XML as they are."""
FLOATS = st.floats() | st.sampled_from([0.0, -0.0, 1.0, 0.1, 1e300])
NUMBERS = st.integers() | st.sampled_from([0, 1])
OTHERS = st.booleans() | st.decimals() | st.datetimes() | st.dates() | st.times() | st.timedeltas()
COLUMNS = st.one_of(
    st.lists(st.none() | st.one_of(*kinds), max_size=12)
    for kinds in (
        (TEXTS,),
        (MILD,),
        (NUMBERS, st.booleans()),
        (FLOATS,),
        (NUMBERS,),
        (FLOATS, TEXTS),
        (FLOATS, NUMBERS),
        (TEXTS, FLOATS, NUMBERS, OTHERS),
    )
)


@example(column=["a ", "b"])
@example(column=["a", " b"])
@given(column=COLUMNS)
def test_a_column_is_its_cells(column: list[object]) -> None:
    """Whatever stands in it, a stretch of a column is what its cells are one by one; what is blank is left out."""

    def style_of(value: object) -> str:
        return f' s="{len(type(value).__name__)}"'

    numbers = [str(number) for number in range(2, len(column) + 2)]
    assert list(column_xml("AB", numbers, column, style_of)) == [
        "" if value is None or value == "" else cell_xml(f"AB{number}", value, style_of(value))
        for number, value in zip(numbers, column, strict=True)
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", '<c r="B2" t="inlineStr"><is><t>a</t></is></c>'),
        ("=1+1", '<c r="B2" t="inlineStr"><is><t>=1+1</t></is></c>'),
        (" a&<b>", '<c r="B2" t="inlineStr"><is><t xml:space="preserve"> a&amp;&lt;b&gt;</t></is></c>'),
        ("a_x000D_", '<c r="B2" t="inlineStr"><is><t xml:space="preserve">a_x005F_x000D_</t></is></c>'),
        (1000.125, '<c r="B2"><v>1000.125</v></c>'),
        (float64(0.1), '<c r="B2"><v>0.1</v></c>'),
        ({"a": 1}, '<c r="B2" t="inlineStr"><is><t>{\'a\': 1}</t></is></c>'),
        (float("nan"), '<c r="B2" t="inlineStr"><is><t>nan</t></is></c>'),
        (float("inf"), '<c r="B2" t="inlineStr"><is><t>inf</t></is></c>'),
        (7, '<c r="B2"><v>7</v></c>'),
        (True, '<c r="B2" t="b"><v>1</v></c>'),
        (Decimal("1E+3"), '<c r="B2"><v>1000</v></c>'),
        (Decimal("NaN"), '<c r="B2" t="inlineStr"><is><t>NaN</t></is></c>'),
        (date(1900, 3, 1), '<c r="B2"><v>61.0</v></c>'),
        (date(1900, 2, 28), '<c r="B2" t="inlineStr"><is><t>1900-02-28</t></is></c>'),
        (time(6), '<c r="B2"><v>0.25</v></c>'),
        (timedelta(hours=36), '<c r="B2"><v>1.5</v></c>'),
        (timedelta(hours=-1), '<c r="B2" t="inlineStr"><is><t>-1 day, 23:00:00</t></is></c>'),
        (None, '<c r="B2"/>'),
    ],
)
def test_each_kind_of_value_has_its_own_form(value: object, expected: str) -> None:
    """Types are kept: a text is never a number or a formula, and what Excel cannot show as a number is a text."""
    assert cell_xml("B2", value, "") == expected


def test_an_error_is_one_that_excel_knows() -> None:
    """Newer error values would make Excel repair the file: they become #N/A."""
    assert error_xml("B2", "#REF!", ' s="1"') == '<c r="B2" s="1" t="e"><v>#REF!</v></c>'
    assert error_xml("B2", "#SPILL!", "") == '<c r="B2" t="e"><v>#N/A</v></c>'


@given(st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 31)))  # noqa: DTZ001
def test_moments_come_back_to_the_second(moment: datetime) -> None:
    """Excel's number of a day and time is the one that openpyxl reads back."""
    moment = moment.replace(microsecond=0)
    number = serial(moment)
    assert number is not None
    assert openpyxl.utils.datetime.from_excel(number) == moment


TEXTS = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(
    ["=1", "\t=1", "_x0041_", " ", "\n", "a\r\nb", "+1", "@a", "'", "''a", "http://a.b", "NA", "None", "1e5", "00123"]
)
NO_SHRINK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example is a workbook: what fails is shown whole rather than searched for minutes."""


def round_trip(texts: list[str], folder: Path) -> None:
    """Write texts into every column of text, read them with openpyxl and with our own reader."""
    expected = [cell_text(words) or None for words in texts]
    rows = [row(number, (words, words, 1.0), reasons=()) for number, words in enumerate(texts, start=4)]
    path = write_results(shop_report(rows, []), DEPOT, folder / "t.xlsx", "es", fallback=folder, replace=True).path
    read = [found[1] for found in values(path, "Filas")[1:]]
    assert [found and found.replace("_x005F_", "_") for found in read] == expected
    source = open_source(path)
    ours = [cells[1] for cells in source.read("Filas").rows[1:]]
    assert ours == expected
    assert live_things(path) == []


@settings(max_examples=5, deadline=None, phases=NO_SHRINK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=60, max_size=120))
def test_texts_round_trip(tmp_path: Path, texts: list[str]) -> None:
    """Whatever stands in a cell opens in openpyxl and comes back through our own reader as it was."""
    round_trip(texts, tmp_path)


@pytest.mark.long
@settings(max_examples=60, deadline=None, phases=NO_SHRINK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=100, max_size=200))
def test_thousands_of_texts_round_trip(tmp_path: Path, texts: list[str]) -> None:
    """The same for some 9,000 texts."""
    round_trip(texts, tmp_path)
