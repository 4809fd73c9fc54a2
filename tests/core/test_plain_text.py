"""Foreign words are shown as words: they cannot steer a terminal, fake a line of a log, or flood either."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.plain_text import SHOWN, plain, whole


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("No existe el código Ñ-1", "No existe el código Ñ-1"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("one\r\ntwo\n\nthree", "one two three"),
        ("a\x00b\x08c\x7f", "abc"),
        ("left\u202eright", "leftright"),
        ("\ud800", "\ufffd"),
        ("  edges  ", "edges"),
        ("two  spaces", "two  spaces"),
    ],
)
def test_words_lose_what_is_no_word(words: str, expected: str) -> None:
    """Escapes, controls, line breaks and direction marks go; letters, accents and inner spaces stay."""
    assert plain(words) == expected


def test_long_words_are_cut() -> None:
    """A vendor's page of HTML does not fill the screen."""
    assert len(plain("x" * 10_000)) == SHOWN
    assert plain("x" * SHOWN) == "x" * SHOWN
    assert plain("x" * (SHOWN + 1)).endswith("x…")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_one_harmless_line(words: str) -> None:
    """Whatever comes in: no control character goes out, every encoder takes it, and twice is as good as once."""
    shown = plain(words)
    assert not any(sign < " " or "\x7f" <= sign < "\xa0" for sign in shown)
    assert len(shown) <= SHOWN
    shown.encode()
    assert plain(shown) == shown
    whole(words).encode()
