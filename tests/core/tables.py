"""Sheets and destinations in memory, for the tests of the pure parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from etl.core.headers import Wanted, find_layout
from etl.core.mapping import Mapped, ReadingOptions, map_rows
from etl.core.validation import Checked, check
from etl.messages import text
from etl.model import Cell, CellNote, Effect, Finding, Reading, Request, Sheet
from etl.vendors.base import Choice, Column, Destination, Exchange, Kind


def column(name: str, kind: Kind = Kind.TEXT, **given: Any) -> Column:
    """Return a declared column; `given` are further fields of `Column`."""
    settings: dict[str, Any] = {"label": name.capitalize(), "help": text("help"), "source": "the test", **given}
    return Column(name=name, kind=kind, **settings)


def destination(*columns: Column, **given: Any) -> Destination:
    """Return a destination that is never sent to; its groups are deltas unless `effect` says otherwise."""
    settings: dict[str, Any] = {
        "name": "depot.shelves",
        "title": text("Shelves"),
        "key": ("code",),
        "effect": lambda _: Effect.DELTA,
        "batch_limit": 50,
        "payload": dict,
        "submit": Exchange(build=lambda *_: Request("POST", "x"), read=lambda *_: Reading(understood=False)),
        **given,
    }
    return Destination(columns=columns, **settings)


def sheet(*rows: Sequence[Cell | int], notes: Mapping[tuple[int, int], CellNote] | None = None, **given: Any) -> Sheet:
    """Return a sheet; whole numbers become floats, as every reader gives them."""
    cells = [[float(cell) if type(cell) is int else cell for cell in row] for row in rows]
    settings: dict[str, Any] = {"file": "prueba.xlsx", "name": "Hoja1", "sha256": "0" * 64, **given}
    return Sheet(rows=cells, notes=notes or {}, **settings)


def frame_of(mapped: Mapped) -> pd.DataFrame:
    """Return the typed columns of a whole sheet, as pandera sees them; the index is the rows' numbers."""
    blocks = list(mapped.table.blocks())
    numbers = [number for block in blocks for number in block.numbers]
    columns = {name: [value for block in blocks for value in block.values(name)] for name in mapped.table.names}
    return pd.DataFrame(columns, index=numbers, dtype=object).where(lambda frame: frame.notna(), None)


def misread(mapped: Mapped) -> tuple[Finding, ...]:
    """Return what reading its cells has to say, column by column."""
    blocks = list(mapped.table.blocks())
    return tuple(
        finding
        for name in mapped.table.readers
        for block in blocks
        if (column := block.column(name)) is not None
        for finding in column.findings
    )


def checked(
    found: Sheet,
    to: Destination,
    wanted: Wanted | None = None,
    options: ReadingOptions | None = None,
    duplicates: str = "error",
) -> Checked:
    """Return what all the stages make of a sheet."""
    layout, _ = find_layout(found, to, wanted or Wanted())
    return check(map_rows(found, layout, to, options or ReadingOptions()), to, layout, duplicates=duplicates)


def codes_at(findings: Sequence[Finding]) -> list[tuple[str, str | None]]:
    """Return (code, cell) of each finding, in order."""
    return [(finding.code, finding.cell) for finding in findings]


CODE = column("code", Kind.CODE, required=True, max_length=10)
NAME = column("name", Kind.TEXT, required=True, max_length=20, aliases=("Detalle",))
PRICE = column("price", Kind.DECIMAL, max_decimals=3, minimum=0)
COUNT = column("count", Kind.INTEGER, required=True)
MOVE = column("move", Kind.CHOICE, choices=(Choice("A", "in"), Choice("B", "out")), on_wire=False)
SHELVES = destination(CODE, NAME, PRICE, COUNT)
PAIRS = destination(CODE, COUNT, MOVE, group_fields=("move",), duplicates=frozenset({"sum"}), summed="count")
KEPT = replace(SHELVES, effect=lambda _: Effect.SET, duplicates=frozenset({"first", "last"}))
