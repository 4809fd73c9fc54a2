"""Every fault of the verdict table x every destination: exact outcome and vendor state, and what time settles (SUB-5).

Each case sends three rows in one request to a vendor that misbehaves once, looks at what is said and what was applied,
then gives the vendor peace, waits past the horizon, and reconciles and resumes: what can be known must be known then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from etl.sandbox import Fault, Sandbox
from tests.recovery.lab import MOVES, PRODUCTS, Lab, movement_values, product_values, shops
from tests.recovery.trades import TRADES, Trade

HORIZON = 0.25
ALL = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, and for each effect: (outcomes at once, exit code, applied, outcomes in the end)."""

    name: str
    order: Mapping[str, object]
    moves: tuple[str, int, str, str]
    creates: tuple[str, int, str, str]
    sets: tuple[str, int, str, str]
    timing: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def words(letters: str) -> list[str]:
    names = {"a": "accepted", "r": "rejected", "u": "uncertain", "n": "not_sent"}
    return [names[letter] for letter in letters]


FINE = ("aaa", 0, "111", "aaa")
TWICE = ("aaa", 0, "222", "aaa")
LOST_BEFORE = ("uuu", 7, "000", "uuu")
LOST_AFTER = ("uuu", 7, "111", "aaa")
REFUSED = ("rrr", 1, "000", "rrr")
STOPPED = ("nnn", 4, "000", "aaa")


def applied_then(fault: Fault, **details: object) -> Case:
    """It was applied and the answer is lost: movements wait for the stock to be read, the rest settles at once."""
    return Case(str(fault), {"fault": fault, **details}, LOST_AFTER, FINE, TWICE)


def not_applied_then(fault: Fault, **details: object) -> Case:
    """It was not applied and nobody can know: a movement is never sent again by itself."""
    return Case(str(fault), {"fault": fault, **details}, LOST_BEFORE, FINE, FINE)


def status(fault: Fault, code: int, *expected: tuple[str, int, str, str], **details: object) -> Case:
    return Case(f"{fault}-{code}", {"fault": fault, "status": code, **details}, *expected)


SHORT_TIMEOUT = {"ETL_TIMEOUT": "0.4"}
CASES = [
    not_applied_then(Fault.CLOSE_BEFORE),
    not_applied_then(Fault.RESET_BEFORE),
    not_applied_then(Fault.REFUSED_BEFORE),
    applied_then(Fault.CLOSE_AFTER),
    applied_then(Fault.RESET_AFTER),
    applied_then(Fault.HALF_STATUS_LINE),
    applied_then(Fault.CUT_HEADERS),
    applied_then(Fault.CUT_LENGTH),
    applied_then(Fault.CUT_CHUNKED),
    applied_then(Fault.CUT_EOF),
    applied_then(Fault.TRUNCATED_JSON),
    applied_then(Fault.HTML),
    applied_then(Fault.EMPTY),
    applied_then(Fault.BROKEN_GZIP),
    applied_then(Fault.GZIP_BOMB),
    applied_then(Fault.REFUSED_AFTER),
    Case("late", {"fault": Fault.CLOSE_LATER, "delay": 0.15}, ("uuu", 7, "000", "aaa"), FINE, FINE),
    Case("late-504", {"fault": Fault.STATUS_LATER, "status": 504, "delay": 0.15}, ("uuu", 7, "000", "aaa"), FINE, FINE),
    Case("midway", {"fault": Fault.CLOSE_MIDWAY, "items": 1}, ("uuu", 7, "100", "auu"), FINE, ("aaa", 0, "211", "aaa")),
    Case("silent-before", {"fault": Fault.SILENT_BEFORE, "delay": 1.0}, LOST_BEFORE, FINE, FINE, SHORT_TIMEOUT),
    Case("silent-after", {"fault": Fault.SILENT_AFTER, "delay": 1.0}, LOST_AFTER, FINE, TWICE, SHORT_TIMEOUT),
    Case("trickled-headers", {"fault": Fault.TRICKLE_HEADERS}, LOST_AFTER, FINE, TWICE, SHORT_TIMEOUT),
    Case("trickled-body", {"fault": Fault.TRICKLE_BODY}, LOST_AFTER, FINE, TWICE, SHORT_TIMEOUT),
    Case(
        "short-list", {"fault": Fault.SHORT_LIST, "items": 1}, ("auu", 7, "111", "aaa"), FINE, ("aaa", 0, "122", "aaa")
    ),
    Case("reordered", {"fault": Fault.REORDERED}, FINE, FINE, FINE),
    Case("told-twice", {"fault": Fault.DUPLICATED_ITEMS}, ("uaa", 7, "111", "aaa"), FINE, ("aaa", 0, "211", "aaa")),
    Case("strange-item", {"fault": Fault.STRANGE_ITEMS}, ("uaa", 7, "111", "aaa"), FINE, ("aaa", 0, "211", "aaa")),
    *(status(Fault.STATUS_BEFORE, code, REFUSED, REFUSED, REFUSED) for code in (400, 404, 405, 413, 415, 422)),
    *(status(Fault.STATUS_BEFORE, code, STOPPED, STOPPED, STOPPED) for code in (401, 402, 403)),
    *(
        status(Fault.STATUS_BEFORE, code, STOPPED, STOPPED, STOPPED, location="https://example.invalid/x")
        for code in (301, 307, 308)
    ),
    *(
        status(
            Fault.STATUS_BEFORE,
            code,
            ("uuu", 7, "000", "uuu"),
            ("uuu", 7, "000", "aaa"),
            STOPPED,
            location="https://example.invalid/x",
        )
        for code in (302, 303)
    ),
    status(Fault.STATUS_BEFORE, 429, FINE, FINE, FINE, retry_after="0"),
    *(status(Fault.STATUS_BEFORE, code, LOST_BEFORE, FINE, FINE) for code in (408, 500, 502, 503, 504, 524)),
    *(status(Fault.STATUS_AFTER, code, LOST_AFTER, FINE, TWICE) for code in (408, 500, 502, 503, 504, 524)),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


Expected = tuple[str, int, str, str]

DOCUMENTS: Mapping[Fault, Expected] = {
    # A document is told as one: its answer lists no items that could be cut, doubled or put in another order.
    Fault.CLOSE_MIDWAY: ("uuu", 7, "100", "uuu"),
    Fault.SHORT_LIST: LOST_AFTER,
    Fault.DUPLICATED_ITEMS: FINE,
    Fault.STRANGE_ITEMS: LOST_AFTER,
}
CORRECTIONS: Mapping[Fault, Expected] = {
    Fault.SHORT_LIST: TWICE,
    Fault.DUPLICATED_ITEMS: FINE,
    Fault.STRANGE_ITEMS: TWICE,
}
COUNTERS: Mapping[Fault, Expected] = {Fault.DUPLICATED_ITEMS: FINE}
"""The page's own sample tells one stock twice."""


def expected(case: Case, trade: Trade) -> Expected:
    """Return what a fault means for a trade; of records that can be read, what was not applied is sent again."""
    fault: Fault = case.order["fault"]  # type: ignore[assignment]
    match trade.name:
        case "moves-A" | "moves-B":
            return case.moves
        case "creates":
            return case.creates
        case "receives" | "consumes" | "counts":
            outcomes, code, applied, end = case.moves
            if trade.name == "counts" and case.moves == REFUSED:
                return FINE  # refused once as a whole, taken in parts
            return DOCUMENTS.get(fault, (outcomes, code, applied, end.replace("u", "a")))
        case "corrects":
            return CORRECTIONS.get(fault, case.sets)
        case "justo":
            return COUNTERS.get(fault, case.sets)
    return case.sets


ALWAYS = ("moves-A", "moves-B", "creates", "sets", "receives")
SELDOM = ("consumes", "counts", "corrects", "justo")
CHOSEN = [
    *((case, TRADES[name]) for name in ALWAYS for case in CASES),
    *((case, TRADES[name]) for at, name in enumerate(SELDOM) for case in CASES[at :: len(SELDOM)]),
]
OTHERS = [(case, TRADES[name]) for name in SELDOM for case in CASES if (case, TRADES[name]) not in CHOSEN]


@pytest.mark.parametrize(("case", "trade"), CHOSEN, ids=str)
def test_each_fault_means_what_the_table_says(case: Case, trade: Trade, sandbox: Sandbox, tmp_path: Path) -> None:
    """The outcome, the exit code and the number of applications are exact, at once and in the end."""
    check_fault(case, trade, sandbox, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(("case", "trade"), OTHERS, ids=str)
def test_each_other_fault_means_what_the_table_says(case: Case, trade: Trade, sandbox: Sandbox, tmp_path: Path) -> None:
    """The rest of the table."""
    check_fault(case, trade, sandbox, tmp_path)


def check_fault(case: Case, trade: Trade, sandbox: Sandbox, tmp_path: Path) -> None:
    at_once, code, applied, in_the_end = expected(case, trade)
    lab = _lab(sandbox, tmp_path, case.timing)
    run = lab.plan_trade(trade, ALL)
    details = {name: value for name, value in case.order.items() if name != "fault"}
    sandbox.faults.order(case.order["fault"], **trade.submissions, **details)  # type: ignore[arg-type]

    report = lab.resume(run)
    assert [row.outcome for row in report.rows] == words(at_once)
    assert report.exit_code == code
    if case.order["fault"] not in {Fault.CLOSE_LATER, Fault.STATUS_LATER}:  # how soon those come is not ours to say
        assert "".join(str(times) for times in lab.applied(run).values()) == applied

    _settle(lab, run)
    report = lab.show(run)
    assert [row.outcome for row in report.rows] == words(in_the_end)
    assert lab.false_words(run, once=trade.once) == []
    assert (report.exit_code == 7) == ("u" in in_the_end)
    for row in report.uncertain:
        assert row.reason
        assert row.sent_at
        assert row.payload


def _lab(sandbox: Sandbox, folder: Path, timing: Mapping[str, str]) -> Lab:
    sandbox.reset()
    sandbox.faults.clear()
    quick = {"ETL_RECONCILE_HORIZON": str(HORIZON), "ETL_RECONCILE_GAP": "0.02", **timing}
    return Lab(folder / "home", sandbox, quick)


def _settle(lab: Lab, run: str) -> None:
    lab.sandbox.faults.clear()
    lab.sandbox.settle()
    time.sleep(HORIZON)
    for _ in range(2):
        time.sleep(0.03)
        lab.reconcile(run)
    lab.resume(run)


def test_an_initial_stock_that_got_lost_is_not_called_added(sandbox: Sandbox, tmp_path: Path) -> None:
    """Operacion A adds the stock in a second step: a product without it is uncertain until somebody looks."""
    lab = _lab(sandbox, tmp_path, {})
    run = lab.plan(PRODUCTS, [product_values(number) for number in range(ALL)])
    sandbox.faults.order(Fault.CREATE_WITHOUT_STOCK, path="productos/administrar")
    assert lab.resume(run).exit_code == 7
    _settle(lab, run)
    assert [row.outcome for row in lab.show(run).rows] == ["uncertain"] * ALL


def test_a_sale_in_between_makes_it_undecidable(sandbox: Sandbox, tmp_path: Path) -> None:
    """Other movements meanwhile: before, expected and read back are shown, nothing is guessed (SUB-9)."""
    lab = _lab(sandbox, tmp_path, {})
    shops(lab, ALL)
    run = lab.plan(MOVES, [movement_values(number) for number in range(ALL)])
    sandbox.faults.order(Fault.CLOSE_AFTER, path="productos/stock")
    lab.resume(run)
    sandbox.tusfacturas.move("Mayorista", "P001", -5)
    _settle(lab, run)
    report = lab.show(run)
    assert [row.outcome for row in report.rows] == ["uncertain"] * ALL
    assert [dict(row.before) for row in report.uncertain] == [{"stock_actual": 100}] * ALL
    assert [dict(row.expected) for row in report.uncertain] == [{"stock_actual": 101 + number} for number in range(ALL)]
    assert [row.seen["stock_actual"] for row in report.uncertain] == [101, 97, 103]


def test_a_vendor_that_is_down_is_resumed(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing was sent, nothing is in doubt: exit 5, and resume does the rest."""
    for trade in TRADES.values():
        lab = _lab(sandbox, tmp_path / trade.name, {})
        run = lab.plan_trade(trade, ALL)
        with sandbox.down():
            report = lab.resume(run)
        assert report.exit_code == 5
        assert [row.outcome for row in report.rows] == ["not_sent"] * ALL
        assert report.requests.sent == 0
        assert lab.resume(run).exit_code == 0
        assert lab.false_words(run) == []


def test_a_run_of_movements_stops_at_the_first_doubt(sandbox: Sandbox, tmp_path: Path) -> None:
    """Each uncertain batch is fifty checks by hand: the rest waits, and resume goes on past it (RET-5)."""
    lab = _lab(sandbox, tmp_path, {})
    shops(lab, 120)
    run = lab.plan(MOVES, [movement_values(number) for number in range(120)])
    sandbox.faults.order(Fault.CLOSE_BEFORE, path="productos/stock")
    report = lab.resume(run)
    assert (report.counts["uncertain"], report.counts["not_sent"], report.exit_code) == (50, 70, 7)
    report = lab.resume(run)
    assert (report.counts["uncertain"], report.counts["accepted"]) == (50, 70)
    assert lab.false_words(run) == []


def test_a_sick_vendor_is_left_alone_after_three_batches(sandbox: Sandbox, tmp_path: Path) -> None:
    """The breaker: three batches in a row without a clear end stop the run (RET-5)."""
    lab = _lab(sandbox, tmp_path, {})
    shops(lab, 300)
    run = lab.plan(PRODUCTS, [product_values(number, "M") for number in range(300)])
    sandbox.faults.order(Fault.STATUS_BEFORE, path="productos/administrar", status=500, times=None)
    report = lab.resume(run)
    assert report.counts["not_sent"] == 150
    assert report.requests.sent <= 12
    sandbox.faults.clear()


@pytest.mark.parametrize("words", ["301", "Fri, 01 Jan 2100 00:00:00 GMT", "1000000000"])
def test_a_vendor_that_asks_to_wait_too_long_ends_the_run(sandbox: Sandbox, tmp_path: Path, words: str) -> None:
    """Beyond the cap nothing is slept out: the rows are not sent, exit 5 (RET-3)."""
    lab = _lab(sandbox, tmp_path, {})
    shops(lab, ALL)
    run = lab.plan(MOVES, [movement_values(number) for number in range(ALL)])
    sandbox.faults.order(Fault.STATUS_BEFORE, path="productos/stock", status=429, retry_after=words)
    report = lab.resume(run)
    assert report.exit_code == 5
    assert report.counts["not_sent"] == ALL


def test_an_answer_cut_at_any_byte_is_no_answer(sandbox: Sandbox, tmp_path: Path) -> None:
    """Only the whole answer confirms; every shorter one leaves the movement in doubt (sampled here)."""
    _cut_at(sandbox, tmp_path, range(0, LONGEST_ANSWER, 23))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_an_answer_cut_at_every_byte_is_no_answer(sandbox: Sandbox, tmp_path: Path) -> None:
    """The same, at every byte offset, with each way to end a body."""
    _cut_at(sandbox, tmp_path, range(LONGEST_ANSWER))


LONGEST_ANSWER = 300
"""Bytes; the answer for one product is shorter."""


def _cut_at(sandbox: Sandbox, folder: Path, offsets: range) -> None:
    for fault in (Fault.CUT_LENGTH, Fault.CUT_EOF, Fault.CUT_CHUNKED):
        accepted = [_accepted_when_cut(sandbox, folder / f"{fault}{offset}", fault, offset) for offset in offsets]
        whole = sum(accepted)
        assert accepted == [False] * (len(accepted) - whole) + [True] * whole, "accepted on half an answer"
        assert (whole > 0) == (fault is not Fault.CUT_CHUNKED), "a whole answer must be taken, an unended one never"


def _accepted_when_cut(sandbox: Sandbox, folder: Path, fault: Fault, offset: int) -> bool:
    lab = _lab(sandbox, folder, {})
    shops(lab, 1)
    run = lab.plan(MOVES, [movement_values(0)])
    sandbox.faults.order(fault, path="productos/stock", cut_at=offset)
    report = lab.resume(run)
    assert lab.applied(run) == {2: 1}
    assert report.counts["accepted"] + report.counts["uncertain"] == 1
    return report.counts["accepted"] == 1
