"""What is told of a column at one look holds for each of its cells."""

from __future__ import annotations

from unicodedata import normalize

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.different import Different
from etl.model import Cell

SIGNS = " \0'=)eE0T"
TEXTS = st.one_of(
    st.text("aB1", min_size=1, max_size=3),
    st.text("aB1 \0\u00a0\u0301é'=)", max_size=3),
)
COLUMNS = st.lists(st.one_of(TEXTS, TEXTS, st.none(), st.booleans(), st.sampled_from([1.0, 0.0, 2.5])), max_size=6)


@settings(deadline=None, max_examples=400)
@given(COLUMNS)
def test_what_is_told_of_all_holds_for_each(cells: list[Cell]) -> None:
    """A look that is spared is not missed: "are" is never untrue of a cell, and what "may" not be is in none."""
    found = Different(cells)
    texts = [cell for cell in cells if isinstance(cell, str)]
    assert found.texts == list(dict.fromkeys(texts))
    if found.are_texts:
        assert {type(cell) for cell in cells} <= {str, type(None)}
    if found.are_alphanumeric:
        assert texts
        assert all(text.isalnum() and text.isascii() for text in texts)
    if found.are_printable:
        assert all(map(str.isprintable, texts))
    if found.are_composed:
        assert all(normalize("NFC", text) == text for text in texts)
    if not found.may_be_blank:
        assert None not in cells
        assert all(text.strip() for text in texts)
    for sign in SIGNS:
        if not found.may_begin_with(sign):
            assert not any(text.startswith(sign) or (sign == "\0" and not text) for text in texts)
        if not found.may_end_with(sign):
            assert not any(text.endswith(sign) for text in texts)


def test_plain_columns_are_told_so() -> None:
    """Codes of letters and digits, and descriptions with an accent, need no look at each."""
    codes, names = Different(["A1", "7", "A1"]), Different(["Café 1", "Té"])
    assert len(codes) == 2
    assert codes.are_texts
    assert codes.are_alphanumeric
    assert not codes.may_be_blank
    assert names.are_printable
    assert names.are_composed
    assert not names.are_alphanumeric
    assert not names.may_begin_with(" '=\0")
    assert not names.may_end_with(" ")
