"""The project itself: what an import costs, what README promises, what a clean clone holds."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from etl.cli.fields import markdown_table
from etl.cli.listing import ENTRIES
from etl.samples import SAMPLES, write_samples
from etl.vendors import DESTINATIONS
from tests.cli.command_line import as_process, clean_environment

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
HEAVY = ("pandas", "numpy", "pandera", "sqlalchemy", "openpyxl", "xlsxwriter", "httpx", "msgspec", "rich", "keyring")
BROUGHT = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def imported_by(code: str) -> set[str]:
    """Return the top-level modules that are there after some code ran in a fresh interpreter."""
    found = subprocess.run(
        [sys.executable, "-c", f"{code}\n{BROUGHT}"],
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {*found.stdout.splitlines()[-1].split()}


def test_importing_etl_brings_nothing() -> None:
    """`import etl` costs nothing: no library, no configuration, no journal."""
    assert not imported_by("import etl") & {*HEAVY, "click"}


def test_importing_etl_opens_nothing() -> None:
    """`import etl` reads Python modules and no other file, and touches no network."""
    code = """
import sys
seen = []
watched = ("open", "socket", "sqlite")
sys.addaudithook(lambda event, args: seen.append((event, args)) if event.startswith(watched) else None)
import etl, etl.__main__
others = [args[0] for event, args in seen if not str(args[0]).endswith((".py", ".pyc", "__pycache__"))]
assert not others, others
"""
    imported_by(code)


def test_values_texts_and_vendors_stay_light() -> None:
    """What every command needs brings none of the slow libraries."""
    light = imported_by("import etl.model, etl.errors, etl.messages, etl.options, etl.vendors")
    assert not light & {*HEAVY} - {"msgspec"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["runs", "--help"], ["doctor", "--help"]], ids=" ".join
)
def test_help_brings_no_heavy_library(arguments: list[str]) -> None:
    """Help is there at once: only Click is imported."""
    code = f"from etl.cli import run_command_line\ntry: run_command_line({arguments!r})\nexcept SystemExit: pass"
    assert not imported_by(code) & {*HEAVY}


def test_readme_names_every_command() -> None:
    """Whoever reads README knows what there is."""
    told = README.read_text("utf-8")
    for name in ENTRIES:
        assert f"`etl {name}" in told, name


def test_readme_names_every_exit_code() -> None:
    """A script's author finds each code, in the order in which they apply."""
    told = README.read_text("utf-8")
    codes = re.findall(r"^\| ([0-9, ]+) \|", told, flags=re.MULTILINE)
    assert codes == ["130, 143", "70", "7", "4", "3", "6", "5", "2", "1", "0"]


@pytest.mark.parametrize("name", sorted(DESTINATIONS))
def test_readme_tables_are_the_declarations(name: str, request: pytest.FixtureRequest) -> None:
    """The column tables cannot age: they are made from the columns (`pytest --update-golden` writes them)."""
    told = README.read_text("utf-8")
    opening, closing = f"<!-- columns of {name} -->\n", "<!-- end -->"
    assert opening in told
    before, _, rest = told.partition(opening)
    table, _, after = rest.partition(closing)
    wanted = f"\n{markdown_table(DESTINATIONS[name], 'en')}\n\n"
    if request.config.getoption("--update-golden", default=False):
        README.write_text(before + opening + wanted + closing + after, "utf-8")
    else:
        assert table == wanted


def test_samples_are_what_the_code_writes(tmp_path: Path) -> None:
    """The sheets in samples/ are those that the demo runs."""
    written = write_samples(tmp_path)
    assert {path.name for path in written} == {path.name for path in (ROOT / "samples").iterdir()}
    for path in written:
        assert content(path) == content(ROOT / "samples" / path.name)


def content(path: Path) -> object:
    """Return what a sheet holds, apart from how it is compressed."""
    data = path.read_bytes()
    if path.suffix == ".csv":
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return {name: book.read(name) for name in book.namelist()}


def test_there_is_a_bad_sample_for_every_destination() -> None:
    """Somebody who wants to see errors need not make them."""
    assert {one.to for one in SAMPLES if "errores" in one.name} == {*DESTINATIONS}


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a clone")
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in found.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_nothing_names_a_package_index_or_a_folder_of_a_machine() -> None:
    """A clone works anywhere, and tells nothing about where it was made."""
    wrong = [
        "pypi" + ".org",
        "python" + "hosted",
        "/wo" + "rk/",
        "/ro" + "ot/",
        "/opt/" + "pypi",
    ]
    for path in tracked_files():
        data = path.read_bytes()
        for word in wrong:
            assert word.encode() not in data, (path, word)


def test_no_lock_file_and_no_results_are_tracked() -> None:
    """What is made on a machine stays there."""
    names = {path.name for path in tracked_files()}
    assert "uv.lock" not in names
    assert not [name for name in names if name.endswith((".resultados.xlsx", ".validacion.xlsx", ".db"))]


def test_every_dependency_is_used() -> None:
    """Nobody installs a library that nothing imports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "etl").rglob("*.py"))
    names = {re.split(r"[<>=\[;]", wanted)[0] for wanted in project["project"]["dependencies"]}
    assert "click" in names
    unused = {
        name
        for name in names
        if not re.search(rf"^ *(?:from|import) {name.lower().replace('-', '_')}\b", sources, re.MULTILINE)
    }
    assert unused <= {"tzdata"}  # data alone


def test_constraints_are_exact_and_shared_with_uv() -> None:
    """Both pip and uv install the same tested versions."""
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*", line) for line in lines), lines
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["uv"].get("constraint-dependencies", lines) == lines
    names = {line.partition("==")[0] for line in lines}
    for wanted in project["project"]["dependencies"] + project["dependency-groups"]["dev"]:
        assert re.split(r"[<>=; ]", wanted)[0].lower() in names, wanted


def test_ci_runs_what_a_newcomer_runs() -> None:
    """`.ci/run` is a program, in good shell, that ends with the tests."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    if shutil.which("bash"):
        subprocess.run(["bash", "-n", str(script)], check=True)
    commands = [
        line.partition(" ||")[0] for line in script.read_text("utf-8").splitlines() if line.startswith("uv run")
    ]
    assert commands[-1] == 'uv run pytest "$@"'
    assert {"uv run mypy", "uv run mypy --platform win32", "uv run ruff check"} <= {*commands}


def test_the_module_is_the_program(tmp_path: Path) -> None:
    """`python -m etl` does what `etl` does."""
    ended = as_process("--version", cwd=tmp_path, environ=clean_environment())
    assert (ended.code, ended.out.split()[0]) == (0, "etl,")


@pytest.mark.long
def test_a_plain_environment_can_install_and_demonstrate_a_clean_clone(tmp_path: Path) -> None:
    """`pip install .` without uv: the demo works in a foreign folder, and the clone stays clean."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "-c", "constraints.txt", "."]
    subprocess.run(install, check=True, cwd=clone)
    ended = subprocess.run(
        [str(python), "-m", "etl", "demo", "--lang", "en"],
        cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended
    assert list((tmp_path / "etl-demo").glob("*.resultados.xlsx"))
    left = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True)
    assert left.stdout == ""
