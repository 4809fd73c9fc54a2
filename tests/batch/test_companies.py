"""Many companies in one block, and values that are too old to be set."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from etl.batch.endings import State
from etl.errors import ConfigurationError
from etl.sandbox import DEMO_CREDENTIALS, Fault
from tests.batch.nights import Nights

COMPANIES = """
[defaults.tusfacturas]
usertoken = "env:ETL_TUSFACTURAS_USERTOKEN"
apikey = "env:ETL_TUSFACTURAS_APIKEY"
apitoken = "env:ETL_TUSFACTURAS_APITOKEN"
[profiles.norte.tusfacturas]
[profiles.sur.tusfacturas]
[profiles.otra.justo]
"""
EVERY = """
[[jobs]]
name = "stock"
file = "in/{profile}.csv"
to = "tusfacturas.stock"
profile = "*"
archive = "archive/{profile}"
set = { operacion = "A" }
"""
JUSTO = """
[[jobs]]
name = "justo"
file = "in/justo.csv"
to = "justo.stock"
archive = "archive"
errors = "errors"
"""


@pytest.fixture
def companies(nights: Nights) -> Nights:
    (nights.folder / "etl.toml").write_text(COMPANIES, encoding="utf-8")
    for company in ("norte", "sur", "otra"):
        nights.sheet("P001", name=f"in/{company}.csv")
    return nights


def test_one_block_is_every_company_of_the_vendor(companies: Nights) -> None:
    """Each with its own file, run and archive; a company of another vendor has no part in it."""
    ending = companies.batch(EVERY)
    assert [(one.profile, one.state) for one in ending.jobs] == [("norte", State.DONE), ("sur", State.DONE)]
    assert len({one.run for one in ending.jobs}) == 2
    assert companies.files("archive/norte") == ["norte.csv", "norte.resultados.xlsx"]
    assert companies.files("in") == ["otra.csv"]


def test_only_some_of_them(companies: Nights) -> None:
    """`--profile a,b` leaves the others out; an unknown name is a mistake before anything is done."""
    assert [one.profile for one in companies.batch(EVERY, profiles="sur").jobs] == ["sur"]
    with pytest.raises(ConfigurationError, match="There is no profile oeste"):
        companies.batch(EVERY, profiles="sur,oeste")


def test_jobs_without_a_profile_can_be_done_for_all(companies: Nights) -> None:
    """Or else it must be said for whom; one file is never sent to several companies."""
    nobodys = EVERY.replace('profile = "*"\n', "")
    with pytest.raises(ConfigurationError, match="is for no profile"):
        companies.batch(nobodys)
    assert [one.profile for one in companies.batch(nobodys, all_profiles=True).jobs] == ["norte", "sur"]
    with pytest.raises(ConfigurationError, match="has one file and would be for several"):
        companies.batch(nobodys.replace("in/{profile}.csv", "in/norte.csv"), profiles="norte,sur")


def test_a_company_without_credentials_does_not_stop_the_others(companies: Nights) -> None:
    """Its job ends with 4, its file stays, and the next company is served."""
    toml = COMPANIES.replace("[profiles.norte.tusfacturas]", '[profiles.norte.tusfacturas]\napikey = "env:ABSENT"')
    (companies.folder / "etl.toml").write_text(toml, encoding="utf-8")
    ending = companies.batch(EVERY)
    assert [(one.state, one.exit_code) for one in ending.jobs] == [(State.FAILED, 4), (State.DONE, 0)]
    assert "norte.csv" in companies.files("in")


@pytest.fixture
def justo(nights: Nights) -> Nights:
    token = DEMO_CREDENTIALS["justo"]["token"]
    nights.environ = {"ETL_JUSTO_URL": nights.lab.sandbox.url("justo"), "ETL_JUSTO_TOKEN": token}
    return nights


def counters(nights: Nights, hours: float, stock: int = 7) -> Path:
    """Write a sheet of Justo's that was saved so many hours ago."""
    path = nights.sheet(name="in/justo.csv", saved=nights.clock.now() - timedelta(hours=hours))
    saved = path.stat().st_mtime
    path.write_text(f"storeId;productId;stock\nlocal-centro;empanada-carne;{stock}\n", encoding="utf-8")
    os.utime(path, (saved, saved))
    return path


def test_last_nights_counters_are_not_sent(justo: Nights) -> None:
    """Orders have lowered the stock since: two hours is the limit for Justo unless the job says another."""
    counters(justo, 3)
    ending = justo.one(JUSTO)
    assert (ending.state, ending.exit_code) == (State.TOO_OLD, 3)
    assert justo.lab.sandbox.justo.applications == ()
    assert justo.files("in") == ["justo.csv"]
    assert justo.one(JUSTO + 'max_age = "4h"\n').state is State.DONE
    counters(justo, 100, stock=8)
    assert justo.one(JUSTO + 'max_age = "off"\n').state is State.DONE
    counters(justo, 1, stock=9)
    assert justo.one(JUSTO).state is State.DONE


def test_the_same_counters_may_be_set_again(justo: Nights) -> None:
    """A shop that fills up to the same level every day is no repeat, unless the job says so."""
    counters(justo, 1)
    assert justo.one(JUSTO).state is State.DONE
    counters(justo, 1)
    assert justo.one(JUSTO).state is State.DONE
    counters(justo, 1)
    assert justo.one(JUSTO + 'once = "content"\n').state is State.REPEAT


def test_an_interrupted_sheet_of_counters_is_not_resumed_when_it_is_old(justo: Nights) -> None:
    """Finishing the last batch must not overwrite today's orders with last night's stock."""
    counters(justo, 1)
    with justo.lab.sandbox.down():
        assert justo.one(JUSTO).exit_code == 5
    with justo.later(timedelta(hours=3)):
        ending = justo.one(JUSTO)
    assert (ending.state, ending.exit_code, ending.counts["not_sent"]) == (State.TOO_OLD, 3, 1)
    assert justo.lab.sandbox.justo.applications == ()
    assert "justo.csv" in justo.files("errors")
    assert justo.one(JUSTO).state is State.NO_FILE


def test_an_interrupted_sheet_of_counters_is_resumed_while_it_is_fresh(justo: Nights) -> None:
    """Minutes later it is still true."""
    counters(justo, 0.5)
    with justo.lab.sandbox.down():
        justo.one(JUSTO)
    assert justo.one(JUSTO).state is State.DONE


def test_the_limits_of_guards_can_be_a_jobs_own(companies: Nights) -> None:
    """Each job of a company may have what is usual for it; a mistake names its line."""
    with pytest.raises(ConfigurationError, match=r"line 9: .*price_jump must be a percentage"):
        companies.batch(EVERY + 'guards = { price_jump = "much" }\n')
    companies.lab.sandbox.faults.order(Fault.LATENCY, delay=0.0)
    assert companies.batch(EVERY + "guards = { price_jump = 80 }\n").exit_code == 0


def test_documents_with_a_head_are_known_by_it(nights: Nights) -> None:
    """A growing list of receptions: what was sent is left out, the rest goes, and a list without any is a repeat."""
    sandbox = nights.lab.sandbox
    nights.environ = {
        "ETL_BSALE_URL": sandbox.url("bsale"),
        "ETL_BSALE_ACCESS_TOKEN": DEMO_CREDENTIALS["bsale"]["access_token"],
    }
    jobs = '[[jobs]]\nname = "r"\nfile = "in/r.csv"\nto = "bsale.recepciones"\narchive = "archive"\nonce = "document"\n'

    def receive(*numbers: int) -> object:
        path = nights.sheet(name="in/r.csv")
        saved = path.stat().st_mtime
        lines = [f"1;Guía;{number};629;2;100" for number in numbers]
        path.write_text("\n".join(["officeId;document;documentNumber;code;quantity;cost", *lines]) + "\n", "utf-8")
        os.utime(path, (saved, saved))
        return nights.one(jobs)

    first, second, third = receive(1, 2), receive(1, 2, 3), receive(3, 2)
    assert [ending.state for ending in (first, second, third)] == [State.DONE, State.DONE, State.REPEAT]  # type: ignore[attr-defined]
    assert (second.counts["accepted"], second.counts["skipped"]) == (1, 2)  # type: ignore[attr-defined]
