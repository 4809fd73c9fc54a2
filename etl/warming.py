"""Imports libraries in the background, while a file is read or a vendor's answers are awaited."""

from __future__ import annotations

import importlib
import threading


def import_ahead(module: str, ready: str | None = None) -> threading.Thread:
    """Begin to import a module and to call its function `ready` then, if any; return the thread, to wait for it.

    Whoever imports the module afterwards sees what went wrong, if anything.
    """
    thread = threading.Thread(target=_import, args=(module, ready), name=f"import {module}")
    thread.start()
    return thread


def _import(module: str, ready: str | None) -> None:
    try:
        imported = importlib.import_module(module)
        if ready is not None:
            getattr(imported, ready)()
    except ImportError:
        return  # the import that needs it will say so
