"""Reads the limits that a configuration file sets for the guards: a percentage, or true and false for on and off."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from etl.companies import Written
from etl.core.thresholds import LEAST_ROWS, LIMITS, SWITCHES, Setting, Thresholds
from etl.io.toml_file import Keys, TomlFile, dotted
from etl.messages import text

TABLE = "guards"


def limits_of(written: Written) -> Thresholds:
    """Return the limits of a profile: its own before those that companies inherit. ConfigurationError with the line."""
    inherited = guard_settings(written.shared, (*written.shared_at, TABLE))
    return Thresholds().changed_by({**inherited, **guard_settings(written.file, (*written.at, TABLE))})


def guard_settings(file: TomlFile, at: Keys) -> Mapping[str, Setting]:
    """Return what the table at `at` sets, by code; nothing when it is absent. ConfigurationError with the line."""
    file.allow_only(at, (*LIMITS, *SWITCHES, LEAST_ROWS))
    found: dict[str, Setting] = {}
    for name, value in file.table(at).items():
        if isinstance(value, bool) and name != LEAST_ROWS:
            found[name] = value
        elif name in SWITCHES or not _is_limit(name, value):
            _refuse(file, (*at, name))
        else:
            found[name] = value if name == LEAST_ROWS else Decimal(str(value))
    return found


def _is_limit(name: str, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if name == LEAST_ROWS else int | float):
        return False
    return 0 <= float(value) < 1_000_000_000


def _refuse(file: TomlFile, at: Keys) -> None:
    if at[-1] == LEAST_ROWS:
        file.refuse(at, text("{key} must be a number of rows", key=dotted(at)))
    if at[-1] in SWITCHES:
        file.refuse(at, text("{key} must be true or false", key=dotted(at)))
    file.refuse(at, text("{key} must be a percentage, or false to never ask", key=dotted(at)))
