"""The list of commands: where each lives and what it does in one line."""

from __future__ import annotations

from dataclasses import dataclass

from etl.messages import Text, text


@dataclass(frozen=True, slots=True)
class Entry:
    """A command of the list: where it lives and what it does."""

    module: str
    does: Text


_SHEETS, _RUNS, _SERVICE = "etl.cli.sheets", "etl.cli.runs", "etl.cli.service"
_BATCH = "etl.cli.batch"

COMMANDS: dict[Text, dict[str, Entry]] = {
    text("Sheets"): {
        "validate": Entry(_SHEETS, text("Check a sheet: no network, no credentials.")),
        "run": Entry(_SHEETS, text("Check a sheet, show the plan, ask, and send it.")),
        "inspect": Entry(_SHEETS, text("Show what a sheet holds and propose a mapping.")),
        "template": Entry(_SHEETS, text("Write a blank workbook to fill in.")),
        "destinations": Entry(_SHEETS, text("List where sheets can go, with fields and rules.")),
        "fetch": Entry("etl.cli.fetched", text("Read a vendor's list into a workbook or a CSV file.")),
    },
    text("Runs"): {
        "resume": Entry(_RUNS, text("Go on with a run: look up what is due, send what was not sent.")),
        "reconcile": Entry(_RUNS, text("Look up uncertain rows; send nothing.")),
        "resolve": Entry(_RUNS, text("Record what you found out about uncertain rows.")),
        "runs": Entry(_RUNS, text("List the runs, newest first.")),
        "show": Entry(_RUNS, text("Show one run.")),
        "report": Entry(_RUNS, text("Write a run's results workbook again.")),
        "undo": Entry(_RUNS, text("Write a sheet that sets back what a run changed.")),
    },
    text("Scheduled"): {
        "batch": Entry(_BATCH, text("Do every job of a jobs file, unattended.")),
        "schedule": Entry(_BATCH, text("Print recipes that start a batch by itself.")),
    },
    text("Service"): {
        "demo": Entry(_SERVICE, text("Try it all on sample sheets and a simulated vendor.")),
        "doctor": Entry(_SERVICE, text("Check versions, folders, journal, credentials and reachability.")),
        "sandbox": Entry(_SERVICE, text("Simulate the vendors on this machine.")),
        "secret": Entry(_SERVICE, text("Store credentials.")),
    },
}
ENTRIES: dict[str, Entry] = {name: entry for entries in COMMANDS.values() for name, entry in entries.items()}
