"""Writes recipes that start ``etl batch``: systemd, cron, Windows' Task Scheduler, and a file to drop sheets on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from etl.batch.jobs import Job
from etl.messages import Text, text, translate

CALM: Final = (time(1, 0), time(23, 0))
"""A batch begins between these: around midnight Chile's clock jumps, and a time may come twice or never."""
DEFAULT_TIME: Final = time(2, 10)
STOP_SECONDS: Final = 200
"""How long a stop may take: a movement that is in flight is waited for."""
NAME: Final = "etl-batch"
CREDENTIALS: Final = "/etc/etl/credentials"
_WHAT_IT_DOES: Final = text("Sheets to the vendors (etl batch)")
_WHEN_IT_BEGINS: Final = text("When etl batch begins")
_ABOUT_CRON: Final = text("The time is that of this machine; cron mails what the batch says.")
_DROP_HERE: Final = text("Drop a sheet on this file.")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A file to put somewhere."""

    name: str
    content: str
    where: Text
    newline: str = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a recipe needs to know of this installation."""

    program: tuple[str, ...]
    """The words that start the program."""
    home: Path
    config: Path | None
    jobs: Path | None
    at: time = DEFAULT_TIME
    zone: str | None = None
    """In which the time is meant; None: the machine's."""
    references: tuple[str, ...] = ()
    """The credentials' references of all profiles (``credential:NAME``, ``env:NAME``)."""
    declared: tuple[Job, ...] = ()
    language: str = "es"

    def words(self) -> list[str]:
        """Return the command of a batch."""
        config = [] if self.config is None else ["--config", str(self.config)]
        return [*self.program, "batch", str(self.jobs or "jobs.toml"), *config]

    def say(self, message: Text) -> str:
        """Return a message in the recipe's language."""
        return translate(message, self.language)


def is_calm(at: time) -> bool:
    """Whether a batch may begin at this time of day."""
    return CALM[0] <= at < CALM[1]


def systemd(setup: Setup) -> list[Recipe]:
    """Return a service and its timer: one instance, a missed night made up for, credentials that only it can read."""
    names = sorted({one.partition(":")[2] for one in setup.references if one.startswith("credential:")})
    variables = any(one.startswith("env:") for one in setup.references)
    service = [
        "[Unit]",
        f"Description={setup.say(_WHAT_IT_DOES)}",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={' '.join(_systemd_word(word) for word in setup.words())}",
        f"Environment={_systemd_word(f'ETL_HOME={setup.home}')}",
        *(f"LoadCredential={name}:{CREDENTIALS}/{name}" for name in names),
        *(["EnvironmentFile=-/etc/etl/credentials.env"] if variables else []),
        f"TimeoutStopSec={STOP_SECONDS}",
        "UMask=0077",
        "NoNewPrivileges=yes",
    ]
    timer = [
        "[Unit]",
        f"Description={setup.say(_WHEN_IT_BEGINS)}",
        "",
        "[Timer]",
        f"OnCalendar=*-*-* {setup.at:%H:%M}:00 {setup.zone or ''}".rstrip(),
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    where = text("/etc/systemd/system/; then: systemctl enable --now {timer}", timer=f"{NAME}.timer")
    return [
        Recipe(f"{NAME}.service", _lines(service), where),
        Recipe(f"{NAME}.timer", _lines(timer), where),
    ]


def cron(setup: Setup) -> list[Recipe]:
    """Return a line of a crontab. Two batches at once are harmless: the second says so and ends."""
    command = shlex.join(["env", f"ETL_HOME={setup.home}", *setup.words(), "--quiet"])
    line = f"{setup.at.minute} {setup.at.hour} * * * {command}".replace("%", r"\%")
    content = [
        f"# {setup.say(_ABOUT_CRON)}",
        line,
    ]
    return [Recipe(f"{NAME}.cron", _lines(content), text("crontab -e"))]


def windows(setup: Setup) -> list[Recipe]:
    """Return a task for the Task Scheduler: made up for when the machine was off, never twice at once."""
    command = " ".join(f'"{word}"' for word in setup.words())
    arguments = f'/d /s /c "set "ETL_HOME={setup.home}"&& {command}"'
    folder = (setup.jobs or setup.home).parent
    content = f"""<?xml version="1.0" encoding="UTF-8"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{escape(setup.say(_WHAT_IT_DOES))}</Description>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2026-01-01T{setup.at:%H:%M}:00</StartBoundary>
      <Enabled>true</Enabled>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>S-1-5-18</UserId>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>
    <ExecutionTimeLimit>PT8H</ExecutionTimeLimit>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>cmd.exe</Command>
      <Arguments>{escape(arguments)}</Arguments>
      <WorkingDirectory>{escape(str(folder))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""
    ascii_only = content.encode("ascii", "xmlcharrefreplace").decode()
    where = text("then: schtasks /Create /TN {name} /XML {file}", name=NAME, file=f"{NAME}.xml")
    return [Recipe(f"{NAME}.xml", ascii_only, where, newline="\r\n")]


def drop(setup: Setup) -> list[Recipe]:
    """Return files on which a person drops sheets: one for each job, or one for sheets that say themselves where to."""
    return [_dropped_on(setup, name, options) for name, options in _targets(setup)]


def _targets(setup: Setup) -> Iterator[tuple[str, list[str]]]:
    if not setup.declared:
        yield "etl", []
    for job in setup.declared:
        options: list[str] = []
        reading = job.reading
        said = (("--to", job.to), ("--profile", job.profile), ("--mapping", reading.mapping),
                ("--duplicates", reading.duplicates), ("--decimal", reading.decimal))  # fmt: skip
        for option, value in said:
            if value is not None and not re.search(r"[*,]|\{profile\}", str(value)):
                options += [option, str(value)]
        for name, value in reading.constants:
            options += ["--set", f"{name}={value}"]
        for header, name in reading.maps:
            options += ["--map", f"{header}={name}"]
        if reading.strict:
            options.append("--strict")
        yield re.sub(r"[^\w-]+", "-", job.name), options


def _dropped_on(setup: Setup, name: str, options: Sequence[str]) -> Recipe:
    config = [] if setup.config is None else ["--config", str(setup.config)]
    words = " ".join(_bat_word(word) for word in (*setup.program, "run"))
    rest = " ".join(_bat_word(word) for word in (*options, *config))
    content = [
        "@echo off",
        "chcp 65001 >nul",
        "setlocal DisableDelayedExpansion",
        f'set "ETL_HOME={_percent(str(setup.home))}"',
        'if "%~1"=="" (',
        f"  echo {_percent(setup.say(_DROP_HERE))}",
        "  pause",
        "  exit /b 2",
        ")",
        ":next",
        f'{words} "%~1" {rest}'.rstrip(),
        "shift",
        'if not "%~1"=="" goto next',
        "pause",
    ]
    return Recipe(f"{name}.bat", _lines(content), text("anywhere, for instance on the desktop"), newline="\r\n")


RECIPES: Final[Mapping[str, Callable[[Setup], list[Recipe]]]] = {
    "systemd": systemd,
    "cron": cron,
    "windows": windows,
    "drop": drop,
}


def _systemd_word(word: str) -> str:
    quoted = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{quoted}"' if re.search(r"[\s\"'\\;]", word) else quoted


def _bat_word(word: str) -> str:
    return f'"{_percent(word)}"' if re.search(r"[^\w.:=\\/-]", word) or word.startswith("/") else _percent(word)


def _percent(words: str) -> str:
    return words.replace("%", "%%")


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
