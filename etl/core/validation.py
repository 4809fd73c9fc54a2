"""Checks a typed frame against what its destination declares, and decides which rows may be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import compress

import pandas as pd
import pandera.pandas as pa

from etl.core.column_reading import Rounding, rounding_finding
from etl.core.documents import different_heads
from etl.core.duplicates import (
    added_up_row,
    check_policy,
    decide_duplicates,
    key_hashes,
    repeated_lines,
    rows_sharing_a_key,
)
from etl.core.headers import required_fields
from etl.core.limits import Limit, limits_of
from etl.core.mapping import Mapped
from etl.core.places import Places
from etl.core.typed_rows import TypedRows
from etl.core.typed_table import Seen, TypedBlock, TypedTable
from etl.messages import Text, text
from etl.model import Finding, Layout, Row, Severity, Value
from etl.vendors.base import Destination, Need


@dataclass(frozen=True, slots=True)
class Checked:
    """What may be sent, and everything there is to say about the sheet."""

    rows: Sequence[Row]
    """The valid rows in the sheet's order, in the vendor's own fields (`Destination.derive` was applied)."""
    merged: Mapping[int, tuple[int, ...]]
    """For ``--duplicates sum``: the number of the row that is sent -> all the rows whose outcome is its own."""
    skipped: Mapping[int, Text]
    """All rows that are no data, or that another row stands for, with the reason."""
    read: Sequence[Row]
    """Every row that is data with what was understood of it, invalid ones too."""
    findings: tuple[Finding, ...]
    """By row, then column; those about the file or a whole column come first."""
    derived: Mapping[int, Mapping[str, Value]]
    """By row, the fields that `derive` added and the values that were rounded: what is sent and not in the sheet."""
    constants: Mapping[str, Value] = field(default_factory=dict)
    """``--set``, understood, for the rows that the vendor's values complete first (`Destination.completes`)."""


def schema_of(destination: Destination) -> pa.DataFrameSchema:
    """Return the schema of a typed frame, derived from the declared columns alone.

    It never coerces: cells were parsed before, and a blank or bad one is null. A column may be absent (`find_layout`
    decides that); a required one may not be null, unless another column replaces it. The checks of a column are its
    limits (`etl.core.limits`), in that order; their names are the findings' codes.
    """
    replaced = {column.replaces for column in destination.columns}
    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                object,
                checks=[_schema_check(limit) for limit in limits_of(column)],
                nullable=not column.required or column.name in replaced,
                required=False,
                coerce=False,
            )
            for column in destination.columns
        }
    )


def first_check() -> None:
    """Check nothing: pandera registers its parts, and imports some, when it is first called."""
    pa.Check(lambda series: series.notna(), ignore_na=False)(pd.Series([], dtype=object))


def check(mapped: Mapped, destination: Destination, layout: Layout, *, duplicates: str = "error") -> Checked:
    """Return the rows that may be sent, with all findings of the sheet: misread cells, and every broken rule.

    `duplicates` is ``--duplicates``; UsageError when it makes no sense for the destination.
    """
    check_policy(duplicates, destination)
    table = mapped.table
    places = Places(table.sheet, layout)
    rounded: dict[int, dict[str, Value]] = {}
    findings = list(_by_cell(table, destination, layout, rounded))
    invalid = _rows_with_errors(findings)
    sharing = rows_sharing_a_key(table)
    decided = decide_duplicates(sharing, invalid, destination, duplicates)
    findings += _put_remarks(decided.remarks, sharing, destination, places)
    read = TypedRows(table, derived=False)
    misread = {(finding.row, finding.field) for finding in findings if finding.is_error} if destination.corrects else ()
    apart = different_heads(read, misread, destination)
    findings += [
        places.put(finding, number, name) for number, name, finding in (*apart, *repeated_lines(read, destination))
    ]
    invalid = _rows_with_errors(findings)
    added_up = {number: numbers for number, numbers in decided.added_up.items() if number not in invalid}
    carried = {number for numbers in added_up.values() for number in numbers[1:]}
    instead = _added_up_rows(added_up, sharing, destination)
    rows = TypedRows(table, invalid.union(decided.superseded, carried), instead, derived=True)
    return Checked(
        rows=rows,
        merged=added_up,
        read=read,
        skipped=dict(sorted({**mapped.skipped, **decided.superseded}.items())),
        findings=tuple(sorted(findings, key=_by_place)),
        derived=_derived(rows, destination, rounded),
        constants=table.constants,
    )


def _by_cell(
    table: TypedTable, destination: Destination, layout: Layout, rounded: dict[int, dict[str, Value]]
) -> Iterator[Finding]:
    """Yield what there is to say about single cells, and what was rounded; `rounded` takes the new values by row."""
    schema = schema_of(destination)
    roundings: dict[str, list[Rounding]] = {}
    table.seen = Seen()
    for block in table.blocks():
        table.seen.add(block, table, key_hashes(block, table))
        places = Places(table.sheet, layout, block.cell)
        misread = list(block.findings)
        found = [*misread, *_broken_limits(block, table, schema, places)]
        found += _missing_values(block, table, misread, places)
        found += _broken_rules(block, table, places, found)
        yield from found
        for name, one in block.roundings:
            roundings.setdefault(name, []).append(one)
            rounded.setdefault(one.number, {})[name] = one.new
    for name, several in roundings.items():
        declared = destination.column(name)
        yield rounding_finding(several, table.sheet, table.readers[name].mapped, declared.max_decimals or 0)


def _schema_check(limit: Limit) -> pa.Check:
    def holds(series: pd.Series[str]) -> pd.Series[bool]:
        values: Sequence[Value | None] = series.tolist()
        broken = set(map(id, limit.broken_among([value for value in values if value is not None])))
        kept = [id(value) not in broken for value in values] if broken else True
        return pd.Series(kept, index=series.index, dtype=bool)

    # A blank cell breaks no limit; pandera would look for them twice more.
    warns = limit.severity is Severity.WARNING
    return pa.Check(holds, name=limit.code, raise_warning=warns, ignore_na=False)


def _broken_limits(
    block: TypedBlock, table: TypedTable, schema: pa.DataFrameSchema, places: Places
) -> Iterator[Finding]:
    """Yield a finding for each cell that breaks a limit: the first error of a cell, and its warnings.

    The schema's checks are called on the different values of a column: the same failures as `validate(lazy=True)`,
    many times faster, since no error object is built (performance.md).
    """
    for name in table.names:
        limits = limits_of(table.destination.column(name))
        different = pd.Series(list(block.different(name).values) if limits else [], dtype=object)
        bad: set[int] = set()
        for schema_check, limit in zip(schema.columns[name].checks, limits, strict=True):
            result = schema_check(different)
            if result.check_passed:
                continue
            wrong = different[~result.check_output].tolist()
            for number, value in _cells_with(wrong, block, name):
                if number in bad:
                    continue
                if limit.severity is Severity.ERROR:
                    bad.add(number)
                finding = Finding(limit.code, limit.message(value), limit.hint(value), limit.severity)
                yield places.put(finding, number, name)


def _cells_with(wrong: Sequence[Value], block: TypedBlock, name: str) -> Iterator[tuple[int, Value]]:
    """Yield the row's number and the value of the cells that have one of some of the different values of a field."""
    values = block.values(name)
    if Decimal in set(map(type, wrong)):
        found = map(set(map(id, wrong)).__contains__, map(id, values))
    else:
        found = map(set(wrong).__contains__, values)
    yield from compress(zip(block.numbers, values, strict=True), found)


def _broken_rules(block: TypedBlock, table: TypedTable, places: Places, known: Sequence[Finding]) -> Iterator[Finding]:
    """Yield what the rules over several fields find; a value is not missing where its cell was not understood."""
    rules = [rule for rule in table.destination.rules if rule.concerns is None or rule.concerns in table.names]
    bad = {(finding.row, finding.field) for finding in known if finding.is_error} if rules else set()
    for rule in rules:
        rows = block.rows() if rule.concerns is None else block.rows_at(_filled(block.values(rule.concerns)))
        for row in rows:
            for name, finding in rule.check(row):
                if finding.code != "required" or (row.number, name) not in bad:
                    yield places.put(finding, row.number, name)


def _filled(values: Sequence[Value | None]) -> list[int]:
    return [at for at, value in enumerate(values) if value is not None]


def _put_remarks(
    remarks: Sequence[tuple[int, Finding]], rows: Sequence[Row], destination: Destination, places: Places
) -> Iterator[Finding]:
    """Yield what is said about keys, each at the last field of its row's key."""
    by_number = {row.number: row for row in rows} if remarks else {}
    for number, finding in remarks:
        yield places.put(finding, number, destination.key_fields(by_number[number].values)[-1])


def _missing_values(
    block: TypedBlock, table: TypedTable, misread: Sequence[Finding], places: Places
) -> Iterator[Finding]:
    """Yield a finding for each cell that is blank and needed; one that was not understood has its own.

    What the vendor's values may complete (`Destination.completes`) is missing only once they were read.
    """
    destination, names_there = table.destination, table.names
    bad = {(finding.row, finding.field) for finding in misread if finding.is_error}
    always = required_fields(destination, {Need.ALWAYS})
    if destination.default_group is not None and destination.group_field is not None:
        # Nothing is taken by default where some rows say it: a blank cell among them was forgotten.
        always += ((destination.group_field,),)
    for need, rows in ((Need.ALWAYS, range(len(block.numbers))), (Need.SOMETIMES, _by_themselves(block, table))):
        for names in always if need is Need.ALWAYS else required_fields(destination, {need}):
            present = [name for name in names if name in names_there]
            if not present and (need is Need.ALWAYS or not destination.completes):
                continue
            asked = next((name for name in present if places.has_column(name)), (present or names)[0])
            finding = required(names, destination)
            if not all(map(block.may_be_blank, present)):
                continue
            for at in _blank(rows, [block.values(name) for name in present]):
                number = block.numbers[at]
                if not any((number, name) in bad for name in present):
                    yield places.put(finding, number, asked)


def _blank(rows: Sequence[int], columns: Sequence[Sequence[Value | None]]) -> list[int]:
    """Return the places among `rows` at which all these columns are blank."""
    return [at for at in rows if all(column[at] is None for column in columns)]


def _by_themselves(block: TypedBlock, table: TypedTable) -> Sequence[int]:
    """Return the places of the rows of which it is known that no value of the vendor completes them."""
    group = table.destination.group_field
    if not table.destination.completes or group not in table.names:
        return range(len(block.numbers))
    completes = table.destination.completes
    return [at for at, value in enumerate(block.values(group)) if value is not None and value not in completes]


def required(names: Sequence[str], destination: Destination) -> Finding:
    """Return the finding, without its place, of a value that is needed in one of these fields."""
    if len(names) > 1:
        return Finding(
            "required",
            text("The cell is blank, and a value is needed in one of these: {fields}", fields=", ".join(names)),
            text("Fill it in"),
        )
    hint = text("Fill it in, or give one value for all blank cells: {option}", option=f"--set {names[0]}=…")
    return Finding(
        "required",
        text("The cell is blank, and {field} is required", field=names[0]),
        text("Fill it in") if names[0] in destination.key[-1:] else hint,
    )


def _rows_with_errors(findings: Iterable[Finding]) -> set[int]:
    return {finding.row for finding in findings if finding.row is not None and finding.is_error}


def _added_up_rows(
    added_up: Mapping[int, tuple[int, ...]], rows: Sequence[Row], destination: Destination
) -> dict[int, Row]:
    """Return the rows that stand for several, by number, with the sum of all."""
    summed = destination.summed
    if not added_up or summed is None:
        return {}
    known = {row.number: row for row in rows}
    return {first: added_up_row([known[number] for number in numbers], summed) for first, numbers in added_up.items()}


def _derived(
    rows: TypedRows, destination: Destination, rounded: Mapping[int, Mapping[str, Value]]
) -> dict[int, Mapping[str, Value]]:
    """Return, by row that may be sent, what is sent and not in the sheet."""
    found: dict[int, Mapping[str, Value]] = {}
    for row in rows.touched(rounded):
        values = destination.derive(row.values)
        changed = dict(rounded.get(row.number, ()))
        changed |= {name: value for name, value in values.items() if row.values.get(name) != value}
        if changed:
            found[row.number] = changed
    return found


def _by_place(finding: Finding) -> tuple[int, int]:
    return finding.row or 0, finding.column if finding.column is not None else -1
