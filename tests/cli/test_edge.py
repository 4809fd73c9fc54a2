"""The edge: every ending becomes an exit code and a message, a bug included, and never a traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from etl.cli import run_command_line
from etl.cli.app import Program
from etl.cli.command import command
from etl.cli.options import common_options
from etl.errors import (
    ConfigurationError,
    EtlError,
    FileError,
    InternalError,
    InterruptedRunError,
    RefusedError,
    UsageError,
)
from etl.messages import text
from etl.model import Finding
from etl.stops import StoppedNow
from tests.cli.command_line import CommandLine, Ended

WRONG = Finding("unreadable_file", text("It is a picture."), text("Save it as a workbook."))


class OneCommand(Program):
    """A program whose only command does what the test wants."""

    def __init__(self, act: Callable[[click.Context], int]) -> None:
        super().__init__(name="etl", does=text("Try."))
        self.found = command("try", does=text("Try."))(common_options(act))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:  # noqa: ARG002 - Click's signature
        return self.found


@pytest.fixture
def ending(etl: CommandLine, capsys: pytest.CaptureFixture[str]) -> Callable[[BaseException | int], Ended]:
    """Return how ``etl try`` ends when the command ends in a given way."""

    def run(how: BaseException | int, *arguments: str) -> Ended:
        def act(ctx: click.Context) -> int:
            if isinstance(how, BaseException):
                raise how
            return how

        with pytest.raises(SystemExit) as left:
            run_command_line(["try", *arguments], OneCommand(act))
        told = capsys.readouterr()
        return Ended(int(left.value.code or 0), told.out, told.err)

    return run


@pytest.mark.parametrize("code", [0, 1, 3, 4, 5, 6, 7, 130, 143])
def test_the_code_of_a_command_is_the_exit_code(ending: Callable[..., Ended], code: int) -> None:
    """What a command answers is what the shell sees."""
    assert ending(code) == Ended(code, "", "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileError.because(WRONG), 3),
        (ConfigurationError(text("No credentials.")), 4),
        (InterruptedRunError(text("The disk is full.")), 5),
        (RefusedError(text("It was sent already."), run="2c9f"), 6),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_told_on_stderr_and_as_an_object(ending: Callable[..., Ended], error: EtlError, code: int) -> None:
    """Every ending but a usage error prints the object; stdout holds nothing else."""
    plain = ending(error)
    assert (plain.code, plain.out) == (code, "")
    assert str(error) in plain.err
    told = ending(error, "--json")
    assert told.code == code
    assert told.json["exit_code"] == code
    assert told.json["command"] == "try"
    assert told.json["counts"]["read"] == 0
    assert str(error) in told.err


def test_findings_and_the_run_stand_in_the_object(ending: Callable[..., Ended]) -> None:
    """A script learns why a file was refused, and which run a repeat belongs to."""
    [finding] = ending(FileError.because(WRONG), "--json").json["findings"]
    assert (finding["code"], finding["hint"]) == ("unreadable_file", "Save it as a workbook.")
    assert ending(RefusedError(text("It was sent."), run="2c9f"), "--json").json["run"] == "2c9f"


def test_wrong_usage_prints_no_object(ending: Callable[..., Ended]) -> None:
    """Exit code 2 with the usage, the reason and what to do, and an empty stdout."""
    ended = ending(UsageError(text("That cannot be."), hint=text("Do this.")), "--json")
    assert (ended.code, ended.out) == (2, "")
    assert "Usage: etl try" in ended.err
    assert "That cannot be." in ended.err
    assert "Do this." in ended.err


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_a_bug_is_one_line_and_an_incident_file(
    ending: Callable[..., Ended], tmp_path: Path, arguments: list[str]
) -> None:
    """Exit code 70, no traceback, no words of the error (they may hold a credential), details in a file."""
    ended = ending(ValueError("hunter2-hunter2"), *arguments)
    assert ended.code == 70
    assert len(ended.err.splitlines()) == 1
    assert "ValueError" in ended.err
    assert "Traceback" not in ended.err + ended.out
    assert "hunter2" not in ended.err + ended.out
    incident = Path(ended.err.strip().partition(" are in ")[2])
    assert "ValueError" in incident.read_text("utf-8")
    if arguments:
        assert ended.json["exit_code"] == 70


def test_ctrl_c_is_130(ending: Callable[..., Ended]) -> None:
    """SIGINT outside a run ends with 130 and a word."""
    ended = ending(KeyboardInterrupt())
    assert ended.code == 130
    assert "Traceback" not in ended.err


def test_a_second_signal_keeps_its_code(ending: Callable[..., Ended]) -> None:
    """SIGTERM twice is 143 without a traceback."""
    assert ending(StoppedNow(15)).code == 143


def test_the_language_of_the_process_is_put_back(ending: Callable[..., Ended]) -> None:
    """Whoever imports the program keeps their own LANGUAGE."""
    before = os.environ.get("LANGUAGE")
    ending(0, "--lang", "es")
    assert os.environ.get("LANGUAGE") == before


def test_a_closed_pipe_is_no_bug(ending: Callable[..., Ended]) -> None:
    """`etl runs | head` ends quietly."""
    assert ending(BrokenPipeError(32, "Broken pipe")).code in {0, 1}


def test_an_unknown_command_is_wrong_usage(etl: CommandLine) -> None:
    """Click's own errors have exit code 2 too."""
    ended = etl("fly")
    assert (ended.code, ended.out) == (2, "")
    assert "fly" in ended.err


def test_a_broken_promise_of_our_own_is_a_bug_too(ending: Callable[..., Ended]) -> None:
    """An InternalError is no ordinary ending: 70, one line, and an incident file to report."""
    ended = ending(InternalError(text("Row {row} has no outcome.", row=3)))
    assert ended.code == 70
    assert len(ended.err.splitlines()) == 1
    assert "InternalError" in Path(ended.err.strip().partition(" are in ")[2]).read_text("utf-8")
