"""Sheets for Bsale from the file to the vendor and back: documents whole or not at all, looked at before they go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import openpyxl
import pytest

from etl.core.outcomes import ItemState
from etl.core.report import Report
from etl.errors import UsageError
from etl.io.journal.records import Change
from etl.options import Decision, OutputOptions, SendOptions, SheetOptions
from etl.pipeline import run_file
from etl.runs import resolve_run, resume_run
from etl.sandbox import Fault, Sandbox
from etl.sandbox.bsale import Bsale
from etl.sandbox.bsale_account import Variant
from etl.sandbox.bsale_query import GateError
from tests.recovery.lab import NO_WORKBOOK, Lab, Silent
from tests.vendors.bsale.shop import run_sheet

RECEPTIONS, CONSUMPTIONS = "bsale.recepciones", "bsale.consumos"
HEAD = "officeId;document;documentNumber;note;code;quantity"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Sandbox() as sandbox:
        yield Lab(tmp_path / "home", sandbox)


def receive(lab: Lab, folder: Path, *rows: str, head: str = HEAD, **more: object) -> Report:
    return run_sheet(lab, folder, RECEPTIONS, [head, *rows], **more)  # type: ignore[arg-type]


def outcomes(report: Report) -> list[str]:
    return [row.outcome.value for row in report.rows]


def codes(report: Report) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.row) for finding in report.findings if finding.is_error]


def documents(lab: Lab) -> list[list[str]]:
    """Return the codes of the lines of each document that was made, in order."""
    made: dict[tuple[str, int], list[str]] = {}
    names = {one.id: one.code for one in lab.sandbox.bsale.account.variants.values()}
    for one in lab.sandbox.bsale.applications:
        made.setdefault((one.kind, one.document), []).append(names[one.variant])
    return list(made.values())


def test_rows_of_one_head_make_one_document_in_order(lab: Lab, tmp_path: Path) -> None:
    """Wherever they stand in the sheet; number and link of the reception and the stock come back."""
    report = receive(lab, tmp_path, "1;Guía;5;a;629;1", "1;Guía;6;a;355;1", "1;Guía;5;a;TE-NEGRO;2", "1;Guía;5;b;391;1")
    assert (outcomes(report), report.exit_code) == (["accepted"] * 4, 0)
    assert documents(lab) == [["629", "TE-NEGRO"], ["355"], ["391"]]
    assert [row.vendor_id for row in report.rows] == ["494", "495", "494", "496"]
    assert report.rows[2].data["variantStock"] == 2
    assert str(report.rows[2].data["href"]).endswith("/receptions/494.json")


def test_a_long_document_is_split_at_the_setting(lab: Lab, tmp_path: Path) -> None:
    """Its lines stay in order, and each part has a mark of its own."""
    rows = [f"1;Guía;5;a;{code};1" for code in ("629", "355", "391", "393", "TE-NEGRO")]
    report = receive(lab, tmp_path, *rows, config="document_lines = 2")
    assert report.exit_code == 0
    assert documents(lab) == [["629", "355"], ["391", "393"], ["TE-NEGRO"]]
    assert len({one.note for one in lab.sandbox.bsale.applications}) == 3


def test_a_document_with_a_bad_row_is_held_whole(lab: Lab, tmp_path: Path) -> None:
    """Its good rows are not sent and say why; other documents go. With --partial-documents they go, too."""
    rows = ("1;Guía;5;a;629;1", "1;Guía;5;a;355;0", "1;Guía;6;a;391;1", "1;Guía;7;a;NADIE;1", "1;Guía;7;a;393;1")
    report = receive(lab, tmp_path, *rows)
    assert (outcomes(report), report.exit_code) == (["not_sent", "invalid", "accepted", "invalid", "not_sent"], 1)
    assert {("document_held", 2), ("document_held", 6)} <= set(codes(report))
    assert documents(lab) == [["391"]]
    report = receive(lab, tmp_path, *rows[:2], *rows[3:], partial_documents=True, name="other.csv")
    assert outcomes(report) == ["accepted", "invalid", "invalid", "accepted"]


def test_a_row_whose_document_cannot_be_read_holds_all_that_it_may_belong_to(lab: Lab, tmp_path: Path) -> None:
    """A number spoilt by Excel may be that of any document of the office; other offices' documents go."""
    report = receive(
        lab, tmp_path, "1;Guía;5;a;629;1", "1;Guía;7,79E+12;a;355;1", "2;Guía;5;a;629;1", "1;Factura;5;a;391;1"
    )
    assert outcomes(report) == ["not_sent", "invalid", "accepted", "accepted"]
    assert "documentNumber" in str(report.rows[0].reasons[0])


def test_an_office_is_known_by_its_name_too(lab: Lab, tmp_path: Path) -> None:
    """The number is sent; a name of no office in use is an error; a bad row in a named office holds its document."""
    report = receive(
        lab, tmp_path, "casa  matriz;Guía;5;a;629;1", "1;Guía;5;a;355;1", "Bodega Cerrada;Guía;6;a;391;1",
        "Casa Matriz;Guía;8;a;393;1", "1;Guía;8;a;393;0",
    )  # fmt: skip
    assert outcomes(report) == ["accepted", "accepted", "invalid", "not_sent", "invalid"]
    assert documents(lab) == [["629", "355"]]
    assert ("not_allowed", 4) in codes(report)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("1;;;TAZA-ROJA;;1;", [("not_found", 2)]),
        ("1;;;OFERTA;;1;", [("ambiguous_code", 2)]),
        ("1;;;629;7790000003557;1;", [("conflicting_values", 2)]),
        ("1;;;MOL-220;;1;", [("required", 2)]),
        ("1;;;MOL-220;;2;SN-9", [("out_of_range", 2)]),
        ("1;;;TAZA-AZUL;;1.5;", [("not_an_integer", 2)]),
        ("1;;;DESAYUNO;;1;", [("not_allowed", 2)]),
        ("1;;;629;7790000006299;1;", []),
        ("1;;740;OFERTA;;1;", []),
        ("1;;;TE-ROJO;;1;", []),
        ("1;;;MOL-220;;1;SN-9", []),
    ],
)
def test_each_line_is_looked_at_before_it_goes(
    lab: Lab, tmp_path: Path, row: str, found: list[tuple[str, int]]
) -> None:
    """One bad line would refuse its whole document, and the vendor would not say which."""
    head = "officeId;documentNumber;variantId;code;barCode;quantity;serialNumber"
    report = receive(lab, tmp_path, row, head=head, sheet={"decimal": "point"})
    assert codes(report) == found
    assert lab.sandbox.bsale.requests["POST stocks/receptions.json"] == (not found)
    assert report.exit_code == (1 if found else 0)


def test_the_key_says_which_identifier_is_sent(lab: Lab, tmp_path: Path) -> None:
    """By default variantId, then code, then barCode; --key another one. It must be an identifier."""
    head, row = "officeId;variantId;code;barCode;quantity;documentNumber", "1;629;629;7790000006299;1;"
    for number, key in enumerate((None, "code", "barCode")):
        receive(lab, tmp_path, f"{row}{number}", head=head, key=key, name=f"{number}.csv")
    sent = [sorted({"variantId", "code", "barCode"} & set(one.sent)) for one in lab.sandbox.bsale.applications]
    assert sent == [["variantId"], ["code"], ["barCode"]]
    with pytest.raises(UsageError):
        receive(lab, tmp_path, f"{row}9", head=head, key="note", name="9.csv")


def test_variants_are_read_in_the_fewest_requests(lab: Lab, tmp_path: Path) -> None:
    """All pages where they are fewer than the codes; one by one where the list is longer; not at all if not wanted."""
    account = lab.sandbox.bsale.account
    for number in range(500):
        account.variants[9000 + number] = Variant(id=9000 + number, code=f"V{number}", product=656)
    few = receive(lab, tmp_path, "1;;1;;629;1", "1;;1;;355;1", name="few.csv")
    asked = {name: count for name, count in lab.sandbox.bsale.requests.items() if "variants" in name}
    assert (few.exit_code, asked) == (0, {"GET variants.json": 3}), "one page, then one by one"
    many = receive(lab, tmp_path, *(f"1;;2;;V{number};1" for number in range(40)), name="many.csv")
    assert (many.exit_code, lab.sandbox.bsale.requests["GET variants.json"]) == (0, 3 + 11)
    blind = receive(lab, tmp_path, "1;;3;;629;1", name="blind.csv", config="read_variants = false")
    assert (blind.exit_code, lab.sandbox.bsale.requests["GET variants.json"]) == (0, 14)


def test_a_refusal_of_the_vendor_stands_on_every_line_and_marks_the_one_it_names(lab: Lab, tmp_path: Path) -> None:
    """What the look cannot foresee: a sale between it and the document."""
    lines = ["officeId;note;code;quantity", "1;x;629;40", "1;x;355;1"]
    lab.sandbox.faults.order(Fault.STATUS_BEFORE, method="POST", status=429, retry_after="301")
    run = run_sheet(lab, tmp_path, CONSUMPTIONS, lines).run or ""
    lab.sandbox.bsale.move(1, 629, Decimal(-30))
    report = lab.resume(run)
    assert (outcomes(report), report.exit_code) == (["rejected"] * 2, 1)
    assert "because of this row: no stock for these products: 629" in str(report.rows[0].reasons[0])
    assert "because of another row: no stock for these products: 629" in str(report.rows[1].reasons[0])
    assert lab.sandbox.bsale.applications == ()


def test_consumptions_find_stock_enough_in_the_order_of_the_sheet(lab: Lab, tmp_path: Path) -> None:
    """Reserved units do not count; what earlier rows take is gone; negative stock may be allowed."""
    rows = ["1;a;TAZA-BLANCA;15", "1;b;TAZA-BLANCA;6", "1;c;TAZA-BLANCA;5", "1;d;892777267;9", "1;e;TAZA-REGALO;5"]
    report = run_sheet(lab, tmp_path, CONSUMPTIONS, ["officeId;note;code;quantity", *rows])
    assert outcomes(report) == ["accepted", "invalid", "accepted", "accepted", "accepted"]
    assert codes(report) == [("not_enough_stock", 3)]


def test_types_of_consumption_are_those_of_the_account(lab: Lab, tmp_path: Path) -> None:
    """One that is not in use is no type."""
    lines = ["officeId;consumptionTypeId;code;quantity", "1;2;629;1", "1;6;355;1"]
    report = run_sheet(lab, tmp_path, CONSUMPTIONS, lines)
    assert (outcomes(report), codes(report)) == (["accepted", "invalid"], [("not_allowed", 3)])


def test_a_correction_replaces_the_lines_by_variant(lab: Lab, tmp_path: Path) -> None:
    """A row with receptionId is a PUT of that reception, all lines in one request, without our mark in its note."""
    receive(lab, tmp_path, "1;Guía;5;a;629;10", "1;Guía;5;a;355;1")
    rows = ("494;1;Guía;5;a;629;8", "494;1;Guía;5;a;355;1", "494;1;Guía;5;a;391;1")
    report = receive(lab, tmp_path, *rows, head=f"receptionId;{HEAD}", name="put.csv", config="document_lines = 2")
    assert (outcomes(report), report.requests.sent) == (["accepted"] * 3, 1)
    last = lab.sandbox.bsale.applications[-3:]
    assert [(one.method, one.document, one.note) for one in last] == [("PUT", 494, "a")] * 3
    assert lab.sandbox.bsale.stock(1, 629).quantity == 58
    again = receive(lab, tmp_path, *rows, head=f"receptionId;{HEAD}", name="put.csv")
    assert again.exit_code == 0, "the same values once more are no repeat"


@pytest.mark.parametrize(
    ("second", "field"), [("494;1;Guía;5;b;355;4", "note"), ("494;1;Guía;;a;355;4", "documentNumber")]
)
def test_rows_that_correct_one_reception_must_agree(second: str, field: str, lab: Lab, tmp_path: Path) -> None:
    """Two heads would be two PUTs, of which the second replaces the lines of the first: each such cell is wrong."""
    receive(lab, tmp_path, "1;Guía;5;a;629;10", "1;Guía;6;a;355;1")
    before = lab.sandbox.bsale.applications
    rows = ("494;1;Guía;5;a;629;8", second, "495;1;Guía;6;a;355;2")
    report = receive(lab, tmp_path, *rows, head=f"receptionId;{HEAD}", name="put.csv")
    assert outcomes(report) == ["invalid", "invalid", "accepted"]
    wrong = [finding for finding in report.findings if finding.code == "different_head"]
    assert [(finding.row, finding.field) for finding in wrong] == [(2, field), (3, field)]
    assert "correct 494" in str(wrong[0].message)
    assert {one.document for one in lab.sandbox.bsale.applications[len(before) :]} == {495}


def test_a_head_that_cannot_be_read_does_not_accuse_the_others(lab: Lab, tmp_path: Path) -> None:
    """It may be of any reception: the others wait for it. One that is read and is wrong is another head."""
    head = f"receptionId;{HEAD}"
    report = receive(lab, tmp_path, "494;1;Guía;5;a;629;8", "49A;1;Guía;5;a;355;4", head=head, name="put.csv")
    assert outcomes(report) == ["not_sent", "invalid"]
    assert codes(report) == [("not_a_number", 3), ("document_held", 2)]
    report = receive(lab, tmp_path, "494;1;Guía;5;a;629;8", "494;1;Guía;5-A;a;355;4", head=head, name="put.csv")
    assert codes(report) == [("different_head", 2), ("not_an_integer", 3), ("different_head", 3)]
    assert documents(lab) == []


def test_a_repeated_line_is_a_warning_and_is_sent(lab: Lab, tmp_path: Path) -> None:
    """Two deliveries of one thing in one document may be meant."""
    report = receive(lab, tmp_path, "1;Guía;5;a;629;1", "1;Guía;5;a;629;1", "1;Guía;6;a;629;1")
    assert outcomes(report) == ["accepted"] * 3
    assert [(one.code, one.row, one.is_error) for one in report.findings] == [
        ("duplicate_key", 2, False), ("duplicate_key", 3, False),
    ]  # fmt: skip


def test_only_new_counts_equal_lines(lab: Lab, tmp_path: Path) -> None:
    """Lines have no key: as many equal ones are left out as were sent, whatever their note or cost says now."""
    assert receive(lab, tmp_path, "1;Guía;5;a;629;1", "1;Guía;5;a;355;2").exit_code == 0
    more = ("1;Guía;5;otra;629;1", "1;Guía;5;otra;629;1", "1;Guía;5;otra;355;2", "1;Guía;5;otra;391;3")
    refused = receive(lab, tmp_path, *more, name="more.csv")
    assert refused.exit_code == 6
    report = receive(lab, tmp_path, *more, name="more.csv", only_new=True)
    assert outcomes(report) == ["skipped", "accepted", "skipped", "accepted"]
    report = receive(lab, tmp_path, *more, "1;Guía;5;otra;393;1", name="again.csv", only_new=True)
    assert outcomes(report) == ["skipped"] * 4 + ["accepted"]
    held = receive(lab, tmp_path, "1;Guía;5;a;355;9", "1;Guía;5;a;TE-NEGRO;1", name="held.csv", only_new=True)
    assert outcomes(held) == ["not_sent", "accepted"]


def test_next_weeks_delivery_under_its_own_number_passes(lab: Lab, tmp_path: Path) -> None:
    """The same things and quantities with another document number are no repeat."""
    rows = ("629;1", "355;2", "391;3")
    assert receive(lab, tmp_path, *(f"1;Guía;5;a;{row}" for row in rows)).exit_code == 0
    assert receive(lab, tmp_path, *(f"1;Guía;6;a;{row}" for row in rows), name="next.csv").exit_code == 0


def test_a_long_note_is_cut_to_leave_room_for_the_mark(lab: Lab, tmp_path: Path) -> None:
    """It is a warning; the user's words come first, and all of it has at most 100 characters."""
    report = receive(lab, tmp_path, f"1;Guía;5;{'palabra ' * 15};629;1")
    assert [(one.code, one.is_error) for one in report.findings] == [("note_cut", False)]
    (moved,) = lab.sandbox.bsale.applications
    assert moved.note.startswith("palabra palabra")
    assert len(moved.note) <= 100
    assert moved.note.endswith(f"[imp:{(report.run or '')[:8]}-0001]")


def test_a_number_whose_zeros_may_be_gone_is_ambiguous(lab: Lab, tmp_path: Path) -> None:
    """Only where the cell holds a number and another variant differs by leading zeros alone."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cell in ("barCode", 780000007507, "780000007507", 7790000006299):
        sheet.append([cell, 1 if cell != "barCode" else "quantity"])
    book.save(tmp_path / "numbers.xlsx")
    options = SheetOptions(file=tmp_path / "numbers.xlsx", to=RECEPTIONS, constants=(("officeId", "1"),))
    send = SendOptions(yes=True, partial_documents=True)
    report = run_file(options, NO_WORKBOOK, send, lab.settings, Silent())
    assert (codes(report), outcomes(report)) == ([("ambiguous_code", 2)], ["invalid", "accepted", "accepted"])


def test_an_answer_that_is_no_list_sends_nothing(lab: Lab, tmp_path: Path) -> None:
    """What cannot be looked at is not guessed: exit 5, every row not sent."""
    lab.sandbox.faults.order(Fault.EMPTY, vendor="bsale", path="variants.json", times=None)
    report = receive(lab, tmp_path, "1;Guía;5;a;629;1", "1;Guía;5;a;355;1")
    assert report.exit_code == 5
    assert lab.sandbox.bsale.applications == ()


def test_what_was_put_right_at_the_vendor_goes_without_a_change_in_the_sheet(lab: Lab, tmp_path: Path) -> None:
    """A variant that was missing is created: the results workbook, as it stands, sends its whole document."""
    out = OutputOptions(results=tmp_path / "out.xlsx", language="en")
    report = receive(lab, tmp_path, "1;Guía;5;a;629;1", "1;Guía;5;a;NUEVA;1", output=out)
    assert outcomes(report) == ["not_sent", "invalid"]
    lab.sandbox.bsale.account.variants[9000] = Variant(id=9000, code="NUEVA", product=656)
    options = SheetOptions(file=tmp_path / "out.xlsx")
    again = run_file(options, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())
    assert (outcomes(again), again.exit_code) == (["accepted", "accepted"], 0)
    assert documents(lab) == [["629", "NUEVA"]]


def test_a_denied_token_in_a_400_stops_the_run(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the texts of a 400 is one about the token (facts 2.6): no row is refused for it, and a resume sends all."""

    def deny(*_: object) -> NoReturn:
        raise GateError(400, "The access token cannot be authenticated")

    with monkeypatch.context() as patched:
        patched.setattr(Bsale, "_write", deny)
        report = receive(lab, tmp_path, "1;Guía;5;a;629;1", "1;Guía;6;a;355;1")
    assert (report.exit_code, set(outcomes(report)), report.requests.sent) == (4, {"not_sent"}, 1)
    assert report.stopped is not None
    assert "credentials (HTTP 400)" in str(report.stopped)
    resumed = resume_run(report.run or "", NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())
    assert (resumed.exit_code, outcomes(resumed)) == (0, ["accepted"] * 2)


def test_a_denied_token_in_a_400_stops_the_reading(lab: Lab, tmp_path: Path) -> None:
    """Nothing is read again and again, and nothing is sent."""
    lab.sandbox.bsale.account.mood.denial = 400
    foreign = Lab(tmp_path / "home", lab.sandbox, credentials={"bsale": {"access_token": "another-token"}})
    report = receive(foreign, tmp_path, "1;Guía;5;a;629;1")
    assert (report.exit_code, outcomes(report)) == (4, ["not_sent"])
    assert documents(lab) == []


def test_only_new_never_divides_a_correction(lab: Lab, tmp_path: Path) -> None:
    """A line that was sent before goes with its reception when another line of it changed; else all stay out."""
    receive(lab, tmp_path, "1;Guía;5;a;629;10", "1;Guía;5;a;355;1")
    head, lines = f"receptionId;{HEAD}", ("494;1;Guía;5;a;629;8", "494;1;Guía;5;a;355;2")
    assert receive(lab, tmp_path, *lines, ";1;Guía;9;a;391;1", head=head, name="one.csv").exit_code == 0
    more = ("494;1;Guía;5;a;629;8", "494;1;Guía;5;a;355;3", ";1;Guía;9;a;391;1")
    report = receive(lab, tmp_path, *more, head=head, name="two.csv", only_new=True)
    assert outcomes(report) == ["accepted", "accepted", "skipped"]
    [last] = [one for one in lab.sandbox.bsale.account.documents["receptions"].values() if one.id == 494]
    assert [(line.variant, line.quantity) for line in last.details] == [(629, 8), (355, 3)]
    again = receive(lab, tmp_path, *more, ";1;Guía;9;b;393;1", head=head, name="three.csv", only_new=True)
    assert outcomes(again) == ["skipped"] * 3 + ["accepted"]


def test_one_word_stands_for_all_rows_of_a_document(lab: Lab, tmp_path: Path) -> None:
    """A row that was said to be applied would be missing from the PUT that sends the others once more."""
    receive(lab, tmp_path, "1;Guía;5;a;629;10", "1;Guía;5;a;355;1")
    rows = ("494;1;Guía;5;a;629;8", "494;1;Guía;5;a;355;2")
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, method="PUT", times=None)
    report = receive(lab, tmp_path, *rows, head=f"receptionId;{HEAD}", name="put.csv")
    assert (outcomes(report), report.exit_code) == (["uncertain"] * 2, 7)
    lab.sandbox.faults.clear()
    run = report.run or ""

    def say(*decisions: Decision) -> Report:
        return resolve_run(run, decisions, NO_WORKBOOK, lab.settings, Silent())

    applied, again = Decision(rows=(2,), applied=True, why="seen"), Decision(rows=(3,), applied=False, why="missing")
    for some in ((applied,), (again,), (applied, again)):
        with pytest.raises(UsageError, match="Rows 2,3 went out as one document") as caught:
            say(*some)
        assert "--row 2,3" in str(caught.value.hint)
    assert outcomes(say(Decision(rows=(2, 3), applied=False, why="missing"))) == ["not_sent"] * 2
    assert outcomes(resume_run(run, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())) == ["accepted"] * 2
    last = lab.sandbox.bsale.account.documents["receptions"][494]
    assert [(line.variant, line.quantity) for line in last.details] == [(629, 8), (355, 2)]


def test_a_correction_always_has_all_its_lines(lab: Lab, tmp_path: Path) -> None:
    """Even where one of its rows is settled already, as an older version let people say."""
    receive(lab, tmp_path, "1;Guía;5;a;629;10", "1;Guía;5;a;355;1")
    lab.sandbox.faults.order(Fault.CLOSE_BEFORE, method="PUT", times=None)
    rows = ("494;1;Guía;5;a;629;8", "494;1;Guía;5;a;355;2")
    run = receive(lab, tmp_path, *rows, head=f"receptionId;{HEAD}", name="put.csv").run or ""
    lab.sandbox.faults.clear()
    with lab.journal() as journal:
        word = [Change(place=0, state=ItemState.CONFIRMED)]
        journal.record_word(run, word, who="somebody", applied=True, why="seen", at=datetime.now(UTC))
    assert outcomes(resume_run(run, NO_WORKBOOK, SendOptions(yes=True), lab.settings, Silent())) == ["accepted"] * 2
    last = lab.sandbox.bsale.account.documents["receptions"][494]
    assert [(line.variant, line.quantity) for line in last.details] == [(629, 8), (355, 2)]


def correct(results: str | None, code: str, header: str, value: object) -> Path:
    """Write a cell of the row with this code in `Reenviar`, as a person does."""
    assert results is not None
    book = openpyxl.load_workbook(results)
    page = book["Reenviar"]
    headers = [cell.value for cell in page[1]]
    for row in range(2, page.max_row + 1):
        if str(page.cell(row, headers.index("code") + 1).value) == code:
            page.cell(row, headers.index(header) + 1).value = value
    book.save(results)
    book.close()
    return Path(results)


def send_back(lab: Lab, results: Path, **more: object) -> Report:
    send = SendOptions(yes=True, **more)  # type: ignore[arg-type]
    return run_file(SheetOptions(file=results), NO_WORKBOOK, send, lab.settings, Silent())


def test_a_document_refused_for_one_row_goes_out_whole_once_that_is_corrected(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its other rows were refused with it: nobody has to say that for each of them."""

    def refuse(*_: object) -> NoReturn:
        raise GateError(400, "problem with the available quantity for 355")

    rows = ("1;Guía;5;a;629;1", "1;Guía;5;a;355;99", "1;Guía;5;a;391;1", "1;Guía;6;a;393;1")
    with monkeypatch.context() as patched:
        patched.setattr(Bsale, "_write", refuse)
        first = receive(lab, tmp_path, *rows, output=OutputOptions())
    assert outcomes(first) == ["rejected"] * 4
    results = correct(first.results, "355", "quantity", 9)
    again = send_back(lab, results)
    assert (outcomes(again), again.exit_code) == (["accepted"] * 3 + ["rejected"], 1)
    assert documents(lab) == [["629", "355", "391"]]


def test_a_document_with_an_uncorrected_row_waits(lab: Lab, tmp_path: Path) -> None:
    """Another row of it was changed, but that one was not; --partial-documents lets the others go."""
    rows = ("1;Guía;5;a;629;1", "1;Guía;5;a;355;uno", "1;Guía;6;a;393;1")
    first = receive(lab, tmp_path, *rows, output=OutputOptions())
    assert outcomes(first) == ["not_sent", "invalid", "accepted"]
    results = correct(first.results, "629", "quantity", 5)
    waiting = send_back(lab, results)
    assert (outcomes(waiting), waiting.exit_code) == (["not_sent", "invalid"], 1)
    assert ("document_held", 2) in codes(waiting)
    assert documents(lab) == [["393"]]
    assert outcomes(send_back(lab, results, partial_documents=True)) == ["accepted", "invalid"]
    assert documents(lab) == [["393"], ["629"]]


def test_a_line_added_to_a_reception_that_was_corrected_does_not_go_alone(lab: Lab, tmp_path: Path) -> None:
    """Its PUT would take out the lines that went before."""
    receive(lab, tmp_path, "1;Guía;5;a;629;10", "1;Guía;5;a;355;1")
    rows = ("494;1;Guía;5;a;629;8", "494;1;Guía;5;a;355;uno")
    first = receive(lab, tmp_path, *rows, head=f"receptionId;{HEAD}", name="put.csv", output=OutputOptions())
    assert outcomes(first) == ["not_sent", "invalid"]
    results = correct(first.results, "355", "quantity", 2)
    assert outcomes(send_back(lab, results)) == ["accepted"] * 2
    book = openpyxl.load_workbook(results)
    page = book["Reenviar"]
    page.append([cell.value if at < 7 else None for at, cell in enumerate(page[2])])
    headers = [cell.value for cell in page[1]]
    page.cell(page.max_row, headers.index("code") + 1).value = "391"
    book.save(results)
    book.close()
    more = send_back(lab, results)
    assert outcomes(more) == ["skipped", "skipped", "not_sent"]
    lines = {one.variant for one in lab.sandbox.bsale.applications if one.method == "PUT"}
    assert 391 not in lines
