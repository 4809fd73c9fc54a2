"""The errors that end a command, each with its exit code (contract section 4).

EtlError
 +-- DeniedError           1   the vendor has no such record, or refused the question
 +-- UsageError            2   a --set value or --map header that cannot be, no answer to the question
 +-- FileError             3   the file cannot be used as it is; carries the findings
 +-- ConfigurationError    4   settings or credentials missing, refused, or readable by others
 +-- InterruptedRunError   5   stopped before its end: vendor unreachable, limit reached, disk full
 |   +-- JournalError      5   the journal cannot be read or made durable: nothing more is sent
 +-- RefusedError          6   a repeat or a busy account; names the run and the command that goes on
 +-- InternalError        70   a bug
 +-- StoppedError    130, 143   a signal ended it before anything was sent
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.messages import Text, text, translate

if TYPE_CHECKING:
    from etl.model import Finding


class EtlError(Exception):
    """An ending with a message for the person and an exit code for the script."""

    exit_code: int = 70

    def __init__(self, message: Text, *, hint: Text | None = None, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(translate(message, "en"))
        self.message = message
        self.hint = hint
        self.findings = findings


class DeniedError(EtlError):
    """The vendor was asked and answered: it has no such record, or will not answer this question."""

    exit_code = 1


class UsageError(EtlError):
    """What was asked for cannot be: wrong value of an option, or no answer to a question."""

    exit_code = 2


class FileError(EtlError):
    """The file cannot be used as it is. `findings` has at least one error whose `code` says why."""

    exit_code = 3

    @classmethod
    def because(cls, *findings: Finding) -> FileError:
        """Return the error that tells the first finding and carries them all."""
        return cls(findings[0].message, hint=findings[0].hint, findings=findings)


class ConfigurationError(EtlError):
    """Settings or credentials are missing, refused or unsafe."""

    exit_code = 4


class InterruptedRunError(EtlError):
    """The run stopped before its end; what was not sent can be resumed."""

    exit_code = 5


class JournalError(InterruptedRunError):
    """The journal cannot be opened, or a transaction could not be made durable. Sending stops at once."""


class RefusedError(EtlError):
    """Refused as a repeat or because the account is busy."""

    exit_code = 6

    def __init__(
        self, message: Text, *, hint: Text | None = None, run: str | None = None, repeat: bool = False
    ) -> None:
        """`repeat`: it was sent already, and nothing has to be done."""
        super().__init__(message, hint=hint)
        self.run = run
        self.repeat = repeat


class InternalError(EtlError):
    """Something that cannot happen did."""

    exit_code = 70


class StoppedError(EtlError):
    """A signal, or Ctrl+C at the question, before anything was sent."""

    def __init__(self, exit_code: int = 130) -> None:
        super().__init__(text("Stopped on request. Nothing was sent."))
        self.exit_code = exit_code
