"""Justo under every fault: what is set again, until when, and what a newer run settles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from etl.core.report import Report
from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import Lab

PATH = "products/itemsStock"
TO = "justo.stock"
PRODUCTS = ("empanada-carne", "empanada-humita", "00123")


def values(number: int, stock: int = 7) -> Mapping[str, object]:
    return {"storeId": "local-centro", "productId": PRODUCTS[number], "type": "product", "stock": stock}


def outcomes(report: Report) -> list[str]:
    return [row.outcome.value for row in report.rows]


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def lab(running: Sandbox, tmp_path: Path) -> Lab:
    running.reset()
    return Lab(tmp_path / "home", running)


def lost(lab: Lab, rows: Sequence[Mapping[str, object]], fault: Fault = Fault.CLOSE_AFTER) -> str:
    """Send rows whose answer is lost, with no time left to set them again; return the run."""
    lab.timing = {"ETL_RESEND_WINDOW": "0"}
    lab.sandbox.faults.order(fault, vendor="justo", times=None)
    run = lab.plan(TO, rows)
    assert lab.resume(run).exit_code == 7
    lab.sandbox.faults.clear()
    return run


@pytest.mark.parametrize("fault", [Fault.CLOSE_AFTER, Fault.CLOSE_BEFORE])
def test_after_the_window_nothing_is_set_again(fault: Fault, lab: Lab) -> None:
    """Orders may have come: the rows stay uncertain, and the advice does not send people to look them up (RET-9)."""
    run = lost(lab, [values(0), values(1)], fault)
    before = len(lab.sandbox.justo.applications)
    for report in (lab.reconcile(run), lab.resume(run), lab.show(run)):
        assert outcomes(report) == ["uncertain"] * 2
        assert report.exit_code == 7
        told = [str(step) for step in report.next_steps]
        assert not any("reconcile" in step for step in told)
        assert any("newer sheet" in step for step in told)
        assert any("etl resolve" in step for step in told)
    assert len(lab.sandbox.justo.applications) == before


def test_within_the_window_resume_sets_them_again(lab: Lab) -> None:
    """A process that ended in between goes on where it was."""
    run = lost(lab, [values(0)])
    lab.timing = {"ETL_RESEND_WINDOW": "60"}
    assert outcomes(lab.resume(run)) == ["accepted"]


def test_a_newer_run_settles_what_an_older_one_left_open(lab: Lab) -> None:
    """What was uncertain is skipped with the run that replaced it; other rows of the older run stay as they are."""
    older = lost(lab, [values(0), values(1)])
    newer = lab.plan(TO, [values(1, 3)])
    assert lab.resume(newer).exit_code == 0
    report = lab.show(older)
    assert outcomes(report) == ["uncertain", "skipped"]
    assert newer in str(report.rows[1].reasons[0])
    assert [finding.row for finding in report.findings if finding.code == "uncertain"] == [2]
    lab.resume(lab.plan(TO, [values(0, 4)]))
    report = lab.show(older)
    assert (outcomes(report), report.exit_code) == (["skipped", "skipped"], 0)


def test_an_unsent_row_is_settled_too_and_never_sent_over_the_newer_value(lab: Lab) -> None:
    """An old plan is not resumed over a newer one; its other rows go out."""
    older = lab.plan(TO, [values(0, 99), values(2, 5)])
    assert lab.resume(lab.plan(TO, [values(0, 3)])).exit_code == 0
    report = lab.resume(older)
    assert (outcomes(report), report.exit_code) == (["skipped", "accepted"], 0)
    assert lab.sandbox.justo.stock("local-centro", PRODUCTS[0]) == 3
    assert lab.sandbox.justo.stock("local-centro", PRODUCTS[2]) == 5


def test_a_newer_run_that_is_not_accepted_settles_nothing(lab: Lab) -> None:
    """A refused or lost value replaces none."""
    older = lost(lab, [values(0)])
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, path=PATH, status=400)
    assert outcomes(lab.resume(lab.plan(TO, [values(0, 3)]))) == ["rejected"]
    assert outcomes(lab.show(older)) == ["uncertain"]
    lost(lab, [values(0, 4)])
    assert outcomes(lab.show(older)) == ["uncertain"]


def test_an_older_run_never_settles_a_newer_one(lab: Lab) -> None:
    """Set again late, the older value does not make the newer row's doubt go away."""
    older = lost(lab, [values(0)])
    newer = lost(lab, [values(0, 4)])
    lab.timing = {"ETL_RESEND_WINDOW": "60"}
    lab.resume(older)
    assert outcomes(lab.show(newer)) == ["uncertain"]
    assert lab.sandbox.justo.stock("local-centro", PRODUCTS[0]) == 4


def test_a_row_that_the_vendor_refuses_has_its_words(lab: Lab) -> None:
    """207: the good rows are accepted, the others have every text of theirs; 400: none is accepted."""
    bad = {**values(0), "storeId": "nowhere", "productId": "nothing"}
    report = lab.resume(lab.plan(TO, [values(0), bad]))
    assert (outcomes(report), report.exit_code) == (["accepted", "rejected"], 1)
    said = str(report.rows[1].reasons[0])
    assert "storeId:nowhere" in said
    assert "productId:nothing" in said
    assert report.rows[0].vendor_id
    report = lab.resume(lab.plan(TO, [bad]))
    assert (outcomes(report), report.requests.sent) == (["rejected"], 1)
    assert "storeId:nowhere" in str(report.rows[0].reasons[0])


def test_two_ids_of_one_product_are_a_warning_on_both_rows(lab: Lab) -> None:
    """Also when they went out in different requests: one value has replaced the other."""
    catalogue = lab.sandbox.justo.catalogue
    for number in range(60):
        catalogue.add_product(f"own-{number}", f"mine-{number}")
    filling = [{**values(0), "productId": f"own-{number}"} for number in range(55)]
    report = lab.resume(lab.plan(TO, [*filling, {**values(0), "productId": "mine-0", "stock": 9}]))
    assert report.counts["accepted"] == 56
    found = [finding for finding in report.findings if finding.code == "same_thing"]
    assert [finding.row for finding in found] == [2, 57]
    assert not any(finding.is_error for finding in found)
    assert report.exit_code == 0
