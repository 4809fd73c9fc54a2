"""What people's own words for codes mean: values that were refused, proposals for them, and what a person said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

import msgspec

from etl.core.choices import choice_reader
from etl.core.code_lists import likely_choice, value_key
from etl.core.report_json import dump_json
from etl.errors import UsageError
from etl.messages import text
from etl.model import Finding
from etl.vendors.base import Choice, Column, Destination

Meaning: TypeAlias = tuple[str, str, str]
"""What a person said of a value: (field, the value as written, the code that is meant)."""

MEANINGS_OPTION = "meanings"
"""The reading option (`Report.options`) in which a run and its workbook keep what was said."""
HIDDEN_FIELD = "etl_campo"
"""The hidden last column of `Mapeos`: the field whose list refused the value."""


@dataclass(frozen=True, slots=True)
class RefusedValue:
    """A value that is in no code list, however often it stands in its column."""

    column: Column
    header: str
    value: str
    """As the person sees it, the first time."""
    count: int
    rows: tuple[int, ...]
    """Where it stands, ascending; rows that were added to a results workbook have no number."""
    proposal: Choice | None


def refused_values(findings: Iterable[Finding], columns: Sequence[Column]) -> list[RefusedValue]:
    """Return each value that a code list refused once, by column and then the most frequent first."""
    declared = {column.name: column for column in columns if column.choices}
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.code == "not_allowed" and finding.field in declared and finding.value:
            groups.setdefault((finding.field, value_key(finding.value)), []).append(finding)
    order = list(declared)
    found = [_refused(declared[name], members) for (name, _), members in groups.items()]
    return sorted(found, key=lambda refused: (order.index(refused.column.name), -refused.count, refused.value))


def with_meanings(destination: Destination, meanings: Sequence[Meaning]) -> Destination:
    """Return the destination whose code lists also know what a person said; of two words on a value the last counts.

    UsageError when a field is none of the destination's code lists, or what is meant is none of its codes.
    """
    if not meanings:
        return destination
    known: dict[str, dict[str, str | Decimal]] = {}
    for name, written, meant in meanings:
        column = next((one for one in destination.columns if one.name == name and one.choices), None)
        if column is None:
            raise UsageError(text("{field} is no field of {to} with a list of values", field=name, to=destination.name))
        value = choice_reader(replace(column, said={}))(meant, None)
        if not isinstance(value, str | Decimal):
            raise UsageError(
                text("“{written}” cannot mean “{meant}”: it is none of the values of {field}",
                     written=written, meant=meant, field=name)
            )  # fmt: skip
        known.setdefault(name, {})[value_key(written)] = value
    columns = tuple(
        replace(column, said={**column.said, **known[column.name]}) if column.name in known else column
        for column in destination.columns
    )
    return replace(destination, columns=columns)


def tables_of(meanings: Iterable[Meaning]) -> dict[str, dict[str, str]]:
    """Return the meanings by field and value, the last word on each: ``{"moneda": {"dolar blue": "DOL"}}``."""
    tables: dict[str, dict[str, str]] = {}
    for name, written, meant in meanings:
        tables.setdefault(name, {})[written] = meant
    return tables


def as_option(meanings: Sequence[Meaning]) -> str:
    """Return the meanings as the text of one reading option."""
    return dump_json(tables_of(meanings))


def meanings_in(options: Mapping[str, str]) -> tuple[Meaning, ...]:
    """Return the meanings that `as_option` put among the reading options of a run or a workbook; () if spoilt."""
    try:
        tables = msgspec.json.decode(options.get(MEANINGS_OPTION, "{}"), type=dict[str, dict[str, str]])
    except msgspec.DecodeError:
        return ()
    return tuple((name, written, meant) for name, table in tables.items() for written, meant in table.items())


def settled_by(findings: Sequence[Finding], meanings: Sequence[Meaning]) -> bool:
    """Say whether what a person said of values takes away every one of a row's errors."""
    said = {(name, value_key(written)) for name, written, _ in meanings}
    return bool(findings) and all(
        finding.code == "not_allowed" and (finding.field, value_key(finding.value or "")) in said
        for finding in findings
    )


def _refused(column: Column, members: Sequence[Finding]) -> RefusedValue:
    first = members[0]
    written = first.value or ""
    return RefusedValue(
        column=column,
        header=first.header or column.label,
        value=written,
        count=len(members),
        rows=tuple(sorted({finding.row for finding in members if finding.row is not None})),
        proposal=likely_choice(written, column),
    )
