"""Carries what the scan of a sheet found, or why it refuses the sheet, from its process to us, who do not trust it."""

from __future__ import annotations

import json
from array import array
from itertools import chain
from typing import IO

from etl.io.readers.answers import BrokenAnswerError, receive_head, receive_pieces, sense
from etl.io.readers.limits import Limits
from etl.io.readers.refusal import HOSTILE, UNREADABLE, Refusal
from etl.io.readers.sheet_facts import SheetFacts
from etl.messages import text_from_json
from etl.model import CellNote, Json, ShownDecimals

_COLUMN_BITS = 14
"""A place is the row number * 2**14 + the column index, as in `ShownDecimals`."""


def send_refusal(stream: IO[bytes], refusal: Refusal) -> None:
    """Write that the sheet is refused, and why."""
    hint = None if refusal.hint is None else refusal.hint.to_json()
    _send(stream, {"code": refusal.code, "problem": refusal.problem.to_json(), "hint": hint})


def send_facts(stream: IO[bytes], facts: SheetFacts) -> None:
    """Write the facts: a line of JSON, then arrays whose sizes it tells."""
    notes = {id(note): note for note in facts.notes.values()}
    number = {id_: index for index, id_ in enumerate(notes)}
    arrays = (
        array("q", [(row << _COLUMN_BITS) + column for row, column in facts.notes]),
        array("q", [number[id(note)] for note in facts.notes.values()]),
        array("q", sorted(facts.hidden_rows)),
        array("q", sorted(facts.hidden_columns)),
        array("q", chain.from_iterable(facts.merged)),
        array("q", facts.decimals.places),
        array("b", facts.decimals.counts),
    )
    words = [[note.number_format, note.error, note.formula_without_value] for note in notes.values()]
    pieces = (json.dumps(words).encode(), *(one.tobytes() for one in arrays))
    _send(stream, {"height": facts.height, "width": facts.width, "sizes": list(map(len, pieces))})
    for piece in pieces:
        stream.write(piece)


def _send(stream: IO[bytes], head: object) -> None:
    stream.write(json.dumps(head).encode() + b"\n")


def receive_facts(stream: IO[bytes], limits: Limits) -> SheetFacts:
    """Return the facts of a sheet; raise the `Refusal` that came instead, `BrokenAnswerError` for less than either."""
    head = receive_head(stream)
    with sense():
        if "code" in head:
            raise _refusal(head)
        words, *pieces = receive_pieces(stream, head["sizes"], limits)
        places, numbers, rows, columns, areas, shown = (array("q", piece) for piece in pieces[:-1])
        notes = [CellNote(code, error, bool(lacking)) for code, error, lacking in json.loads(words)]
        corners = iter(areas)
        return SheetFacts(
            notes={
                (place >> _COLUMN_BITS, place % (1 << _COLUMN_BITS)): notes[number]
                for place, number in zip(places, numbers, strict=True)
            },
            hidden_rows=frozenset(rows),
            hidden_columns=frozenset(columns),
            merged=tuple(zip(corners, corners, corners, corners, strict=True)),
            decimals=ShownDecimals(shown, array("b", pieces[-1])),
            height=int(head["height"]),
            width=int(head["width"]),
        )


def _refusal(head: dict[str, Json]) -> Refusal:
    if head["code"] not in (HOSTILE, UNREADABLE):
        raise BrokenAnswerError
    refusal = Refusal(
        head["code"], text_from_json(head["problem"]), text_from_json(head["hint"]) if head["hint"] else None
    )
    str(refusal.problem), str(refusal.hint)  # a template that lacks its values is none of ours
    return refusal
