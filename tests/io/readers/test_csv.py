"""CSV files as people have them: encodings, delimiters, quotes, wrong numbers of fields (reliability.md XLS-10)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from etl.errors import FileError, UsageError
from etl.io.readers import open_source
from etl.io.readers.csv_packs import BYTES_A_PACK
from etl.io.readers.limits import Limits
from etl.model import Sheet
from tests.io.readers.books import book, save, worksheet

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "cp850", "mac_roman", "utf-16")
DELIMITERS = (";", ",", "\t", "|")
RECORDS = [
    ["Código", "Descripción", "Precio", "Observación"],
    ["00123", "Caño 1/2; de ñandú, año", "10,50", 'medida 1/2"'],
    ["A-7", "línea uno\nlínea dos", "1.234,00", ""],
    ["NA", "null", "1E5", " jabón | té\t"],
]


def read(
    folder: Path, data: bytes, name: str = "lista.csv", encoding: str = "auto", limits: Limits | None = None
) -> Sheet:
    return open_source(save(folder, data, name), encoding=encoding, limits=limits or Limits()).read()


def findings(sheet: Sheet) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.row) for finding in sheet.findings]


def written(delimiter: str, *, quote_all: bool = False, end: str = "\r\n") -> str:
    def shown(field: str) -> str:
        special = quote_all or any(sign in field for sign in f'{delimiter}"\n')
        return '"{}"'.format(field.replace('"', '""')) if special else field

    return end.join(delimiter.join(map(shown, record)) for record in RECORDS) + end


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("quote_all", [False, True])
def test_encodings_delimiters_and_quotes(encoding: str, delimiter: str, tmp_path: Path, *, quote_all: bool) -> None:
    """Every usual encoding, delimiter and way of quoting gives the same fields, as texts and untouched."""
    sheet = read(tmp_path, written(delimiter, quote_all=quote_all).encode(encoding))
    expected = [tuple(field or None for field in record) for record in RECORDS]
    expected[2] = expected[2][:3]
    assert list(sheet.rows) == expected
    assert sheet.delimiter == delimiter
    assert sheet.encoding == {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    assert sheet.findings == ()
    assert sheet.name is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str, tmp_path: Path) -> None:
    """Lines may end as on Windows, on Unix or on an old Macintosh; the last one may not end at all."""
    text = end.join(["codigo;cant", "A1;5", "", "B2;6"])
    assert list(read(tmp_path, text.encode()).rows) == [("codigo", "cant"), ("A1", "5"), (), ("B2", "6")]


WORDS = (
    *("CAMIÓN ÑANDÚ", "niño", "Código", "N° 5", "PIÑA", "maíz añejo", "Año", "jabón ÚNICO", "¿Sí?", "pingüino", "ÁREA"),
    *("2ª línea", "Té", "ñ", "Ø 12 mm ½ caño", "Precio u$s 5 año", "26¨ LCD", "20´ ¡OFERTA!"),
)


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        (words, name)
        for words in WORDS
        for name in ("cp1252", "cp850", "mac_roman")
        if not ("½" in words and name == "mac_roman")
    ],
)
def test_one_byte_encodings_are_told_apart(words: str, encoding: str, tmp_path: Path) -> None:
    """A single Spanish word is enough to tell cp1252, cp850 and mac_roman apart."""
    data = f"codigo;detalle\n1;{words}\n".encode(encoding)
    assert read(tmp_path, data).rows[1] == ("1", words)


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    """--encoding settles it; bytes that are no text in it are refused, and an unknown name is a mistake of usage."""
    data = "codigo;detalle\n1;¶\n".encode("cp850")
    assert read(tmp_path, data, encoding="cp850").rows[1] == ("1", "¶")
    assert read(tmp_path, "a;b\n1;ñ\n".encode("utf-16-be"), encoding="utf-16-be").rows[1] == ("1", "ñ")
    assert read(tmp_path, "a;b\n1;ñ\n".encode("utf-8-sig"), encoding="utf-8").rows[0] == ("a", "b")
    with pytest.raises(FileError, match="utf-8"):
        read(tmp_path, "1;ñ\n".encode("cp1252"), encoding="utf-8")
    for name in ("latin-15x", "base64"):
        with pytest.raises(UsageError):
            read(tmp_path, data, encoding=name)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"codigo;cant\nA1;\x005\n", "bytes that no text has"),
        ("codigo;cant\nA1;5\n".encode("utf-16-le"), "UTF-16"),
        ("codigo;cant\nA1;5\n".encode("utf-16-be"), "UTF-16"),
        ("codigo;cant\nA1;\0\n".encode("utf-16"), "bytes that no text has"),
        (b"codigo;cant\n" + b"\x01\x02\x03\x04" * 50, "bytes that no text has"),
    ],
)
def test_no_text(data: bytes, words: str, tmp_path: Path) -> None:
    """NUL bytes, UTF-16 that does not say so and binary data are refused, and named."""
    with pytest.raises(FileError, match=words) as caught:
        read(tmp_path, data)
    assert caught.value.findings[0].code == "unreadable_file"


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;", "\ufeffsep=;"])
def test_sep_line(line: str, tmp_path: Path) -> None:
    """Excel's sep= line names the delimiter and is no record: the header is row 1."""
    sheet = read(tmp_path, f"{line}\r\ncodigo;precio,neto\r\nA;1,5\r\n".encode())
    assert list(sheet.rows) == [("codigo", "precio,neto"), ("A", "1,5")]
    assert sheet.delimiter == ";"


def test_sep_line_with_a_tab(tmp_path: Path) -> None:
    """The sep= line may name a tab, also when another delimiter would divide better."""
    assert read(tmp_path, b"sep=\t\na,b\t2\nc,d\t3\n").rows[0] == ("a,b", "2")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("codigo;detalle;precio\nA1;Pala, ancha;10,5\nA2;Pico;3,25\nB1;Clavo;0,5\n", ";"),
        ("codigo,detalle,precio\nA1,Pala; ancha,10.5\nA2,Pico,3.25\n", ","),
        ("Lista de precios; vigente\n\ncodigo\tdetalle\tprecio\nA1\tPala\t10,5\nA2\tPico\t3,25\n", "\t"),
        ("codigo|detalle\nA1|Pala, ancha; de punta\n", "|"),
        ("LISTA DE PRECIOS\nVigencia: mayo\n\ncodigo;precio\n1;1,5\n2;2,5\n3;3,5\n", ";"),
        ("codigo;detalle, marca;precio\n1;Pala;1,5\n2;Pico;2,5\n3;Clavo;3,5\n4;Llave;4,5;x\n5;Codo;5,5;y\n", ";"),
        ("codigo;precio;costo\n" + "1;1,5;2,5\n" * 9 + "OFERTA\n" * 3, ";"),
        ("codigo,detalle; medida,precio,stock\n" + "1,Pala; 3,10,5\n" * 9 + "1,Pala; 3,10\n", ","),
        ("1,2,3\n4,5,6\n", ","),
        ('codigo,precio\n"A;1","1,5"\n"A;2","2,5"\n', ","),
        ("codigo\nA1\nA2\n", None),
        ("detalle\nPala, ancha\nPico\nClavo\nTornillo\n", None),
        ("codigo;cant\n", ";"),
    ],
)
def test_delimiter_is_found_by_evidence(text: str, delimiter: str | None, tmp_path: Path) -> None:
    """Decimal commas, titles and delimiters inside texts do not mislead; a single column stays one."""
    sheet = read(tmp_path, text.encode())
    if delimiter is None:
        assert all(len(row) <= 1 for row in sheet.rows) or sheet.delimiter == ","
    else:
        assert sheet.delimiter == delimiter


def test_wrong_number_of_fields(tmp_path: Path) -> None:
    """A record with a field too many or too few is a finding on its row, stays a row, and shifts nobody else."""
    sheet = read(tmp_path, b"codigo;detalle;precio\nA1;Pala;10\nA2;Pico;con;20\nA3;30\n\nA4;Clavo;40\n")
    assert findings(sheet) == [("wrong_field_count", 3), ("wrong_field_count", 4)]
    assert all(finding.is_error and finding.hint is not None for finding in sheet.findings)
    assert [str(finding.message) for finding in sheet.findings] == [
        "Row 3 has 4 fields where the header has 3",
        "Row 4 has 2 fields where the header has 3",
    ]
    assert sheet.rows[2] == ("A2", "Pico", "con", "20")
    assert sheet.rows[5] == ("A4", "Clavo", "40")


def test_a_field_too_many_in_every_row(tmp_path: Path) -> None:
    """Unquoted decimal commas in every row are findings in every row: the columns are not shifted in silence."""
    sheet = read(tmp_path, b"codigo,detalle,precio\nA1,Pala,10,5\nA2,Pico,20,5\nA3,Clavo,30,5\n")
    assert findings(sheet) == [("wrong_field_count", row) for row in (2, 3, 4)]


def test_harmless_blank_fields(tmp_path: Path) -> None:
    """Delimiters at the end of a record, and a header that ends in blank fields, are no findings."""
    sheet = read(tmp_path, b"codigo;cant;;\nA1;5;;;;;\nA2;6\nA3;7;\n")
    assert sheet.findings == ()
    assert list(sheet.rows) == [("codigo", "cant"), ("A1", "5"), ("A2", "6"), ("A3", "7")]


def test_titles_above_the_header_are_no_findings(tmp_path: Path) -> None:
    """What stands above the header has fields as it likes."""
    sheet = read(
        tmp_path, "FERRETERÍA;DON PEPE\nLista Nº 7\n\ncodigo;detalle;precio\nA1;Pala;10\nA2;Pico;20;5\n".encode()
    )
    assert findings(sheet) == [("wrong_field_count", 6)]


def test_quotes_that_do_not_match(tmp_path: Path) -> None:
    """A quote that is never closed, or closed too early, costs its own row only: the rows below stay rows."""
    text = 'codigo;detalle;precio\nA1;"Pala;10\nA2;"Caño "1/2"";20\nA3;Caño 1/2";30\nA4;"fin";40\n'
    sheet = read(tmp_path, text.encode())
    assert findings(sheet) == [("broken_quotes", 2), ("broken_quotes", 3)]
    assert len(sheet.rows) == 5
    assert sheet.rows[1] == ("A1", '"Pala', "10")
    assert sheet.rows[3] == ("A3", 'Caño 1/2"', "30")
    assert sheet.rows[4] == ("A4", "fin", "40")


def test_an_unclosed_quote_does_not_swallow_a_large_file(tmp_path: Path) -> None:
    """An unclosed quote in front of thousands of rows is one finding, and the rows are all there."""
    body = "".join(f"{number};Pala {number};5\n" for number in range(20_000))
    sheet = read(tmp_path, f'codigo;detalle;cant\n0;"Caño;1\n{body}'.encode())
    assert findings(sheet) == [("broken_quotes", 2)]
    assert len(sheet.rows) == 20_002
    assert sheet.rows[20_001] == ("19999", "Pala 19999", "5")


def test_a_quote_ends_at_the_limit_of_a_line(tmp_path: Path) -> None:
    """How far a quote may reach does not hang on the csv module's own limit, which other code may raise."""
    body = "".join(f"{number};Pala {number};5\n" for number in range(100))
    usual = csv.field_size_limit(10**9)
    try:
        data = f'codigo;detalle;cant\n0;"Caño;1\n{body}x";1\n'.encode()
        sheet = read(tmp_path, data, limits=Limits(line_bytes=1000))
    finally:
        csv.field_size_limit(usual)
    assert findings(sheet)[0] == ("broken_quotes", 2)
    assert len(sheet.rows) == 103


def test_a_file_full_of_broken_quotes_is_given_up(tmp_path: Path) -> None:
    """When the quotes of too many rows do not match, the file is refused instead of read by guess."""
    text = "codigo;detalle\n" + 'A;"x"y\n' * 30
    with pytest.raises(FileError, match="quotes") as caught:
        read(tmp_path, text.encode(), limits=Limits(broken_records=20))
    assert caught.value.findings[0].code == "unreadable_file"


@pytest.mark.parametrize(
    ("text", "words"),
    [("codigo;detalle\nA;" + "x" * 40_000 + "\n", "40000 characters"), ("codigo;detalle\n" + "a;b" * 400_000, "line")],
)
def test_fields_and_lines_have_limits(text: str, words: str, tmp_path: Path) -> None:
    """A field longer than a cell and a line longer than a megabyte are refused."""
    with pytest.raises(FileError, match=words) as caught:
        read(tmp_path, text.encode())
    assert caught.value.findings[0].code == "hostile_file"


def test_a_file_larger_than_the_limit(tmp_path: Path) -> None:
    """A CSV file has its own limit of size."""
    with pytest.raises(FileError, match="limit"):
        read(tmp_path, b"a;b\n1;2\n" * 100, limits=Limits(csv_bytes=500))
    assert len(read(tmp_path, b"a;b\n1;2\n" * 100, limits=Limits(file_bytes=500)).rows) == 200


def test_row_numbers_are_record_numbers(tmp_path: Path) -> None:
    """Blank lines count, line breaks inside quotes do not, a sep= line does not."""
    sheet = read(tmp_path, b'sep=;\n\ncodigo;detalle\n\n"A1";"uno\ndos\n\ntres"\nA2;x;y\n')
    assert list(sheet.rows) == [(), ("codigo", "detalle"), (), ("A1", "uno\ndos\n\ntres"), ("A2", "x", "y")]
    assert findings(sheet) == [("wrong_field_count", 5)]


def test_spoilt_letters_are_a_warning(tmp_path: Path) -> None:
    """Letters that were spoilt before the file was saved are shown once, with their row, as a warning."""
    count = BYTES_A_PACK // len("1;Pala\n") + 3
    sheet = read(tmp_path, ("codigo;detalle\n" + "1;Pala\n" * count + "2;CaÃ±o\n3;JabÃ³n\n").encode())
    (finding,) = sheet.findings
    assert (finding.code, finding.row, finding.value) == ("spoilt_letters", count + 2, "CaÃ±o")
    assert not finding.is_error
    assert read(tmp_path, "codigo;detalle\n1;SÃO PAULO Â\n".encode()).findings == ()


def test_files_under_the_wrong_name(tmp_path: Path) -> None:
    """A workbook called .csv and a CSV called .xlsx are read for what they are, and it is said."""
    workbook = read(tmp_path, book(worksheet('<row r="1"><c r="A1"><v>5</v></c></row>')), "precios.csv")
    assert workbook.rows[0] == (5.0,)
    text = read(tmp_path, b"codigo;cant\nA1;5\n", "precios.xlsx")
    assert text.rows[1] == ("A1", "5")
    for sheet in (workbook, text):
        assert [(finding.code, finding.is_error) for finding in sheet.findings] == [("file_type", False)]
    assert read(tmp_path, b"codigo;cant\nA1;5\n", "precios.txt").findings == ()


def test_dos_end_of_file(tmp_path: Path) -> None:
    """The Ctrl-Z with which DOS programs end a file is no row."""
    assert list(read(tmp_path, b"codigo;cant\r\nA1;5\r\n\x1a").rows) == [("codigo", "cant"), ("A1", "5")]


def test_an_empty_csv_has_no_rows(tmp_path: Path) -> None:
    """A file of blank lines is read as blank rows; what to do about it is decided later."""
    assert list(read(tmp_path, b"\n\n").rows) == [(), ()]


def test_long_words_do_not_delay_the_guess_of_the_encoding(tmp_path: Path) -> None:
    """A line of long words without spaces in an old encoding is read soon, however many letters they have."""
    words = ["a" * 32_000] * 10 + ["ñ" * 32_000, "a" * 31_000 + "ñ"]
    sheet = read(tmp_path, "\n".join(["codigo;nombre", ";".join(words)] * 2).encode("cp1252"))
    assert sheet.encoding == "cp1252"
    assert sheet.rows[1] == tuple(words)


def test_words_that_tell_the_encoding_are_looked_for_in_the_whole_file(tmp_path: Path) -> None:
    """The letters that tell the encoding may stand a megabyte below, in words with digits and signs between."""
    plain = "codigo;nombre\n" + "1;Pala\n" * 400_000
    for encoding in ("cp1252", "cp850", "mac_roman"):
        sheet = read(tmp_path, f"{plain}2;CAMIÓN12ñandú/N°5\n".encode(encoding))
        assert (sheet.encoding, sheet.rows[-1]) == (encoding, ("2", "CAMIÓN12ñandú/N°5"))
