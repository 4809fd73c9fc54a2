"""Decides, from what TusFacturas has, which products are added, modified or left alone, and what their rows keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import compress

from etl.core.changes import ERASED, changes_of
from etl.core.row_values import among, counted, numbers_of, partly_blank, values_of
from etl.messages import Text, ntext, text
from etl.model import Finding, Json, Row, Value
from etl.vendors.answers import is_number, number_of, shown
from etl.vendors.base import Catalogue, Conversation, Kind, Survey, Wishes
from etl.vendors.bodies import exact
from etl.vendors.tusfacturas.columns import PRODUCT_COLUMNS, derive_product
from etl.vendors.tusfacturas.payload import KEY, PRODUCT_FIELDS, product_payload
from etl.vendors.tusfacturas.reading import Look, Looks, Product, look_at_all, most_requests
from etl.vendors.tusfacturas.response import Key, key_of, same_product_value
from etl.vendors.tusfacturas.rules import PRODUCT_RULES

_COLUMNS = {column.name: column for column in PRODUCT_COLUMNS}
_KEPT = tuple(name for name in PRODUCT_FIELDS if name not in {*KEY, "stock_actual"})
"""What a modification sets. The stock is only used to add a product (vendor page, hints): it is never sent back."""
_REQUIRED = tuple(column.name for column in PRODUCT_COLUMNS if column.required)
_NUMBERS = frozenset({"precio_unitario_sin_iva", "alicuota", "impuestos_internos_alicuota", "stock_minimo"})
_PRICES = ("precio_unitario_sin_iva", "precio_con_iva")


def survey_products(rows: Sequence[Row], wishes: Wishes) -> Conversation[Survey]:
    """Read the products whose rows need it, and return what is to be sent of each row.

    Operacion U becomes A or M. A blank field of M keeps what the vendor has, sent back as it was read; rows of U that
    equal it are unchanged, those of A and M only with `Wishes.only_changed`. Rows of A, and whole rows of M, are
    otherwise not asked about.
    """
    read = set(numbers_of(rows) if wishes.only_changed else compress(numbers_of(rows), _must_be_read(rows)))
    asked = list(among(rows, read))
    looks = (yield from look_at_all([key_of(row.values) for row in asked])) if asked else Looks()
    if not looks.understood:
        return Survey(rows=(), unread=_not_understood(looks))
    told = _Told(looks, wishes)
    for row in rows:
        told.judge(row, looks.of(key_of(row.values)) if row.number in read else None)
    return Survey(
        rows=tuple(told.rows),
        findings=tuple(told.findings),
        unchanged=told.unchanged,
        before=told.before,
        catalogue=_catalogue(looks),
    )


def preview_products(rows: Sequence[Row]) -> Sequence[Text]:
    """Return what a survey of these rows would read and complete."""
    partly = partly_blank(rows, _KEPT)
    asked = list(compress(values_of(rows, partly, ERASED), _must_be_read(rows)))
    if not asked:
        return ()
    kept = [name for at, name in enumerate(partly) if any(given[at] is None for given in asked)]
    said = [
        ntext(
            "Before sending, {count} product is read from TusFacturas: with operacion U, or none, it is modified if it "
            "exists and added if it does not.",
            "Before sending, {count} products are read from TusFacturas: with operacion U, or none, those that exist "
            "are modified and the others are added.",
            len(asked),
        )
    ]
    if kept:
        said.append(
            text(
                "What is blank or has no column keeps the value that TusFacturas has; to add a product, the required "
                "ones of these must be given: {fields}.",
                fields=", ".join(kept),
            )
        )
    said.append(text("To see what would change, without sending: etl run FILE --dry-run --read"))
    return said


def most_reads(rows: Sequence[Row]) -> int:
    """Return how many requests a survey of these rows makes at most."""
    keys = set(compress(values_of(rows, KEY), _must_be_read(rows)))
    return most_requests({key_of(dict(zip(KEY, key, strict=True))) for key in keys})


def _must_be_read(rows: Sequence[Row]) -> Iterator[bool]:
    """Say of each row whether its product must be read: to know whether it exists, or what its blank fields are.

    Nothing is said where no row's must be.
    """
    names = partly_blank(rows, _KEPT)
    operations = {operation for (operation,) in counted(rows, ["operacion"])}
    if "U" not in operations and not ("M" in operations and names):
        return iter(())
    return (
        operation == "U" or (operation == "M" and None in given)
        for operation, *given in values_of(rows, ["operacion", *names], ERASED)
    )


@dataclass(slots=True)
class _Told:
    """What was decided so far."""

    looks: Looks
    wishes: Wishes
    rows: list[Row] = field(default_factory=list)
    findings: list[tuple[int, str, Finding]] = field(default_factory=list)
    unchanged: dict[int, Text] = field(default_factory=dict)
    before: dict[int, Mapping[str, Json]] = field(default_factory=dict)
    _spellings: dict[Key, Key] | None = None

    def judge(self, row: Row, look: Look | None) -> None:
        """Decide about a row; `look` is what was read of its product, None when nobody asked."""
        operation = row.values["operacion"]
        if look is not None and look.product is not None:
            self._judge_known(row, look.product)
        elif look is not None and look.several:
            self._refuse(row, _several())
        elif look is not None and not look.missing:
            self._refuse(row, _not_told())
        elif operation == "M" and look is not None:
            self._refuse(row, _nothing_to_modify())
        elif operation == "M":
            self._plan(row, _modified(row, {}, {}))
        elif operation == "U":
            self._judge_new(row)
        else:
            self.rows.append(row)

    def _judge_known(self, row: Row, product: Product) -> None:
        operation = row.values["operacion"]
        if operation == "A":
            completed = replace(row, values=_without_stock(row.values))
        else:
            completed = _modified(row, product, self.wishes.constants)
        leaving = operation == "U" or self.wishes.only_changed
        if leaving and not _lacking(completed) and _is_there(completed, product):
            self.unchanged[row.number] = text("TusFacturas has the same values already: nothing to send.")
            self.before[row.number] = _before(product)
        elif operation == "A":
            self.rows.append(row)
        else:
            if operation == "U" and not _same_stock(row, product):
                self._remark(row, completed)
            self.before[row.number] = _before(product)
            self._plan(row, completed)

    def _judge_new(self, row: Row) -> None:
        similar = self._spelt_otherwise(row)
        if similar is not None:
            self._refuse(row, _similar(similar))
            return
        added = _added(row, self.wishes.constants)
        self._remark(row, added)
        self._plan(row, added)

    def _plan(self, row: Row, completed: Row) -> None:
        """Take a completed row into the plan, unless something is wrong with it now."""
        wrong = [(name, _required(name, completed)) for name in _lacking(completed)]
        wrong += _new_findings(row, completed, errors=True)
        if wrong:
            self.findings += [(row.number, name, finding) for name, finding in wrong]
            self.before.pop(row.number, None)
            return
        values = derive_product(completed.values)
        self.rows.append(completed if values is completed.values else replace(completed, values=values))

    def _remark(self, row: Row, completed: Row) -> None:
        self.findings += [(row.number, *found) for found in _new_findings(row, completed, errors=False)]

    def _refuse(self, row: Row, finding: Finding) -> None:
        self.findings.append((row.number, KEY[-1], finding))

    def _spelt_otherwise(self, row: Row) -> Key | None:
        """Return a key the vendor has that differs from the row's in capitals, blanks or leading zeros alone."""
        if self._spellings is None:
            self._spellings = {_spelling(key_of(product)): key_of(product) for product in self.looks.listed}
        return self._spellings.get(_spelling(key_of(row.values)))


# --- the values of a row ------------------------------------------------------------------------------------------


def _modified(row: Row, product: Product, constants: Mapping[str, Value]) -> Row:
    """Return the row as a modification: what the vendor has where it says nothing, ``--set`` where neither does.

    What it erases goes as an empty text, any other kind of field is left out (contract section 1).
    """
    values = {**_without_stock(row.values), "operacion": "M"}
    erased = set[str]()
    for name in _KEPT:
        if name in row.erased:
            erases_text = _COLUMNS[name].kind in {Kind.TEXT, Kind.CODE}
            if erases_text:
                values[name] = ""
            else:
                erased.add(name)
        elif name not in values and not (name == _PRICES[0] and _PRICES[1] in values):
            value = _as_read(name, product.get(name))
            value = constants.get(name) if value is None else value
            if value is not None:
                values[name] = value
    return Row(row.number, values, frozenset(erased))


def _added(row: Row, constants: Mapping[str, Value]) -> Row:
    """Return the row as a new product: ``--set`` where it says nothing. There is nothing to erase yet."""
    given = dict(constants)
    if any(name in row.values for name in _PRICES):
        given = {name: value for name, value in given.items() if name not in _PRICES}
    left = {name: value for name, value in given.items() if name not in row.erased}
    return replace(row, values={**left, **row.values, "operacion": "A"}, erased=frozenset())


def _as_read(name: str, told: Json) -> Value | None:
    """Return what the vendor has as it is sent back: the same value, in the type that it wants; None for blank."""
    number = number_of(told)
    if name in _NUMBERS and number is not None:
        return Decimal(number)
    if isinstance(told, str):
        return told.encode("utf-8", "replace").decode("utf-8") if told.strip() else None
    return str(exact(Decimal(told))) if is_number(told) else None


def _is_there(row: Row, product: Product) -> bool:
    """Say whether the vendor has all that a row sets, and nothing that it erases."""
    payload = {**product_payload(derive_product(row.values)), **dict.fromkeys(row.erased)}
    return not changes_of({name: product.get(name) for name in _KEPT}, payload, same_product_value)


def _before(product: Product) -> dict[str, Json]:
    return {name: shown(product.get(name)) for name in PRODUCT_FIELDS if name not in KEY}


def _without_stock(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if name != "stock_actual"}


def _same_stock(row: Row, product: Product) -> bool:
    given = row.values.get("stock_actual")
    return given is None or same_product_value(given, product.get("stock_actual"))


def _lacking(row: Row) -> list[str]:
    """Return the fields without which TusFacturas takes no product, and which this one has not."""
    return [
        name for name in _REQUIRED if name not in row.values and not (name == _PRICES[0] and _PRICES[1] in row.values)
    ]


def _new_findings(row: Row, completed: Row, *, errors: bool) -> Iterable[tuple[str, Finding]]:
    """Return what the rules between fields say of the completed row and did not say of the sheet's own values."""
    given = {**completed.values, **_stock_of(row)}
    if given == row.values:
        return
    for rule in PRODUCT_RULES:
        said = {(name, finding.code) for name, finding in rule.check(row)}
        for name, finding in rule.check(replace(completed, values=given)):
            if finding.is_error is errors and (name, finding.code) not in said:
                yield name, finding


def _stock_of(row: Row) -> dict[str, Value]:
    return {name: value for name, value in row.values.items() if name == "stock_actual"}


def _spelling(key: Key) -> Key:
    price_list, code = ("".join(part.casefold().split()) for part in key)
    return price_list, code.lstrip("0") or code


def _catalogue(looks: Looks) -> Catalogue:
    """Return what the guards need: how many products there are, and of which lists some were seen."""
    asked = {key[0] for key, look in looks.found.items() if look.product is not None}
    listed = {key_of(product)[0] for product in looks.listed}
    return Catalogue(size=looks.total, price_lists=frozenset(asked | listed), whole=looks.whole)


# --- what is said -------------------------------------------------------------------------------------------------


def _not_understood(looks: Looks) -> Text:
    if looks.words:
        return text("TusFacturas does not tell its products: {words}", words="; ".join(looks.words))
    return text("TusFacturas does not tell its products in a form that can be understood.")


def _required(name: str, row: Row) -> Finding:
    if row.values["operacion"] == "M":
        return Finding(
            "required",
            text("TusFacturas has no {field} of this product either, and it takes no change without it", field=name),
            text("Fill it in, or give one value for all that lack it: {option}", option=f"--set {name}=…"),
        )
    return Finding(
        "required",
        text("This product is not at TusFacturas yet, and {field} is required to add it", field=name),
        text(
            "If the code or the price list is wrong, correct it; else fill it in, or give one value for all new "
            "products: {option}",
            option=f"--set {name}=…",
        ),
    )


def _nothing_to_modify() -> Finding:
    return Finding(
        "not_found",
        text("TusFacturas has no product of this code in this price list: there is nothing to modify"),
        text("Correct the code or the price list; with operacion U, or none, it would be added"),
    )


def _several() -> Finding:
    return Finding(
        "not_unique",
        text("TusFacturas has several products of this code in this price list: it is not known which one is meant"),
        text("Leave only one of them there"),
    )


def _not_told() -> Finding:
    return Finding(
        "not_read",
        text("TusFacturas did not tell whether it has this product, so nothing is sent of it"),
        text("Send the sheet again later"),
    )


def _similar(there: Key) -> Finding:
    return Finding(
        "similar_product",
        text(
            "This would add a product, and TusFacturas has “{code}” in “{list}”, which differs only in capitals, "
            "spaces or leading zeros",
            code=there[1],
            list=there[0],
        ),
        text("If it is the same product, write it as it is there; if it is another one, say operacion A"),
    )
