"""The person at the other end: told on stderr, asked on a terminal, shown a progress bar."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from etl.messages import Text, text, translate

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SENDING = text("Sending")
_YES = frozenset({"s", "si", "sí", "y", "yes"})


class Terminal:
    """Implements `etl.options.Person` for whoever started the command. A context manager: it ends its progress bar."""

    def __init__(self, language: str, *, quiet: bool = False, bar: bool = True, doing: Text = SENDING) -> None:
        """`doing` stands beside the bar."""
        self._language = language
        self._doing = doing
        self._quiet = quiet
        self._bar_wanted = bar and not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_bar()

    @property
    def interactive(self) -> bool:
        """Whether there is a terminal to ask on."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def say(self, message: Text) -> None:
        """Tell something on stderr; nothing when quiet."""
        if not self._quiet:
            click.echo(translate(message, self._language), err=True)

    def ask(self, question: Text) -> bool:
        """Ask a yes/no question; anything but a yes, and the end of input, is a no."""
        self._end_bar()
        choice = translate(text("[y/N]"), self._language)
        click.echo(f"{translate(question, self._language)} {choice} ", nl=False, err=True)
        return sys.stdin.readline().strip().lower() in _YES

    def progress(self, done: int, total: int) -> None:
        """Show how much of it is done."""
        if not self._bar_wanted:
            return
        if self._bar is None:
            self._start_bar(total)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        if done >= total:
            self._end_bar()

    def _start_bar(self, total: int) -> None:
        from rich.console import Console  # noqa: PLC0415 - only where there is a terminal
        from rich.progress import Progress  # noqa: PLC0415

        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(translate(self._doing, self._language), total=total)
        self._bar.start()

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar, self._task = None, None
