"""The demonstration: it works anywhere, leaves nothing running, and its reports tell the truth."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from etl.demo import FOLDER, STEPS, Demonstrated, choose_folder
from tests.cli.command_line import as_process, clean_environment


def test_the_demo_from_a_foreign_folder(tmp_path: Path) -> None:
    """No configuration, no terminal, a proxy that leads nowhere: exit code 0, and only etl-demo is left."""
    home = tmp_path / "home"
    home.mkdir()
    environ = clean_environment(HOME=str(home), http_proxy="http://127.0.0.1:9", ETL_PROFILE="another", ETL_YES="0")
    environ |= {"ETL_HOME": str(tmp_path / "untouched"), "ETL_JOURNAL": "sqlite:////nowhere/journal.db"}
    began = time.monotonic()
    ended = as_process("demo", "--json", cwd=tmp_path, environ=environ)
    assert ended.code == 0, ended
    assert time.monotonic() - began < 60
    assert ended.json["accepted"] == ended.json["applied"] > 0
    assert [run["exit_code"] for run in ended.json["runs"]] == [step.exit_code for step in STEPS]
    for run in ended.json["runs"]:
        assert sum(run["counts"].values()) == 2 * run["counts"]["read"]
        assert Path(run["results"]).exists()
    assert ended.json["runs"][1]["counts"]["rejected"] == 1
    assert {path.name for path in tmp_path.iterdir()} == {FOLDER, "home"}
    assert not any(home.rglob("journal.db"))


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    """The workbooks go to a temporary folder then."""
    (tmp_path / FOLDER).write_text("a file in the way", "utf-8")
    chosen = choose_folder(tmp_path)
    assert chosen.is_dir()
    assert chosen.parent != tmp_path
    chosen.rmdir()


@pytest.mark.parametrize("applied", [0, 1])
def test_a_demo_that_lies_is_not_as_expected(tmp_path: Path, applied: int) -> None:
    """Reports that say more or less than the vendor did are noticed."""
    assert Demonstrated(tmp_path, (), applied).as_expected is (applied == 0)
