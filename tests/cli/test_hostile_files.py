"""Hostile files given to whole commands: exit code 3, one line that says why, little memory, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import ROOT, clean_environment
from tests.io.readers.hostile_files import REFUSED

_CODE = """
import contextlib, io, json, sys, time
from etl.cli import run_command_line

ended = {}
for file in sys.argv[2:]:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    begun = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.suppress(SystemExit):
        try:
            run_command_line([sys.argv[1], file, "--to", "tusfacturas.productos", "--json", "--lang", "en"])
        except SystemExit as left:
            told = [seen.buffer.getvalue().decode() for seen in (out, err)]
            ended[file] = [left.code, time.process_time() - begun, *told]
with open("/proc/self/status") as status:  # getrusage would count the process that started this one, too
    peak = int(next(line for line in status if line.startswith("VmHWM")).split()[1])
print(json.dumps({"ended": ended, "peak_mb": peak / 1024}))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process's own peak")
@pytest.mark.parametrize("command", ["validate", "inspect"])
def test_a_process_that_reads_them_all_ends_each_in_three_and_stays_small(command: str, tmp_path: Path) -> None:
    """Within five seconds of work each, the JSON object on stdout, no traceback, and at most 200 MB in all (XLS-3)."""
    files = {f"f{number}.xlsx": build for number, (_, build) in enumerate(REFUSED.values())}
    for name, build in files.items():
        (tmp_path / name).write_bytes(build())
    done = subprocess.run(
        [sys.executable, "-c", _CODE, command, *files],
        cwd=tmp_path, env={**clean_environment(), "PYTHONPATH": str(ROOT), "ETL_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert done.stderr == ""
    assert told["ended"].keys() == files.keys()
    for file, (code, seconds, out, err) in told["ended"].items():
        kind = list(REFUSED)[int(file[1:-5])]
        assert code == 3, (kind, out, err)
        assert seconds < 5, kind
        assert json.loads(out)["findings"][0]["code"] == REFUSED[kind][0], kind
        assert "Traceback" not in err, kind
    assert told["peak_mb"] <= 200
