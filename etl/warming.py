"""Imports libraries in the background: reading a file and loading what checks it then take the time of the longer."""

from __future__ import annotations

import importlib
import threading


def import_ahead(module: str, ready: str) -> threading.Thread:
    """Begin to import a module and to call its function `ready` then; return the thread, to wait for it.

    Whoever imports the module afterwards sees what went wrong, if anything.
    """
    thread = threading.Thread(target=_import, args=(module, ready), name=f"import {module}")
    thread.start()
    return thread


def _import(module: str, ready: str) -> None:
    try:
        getattr(importlib.import_module(module), ready)()
    except ImportError:
        return  # the import that needs it will say so
