"""A cell is understood exactly, or it is a problem with a reason: never a guess, never another number."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import ean

from etl.core.cells import gather_evidence, read_constant, reader_of
from etl.core.code_lists import choices_by_name
from etl.core.limits import broken_limit, has_valid_check_digit, limits_of
from etl.core.numbers import decimals_of, number_of_float, rounded, written_number
from etl.core.reading import Evidence, Problem, Remarked, is_blank, padded, shown, trimmed
from etl.model import Cell, CellNote, Severity
from etl.vendors.base import Choice, Column, Kind
from tests.core.tables import column

AMOUNT = column("price", Kind.DECIMAL)
RATE = column("rate", Kind.DECIMAL, percent=True)
UNITS = column("count", Kind.INTEGER)
CODE = column("code", Kind.CODE)
WORDS = column("name", Kind.TEXT)
TAX = column(
    "tax",
    Kind.CHOICE,
    percent=True,
    choices=(
        Choice(Decimal(21), "21%"),
        Choice(Decimal("10.5"), "10,5%"),
        Choice(Decimal(0), "0%"),
        Choice(Decimal(-1), "exento", ("exenta",)),
    ),
)
FLAG = column("flag", Kind.CHOICE, choices=(Choice("S", "sí", ("si", "true", "1")), Choice("N", "no", ("false", "0"))))
PERCENT = CellNote(number_format="0.00%")


def read(declared: Column, cell: Cell, note: CellNote | None = None, evidence: Evidence | None = None) -> object:
    """Read one cell and name the code of a problem instead of showing all of it."""
    reading = reader_of(declared, evidence or Evidence())(cell, note)
    return reading.code if isinstance(reading, Problem) else reading


def column_of(declared: Column, *cells: Cell, decimal: str = "auto") -> list[object]:
    """Read cells by what they say about each other."""
    evidence = gather_evidence(set(cells), (), declared, decimal)
    return [read(declared, cell, None, evidence) for cell in cells]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("$ 1.234,50", "1234.5"),
        ("$40.00", "40"),
        (" $40.00 ", "40"),
        ("-$ 12,5", "-12.5"),
        ("$ -12,5", "-12.5"),
        ("(12,50)", "-12.5"),
        ("12-", "-12"),
        ("−7,5", "-7.5"),
        ("+3", "3"),
        ("4,79", "4.79"),
        ("0.234", "0.234"),
        ("0,234", "0.234"),
        (",5", "0.5"),
        (",00", "0"),
        ("-.0", "0"),
        ("1234.567", "1234.567"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1\u00a0234,5", "1234.5"),
        ("1\u202f234.567", "1234.567"),
        ("12\u2009345\u2009678", "12345678"),
        ("1234", "1234"),
        ("007", "7"),
        ("\ufeff12,5", "12.5"),
        ("$ 1.500,50.-", "1500.5"),
        ("$ 40.-", "40"),
        ("40,-- $", "40"),
        ("-12.-", "-12"),
    ],
)
def test_a_number_written_as_text_is_read_as_it_is_meant(written: str, number: str) -> None:
    """Signs, accounting parentheses, money, groups and spaces of every width are understood."""
    assert column_of(AMOUNT, written) == [Decimal(number)]


@pytest.mark.parametrize(
    "written",
    [
        "3 rotos",
        "12.",
        "1.23.4",
        "1.234.56",
        "0.123.456",
        "1 23",
        "12,5,5",
        "٣",
        "１２",
        "1e5",
        "NaN",
        "inf",
        "--5",
        "(5",
        "5)",
        "(-5)",
        "$5$",
        "5%",
        "U$S 12",
        "12 kg",
        "1/2",
        ".",
        "-",
        "$",
        "1" * 80,
    ],
)
def test_what_is_no_number_is_refused(written: str) -> None:
    """Only [0-9] with whole groups is a number; words, units, other digits and half groups are not."""
    assert column_of(AMOUNT, written) == ["not_a_number"]


def test_a_number_that_can_be_two_is_ambiguous_until_its_column_tells() -> None:
    """``1.234`` alone is refused; one telling cell in the column, or --decimal, settles it; cells of Excel do not."""
    assert column_of(AMOUNT, "1.234") == ["ambiguous_number"]
    assert column_of(AMOUNT, "1,234", 1.5, "12") == ["ambiguous_number", Decimal("1.5"), Decimal(12)]
    assert column_of(AMOUNT, "1.234", "4,79") == [Decimal(1234), Decimal("4.79")]
    assert column_of(AMOUNT, "1.234", "4.79") == [Decimal("1.234"), Decimal("4.79")]
    assert column_of(AMOUNT, "1.234", "1.234.567")[0] == Decimal(1234)
    assert column_of(AMOUNT, "1.234", decimal="comma") == [Decimal(1234)]
    assert column_of(AMOUNT, "1.234", decimal="point") == [Decimal("1.234")]
    assert column_of(UNITS, "1.234") == ["ambiguous_number"]
    assert column_of(UNITS, "1.234", decimal="comma") == [1234]


def test_evidence_that_disagrees_settles_nothing() -> None:
    """A column written in two ways keeps its plain cells and refuses the unclear ones."""
    assert column_of(AMOUNT, "1.234", "4,79", "4.79") == ["ambiguous_number", Decimal("4.79"), Decimal("4.79")]
    problem = reader_of(AMOUNT, gather_evidence({"1.234", "4,79", "4.79"}, (), AMOUNT))("1.234", None)
    assert isinstance(problem, Problem)
    assert "both ways (“4,79”, “4.79”)" in str(problem.message)


def test_one_slip_does_not_settle_hundreds_of_numbers() -> None:
    """12.50 among hundreds of es-AR prices without cents would make each a thousandth: they stay unclear."""
    prices = [f"{number}.500" for number in range(1, 201)]
    read_as = column_of(AMOUNT, *prices, "12.50")
    assert read_as == ["ambiguous_number"] * 200 + [Decimal("12.5")]
    problem = reader_of(AMOUNT, gather_evidence({*prices, "12.50"}, (), AMOUNT))("1.500", None)
    assert isinstance(problem, Problem)
    assert "“12.50” alone does not tell" in str(problem.message)
    assert column_of(AMOUNT, *prices, "12,50")[0] == Decimal(1500)  # another sign: both have their own meaning
    assert column_of(AMOUNT, *prices[:20], "12.50")[0] == Decimal("1.5")


def test_the_stated_mark_is_the_last_word() -> None:
    """With --decimal a text that is written the other way is refused, not read some other way."""
    assert column_of(AMOUNT, "4,79", "4.79", decimal="comma") == [Decimal("4.79"), "not_a_number"]
    assert column_of(AMOUNT, "1,234.5", decimal="comma") == ["not_a_number"]


def test_the_ambiguous_number_names_both_readings_and_both_options() -> None:
    """The person sees what stands there, what it can be, and what to type."""
    problem = reader_of(AMOUNT)("1.234", None)
    assert isinstance(problem, Problem)
    assert str(problem.message) == "“1.234” can be 1234 or 1.234, and nothing else in this column tells which"
    assert "--decimal comma (it is then 1234)" in str(problem.hint)
    assert "--decimal point (it is then 1.234)" in str(problem.hint)


LOCALES = {"es-AR": (".", ","), "es-CL": (".", ","), "es-MX": (",", "."), "en-US": (",", "."), "fr": ("\u202f", ",")}


def render(number: Decimal, locale: str, style: int) -> str:
    """Write a number as a spreadsheet of that locale does, with or without groups, money and signs after."""
    group, mark = LOCALES[locale]
    digits = f"{abs(number):,f}" if style & 1 else f"{abs(number):f}"
    digits = digits.translate({ord(","): group, ord("."): mark})
    if style & 2:
        digits = f"$ {digits}"
    if number >= 0:
        return digits
    return (f"-{digits}", f"({digits})", f"{digits}-")[style >> 2]


@settings(deadline=None)
@given(
    numbers=st.lists(st.decimals(-(10**9), 10**9, places=3), min_size=1, max_size=8),
    places=st.integers(0, 3),
    locale=st.sampled_from(sorted(LOCALES)),
    style=st.integers(0, 11),
)
def test_no_rendering_is_ever_read_as_ten_a_hundred_or_a_thousand_times_the_number(
    numbers: list[Decimal], places: int, locale: str, style: int
) -> None:
    """Whatever a locale writes comes back exact or is called ambiguous; with the mark stated it comes back exact."""
    numbers = [rounded(number, places).quantize(Decimal(1).scaleb(-places)) for number in numbers]
    texts = [render(number, locale, style) for number in numbers]
    for number, reading in zip(numbers, column_of(AMOUNT, *texts), strict=True):
        assert reading in (number, "ambiguous_number")
    stated = "comma" if LOCALES[locale][1] == "," else "point"
    assert column_of(AMOUNT, *texts, decimal=stated) == numbers


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e14, max_value=1e14))
def test_a_numeric_cell_is_never_ambiguous_and_keeps_excels_digits(number: float) -> None:
    """Excel's own numbers are read with its 15 significant digits, never through a text with marks."""
    assert read(AMOUNT, number) == Decimal(f"{number:.15g}")


def test_numbers_of_excel() -> None:
    """Binary noise goes, whole numbers have no point, and what cannot be a number or is not exact is refused."""
    assert read(AMOUNT, 1707.1768000000002) == Decimal("1707.1768")
    assert str(read(AMOUNT, 1000.0)) == "1000"
    assert str(read(AMOUNT, 1000.125)) == "1000.125"
    assert str(read(AMOUNT, -0.0)) == "0"
    assert read(UNITS, 12.0) == 12
    assert read(UNITS, 12.5) == "not_an_integer"
    assert read(UNITS, "12,00") == 12
    assert read(AMOUNT, 1e15) == "out_of_range"
    assert read(AMOUNT, "9" * 16) == "out_of_range"
    for cell in (float("nan"), float("inf"), True, datetime(2026, 5, 12, tzinfo=UTC), date(2026, 5, 12), time(8)):
        assert read(AMOUNT, cell) == "not_a_number"


def test_percentages_are_read_where_rates_stand_and_refused_elsewhere() -> None:
    """``21%`` and Excel's percent cell 0.21 are 21 in a rate; in a price a percent cell is a question."""
    assert read(RATE, "8,5%") == Decimal("8.5")
    assert read(RATE, 0.085, PERCENT) == Decimal("8.5")
    assert read(RATE, 0.07, PERCENT) == Decimal(7)
    assert read(RATE, 8.5) == Decimal("8.5")
    assert read(AMOUNT, 0.21, PERCENT) == "ambiguous_number"
    assert read(AMOUNT, 0.21, CellNote(number_format='0.00"%"')) == Decimal("0.21")
    assert read(UNITS, "$ 12") == "not_a_number"


@pytest.mark.parametrize(
    ("cell", "note", "value"),
    [
        ("21%", None, Decimal(21)),
        ("21 %", None, Decimal(21)),
        (21.0, None, Decimal(21)),
        (0.21, PERCENT, Decimal(21)),
        (0.105, PERCENT, Decimal("10.5")),
        ("10,5", None, Decimal("10.5")),
        ("10.50", None, Decimal("10.5")),
        ("10,500", None, Decimal("10.5")),
        ("0", None, Decimal(0)),
        (0.0, PERCENT, Decimal(0)),
        ("Exento", None, Decimal(-1)),
        ("EXENTA ", None, Decimal(-1)),
        ("-1", None, Decimal(-1)),
        (-1.0, None, Decimal(-1)),
        (0.21, None, "not_allowed"),
        ("0,21", None, "not_allowed"),
        ("-1%", None, "not_allowed"),
        (-0.01, PERCENT, "not_allowed"),
        ("1", None, "not_allowed"),
        ("1%", None, "not_allowed"),
        ("105", None, "not_allowed"),
        ("-21", None, "not_allowed"),
        ("2.1", None, "not_allowed"),
        ("$21", None, "not_allowed"),
        (True, None, "not_allowed"),
        (float("nan"), None, "not_allowed"),
        (22.0, None, "not_allowed"),
        (date(2026, 1, 2), None, "not_allowed"),
        ("", None, None),
        ("  \u00a0", None, None),
    ],
)
def test_a_rate_is_one_of_the_list_however_it_is_written(cell: Cell, note: CellNote | None, value: object) -> None:
    """The list settles commas and percent signs; 0.21 without a percent format is a finding, never a guess."""
    assert read(TAX, cell, note) == value


def test_a_share_where_a_rate_belongs_is_told_what_to_write() -> None:
    """A plain 0.21 is refused with the rate that is probably meant."""
    problem = reader_of(TAX)(0.21, None)
    assert isinstance(problem, Problem)
    assert "write 21 or 21%" in str(problem.hint)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("S", "S"),
        ("sí", "S"),
        ("SI", "S"),
        (" no ", "N"),
        (1.0, "S"),
        ("0", "N"),
        (True, "S"),
        (False, "N"),
        ("x", "not_allowed"),
        ("quizás", "not_allowed"),
        (2.0, "not_allowed"),
        (0.5, "not_allowed"),
    ],
)
def test_flags_are_understood_when_they_are_plain(cell: Cell, value: object) -> None:
    """Yes and no in the usual ways; anything else is not allowed."""
    assert read(FLAG, cell) == value


def test_a_number_is_never_taken_for_a_code_with_the_same_digits() -> None:
    """``1.5`` is not the code 15, ``-7`` is not 7: the digits of a code stand alone."""
    units = column("unit", Kind.CHOICE, choices=(Choice("7", "unidades", ("07",)), Choice("15", "milimetros")))
    assert [read(units, cell) for cell in ("7", "07", 7.0, 15.0, "unidades.")] == ["7", "7", "7", "15", "7"]
    for cell in ("1.5", "0.7", "-7", "7%", "$7", "７", 1.5, -7.0):
        assert read(units, cell) == "not_allowed"


def test_a_near_miss_in_a_code_list_is_told_the_nearest_code() -> None:
    """A misspelt "Exentoo" is refused, and the message asks whether the exempt rate is meant."""
    problem = reader_of(TAX)("Exentoo", None)
    assert isinstance(problem, Problem)
    assert "-1 (exento)" in str(problem.hint)


def test_two_choices_never_share_a_name() -> None:
    """A code list that could be read in two ways is a mistake of its declaration and is refused at once."""
    clash = column("unit", Kind.CHOICE, choices=(Choice("1", "kilo"), Choice("2", "litro", ("KILO.",))))
    with pytest.raises(ValueError, match="kilo"):
        choices_by_name(clash)


@pytest.mark.parametrize(
    ("cell", "note", "value"),
    [
        ("00123", None, "00123"),
        (123.0, None, "123"),
        (7791234567898.0, None, "7791234567898"),
        (123.0, CellNote(number_format="00000"), "00123"),
        (1234567.0, CellNote(number_format="000-0000"), "123-4567"),
        (12.0, CellNote(number_format='"A"000'), "A012"),
        (12.0, CellNote(number_format="0%"), "12"),
        ("NA", None, "NA"),
        ("null", None, "null"),
        ("877562E000", None, "877562E000"),
        ("12E4", None, "12E4"),
        ("5E10", None, "5E10"),
        ("123.0", None, "123.0"),
        ("7,79E+12", None, "precision_lost"),
        ("7.79e+12", None, "precision_lost"),
        ("8,66E12", None, "precision_lost"),
        ("8E+12", None, "precision_lost"),
        (1e15, None, "precision_lost"),
        (177.5, None, "precision_lost"),
        (float("inf"), None, "precision_lost"),
        (datetime(2026, 4, 3, tzinfo=UTC), None, "precision_lost"),
        (12.0, CellNote(number_format="000.00"), "ambiguous_code"),
        (True, None, "not_text"),
    ],
)
def test_a_code_stays_what_it_is_or_is_called_spoilt(cell: Cell, note: CellNote | None, value: object) -> None:
    """Zeros stay, also those of the number format; 123.0 is 123; what Excel has shortened or dated is refused."""
    assert read(CODE, cell, note) == value


def test_numbers_among_zero_padded_codes_are_ambiguous() -> None:
    """102 among ``0102.1`` and ``01916.8`` may have lost its zeros; a number as long as the longest has not."""
    assert column_of(CODE, "01916.8", 102.0, 12345.0) == ["01916.8", "ambiguous_code", "12345"]
    assert column_of(CODE, "A-7", 102.0) == ["A-7", "102"]
    problem = reader_of(CODE, gather_evidence({"01916.8", "0102.1", 102.0}, (), CODE))(102.0, None)
    assert isinstance(problem, Problem)
    assert "such as 01916…" in str(problem.message)
    assert "102 or 0102" in str(problem.hint)
    assert column_of(CODE, "0", 102.0) == ["0", "102"]
    formatted = gather_evidence({5.0, 7.0}, [(5.0, CellNote(number_format="0000"))], CODE)
    assert read(CODE, 7.0, None, formatted) == "ambiguous_code"


def test_a_whole_bar_code_among_padded_ones_is_not_ambiguous() -> None:
    """An EAN-8 stored as a number is a bar code of its own length, not a shortened longer one."""
    barcode = column("ean", Kind.CODE, barcode=True)
    assert column_of(barcode, "012345678905", 96385074.0, 9638507.0) == ["012345678905", "96385074", "ambiguous_code"]


def test_spaces_that_are_taken_from_a_key_are_said() -> None:
    """Invisible signs in a code are removed; where the code is the key the person is told."""
    for raw, code in ((" AB1 ", "AB1"), ("AB\u00a01", "AB 1"), ("\ufeffAB1", "AB1"), ("A\tB", "A B"), ("A\nB", "A B")):
        reading = reader_of(CODE, is_key=True)(raw, None)
        assert isinstance(reading, Remarked)
        assert (reading.value, reading.remark.code, reading.remark.severity) == (code, "trimmed", Severity.WARNING)
    assert reader_of(CODE, is_key=True)("AB  1", None) == "AB  1"
    assert reader_of(CODE)(" AB1 ", None) == "AB1"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('="00123"', "00123"),
        ("'00123", "00123"),
        ('=""00123""', "00123"),
        ('="a""b"', 'a"b'),
        ("'-7", "-7"),
        (' ="A1" ', "A1"),
    ],
)
def test_what_keeps_excel_from_changing_a_code_is_no_part_of_it(raw: str, code: str) -> None:
    """Programs write ="00123" or '00123 into a CSV: the code is 00123, and where it is a key that is said."""
    found = reader_of(CODE, is_key=True)(raw, None)
    assert isinstance(found, Remarked)
    assert (found.value, found.remark.code, found.remark.severity) == (code, "trimmed", Severity.WARNING)
    assert "mark it as a text" in str(found.remark.message)


@pytest.mark.parametrize("raw", ["A'10", '"A9"', "=00123", '="A', "´1"])
def test_other_quotes_belong_to_the_code(raw: str) -> None:
    """Only whole wrappings are taken away."""
    assert reader_of(CODE, is_key=True)(raw, None) == raw


def test_wrapped_numbers_choices_and_texts_are_read_as_what_they_wrap() -> None:
    """A wrapping changes no value, in no kind of column, and wrapped numbers are evidence like others."""
    assert column_of(AMOUNT, '="1,5"', "'1.234") == [Decimal("1.5"), Decimal(1234)]
    assert read(TAX, "'21") == Decimal(21)
    assert read(WORDS, '="Tren"') == "Tren"
    assert read(WORDS, "'-10% de descuento") == "-10% de descuento"
    assert read(WORDS, "'68 Special") == "'68 Special"
    assert column_of(CODE, '="00123"', 45.0)[1] == "ambiguous_code"


def test_text_is_kept_and_never_taken_for_nothing() -> None:
    """NA, null and None are names; a number becomes the text that is seen; dates and logical values are findings."""
    for name in ("NA", "null", "None", "nan", "#N/A", "=1+1", "1.234"):
        assert read(WORDS, name) == name
    assert read(WORDS, "dos\nrenglones") == "dos\nrenglones"
    assert read(WORDS, "e\u0301") == "é"
    assert read(WORDS, 500.0) == "500"
    number = reader_of(WORDS)(12.5, None)
    assert isinstance(number, Remarked)
    assert number.value == "12.5"
    assert read(WORDS, 1e20) == "precision_lost"
    assert read(WORDS, date(2026, 4, 3)) == "precision_lost"
    assert read(WORDS, False) == "not_text"


@pytest.mark.parametrize("declared", [AMOUNT, UNITS, CODE, WORDS, TAX, FLAG], ids=lambda declared: declared.name)
def test_a_cell_that_lies_is_never_blank(declared: Column) -> None:
    """#N/A and a formula that was never calculated have findings of their own; a blank cell has none."""
    assert read(declared, None, CellNote(error="#N/A")) == "error_cell"
    assert read(declared, None, CellNote(formula_without_value=True)) == "formula_without_value"
    assert read(declared, None) is None
    assert read(declared, " \u00a0\ufeff") is None


def test_moments_are_read_in_their_zone() -> None:
    """An ISO text with its offset is a moment; one without is in the zone that holds; a word is none."""
    moment = column("until", Kind.DATETIME)
    assert read(moment, "2026-03-31T18:00:00-03:00") == datetime.fromisoformat("2026-03-31T18:00:00-03:00")
    assert read(moment, "2026-03-31T18:00:00") == datetime.fromisoformat("2026-03-31T18:00:00-03:00")
    assert read(moment, "mañana") == "not_a_date"
    assert read(moment, "") is None


def test_values_given_with_set_are_read_like_cells() -> None:
    """--set goes through the same readers, and only a stated mark settles an unclear number."""
    assert read_constant("Exento", TAX) == Decimal(-1)
    assert read_constant("12,5", AMOUNT) == Decimal("12.5")
    unclear = read_constant("1.234", AMOUNT)
    assert isinstance(unclear, Problem)
    assert unclear.code == "ambiguous_number"
    assert read_constant("1.234", AMOUNT, "comma") == Decimal(1234)


@settings(deadline=None)
@given(st.text(max_size=40) | st.floats() | st.booleans() | st.datetimes() | st.dates() | st.times() | st.none())
def test_reading_never_raises(cell: Cell) -> None:
    """Any cell is a value, a problem or blank, in every kind of column."""
    for declared in (AMOUNT, RATE, UNITS, CODE, WORDS, TAX, FLAG, column("until", Kind.DATETIME)):
        evidence = gather_evidence({cell}, (), declared)
        for note in (None, PERCENT, CellNote(number_format="00000")):
            reading = reader_of(declared, evidence, is_key=True)(cell, note)
            if reading is None:
                assert is_blank(cell)


@settings(deadline=None)
@given(st.text())
def test_written_numbers_of_any_text_never_raise(raw: str) -> None:
    """A text is a number or it is none; the pattern is bounded by its length."""
    written = written_number(raw)
    assert written is None or written.readings


def test_a_long_text_is_refused_at_once() -> None:
    """Thirty thousand spaces between two digits cost nothing: no pattern is tried on them."""
    assert written_number("1" + " " * 30_000 + "x") is None


@settings(deadline=None)
@given(st.decimals(-(10**12), 10**12, places=6), st.integers(0, 5))
def test_rounding_is_half_even_and_lossless_below(number: Decimal, places: int) -> None:
    """At most so many decimals stay, by at most half a unit of the last one; without need nothing changes."""
    result = rounded(number, places)
    assert decimals_of(result) <= places
    assert abs(result - number) <= Decimal("0.5").scaleb(-places)
    if decimals_of(number.normalize()) <= places:
        assert result == number


def test_rounding_ties_go_to_the_even_digit() -> None:
    """Half a unit is rounded as the vendor rounds: to even."""
    assert [rounded(Decimal(tie), 3) for tie in ("0.0005", "0.0015", "2.0025", "-0.0015")] == [
        Decimal(0),
        Decimal("0.002"),
        Decimal("2.002"),
        Decimal("-0.002"),
    ]
    assert number_of_float(0.0005) == Decimal("0.0005")


@settings(deadline=None)
@given(st.sampled_from((7, 11, 12, 13)).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size)))
def test_check_digits_agree_with_another_implementation(payload: str) -> None:
    """Our sum over EAN-8, UPC, EAN-13 and GTIN-14 says what python-stdnum says."""
    for digit in "0123456789":
        assert has_valid_check_digit(payload + digit) == ean.is_valid(payload + digit)


def test_limits_follow_from_the_declaration_alone() -> None:
    """A column without limits has none; each declared one brings exactly its own code."""
    assert limits_of(column("free")) == ()
    strict = column(
        "x", Kind.DECIMAL, max_length=3, max_decimals=1, minimum=Decimal(0), above_minimum=True, barcode=True
    )
    assert [limit.code for limit in limits_of(strict)] == [
        "too_long",
        "too_many_decimals",
        "out_of_range",
        "check_digit",
    ]
    broken = broken_limit(Decimal(0), strict)
    assert broken is not None
    assert broken.code == "out_of_range"
    assert "greater than 0" in str(broken.message(Decimal(0)))


def test_what_is_shown_is_what_the_person_sees() -> None:
    """Percent cells, padded codes, errors, dates and logical values look as in the sheet; long texts are cut."""
    assert shown(0.21, PERCENT) == "21%"
    assert shown(0.105, PERCENT) == "10.5%"
    assert shown(123.0, CellNote(number_format="00000")) == "00123"
    assert shown(123.0) == "123"
    assert shown(None, CellNote(error="#REF!")) == "#REF!"
    assert shown(True) == "VERDADERO"
    assert shown(date(2026, 4, 3)) == "03/04/2026"
    assert shown(datetime(2026, 4, 3, 8, 5, tzinfo=UTC)) == "03/04/2026 08:05"
    assert len(shown("a" * 1000)) == 301
    assert padded(-5, "000") is None
    assert trimmed("\u200b a\u00a0b \ufeff") == "a b"
