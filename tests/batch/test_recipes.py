"""Recipes that start a batch: understood by what they are for, with names as strange as people give them."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from datetime import time
from pathlib import Path, PurePosixPath

import defusedxml.ElementTree
import pytest

from etl.batch.jobs_file import read_jobs
from etl.batch.recipes import RECIPES, Setup, cron, drop, is_calm, systemd, windows
from tests.cli.command_line import CommandLine

TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
STRANGE = "Año 100% & \"más\" 'x' $HOME"


def setup(**more: object) -> Setup:
    known = {
        "program": ("/usr/bin/etl",),
        "home": Path("/var/lib/etl"),
        "config": Path("/etc/etl/etl.toml"),
        "jobs": Path("/etc/etl/jobs.toml"),
        "zone": "America/Santiago",
        "language": "en",
    }
    return Setup(**{**known, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["jobs", STRANGE])
def test_systemd_understands_its_units(tmp_path: Path, name: str) -> None:
    """`systemd-analyze verify` finds nothing; where it is missing, the lines that matter are there all the same."""
    jobs, program = tmp_path / f"{name}.toml", tmp_path / "etl"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    recipes = systemd(setup(jobs=jobs, program=(str(program),), references=("credential:acme.token", "env:X")))
    for recipe in recipes:
        (tmp_path / recipe.name).write_text(recipe.content)
    service, timer = (recipe.content for recipe in recipes)
    for line in ("Type=oneshot", "TimeoutStopSec=200", "LoadCredential=acme.token:/etc/etl/credentials/acme.token"):
        assert f"\n{line}\n" in service
    assert "\nPersistent=true\n" in timer
    assert "\nOnCalendar=*-*-* 02:10:00 America/Santiago\n" in timer
    if shutil.which("systemd-analyze") is None:
        assert not os.environ.get("CI"), "systemd-analyze is missing in CI"
        return
    units = [str(tmp_path / recipe.name) for recipe in recipes]
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    ours = [line for line in found.stderr.splitlines() if "etl-batch" in line]
    assert (ours, found.returncode) == ([], 0)


def test_cron_runs_the_words_that_were_meant() -> None:
    """Cron takes a bare % for the end of the line; the rest is a shell's."""
    (recipe,) = cron(setup(jobs=PurePosixPath(f"/srv/{STRANGE}.toml"), at=time(3, 5)))
    line = recipe.content.splitlines()[-1]
    fields, command = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert fields == ["5", "3", "*", "*", "*"]
    assert "%" not in command.replace(r"\%", "")
    words = shlex.split(command.replace(r"\%", "%"))
    assert words[:5] == ["env", "ETL_HOME=/var/lib/etl", "/usr/bin/etl", "batch", f"/srv/{STRANGE}.toml"]
    assert words[5:] == ["--config", "/etc/etl/etl.toml", "--quiet"]


def test_the_task_is_xml_that_is_made_up_for_and_never_runs_twice() -> None:
    """Names with signs of XML and accents stand in it whole, in a file of plain ASCII."""
    (recipe,) = windows(setup(jobs=Path(f"/srv/{STRANGE}.toml")))
    assert recipe.content.isascii()
    task = defusedxml.ElementTree.fromstring(recipe.content)
    told = {found.tag.removeprefix(TASK): found.text for found in task.iter() if not len(found)}
    assert told["StartWhenAvailable"] == "true"
    assert told["MultipleInstancesPolicy"] == "IgnoreNew"
    assert told["StartBoundary"] == "2026-01-01T02:10:00"
    assert f"/srv/{STRANGE}.toml" in str(told["Arguments"])


def test_a_file_to_drop_sheets_on_says_what_its_job_says(tmp_path: Path) -> None:
    """One a job; percent signs are doubled, and the sheet's name stays in quotes."""
    (tmp_path / "jobs.toml").write_text(
        '[[jobs]]\nname = "stock / noche"\nfile = "a.csv"\nto = "tusfacturas.stock"\nprofile = "acme"\nstrict = true\n'
        'set = { operacion = "A", lista_precios = "100% mayorista" }\n'
        '[[jobs]]\nname = "todas"\nfile = "{profile}.csv"\nprofile = "*"\n',
        encoding="utf-8",
    )
    stock, every = drop(setup(declared=read_jobs(tmp_path / "jobs.toml").jobs))
    assert (stock.name, every.name) == ("stock-noche.bat", "todas.bat")
    assert stock.newline == "\r\n"
    assert '"%~1" --to tusfacturas.stock --profile acme' in stock.content
    assert '"lista_precios=100%% mayorista"' in stock.content
    assert "--strict" in stock.content
    assert "--profile" not in every.content
    assert drop(setup())[0].name == "etl.bat"


@pytest.mark.parametrize(("at", "calm"), [("01:00", True), ("22:59", True), ("23:00", False), ("00:30", False)])
def test_no_batch_begins_around_midnight(etl: CommandLine, at: str, calm: bool) -> None:
    """Chile's clock jumps there: a time may come twice or never."""
    assert is_calm(time.fromisoformat(at)) is calm
    assert etl("schedule", "print", "--for", "cron", "--at", at).code == (0 if calm else 2)


@pytest.mark.parametrize("kind", sorted(RECIPES))
def test_recipes_are_printed_or_written(etl: CommandLine, tmp_path: Path, kind: str) -> None:
    """On standard output, as JSON, or into a folder with the ends of lines of their system."""
    (tmp_path / "jobs.toml").write_text('[[jobs]]\nname = "a"\nfile = "a.csv"\n', encoding="utf-8")
    printed = etl("schedule", "print", "--for", kind, "jobs.toml")
    told = etl("schedule", "print", "--for", kind, "jobs.toml", "--json").json
    assert etl("schedule", "print", "--for", kind, "jobs.toml", "-o", "recipes").code == 0
    assert told["command"] == "print"
    for file in told["files"]:
        assert file["content"] in printed.out
        written = (tmp_path / "recipes" / file["name"]).read_bytes()
        assert written.decode().replace("\r\n", "\n") == file["content"]
        assert (b"\r\n" in written) is (kind in {"windows", "drop"})
    if kind != "drop":
        assert str(tmp_path / "jobs.toml") in printed.out
    assert str(tmp_path / "home") in printed.out
