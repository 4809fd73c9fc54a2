"""What a batch is asked for, and the world around it: time, signals, the log."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from etl.dispatch import RealClock
from etl.inquiry import Clock
from etl.io.log import EventLog
from etl.options import OutputOptions
from etl.settings import Settings
from etl.stops import Stops


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """What a person or a timer asks of ``etl batch``."""

    profiles: str | None = None
    """Only these (``a,b``); None: as the jobs say."""
    all_profiles: bool = False
    settle: timedelta | None = None
    """How long to wait at the end; None: as the jobs file says."""
    output: OutputOptions = field(default_factory=OutputOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The world around a batch, as tests can turn it."""

    clock: Clock
    stop_code: Callable[[], int | None] = lambda: None
    """130 or 143 once a signal asked to stop."""
    log: Callable[..., None] = lambda _event, **_fields: None
    environ: Mapping[str, str] = field(default_factory=dict)
    """Where references to webhooks (``env:NAME``) are looked up."""


def real_surroundings(settings: Settings, stops: Stops) -> Surroundings:
    """Return this machine's clock and log, and the signals that `stops` awaits."""
    return Surroundings(
        clock=RealClock(lambda: stops.requested is not None),
        stop_code=lambda: stops.exit_code,
        log=EventLog(settings.home).write,
        environ=os.environ,
    )
