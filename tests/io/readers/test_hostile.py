"""Files made to trouble whoever opens them: each ends soon in a refusal, without a crash (reliability.md XLS-3)."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from etl.errors import FileError
from etl.io.readers import open_source
from etl.io.readers.limits import Limits
from tests.io.readers.books import book, save, worksheet
from tests.io.readers.hostile_files import HOSTILE, ODD, ONE, REFUSED, UNREADABLE, cells, texts


@pytest.mark.parametrize("case", REFUSED)
def test_hostile_files_are_refused(case: str, tmp_path: Path) -> None:
    """Each hostile or broken file ends within five seconds in a FileError with its code, naming the file."""
    code, build = REFUSED[case]
    path = save(tmp_path, build())
    begun = time.monotonic()
    with pytest.raises(FileError) as caught:
        open_source(path).read()
    assert time.monotonic() - begun < 5
    finding = caught.value.findings[0]
    assert finding.code == code
    assert caught.value.exit_code == 3
    assert str(finding.message).startswith("lista.xlsx: ")
    assert finding.row is None


def test_there_are_enough_of_them() -> None:
    """The corpus has at least the forty files that reliability.md asks for."""
    assert len(REFUSED) >= 40


@pytest.mark.parametrize("case", ODD)
def test_odd_files_that_do_no_harm_are_read(case: str, tmp_path: Path) -> None:
    """What real programs write is not refused, however odd: formats to the last row, wide merges, wrong dimensions."""
    assert open_source(save(tmp_path, ODD[case]())).read().cell(1, 0) == 1.0


def test_a_hostile_sheet_hinders_only_itself(tmp_path: Path) -> None:
    """A sheet beyond the limits is refused when it is read; another sheet of the workbook can still be read."""
    far = worksheet(cells("A900000"))
    sheets = {"Lejos": far, "Cerca": worksheet(ONE), "Oculta": far}
    source = open_source(save(tmp_path, book(sheets, states={"Oculta": "hidden"})))
    assert source.read("Cerca").rows[0] == (1.0,)
    for name in ("Lejos", "Oculta"):
        with pytest.raises(FileError, match="row 900000") as caught:
            source.read(name)
        assert caught.value.findings[0].code == HOSTILE


def test_limits_can_be_set(tmp_path: Path) -> None:
    """The limits are settings, and the message names what goes beyond them."""
    path = save(tmp_path, book(worksheet(cells("A1", "B1"))))
    with pytest.raises(FileError, match="column B"):
        open_source(path, limits=Limits(columns=1)).read()
    with pytest.raises(FileError, match="MB large"):
        open_source(path, limits=Limits(file_bytes=100))
    with pytest.raises(FileError, match="parts"):
        open_source(path, limits=Limits(parts=3))
    with pytest.raises(FileError, match="when it is opened"):
        open_source(path, limits=Limits(inflated_bytes=1000))
    with pytest.raises(FileError, match="different texts"):
        open_source(save(tmp_path, texts("<si/>" * 12)), limits=Limits(cells=10))


@pytest.mark.parametrize("name", ["nada.xlsx", "carpeta.xlsx", "~$lista.xlsx"])
def test_paths_that_are_no_file(name: str, tmp_path: Path) -> None:
    """A missing file, a folder and Excel's lock file are refused with their name."""
    (tmp_path / "carpeta.xlsx").mkdir()
    (tmp_path / "~$lista.xlsx").write_bytes(b"\x05ana")
    with pytest.raises(FileError) as caught:
        open_source(tmp_path / name)
    assert caught.value.findings[0].code == UNREADABLE
    assert name in str(caught.value)


def test_zip64_directories_are_read(tmp_path: Path) -> None:
    """A workbook whose zip has the wide form of a directory, as streaming writers make it, is read like any other."""
    data = book(worksheet(ONE))
    end = data.rindex(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<HLL", data, end + 10)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    small = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert open_source(save(tmp_path, data[:end] + wide + locator + small)).read().cell(1, 0) == 1.0
