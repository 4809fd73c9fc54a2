"""Bsale (Chile): receptions and consumptions of stock. What it is, assembled from its columns, payloads and answers."""

from __future__ import annotations

from collections.abc import Mapping

from etl.messages import text
from etl.model import Effect, Request
from etl.vendors.base import Derivation, Destination, Exchange, Pace, Setting, Signed, Vendor
from etl.vendors.bsale import inventory
from etl.vendors.bsale.columns import CONSUMPTION_COLUMNS, IDENTIFIERS, RECEPTION_COLUMNS
from etl.vendors.bsale.inventory import INVENTORY_COLUMNS
from etl.vendors.bsale.listings import LISTINGS
from etl.vendors.bsale.payload import (
    consumption_payload,
    consumption_request,
    marked,
    reception_of,
    reception_payload,
    reception_request,
)
from etl.vendors.bsale.reconcile import (
    consumption_details,
    look_up_consumption,
    look_up_reception,
    mark_consumptions,
    mark_receptions,
    reception_details,
)
from etl.vendors.bsale.response import denies, read_consumption, read_reception, seconds_to_wait
from etl.vendors.bsale.rules import DOCUMENT_RULES, NOTE_RULE, cut_note
from etl.vendors.bsale.survey import survey_consumptions, survey_receptions
from etl.vendors.bsale.undo import undo_consumption, undo_reception

BATCH_LIMIT = 100
"""Lines of a document. The vendor states no limit (facts 2.4): ours is a setting."""

RECEPTION_HEAD = ("receptionId", "officeId", "document", "documentNumber", "note")
CONSUMPTION_HEAD = ("officeId", "documentNumber", "consumptionTypeId", "note")
"""What the rows of a document have in common; the longest comes last."""

SETTINGS = (
    Setting(
        name="document_lines",
        default=BATCH_LIMIT,
        minimum=1,
        help=text("Lines of a document; one with more is sent in parts."),
    ),
    Setting(
        name="read_variants",
        default=True,
        help=text("Whether variants, serial numbers and stock are looked at before anything is sent."),
    ),
    Setting(
        name="stock_moved",
        default=0,
        help=text("Units by which stock may have moved between the comparison of a count and its sending."),
    ),
    Setting(
        name="rate_limit", default=3000, minimum=1, help=text("Requests that the account may make in rate_seconds.")
    ),
    Setting(name="rate_seconds", default=300, minimum=1, help=text("The time that rate_limit is counted in.")),
)


def sign(request: Request, secrets: Mapping[str, str]) -> Signed:
    """Put the token into the header `access_token` (facts 2.1)."""
    headers = {"access_token": secrets["access_token"]}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    return Signed(body=request.body, headers=headers)


def _reception_effect(group: str) -> Effect:
    """Page, POST: each call makes a new reception and adds. Page, PUT: a reception's lines are replaced by its id."""
    if group.count("\t") < len(RECEPTION_HEAD) - 1:
        raise KeyError(group)
    return Effect.DELTA if reception_of(group) is None else Effect.SET


def _consumption_effect(group: str) -> Effect:
    """Page, POST: each call makes a new consumption and subtracts; none can be changed afterwards (facts 2.8)."""
    if group.count("\t") < len(CONSUMPTION_HEAD) - 1:
        raise KeyError(group)
    return Effect.DELTA


RECEPTIONS = Destination(
    name="bsale.recepciones",
    title=text("Bsale: receptions of stock"),
    columns=RECEPTION_COLUMNS,
    key=(),
    known_by=("receptionId", "officeId", "document", "documentNumber", *IDENTIFIERS, "serialNumber"),
    amount="quantity",
    identifiers=IDENTIFIERS,
    group_fields=RECEPTION_HEAD,
    effect=_reception_effect,
    kinds=(("POST", "\t1\tGuía\t123\t"), ("PUT", "831\t1\tGuía\t123\t")),
    documents=True,
    # A second PUT would replace the lines of the first.
    corrects="receptionId",
    indivisible=lambda group: reception_of(group) is not None,
    batch_limit=BATCH_LIMIT,
    limit_setting="document_lines",
    payload=reception_payload,
    submit=Exchange(build=reception_request, read=read_reception),
    mark=marked,
    baseline=mark_receptions,
    keeps_baseline=True,
    reads_per_batch=3,
    details=reception_details,
    look_up=look_up_reception,
    survey=survey_receptions,
    # Page, PUT: only a reception that is replaced by its id has a last value; new ones add, whatever was sent before.
    remembered=text("What was changed at Bsale itself since is not seen."),
    undo=undo_reception,
    undone_by="bsale.consumos",
    rules=DOCUMENT_RULES,
    derivation=Derivation(of=("note",), make=cut_note),
    derived_fields=("note",),
    most_uncertain=3,
)

CONSUMPTIONS = Destination(
    name="bsale.consumos",
    title=text("Bsale: consumptions of stock"),
    columns=CONSUMPTION_COLUMNS,
    key=(),
    known_by=("officeId", "documentNumber", *IDENTIFIERS, "serialNumber"),
    amount="quantity",
    identifiers=IDENTIFIERS,
    group_fields=CONSUMPTION_HEAD,
    effect=_consumption_effect,
    kinds=(("POST", "1\t\t\t"),),
    documents=True,
    batch_limit=BATCH_LIMIT,
    limit_setting="document_lines",
    payload=consumption_payload,
    submit=Exchange(build=consumption_request, read=read_consumption),
    mark=marked,
    baseline=mark_consumptions,
    keeps_baseline=True,
    reads_per_batch=3,
    details=consumption_details,
    look_up=look_up_consumption,
    survey=survey_consumptions,
    undo=undo_consumption,
    undone_by="bsale.recepciones",
    rules=DOCUMENT_RULES,
    derivation=Derivation(of=("note",), make=cut_note),
    derived_fields=("note",),
    most_uncertain=3,
)

INVENTORY = Destination(
    name="bsale.inventario",
    title=text("Bsale: a stock-take, which sends the difference"),
    columns=INVENTORY_COLUMNS,
    key=inventory.KEY,
    alternative_keys=inventory.KEYS,
    group_fields=inventory.HEAD,
    effect=inventory.inventory_effect,
    kinds=(("POST", "reception\t1\t\t"), ("POST consumo", "consumption\t1\t\t")),
    batch_limit=BATCH_LIMIT,
    limit_setting="document_lines",
    identifiers=IDENTIFIERS,
    payload=inventory.inventory_payload,
    submit=Exchange(build=inventory.inventory_request, read=inventory.read_inventory),
    mark=marked,
    baseline=inventory.mark_inventory,
    keeps_baseline=True,
    reads_per_batch=4,
    details=inventory.inventory_details,
    look_up=inventory.look_up_inventory,
    survey=inventory.survey_inventory,
    surveys_rehearsals=True,
    recheck=inventory.recheck_inventory,
    bisects=True,
    rules=(NOTE_RULE,),
    derivation=Derivation(of=("note",), make=cut_note),
    derived_fields=(*inventory.DERIVED, "note"),
    most_uncertain=3,
)

BSALE = Vendor(
    name="bsale",
    title="Bsale",
    address="https://api.bsale.io/v1/",
    secrets=("access_token",),
    sign=sign,
    destinations=(RECEPTIONS, CONSUMPTIONS, INVENTORY),
    listings=LISTINGS,
    settings=SETTINGS,
    pace=Pace(requests="rate_limit", seconds="rate_seconds"),
    retry_hint=seconds_to_wait,
    denies=denies,
    ping=Request("GET", "offices.json", query=(("limit", "1"),)),
)
