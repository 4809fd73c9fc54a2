"""A process of ours: what it leaves behind when it dies."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from etl.cli.process import forbid_core_dumps

posix = pytest.mark.skipif(os.name == "nt", reason="Windows dumps no core")
CANARY = "canary-4711-secret"


@posix
def test_no_core_is_dumped() -> None:
    """A crash of the process leaves no copy of its memory on disk (SEC-6)."""
    import resource  # noqa: PLC0415 - Unix alone has it

    forbid_core_dumps()
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


@pytest.mark.parametrize("where", ["main", "thread"])
def test_an_error_that_nobody_caught_prints_no_words(where: str) -> None:
    """With tracebacks hidden the terminal shows the kind of the error alone."""
    program = (
        "import threading\nfrom etl.cli.process import hide_tracebacks\nhide_tracebacks()\n"
        f"def fail(): raise ValueError('{CANARY}')\n"
        + ("fail()" if where == "main" else "t = threading.Thread(target=fail); t.start(); t.join()")
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == "etl: ValueError\n"
