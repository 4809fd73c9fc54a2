"""A whole batch against the sandbox: each job once, files put away when they are settled, leftovers finished."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from etl.batch.endings import State
from etl.batch.errands import Errands
from etl.io.locks import jobs_lock
from etl.options import SendOptions
from etl.runs import resume_run
from etl.sandbox import Fault
from tests.batch.nights import STOCK, Nights
from tests.recovery.lab import NO_WORKBOOK, Silent

LOST = {"path": "productos/stock"}


def test_a_job_sends_its_file_once_and_puts_it_away(nights: Nights) -> None:
    """The file goes to the archive with its results beside it; nothing is left where it was."""
    nights.sheet("P001", "P002")
    ending = nights.one()
    assert (ending.state, ending.exit_code, ending.counts["accepted"]) == (State.DONE, 0, 2)
    assert nights.stock("P001") == 101
    assert nights.files("archive") == ["stock.csv", "stock.resultados.xlsx"]
    assert nights.files("in") == []
    assert ending.report is not None
    assert ending.report.results == str(nights.folder / "archive" / "stock.resultados.xlsx")
    assert nights.one().state is State.NO_FILE


def test_a_file_with_errors_goes_to_the_other_folder(nights: Nights) -> None:
    """Somebody has to correct it; what was valid is sent."""
    nights.sheet("P001", "", "NADA")
    ending = nights.one()
    assert (ending.state, ending.exit_code) == (State.DONE, 1)
    assert nights.files("errors") == ["stock.csv", "stock.resultados.xlsx"]
    assert ending.is_problem


def test_a_file_that_cannot_be_used_goes_there_too(nights: Nights) -> None:
    """Nothing was begun: without an error folder it stays and is tried again."""
    nights.sheet("P001").write_text("nothing of ours\n", encoding="utf-8")
    assert (nights.one().exit_code, nights.files("errors")) == (3, ["stock.csv"])
    nights.sheet("P001").write_text("nothing of ours\n", encoding="utf-8")
    kept = STOCK.replace('errors = "errors"\n', "")
    assert [nights.one(kept).exit_code, nights.one(kept).exit_code] == [3, 3]
    assert nights.files("in") == ["stock.csv"]


def test_the_same_rows_are_a_repeat_and_no_error(nights: Nights) -> None:
    """By default movements go by content; the earlier run is named, and the exit code is 0."""
    nights.sheet("P001", "P002")
    first = nights.one()
    nights.sheet("P001", "P002")
    ending = nights.one()
    assert (ending.state, ending.exit_code, ending.run) == (State.REPEAT, 0, first.run)
    assert nights.stock("P001") == 101
    assert not ending.is_problem
    assert nights.files("archive") == ["stock (2).csv", "stock.csv", "stock.resultados.xlsx"]


def test_half_of_the_rows_may_be_those_of_last_night(nights: Nights) -> None:
    """A job's `once` stands in place of the rule about corrected sheets: daily sheets resemble each other."""
    nights.sheet("P001", "P002", "P003")
    nights.one()
    nights.sheet("P001", "P002", "P004")
    assert nights.one().state is State.DONE
    assert nights.stock("P001") == 102


def test_each_day_may_have_its_own_delivery_of_the_same_rows(nights: Nights) -> None:
    """`content+day` refuses the same rows on the same day and takes them on the next."""
    daily = STOCK + 'once = "content+day"\n'
    nights.sheet("P001")
    first = nights.one(daily)
    nights.sheet("P001")
    assert nights.one(daily).state is State.REPEAT
    age_journal(nights, timedelta(days=1))
    nights.sheet("P001")
    second = nights.one(daily)
    assert (second.state, nights.stock("P001")) == (State.DONE, 102)
    assert second.run != first.run


def test_a_document_is_known_by_its_name(nights: Nights) -> None:
    """`document` refuses a second file of that name and takes the same rows under another."""
    once = STOCK.replace("stock.csv", "*.csv") + 'once = "document"\n'
    nights.sheet("P001", name="in/remito-1.csv")
    nights.one(once)
    nights.sheet("P001", "P002", name="in/remito-1.csv")
    nights.sheet("P001", name="in/remito-2.csv")
    states = {ending.file: ending.state for ending in nights.batch(once).jobs}
    assert states == {"remito-1.csv": State.REPEAT, "remito-2.csv": State.DONE}
    assert nights.stock("P001") == 102


def test_without_an_archive_the_file_stays_and_is_not_sent_again(nights: Nights) -> None:
    """Also values that could be set again: nobody saved it since."""
    stays = STOCK.replace('archive = "archive"\n', "").replace('errors = "errors"\n', "")
    nights.sheet("P001")
    first = nights.one(stays)
    assert nights.files("in") == ["stock.csv", "stock.resultados.xlsx"]
    requests = nights.lab.sandbox.tusfacturas.requests.total()
    again = nights.one(stays)
    assert (again.state, again.run) == (State.REPEAT, first.run)
    assert nights.lab.sandbox.tusfacturas.requests.total() == requests


def test_one_job_that_fails_does_not_stop_the_others(nights: Nights) -> None:
    """Each has its own run and its own code; the gravest is the batch's."""
    nights.sheet("P001", name="in/a.csv").write_bytes(b"\x00\x01")
    nights.sheet("P002", name="in/b.csv")
    two = STOCK.replace("stock.csv", "a.csv") + STOCK.replace('"stock"', '"other"').replace("stock.csv", "b.csv")
    ending = nights.batch(two)
    assert [one.state for one in ending.jobs] == [State.FAILED, State.DONE]
    assert ending.exit_code == 3


def test_a_job_that_says_what_cannot_be_is_told_and_its_file_stays(nights: Nights) -> None:
    """A constant for a field that does not exist is the jobs file's mistake, not the sheet's."""
    nights.sheet("P001")
    wrong = STOCK.replace('operacion = "A"', 'operacion = "A", nada = "x"')
    assert nights.one(wrong).exit_code == 2
    assert nights.files("in") == ["stock.csv"]
    assert nights.one().state is State.DONE


def test_the_results_can_have_a_folder_of_their_own(nights: Nights) -> None:
    """Then they do not follow the file."""
    nights.sheet("P001")
    nights.one(STOCK + 'results = "results"\n')
    assert (nights.files("results"), nights.files("archive")) == (["stock.resultados.xlsx"], ["stock.csv"])


def test_our_own_workbooks_are_no_input(nights: Nights) -> None:
    """A pattern over a folder in which results stand does not take them; the sheet is not sent twice either."""
    every = STOCK.replace("stock.csv", "*").replace('archive = "archive"\n', "").replace('errors = "errors"\n', "")
    nights.sheet("P001", "NADA")
    nights.one(every)
    assert nights.files("in") == ["stock.csv", "stock.resultados.xlsx"]
    assert [one.state for one in nights.batch(every).jobs] == [State.REPEAT]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_share_that_can_only_be_read_is_fine(nights: Nights) -> None:
    """The file cannot be moved: a copy is archived, it is said, and it is not sent again."""
    folder = nights.sheet("P001").parent
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        ending = nights.one()
        assert (ending.state, ending.exit_code) == (State.DONE, 0)
        assert any("could not be removed" in str(note) for note in ending.notes)
        assert nights.one().state is State.REPEAT
    finally:
        folder.chmod(stat.S_IRWXU)
    assert "stock.csv" in nights.files("archive")


def test_a_lost_answer_is_settled_at_the_end_of_the_batch(nights: Nights) -> None:
    """The answer of 02:10 is known at 02:30: it was applied, so the row is accepted and the file put away."""
    nights.lab.sandbox.faults.order(Fault.CLOSE_AFTER, **LOST)
    nights.sheet("P001")
    ending = nights.one(settle=timedelta(minutes=20))
    assert (ending.state, ending.exit_code, ending.counts["accepted"]) == (State.DONE, 0, 1)
    assert nights.files("archive") == ["stock.csv", "stock.resultados.xlsx"]


def test_an_uncertain_run_keeps_its_file_until_it_is_settled(nights: Nights) -> None:
    """Nothing is moved before; the next batch looks it up, and never sends it a second time."""
    nights.lab.sandbox.faults.order(Fault.CLOSE_AFTER, **LOST)
    nights.lab.sandbox.faults.order(Fault.STATUS_BEFORE, path="productos/consultar", nth=2, times=20, status=500)
    nights.sheet("P001")
    first = nights.batch()
    assert (first.jobs[0].state, first.exit_code) == (State.UNCERTAIN, 7)
    assert "stock.csv" in nights.files("in")
    nights.lab.sandbox.faults.clear()
    (second,) = nights.batch().jobs
    assert (second.state, second.run) == (State.DONE, first.jobs[0].run)
    assert nights.stock("P001") == 101
    assert nights.files("archive") == ["stock.csv", "stock.resultados.xlsx"]


def test_an_interrupted_run_goes_on_where_it_stopped(nights: Nights) -> None:
    """The vendor was down: next time the rest is sent, also when another file has come in its place."""
    codes = [f"P{number:03d}" for number in range(20)]
    nights.sheet(*codes)
    with nights.lab.sandbox.down():
        ending = nights.one()
    assert (ending.state, ending.exit_code, ending.counts["not_sent"]) == (State.FAILED, 5, 20)
    nights.sheet("P001", quantity=5)
    states = [one.state for one in nights.batch().jobs]
    assert states == [State.DONE, State.DONE]
    assert (nights.stock("P000"), nights.stock("P001")) == (101, 106)
    assert nights.files("archive") == [
        "stock (2).csv",
        "stock (2).resultados.xlsx",
        "stock.csv",
        "stock.resultados.xlsx",
    ]


def test_the_limit_of_requests_holds_for_each_batch(nights: Nights) -> None:
    """What it leaves over is sent by the next one, within the limit again."""
    nights.sheet(*(f"P{number:03d}" for number in range(20)))
    limited = STOCK + "max_requests = 1\n"
    assert nights.one(limited).exit_code == 5
    assert nights.one(STOCK + "max_requests = 4\n").state is State.DONE


def test_a_crash_before_the_plan_loses_nothing(nights: Nights) -> None:
    """The copy was made and the process died; meanwhile the file was replaced: both are sent."""
    path = nights.sheet("P001")
    crash_after_taking(nights, path)
    nights.sheet("P002")
    assert sorted(str(one.state) for one in nights.batch().jobs) == ["done", "done"]
    assert (nights.stock("P001"), nights.stock("P002")) == (101, 101)


def test_a_crash_before_the_plan_with_the_file_still_there_is_no_second_delivery(nights: Nights) -> None:
    """The copy is forgotten, and the file taken like any other."""
    crash_after_taking(nights, nights.sheet("P001"))
    assert [one.state for one in nights.batch().jobs] == [State.DONE]
    assert nights.stock("P001") == 101


@pytest.mark.parametrize("moved", [False, True], ids=["before the move", "after the move"])
def test_a_crash_around_the_move_is_finished(nights: Nights, moved: bool) -> None:
    """Where the file goes was written down first, so that each step can be done again."""
    path = nights.sheet("P001")
    look = crash_after_taking(nights, path)
    errands = Errands(nights.lab.home, nights.folder / "jobs.toml")
    (errand,) = errands.left()
    settings = nights.lab.settings
    run = send_for(nights, errand.copy, errand.id)
    known = json.loads((errand.folder / "errand.json").read_bytes())
    known |= {"run": run, "target": str(nights.folder / "archive" / "stock.csv")}
    (errand.folder / "errand.json").write_text(json.dumps(known))
    if moved:
        (nights.folder / "archive").mkdir()
        path.rename(nights.folder / "archive" / "stock.csv")
    (ending,) = nights.batch().jobs
    assert (ending.state, ending.run) == (State.DONE, run)
    assert "stock.csv" in nights.files("archive")
    assert nights.stock("P001") == 101
    assert errands.left() == []
    assert settings.home.exists()
    assert look


def test_a_second_batch_of_the_same_jobs_is_busy(nights: Nights) -> None:
    """Cron has no guard of its own: the second says of each job that it is busy, and ends with 6."""
    nights.sheet("P001")
    jobs = nights.jobs(STOCK)
    nights.lab.settings.prepare_home()
    with jobs_lock(nights.lab.home, jobs):
        ending = nights.batch()
    assert ([one.state for one in ending.jobs], ending.exit_code) == ([State.BUSY], 6)
    assert nights.one().state is State.DONE


def test_a_stop_between_two_jobs_leaves_the_others_for_next_time(nights: Nights) -> None:
    """They are told as not begun, and the exit code is the signal's."""
    nights.sheet("P001")
    nights.stop_code = 143
    ending = nights.batch()
    assert ([one.state for one in ending.jobs], ending.exit_code) == ([State.NOT_RUN], 143)
    nights.stop_code = None
    assert nights.one().state is State.DONE


def test_old_uncertain_rows_ring_until_they_are_settled(nights: Nights) -> None:
    """After a day they stand on top of every report, and only the batch ends with 7 for them (JOB-9)."""
    nights.lab.sandbox.faults.order(Fault.CLOSE_BEFORE, **LOST)
    nights.sheet("P001")
    lost = nights.one()
    assert lost.exit_code == 7
    assert nights.batch().notices == ()
    age_journal(nights, timedelta(days=3))
    nights.sheet("P002", name="in/other.csv")
    other = STOCK.replace("stock.csv", "other.csv").replace('"stock"', '"other"')
    ending = nights.batch(other)
    assert (ending.jobs[0].state, ending.exit_code) == (State.DONE, 7)
    assert lost.run is not None
    assert lost.run in str(ending.notices)
    report = ending.jobs[0].report
    assert report is not None
    assert lost.run in str(report.notices)
    assert report.exit_code == 0


def test_a_job_that_was_taken_out_of_the_file_is_not_forgotten(nights: Nights) -> None:
    """What it left is told each night until it is settled: with its run, and what to do."""
    nights.sheet("P001", "P002")
    with nights.lab.sandbox.down():
        left = nights.one()
    assert (left.state, left.exit_code) == (State.FAILED, 5)
    assert left.run is not None
    nights.sheet("P003", name="in/other.csv")
    other = STOCK.replace("stock.csv", "other.csv").replace('"stock"', '"other"')
    done, orphan = nights.batch(other).jobs
    assert (done.name, done.state) == ("other", State.DONE)
    assert (orphan.name, orphan.state, orphan.exit_code, orphan.run) == ("stock", State.FAILED, 5, left.run)
    assert f"etl resume {left.run}" in str(orphan.message)
    assert nights.stock("P001") == 100
    resume_run(left.run, NO_WORKBOOK, SendOptions(yes=True), nights.lab.settings, Silent())
    assert [one.name for one in nights.batch(other).jobs] == ["other"]
    assert nights.stock("P001") == 101


def test_what_is_left_without_its_run_spoils_no_batch(nights: Nights) -> None:
    """The journal was lost meanwhile: that is told of the old job, and the others have their endings."""
    nights.sheet("P001")
    with nights.lab.sandbox.down():
        assert nights.one().run is not None
    for path in nights.lab.home.glob("journal.db*"):
        path.unlink()
    nights.sheet("P003", name="in/other.csv")
    other = STOCK.replace("stock.csv", "other.csv").replace('"stock"', '"other"')
    done, orphan = nights.batch(other).jobs
    assert (done.name, done.state) == ("other", State.DONE)
    assert (orphan.name, orphan.state) == ("stock", State.FAILED)
    assert "has no run" in str(orphan.message)


def test_the_log_tells_job_and_batch(nights: Nights) -> None:
    """Each attempt's line names the run, and each job's line the run, the job and the batch."""
    nights.sheet("P001")
    ending = nights.batch()
    (line,) = nights.log("job")
    assert line | {"batch": ending.id, "job": "stock", "run": ending.jobs[0].run, "state": "done"} == line
    assert [one["batch"] for one in nights.log("batch_ends")] == [ending.id]


def crash_after_taking(nights: Nights, path: Path) -> object:
    """Leave what a process leaves that dies between the copy and the plan."""
    from etl.batch.jobs_file import read_jobs  # noqa: PLC0415
    from etl.batch.settling import Wanted, look_at  # noqa: PLC0415

    jobs = read_jobs(nights.jobs(STOCK))
    nights.lab.settings.prepare_home()
    look = look_at(path)
    assert look is not None
    Errands(nights.lab.home, jobs.path).begin(jobs.jobs[0], Wanted(path, 0.0), look, batch="b", now=nights.clock.now())
    return look


def send_for(nights: Nights, copy: Path, errand: str) -> str:
    """Send a copy as the batch does, and return its run."""
    from etl.options import OutputOptions, Scheduled, SendOptions, SheetOptions  # noqa: PLC0415
    from etl.pipeline import run_file  # noqa: PLC0415
    from tests.recovery.lab import Silent  # noqa: PLC0415

    report = run_file(
        SheetOptions(file=copy, to="tusfacturas.stock", constants=(("operacion", "A"),)),
        OutputOptions(results=nights.folder / "in" / "stock.resultados.xlsx", language="en"),
        SendOptions(yes=True, scheduled=Scheduled(batch="b", job="stock", errand=errand)),
        nights.lab.settings,
        Silent(),
    )
    assert report.run is not None
    return report.run


def age_journal(nights: Nights, by: timedelta) -> None:
    """Let everything in the journal have happened earlier."""
    from datetime import datetime  # noqa: PLC0415

    def earlier(words: str | None) -> str | None:
        return words and (datetime.fromisoformat(words) - by).isoformat(timespec="microseconds")

    with sqlite3.connect(nights.lab.home / "journal.db") as journal:
        journal.create_function("earlier", 1, earlier)
        for table, columns in {"runs": ("started", "finished"), "attempts": ("started", "finished"),
                               "looks": ("at",)}.items():  # fmt: skip
            for column in columns:
                journal.execute(f"UPDATE {table} SET {column} = earlier({column})")  # noqa: S608
    journal.close()
