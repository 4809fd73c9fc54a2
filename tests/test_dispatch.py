"""Before anything is sent: is there room for what will be written (JOB-5)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from etl.dispatch import require_space
from etl.errors import InterruptedRunError
from etl.options import OutputOptions, SendOptions
from etl.runs import resume_run
from etl.sandbox import Sandbox
from tests.recovery.lab import MOVES, Lab, Silent, movement_values, shops

PLENTY = 10**12


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def disks(monkeypatch: pytest.MonkeyPatch, free: Mapping[Path, int]) -> None:
    """Let some folders stand on disks with so many bytes free."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(PLENTY, 0, free.get(Path(folder), PLENTY)))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        lab = Lab(tmp_path / "home", sandbox)
        shops(lab, 5)
        yield lab


@pytest.mark.parametrize("full", ["home", "results"])
def test_both_disks_need_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str) -> None:
    """Ten times the plan and 50 MB: 59 are too few for 1 MB, 60 are enough; the folder is named."""
    folders = {name: tmp_path / name for name in ("home", "results")}
    for folder in folders.values():
        folder.mkdir()
    disks(monkeypatch, {folders[full]: 59 * 2**20})
    with pytest.raises(InterruptedRunError, match=f"59 MB are free on the disk of .*{full}, 60 MB are needed"):
        require_space(2**20, folders["home"], folders["results"])
    disks(monkeypatch, {folders[full]: 60 * 2**20})
    require_space(2**20, folders["home"], folders["results"])


def test_a_folder_to_come_counts_as_where_it_will_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results folder of a job may not exist yet."""
    disks(monkeypatch, {tmp_path: 1})
    with pytest.raises(InterruptedRunError):
        require_space(1, tmp_path, tmp_path / "results" / "acme")
    disks(monkeypatch, {})
    require_space(1, tmp_path, tmp_path / "results" / "acme")


def test_a_resume_looks_at_the_room_too(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is sent, the rows are still to be sent, exit code 5; with room it goes on."""
    run = lab.plan(MOVES, [movement_values(number) for number in range(5)])
    results = tmp_path / "elsewhere"
    results.mkdir()
    output = OutputOptions(results=results / "x.xlsx", language="en")
    disks(monkeypatch, {results: 1})
    report = resume_run(run, output, SendOptions(), lab.settings, Silent())
    assert (report.exit_code, report.counts["not_sent"]) == (5, 5)
    assert lab.sandbox.tusfacturas.requests.total() == 0
    disks(monkeypatch, {})
    assert resume_run(run, output, SendOptions(), lab.settings, Silent()).exit_code == 0
