"""Commands around the program: demo, doctor, sandbox, secret."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from etl.cli.asked import Asked
from etl.cli.command import TranslatedGroup, command, help_option, option
from etl.cli.listing import ENTRIES
from etl.cli.options import common_options
from etl.cli.output import show_answer, show_demo, show_step, tell
from etl.cli.terminal import Terminal
from etl.errors import UsageError
from etl.messages import text, translate

_PORT = 8787


@command(
    "demo", text("Needs no network, no credentials and no configuration. What it writes is in the folder etl-demo.")
)
@common_options
def demo_command(ctx: click.Context) -> int:
    """Run the sample sheets against the sandbox."""
    from etl.demo import choose_folder, run_demo  # noqa: PLC0415 - `--help` needs no pandas

    asked = Asked(ctx)
    nobody = Terminal(asked.language, quiet=True)
    shown = run_demo(
        choose_folder(Path.cwd()),
        asked.language,
        nobody,
        lambda step, report: show_step(asked, step.heading, report),
    )
    return show_demo(asked, shown)


@command("doctor", text("With --profile only these profiles (a,b): each vendor of theirs is read once, harmlessly."))
@common_options
def doctor_command(ctx: click.Context) -> int:
    """Examine the installation."""
    from etl.doctor import examine, told  # noqa: PLC0415

    asked = Asked(ctx)
    named = asked.value("profile") if asked.is_said("profile") else None
    checks = examine(lambda: asked.settings, os.environ, named)
    failed = any(check.failed for check in checks)
    data = {"checks": [check.to_json(asked.language) for check in checks]}
    return show_answer(asked, data, told(checks, asked.language), 4 if failed else 0)


@command(
    "sandbox",
    text("It listens on this machine only and forgets everything when it is stopped (Ctrl+C)."),
    "etl sandbox --port 8787",
)
@option(
    "--port", metavar="N", type=click.IntRange(0, 65535), default=_PORT, show_default=True, says=text("0: a free one.")
)
@option(
    "--orders",
    metavar="SECONDS",
    type=click.FloatRange(min=0.5),
    says=text("So often somebody buys one of everything at Justo and at Bsale, and the stock falls."),
)
@common_options
def sandbox_command(ctx: click.Context) -> int:
    """Serve the simulated vendors until a signal."""
    from etl.sandbox import DEMO_CREDENTIALS, Sandbox, serve  # noqa: PLC0415

    asked = Asked(ctx)

    def announce(sandbox: Sandbox) -> None:
        variables = {f"ETL_{name}_URL".upper(): sandbox.url(name) for name in sandbox.vendors}
        for vendor, secrets in DEMO_CREDENTIALS.items():
            variables |= {f"ETL_{vendor}_{name}".upper(): value for name, value in secrets.items()}
        heading = text("The vendors are simulated at {address}. In another terminal:", address=sandbox.root)
        lines = [translate(heading, asked.language), *(_assignment(*pair) for pair in variables.items())]
        show_answer(asked, {"address": sandbox.root, "variables": variables}, lines)
        sys.stdout.flush()

    try:
        serve(asked.value("port"), announce, orders_every=asked.value("orders"))
    except OSError as error:
        raise UsageError(
            text("Port {port} cannot be used: {why}.", port=asked.value("port"), why=error.strerror or str(error)),
            hint=text("Give another with --port; 0 takes a free one."),
        ) from error
    return 0


def _assignment(name: str, value: str) -> str:
    return f'$env:{name} = "{value}"' if sys.platform == "win32" else f"export {name}={value}"


secret_command = TranslatedGroup("secret", does=ENTRIES["secret"].does)


@command(
    "set",
    text(
        "Each credential is asked for and not shown, then kept in the system's keyring or, where there is none, "
        "in a file that only you can read. Without a terminal they are read from standard input, one a line."
    ),
    "etl secret set default tusfacturas",
    does=text("Store the credentials of a profile for a vendor."),
)
@click.argument("for_profile", metavar="PROFILE")
@click.argument("vendor", metavar="VENDOR")
@common_options
def set_command(ctx: click.Context) -> int:
    """Ask for credentials and store them."""
    from etl.io.secrets import store  # noqa: PLC0415
    from etl.vendors import VENDORS  # noqa: PLC0415

    asked = Asked(ctx)
    profile, name = asked.value("for_profile"), asked.value("vendor")
    if name not in VENDORS:
        raise UsageError(text('there is no vendor "{name}". There are: {known}.', name=name, known=", ".join(VENDORS)))
    home = asked.settings.home
    values = {secret: _asked_for(asked, f"{profile}.{name}.{secret}") for secret in VENDORS[name].secrets}
    stored = {secret: store(profile, name, secret, value, home=home) for secret, value in values.items()}
    tell(
        [text("Stored. The profile {profile} finds them by itself; in etl.toml they can be named:", profile=profile)],
        asked,
    )
    lines = [f"[profiles.{profile}.{name}]", *(f'{secret} = "{reference}"' for secret, reference in stored.items())]
    return show_answer(asked, {"profile": profile, "vendor": name, "references": stored}, lines)


help_option()(secret_command)
secret_command.add_command(set_command)


def _asked_for(asked: Asked, what: str) -> str:
    """Read one credential: hidden on a terminal, else the next line of standard input. UsageError without one."""
    if sys.stdin.isatty():
        value: str = click.prompt(
            translate(text("{what} (not shown)", what=what), asked.language), hide_input=True, err=True
        )
    else:
        value = sys.stdin.readline()
    if not value.strip():
        raise UsageError(text("{what} is empty; nothing was stored.", what=what))
    return value.strip()
