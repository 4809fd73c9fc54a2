"""Credentials go to https, or to this very machine, and nowhere else."""

from __future__ import annotations

import pytest

from etl.errors import ConfigurationError
from etl.io.addresses import checked_address, is_loopback


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://www.tusfacturas.app/app/api/v2/", "https://www.tusfacturas.app/app/api/v2/"),
        ("https://api.bsale.io/v1", "https://api.bsale.io/v1/"),
        ("HTTPS://API.Bsale.io:443/v1//", "https://api.bsale.io/v1/"),
        ("https://api.bsale.io:8443", "https://api.bsale.io:8443/"),
        ("http://127.0.0.1:5000/tusfacturas/", "http://127.0.0.1:5000/tusfacturas/"),
        ("http://localhost:80", "http://localhost/"),
        ("http://[::1]:5000/", "http://[::1]:5000/"),
        ("http://127.3.2.1", "http://127.3.2.1/"),
        ("https://tiendañ.example/", "https://xn--tienda-1wa.example/"),
    ],
)
def test_an_address_has_one_form(written: str, address: str) -> None:
    """However it is written, an address is the same for locks, messages and requests; it ends in a slash."""
    assert checked_address(written, "x") == address
    assert checked_address(address, "x") == address


ELSEWHERE = """
http://www.tusfacturas.app/ http://127.0.0.1.example/ http://localhost.example/ http://0.0.0.0/ http://10.0.0.1/
http://[2001:db8::1]/ http://2130706433/
"""
NO_ADDRESSES = """
www.tusfacturas.app ftp://host/ file:///etc/passwd https:// https:///path https://host:port/ https://host:99999/
https://[::1/ javascript:alert(1) https://a..b.ñ/ https://good.example\\evil.example/ https://a%2fb/ https://a,b/
"""


@pytest.mark.parametrize("written", ELSEWHERE.split())
def test_http_is_only_for_this_machine(written: str) -> None:
    """Anything that leaves the machine must be encrypted, whatever it looks like (SEC-5)."""
    with pytest.raises(ConfigurationError, match="unencrypted") as caught:
        checked_address(written, "ETL_TUSFACTURAS_URL")
    assert "ETL_TUSFACTURAS_URL" in str(caught.value)


@pytest.mark.parametrize("written", [*NO_ADDRESSES.split(), "", "https://ho st/", "https://host/\n"])
def test_what_is_no_address_is_refused(written: str) -> None:
    """A mistake ends with 4 before anything is opened."""
    with pytest.raises(ConfigurationError, match="not a web address"):
        checked_address(written, "x")


@pytest.mark.parametrize(
    "written",
    ["https://user:canary@host/", "https://canary@host/", "https://host/?token=canary", "https://host/#canary"],
)
def test_an_address_never_holds_a_credential(written: str) -> None:
    """A user, password, query or fragment is refused, and not repeated in the message."""
    with pytest.raises(ConfigurationError, match="cannot hold") as caught:
        checked_address(written, "x")
    assert "canary" not in f"{caught.value}{caught.value.hint}"


def test_simulated_vendors_are_recognised() -> None:
    """With and without a scheme, only this machine counts."""
    assert is_loopback("http://127.0.0.1:5000/x/")
    assert is_loopback("127.0.0.1:5000")
    assert is_loopback("http://[::1]:5000/")
    assert not is_loopback("https://www.tusfacturas.app/")
    assert not is_loopback("www.tusfacturas.app")
