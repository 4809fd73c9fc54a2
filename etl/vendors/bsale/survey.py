"""Looks at offices, variants, types and stock before a document is planned: one bad line refuses all of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from etl.messages import Text, text
from etl.model import Answer, Finding, Json, Request, Row, Severity, Value
from etl.vendors.answers import number_of
from etl.vendors.base import Conversation, Survey, Wishes
from etl.vendors.bsale.catalogue import ACTIVE, PACK, SERVICE, Catalogue, Variant, read_catalogue
from etl.vendors.bsale.columns import IDENTIFIERS
from etl.vendors.bsale.lists import rest_of_list
from etl.vendors.bsale.response import record_id
from etl.vendors.bsale.stock import Stocks, read_stocks

Remark = tuple[int, str, Finding]
_LISTED = 6


@dataclass(slots=True)
class Surveyed:
    """The rows while they are looked at, by number; those with an error drop out."""

    rows: dict[int, Row]
    remarks: list[Remark] = field(default_factory=list)
    variants: dict[int, Variant] = field(default_factory=dict)
    """By row number."""
    unchanged: dict[int, Text] = field(default_factory=dict)
    unread: Text | None = None
    """Why nothing of it may be sent: an answer that cannot be understood."""
    told: dict[int, Text] = field(default_factory=dict)
    derived: dict[int, Mapping[str, Value]] = field(default_factory=dict)

    def note(self, row: int, name: str, finding: Finding) -> None:
        """Remark on a row; an error takes it out of what is sent."""
        self.remarks.append((row, name, finding))
        if finding.is_error:
            self.rows.pop(row, None)

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Surveyed:
        """Return the rows as they are before anything was looked at."""
        return cls({row.number: row for row in rows})

    def survey(self) -> Survey:
        """Return what was made of the rows."""
        return Survey(
            rows=tuple(self.rows.values()),
            findings=tuple(self.remarks),
            unchanged=self.unchanged,
            unread=self.unread,
            told=self.told,
            derived=self.derived,
        )


def survey_receptions(rows: Sequence[Row], wishes: Wishes) -> Conversation[Survey]:
    """Complete and check the rows of receptions; a correction's lines are sent by variantId (page, PUT)."""
    found = Surveyed.of(rows)
    yield from resolve_offices(found)
    if wishes.settings.get("read_variants", True):
        yield from check_variants(found, wishes)
    for row in list(found.rows.values()):
        found.rows[row.number] = _by_variant(row, found.variants.get(row.number))
        if "receptionId" in row.values and "variantId" not in found.rows[row.number].values:
            found.note(row.number, "variantId", _needs_variant())
    return found.survey()


def survey_consumptions(rows: Sequence[Row], wishes: Wishes) -> Conversation[Survey]:
    """Complete and check the rows of consumptions: their types, and whether there is stock enough."""
    found = Surveyed.of(rows)
    yield from resolve_offices(found)
    yield from check_types(found)
    if wishes.settings.get("read_variants", True):
        yield from check_variants(found, wishes)
        yield from _check_stock(found)
    return found.survey()


# --- offices -------------------------------------------------------------------------------------------------------


def resolve_offices(found: Surveyed) -> Generator[Request, Answer, None]:
    """Put the office's number in place of its name, where a row has a name; offices not in use are errors."""
    named = [row for row in found.rows.values() if not _is_number(row.values["officeId"])]
    if not named:
        return
    records = yield from rest_of_list("offices.json")
    if records is None:
        found.unread = not_understood(text("offices"))
        return
    by_name: dict[str, list[str]] = {}
    for record in records:
        number = record_id(record.get("id"))
        if number is not None and number_of(record.get("state", ACTIVE)) == ACTIVE:
            by_name.setdefault(_folded(record.get("name")), []).append(number)
    for row in named:
        numbers = by_name.get(_folded(row.values["officeId"]), [])
        if len(numbers) != 1:
            known = ", ".join(str(record.get("name")) for record in records[:_LISTED])
            found.note(row.number, "officeId", _no_office(str(row.values["officeId"]), len(numbers), known))
        else:
            found.rows[row.number] = Row(row.number, {**row.values, "officeId": numbers[0]})


def _no_office(name: str, count: int, known: str) -> Finding:
    if count:
        return Finding(
            "ambiguous_code",
            text("{count} offices in use are called “{name}”", count=count, name=name),
            text("Write the number of the one that is meant"),
        )
    return Finding(
        "not_allowed",
        text("The account has no office in use called “{name}”", name=name),
        text("Write its number, or its name as Bsale has it: {known}", known=known),
    )


# --- variants ------------------------------------------------------------------------------------------------------


def check_variants(
    found: Surveyed, wishes: Wishes, fit: Callable[[Row, Variant], Iterable[tuple[str, Finding]]] | None = None
) -> Generator[Request, Answer, None]:
    """Find the one variant in use that each row means, and check with `fit` that the row may move it."""
    catalogue = yield from read_catalogue(list(found.rows.values()), wishes.numeric)
    if catalogue is None:
        found.unread = not_understood(text("variants"))
        return
    for row in list(found.rows.values()):
        variant = _meant(row, catalogue, wishes, found)
        if variant is None:
            continue
        found.variants[row.number] = variant
        for name, finding in (fit or _fit)(row, variant):
            found.note(row.number, name, finding)


def _meant(row: Row, catalogue: Catalogue, wishes: Wishes, found: Surveyed) -> Variant | None:
    """Return the variant that all identifiers of a row name; None with an error."""
    given = [name for name in IDENTIFIERS if name in row.values]
    candidates: list[Variant] | None = None
    for name in given:
        value = str(row.values[name])
        matches = list(catalogue.find(name, value))
        alike = catalogue.but_for_zeros(name, value) if (row.number, name) in wishes.numeric else []
        if alike:
            found.note(row.number, name, _zeros(value, alike, known=bool(matches)))
            return None
        if not matches:
            found.note(row.number, name, _unknown(name, value))
            return None
        candidates = matches if candidates is None else [one for one in candidates if one in matches]
    if not candidates:
        found.note(row.number, given[-1], _contradiction(given))
        return None
    sent = wishes.key if wishes.key in given else given[0]
    several = catalogue.find(sent, str(row.values[sent]))
    if len(candidates) > 1 or (len(several) > 1 and "receptionId" not in row.values):
        found.note(row.number, sent, _several(sent, str(row.values[sent]), several))
        return None
    return candidates[0]


def _fit(row: Row, variant: Variant) -> Iterable[tuple[str, Finding]]:
    """Yield what keeps a variant from being moved by this row."""
    yield from fit_amount(row, variant)
    serial, quantity = row.values.get("serialNumber"), row.values.get("quantity")
    if variant.serial and serial is None:
        yield (
            "serialNumber",
            Finding(
                "required",
                text("{code} has serial numbers, and the row names none", code=variant.code),
                text("Write one row for each unit, with its serial number"),
            ),
        )
    if variant.serial and serial is not None and quantity != 1:
        yield (
            "quantity",
            Finding(
                "out_of_range",
                text("A serial number names one unit, and the quantity is {quantity}", quantity=str(quantity)),
                text("Write one row for each unit, with its serial number"),
            ),
        )
    if not variant.serial and serial is not None:
        yield (
            "serialNumber",
            Finding(
                "ignored_value",
                text("{code} has no serial numbers in Bsale", code=variant.code),
                severity=Severity.WARNING,
            ),
        )


def fit_amount(row: Row, variant: Variant) -> Iterable[tuple[str, Finding]]:
    """Yield an error for a variant without stock of its own, and for parts of what is counted in whole units."""
    quantity = row.values.get("quantity")
    if variant.classification in {PACK, SERVICE}:
        yield first_identifier(row), _no_stock_of_its_own(variant)
    if not variant.decimals and isinstance(quantity, Decimal) and quantity % 1:
        yield (
            "quantity",
            Finding(
                "not_an_integer",
                text(
                    "{code} is counted in whole units, and the quantity is {quantity}",
                    code=variant.code,
                    quantity=str(quantity),
                ),
                text("Write a whole number, or allow decimals in the product"),
            ),
        )


def _by_variant(row: Row, variant: Variant | None) -> Row:
    if variant is None or "receptionId" not in row.values:
        return row
    kept = {name: value for name, value in row.values.items() if name not in IDENTIFIERS}
    return Row(row.number, {**kept, "variantId": Decimal(variant.id)})


# --- consumptions --------------------------------------------------------------------------------------------------


def check_types(found: Surveyed) -> Generator[Request, Answer, None]:
    """Check the types of consumption against those that the account has."""
    asked = [row for row in found.rows.values() if "consumptionTypeId" in row.values]
    if not asked:
        return
    records = yield from rest_of_list("stock_consumption_types.json")
    if records is None:
        found.unread = not_understood(text("types of consumption"))
        return
    names = {
        str(record_id(record.get("cntId"))): str(record.get("cntI18nName"))
        for record in records
        if number_of(record.get("cntActive")) == 1
    }
    for row in asked:
        if str(row.values["consumptionTypeId"]) not in names:
            known = ", ".join(f"{number} ({name.rpartition('.')[2]})" for number, name in names.items())
            found.note(
                row.number,
                "consumptionTypeId",
                Finding(
                    "not_allowed",
                    text("The account has no type of consumption {value}", value=str(row.values["consumptionTypeId"])),
                    text("Write one of these: {allowed}", allowed=known),
                ),
            )


def _check_stock(found: Surveyed) -> Generator[Request, Answer, None]:
    """Take the rows' units from the stock in the sheet's order; the rows that find too little are errors."""
    counted = [row for row in found.rows.values() if _is_limited(found, row)]
    wanted = {(str(row.values["officeId"]), found.variants[row.number].id) for row in counted}
    stocks: Stocks | None = (yield from read_stocks(wanted)) if wanted else {}
    if stocks is None:
        found.unread = not_understood(text("stock"))
        return
    left: dict[tuple[str, str], Decimal] = {}
    for row in counted:
        variant = found.variants[row.number]
        place = (str(row.values["officeId"]), variant.id)
        there = stocks[place].available if place in stocks else Decimal(0)
        units = row.values["quantity"]
        remaining = left.get(place, there) - (units if isinstance(units, Decimal) else Decimal(str(units)))
        if remaining < 0:
            found.note(row.number, "quantity", _too_little(variant, units, left.get(place, there), there))
        else:
            left[place] = remaining


def _is_limited(found: Surveyed, row: Row) -> bool:
    variant = found.variants.get(row.number)
    return variant is not None and not (variant.negative or variant.unlimited)


def _too_little(variant: Variant, units: Value, left: Decimal, there: Decimal) -> Finding:
    hint = text("Correct the quantity, or allow negative stock of it in Bsale")
    if left == there:
        message = text(
            "The office has {there} units of {code} available, and the row takes {units}",
            there=digits(there),
            code=variant.code,
            units=str(units),
        )
    else:
        message = text(
            "The office has {there} units of {code}, the rows before leave {left} of them, and this one takes {units}",
            there=digits(there),
            code=variant.code,
            left=digits(left),
            units=str(units),
        )
    return Finding("not_enough_stock", message, hint)


# --- findings ------------------------------------------------------------------------------------------------------


def not_understood(what: Text) -> Text:
    """Return why nothing may be sent: an answer about offices, variants, types or stock is no list of Bsale's."""
    return text("Bsale's answer about {what} was not understood", what=what)


def _unknown(name: str, value: str) -> Finding:
    return Finding(
        "not_found",
        text("No variant in use has the {field} “{value}”", field=name, value=value),
        text("Correct it, or create or activate the variant in Bsale"),
    )


def _zeros(value: str, alike: Sequence[str], *, known: bool) -> Finding:
    others = ", ".join(alike[:_LISTED])
    message = (
        text(
            "The cell holds the number {value}, and there is {others} too: zeros may be gone",
            value=value,
            others=others,
        )
        if known
        else text("The cell holds the number {value}; there is {others}: zeros may be gone", value=value, others=others)
    )
    return Finding("ambiguous_code", message, text("Type the code as text, with its zeros if it has any"))


def _several(name: str, value: str, several: Sequence[Variant]) -> Finding:
    numbers = ", ".join(one.id for one in several[:_LISTED])
    return Finding(
        "ambiguous_code",
        text(
            "{count} variants in use have the {field} “{value}”: {numbers}",
            count=len(several),
            field=name,
            value=value,
            numbers=numbers,
        ),
        text("Name the one that is meant by its variantId, or send another field with --key"),
    )


def _contradiction(given: Sequence[str]) -> Finding:
    return Finding(
        "conflicting_values",
        text("{fields} do not name the same variant", fields=", ".join(given)),
        text("Correct one of them, or leave it blank"),
    )


def _no_stock_of_its_own(variant: Variant) -> Finding:
    message: Text = (
        text("{code} is a pack: its stock is that of its parts", code=variant.code)
        if variant.classification == PACK
        else text("{code} is a service: no stock of it is kept", code=variant.code)
    )
    return Finding("not_allowed", message, text("Leave the row out"))


def _needs_variant() -> Finding:
    return Finding(
        "required",
        text("The lines of a reception that is corrected are named by variantId"),
        text("Write the variantId, or let the variants be read (read_variants in the profile)"),
    )


def first_identifier(row: Row) -> str:
    """Return the field of the first identifier that a row has."""
    return next((name for name in IDENTIFIERS if name in row.values), IDENTIFIERS[0])


def _is_number(value: Value) -> bool:
    return str(value).isascii() and str(value).isdigit()


def _folded(name: Json) -> str:
    return " ".join(str(name).casefold().split())


def digits(number: Decimal) -> str:
    """Return a number as people write it."""
    return format(number.normalize(), "f")
