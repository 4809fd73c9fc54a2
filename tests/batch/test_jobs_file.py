"""A jobs file: what it may say, and that every mistake is told with its line."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from etl.batch.jobs import Job, JobsFile
from etl.batch.jobs_file import parse_duration, read_jobs
from etl.core.repeats import Once
from etl.errors import ConfigurationError

FULL = """\
settle = "5m"

[defaults]
to = "tusfacturas.stock"
archive = "done"
max_requests = 40

[defaults.set]
operacion = "A"
lista_precios = "Mayorista"

[[jobs]]
name = "stock"
file = "in/*.xlsx"
profile = "acme"
strict = true
once = "content+day"
max_age = "90m"
expect = ["lun", "mon", "vie"]
except = [2026-12-25, "2027-01-01"]
timezone = "America/Santiago"

[jobs.set]
operacion = "B"

[[jobs]]
name = "every"
file = "in/{profile}/stock.csv"
profile = "*"
archive = "done/{profile}"
max_age = "off"
"""


def read(folder: Path, content: str) -> JobsFile:
    path = folder / "jobs.toml"
    path.write_text(content, encoding="utf-8")
    return read_jobs(path)


def job(folder: Path, line: str) -> Job:
    """Return the only job of a file that says one more thing of it."""
    return read(folder, f'[[jobs]]\nname = "a"\nfile = "a.csv"\n{line}\n').jobs[0]


def test_jobs_inherit_what_they_do_not_say(tmp_path: Path) -> None:
    """Defaults are for all; a job's own word wins, in tables key by key."""
    file = read(tmp_path, FULL)
    stock, every = file.jobs
    assert file.settle == timedelta(minutes=5)
    assert (stock.to, every.to) == ("tusfacturas.stock", "tusfacturas.stock")
    assert (stock.archive, every.archive) == (str(tmp_path / "done"), str(tmp_path / "done/{profile}"))
    assert dict(stock.reading.constants) == {"operacion": "B", "lista_precios": "Mayorista"}
    assert dict(every.reading.constants) == {"operacion": "A", "lista_precios": "Mayorista"}
    assert (stock.reading.strict, every.reading.strict) == (True, False)
    assert stock.sending.max_requests == 40


def test_a_job_says_what_it_says(tmp_path: Path) -> None:
    """Times, days and dates are understood, and nothing asks."""
    stock, every = read(tmp_path, FULL).jobs
    assert stock.once is Once.CONTENT_AND_DAY
    assert (stock.max_age, stock.any_age) == (timedelta(minutes=90), False)
    assert (every.max_age, every.any_age) == (None, True)
    assert stock.expect == {0, 4}
    assert stock.excepted == {date(2026, 12, 25), date(2027, 1, 1)}
    assert stock.sending.yes
    assert not stock.sending.again


def test_the_profile_fills_the_paths(tmp_path: Path) -> None:
    """Forty companies are one block."""
    every = read(tmp_path, FULL).jobs[1].of_company("norte")
    assert every.file == str(tmp_path / "in/norte/stock.csv")
    assert every.archive == str(tmp_path / "done/norte")
    assert every.profile == "norte"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("strct = true", r"line 4: strct is not a known key; strict is"),
        ('to = "tusfacturas.stok"', r"line 4: to cannot be tusfacturas\.stok"),
        ('once = "twice"', r"line 4: once cannot be twice"),
        ('max_age = "2 horas"', r"line 4: jobs\.max_age is not a time"),
        ("max_age = true", r"line 4: jobs\.max_age is not a time"),
        ('expect = ["lunes", "otro"]', r"line 4: expect cannot be otro"),
        ('except = ["25/12/2026"]', r"line 4: 25/12/2026 is not a date"),
        ('timezone = "Chiloe"', r"line 4: There is no time zone Chiloe"),
        ("max_requests = -1", r"line 4: max_requests must be at least 0"),
        ('max_requests = "many"', r"line 4: jobs\.max_requests must be a whole number"),
        ('duplicates = "any"', r"line 4: duplicates cannot be any"),
        ('set = "operacion=A"', r"line 4: jobs\.set must be a table"),
        ("[jobs.set]\noperacion = true", r"line 5: set\.operacion must be a text or a number"),
        ('archive = ""', r"line 4: archive is empty"),
        ('profile = "*"', r"line 3: The job is for several profiles and has one file"),
        ('profile = "a,b"', r"line 3: The job is for several profiles and has one file"),
        ('[[jobs]]\nname = "b"', r"line 4: The job has no file"),
        ('[[jobs]]\nfile = "b"', r"line 4: The job has no name"),
        ('[[jobs]]\nname = "a"\nfile = "b"', r"line 5: There are two jobs called a"),
        ('[jobs.notify]\non = "never"', r"line 5: on cannot be never"),
        ('[notify]\nweb = "x"', r"line 5: web is not a known key; webhook is"),
        ('[retention]\ndetails = "2d"', r"line 5: Details are kept for 30 days"),
        ('[defaults]\nname = "x"', r"line 5: name is not a known key"),
        ('[job]\nname = "x"', r"line 4: job is not a known key; jobs is"),
    ],
)
def test_a_mistake_names_its_line(tmp_path: Path, line: str, told: str) -> None:
    """And what may stand there; nothing is guessed."""
    with pytest.raises(ConfigurationError, match=told):
        job(tmp_path, line)


@pytest.mark.parametrize(("content", "told"), [("", "There is no job"), ("[jobs]\n", r"write it as \[\[jobs\]\]")])
def test_a_file_without_jobs_says_how_to_write_one(tmp_path: Path, content: str, told: str) -> None:
    """An empty file is a mistake, and not a night without work."""
    with pytest.raises(ConfigurationError, match=told):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30s", 30), ("20m", 1200), ("2h", 7200), ("7d", 604800), ("90", 90), ("1.5 h", 5400), ("2w", None), ("", None)],
)
def test_durations_as_people_write_them(written: str, seconds: float | None) -> None:
    """A number with its unit, or seconds."""
    found = parse_duration(written)
    assert (None if found is None else found.total_seconds()) == seconds
