"""``--only-changed`` where the vendor cannot be read: by the journal, with its word of caution, never by luck."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.core.report import Report
from etl.errors import UsageError
from etl.options import SendOptions, SheetOptions
from etl.pipeline import run_file
from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import LIST, MOVES, NO_WORKBOOK, Lab, Silent

JUSTO = "justo.stock"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def lab(running: Sandbox, tmp_path: Path) -> Lab:
    running.reset()
    return Lab(tmp_path / "home", running)


def stock(folder: Path, **counts: int) -> Path:
    path = folder / "stock.csv"
    rows = "".join(f"local-centro;empanada-{name};{count}\n" for name, count in counts.items())
    path.write_text(f"storeId;productId;stock\n{rows}", encoding="utf-8")
    return path


def run(lab: Lab, path: Path, to: str = JUSTO, **send: object) -> Report:
    options = SendOptions(**{"yes": True, "only_changed": True, **send})  # type: ignore[arg-type]
    return run_file(SheetOptions(file=path, to=to), NO_WORKBOOK, options, lab.settings, Silent())


def outcomes(report: Report) -> list[str]:
    return [row.outcome.value for row in report.rows]


def test_what_justo_accepted_last_is_not_sent_again(lab: Lab, tmp_path: Path) -> None:
    """Equal rows cost nothing, and it is said that orders have lowered the counters; another value goes out."""
    assert outcomes(run(lab, stock(tmp_path, carne=5, humita=7))) == ["accepted", "accepted"]
    report = run(lab, stock(tmp_path, carne=5, humita=8))
    assert outcomes(report) == ["unchanged", "accepted"]
    assert "orders may have lowered it" in str(report.rows[0].reasons[0])
    assert outcomes(run(lab, stock(tmp_path, carne=5, humita=7))) == ["unchanged", "accepted"]
    assert lab.sandbox.justo.times_applied("local-centro", "empanada-carne") == 1
    assert outcomes(run(lab, stock(tmp_path, carne=5), only_changed=False)) == ["accepted"]


def test_a_value_in_doubt_or_refused_is_not_the_last_accepted_one(lab: Lab, tmp_path: Path) -> None:
    """Only a value that was accepted, and that nothing followed, counts as what is there."""
    lab.timing = {"ETL_RESEND_WINDOW": "0"}
    assert outcomes(run(lab, stock(tmp_path, carne=5))) == ["accepted"]
    lab.sandbox.faults.order(Fault.CLOSE_AFTER)
    assert outcomes(run(lab, stock(tmp_path, carne=6))) == ["uncertain"]
    lab.sandbox.faults.clear()
    assert outcomes(run(lab, stock(tmp_path, carne=6))) == ["accepted"], "nobody knows whether 6 is there"
    lab.sandbox.faults.order(Fault.CLOSE_AFTER)
    assert outcomes(run(lab, stock(tmp_path, carne=7))) == ["uncertain"]
    lab.sandbox.faults.clear()
    assert outcomes(run(lab, stock(tmp_path, carne=6))) == ["accepted"], "7 may be what is there"


def test_a_dry_run_looks_into_the_journal_only_when_told_to_read(lab: Lab, tmp_path: Path) -> None:
    """``--dry-run --read`` shows what the run would leave out, and makes no journal where there is none."""
    path = stock(tmp_path, carne=5)
    assert outcomes(run(lab, path, dry_run=True, read=True)) == ["not_sent"]
    assert not (lab.home / "journal.db").exists()
    run(lab, path)
    assert outcomes(run(lab, path, dry_run=True, read=True)) == ["unchanged"]
    assert outcomes(run(lab, path, dry_run=True)) == ["not_sent"]


@pytest.mark.parametrize("send", [{}, {"dry_run": True}])
def test_movements_are_never_unchanged(lab: Lab, tmp_path: Path, send: dict[str, bool]) -> None:
    """A second equal delivery is a delivery: exit 2, before anything is read or sent."""
    path = tmp_path / "stock.csv"
    path.write_text(f"operacion;codigo;lista_precios;cantidad\nA;P000;{LIST};5\n", encoding="utf-8")
    with pytest.raises(UsageError, match="only-changed"):
        run(lab, path, MOVES, **send)
    assert not lab.sandbox.tusfacturas.requests
