"""What a command line asked for, as the plain values that the pipeline reads."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from etl.cli.command import Setting, setting_of
from etl.cli.language import speak
from etl.cli.terminal import SENDING, Terminal
from etl.errors import UsageError
from etl.messages import Text, text
from etl.options import Decision, HistoryFilter, OutputOptions, SendOptions, SheetOptions

if TYPE_CHECKING:
    from etl.settings import Settings


class Asked:
    """One command line: the common options as attributes, the others through the methods that name their group."""

    def __init__(self, ctx: click.Context) -> None:
        values = ctx.params
        self.setting: Setting = setting_of(ctx)
        self.command = ctx.command.name or ""
        self.rows = bool(values.get("rows"))
        self.json = bool(values.get("json"))
        self.quiet = bool(values.get("quiet"))
        self.verbose = int(values.get("verbose") or 0)
        self._values = values
        self._said = {name for name in values if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}

    def is_said(self, name: str) -> bool:
        """Whether an option stands on the command line itself, and not in a variable."""
        return name in self._said

    def value(self, name: str) -> Any:
        """Return the value of an option or argument that only one command has."""
        return self._values[name]

    @cached_property
    def settings(self) -> Settings:
        """The configuration. Its language holds from now on, unless the command line names one."""
        from etl.settings import load_settings  # noqa: PLC0415 - `etl --help` needs no configuration

        settings = load_settings(
            config=self._values["config"],
            profile=self._values["profile"],
            language=self._values["lang"],
            environ=os.environ,
            cwd=Path.cwd(),
        )
        self.setting.language, self.setting.home = settings.language, settings.home
        speak(settings.language)
        return settings

    def use_configured_language(self) -> str:
        """Read the configuration for its language alone, and return that."""
        return self.settings.language

    @property
    def language(self) -> str:
        """The language of messages and workbooks."""
        return self.setting.language

    def person(self, doing: Text = SENDING) -> Terminal:
        """Return whoever is to be told and asked; `doing` stands beside a progress bar."""
        return Terminal(self.language, quiet=self.quiet, bar=not self._values["no_progress"], doing=doing)

    def sheet(self) -> SheetOptions:
        """Return the options of reading, mapping and validating."""
        values = self._values
        return SheetOptions(
            file=values["file"],
            to=values["to"],
            sheet=values["sheet"],
            header_row=values["header_row"],
            maps=values["maps"],
            mapping=values["mapping"],
            constants=values["constants"],
            decimal=values["decimal"],
            encoding=values["encoding"],
            round=values["round"] or None,
            hidden=values["hidden"],
            allow_legacy=values["allow_legacy"],
            duplicates=values.get("duplicates"),
            strict=values.get("strict", False),
            zone_of=self.settings.zone_of,
            typed=self.setting.typed,
            guards_of=self.settings.guards_of,
        )

    def output(self) -> OutputOptions:
        """Return where results go; UsageError when they are both wanted and unwanted."""
        results, unwanted = self._values.get("results"), self._values.get("no_results", False)
        if results is not None and unwanted:
            raise UsageError(text("--results and --no-results cannot stand together."))
        return OutputOptions(
            results=results,
            write_results=not unwanted,
            annotate=self._values.get("annotate", False),
            language=self.language,
            fallback=self.settings.home / "results",
        )

    def send(self) -> SendOptions:
        """Return how a run is sent; what a command has no option for keeps its default."""
        values = self._values
        if values.get("payloads") is not None and not values["dry_run"]:
            raise UsageError(text("--payloads belongs to --dry-run: it shows what would be sent."))
        if values.get("read") and not values["dry_run"]:
            raise UsageError(text("--read belongs to --dry-run: a run reads what it needs anyway."))
        return SendOptions(
            dry_run=values.get("dry_run", False),
            payloads=values.get("payloads"),
            yes=values["yes"],
            again=values.get("again", False),
            only_new=values.get("only_new", False),
            only_changed=values.get("only_changed", False),
            read=values.get("read", False),
            confirm=tuple(values.get("confirm", ())),
            key=values.get("key"),
            partial_documents=values.get("partial_documents", False),
            retry_rejected=values.get("retry_rejected", False),
            max_requests=values["max_requests"],
            wait=values["wait"],
        )

    def history(self) -> HistoryFilter:
        """Return which runs are wanted; days are those of this machine."""
        values = self._values
        named = values["profile"] if self.is_said("profile") else None
        since, until = values["since"], values["until"]
        return HistoryFilter(
            profiles=tuple(name.strip() for name in named.split(",")) if named else (),
            to=values["to"],
            outcomes=values["outcomes"],
            since=None if since is None else _midnight(since),
            until=None if until is None else _midnight(until + timedelta(days=1)),
        )

    def decisions(self) -> list[Decision] | Path:
        """Return an operator's word on uncertain rows: given here, or the workbook in which it was filled in."""
        values = self._values
        here = bool(values["rows_decided"] or values["applied"] or values["resend"] or values["why"])
        if values["decided_in"] is not None:
            if here:
                raise UsageError(
                    text("--from stands alone: the workbook says which rows, what became of them and why.")
                )
            return Path(values["decided_in"])
        if not values["rows_decided"] or not values["why"] or values["applied"] == values["resend"]:
            raise UsageError(
                text(
                    "Give --row, one of --applied and --resend, and --why; or --from with a filled-in results workbook."
                )
            )
        return [Decision(rows=values["rows_decided"], applied=values["applied"], why=values["why"])]


def _midnight(day: date) -> datetime:
    """Return when a day begins on this machine."""
    return datetime.combine(day, time()).astimezone()
