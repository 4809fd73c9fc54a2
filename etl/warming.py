"""Imports libraries in the background: reading a file and loading what checks it then take the time of the longer."""

from __future__ import annotations

import importlib
import threading


def import_ahead(module: str) -> None:
    """Begin to import a module. Whoever imports it afterwards waits for it, and sees what went wrong, if anything."""
    threading.Thread(target=_import, args=(module,), name=f"import {module}").start()


def _import(module: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError:
        return  # the import that needs it will say so
