"""Opens spreadsheets by their content, under limits, and reads their sheets."""

from __future__ import annotations

from etl.io.readers.limits import DEFAULT_LIMITS, Limits
from etl.io.readers.opening import open_source
from etl.io.readers.source import Source

__all__ = ["DEFAULT_LIMITS", "Limits", "Source", "open_source"]
