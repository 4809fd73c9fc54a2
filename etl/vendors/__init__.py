"""The registry: an explicit dictionary. A new vendor is one folder and one line here."""

from __future__ import annotations

from etl.vendors.base import Destination, Vendor
from etl.vendors.bsale import BSALE
from etl.vendors.justo import JUSTO
from etl.vendors.listing import Listing
from etl.vendors.tusfacturas import TUSFACTURAS

VENDORS: dict[str, Vendor] = {vendor.name: vendor for vendor in (TUSFACTURAS, BSALE, JUSTO)}

DESTINATIONS: dict[str, Destination] = {
    destination.name: destination for vendor in VENDORS.values() for destination in vendor.destinations
}

LISTINGS: dict[str, Listing] = {listing.name: listing for vendor in VENDORS.values() for listing in vendor.listings}


def vendor_of(destination: str) -> Vendor:
    """Return the vendor of a destination's or a list's name (``vendor.resource``); KeyError when there is none."""
    return VENDORS[destination.partition(".")[0]]
