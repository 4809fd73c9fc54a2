"""Once only: what counts as a repeat of stock movements (contract section 6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from etl.core.repeats import Repeat, SentRun, find_repeat, only_new, overtaken_by

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def sent(effective: set[str], **more: object) -> SentRun:
    facts = {
        "id": "r1",
        "started": NOW - timedelta(days=1),
        "file_sha256": "f",
        "content": "c",
        "keys": frozenset(),
        "unfinished": False,
        "closed": False,
        **more,
    }
    return SentRun(effective=frozenset(effective), **facts)  # type: ignore[arg-type]


def repeat(ids: list[str], run: SentRun, file: str = "other", content: str = "other") -> Repeat | None:
    return find_repeat(file, content, ids, [run], NOW)


def test_the_same_bytes_or_the_same_content_are_a_repeat_for_ever() -> None:
    """A sheet that was sent is refused however it is saved and however long ago."""
    old = sent({"a"}, started=NOW - timedelta(days=400))
    assert repeat(["a"], old, file="f") == Repeat("r1", "same", 1, 1)
    assert repeat(["a"], old, content="c") == Repeat("r1", "same", 1, 1)


def test_an_unfinished_run_of_the_same_content_is_named() -> None:
    """Its resume is the way on, not a new run."""
    run = sent({"a"}, unfinished=True)
    assert repeat(["a"], run, content="c") == Repeat("r1", "unfinished", 1, 1)


def test_a_run_with_nothing_applied_never_bars() -> None:
    """What was refused or never sent may be sent by a new run."""
    assert repeat(["a"], sent(set(), unfinished=True), file="f", content="c") is None


def test_the_corrected_original_is_a_repeat() -> None:
    """Half of the rows equal to one run of the last seven days: somebody corrected a cell and sends it all again."""
    run = sent({"a", "b", "c"})
    assert repeat(["a", "b", "x", "y"], run) == Repeat("r1", "corrected", 2, 4)
    assert repeat(["a", "b", "x", "y", "z"], run) is None, "less than half"
    assert repeat(["a", "x"], run) is None, "a single equal row is no repeat"
    assert repeat(["a", "b"], sent({"a", "b"}, started=NOW - timedelta(days=8))) is None, "older than a week"


def test_equal_rows_are_counted_in_one_run_not_in_all_together() -> None:
    """Two runs with one equal row each do not add up."""
    runs = [sent({"a"}, id="r2"), sent({"b"}, id="r1")]
    assert find_repeat("other", "other", ["a", "b"], runs, NOW) is None


def test_only_new_takes_out_what_was_sent_and_holds_other_quantities() -> None:
    """Equal rows are left out, a key sent with another quantity is held, the rest goes."""
    run = sent({"a", "b"}, keys=frozenset({"ka", "kb", "kq"}))
    found = only_new(["a", "q2", "new"], ["ka", "kq", "kn"], [run], NOW)
    assert found.sent == {0: "r1"}
    assert found.held == {1: "r1"}


@given(st.lists(st.text("abcdef", min_size=1, max_size=2), unique=True, max_size=12), st.data())
def test_every_equal_row_is_taken_out(ids: list[str], data: st.DataObject) -> None:
    """No row that a recent run has is left in the plan."""
    known = set(data.draw(st.lists(st.sampled_from(ids), unique=True))) if ids else set()
    found = only_new(ids, [f"k{name}" for name in ids], [sent(known)], NOW)
    assert {ids[index] for index in found.sent} == known


def test_an_older_plan_is_overtaken_by_a_newer_run() -> None:
    """Movements by equal rows, values by equal keys."""
    newer = [sent({"a"}, id="r9", keys=frozenset({"ka"}))]
    assert overtaken_by(["a"], ["ka"], newer, by_key=False) == "r9"
    assert overtaken_by(["a2"], ["ka"], newer, by_key=False) is None
    assert overtaken_by(["a2"], ["ka"], newer, by_key=True) == "r9"


def test_equal_lines_count_as_often_as_they_were_sent() -> None:
    """Where lines have no key: two of three equal ones were sent, in one run or in two; the third is new."""
    key = frozenset({"ka"})
    both = [sent({"a", "a-2"}, keys=key)]
    apart = [sent({"a"}, id="r2", keys=key), sent({"a"}, id="r1", keys=key)]
    for earlier in (both, apart):
        found = only_new(["a", "a-2", "a-3"], ["ka"] * 3, earlier, NOW)
        assert set(found.sent) == {0, 1}
        assert not found.held, "the third is no other quantity"


def test_the_number_of_a_repeated_line_does_not_hide_a_repeat() -> None:
    """Left alone, the second of two equal lines has another number in the newer run."""
    assert overtaken_by(["a-2"], ["ka"], [sent({"a"}, id="r9")], by_key=False) == "r9"
    assert repeat(["a", "a-2"], sent({"a-7", "a-8"})) == Repeat("r1", "corrected", 2, 2)
    assert repeat(["a", "a-2", "a-3", "a-4"], sent({"a"})) is None, "one of four was sent"
