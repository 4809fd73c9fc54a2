"""Which files may be taken: at rest, whole, and nobody is writing them."""

from __future__ import annotations

import os
import random
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.batch.settling import Look, Wanted, copy_whole, find_inputs, look_at, remove_taken, wait_for_rest
from etl.messages import Text

START = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
HEADER = "Código;Lista de precios;Cantidad\n"


@dataclass
class Simulated:
    """A clock that only moves when somebody waits, and what happens meanwhile."""

    time: datetime = START
    happenings: list[tuple[datetime, str, bytes]] = field(default_factory=list)
    path: Path = Path()

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        until = self.time + timedelta(seconds=seconds)
        while self.happenings and self.happenings[0][0] <= until:
            at, _, piece = self.happenings.pop(0)
            with self.path.open("ab") as file:
                file.write(piece)
            os.utime(self.path, (at.timestamp(), at.timestamp()))
        self.time = until


def saved(path: Path, content: bytes, ago: float = 3600.0) -> Path:
    path.write_bytes(content)
    at = START.timestamp() - ago
    os.utime(path, (at, at))
    return path


def settled(path: Path, clock: Simulated | None = None, **more: bool) -> Look | Text:
    return wait_for_rest([Wanted(path, 10.0, **more)], clock or Simulated())[path]


@pytest.mark.parametrize("seed", range(100))
def test_a_slow_writer_is_never_read_early(tmp_path: Path, seed: int) -> None:
    """1 KB a second for a minute, with pauses shorter than the rest: what is taken is the whole file (JOB-2)."""
    draws = random.Random(seed)
    clock = Simulated(path=saved(tmp_path / "stock.csv", HEADER.encode(), ago=draws.random()))
    at, whole = START, HEADER.encode()
    for number in range(60):
        at += timedelta(seconds=draws.uniform(0.5, 1.5) if draws.random() < 0.9 else draws.uniform(1.5, 9.5))
        piece = b"".join(b"P%03d;Mayorista;%d\n" % (number, draws.randrange(9)) for _ in range(60))
        clock.happenings.append((at, "piece", piece))
        whole += piece
    clock.sleep(draws.uniform(0, 90))
    tries = 0
    while isinstance(found := settled(clock.path, clock), Text):
        tries += 1
        clock.sleep(draws.uniform(0, 30))
        assert tries < 50
    copy = tmp_path / "copy"
    assert isinstance(copy_whole(clock.path, found, copy, clock.now()), str)
    assert copy.read_bytes() == whole
    assert not clock.happenings


def test_a_file_at_rest_is_taken(tmp_path: Path) -> None:
    """It takes two looks, not more."""
    clock = Simulated()
    assert settled(saved(tmp_path / "a.csv", b"x"), clock) == look_at(tmp_path / "a.csv")
    assert clock.now() - START == timedelta(seconds=5)


def test_a_time_to_come_is_no_age(tmp_path: Path) -> None:
    """A share whose clock is ahead: the file is young, until ours has caught up and it rested."""
    assert "has to rest" in str(settled(saved(tmp_path / "a.csv", b"x", ago=-3600)))


@pytest.mark.parametrize("lock", ["~$a.xlsx", ".~lock.a.xlsx#"])
def test_a_workbook_that_is_open_is_not_taken(tmp_path: Path, lock: str) -> None:
    """Excel and LibreOffice leave a lock beside it: what stands in the file is not what the person sees."""
    path = saved(tmp_path / "a.xlsx", b"PK")
    (tmp_path / lock).touch()
    assert "open in another program" in str(settled(path))


def test_a_mark_can_be_waited_for(tmp_path: Path) -> None:
    """With `done_marker` a file without its NAME.done, or with an older one, is not complete."""
    path = saved(tmp_path / "a.csv", b"x")
    assert "a.csv.done" in str(settled(path, done_marker=True))
    mark = saved(tmp_path / "a.csv.done", b"", ago=7200)
    assert isinstance(settled(path, done_marker=True), Text)
    saved(mark, b"", ago=3000)
    assert isinstance(settled(path, done_marker=True), Look)


def test_a_workbook_without_its_end_is_not_taken_while_it_is_young(tmp_path: Path) -> None:
    """A copy that stalled looks at rest; an old one is for the reader to refuse."""
    whole = tmp_path / "whole.xlsx"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("a.xml", random.Random(1).randbytes(5000))
    content = whole.read_bytes()
    cut = saved(tmp_path / "cut.xlsx", content[:-40], ago=60)
    assert "no end yet" in str(copy_whole(cut, look_at(cut), tmp_path / "one", START))  # type: ignore[arg-type]
    assert not (tmp_path / "one").exists()
    spoilt = saved(tmp_path / "spoilt.xlsx", content[:900] + bytes(500) + content[1400:], ago=60)
    assert "no end yet" in str(copy_whole(spoilt, look_at(spoilt), tmp_path / "two", START))  # type: ignore[arg-type]
    old = saved(tmp_path / "old.xlsx", content[:-40], ago=3600)
    digest = copy_whole(old, look_at(old), tmp_path / "three", START)  # type: ignore[arg-type]
    assert isinstance(digest, str)


def test_a_file_that_changes_while_it_is_copied_is_not_taken(tmp_path: Path) -> None:
    """The look from before must hold afterwards; nothing of the copy stays."""
    path = saved(tmp_path / "a.csv", b"one")
    look = look_at(path)
    saved(path, b"two", ago=10)
    assert isinstance(copy_whole(path, look, tmp_path / "copy", START), Text)  # type: ignore[arg-type]
    assert not (tmp_path / "copy").exists()


def test_patterns_find_sheets_and_nothing_else(tmp_path: Path) -> None:
    """Locks, part files, hidden and empty ones stay; the oldest comes first."""
    for name, ago in (("b.xlsx", 50.0), ("a.csv", 10.0), ("c.XLSX", 99.0)):
        saved(tmp_path / name, b"x", ago)
    for name in ("~$b.xlsx", ".hidden.csv", "d.csv.part", "e.tmp", "f.crdownload", "g.pdf", "h.validacion.xlsx"):
        saved(tmp_path / name, b"x")
    saved(tmp_path / "empty.csv", b"")
    (tmp_path / "folder.csv").mkdir()
    names = ["c.XLSX", "b.xlsx", "a.csv"]
    assert [path.name for path in find_inputs(str(tmp_path))] == names
    assert [path.name for path in find_inputs(str(tmp_path / "*"))] == names
    assert [path.name for path in find_inputs(str(tmp_path / "*.csv"))] == ["a.csv"]
    assert find_inputs(str(tmp_path / "none" / "*.csv")) == ()


def test_a_name_with_signs_of_a_pattern_is_that_file(tmp_path: Path) -> None:
    """`stock [1].csv` is what browsers make of a second download."""
    path = saved(tmp_path / "stock [1].csv", b"x")
    assert find_inputs(str(path)) == (path,)


def test_another_file_in_the_place_is_never_removed(tmp_path: Path) -> None:
    """What came after the copy was made is not ours to remove."""
    path = saved(tmp_path / "a.csv", b"one")
    look = look_at(path)
    saved(path, b"new", ago=5)
    assert remove_taken(path, look)  # type: ignore[arg-type]
    assert path.read_bytes() == b"new"
    assert remove_taken(path, look_at(path))  # type: ignore[arg-type]
    assert not path.exists()
