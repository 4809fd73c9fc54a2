"""The words that contract section 7 fixes for workbooks, in both languages; exact, so not in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from etl.model import Origin, Outcome


class SheetKind(StrEnum):
    """The sheets that we write."""

    SUMMARY = "Summary"
    ERRORS = "Errors"
    ROWS = "Rows"
    RESEND = "Resend"
    MEANINGS = "Mappings"
    UNCERTAIN = "Uncertain"
    UNDO = "Undo"
    GUIDE = "Guide"
    LISTS = "Lists"


class Heading(StrEnum):
    """The columns that we name."""

    ROW = "Row"
    CELL = "Cell"
    COLUMN = "Column"
    VALUE = "Value"
    CODE = "Code"
    PROBLEM = "Problem"
    WHAT_TO_DO = "What to do"
    SOURCE = "Source"
    STATE = "State"
    REASON = "Reason"
    BATCH = "Batch"
    VENDOR_ID = "Vendor id"
    TIMES = "Times"
    ROWS = "Rows"
    PROPOSAL = "Proposal"
    MEANING = "Meaning"
    USE = "Use"
    DECISION = "Decision"
    WHY = "Why"


_SHEETS: Mapping[SheetKind, str] = {
    SheetKind.SUMMARY: "Resumen",
    SheetKind.ERRORS: "Errores",
    SheetKind.ROWS: "Filas",
    SheetKind.RESEND: "Reenviar",
    SheetKind.MEANINGS: "Mapeos",
    SheetKind.UNCERTAIN: "Inciertas",
    SheetKind.UNDO: "Deshacer",
    SheetKind.GUIDE: "Guía",
    SheetKind.LISTS: "Listas",
}
_HEADINGS: Mapping[Heading, str] = {
    Heading.ROW: "Fila",
    Heading.CELL: "Celda",
    Heading.COLUMN: "Columna",
    Heading.VALUE: "Valor",
    Heading.CODE: "Código",
    Heading.PROBLEM: "Problema",
    Heading.WHAT_TO_DO: "Qué hacer",
    Heading.SOURCE: "Origen",
    Heading.STATE: "Estado",
    Heading.REASON: "Motivo",
    Heading.BATCH: "Lote",
    Heading.VENDOR_ID: "Id proveedor",
    Heading.TIMES: "Veces",
    Heading.ROWS: "Filas",
    Heading.PROPOSAL: "Propuesta",
    Heading.MEANING: "Significado",
    Heading.USE: "Usar",
    Heading.DECISION: "Decisión",
    Heading.WHY: "Por qué",
}
_STATES: Mapping[Outcome, str] = {
    Outcome.ACCEPTED: "aceptada",
    Outcome.REJECTED: "rechazada",
    Outcome.INVALID: "inválida",
    Outcome.UNCERTAIN: "incierta",
    Outcome.NOT_SENT: "no enviada",
    Outcome.UNCHANGED: "sin cambios",
    Outcome.SKIPPED: "omitida",
}
STATE_ORDER = tuple(_STATES)
"""Outcomes in the order in which they are counted."""

_ORIGINS: Mapping[Origin, str] = {Origin.LOCAL: "local", Origin.VENDOR: "proveedor"}

APPLIED: Mapping[str, str] = {"es": "aplicada", "en": "applied"}
"""The decision that an uncertain row did arrive, by language."""
RESEND: Mapping[str, str] = {"es": "enviar de nuevo", "en": "send again"}
"""The decision that it did not, by language."""


def sheet_name(kind: SheetKind, language: str) -> str:
    """Return the name of a sheet."""
    return _SHEETS[kind] if language == "es" else kind.value


def heading(kind: Heading, language: str) -> str:
    """Return the header of one of our columns."""
    return _HEADINGS[kind] if language == "es" else kind.value


def state(outcome: Outcome, language: str) -> str:
    """Return the word of `Estado`; in English the outcome's own."""
    return _STATES[outcome] if language == "es" else outcome.value


def origin_word(origin: Origin, language: str) -> str:
    """Return the word of `Origen`."""
    return _ORIGINS[origin] if language == "es" else origin.value


def sheet_kind(name: str) -> SheetKind | None:
    """Return which of our sheets a name is, in either language."""
    return next((kind for kind, spanish in _SHEETS.items() if name in (spanish, kind.value)), None)


def heading_kind(header: str) -> Heading | None:
    """Return which of our columns a header is, in either language."""
    return next((kind for kind, spanish in _HEADINGS.items() if header in (spanish, kind.value)), None)


def state_words() -> frozenset[str]:
    """Return the words of `Estado`, in both languages."""
    return frozenset(state(outcome, language) for outcome in Outcome for language in ("es", "en"))
