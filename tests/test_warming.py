"""Importing ahead: what is needed later is there, and what cannot be imported is left to whoever needs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from etl.warming import import_ahead


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "etl_waits_outside.py").write_text("done = []\n\ndef get_ready():\n    done.append(1)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "etl_waits_outside", raising=False)
    return "etl_waits_outside"


@pytest.mark.parametrize(("ready", "done"), [(None, []), ("get_ready", [1])])
def test_a_module_is_there_and_ready(module: str, ready: str | None, done: list[int]) -> None:
    """Once the thread has ended, the module is imported, and what it wanted to do first is done once."""
    import_ahead(module, ready).join()
    assert sys.modules[module].done == done


def test_a_module_that_is_missing_is_not_told_here(capfd: pytest.CaptureFixture[str]) -> None:
    """No traceback of a thread appears: the import that needs the module says what is wrong."""
    import_ahead("etl_is_nowhere").join()
    assert capfd.readouterr() == ("", "")
