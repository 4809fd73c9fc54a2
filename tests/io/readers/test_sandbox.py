"""The parser's process: its limits hold, its death is a refusal, its bytes are not trusted (reliability.md XLS-2)."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from etl.errors import FileError
from etl.io.readers import child, open_source
from etl.io.readers.answers import BrokenAnswerError, receive_cells
from etl.io.readers.child import encode_column
from etl.io.readers.frames import pack_column
from etl.io.readers.limits import Limits
from etl.io.readers.refusal import Refusal
from etl.io.readers.sandbox import child_environment, confined
from etl.model import Cell
from tests.io.readers.books import book, pack, save, worksheet
from tests.io.readers.hostile_files import ONE, REFUSED

BOOK = book(worksheet(ONE))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of memory for a process")
def test_memory_is_limited(tmp_path: Path) -> None:
    """A parser that needs more memory than it may have ends in a refusal, not in a crash of ours."""
    rows = "".join(
        f'<row r="{row}"><c r="A{row}"><v>{row}</v></c><c r="Z{row}"><v>1</v></c></row>' for row in range(1, 60_000)
    )
    source = open_source(save(tmp_path, book(worksheet(rows))), limits=Limits(child_memory_bytes=60 * 1024 * 1024))
    with pytest.raises(FileError, match="makes its reader fail") as caught:
        source.read()
    assert caught.value.findings[0].code == "unreadable_file"


def test_time_is_limited(tmp_path: Path) -> None:
    """A parser that takes too long is ended, and the message says so."""
    source = open_source(save(tmp_path, BOOK), limits=Limits(child_wall_seconds=0.001))
    with pytest.raises(FileError, match="took more than") as caught:
        source.read()
    assert caught.value.findings[0].code == "hostile_file"


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """After reading, no clock of ours runs on."""
    before = threading.active_count()
    open_source(save(tmp_path, BOOK)).read()
    assert threading.active_count() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other priorities and groups")
@pytest.mark.parametrize("gives_way", [False, True])
def test_what_can_wait_gives_way(gives_way: bool) -> None:
    """The scan leaves the processor to the parser; either is in our session, in a group that Ctrl+C does not reach."""
    program = (
        "import os, sys; sys.stdin.readline(); "
        "print(os.getpriority(os.PRIO_PROCESS, 0), os.getsid(0), os.getpgrp() == os.getpid())"
    )
    with confined(("-c", program), {}, b"", Limits(), gives_way=gives_way) as child:
        priority, session, own_group = child.answers.readline().decode().split()
    assert (int(priority) > os.getpriority(os.PRIO_PROCESS, 0)) is gives_way
    assert (int(session), own_group) == (os.getsid(0), "True")


def test_no_network_and_no_files_in_the_child() -> None:
    """Once it begins to parse, the child can open neither a socket nor a file nor a process."""
    code = (
        "import runpy, socket, subprocess, sys\n"
        f"child = runpy.run_path({child.__file__!r})\n"
        "sys.addaudithook(child['forbid'])\n"
        "tries = [lambda: socket.create_connection(('127.0.0.1', 9)), lambda: open('/etc/passwd'),"
        " lambda: subprocess.run(['true'])]\n"
        "for one in tries:\n"
        "    try:\n"
        "        one()\n"
        "    except PermissionError:\n"
        "        print('refused')\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30)
    assert found.stdout.split() == ["refused"] * 3


def test_credentials_are_not_passed_on() -> None:
    """The parser's environment has nothing that could be a credential."""
    ours = {
        "PATH": "/bin",
        "ETL_TUSFACTURAS_APITOKEN": "s3cr3t",
        "TF_APIKEY": "1",
        "SystemRoot": "C:\\Windows",
        "HTTP_PROXY": "x",
    }
    assert child_environment(ours) == {"PATH": "/bin", "SystemRoot": "C:\\Windows"}


COLUMNS: list[list[Cell]] = [
    [1.0, 2.5, -0.0],
    ["a", "", "ñandú", "línea\nlínea"],
    ["con \0 dentro", "otro", ""],
    [1.0, "x", True, False, "", 3.0],
    [1.0, "x\0", 2.0],
    ["", ""],
    [""],
    [True, False],
    [
        datetime(2024, 2, 29, 13, 5, 1, 250_000),  # noqa: DTZ001 - Excel knows no time zones
        date(1999, 12, 31),
        time(23, 59),
        timedelta(days=2, seconds=0.5),
        "",
        1.0,
    ],
]


@pytest.mark.parametrize("cells", COLUMNS)
def test_columns_survive_the_way(cells: list[Cell]) -> None:
    """A column comes back as it went, types and all, blank texts as None."""
    (kinds, *sizes), pieces = encode_column(cells)
    assert sizes == [len(piece) for piece in pieces]
    column, infinite = pack_column(str(kinds), pieces, len(cells))
    expected = [None if cell == "" else cell for cell in cells]
    for _ in range(2):
        found = column.cells()
        assert (found, [*map(type, found)]) == (expected, [*map(type, expected)])
    assert infinite == []


@pytest.mark.parametrize(
    ("kinds", "pieces", "count"),
    [
        ("x", [b""], 1),
        ("", [], 1),
        ("d", [b"123"], 1),
        ("d", [bytes(16)], 1),
        ("s", [b"\xff"], 1),
        ("s", [b"a\0b"], 1),
        ("j", [b"{"], 1),
        ("t", [b"soon"], 1),
        ("D", [b"2024-01-01\0"], 2),
        ("ds", [b"\0\1", bytes(8)], 2),
        ("ds", [b"\0\0", bytes(8), b"a"], 2),
        ("ds", [b"\0\2", bytes(8), b"a"], 2),
        ("ds", [b"\0\1\2", bytes(8), b"a"], 2),
        ("ds", [b"\0", bytes(8), b"a"], 2),
    ],
)
def test_bytes_that_make_no_column(kinds: str, pieces: list[bytes], count: int) -> None:
    """Bytes that no column has are an error of a known kind, as soon as they come."""
    with pytest.raises((ValueError, LookupError)):
        pack_column(kinds, pieces, count)


def test_numbers_that_are_none_in_a_column_of_numbers() -> None:
    """Infinite numbers become None, and their places are told."""
    for others in ([], ["texto"]):
        cells = [1.0, float("inf"), *others, 2.0, float("nan")]
        (kinds, *_), pieces = encode_column(cells)
        column, infinite = pack_column(str(kinds), pieces, len(cells))
        assert column.cells() == [1.0, None, *others, 2.0, None]
        assert infinite == [1, 3 + len(others)]


def _frames(*heads: object, tail: bytes = b"") -> io.BytesIO:
    return io.BytesIO(b"".join(json.dumps(head).encode() + b"\n" for head in heads) + tail)


BOX = {"left": 0, "height": 2, "width": 1}
TEXTS = {"rows": 1, "columns": [["s", 1]]}


def test_a_whole_answer() -> None:
    """A well-formed answer gives its cells."""
    stream = io.BytesIO(
        b"".join(
            json.dumps(head).encode() + b"\n" + tail for head, tail in ((BOX, b""), (TEXTS, b"a"), ({"end": 1}, b""))
        )
    )
    assert list(receive_cells(stream, Limits()).rows()) == [("a",)]


@pytest.mark.parametrize(
    "stream",
    [
        _frames(),
        _frames([]),
        io.BytesIO(b"[" * 500_000),
        _frames(BOX),
        _frames(BOX, {"end": 1}),
        _frames(BOX, TEXTS),
        _frames(BOX, TEXTS, tail=b"a"),
        _frames(BOX, {"rows": 5, "columns": [["s", 1]]}, tail=b'a{"end": 1}\n'),
        _frames(BOX, {"rows": 1, "columns": [["s", 1], ["s", 1]]}, tail=b'ab{"end": 1}\n'),
        _frames(BOX, {"rows": 1, "columns": [["s", 3]]}, tail=b'a\0b{"end": 1}\n'),
        _frames(BOX, {"rows": 1, "columns": [["s", -1]]}),
        _frames(BOX, {"rows": 1, "columns": [["s", 2**40]]}),
        _frames(BOX, {"rows": "x", "columns": []}),
        _frames(BOX, {"rows": 1, "columns": []}, {"end": 1}),
        _frames(BOX, {"rows": 0, "columns": [["s", 0]]}, {"end": 0}),
        _frames(BOX, {"rows": 1, "columns": [[1, 0]]}, {"end": 1}),
        _frames(BOX, {"rows": 1, "columns": [[]]}),
        _frames({"left": "x", "height": 1, "width": 1}),
        _frames({"names": []}),
    ],
)
def test_answers_that_make_no_sense(stream: io.BytesIO) -> None:
    """An answer that is cut short, counts wrong or is no frame at all never becomes cells."""
    with pytest.raises(BrokenAnswerError):
        receive_cells(stream, Limits())


def test_a_box_larger_than_was_scanned() -> None:
    """A parser that found more rows or columns than our scan did has read something else."""
    for box in ((1, 1), (2, 0)):
        with pytest.raises(Refusal, match="not the sheet"):
            receive_cells(_frames(BOX, {"end": 0}), Limits(), box)
    assert list(receive_cells(_frames(BOX, {"end": 0}), Limits(), (2, 1)).rows()) == []
    with pytest.raises(Refusal, match="more than can be read"):
        receive_cells(_frames({"left": 0, "height": 10, "width": 10}), Limits(cells=99))


def test_a_password_is_named_also_when_old_formats_are_let_in(tmp_path: Path) -> None:
    """A workbook under a password is named as such, whatever is allowed."""
    path = save(tmp_path, REFUSED["password"][1]())
    for allow_legacy in (False, True):
        with pytest.raises(FileError, match="password"):
            open_source(path, allow_legacy=allow_legacy)


@pytest.mark.parametrize("suffix", ["xls", "ods", "xlsb"])
def test_legacy_formats_only_when_asked_for(suffix: str, tmp_path: Path) -> None:
    """Old formats are refused with the option that lets them in; a broken one ends in a refusal all the same."""
    data = {
        "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "Workbook\0".encode("utf-16-le") + bytes(600),
        "ods": pack({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
        "xlsb": pack({"xl/workbook.bin": "x"}),
    }[suffix]
    path = save(tmp_path, data, f"vieja.{suffix}")
    with pytest.raises(FileError) as caught:
        open_source(path)
    assert "--allow-legacy" in str(caught.value.hint)
    with pytest.raises(FileError) as caught:
        open_source(path, allow_legacy=True).read()
    assert caught.value.findings[0].code == "unreadable_file"
