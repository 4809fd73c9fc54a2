"""Describes destinations from their declarations: for people, for scripts, and as the tables of README."""

from __future__ import annotations

from collections.abc import Iterator

from etl.core.needs import MARKS, needed
from etl.messages import Text, ntext, text, translate, verbatim
from etl.model import Effect, Json
from etl.vendors.base import Column, Destination, Kind, Need

_KINDS: dict[Kind, Text] = {
    Kind.TEXT: text("text"),
    Kind.CODE: text("code (text, zeros kept)"),
    Kind.INTEGER: text("whole number"),
    Kind.DECIMAL: text("number"),
    Kind.CHOICE: text("one of a list"),
    Kind.DATETIME: text("date"),
}
_EFFECTS: dict[Effect, Text] = {
    Effect.READ: text("reads"),
    Effect.SET: text("sending it twice changes nothing"),
    Effect.CREATE: text("sent twice, the vendor refuses it"),
    Effect.DELTA: text("sending it twice moves stock twice"),
}
_FEW_CHOICES = 8


def destination_json(destination: Destination, language: str) -> dict[str, Json]:
    """Return everything that is declared about a destination; names and codes as on the wire, texts in `language`."""
    return {
        "name": destination.name,
        "title": translate(destination.title, language),
        "key": list(destination.key),
        "batch_limit": destination.batch_limit,
        "effects": {group: effect.value for group, effect in destination.effects().items()},
        "fields": [_field_json(destination, column, language) for column in destination.columns],
    }


def destination_lines(destination: Destination, language: str) -> list[str]:
    """Return what a person wants to know: title, key, what sending twice does, and each field with its rule."""
    width = max(len(column.name) for column in destination.columns)
    lines = [f"{destination.name}: {translate(destination.title, language)}"]
    if destination.key:
        lines.append("  " + translate(text("Unique in a sheet: {fields}", fields=_keys(destination)), language))
    for group, effect in destination.effects().items():
        named = _named(destination, group)
        lines.append(f"  {named}: {translate(_EFFECTS[effect], language)}")
    for column in destination.columns:
        mark = MARKS[destination.need(column)]
        lines.append(f"  {mark} {column.name:{width}}  {column.label}: {rule(column, language)}")
    lines.append("  " + translate(text("* required"), language))
    if destination.completes:
        lines.append("  " + translate(text("+ required only for what the vendor does not have yet"), language))
    return lines


def _keys(destination: Destination) -> str:
    return " / ".join(" + ".join(names) for names in destination.alternative_keys or (destination.key,))


def markdown_table(destination: Destination, language: str) -> str:
    """Return the table of a destination's columns as README shows it."""
    titles = (text("Field"), text("Header in the template"), text("Required"), text("Rule"))
    lines = [_row(*(translate(title, language) for title in titles)), _row(*["---"] * len(titles))]
    for column in destination.columns:
        need = translate(needed(destination.need(column)), language)
        lines.append(_row(f"`{column.name}`", column.label, need, rule(column, language)))
    return "\n".join(lines)


def rule(column: Column, language: str) -> str:
    """Return the rule of a column in one line, from its declaration alone."""
    return "; ".join(translate(part, language) for part in _rule(column))


def _rule(column: Column) -> Iterator[Text]:
    yield _KINDS[column.kind]
    if column.max_length is not None:
        yield ntext("at most {count} character", "at most {count} characters", column.max_length)
    if column.max_decimals is not None:
        yield ntext("at most {count} decimal", "at most {count} decimals", column.max_decimals)
    if column.minimum is not None:
        above = text("above {minimum}", minimum=str(column.minimum))
        yield above if column.above_minimum else text("from {minimum}", minimum=str(column.minimum))
    if 0 < len(column.choices) <= _FEW_CHOICES:
        yield verbatim(", ".join(_choice(str(each.value), each.meaning) for each in column.choices))
    elif column.choices:
        yield ntext(
            "{count} value, listed in the template", "{count} values, listed in the template", len(column.choices)
        )
    if column.barcode:
        yield text("check digit looked at")


def _choice(value: str, meaning: str) -> str:
    return value if value.casefold() == meaning.casefold() else f"{value} ({meaning})"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _named(destination: Destination, kind: str) -> str:
    if not destination.kinds and destination.group_fields:
        return f"{destination.group_fields[0]}={kind}"
    return kind or destination.name


def _field_json(destination: Destination, column: Column, language: str) -> dict[str, Json]:
    return {
        "name": column.name,
        "label": column.label,
        "kind": column.kind.value,
        "required": destination.need(column) is not Need.NEVER,
        "need": destination.need(column).value,
        "max_length": column.max_length,
        "max_decimals": column.max_decimals,
        "minimum": column.minimum,
        "above_minimum": column.above_minimum,
        "allowed": [{"value": choice.value, "meaning": choice.meaning} for choice in column.choices],
        "aliases": list(column.aliases),
        "example": column.example,
        "help": translate(column.help, language),
        "source": column.source,
    }
