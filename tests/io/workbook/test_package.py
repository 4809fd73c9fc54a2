"""A workbook's seal breaks with any change of its content, and its file is the same for the same content."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from etl.io.workbook.package import is_untouched, read_properties
from etl.io.workbook.results import write_results
from tests.io.workbook.shop import DEPOT, parts, shop_report


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_results(shop_report(), DEPOT, tmp_path / "a.xlsx", "es", fallback=tmp_path).path


def pack(path: Path, content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as package:
        for name, data in content.items():
            package.writestr(name, data)


def test_one_changed_letter_breaks_the_seal(path: Path) -> None:
    """It covers what the parts hold, not only their names; how they are packed does not matter."""
    content = dict(parts(path))
    pack(path, content)
    assert is_untouched(path)
    sheet = "xl/worksheets/sheet4.xml"
    pack(path, content | {sheet: content[sheet].replace(b"Barco", b"Barca")})
    assert not is_untouched(path)
    pack(path, {name: data for name, data in content.items() if name != sheet})
    assert not is_untouched(path)


def test_a_seal_that_is_not_ours_is_none(path: Path) -> None:
    """Neither a workbook without properties nor one with an unfinished seal counts as ours."""
    content = dict(parts(path))
    properties = content.pop("docProps/custom.xml")
    pack(path, content)
    assert not is_untouched(path)
    assert read_properties(path) == {}
    seal = read_seal(properties)
    pack(path, content | {"docProps/custom.xml": properties.replace(seal, b"0" * 64)})
    assert not is_untouched(path)


def read_seal(properties: bytes) -> bytes:
    return properties.partition(b'name="etl.seal"')[2].partition(b"<vt:lpwstr>")[2][:64]


@pytest.mark.parametrize(
    "properties",
    [
        b"",
        b"<broken",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b"<x>" + b" " * 2_000_000 + b"</x>",
    ],
)
def test_hostile_properties_are_none(tmp_path: Path, properties: bytes) -> None:
    """Whatever a file beside the sheet holds, looking whether it is ours neither fails nor expands it."""
    pack(tmp_path / "x.xlsx", {"docProps/custom.xml": properties})
    assert read_properties(tmp_path / "x.xlsx") == {}
    assert not is_untouched(tmp_path / "x.xlsx")


def test_a_damaged_part_is_none(path: Path) -> None:
    """A workbook cut or overwritten on a failing disk is not ours to trust, nor a reason to fail."""
    whole = path.read_bytes()
    at = whole.rindex(b"PK\x03\x04")
    path.write_bytes(whole[: at + 60] + b"\xff" * 40 + whole[at + 100 :])
    assert read_properties(path) == {}
    assert not is_untouched(path)
    path.write_bytes(whole[: len(whole) // 2])
    assert not is_untouched(path)


def test_the_file_has_no_time_of_writing(path: Path) -> None:
    """The same report gives the same bytes on any day: the clock is nowhere in the file."""
    with zipfile.ZipFile(path) as package:
        assert {part.date_time for part in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert b"2026-03-31T12:02:00Z" in parts(path)["docProps/core.xml"]
