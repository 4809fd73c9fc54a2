"""Removes what is older than the jobs file keeps; never what guards against sending twice."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from etl.batch.errands import Errands
from etl.batch.jobs import Retention
from etl.batch.settling import look_at
from etl.messages import Text, ntext
from etl.runs import open_journal_of
from etl.settings import Settings

_LOG: Final = re.compile(r"etl-(\d{4}-\d{2})\.jsonl|incident-(\d{4})(\d{2})\d{2}-.*\.txt")


def tidy(retention: Retention, errands: Errands, settings: Settings, now: datetime) -> tuple[Text, ...]:
    """Remove old details, workbooks, archived files and logs; return what the person should know of it.

    Only what a batch wrote or moved is removed, and only while it is what it was: a workbook that somebody saved since
    stays.
    """
    errands.forget_gone()
    removed = [*_files(retention, errands, now), *_logs(retention, settings, now)]
    for path in removed:
        with contextlib.suppress(OSError):
            path.unlink()
    kept = [limit for limit in (retention.results, retention.archives) if limit is not None]
    if len(kept) == 2:
        errands.forget_receipts(now - max(kept) - timedelta(days=31))
    notes: list[Text] = []
    if removed:
        notes.append(ntext("{count} old file was removed", "{count} old files were removed", len(removed)))
    if retention.details is not None and (shed := _shed(settings, now - retention.details, now)):
        said = ntext(
            "The details of {count} old run were removed", "The details of {count} old runs were removed", shed
        )
        notes.append(said)
    return tuple(notes)


def _files(retention: Retention, errands: Errands, now: datetime) -> Iterator[Path]:
    limits = {"archive": retention.archives, "results": retention.results}
    for path, size, at, kind in errands.receipts():
        limit = limits.get(kind)
        look = look_at(path) if limit is not None and now - at > limit else None
        if look is not None and look.size == size:
            yield path


def _logs(retention: Retention, settings: Settings, now: datetime) -> Iterator[Path]:
    folder = settings.home / "logs"
    if retention.logs is None or not folder.is_dir():
        return
    oldest = f"{now - retention.logs:%Y-%m}"
    for path in folder.iterdir():
        found = _LOG.fullmatch(path.name)
        if found is not None and (found[1] or f"{found[2]}-{found[3]}") < oldest:
            yield path


def _shed(settings: Settings, before: datetime, now: datetime) -> int:
    with open_journal_of(settings) as journal:
        return journal.shed(before, now)
