"""Decides how a process of ours behaves: neither a core dump nor a traceback shows a credential."""

from __future__ import annotations

import gc
import sys
import threading

_SELDOM = 500_000
"""New objects between two searches for cycles: libraries and rows make many objects, and hardly a cycle."""


def own_the_process() -> None:
    """Let neither a core dump nor a traceback show credentials (SEC-6), nor a terminal's encoding stop a message."""
    gc.set_threshold(_SELDOM)
    forbid_core_dumps()
    hide_tracebacks()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def leave_in_a_hurry() -> None:
    """Let Python end without a last search for cycles: what is left goes with the process, and there is much of it."""
    gc.freeze()


def forbid_core_dumps() -> None:
    """Keep the kernel from writing this process's memory, credentials and all, to disk (SEC-6). Nothing on Windows."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - Unix alone has it

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def hide_tracebacks() -> None:
    """Let an error that nobody caught print its kind alone: a traceback's words may hold a credential (SEC-6)."""
    sys.excepthook = lambda kind, _error, _trace: print(f"etl: {kind.__name__}", file=sys.stderr)
    threading.excepthook = lambda args: print(f"etl: {args.exc_type.__name__}", file=sys.stderr)
