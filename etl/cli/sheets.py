"""Commands about sheets: validate, run, inspect, template, destinations."""

from __future__ import annotations

from pathlib import Path

import click

from etl.cli.asked import Asked
from etl.cli.command import command, option
from etl.cli.options import (
    READING,
    SENDING,
    common_options,
    destination_argument,
    file_argument,
    policy_options,
    reading_options,
    save_option,
    sending_options,
)
from etl.cli.output import show_answer, show_report, writing
from etl.messages import text, translate


@command(
    "validate",
    text(
        "Every problem is found in one pass and shown with its cell; NAME.validacion.xlsx is written beside the file."
    ),
    "etl validate productos.xlsx --to tusfacturas.productos --set operacion=A",
)
@file_argument()
@reading_options
@policy_options
@common_options
def validate_command(ctx: click.Context) -> int:
    """Check a sheet."""
    from etl.pipeline import validate_file  # noqa: PLC0415 - `--help` needs no pandas

    asked = Asked(ctx)
    asked.use_configured_language()
    with asked.person() as person:
        report = validate_file(asked.sheet(), asked.output(), person)
    return show_report(asked, report)


@command(
    "run",
    text(
        "Valid rows are sent, others come back with their reasons in NAME.resultados.xlsx, beside the file. "
        "A results workbook is a valid FILE too: its sheet Reenviar is sent."
    ),
    "etl run stock.xlsx --to tusfacturas.stock --set operacion=A --dry-run\n"
    "etl run stock.xlsx --to tusfacturas.stock --set operacion=A",
)
@file_argument()
@reading_options
@policy_options
@option("--dry-run", is_flag=True, says=text("Do everything up to the wire, and send nothing."), section=SENDING)
@option(
    "--payloads",
    metavar="DIR",
    type=click.Path(path_type=Path),
    says=text("With --dry-run: write the body of each request, without credentials, into this folder."),
    section=SENDING,
)
@option(
    "--read",
    is_flag=True,
    says=text("With --dry-run: read from the vendor what the run would read, and show what would change."),
    section=SENDING,
)
@sending_options
@common_options
def run_command(ctx: click.Context) -> int:
    """Check, plan, ask, send and report."""
    from etl.pipeline import run_file  # noqa: PLC0415

    asked = Asked(ctx)
    settings = asked.settings
    with asked.person() as person:
        report = run_file(asked.sheet(), asked.output(), asked.send(), settings, person)
    return show_report(asked, report)


@command(
    "template",
    text("It has drop-downs, limits and an example row. The file named by -o is replaced."),
    "etl template tusfacturas.productos -o productos.xlsx",
)
@destination_argument()
@save_option(text("Where the template is written."), "-o", "--output", required=True)
@common_options
def template_command(ctx: click.Context) -> int:
    """Write a blank workbook."""
    from etl.io.workbook.template import write_template  # noqa: PLC0415 - XlsxWriter
    from etl.vendors import DESTINATIONS  # noqa: PLC0415

    asked = Asked(ctx)
    language = asked.use_configured_language()
    with writing(asked.value("output")):
        path = write_template(DESTINATIONS[asked.value("to")], asked.value("output"), language)
    return show_answer(asked, {"to": asked.value("to"), "template": str(path)}, [str(path)])


@command("destinations", examples="etl destinations\netl destinations tusfacturas.stock")
@destination_argument(required=False)
@common_options
def destinations_command(ctx: click.Context) -> int:
    """List destinations, or one with its fields and rules."""
    from etl.cli.fields import destination_json, destination_lines  # noqa: PLC0415 - the vendors
    from etl.vendors import DESTINATIONS  # noqa: PLC0415

    asked = Asked(ctx)
    language = asked.use_configured_language()
    chosen = [asked.value("to")] if asked.value("to") else list(DESTINATIONS)
    lines: list[str] = []
    for name in chosen:
        lines += [*destination_lines(DESTINATIONS[name], language), ""]
    return show_answer(
        asked, {"destinations": [destination_json(DESTINATIONS[name], language) for name in chosen]}, lines
    )


@command(
    "inspect",
    text("Nothing is sent and nothing is changed. What --save keeps is used again with --mapping."),
    "etl inspect lista.xlsx --to tusfacturas.productos --save lista.toml",
)
@file_argument()
@reading_options
@option(
    "--save", metavar="M.toml", type=click.Path(path_type=Path), says=text("Keep the mapping here."), section=READING
)
@common_options
def inspect_command(ctx: click.Context) -> int:
    """Show what a sheet holds."""
    from etl.cli.inspected import inspected_json, inspected_lines  # noqa: PLC0415 - pandas
    from etl.inspection import inspect_file  # noqa: PLC0415
    from etl.mappings import save_mapping  # noqa: PLC0415

    asked = Asked(ctx)
    language, target = asked.use_configured_language(), asked.value("save")
    seen = inspect_file(asked.sheet(), asked.value("profile"))
    lines = inspected_lines(seen, language)
    if target is not None:
        with writing(target):
            save_mapping(seen.mapping, target)
        lines += [translate(text("Kept in {path}. Look at it, then: --mapping {path}", path=str(target)), language)]
    saved = None if target is None else str(target)
    return show_answer(asked, {**inspected_json(seen, language), "mapping": saved}, lines)
