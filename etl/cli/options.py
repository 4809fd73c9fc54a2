"""The options of the command line, declared once, and how their values are understood."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import click

from etl.cli.command import Decorator, grouped, help_option, option, setting_of
from etl.core.row_names import ref_of
from etl.messages import Text, text, translate
from etl.model import Outcome

READING = text("Reading and mapping")
OUTPUT = text("Results and policy")
SENDING = text("Sending")
HISTORY = text("Which runs")
_LAST_EXCEL_ROW = 1_048_576
_PATH = click.Path(path_type=Path)


def _wrong(ctx: click.Context, parameter: click.Parameter, message: Text) -> click.BadParameter:
    return click.BadParameter(translate(message, setting_of(ctx).language), ctx=ctx, param=parameter)


def _maps(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Split ``HEADER=field`` at the last sign: a header may hold one, a field never does."""
    pairs = []
    for value in values:
        header, sign, name = (part.strip() for part in value.rpartition("="))
        if not (header and sign and name):
            raise _wrong(
                ctx, parameter, text('"{value}" is not HEADER=field, as in "Price=precio_con_iva".', value=value)
            )
        pairs.append((header, name))
    return tuple(pairs)


def _constants(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Split ``field=value`` at the first sign: a value may hold one. Saying a field twice is a mistake."""
    pairs: dict[str, str] = {}
    for value in values:
        name, sign, constant = (part.strip() for part in value.partition("="))
        if not (name and sign):
            raise _wrong(ctx, parameter, text('"{value}" is not field=value, as in "operacion=A".', value=value))
        if pairs.get(name, constant) != constant:
            raise _wrong(ctx, parameter, text("{field} is given two values.", field=name))
        pairs[name] = constant
    return tuple(pairs.items())


def _rows(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[int, ...]:
    """Read row numbers and ranges, ``12-61,70,+1``, into ascending references; ``+1`` is the first added row."""
    numbers: set[int] = set()
    for part in ",".join(values).split(",") if values else ():
        if part.strip().startswith("+") and (added := ref_of(part)) is not None:
            numbers.add(added)
            continue
        found = re.fullmatch(r"\s*([0-9]{1,7})\s*(?:-\s*([0-9]{1,7})\s*)?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last <= _LAST_EXCEL_ROW:
            raise _wrong(
                ctx, parameter, text('"{part}" is no row or range of rows, as in 12-61,70.', part=part.strip())
            )
        numbers.update(range(first, last + 1))
    return tuple(sorted(numbers))


def _destination(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Check the destination's name against the registry, which is imported only when a name is given."""
    if value is None:
        return None
    from etl.vendors import DESTINATIONS  # noqa: PLC0415 - `etl --help` needs no vendor

    if value not in DESTINATIONS:
        known = ", ".join(DESTINATIONS)
        raise _wrong(
            ctx, parameter, text('there is no destination "{name}". There are: {known}.', name=value, known=known)
        )
    return value


def _day(ctx: click.Context, parameter: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _wrong(ctx, parameter, text('"{value}" is no date, as in 2026-12-25.', value=value)) from None


def file_argument() -> Decorator:
    """Return the sheet's file; that it exists is the reader's to say."""
    adds: Decorator = click.argument("file", metavar="FILE", type=_PATH)
    return adds


def run_argument(*, required: bool = True) -> Decorator:
    """Return RUN: an id, a unique prefix, ``last`` or a results workbook."""
    adds: Decorator = click.argument("run", metavar="RUN" if required else "[RUN]", required=required)
    return adds


def destination_argument(*, required: bool = True) -> Decorator:
    """Return DEST as an argument."""
    adds: Decorator = click.argument(
        "to", metavar="DEST" if required else "[DEST]", required=required, callback=_destination
    )
    return adds


def save_option(says: Text, *names: str, required: bool = False, metavar: str = "X.xlsx") -> Decorator:
    """Return the option that names a file to write."""
    return option(*names, metavar=metavar, type=_PATH, required=required, says=says, section=OUTPUT)


to_option = option(
    "--to",
    metavar="DEST",
    callback=_destination,
    section=READING,
    says=text(
        "Where the sheet goes, as `etl destinations` lists it. A mapping, a template or a results workbook says it too."
    ),
)

reading_options = grouped(
    to_option,
    option("--sheet", metavar="NAME", section=READING, says=text("The workbook's sheet, when it has several.")),
    option(
        "--header-row",
        metavar="N",
        type=click.IntRange(1, _LAST_EXCEL_ROW),
        section=READING,
        says=text("The row with the headers, as Excel numbers it."),
    ),
    option(
        "--map",
        "maps",
        metavar='"HEADER=field"',
        multiple=True,
        callback=_maps,
        section=READING,
        says=text('Which field a column feeds; "@C=field" names the column by its letter. Can be given many times.'),
    ),
    option(
        "--mapping", metavar="M.toml", type=_PATH, section=READING, says=text("A mapping kept by `etl inspect --save`.")
    ),
    option(
        "--set",
        "constants",
        metavar="field=value",
        multiple=True,
        callback=_constants,
        section=READING,
        says=text("The value of a field whose column is absent or whose cell is blank. Can be given many times."),
    ),
    option(
        "--decimal",
        type=click.Choice(["auto", "comma", "point"]),
        section=READING,
        says=text("The decimal sign of numbers written as text: 1.234 is 1234 with comma."),
    ),
    option(
        "--encoding", metavar="auto|NAME", default="auto", section=READING, says=text("The encoding of a CSV file.")
    ),
    option(
        "--round",
        is_flag=True,
        section=READING,
        says=text("Round numbers with too many decimals, half to even, and list them."),
    ),
    option(
        "--hidden",
        type=click.Choice(["include", "skip"]),
        section=READING,
        says=text("What becomes of hidden and filtered rows."),
    ),
    option("--allow-legacy", is_flag=True, section=READING, says=text("Read .xls, .xlsb and .ods files too.")),
)

results_options = grouped(
    save_option(text("The results workbook; without it, beside the file."), "--results"),
    option("--no-results", is_flag=True, section=OUTPUT, says=text("Write no results workbook.")),
)

policy_options = grouped(
    results_options,
    option(
        "--annotate",
        is_flag=True,
        section=OUTPUT,
        says=text("Also write NAME.anotado.xlsx: a copy of the workbook itself, its wrong cells filled and commented."),
    ),
    option(
        "--duplicates",
        type=click.Choice(["error", "sum", "first", "last"]),
        section=OUTPUT,
        says=text("What to do with rows that have the same key: refuse them, add them up, keep the first or the last."),
    ),
    option("--strict", is_flag=True, section=OUTPUT, says=text("Send nothing when any row is invalid.")),
)

request_limit = option(
    "--max-requests",
    metavar="N",
    type=click.IntRange(min=0),
    section=SENDING,
    says=text("Stop before the vendor has had more than N requests, look-ups included."),
)

waiting_options = grouped(
    request_limit,
    option(
        "--wait",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        default=0.0,
        section=SENDING,
        says=text("How long to wait for an account that another run is using."),
    ),
)

sending_options = grouped(
    waiting_options,
    option(
        "--only-changed",
        is_flag=True,
        section=SENDING,
        says=text("Leave out the rows that equal what the vendor has."),
    ),
    option(
        "--only-new",
        is_flag=True,
        section=SENDING,
        says=text("Send only the rows that no run of the last 7 days sent already."),
    ),
    option(
        "--retry-rejected",
        is_flag=True,
        section=SENDING,
        says=text("Also send rows that the vendor refused and nobody changed since."),
    ),
    option(
        "--again",
        is_flag=True,
        section=SENDING,
        says=text("Send all of it once more, although it was sent already. Stock is moved a second time."),
    ),
    option(
        "--confirm",
        metavar="CODE",
        multiple=True,
        section=SENDING,
        says=text("Let a guard pass that stopped the sheet; it names its code."),
    ),
    option(
        "--key",
        metavar="FIELD",
        section=SENDING,
        says=text("Which identifier is sent where a row has several: variantId, code or barCode."),
    ),
    option(
        "--partial-documents",
        is_flag=True,
        section=SENDING,
        says=text("Send the good lines of a document without its bad ones."),
    ),
)

decision_options = grouped(
    option(
        "--row",
        "rows_decided",
        metavar="12-61,70",
        multiple=True,
        callback=_rows,
        section=SENDING,
        says=text("The uncertain rows that were looked up, as Excel numbers them; +1 is the first row you added."),
    ),
    option("--applied", is_flag=True, section=SENDING, says=text("They did reach the vendor: they count as accepted.")),
    option("--resend", is_flag=True, section=SENDING, says=text("They did not: `etl resume` sends them again.")),
    option("--why", metavar="TEXT", section=SENDING, says=text("How that is known; kept with the run.")),
    option(
        "--from",
        "decided_in",
        metavar="RESULTS.xlsx",
        type=_PATH,
        section=SENDING,
        says=text("A results workbook whose sheet of uncertain rows was filled in."),
    ),
)

history_options = grouped(
    option("--to", metavar="DEST", callback=_destination, section=HISTORY, says=text("Only runs to this destination.")),
    option(
        "--outcome",
        "outcomes",
        type=click.Choice([outcome.value for outcome in Outcome]),
        multiple=True,
        section=HISTORY,
        says=text("Only runs with rows that ended so. Can be given many times."),
    ),
    option("--since", metavar="DATE", callback=_day, section=HISTORY, says=text("Only runs from this day on.")),
    option("--until", metavar="DATE", callback=_day, section=HISTORY, says=text("Only runs up to this day.")),
)

common_options = grouped(
    option("--yes", is_flag=True, says=text("Answer the question before sending with yes.")),
    option("--json", is_flag=True, says=text("Print one JSON object on standard output.")),
    option("--rows", is_flag=True, says=text("Show every row, not only the counts.")),
    option(
        "--lang",
        type=click.Choice(["es", "en"]),
        envvar="ETL_LANG",
        says=text("The language of messages and workbooks."),
    ),
    option("-q", "--quiet", is_flag=True, says=text("Say only what went wrong.")),
    option("-v", "--verbose", count=True, says=text("Say more: every finding, every step.")),
    option("--no-progress", is_flag=True, says=text("Show no progress bar.")),
    option(
        "--profile",
        metavar="NAME",
        envvar="ETL_PROFILE",
        says=text("The company whose credentials and settings are used."),
    ),
    option(
        "--config",
        metavar="X.toml",
        type=_PATH,
        envvar="ETL_CONFIG",
        says=text("The configuration file; otherwise etl.toml of this folder or of the user."),
    ),
    help_option(),
)
