"""Requests as money: what a plan needs, what is left, and where a limit stops."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.core.report import Report
from etl.doctor import Status, check_reach
from etl.options import SendOptions, SheetOptions
from etl.pipeline import run_file, validate_file
from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import MOVES, NO_WORKBOOK, Lab, Silent, shops
from tests.test_guarding import Talking

CONSUMPTION = "micuenta/consumo"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def lab(running: Sandbox, tmp_path: Path) -> Lab:
    running.reset()
    running.faults.clear()
    found = Lab(tmp_path / "home", running)
    shops(found, 120)
    return found


def moves(folder: Path, operation: str = "A", count: int = 120) -> SheetOptions:
    path = folder / "stock.csv"
    lines = [f"P{number:03d};Mayorista;1;{operation}" for number in range(count)]
    path.write_text("\n".join(["codigo;lista_precios;cantidad;operacion", *lines]) + "\n", encoding="utf-8")
    return SheetOptions(file=path, to=MOVES)


def send(lab: Lab, sheet: SheetOptions, person: Silent | None = None, **how: object) -> Report:
    choice = SendOptions(**how)  # type: ignore[arg-type]
    return run_file(sheet, NO_WORKBOOK, choice, lab.settings, person or Silent())


def asked(lab: Lab) -> int:
    return lab.sandbox.tusfacturas.requests[CONSUMPTION]


def cost(report: Report) -> list[str]:
    return [str(line) for line in report.cost]


NEEDED = "Requests needed: 3 to send and 3 to read"


def test_what_a_plan_needs_is_said_without_sending(lab: Lab, tmp_path: Path) -> None:
    """Validate and a dry run count the requests, and ask nobody for that; a sheet without rows to send needs none."""
    sheet = moves(tmp_path)
    assert cost(validate_file(sheet, NO_WORKBOOK, Silent())) == [NEEDED]
    assert cost(send(lab, sheet, dry_run=True)) == [NEEDED]
    assert sum(lab.sandbox.tusfacturas.requests.values()) == 0
    assert cost(validate_file(moves(tmp_path, count=0), NO_WORKBOOK, Silent())) == []


@pytest.mark.parametrize(("count", "most"), [(50, 1), (60, 3)])
def test_what_reading_first_takes_is_said_as_a_bound(lab: Lab, tmp_path: Path, count: int, most: int) -> None:
    """Operacion U reads before it plans: at most a page of the list and a request for 50 keys; never more than said."""
    path = tmp_path / "precios.csv"
    lines = [f"P{number:03d};Mayorista;11" for number in range(count)]
    path.write_text("\n".join(["codigo;lista_precios;precio_unitario_sin_iva", *lines]) + "\n", encoding="utf-8")
    sheet = SheetOptions(file=path, to="tusfacturas.productos")
    sends = -(-count // 50)
    assert cost(validate_file(sheet, NO_WORKBOOK, Silent())) == [
        f"Requests needed: {sends} to send and at most {most} to read"
    ]
    person = Silent()
    report = send(lab, sheet, person, yes=True)
    assert (report.exit_code, report.requests.sent) == (0, sends)
    assert 0 < report.requests.reads <= most
    assert f"{report.requests.reads} request was made already, to read" in [str(line) for line in person.said]


def test_what_was_needed_is_what_was_used(lab: Lab, tmp_path: Path) -> None:
    """The figure that the person saw is the number of requests made, also where the guards read first."""
    for operation in "AB":
        before = sum(lab.sandbox.tusfacturas.requests.values())
        person = Silent()
        report = send(lab, moves(tmp_path, operation), person, yes=True)
        assert NEEDED in [str(line) for line in person.said]
        assert (report.requests.sent, report.requests.reads) == (3, 3)
        assert sum(lab.sandbox.tusfacturas.requests.values()) - before == 6


def test_on_a_terminal_what_is_left_is_said_before_the_question(lab: Lab, tmp_path: Path) -> None:
    """One request more, counted with the run's; with --yes or without a terminal it is not made."""
    lab.sandbox.tusfacturas.quota = 1000
    person = Talking(answers=[True])
    report = send(lab, moves(tmp_path), person)
    assert "The plan has 999 of 1000 left." in person.seen
    assert person.seen.index("The plan has") < person.seen.index("Send it?")
    assert (asked(lab), report.requests.reads) == (1, 4)
    assert send(lab, moves(tmp_path, "B"), Talking(answers=[]), yes=True).exit_code == 0
    assert asked(lab) == 1


def test_a_plan_that_does_not_suffice_is_warned_of(lab: Lab, tmp_path: Path) -> None:
    """Six requests with five left: it is said before the question, and by a dry run that reads."""
    lab.sandbox.tusfacturas.quota = 6
    person = Talking(answers=[False])
    with pytest.raises(Exception, match="not answered with yes"):
        send(lab, moves(tmp_path), person)
    assert "The plan has 5 of 6 left." in person.seen
    assert "does not suffice: 6 requests are needed" in person.seen
    lab.sandbox.tusfacturas.quota = 8
    enough = send(lab, moves(tmp_path), dry_run=True, read=True)
    assert cost(enough) == [NEEDED, "The plan has 6 of 8 left."]
    assert (enough.exit_code, enough.requests.reads) == (0, 1)
    assert "does not suffice" in cost(send(lab, moves(tmp_path), dry_run=True, read=True))[-1]


def test_a_plan_that_cannot_be_read_keeps_nothing_from_being_sent(lab: Lab, tmp_path: Path) -> None:
    """The figure is a courtesy: without it the question is asked all the same."""
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, path=CONSUMPTION, times=None)
    person = Talking(answers=[True])
    assert send(lab, moves(tmp_path), person).counts["accepted"] == 120
    assert "could not be read" in person.seen


def test_the_figure_is_not_bought_with_the_last_request(lab: Lab, tmp_path: Path) -> None:
    """Where --max-requests leaves no room for it, it is not asked for."""
    assert send(lab, moves(tmp_path), Talking(answers=[True]), max_requests=6).exit_code == 0
    assert asked(lab) == 0


def test_doctor_tells_what_is_left(lab: Lab) -> None:
    """In the check that reaches the vendor anyway; nothing left is a warning."""
    lab.sandbox.tusfacturas.quota = 1000
    found = check_reach(lab.settings.profile("tusfacturas"))
    assert (found.status, str(found.advice)) == (Status.OK, "The plan has 999 of 1000 left.")
    lab.sandbox.tusfacturas.quota = 2
    assert check_reach(lab.settings.profile("tusfacturas")).status is Status.WARNING
    assert asked(lab) == 2


@pytest.mark.parametrize("limit", range(2, 22, 2))
def test_a_limit_stops_before_a_document_and_not_in_it(running: Sandbox, tmp_path: Path, limit: int) -> None:
    """Bsale: a document that goes out in three parts is sent whole or not begun; one before it may be sent."""
    running.reset()
    running.faults.clear()
    lab = Lab(tmp_path / "home", running)
    lab.home.mkdir()
    (lab.home / "etl.toml").write_text(
        "[profiles.acme.bsale]\ndocument_lines = 2\nread_variants = false\n"
        'access_token = "env:ETL_BSALE_ACCESS_TOKEN"\n',
        encoding="utf-8",
    )
    path = tmp_path / "r.csv"
    lines = [
        f"1;Guía;{number};{variant};1"
        for number, count in ((77, 1), (78, 5))
        for variant in (351, 355, 388, 391, 393)[:count]
    ]
    path.write_text("\n".join(["sucursal;documento;folio;variantId;cantidad", *lines]) + "\n", encoding="utf-8")
    report = send(lab, SheetOptions(file=path, to="bsale.recepciones"), yes=True, max_requests=limit)
    assert sum(running.bsale.requests.values()) <= limit
    numbers = [document.document_number for document in running.bsale.documents("receptions")]
    assert numbers.count("78") in {0, 3}
    assert numbers.count("78") <= numbers.count("77") * 3
    assert report.counts["accepted"] + report.counts["not_sent"] == 6
