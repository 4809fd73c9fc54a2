"""Decides how the simulated Bsale tells of what it holds: the nodes of its page, oddities included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from etl.model import Json
from etl.sandbox.bsale_account import (
    CONSUMPTION,
    PACK,
    RECEPTION,
    Account,
    ConsumptionType,
    Detail,
    Document,
    Kind,
    Office,
    Product,
    Stock,
    Variant,
)

DEFAULT_LIMIT = 25
_CHILE = 4 * 3600
"""The page's answers to POST and PUT date a document 04:00 UTC, midnight in Chile; its lists say 00:00 UTC."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes nodes. `base` is the vendor's address as the client knows it, ending in a slash."""

    base: str
    account: Account

    def href(self, path: str) -> str:
        """Return the address of a path."""
        return f"{self.base}{path}.json"

    def reference(self, resource: str, number: int) -> dict[str, Json]:
        """Return a nested node: its id is a text."""
        return {"href": self.href(f"{resource}/{number}"), "id": str(number)}

    def _own(self, resource: str, number: int) -> dict[str, Json]:
        return {"href": self.href(f"{resource}/{number}"), "id": number}

    def office(self, office: Office) -> dict[str, Json]:
        """Return an office."""
        return {
            **self._own("offices", office.id),
            "name": office.name,
            "description": office.name,
            "address": "",
            "isVirtual": 0,
            "country": "Chile",
            "state": office.state,
        }

    def user(self, number: int) -> dict[str, Json]:
        """Return a user."""
        return {**self._own("users", number), "firstName": self.account.users[number], "state": 0}

    def product(self, product: Product) -> dict[str, Json]:
        """Return a product; a pack tells of its parts."""
        parts = [
            {"quantity": quantity, "variant": self.reference("variants", variant)}
            for variant, quantity in product.parts
        ]
        return {
            **self._own("products", product.id),
            "name": product.name,
            "description": None,
            "classification": product.classification,
            "allowDecimal": int(product.allow_decimal),
            "stockControl": 1,
            "printDetailPack": 0,
            "state": 0,
            **({"pack_details": parts} if product.classification == PACK else {}),
        }

    def variant(self, variant: Variant) -> dict[str, Json]:
        """Return a variant."""
        own = f"variants/{variant.id}"
        return {
            **self._own("variants", variant.id),
            "description": variant.description,
            "unlimitedStock": int(variant.unlimited_stock),
            "allowNegativeStock": int(variant.allow_negative_stock),
            "state": variant.state,
            "barCode": variant.bar_code,
            "code": variant.code,
            "serialNumber": int(variant.serial_number),
            "product": self.reference("products", variant.product),
            "attribute_values": {"href": self.href(f"{own}/attribute_values")},
            "costs": {"href": self.href(f"{own}/costs")},
        }

    def stock(self, office: int, variant: int, stock: Stock) -> dict[str, Json]:
        """Return the stock of a variant in an office, as a list tells it: without its id."""
        return {
            "quantity": stock.quantity,
            "quantityReserved": stock.reserved,
            "quantityAvailable": stock.available,
            "variant": self.reference("variants", variant),
            "office": self.reference("offices", office),
        }

    def single_stock(self, office: int, variant: int, stock: Stock) -> dict[str, Json]:
        """Return one stock as it is told alone: with its id."""
        return {**self._own("stocks", stock.id), **self.stock(office, variant, stock)}

    def document(self, kind: Kind, document: Document) -> dict[str, Json]:
        """Return a reception or a consumption as it is read."""
        own = f"stocks/{kind}"
        special = self._reception(document) if kind == RECEPTION else self._consumption(document)
        return {
            **self._own(own, document.id),
            **special,
            "office": self.reference("offices", document.office),
            "user": self.reference("users", document.user),
            "details": {"href": self.href(f"{own}/{document.id}/details")},
        }

    def _reception(self, document: Document) -> dict[str, Json]:
        return {
            "admissionDate": document.midnight,
            "document": document.document,
            "documentNumber": document.document_number,
            "note": document.note,
            "imagestionCctId": 0,
            "imagestionCcDescription": "",
            "internalDispatchId": 0,
            "updateStock": document.update_stock,
        }

    def _consumption(self, document: Document) -> dict[str, Json]:
        return {
            "consumptionDate": document.midnight,
            "note": document.note,
            "imagestionCcdescription": "",
            "imagestionCenterCostId": 0,
            "updateStock": document.update_stock,
            "consumptionTypeId": document.consumption_type,
        }

    def written(self, kind: Kind, document: Document, note: str) -> dict[str, Json]:
        """Return the answer to a POST or PUT: fewer fields than a read, a number of digits as a number."""
        own = f"stocks/{kind}"
        shared = {
            **self._own(own, document.id),
            "office": self.reference("offices", document.office),
            "note": note,
            "details": {"href": self.href(f"{own}/{document.id}/details")},
        }
        if kind == CONSUMPTION:
            date = {"consumptionDate": document.midnight + _CHILE}
            return {**shared, **date, "imagestionCenterCostId": None, "imagestionCcdescription": None}
        number = document.document_number
        return {
            **shared,
            "admissionDate": document.midnight + _CHILE,
            "imagestionCcDescription": None,
            "document": document.document,
            "documentNumber": int(number) if number else "",
            "imagestionCctId": 0,
            "internalDispatchId": 0,
        }

    def detail(self, kind: Kind, document: int, detail: Detail) -> dict[str, Json]:
        """Return a line; the page's address of its variant lacks an s."""
        serial = {"serialNumber": detail.serial_number} if kind == RECEPTION else {}
        return {
            **self._own(f"stocks/{kind}/{document}/details", detail.id),
            "quantity": detail.quantity,
            "cost": detail.cost,
            "variantStock": detail.variant_stock,
            **serial,
            "variant": self.reference("variant", detail.variant),
        }

    def consumption_type(self, one: ConsumptionType) -> dict[str, Json]:
        """Return a type of consumption: other names than anywhere else."""
        return {"cntId": one.id, "cntI18nName": one.name, "cntActive": int(one.active), "cntCode": one.code}

    def expanded(self, node: Mapping[str, Json], wanted: Sequence[str], kind: Kind | None = None) -> dict[str, Json]:
        """Return a node with the nodes in `wanted` in full; of details only the first 25, and nothing says so."""
        whole = dict(node)
        for name in wanted:
            whole[name] = self._details(kind, node) if kind and name == "details" else self._full(name, node[name])
        return whole

    def _full(self, name: str, node: Mapping[str, Json]) -> dict[str, Json]:
        number = int(node["id"])
        match name:
            case "office":
                return self.office(self.account.offices[number])
            case "user":
                return self.user(number)
            case "product":
                return self.product(self.account.products[number])
        return self.variant(self.account.variants[number])

    def _details(self, kind: Kind, node: Mapping[str, Json]) -> dict[str, Json]:
        details = self.account.documents[kind][node["id"]].details
        told = [self.detail(kind, node["id"], one) for one in details[:DEFAULT_LIMIT]]
        return {**node["details"], "count": len(details), "limit": DEFAULT_LIMIT, "offset": 0, "items": told}


def pack_stock(account: Account, office: int, product: Product) -> Stock:
    """Return the stock of a pack: of whole packs, nothing reserved (page, tip on packs)."""
    return Stock(0, account.pack_quantity(office, product), Decimal(0))
