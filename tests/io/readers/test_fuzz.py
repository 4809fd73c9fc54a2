"""Mutants of good files: whatever is broken in a file, it ends as a sheet or as a FileError, and soon."""

from __future__ import annotations

import io
import random
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from etl.errors import FileError
from etl.io.readers import open_source
from tests.io.readers.books import pack

_SCRAPS = (
    *(
        b"<",
        b">",
        b"</c>",
        b"<c ",
        b'<c r="A1">',
        b"<v>",
        b"</v>",
        b"<row ",
        b'r="',
        b"&",
        b"&#0;",
        b"]]>",
        b"<is>",
        b"<f>",
    ),
    *(
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
        b"-1",
        b"99999999999999999999",
        b"1e400",
        b"NaN",
        b"'",
        b'"',
        b"x:",
        b"xmlns:x=",
    ),
    *(b't="s"', b't="e"', b' r="XFD1048576"', b"<![CDATA[", b"<!--", b"<!DOCTYPE a>"),
)


def _seed_book() -> dict[str, bytes]:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Lista")
        day = workbook.add_format({"num_format": "dd/mm/yyyy"})
        padded = workbook.add_format({"num_format": "00000"})
        workbook.set_custom_property("etl.run", "2c9f")
        sheet.write_row(0, 0, ["Código", "Detalle", "Precio", "Alta", "Total"])
        for row in range(1, 12):
            sheet.write_number(row, 0, row, padded)
            sheet.write_string(row, 1, f"Pala nº {row} & otras")
            sheet.write_number(row, 2, row * 1.1)
            sheet.write_datetime(row, 3, date(2024, 1, row), day)
            sheet.write_formula(row, 4, f"=C{row + 1}*2", None, row * 2.2)
        sheet.set_row(5, None, None, {"hidden": True})
        sheet.merge_range("G1:H2", "x")
    with zipfile.ZipFile(stream) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _mutate(data: bytes, random_: random.Random) -> bytes:
    mutant = bytearray(data)
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(mutant) + 1)
        match random_.randrange(5):
            case 0:
                mutant[at : at + random_.randint(1, 30)] = b""
            case 1:
                mutant[at:at] = random_.choice(_SCRAPS)
            case 2 if at < len(mutant):
                mutant[at] = random_.randrange(256)
            case 3:
                other = random_.randrange(len(mutant) + 1)
                mutant[at:at] = mutant[other : other + random_.randint(1, 200)]
            case _:
                mutant[at : at + 4] = random_.choice(_SCRAPS)
    return bytes(mutant)


def _mutant(seed: int, good: dict[str, bytes]) -> bytes:
    """Return a workbook with a part mutated and packed again, or one whose zip itself is mutated."""
    random_ = random.Random(seed)
    if seed % 3 == 0:
        return _mutate(pack(good), random_)
    liked = [name for name in good if "sheet1" in name or "sharedStrings" in name]
    name = random_.choice(liked if random_.random() < 0.6 else sorted(good))
    return pack({**good, name: _mutate(good[name], random_)})


def _try(path: Path) -> bool:
    """Return whether the file was read; anything but a sheet or a FileError with its codes is raised."""
    begun = time.monotonic()
    try:
        source = open_source(path)
        for sheet in source.sheets:
            assert all(isinstance(row, tuple) for row in source.read(sheet.name).rows)
        refused = None
    except FileError as error:
        refused = error
    assert refused is None or refused.findings[0].code in ("hostile_file", "unreadable_file", "missing_sheet")
    assert refused is None or str(refused).startswith(path.name)
    assert time.monotonic() - begun < 5
    return refused is None


def _run(seeds: range, folder: Path) -> tuple[int, int]:
    good = _seed_book()
    results = []
    for seed in seeds:
        path = folder / "mutante.xlsx"
        path.write_bytes(_mutant(seed, good))
        results.append(_try(path))
    return sum(results), len(results)


def test_some_mutants_of_a_workbook(tmp_path: Path) -> None:
    """A handful of mutants: some are still read, most are refused, none does anything else."""
    read, tried = _run(range(30), tmp_path)
    assert 0 < read < tried


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_three_thousand_mutants_of_a_workbook(tmp_path: Path) -> None:
    """Three thousand mutants, not one crash, hang or traceback."""
    read, tried = _run(range(1000, 4000), tmp_path)
    assert 0 < read < tried


def test_mutants_of_a_csv(tmp_path: Path) -> None:
    """Mutants of a CSV file are read or refused, and each record stays a row."""
    good = 'sep=;\r\nCódigo;Detalle;Precio\r\n00123;"Pala ""ancha""\nde punta";10,5\r\nA7;Pico;3\r\n'.encode() * 5
    path = tmp_path / "mutante.csv"
    for seed in range(300):
        path.write_bytes(_mutate(good, random.Random(seed)))
        _try(path)
