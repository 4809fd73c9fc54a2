"""Tells somebody how a batch went: a webhook on change, on errors or always, and a heartbeat around it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from etl.batch.endings import BatchEnding, JobEnding, gravest, lines_of
from etl.batch.jobs import JobsFile, Notify, NotifyOn
from etl.batch.surroundings import Surroundings
from etl.errors import EtlError
from etl.io.addresses import checked_hook
from etl.io.files import make_private_folder, write_private_file
from etl.io.secrets import Secret, resolve
from etl.io.transport import post
from etl.messages import Text, ntext, text, translate, verbatim
from etl.model import Answer

DEADLINE: Final = 10.0
"""Seconds for one message: nobody waits for a webhook."""
ATTEMPTS: Final = 3
PAUSE: Final = 2.0
_NOTICES: Final = "notices"
"""Under which what is long uncertain is remembered."""

Told = dict[str, dict[str, Any]]
"""By job and profile: what was told last, and whether it was a problem."""


@dataclass(frozen=True, slots=True)
class Notifier:
    """Whoever tells of the batches of one jobs file. Failing to tell changes nothing else."""

    jobs: JobsFile
    home: Path
    language: str
    around: Surroundings

    def begin(self) -> None:
        """Tell the heartbeats that a batch begins."""
        for notify in self._notifies():
            self._beat(notify, "start", b"")

    def end(self, ending: BatchEnding) -> tuple[Text, ...]:
        """Tell the webhooks and heartbeats how the batch ended; return what could not be told."""
        told = self._remembered()
        failures = [failure for notify in self._notifies() for failure in self._tell(notify, ending, told)]
        self._remember(told)
        return tuple(failures)

    def _notifies(self) -> list[Notify]:
        every = (self.jobs.notify, *(job.notify for job in self.jobs.jobs if job.notify is not None))
        return [one for one in dict.fromkeys(every) if one.webhook or one.heartbeat]

    def _tell(self, notify: Notify, ending: BatchEnding, told: Told) -> Iterator[Text]:
        mine = [one for one in ending.jobs if self._notify_of(one) == notify]
        general = notify == self.jobs.notify
        code = ending.exit_code if general else gravest(one.exit_code for one in mine)
        summary = self._words(ending, mine, code, general=general)
        if (failed := self._beat(notify, "" if code == 0 else str(code), summary.encode())) is not None:
            yield failed
        if notify.webhook is None:
            return
        now = dict(_states(mine))
        if general:
            now[_NOTICES] = _state_of_notices(ending)
        ringing = {key for key, state in now.items() if _rings(notify.on, state, told.get(key))}
        if not ringing:
            told.update(now)
            return
        shown = [one for one in mine if _key(one) in ringing] or mine
        words = self._words(ending, shown, code, general=general)
        failed = self._ring(notify, ending, shown, words, code)
        if failed is None:
            told.update(now)
        else:
            yield failed

    def _notify_of(self, ending: JobEnding) -> Notify:
        job = next((job for job in self.jobs.jobs if job.name == ending.name), None)
        return self.jobs.notify if job is None or job.notify is None else job.notify

    def _words(self, ending: BatchEnding, shown: Sequence[JobEnding], code: int, *, general: bool) -> str:
        bad = sum(one.is_problem for one in shown)
        head = (
            ntext("etl on {host}: {count} job needs attention (exit code {code})",
                  "etl on {host}: {count} jobs need attention (exit code {code})", bad, host=platform.node(), code=code)
            if bad or code
            else text("etl on {host}: all went well", host=platform.node())
        )  # fmt: skip
        part = BatchEnding(
            id=ending.id, jobs=tuple(shown), started=ending.started, notices=ending.notices if general else ()
        )
        return "\n".join(translate(line, self.language) for line in (head, *lines_of(part)))

    def _ring(
        self, notify: Notify, ending: BatchEnding, shown: Sequence[JobEnding], words: str, code: int
    ) -> Text | None:
        if notify.format == "text":
            return self._post(notify.webhook, words.encode(), "text/plain; charset=utf-8", "webhook")
        told = {
            "schema_version": 1,
            "event": "batch",
            "text": words,
            "batch": ending.id,
            "host": platform.node(),
            "jobs": [one.to_json(self.language) for one in shown],
            "notices": [translate(notice, self.language) for notice in ending.notices],
            "exit_code": code,
        }
        return self._post(notify.webhook, json.dumps(told, ensure_ascii=False).encode(), "application/json", "webhook")

    def _beat(self, notify: Notify, what: str, words: bytes) -> Text | None:
        if notify.heartbeat is None:
            return None
        return self._post(notify.heartbeat, words, "text/plain; charset=utf-8", "heartbeat", below=what)

    def _post(self, reference: str | None, body: bytes, kind: str, what: str, *, below: str = "") -> Text | None:
        """Post to where a reference leads; return why that failed, in words that do not hold the address."""
        if reference is None:
            return None
        try:
            address = _address(reference, self.around.environ, what, below)
            why = self._post_patiently(address, body, kind)
        except EtlError as error:
            why = error.message
        if why is None:
            return None
        self.around.log("not_told", what=what, why=why)
        return text("Nobody could be told ({what}): {why}", what=what, why=why)

    def _post_patiently(self, address: Secret, body: bytes, kind: str) -> Text | None:
        why = verbatim("")
        for attempt in range(ATTEMPTS):
            if attempt:
                self.around.clock.sleep(PAUSE)
            result = post(address, body, kind, deadline=DEADLINE)
            if isinstance(result, Answer) and 200 <= result.status < 300:
                return None
            why = verbatim(f"HTTP {result.status}" if isinstance(result, Answer) else result.failure.value)
            if isinstance(result, Answer) and 300 <= result.status < 500 and result.status != 429:
                return why
        return why

    def _file(self) -> Path:
        name = hashlib.sha256(str(self.jobs.path).encode()).hexdigest()[:32]
        return self.home / "batch" / f"told-{name}.json"

    def _remembered(self) -> Told:
        try:
            told: Told = json.loads(self._file().read_bytes())
        except (OSError, ValueError):
            return {}
        return told

    def _remember(self, told: Told) -> None:
        try:
            make_private_folder(self._file().parent)
            write_private_file(self._file(), json.dumps(told).encode())
        except EtlError as error:
            self.around.log("not_remembered", why=error.message)


def check_addresses(jobs: JobsFile, environ: Mapping[str, str]) -> None:
    """Refuse a webhook or heartbeat that cannot be: an unknown reference, an address that is not encrypted."""
    for notify in (jobs.notify, *(job.notify for job in jobs.jobs if job.notify is not None)):
        for what, reference in (("webhook", notify.webhook), ("heartbeat", notify.heartbeat)):
            if reference is not None:
                _address(reference, environ, what, "")


def _address(reference: str, environ: Mapping[str, str], what: str, below: str) -> Secret:
    written = reference.startswith(("http://", "https://"))
    place = checked_hook(reference if written else resolve(reference, environ, what=what).reveal(), what)
    if not below:
        return Secret(place)
    parts = urlsplit(place)
    return Secret(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{below}")))


def _key(ending: JobEnding) -> str:
    return f"{ending.name}|{ending.profile or ''}"


def _states(endings: Sequence[JobEnding]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield how each job stands: what tells it from last time, and whether it is a problem."""
    for key in dict.fromkeys(_key(one) for one in endings):
        own = [one for one in endings if _key(one) == key]
        signature = "\n".join(sorted({one.signature() for one in own}))
        yield key, {"signature": signature, "problem": any(one.is_problem for one in own)}


def _state_of_notices(ending: BatchEnding) -> dict[str, Any]:
    words = sorted(translate(notice, "en") for notice in ending.notices)
    return {"signature": "\n".join(words), "problem": bool(words)}


def _rings(on: NotifyOn, now: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    if on is NotifyOn.ALWAYS:
        return True
    if on is NotifyOn.ERRORS:
        return bool(now["problem"])
    known = before if before is not None else {"signature": "", "problem": False}
    return now["signature"] != known["signature"] and bool(now["problem"] or known["problem"])
