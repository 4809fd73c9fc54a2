"""README's first real run, line by line."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from tests.cli.command_line import ROOT, CommandLine

README = ROOT / "README.md"


def walk_through() -> list[list[str]]:
    """Return the commands of README's first real run, without ``etl``."""
    _, _, rest = README.read_text("utf-8").partition("<!-- walk-through -->\n```sh\n")
    block = rest.partition("```")[0]
    commands = [shlex.split(line) for line in block.splitlines() if line]
    assert all(command[0] == "etl" for command in commands)
    return [command[1:] for command in commands]


def test_readme_walk_through_works(etl: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A newcomer can copy each line of the first real run, and each ends well."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    commands = walk_through()
    assert len(commands) >= 6
    with Sandbox() as sandbox:
        monkeypatch.setenv("ETL_TUSFACTURAS_URL", sandbox.url("tusfacturas"))
        for name, value in DEMO_CREDENTIALS["tusfacturas"].items():
            monkeypatch.setenv(f"ETL_TUSFACTURAS_{name}".upper(), value)
        for command in commands:
            ended = etl(*command)
            assert ended.code == 0, (command, ended)
        assert len(sandbox.tusfacturas.applications) == 8 + 3 + 5
