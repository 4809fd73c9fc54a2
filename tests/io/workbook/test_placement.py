"""A results workbook comes to stand whole, beside its sheet, and never over anybody's work."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from errno import ENOSPC
from pathlib import Path
from typing import BinaryIO

import openpyxl
import pytest

from etl.io.workbook.package import is_untouched, read_properties
from etl.io.workbook.placement import place, replace_file
from etl.io.workbook.results import write_results
from etl.messages import Text
from tests.io.workbook.shop import DEPOT, checked_report, shop_report, values


def write(path: Path, fallback: Path | None = None) -> tuple[str, list[str]]:
    """Write a run's workbook; return the name that it got and the notes, in English."""
    report = shop_report()
    written = write_results(report, DEPOT, path, "en", fallback=fallback or path.parent / "home")
    assert read_properties(written.path)["etl.run"] == report.run
    return written.path.name, [str(note) for note in written.notes]


def test_a_workbook_of_ours_that_nobody_touched_is_replaced(tmp_path: Path) -> None:
    """The second check of a corrected sheet leaves one workbook, the newest."""
    path = tmp_path / "a.resultados.xlsx"
    write_results(checked_report(), DEPOT, path, "en", fallback=tmp_path / "home")
    assert write(path) == ("a.resultados.xlsx", [])
    assert [found.name for found in tmp_path.iterdir()] == ["a.resultados.xlsx"]


def test_a_workbook_that_somebody_changed_stays(tmp_path: Path) -> None:
    """Corrections in `Reenviar` and decisions in `Inciertas` are work: the next run writes beside them, and says so."""
    path = tmp_path / "a.xlsx"
    write(path)
    book = openpyxl.load_workbook(path)
    book["Resend"]["A2"] = "corrected"
    book.save(path)
    before = path.read_bytes()
    assert write(path) == (
        "a (2).xlsx",
        ["a.xlsx was changed since it was written, so it stays; the new results are in a (2).xlsx"],
    )
    assert path.read_bytes() == before
    assert write(path)[0] == "a (2).xlsx"
    book.save(tmp_path / "a (2).xlsx")
    assert write(path)[0] == "a (3).xlsx"


def test_only_saving_again_counts_as_a_change(tmp_path: Path) -> None:
    """We cannot know what was changed in Excel, so a workbook that another program wrote is never ours to replace."""
    path = tmp_path / "a.xlsx"
    write(path)
    assert is_untouched(path)
    path.write_bytes(path.read_bytes())
    os.utime(path)
    assert is_untouched(path)
    book = openpyxl.load_workbook(path)
    book.save(path)
    assert not is_untouched(path)
    assert read_properties(path)["etl.kind"] == "results"


@pytest.mark.parametrize("lock", ["~$a.xlsx", ".~lock.a.xlsx#"])
def test_a_workbook_that_is_open_stays(tmp_path: Path, lock: str) -> None:
    """Excel would not see the new file, and would save the old one over it later."""
    write(tmp_path / "a.xlsx")
    before = (tmp_path / "a.xlsx").read_bytes()
    (tmp_path / lock).touch()
    name, notes = write(tmp_path / "a.xlsx")
    assert name == "a (2).xlsx"
    assert notes == ["a.xlsx is open in another program, so it stays; the new results are in a (2).xlsx"]
    assert (tmp_path / "a.xlsx").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"mine", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_not_ours_stays(tmp_path: Path, content: bytes) -> None:
    """--results with the name of another file must not destroy it."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    name, notes = write(path)
    assert (name, path.read_bytes()) == ("a (2).xlsx", content)
    assert notes[0].startswith("a.xlsx is not a workbook of this program")


def test_folders_and_links_stay(tmp_path: Path) -> None:
    """A name that is a folder or a link is nobody's workbook; what a link points at is not written."""
    (tmp_path / "a.xlsx").mkdir()
    assert write(tmp_path / "a.xlsx")[0] == "a (2).xlsx"
    (tmp_path / "b.xlsx").symlink_to(tmp_path / "a (2).xlsx")
    assert write(tmp_path / "b.xlsx")[0] == "b (2).xlsx"
    assert (tmp_path / "b.xlsx").is_symlink()


def test_a_folder_that_cannot_be_written_gives_way_to_the_home(tmp_path: Path) -> None:
    """A read-only share or a missing folder does not cost the person the results."""
    home = tmp_path / "home" / "results"
    written = write_results(shop_report(), DEPOT, tmp_path / "gone" / "a.xlsx", "en", fallback=home)
    assert written.path == home / "a.xlsx"
    (note,) = map(str, written.notes)
    gone = tmp_path / "gone"
    assert note.startswith(f"The folder {gone} cannot be written (No such file or directory); the results are in")
    assert note.endswith(str(home / "a.xlsx"))
    if os.name == "posix":
        assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Prices and stock are nobody else's business."""
    name, _ = write(tmp_path / "a.xlsx")
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def fail_after(count: int, code: int) -> object:
    def write_some(target: BinaryIO) -> None:
        target.write(b"x" * count)
        raise OSError(code, os.strerror(code))

    return write_some


@pytest.mark.parametrize("count", [0, 1, 100_000])
def test_a_failed_write_leaves_what_was_there(tmp_path: Path, count: int) -> None:
    """With a full disk the old workbook is whole, nothing half is left, and the caller learns of it."""
    path = tmp_path / "a.xlsx"
    write(path)
    before = path.read_bytes()
    for attempt in (
        lambda: place(path, fail_after(count, ENOSPC), fallback=tmp_path),  # type: ignore[arg-type]
        lambda: replace_file(path, fail_after(count, ENOSPC)),  # type: ignore[arg-type]
    ):
        with pytest.raises(OSError, match="No space"):
            attempt()
        assert path.read_bytes() == before
        assert [found.name for found in tmp_path.iterdir()] == ["a.xlsx"]


def test_a_full_disk_in_one_folder_tries_the_home(tmp_path: Path) -> None:
    """The home is often another disk."""
    calls = []

    def write_once_full(target: BinaryIO) -> None:
        calls.append(target.name)
        if len(calls) == 1:
            raise OSError(ENOSPC, "No space left on device")
        target.write(b"whole")

    written = place(tmp_path / "a.xlsx", write_once_full, fallback=tmp_path / "home")
    assert written.path.read_bytes() == b"whole"
    assert isinstance(written.notes[0], Text)
    assert "No space left on device" in str(written.notes[0])


SWEEP = """
    import os, resource, signal, sys
    from pathlib import Path
    from etl.io.workbook.results import write_results
    from tests.io.workbook.shop import DEPOT, shop_report

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = Path(sys.argv[1])
    size = path.stat().st_size
    before = path.read_bytes()
    failures = 0
    for limit in (*range(0, size, size // 9), size - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            write_results(shop_report(), DEPOT, path, "en", fallback=path.parent, replace=True)
        except OSError as problem:
            failures += 1
        assert path.read_bytes() == before, limit
        assert os.listdir(path.parent) == [path.name], limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(failures)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_the_operating_system_refusing_at_any_byte_leaves_what_was_there(tmp_path: Path) -> None:
    """JOB-4: whichever write fails, the previous workbook is intact and no other file is left."""
    path = tmp_path / "a.xlsx"
    write(path)
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(SWEEP), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) >= 10


def test_a_replaced_file_is_whole(tmp_path: Path) -> None:
    """`etl report -o` replaces the file that it names, whatever it is."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"mine")
    written = write_results(shop_report(), DEPOT, path, "en", fallback=tmp_path, replace=True)
    assert written.path == path
    assert len(values(path, "Rows")) == 9
    assert [found.name for found in tmp_path.iterdir()] == ["a.xlsx"]
