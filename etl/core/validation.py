"""Checks a typed frame against what its destination declares, and decides which rows may be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

import pandas as pd
import pandera.pandas as pa

from etl.core.documents import repeated_lines
from etl.core.duplicates import added_up_row, check_policy, decide_duplicates
from etl.core.headers import required_fields
from etl.core.limits import Limit, limits_of
from etl.core.mapping import Mapped
from etl.core.places import Places
from etl.messages import Text, text
from etl.model import Finding, Layout, Row, Severity, Value
from etl.vendors.base import Destination, Need


@dataclass(frozen=True, slots=True)
class Checked:
    """What may be sent, and everything there is to say about the sheet."""

    rows: tuple[Row, ...]
    """The valid rows in the sheet's order, in the vendor's own fields (`Destination.derive` was applied)."""
    merged: Mapping[int, tuple[int, ...]]
    """For ``--duplicates sum``: the number of the row that is sent -> all the rows whose outcome is its own."""
    skipped: Mapping[int, Text]
    """All rows that are no data, or that another row stands for, with the reason."""
    read: tuple[Row, ...]
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


def check(mapped: Mapped, destination: Destination, layout: Layout, *, duplicates: str = "error") -> Checked:
    """Return the rows that may be sent, with all findings of the sheet: those of `mapped`, and every broken rule.

    `duplicates` is ``--duplicates``; UsageError when it makes no sense for the destination.
    """
    check_policy(duplicates, destination)
    places = Places(mapped.sheet, layout)
    findings = list(mapped.findings)
    findings += _broken_limits(mapped.frame, destination, places)
    findings += _missing_values(mapped, destination, places)
    rows = _rows_of(mapped.frame, mapped.erased)
    findings += list(_broken_rules(rows, destination, places, findings))
    invalid = _rows_with_errors(findings)
    decided = decide_duplicates(rows, invalid, destination, duplicates)
    findings += _put_remarks(decided.remarks, rows, destination, places)
    findings += [places.put(finding, number, name) for number, name, finding in repeated_lines(rows, destination)]
    invalid = _rows_with_errors(findings)
    added_up = {number: numbers for number, numbers in decided.added_up.items() if number not in invalid}
    sent = _sent_rows(rows, invalid, set(decided.superseded), added_up, destination)
    valid, derived = _derived(sent, destination, mapped)
    return Checked(
        rows=valid,
        merged=added_up,
        read=tuple(rows),
        skipped=dict(sorted({**mapped.skipped, **decided.superseded}.items())),
        findings=tuple(sorted(findings, key=_by_place)),
        derived=derived,
        constants=mapped.constants,
    )


def _schema_check(limit: Limit) -> pa.Check:
    def holds(series: pd.Series[str]) -> pd.Series[bool]:
        values: Sequence[Value | None] = series.tolist()
        broken = {value for value in set(values) if value is not None and not limit.holds(value)}
        kept = [value not in broken for value in values] if broken else True
        return pd.Series(kept, index=series.index, dtype=bool)

    return pa.Check(holds, name=limit.code, raise_warning=limit.severity is Severity.WARNING)


def _broken_limits(frame: pd.DataFrame, destination: Destination, places: Places) -> Iterator[Finding]:
    """Yield a finding for each cell that breaks a limit: the first error of a cell, and its warnings.

    The schema's checks are called a column at a time: the same failures as `validate(lazy=True)`, several times
    faster, since no error object is built (performance.md).
    """
    schema = schema_of(destination)
    for column in destination.columns:
        if column.name not in frame:
            continue
        series = frame[column.name]
        bad: set[int] = set()
        for schema_check, limit in zip(schema.columns[column.name].checks, limits_of(column), strict=True):
            for number, value in _failures(schema_check, series):
                if number in bad:
                    continue
                if limit.severity is Severity.ERROR:
                    bad.add(number)
                finding = Finding(limit.code, limit.message(value), limit.hint(value), limit.severity)
                yield places.put(finding, number, column.name)


def _failures(schema_check: pa.Check, series: pd.Series[str]) -> list[tuple[int, Value]]:
    """Return row number and value of the cells that fail; pandera leaves the blank ones out of its answer."""
    result = schema_check(series)
    if result.check_passed:
        return []
    failed = result.check_output.index[~result.check_output.to_numpy(dtype=bool)]
    return list(zip(failed.tolist(), series.loc[failed].tolist(), strict=True))


def _broken_rules(
    rows: Sequence[Row], destination: Destination, places: Places, known: Sequence[Finding]
) -> Iterator[Finding]:
    """Yield what the rules over several fields find; a value is not missing where its cell was not understood."""
    bad = {(finding.row, finding.field) for finding in known if finding.is_error} if destination.rules else set()
    for rule in destination.rules:
        for row in rows:
            for name, finding in rule(row):
                if finding.code != "required" or (row.number, name) not in bad:
                    yield places.put(finding, row.number, name)


def _put_remarks(
    remarks: Sequence[tuple[int, Finding]], rows: Sequence[Row], destination: Destination, places: Places
) -> Iterator[Finding]:
    """Yield what is said about keys, each at the last field of its row's key."""
    by_number = {row.number: row for row in rows} if remarks else {}
    for number, finding in remarks:
        yield places.put(finding, number, destination.key_fields(by_number[number].values)[-1])


def _missing_values(mapped: Mapped, destination: Destination, places: Places) -> Iterator[Finding]:
    """Yield a finding for each cell that is blank and needed; one that was not understood has its own.

    What the vendor's values may complete (`Destination.completes`) is missing only once they were read.
    """
    bad = {(finding.row, finding.field) for finding in mapped.findings if finding.is_error}
    whole = _rows_by_themselves(mapped.frame, destination)
    always = required_fields(destination, {Need.ALWAYS})
    if destination.default_group is not None and destination.group_field is not None:
        # Nothing is taken by default where some rows say it: a blank cell among them was forgotten.
        always += ((destination.group_field,),)
    for need, frame in ((Need.ALWAYS, mapped.frame), (Need.SOMETIMES, whole)):
        for names in always if need is Need.ALWAYS else required_fields(destination, {need}):
            present = [name for name in names if name in frame]
            if not present and (need is Need.ALWAYS or not destination.completes):
                continue
            blank = frame[present].isna().all(axis=1)
            asked = next((name for name in present if places.has_column(name)), (present or names)[0])
            finding = required(names, destination)
            for number in blank.index[blank.to_numpy()].tolist():
                if not any((number, name) in bad for name in present):
                    yield places.put(finding, number, asked)


def _rows_by_themselves(frame: pd.DataFrame, destination: Destination) -> pd.DataFrame:
    """Return the rows of which it is known that no value of the vendor completes them."""
    if not destination.completes or destination.group_field not in frame:
        return frame
    groups = frame[destination.group_field]
    return frame[(groups.notna() & ~groups.isin(destination.completes)).to_numpy()]


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


def _rows_of(frame: pd.DataFrame, erased: Mapping[int, frozenset[str]]) -> list[Row]:
    names = list(frame.columns)
    columns = [frame[name].tolist() for name in names]
    numbers: list[int] = frame.index.tolist()
    values: Iterable[tuple[Value | None, ...]] = zip(*columns, strict=True) if columns else repeat((), len(numbers))
    return [
        Row(
            number,
            {name: value for name, value in zip(names, cells, strict=True) if value is not None},
            erased.get(number, frozenset()),
        )
        for number, cells in zip(numbers, values, strict=True)
    ]


def _rows_with_errors(findings: Iterable[Finding]) -> set[int]:
    return {finding.row for finding in findings if finding.row is not None and finding.is_error}


def _sent_rows(
    rows: Sequence[Row],
    invalid: set[int],
    superseded: set[int],
    added_up: Mapping[int, tuple[int, ...]],
    destination: Destination,
) -> list[Row]:
    carried = {number for numbers in added_up.values() for number in numbers[1:]}
    left_out = invalid | superseded | carried
    sent = [row for row in rows if row.number not in left_out]
    if not added_up or destination.summed is None:
        return sent
    by_number = {row.number: row for row in rows}
    summed = destination.summed
    return [
        added_up_row([by_number[number] for number in added_up[row.number]], summed) if row.number in added_up else row
        for row in sent
    ]


def _derived(
    rows: Sequence[Row], destination: Destination, mapped: Mapped
) -> tuple[tuple[Row, ...], dict[int, Mapping[str, Value]]]:
    valid: list[Row] = []
    derived: dict[int, Mapping[str, Value]] = {}
    for row in rows:
        values = destination.derive(row.values)
        changed = dict(mapped.rounded.get(row.number, ()))
        if values is not row.values:
            changed |= {name: value for name, value in values.items() if row.values.get(name) != value}
            row = replace(row, values=values)  # noqa: PLW2901 - the row goes on in the vendor's fields
        if changed:
            derived[row.number] = changed
        valid.append(row)
    return tuple(valid), derived


def _by_place(finding: Finding) -> tuple[int, int]:
    return finding.row or 0, finding.column if finding.column is not None else -1
