"""Says what a checked sheet would send, and which guards would fire, without making an item or a request of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from etl.core.guards import Alarm
from etl.core.planning import group_of, plan
from etl.core.row_values import among, counted, numbers_at_zero, numbers_of, values_of
from etl.core.thresholds import Thresholds
from etl.guarding import alarms
from etl.options import SendOptions, SheetOptions
from etl.plans import Outline, Plan, held_documents, invalid_rows, strictly_held
from etl.vendors.base import Destination

if TYPE_CHECKING:
    from etl.intake import Intake


def outline(intake: Intake, destination: Destination, options: SheetOptions) -> Outline:
    """Return what `first_plan` comes to where nothing was read of the vendor and no option chooses what is sent."""
    rows, merged = intake.checked.rows, intake.checked.merged
    bad = invalid_rows(intake)
    held, findings = held_documents(rows, bad, intake, destination, SendOptions())
    if options.strict and bad:
        going = (row for number in numbers_of(rows) for row in merged.get(number, (number,)))
        return Outline({}, 0, {**dict.fromkeys(going, strictly_held()), **held}, findings=findings)
    planned = _items_by_group(intake, destination, held)
    requests = {
        group: 1 if destination.indivisible(group) else -(-count // destination.batch_limit)
        for group, count in planned.items()
    }
    carried = sum(len(together) - 1 for number, together in merged.items() if number not in held)
    return Outline(requests, planned.total() + carried, held, findings=findings)


def _items_by_group(intake: Intake, destination: Destination, held: Collection[int]) -> Counter[str]:
    """Return how many items each group would have."""
    rows, names = intake.checked.rows, destination.group_fields
    if held:
        pairs = zip(numbers_of(rows), values_of(rows, names), strict=True)
        found = Counter(values for number, values in pairs if number not in held)
    else:
        found = counted(rows, names)
    groups: Counter[str] = Counter()
    for values, count in found.items():
        given = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        groups[group_of(given, destination)] += count
    return groups


def foreseen_alarms(
    intake: Intake, destination: Destination, outlined: Outline, thresholds: Thresholds
) -> tuple[Alarm, ...]:
    """Return the guards that fire where nothing is known of what the vendor has: only a price of 0 does then."""
    price = destination.watched.price
    if price is None or not outlined.requests:
        return ()
    rows = intake.checked.rows
    zeros = numbers_at_zero(rows, price)
    at_zero = [row for row in among(rows, zeros) if row.number not in outlined.held] if zeros else []
    order = list(outlined.requests)
    at_zero.sort(key=lambda row: order.index(group_of(row.values, destination)) if len(order) > 1 else 0)
    return alarms(Plan(plan(at_zero, intake.checked.merged, destination)), intake, destination, thresholds, ())
