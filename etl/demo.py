"""The demonstration: sample sheets, a simulated vendor, whole runs, and a look at what the vendor really got."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etl.core.report import Report
from etl.messages import Text, text
from etl.options import OutputOptions, Person, SendOptions, SheetOptions
from etl.samples import Sample, sample, write_samples

if TYPE_CHECKING:
    from etl.sandbox import Sandbox
    from etl.settings import Settings

FOLDER = "etl-demo"


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the demonstration and how it must end."""

    sample: str
    heading: Text
    exit_code: int


STEPS = (
    Step("productos.xlsx", text("Good products: all of them are added."), 0),
    Step(
        "productos-con-errores.xlsx",
        text(
            "Products with a mistake of every kind: the good rows are added, the others come back. "
            "Exit code 1 is right."
        ),
        1,
    ),
    Step(
        "precios.xlsx",
        text("The prices of a week later: only those that changed are sent, and nothing else changes."),
        0,
    ),
    Step("stock.xlsx", text("Stock movements: each is sent exactly once."), 0),
    Step("bsale-recepciones.xlsx", text("Receptions at Bsale: the rows of a document go out as one, and once."), 0),
    Step("justo-stock.xlsx", text("Stock of products and modifiers at Justo: the counters are set."), 0),
)


@dataclass(frozen=True, slots=True)
class Demonstrated:
    """What happened: each step with its report, and whether the vendor got exactly what the reports say."""

    folder: Path
    steps: tuple[tuple[Step, Report], ...]
    applied: int
    """Changes that the simulated vendor really made."""

    @property
    def accepted(self) -> int:
        """Rows that the reports call accepted."""
        return sum(report.counts["accepted"] for _, report in self.steps)

    @property
    def as_expected(self) -> bool:
        """Whether every step ended as it must, and the reports tell the truth."""
        ended = all(report.exit_code == step.exit_code for step, report in self.steps)
        return ended and self.applied == self.accepted


def choose_folder(here: Path) -> Path:
    """Return the folder for sheets and workbooks: ``etl-demo`` in `here`, or a temporary one if that cannot be."""
    folder = here / FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix=f"{FOLDER}-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix=f"{FOLDER}-"))


def run_demo(folder: Path, language: str, person: Person, watch: Callable[[Step, Report], None]) -> Demonstrated:
    """Run every step against a sandbox on a free port, with a journal of its own that is gone afterwards.

    `watch` is told of each step when it has ended.
    """
    from etl.sandbox import Sandbox  # noqa: PLC0415 - `etl.demo` is imported for its folder too

    write_samples(folder, [step.sample for step in STEPS])
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER}-") as home, Sandbox() as sandbox:
        settings = _settings(Path(home), sandbox, language)
        steps: list[tuple[Step, Report]] = []
        for step in STEPS:
            report = _run(sample(step.sample), folder, settings, person)
            watch(step, report)
            steps.append((step, report))
        applied = (sandbox.tusfacturas.applications, sandbox.bsale.applications, sandbox.justo.applications)
        return Demonstrated(folder, tuple(steps), sum(map(len, applied)))


def _settings(home: Path, sandbox: Sandbox, language: str) -> Settings:
    """Return settings that know the sandbox alone: nothing of the person's own configuration takes part."""
    from etl.sandbox import DEMO_CREDENTIALS  # noqa: PLC0415
    from etl.settings import load_settings  # noqa: PLC0415

    environ: dict[str, str] = {"ETL_HOME": str(home / "home")}
    for vendor, secrets in DEMO_CREDENTIALS.items():
        environ[f"ETL_{vendor}_URL".upper()] = sandbox.url(vendor)
        environ |= _variables(vendor, secrets)
    (home / "etl.toml").touch()
    return load_settings(language=language, environ=environ, cwd=home)


def _variables(vendor: str, secrets: Mapping[str, str]) -> dict[str, str]:
    return {f"ETL_{vendor}_{name}".upper(): value for name, value in secrets.items()}


def _run(chosen: Sample, folder: Path, settings: Settings, person: Person) -> Report:
    from etl.pipeline import run_file  # noqa: PLC0415 - pandas

    return run_file(
        SheetOptions(file=folder / chosen.name, to=chosen.to, constants=chosen.constants),
        OutputOptions(language=settings.language),
        SendOptions(yes=True),
        settings,
        person,
    )
