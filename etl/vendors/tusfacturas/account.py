"""Reads what TusFacturas says is left of an account's plan (facts 1.1: ``micuenta/consumo``)."""

from __future__ import annotations

from etl.model import Answer, Request
from etl.vendors.answers import json_object, number_of
from etl.vendors.base import Allowance
from etl.vendors.tusfacturas.response import refuses

CONSUMPTION = Request("POST", "micuenta/consumo", b"{}")
"""A request too: it counts against the plan (facts 1.9)."""


def read_allowance(answer: Answer) -> Allowance | None:
    """Return the plan's documents, in all and left: requests have the same allowance (facts 1.9). None if not told."""
    told = json_object(answer.body)
    if answer.status != 200 or refuses(told):
        return None
    total, left = number_of(told.get("comprobantes_cupo")), number_of(told.get("comprobantes_disponibles"))
    if not isinstance(total, int) or not isinstance(left, int):
        return None
    return Allowance(total=total, left=left)
