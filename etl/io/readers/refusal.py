"""The exception by which the parts of a reader refuse a file, before anybody has put the file's name to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from etl.errors import FileError
from etl.messages import Text, text
from etl.model import Finding

HOSTILE = "hostile_file"
UNREADABLE = "unreadable_file"


_ASK_AGAIN = text("No spreadsheet program writes this: ask whoever sent it for a plain .xlsx or CSV file.")


class Refusal(Exception):  # noqa: N818 - it is a verdict on a file, not an error of the program
    """A file cannot be used: what was found in it, and what to do."""

    def __init__(self, code: str, problem: Text, hint: Text | None = None) -> None:
        super().__init__(str(problem))
        self.code = code
        self.problem = problem
        self.hint = hint


def hostile(problem: Text, hint: Text | None = None) -> Refusal:
    """Return the refusal of a file that breaks a limit, or is made to trouble whoever opens it."""
    return Refusal(HOSTILE, problem, hint or _ASK_AGAIN)


def unreadable(problem: Text, hint: Text | None = None) -> Refusal:
    """Return the refusal of a file that is damaged, or is no spreadsheet."""
    return Refusal(UNREADABLE, problem, hint)


def damaged(detail: str) -> Refusal:
    """Return the refusal of a workbook whose parts contradict each other or cannot be parsed."""
    return unreadable(
        text("the workbook is damaged ({detail})", detail=detail),
        text("Open it in Excel or LibreOffice, save it again as .xlsx, and try with that file."),
    )


@contextmanager
def refusing(file: str) -> Iterator[None]:
    """Turn refusals inside the block into `FileError`s that name `file`."""
    try:
        yield
    except Refusal as refusal:
        message = text("{file}: {problem}", file=file, problem=refusal.problem)
        raise FileError.because(Finding(code=refusal.code, message=message, hint=refusal.hint)) from None
