"""The person at the terminal: asked there and nowhere else, told on stderr, shown a bar only where one can be seen."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest

from etl.cli.terminal import Terminal
from etl.messages import text
from tests.cli.command_line import ROOT, at_a_terminal, clean_environment

SCRIPT = """
import sys
from etl.cli.terminal import Terminal
from etl.messages import text
with Terminal({language!r}, quiet={quiet}, bar={bar}) as person:
    person.say(text("Stopped. Nothing more was done."))
    print("interactive", person.interactive)
    if person.interactive:
        print("answer", person.ask(text("Send it?")))
    for done in (1, 2, 3):
        person.progress(done, 3)
"""

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")
pytest.importorskip("pty", reason="terminals of this kind are POSIX's")


def on_a_terminal(answer: str, *, quiet: bool = False, bar: bool = True, **environ: str) -> str:
    """Return all that a person sees on a terminal where the script runs."""
    script = SCRIPT.format(language="es", quiet=quiet, bar=bar)
    code, seen = at_a_terminal(["-c", script], answer, cwd=ROOT, environ=clean_environment(**environ))
    assert code == 0, seen
    return seen


def test_a_terminal_is_asked_and_shows_a_bar() -> None:
    """On a terminal the question is asked, and sending can be watched."""
    seen = on_a_terminal("sí\n")
    assert "interactive True" in seen
    assert "[s/N]" in seen
    assert "answer True" in seen
    assert "Envío" in seen
    assert COLOUR.search(seen)


def test_no_color_is_honoured() -> None:
    """NO_COLOR takes the colours out of the bar, and Ctrl+D is a no."""
    seen = on_a_terminal("\x04", NO_COLOR="1")
    assert "Envío" in seen
    assert "answer False" in seen
    assert not COLOUR.search(seen)


def test_a_bar_is_not_shown_when_unwanted() -> None:
    """--no-progress shows none."""
    assert "Envío" not in on_a_terminal("n\n", bar=False)


@pytest.mark.parametrize(
    ("answer", "yes"),
    [("s\n", True), ("sí\n", True), ("Y\n", True), (" yes \n", True), ("n\n", False), ("\n", False), ("dale\n", False)],
)
def test_only_a_yes_is_a_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, yes: bool
) -> None:
    """Enter and anything else send nothing; the question goes to stderr."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert Terminal("en").ask(text("Send it?")) is yes
    assert capsys.readouterr() == ("", "Send it? [y/N] ")


def test_without_a_terminal_nobody_is_asked_and_no_bar_is_drawn() -> None:
    """In a pipe there is nobody to ask, and stdout stays data."""
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(language="es", quiet=False, bar=True)],
        cwd=ROOT, env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout == "interactive False\n"
    assert found.stderr == "Detenido. No se hizo nada más.\n"


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """-q leaves only what went wrong, which is not told through `say`."""
    with Terminal("en", quiet=True) as person:
        person.say(text("Send it?"))
    assert capsys.readouterr() == ("", "")
