"""Decides which addresses credentials may be sent to: https, or http to this very machine (contract section 8)."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from etl.errors import ConfigurationError
from etl.messages import text

_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


def checked_address(address: str, what: str) -> str:
    """Return the base address in one canonical form, ending in a slash; `what` names its setting in messages.

    ConfigurationError for anything but ``https://host[:port]/path`` (or ``http`` to loopback): credentials, a query
    or a fragment in it would be sent, logged or lost.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        host = host.encode("idna").decode() if not host.isascii() else host
    except ValueError:  # a port that is no number, brackets without an address, a name that cannot be
        host, port, parts = "", None, urlsplit("")
    if (
        not _HOST.fullmatch(host)
        or not address.isprintable()
        or " " in address
        or parts.scheme not in {"http", "https"}
    ):
        raise ConfigurationError(
            text("{what}: {address} is not a web address", what=what, address=address),
            hint=text("Write it as https://host/path/"),
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        # The address itself may hold a password, so it is not repeated.
        raise ConfigurationError(text("{what}: an address cannot hold a user, a password, ? or #", what=what))
    if parts.scheme == "http" and not is_loopback_host(host):
        raise ConfigurationError(
            text("{what}: {address} would send the credentials unencrypted", what=what, address=address),
            hint=text("Write https:// (http:// is only for this machine, 127.0.0.1)."),
        )
    name = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    place = name if port in {None, default} else f"{name}:{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}/"


def checked_hook(address: str, what: str) -> str:
    """Return the address of a webhook, which may have a query; `what` names its setting in messages.

    ConfigurationError for anything but https (or http to loopback). It may hold a credential: it is never repeated.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or not address.isprintable() or " " in address or parts.scheme not in {"http", "https"}:
        raise ConfigurationError(
            text("{what}: it is not a web address", what=what), hint=text("Write it as https://host/path/")
        )
    if "@" in parts.netloc or parts.fragment:
        raise ConfigurationError(text("{what}: an address cannot hold a user, a password or #", what=what))
    if parts.scheme == "http" and not is_loopback_host(host):
        raise ConfigurationError(
            text("{what}: it would be told unencrypted", what=what),
            hint=text("Write https:// (http:// is only for this machine, 127.0.0.1)."),
        )
    return address


def is_loopback(address: str) -> bool:
    """Whether an address (or ``host:port``) is this very machine, as a simulated vendor's is."""
    return is_loopback_host(urlsplit(address if "//" in address else f"//{address}").hostname or "")


def is_loopback_host(host: str) -> bool:
    """Whether a host name or number never leaves this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
