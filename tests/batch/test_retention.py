"""What is removed when it is old, and what never is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from etl.batch.endings import State
from etl.io.workbook.package import is_untouched
from etl.runs import list_runs, report_run, show_run
from etl.sandbox import Fault
from tests.batch.nights import STOCK, Nights
from tests.batch.test_loop import age_journal
from tests.recovery.lab import NO_WORKBOOK, Silent

KEPT = '[retention]\ndetails = "60d"\nresults = "30d"\narchives = "30d"\nlogs = "90d"\n' + STOCK


def test_old_details_go_and_the_guard_stays(nights: Nights) -> None:
    """A run of long ago has neither cells nor bodies, its counts are the same, and its sheet is still recognised."""
    nights.sheet("P001", "NADA")
    run = nights.one().run
    assert run is not None
    before = show_run(run, nights.lab.settings).counts
    age_journal(nights, timedelta(days=70))
    ending = nights.batch(KEPT)
    assert "The details of 1 old run were removed" in [str(note) for note in ending.notes]
    with nights.lab.journal() as journal:
        assert {row.cells for row in journal.rows_of(run)} == {()}
        assert {batch.body for batch in journal.batches_of(run)} == {b""}
        assert not any(item.payload for item in journal.items_of(run))
    assert show_run(run, nights.lab.settings).counts == before
    report_run(run, nights.folder / "again.xlsx", NO_WORKBOOK, nights.lab.settings, Silent())
    assert is_untouched(nights.folder / "again.xlsx")
    nights.sheet("P001", "NADA")
    again = nights.one()
    assert (again.state, again.run) == (State.REPEAT, run)
    assert nights.stock("P001") == 101
    assert nights.batch(KEPT).notes == (), "once is enough"


def test_what_is_open_keeps_everything(nights: Nights) -> None:
    """Uncertain rows of long ago can still be settled by whoever looks."""
    nights.lab.sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    nights.sheet("P001")
    run = nights.one().run
    assert run is not None
    age_journal(nights, timedelta(days=400))
    nights.batch(KEPT)
    with nights.lab.journal() as journal:
        assert all(batch.body for batch in journal.batches_of(run))


def test_old_files_go_unless_somebody_saved_them_since(nights: Nights) -> None:
    """Archived sheets and workbooks, and only those that a batch put there; logs by month."""
    nights.sheet("P001")
    nights.one()
    nights.sheet("P002")
    nights.one()
    kept = nights.folder / "archive" / "stock (2).resultados.xlsx"
    kept.write_bytes(kept.read_bytes() + b"edited")
    own = nights.folder / "archive" / "mine.csv"
    own.write_text("mine")
    old_log = nights.lab.home / "logs" / "etl-2020-01.jsonl"
    old_log.write_text("{}\n")
    nights.batch(KEPT)
    assert len(nights.files("archive")) == 5
    assert not old_log.exists()
    with nights.later(timedelta(days=31)):
        nights.batch(KEPT)
    assert nights.files("archive") == ["mine.csv", kept.name]


def test_without_a_word_nothing_is_removed(nights: Nights) -> None:
    """Retention is asked for."""
    nights.sheet("P001")
    nights.one()
    age_journal(nights, timedelta(days=2000))
    with nights.later(timedelta(days=2000)):
        nights.batch()
    assert nights.files("archive") == ["stock.csv", "stock.resultados.xlsx"]
    with nights.lab.journal() as journal:
        (run,) = list_runs(nights.lab.settings)
        assert all(batch.body for batch in journal.batches_of(run["run"]))


def test_files_that_are_gone_are_forgotten(nights: Nights) -> None:
    """What is remembered of files that stay does not grow for ever."""
    stays = STOCK.replace('archive = "archive"\n', "").replace('errors = "errors"\n', "")
    path: Path = nights.sheet("P001")
    nights.one(stays)
    assert len([*(nights.lab.home / "batch" / "handled").iterdir()]) == 1
    path.unlink()
    nights.batch(stays)
    assert [*(nights.lab.home / "batch" / "handled").iterdir()] == []
