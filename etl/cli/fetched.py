"""The command that reads a vendor's list: fetch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from etl.cli.asked import Asked
from etl.cli.command import command, grouped, option
from etl.cli.options import common_options, request_limit, save_option
from etl.cli.output import show_answer, writing
from etl.errors import UsageError
from etl.messages import ntext, text, translate
from etl.model import Json, column_letter

if TYPE_CHECKING:
    from etl.fetching import Table
    from etl.vendors.listing import Listing
    from etl.wanted import FetchOptions

WHICH = text("Which records")

FILTERS = {
    "officeid": text("Of this office (its id)."),
    "variantid": text("Of this variant (its id)."),
    "code": text("With this code (SKU)."),
    "barcode": text("With this bar code."),
    "documentnumber": text("With this document number."),
    "admissiondate": text("Received on this day (2026-03-31 or 31/03/2026)."),
    "consumptiondate": text("Consumed on this day."),
    "description": text("With this description."),
    "serialnumber": text("1: only variants with serial numbers, 0: only those without."),
    "productid": text("Of this product (its id)."),
    "name": text("With this name."),
    "state": text("0: in use (the usual answer), 1: not in use."),
}
"""Every filter of every list, by the vendor's name for it."""

filter_options = grouped(
    *(option(f"--{name}", name, metavar="VALUE", says=says, section=WHICH) for name, says in FILTERS.items()),
    option("--id", "number", metavar="N", type=click.IntRange(min=1), section=WHICH, says=text("One record.")),
    option(
        "--details",
        is_flag=True,
        section=WHICH,
        says=text("One line a detail of a reception or consumption, instead of one a document."),
    ),
    option(
        "--fields",
        metavar="a,b",
        multiple=True,
        section=WHICH,
        says=text("Only these attributes, as the vendor's page names them."),
    ),
    option(
        "--expand",
        metavar="a,b",
        multiple=True,
        section=WHICH,
        says=text("Nested records to be told in full: office, variant, user, details, product."),
    ),
)


@command(
    "fetch",
    text(
        "WHAT is bsale.stocks, bsale.receptions, bsale.consumptions, bsale.consumption-types, bsale.offices, "
        "bsale.variants or tusfacturas.productos. All pages are read. The file named by -o is replaced, and only "
        "when everything was read. Nothing is sent."
    ),
    "etl fetch bsale.stocks -o stock.xlsx --officeid 1\n"
    "etl fetch bsale.receptions -o recepciones.csv --admissiondate 2026-03-31 --details",
)
@click.argument("what", metavar="WHAT")
@save_option(text("Where the list is written."), "-o", "--output", required=True, metavar="X.xlsx|X.csv")
@filter_options
@request_limit
@common_options
def fetch_command(ctx: click.Context) -> int:
    """Read a list and write it."""
    from etl.wanted import check_target, wanted_of  # noqa: PLC0415 - `--help` needs no vendor

    asked = Asked(ctx)
    listing, path, options = _listing(asked.value("what")), asked.value("output"), _options(asked)
    check_target(path)
    wanted_of(listing, options)  # wrong usage is said before anything slow is brought
    from etl.fetching import fetch, write_table  # noqa: PLC0415

    settings = asked.settings
    with asked.person(text("Reading")) as person:
        table = fetch(listing, options, settings, person)
    with writing(path):
        write_table(table, path, datetime.now(UTC))
    told = ntext("{count} record: {path}", "{count} records: {path}", len(table.records), path=str(path))
    lines = [translate(told, asked.language), *(_row_lines(table) if asked.rows else [])]
    data = {
        "what": listing.name,
        "output": str(path),
        "records": len(table.records),
        **_table_json(table, with_rows=asked.rows),
    }
    return show_answer(asked, data, [] if asked.quiet else lines)


def _listing(name: str) -> Listing:
    from etl.vendors import LISTINGS  # noqa: PLC0415 - `--help` needs no vendor

    if name not in LISTINGS:
        raise UsageError(text('there is no list "{name}". There are: {known}.', name=name, known=", ".join(LISTINGS)))
    return LISTINGS[name]


def _options(asked: Asked) -> FetchOptions:
    from etl.wanted import FetchOptions  # noqa: PLC0415

    filters = {name: value for name in FILTERS if (value := asked.value(name)) is not None}
    return FetchOptions(
        filters=filters,
        fields=_names(asked.value("fields")),
        expand=_names(asked.value("expand")),
        details=asked.value("details"),
        number=asked.value("number"),
        max_requests=asked.value("max_requests"),
    )


def _names(values: Sequence[str]) -> tuple[str, ...]:
    """Return names given one by one, with commas, or as the vendor's page writes them: ``[office,details]``."""
    parts = (part.strip() for value in values for part in value.strip("[]").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _table_json(table: Table, *, with_rows: bool) -> dict[str, Json]:
    columns = [
        {"field": column.name, "header": column.label, "column": column_letter(index)}
        for index, column in enumerate(table.columns)
    ]
    reads = {"planned": 0, "sent": 0, "reads": table.reads}
    told: dict[str, Json] = {"records": len(table.records), "columns": columns, "requests": reads}
    if with_rows:
        names = [column.name for column in table.columns]
        told["rows"] = [{name: _plain(record.get(name)) for name in names} for record in table.records]
    return told


def _plain(value: Json) -> Json:
    return value.isoformat() if isinstance(value, date) else value


def _row_lines(table: Table) -> list[str]:
    shown = [[record.get(column.name) for column in table.columns] for record in table.records]
    return ["\t".join("" if value is None else str(_plain(value)) for value in row) for row in shown]
