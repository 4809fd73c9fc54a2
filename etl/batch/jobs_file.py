"""Reads a jobs file; every mistake in it is told with its line and with what may stand there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from etl.batch.jobs import EVERY_PROFILE, PROFILE_MARK, SETTLE, Job, JobsFile, Notify, NotifyOn, Retention
from etl.core.repeats import Once
from etl.core.zones import zone_of
from etl.guard_limits import guard_settings
from etl.io.toml_file import Keys, TomlFile, dotted, read_toml
from etl.messages import Text, text
from etl.options import SendOptions, SheetOptions
from etl.vendors import DESTINATIONS

TOP_KEYS: Final = ("jobs", "defaults", "notify", "retention", "settle")
_OWN: Final = ("name", "file")
_READING: Final = (
    *("mapping", "set", "sheet", "header_row", "map", "decimal", "encoding", "round", "hidden", "allow_legacy"),
    *("strict", "duplicates"),
)
_SENDING: Final = ("only_changed", "max_requests", "wait", "key", "partial_documents")
_TIMES: Final = ("once", "max_age", "min_age", "done_marker", "expect", "except", "timezone")
_PLACES: Final = ("results", "archive", "errors")
SHARED_KEYS: Final = ("to", "profile", "guards", *_READING, *_SENDING, *_TIMES, *_PLACES)
JOB_KEYS: Final = (*_OWN, *SHARED_KEYS, "notify")
NOTIFY_KEYS: Final = ("webhook", "on", "format", "heartbeat")
RETENTION_KEYS: Final = ("details", "results", "archives", "logs")

_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d+)?)\s*(s|m|h|d)?")
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DAYS: Final = (
    ("mon", "monday", "lun", "lunes"),
    ("tue", "tuesday", "mar", "martes"),
    ("wed", "wednesday", "mie", "mié", "miercoles", "miércoles"),
    ("thu", "thursday", "jue", "jueves"),
    ("fri", "friday", "vie", "viernes"),
    ("sat", "saturday", "sab", "sáb", "sabado", "sábado"),
    ("sun", "sunday", "dom", "domingo"),
)
_WEEKDAYS: Final = {name: day for day, names in enumerate(_DAYS) for name in names}
_LEAST_DETAILS: Final = timedelta(days=30)
"""What a correction, a resolve or a report may still need."""


def read_jobs(path: Path) -> JobsFile:
    """Return the jobs file at `path`. ConfigurationError names the line of a mistake and the known keys."""
    file = read_toml(path.absolute())
    file.allow_only((), TOP_KEYS)
    file.allow_only(("defaults",), SHARED_KEYS)
    places = file.tables(("jobs",))
    if not places:
        file.refuse(("jobs",), text("There is no job"), text('Write one: [[jobs]] with name = "…" and file = "…"'))
    jobs = [_Entry(file, at).job() for at in places]
    for index, job in enumerate(jobs):
        if job.name in {other.name for other in jobs[:index]}:
            file.refuse((*places[index], "name"), text("There are two jobs called {name}", name=job.name))
    settle = _duration(file, ("settle",))
    return JobsFile(
        path=file.path,
        jobs=tuple(jobs),
        notify=_notify(file, ("notify",)) or Notify(),
        retention=_retention(file),
        settle=SETTLE if settle is None else settle,
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One ``[[jobs]]``, completed by ``[defaults]``."""

    file: TomlFile
    at: Keys

    def job(self) -> Job:
        self.file.allow_only(self.at, JOB_KEYS)
        for key in _OWN:
            if not (self.file.value((*self.at, key), str) or "").strip():
                self.file.refuse(self.at, text("The job has no {key}", key=key))
        job = Job(
            name=self._required("name"),
            file=self._path("file") or "",
            to=self._destination(),
            profile=self._text("profile"),
            place=f"{self.file.path}:{self.file.line_of(self.at)}",
            reading=self._reading(),
            sending=self._sending(),
            once=self._once(),
            max_age=None if self._is_off("max_age") else _duration(self.file, self._place("max_age")),
            any_age=self._is_off("max_age"),
            min_age=self._seconds("min_age"),
            done_marker=self._flag("done_marker"),
            expect=self._weekdays(),
            excepted=self._dates(),
            timezone=self._zone(),
            results=self._path("results"),
            archive=self._path("archive"),
            errors=self._path("errors"),
            guards={
                **guard_settings(self.file, ("defaults", "guards")),
                **guard_settings(self.file, (*self.at, "guards")),
            },
            notify=_notify(self.file, (*self.at, "notify")),
        )
        self._check_profiles(job)
        return job

    def _place(self, key: str) -> Keys:
        own = (*self.at, key)
        shared = key not in self.file.table(self.at) and key in self.file.table(("defaults",))
        return ("defaults", key) if shared else own

    def _text(self, key: str) -> str | None:
        return self.file.value(self._place(key), str)

    def _required(self, key: str) -> str:
        return (self.file.value((*self.at, key), str) or "").strip()

    def _flag(self, key: str) -> bool:
        return self.file.value(self._place(key), bool) or False

    def _path(self, key: str) -> str | None:
        written = self._text(key)
        if written is None:
            return None
        if not written.strip():
            self.file.refuse(self._place(key), text("{key} is empty", key=key))
        return str(self.file.path.parent / Path(written).expanduser())

    def _choice(self, key: str, known: Iterable[str]) -> str | None:
        found, words = self._text(key), list(known)
        if found is not None and found not in words:
            self.file.refuse(self._place(key), _no_choice(key, found), _one_of(words))
        return found

    def _destination(self) -> str | None:
        return self._choice("to", sorted(DESTINATIONS))

    def _reading(self) -> SheetOptions:
        mapping = self._path("mapping")
        return SheetOptions(
            file=Path(),
            to=self._text("to"),
            sheet=self._text("sheet"),
            header_row=self._count("header_row", 1),
            maps=tuple(self._table("map")),
            mapping=None if mapping is None else Path(mapping),
            constants=tuple(self._table("set")),
            decimal=self._choice("decimal", ("auto", "comma", "point")),
            encoding=self._text("encoding") or "auto",
            round=self._flag("round") or None,
            hidden=self._choice("hidden", ("include", "skip")),
            allow_legacy=self._flag("allow_legacy"),
            duplicates=self._choice("duplicates", ("error", "sum", "first", "last")),
            strict=self._flag("strict"),
        )

    def _sending(self) -> SendOptions:
        return SendOptions(
            yes=True,
            only_changed=self._flag("only_changed"),
            key=self._text("key"),
            partial_documents=self._flag("partial_documents"),
            max_requests=self._count("max_requests", 0),
            wait=self._seconds("wait") or 0.0,
        )

    def _table(self, key: str) -> Iterable[tuple[str, str]]:
        """Yield what ``[jobs.set]`` and ``[jobs.map]`` say, over what the defaults say."""
        merged: dict[str, str] = {}
        for place in (("defaults", key), (*self.at, key)):
            self.file.value(place, dict)
            for name, value in self.file.table(place).items():
                if isinstance(value, bool) or not isinstance(value, str | int | float):
                    self.file.refuse((*place, name), text("{key} must be a text or a number", key=f"{key}.{name}"))
                merged[name] = str(value)
        return merged.items()

    def _count(self, key: str, least: int) -> int | None:
        found = self.file.value(self._place(key), int)
        if found is not None and found < least:
            self.file.refuse(self._place(key), text("{key} must be at least {least}", key=key, least=least))
        return found

    def _seconds(self, key: str) -> float | None:
        duration = _duration(self.file, self._place(key))
        return None if duration is None else duration.total_seconds()

    def _is_off(self, key: str) -> bool:
        place = self._place(key)
        return self.file.table(place[:-1]).get(key) == "off"

    def _once(self) -> Once | None:
        found = self._choice("once", [one.value for one in Once])
        return None if found is None else Once(found)

    def _weekdays(self) -> frozenset[int] | None:
        place = self._place("expect")
        names = self.file.value(place, list)
        if names is None:
            return None
        for name in names:
            if not isinstance(name, str) or name.lower() not in _WEEKDAYS:
                self.file.refuse(place, _no_choice("expect", str(name)), _one_of(names[0] for names in _DAYS))
        return frozenset(_WEEKDAYS[name.lower()] for name in names)

    def _dates(self) -> frozenset[date]:
        place = self._place("except")
        found: set[date] = set()
        for written in self.file.value(place, list) or []:
            day = _date(written)
            if day is None:
                self.file.refuse(
                    place, text("{found} is not a date", found=str(written)), text("Write dates as 2026-12-25.")
                )
            found.add(day)
        return frozenset(found)

    def _zone(self) -> str | None:
        zone = self._text("timezone")
        if zone is not None and zone_of(zone) is None:
            self.file.refuse(
                self._place("timezone"),
                text("There is no time zone {zone}", zone=zone),
                text("Write it like America/Argentina/Buenos_Aires or America/Santiago."),
            )
        return zone

    def _check_profiles(self, job: Job) -> None:
        """Refuse several companies at one file: each has its own."""
        several = job.profile is not None and (job.profile == EVERY_PROFILE or "," in job.profile)
        if several and PROFILE_MARK not in job.file:
            self.file.refuse(
                self._place("file"),
                text("The job is for several profiles and has one file"),
                text("Write {name} where the name of the profile belongs.", name=PROFILE_MARK),
            )


def _no_choice(key: str, found: str) -> Text:
    return text("{key} cannot be {found}", key=key, found=found)


def _one_of(words: Iterable[str]) -> Text:
    return text("Known here: {words}", words=", ".join(words))


def _notify(file: TomlFile, at: Keys) -> Notify | None:
    if not file.table(at):
        return None
    file.allow_only(at, NOTIFY_KEYS)
    choices: Mapping[str, list[str]] = {"on": [one.value for one in NotifyOn], "format": ["json", "text"]}
    found = {key: file.value((*at, key), str) for key in NOTIFY_KEYS}
    for key, words in choices.items():
        value = found[key]
        if value is not None and value not in words:
            file.refuse((*at, key), _no_choice(key, value), _one_of(words))
    return Notify(
        webhook=found["webhook"],
        on=NotifyOn(found["on"] or NotifyOn.CHANGE),
        format=found["format"] or "json",
        heartbeat=found["heartbeat"],
    )


def _retention(file: TomlFile) -> Retention:
    file.allow_only(("retention",), RETENTION_KEYS)
    found = {key: _duration(file, ("retention", key)) for key in RETENTION_KEYS}
    if found["details"] is not None and found["details"] < _LEAST_DETAILS:
        file.refuse(("retention", "details"), text("Details are kept for 30 days at least"))
    return Retention(**found)


def _duration(file: TomlFile, at: Keys) -> timedelta | None:
    written: Any = file.table(at[:-1]).get(str(at[-1]))
    if written is None:
        return None
    found = None if isinstance(written, bool) else parse_duration(str(written))
    if found is None:
        file.refuse(at, text("{key} is not a time", key=dotted(at)), text('Write it as "30s", "20m", "2h" or "7d".'))
    return found


def parse_duration(written: str) -> timedelta | None:
    """Return a duration as people write it: ``30s``, ``20m``, ``2h``, ``7d``, or seconds; None when it is none."""
    found = _DURATION.fullmatch(written.strip())
    return None if found is None else timedelta(seconds=float(found[1]) * _UNITS[found[2] or "s"])


def _date(written: object) -> date | None:
    if isinstance(written, date) and not isinstance(written, datetime):
        return written
    try:
        return date.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
