"""A stock-take: the sheet says how many units there are, and the difference goes out as receptions and consumptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from etl.messages import Text, text
from etl.model import Answer, Doubt, Effect, Finding, Json, Reading, Request, Row, Sighting, Value
from etl.vendors.answers import number_of
from etl.vendors.base import Column, Conversation, Survey, Wishes
from etl.vendors.bsale import columns
from etl.vendors.bsale.catalogue import Variant
from etl.vendors.bsale.columns import IDENTIFIERS
from etl.vendors.bsale.payload import CONSUMPTIONS, RECEPTIONS, consumption_payload, new_document, reception_payload
from etl.vendors.bsale.reconcile import find_document, high_water, line_data, read_lines
from etl.vendors.bsale.response import read_document
from etl.vendors.bsale.stock import Place, Stock, read_stocks
from etl.vendors.bsale.survey import (
    Surveyed,
    check_types,
    check_variants,
    digits,
    first_identifier,
    fit_amount,
    not_understood,
    resolve_offices,
)

COMING, GOING = "reception", "consumption"
"""`movement`: what makes the stock what was counted."""
NOW, AVAILABLE, DIFFERENCE = "stock_bsale", "disponible_bsale", "diferencia"
"""What is shown beside each row: Bsale's `quantity` and `quantityAvailable`, and the count less the quantity."""
DERIVED = ("movement", NOW, AVAILABLE, DIFFERENCE)
_NOTE = "Inventario"
"""The note of a count that has none, as Bsale's own adjustments have it (page, samples)."""
HEAD = ("movement", "officeId", "consumptionTypeId", "note")
KEY = ("officeId", *IDENTIFIERS)
KEYS = tuple(("officeId", name) for name in IDENTIFIERS)

INVENTORY_COLUMNS: tuple[Column, ...] = (
    columns.OFFICE,
    replace(
        columns.QUANTITY,
        label="Stock",
        minimum=None,
        above_minimum=False,
        help=text("How many units there are: what was counted. The difference to Bsale's stock is sent."),
        source="Stocks, Atributos: quantity",
        aliases=(
            "Stock actual",
            "Stock real",
            "Stock físico",
            "Conteo",
            "Contado",
            "Contadas",
            "Existencia",
            "Existencias",
            "Cantidad",
            "Cant.",
            "Unidades",
        ),
    ),
    columns.CODE,
    columns.BAR_CODE,
    columns.VARIANT,
    replace(columns.NOTE, example="Inventario de marzo"),
    replace(columns.COST, help=text("The net cost of a unit, for units that were missing in Bsale.")),
    columns.CONSUMPTION_TYPE,
)


def inventory_payload(values: Mapping[str, Value]) -> dict[str, Json]:
    """Return the line that a row becomes, and the stock that it was compared with; blank fields leave no key."""
    line = consumption_payload(values) if values.get("movement") == GOING else reception_payload(values)
    return {**line, NOW: values[NOW]} if NOW in values else line


def inventory_effect(group: str) -> Effect:
    """Page, POST of receptions and consumptions: each of them moves the stock again."""
    if group.count("\t") < len(HEAD) - 1:
        raise KeyError(group)
    return Effect.DELTA


def inventory_request(group: str, payloads: Sequence[Mapping[str, Json]]) -> Request:
    """Return the request that moves these differences."""
    return new_document(_resource(group), payloads)


def read_inventory(group: str, payloads: Sequence[Mapping[str, Json]], answer: Answer) -> Reading:
    """Return what an answer to such a document says."""
    return read_document(_resource(group), payloads, answer)


def mark_inventory(group: str, payloads: Sequence[Mapping[str, Json]]) -> Conversation[Json]:
    """Note how far the office's documents go before the first attempt."""
    return (yield from high_water(_resource(group), payloads))


def look_up_inventory(doubt: Doubt) -> Conversation[tuple[Sighting, ...]]:
    """Look for the document that carries our mark."""
    return (yield from find_document(_resource(doubt.group), doubt))


def inventory_details(
    group: str, payloads: Sequence[Mapping[str, Json]], record: str
) -> Conversation[Mapping[int, Mapping[str, Json]]]:
    """Read each line's stock after the document."""
    return line_data(payloads, (yield from read_lines(_resource(group), record)) or ())


def survey_inventory(rows: Sequence[Row], wishes: Wishes) -> Conversation[Survey]:
    """Compare what was counted with Bsale's `quantity`, which counts reserved units too, and plan the difference."""
    found = Surveyed.of(rows)
    yield from resolve_offices(found)
    yield from check_types(found)
    yield from check_variants(found, wishes, _fit)
    if found.unread is not None:
        return found.survey()
    _refuse_two_counts(found)
    places = {row.number: _place(found, row) for row in found.rows.values()}
    stocks = (yield from read_stocks(set(places.values()))) if places else {}
    if stocks is None:
        found.unread = not_understood(text("stock"))
    else:
        for row in list(found.rows.values()):
            _compare(found, row, stocks.get(places[row.number], Stock(Decimal(0), Decimal(0))))
    return found.survey()


def recheck_inventory(
    group: str,  # noqa: ARG001 - both kinds of movement depend on the stock in one way
    payloads: Sequence[Mapping[str, Json]],
    settings: Mapping[str, Json],
) -> Conversation[Mapping[int, Text] | None]:
    """Read the stock again just before it is moved: lines whose stock changed by more than `stock_moved` stay out."""
    allowed = Decimal(settings.get("stock_moved", 0))
    places = [(str(line["officeId"]), str(line["variantId"])) for line in payloads]
    stocks = yield from read_stocks(set(places))
    if stocks is None:
        return None
    moved: dict[int, Text] = {}
    for at, (line, place) in enumerate(zip(payloads, places, strict=True)):
        before = Decimal(number_of(line.get(NOW)) or 0)
        now = stocks[place].quantity if place in stocks else Decimal(0)
        if abs(now - before) > allowed:
            moved[at] = text(
                "Not sent: Bsale had {before} units when the count was compared, and has {now} now. Count it again.",
                before=digits(before),
                now=digits(now),
            )
    return moved


def _resource(group: str) -> str:
    return CONSUMPTIONS if group.partition("\t")[0] == GOING else RECEPTIONS


def _place(found: Surveyed, row: Row) -> Place:
    return str(row.values["officeId"]), found.variants[row.number].id


def _fit(row: Row, variant: Variant) -> Sequence[tuple[str, Finding]]:
    """Return what keeps a variant from being counted in a sheet."""
    findings = list(fit_amount(row, variant))
    if variant.serial:
        message = text("{code} has serial numbers: a count does not tell which units are missing", code=variant.code)
        hint = text("Correct it with a reception or a consumption that names each serial number")
        findings.append((first_identifier(row), Finding("not_allowed", message, hint)))
    if variant.unlimited:
        message = text("Bsale counts no stock of {code}", code=variant.code)
        findings.append((first_identifier(row), Finding("not_allowed", message, text("Leave the row out"))))
    return findings


def _refuse_two_counts(found: Surveyed) -> None:
    """Refuse two counts of one variant in one office, whichever identifiers name it."""
    by_place: dict[Place, list[Row]] = {}
    for row in found.rows.values():
        by_place.setdefault(_place(found, row), []).append(row)
    for rows in by_place.values():
        numbers = ", ".join(str(row.number) for row in rows)
        for row in rows if len(rows) > 1 else ():
            finding = Finding(
                "duplicate_key",
                text("The same variant is counted in several rows: {rows}", rows=numbers),
                text("Leave only one of them"),
            )
            found.note(row.number, first_identifier(row), finding)


def _compare(found: Surveyed, row: Row, stock: Stock) -> None:
    counted = Decimal(str(row.values["quantity"]))
    difference = counted - stock.quantity
    shown: dict[str, Value] = {NOW: stock.quantity, AVAILABLE: stock.available, DIFFERENCE: difference}
    found.derived[row.number] = shown
    if difference == 0:
        del found.rows[row.number]
        found.unchanged[row.number] = text(
            "Bsale has {units} units of it, as counted ({available} available)",
            units=digits(stock.quantity),
            available=digits(stock.available),
        )
    elif (problem := _problem(found.variants[row.number], counted, difference, stock)) is not None:
        found.note(row.number, "quantity", problem)
    else:
        found.rows[row.number] = _moved(row, found.variants[row.number], difference, stock)
        found.told[row.number] = text(
            "Counted {counted}, Bsale has {units} ({available} available): {difference}",
            counted=digits(counted),
            units=digits(stock.quantity),
            available=digits(stock.available),
            difference=f"{'+' if difference > 0 else ''}{digits(difference)}",
        )


def _problem(variant: Variant, counted: Decimal, difference: Decimal, stock: Stock) -> Finding | None:
    if counted < 0:
        return Finding(
            "out_of_range",
            text("{counted} is less than 0: nobody can count that", counted=digits(counted)),
            text("Write how many units there are"),
        )
    if difference < 0 and not variant.negative and -difference > stock.available:
        return Finding(
            "not_enough_stock",
            text(
                "{missing} units are missing, and only {available} of the {units} that Bsale has are available: "
                "the rest is reserved",
                missing=digits(-difference),
                available=digits(stock.available),
                units=digits(stock.quantity),
            ),
            text("Dispatch or release what is reserved, and count again"),
        )
    return None


def _moved(row: Row, variant: Variant, difference: Decimal, stock: Stock) -> Row:
    """Return the row as the movement that makes the stock what was counted."""
    dropped = {*IDENTIFIERS, "consumptionTypeId" if difference > 0 else "cost"}
    kept = {name: value for name, value in row.values.items() if name not in dropped}
    own: dict[str, Value] = {
        "note": row.values.get("note", _NOTE),
        "movement": COMING if difference > 0 else GOING,
        "variantId": Decimal(variant.id),
        "quantity": abs(difference),
        NOW: stock.quantity,
    }
    return Row(row.number, {**kept, **own})
