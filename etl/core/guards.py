"""Decides which changes look like a mistake before anything is sent: facts in, alarms out; nobody is asked here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from etl.core.changes import Changed
from etl.core.plain_text import plain
from etl.core.thresholds import LIMITS, SWITCHES, Thresholds
from etl.messages import Text, ntext
from etl.model import Json
from etl.vendors.answers import number_of
from etl.vendors.base import Catalogue, Watched

TAX = Decimal("1.21")
"""What a price is multiplied with when the usual tax is put in twice; a row's own rate counts as well."""
TOLERANCE = Decimal("0.004")
"""How far a ratio of two prices may be from a factor: prices are rounded to whole units."""
MOST_EXAMPLES = 5

GUARDS = (*SWITCHES, *LIMITS)
"""Every guard's code, in the order in which they are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one item would do."""

    rows: tuple[int, ...]
    """The rows that it stands for, by their number in the sheet."""
    label: str
    """How the person knows it: its key."""
    group: str
    after: Mapping[str, Json]
    """What would be sent."""
    before: Mapping[str, Json] | None = None
    """What the vendor has now; None when there is nothing, or when nobody looked."""
    changes: Mapping[str, Changed] = field(default_factory=dict)
    """By field, what would be set to another value (`core.changes`)."""
    units: Decimal | None = None
    """The stock before a movement, where it was read."""


@dataclass(frozen=True, slots=True)
class Change:
    """One suspicious value: what stands there and what would come."""

    rows: tuple[int, ...]
    label: str
    field: str
    """The field whose cell is to be looked at."""
    old: str
    new: str
    thing: str | None = None
    """What changes, where it is not the field itself."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A guard that fired: its code, what it found, and the changes it is about."""

    code: str
    message: Text
    changes: tuple[Change, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows it is about, in the order of the plan."""
        return tuple(row for change in self.changes for row in change.rows)

    @property
    def examples(self) -> tuple[Change, ...]:
        """The first changes, to be shown with the question."""
        return self.changes[:MOST_EXAMPLES]


def judge(
    proposals: Sequence[Proposal], watched: Watched, thresholds: Thresholds, catalogue: Catalogue | None = None
) -> tuple[Alarm, ...]:
    """Return the guards that fire, each once, in the order of `GUARDS`.

    Nothing fires on what is not known: without `before` only a price of 0 does. Guards that `thresholds` turn off stay
    silent.
    """
    found = [
        *_prices(proposals, watched, thresholds),
        *_stocks(proposals, watched, thresholds),
        *_lists(proposals, watched, catalogue),
        *_catalogue(proposals, watched, thresholds, catalogue),
    ]
    kept = [alarm for alarm in found if thresholds.watches(alarm.code)]
    return tuple(sorted(kept, key=lambda alarm: GUARDS.index(alarm.code)))


# --- prices --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Price:
    """An old and a new price of one thing, both known and neither 0, in one currency."""

    change: Change
    ratio: Decimal
    tax: Decimal | None
    """1 and the row's own rate of tax, where it bears one."""

    def is_times(self, factor: Decimal) -> bool:
        """Whether the new price is the old one multiplied with the factor, or divided by it."""
        return any(abs(ratio / factor - 1) <= TOLERANCE for ratio in (self.ratio, 1 / self.ratio))

    def is_taxed(self) -> bool:
        return self.is_times(TAX) or (self.tax is not None and self.is_times(self.tax))


def _prices(proposals: Sequence[Proposal], watched: Watched, thresholds: Thresholds) -> Iterator[Alarm]:
    if watched.price is None:
        return
    yield from _zero_prices(proposals, watched.price)
    known = list(_compared(proposals, watched, watched.price))
    explained: set[int] = set()
    for code, matches, told in _FACTORS:
        matching = [price for price in known if matches(price)]
        if thresholds.watches(code) and _are_many(matching, known, thresholds, code):
            explained.update(id(price) for price in matching)
            yield Alarm(code, told(len(matching), len(known)), tuple(price.change for price in matching))
    limit = thresholds.limits["price_jump"]
    jumps = [price.change for price in known if id(price) not in explained and abs(price.ratio - 1) * 100 > limit]
    jumps += _other_currencies(proposals, watched, watched.price)
    if jumps:
        message = ntext(
            "{count} price changes by more than {limit}%",
            "{count} prices change by more than {limit}%",
            len(jumps),
            limit=_plain(limit),
        )
        yield Alarm("price_jump", message, tuple(jumps))


def _zero_prices(proposals: Sequence[Proposal], price: str) -> Iterator[Alarm]:
    zeros = [
        _change(proposal, price)
        for proposal in proposals
        if _number(proposal.after.get(price)) == 0 and _number((proposal.before or {}).get(price)) != 0
    ]
    if zeros:
        message = ntext("{count} price would be 0", "{count} prices would be 0", len(zeros))
        yield Alarm("price_zero", message, tuple(zeros))


def _compared(proposals: Iterable[Proposal], watched: Watched, name: str) -> Iterator[_Price]:
    for proposal in proposals:
        before = proposal.before
        if not before:
            continue
        new, old = _number(proposal.after.get(name)), _number(before.get(name))
        if new and old and not _other_currency(proposal, watched):
            rate = _number(proposal.after.get(watched.tax_rate or "")) or _number(before.get(watched.tax_rate or ""))
            tax = 1 + rate / 100 if rate is not None and rate > 0 else None
            yield _Price(_change(proposal, name), new / old, tax)


def _other_currencies(proposals: Iterable[Proposal], watched: Watched, price: str) -> Iterator[Change]:
    """Yield prices that would stand in another currency: whatever the numbers are, that is another price."""
    for proposal in proposals:
        if watched.currency is None or not _other_currency(proposal, watched):
            continue
        old, new = proposal.before or {}, proposal.after
        if not _number(old.get(price)) or not _number(new.get(price, old.get(price))):
            continue
        both = [f"{_shown(one.get(price, old.get(price)))} {_shown(one[watched.currency])}" for one in (old, new)]
        yield Change(proposal.rows, proposal.label, price, *both)


def _are_many(matching: Sequence[_Price], known: Sequence[_Price], thresholds: Thresholds, code: str) -> bool:
    """Whether so many prices match that it is no accident: a share of those compared, or most of those that change."""
    if len(known) < thresholds.least_rows:
        return False
    changing = sum(price.ratio != 1 for price in known)
    most = len(matching) >= thresholds.least_rows and len(matching) * 2 > changing
    return most or len(matching) * 100 > thresholds.limits[code] * len(known)


def _hundredfold(count: int, total: int) -> Text:
    return ntext(
        "{count} of {total} prices is 100 times the old one, or a hundredth of it: decimals may have been misread",
        "{count} of {total} prices are 100 times the old ones, or a hundredth of them: decimals may have been misread",
        count,
        total=total,
    )


def _tenfold(count: int, total: int) -> Text:
    return ntext(
        "{count} of {total} prices is 10 times the old one, or a tenth of it: decimals may have been misread",
        "{count} of {total} prices are 10 times the old ones, or a tenth of them: decimals may have been misread",
        count,
        total=total,
    )


def _taxed(count: int, total: int) -> Text:
    return ntext(
        "{count} of {total} prices differs from the old one by just the tax: it may be in the price twice, or taken "
        "off twice",
        "{count} of {total} prices differ from the old ones by just the tax: it may be in the prices twice, or taken "
        "off twice",
        count,
        total=total,
    )


_FACTORS: tuple[tuple[str, Callable[[_Price], bool], Callable[[int, int], Text]], ...] = (
    ("price_times_100", lambda price: price.is_times(Decimal(100)), _hundredfold),
    ("price_times_10", lambda price: price.is_times(Decimal(10)), _tenfold),
    ("price_tax_twice", _Price.is_taxed, _taxed),
)


# --- stock ---------------------------------------------------------------------------------------------------------


def _stocks(proposals: Sequence[Proposal], watched: Watched, thresholds: Thresholds) -> Iterator[Alarm]:
    if watched.stock is not None:
        yield from _emptied(proposals, watched.stock, thresholds)
    if watched.taken is not None:
        group, quantity = watched.taken
        below = [
            Change(one.rows, one.label, quantity, _plain(one.units), _plain(one.units - take), "stock")
            for one in proposals
            if one.group == group
            and one.units is not None
            and (take := _number(one.after.get(quantity))) is not None
            and one.units - take < 0
        ]
        if below:
            message = ntext(
                "{count} movement would leave a stock below 0", "{count} movements would leave a stock below 0",
                len(below),
            )  # fmt: skip
            yield Alarm("stock_below_zero", message, tuple(below))


def _emptied(proposals: Sequence[Proposal], stock: str, thresholds: Thresholds) -> Iterator[Alarm]:
    known = [one for one in proposals if _number((one.before or {}).get(stock)) is not None and stock in one.after]
    emptied = [one for one in known if _number(one.after[stock]) == 0 and _number((one.before or {})[stock]) != 0]
    if len(known) < thresholds.least_rows or len(emptied) * 100 <= thresholds.limits["stock_to_zero"] * len(known):
        return
    message = ntext(
        "{count} of {total} known stocks is set to 0",
        "{count} of {total} known stocks are set to 0",
        len(emptied),
        total=len(known),
    )
    yield Alarm("stock_to_zero", message, tuple(_change(one, stock) for one in emptied))


# --- the catalogue as a whole --------------------------------------------------------------------------------------


def _lists(proposals: Sequence[Proposal], watched: Watched, catalogue: Catalogue | None) -> Iterator[Alarm]:
    """Yield the price lists that would come into being beside others, as far as what was read tells."""
    name = watched.price_list
    if name is None:
        return
    there = {_shown(one.after[name]) for one in proposals if one.before and name in one.after}
    there |= catalogue.price_lists if catalogue is not None else set()
    new = [one for one in proposals if not one.before and name in one.after and _shown(one.after[name]) not in there]
    if not there or not new:
        return
    names = list(dict.fromkeys(_shown(one.after[name]) for one in new))
    told = _new_lists if catalogue is not None and catalogue.whole else _unseen_lists
    message = told(len(names), _listed(names), _listed(sorted(there)))
    yield Alarm("new_price_list", message, tuple(_change(one, name) for one in new))


def _new_lists(count: int, names: str, there: str) -> Text:
    return ntext(
        "{count} price list would be new: {names}. There are: {there}",
        "{count} price lists would be new: {names}. There are: {there}",
        count,
        names=names,
        there=there,
    )


def _unseen_lists(count: int, names: str, there: str) -> Text:
    return ntext(
        "{count} price list may be new: of {names} no product was found, while there are some of {there}",
        "{count} price lists may be new: of {names} no product was found, while there are some of {there}",
        count,
        names=names,
        there=there,
    )


def _catalogue(
    proposals: Sequence[Proposal], watched: Watched, thresholds: Thresholds, catalogue: Catalogue | None
) -> Iterator[Alarm]:
    size = catalogue.size if catalogue is not None else None
    if watched.price is None or size is None or len(proposals) < thresholds.least_rows:
        return
    touched = [(one, name) for one in proposals if (name := _other_field(one, watched)) is not None]
    if len(touched) < thresholds.least_rows or len(touched) * 100 <= thresholds.limits["catalogue_change"] * size:
        return
    fields = list(dict.fromkeys(name for _, name in touched))
    message = ntext(
        "{count} of the {size} products there would change in more than the price: {fields}",
        "{count} of the {size} products there would change in more than the price: {fields}",
        len(touched),
        size=size,
        fields=_listed(fields),
    )
    yield Alarm("catalogue_change", message, tuple(_change(one, name) for one, name in touched))


def _other_field(proposal: Proposal, watched: Watched) -> str | None:
    """Return the first field other than the price that would change; None when none does."""
    return next((name for name in proposal.changes if name != watched.price and name not in watched.unused), None)


# --- values --------------------------------------------------------------------------------------------------------


def _change(proposal: Proposal, name: str) -> Change:
    old, new = (proposal.before or {}).get(name), proposal.after.get(name)
    return Change(proposal.rows, proposal.label, name, _shown(old), _shown(new))


def _other_currency(proposal: Proposal, watched: Watched) -> bool:
    changed = proposal.changes.get(watched.currency or "")
    return changed is not None and changed.before is not None


def _number(value: Json) -> Decimal | None:
    number = number_of(value)
    return None if number is None else Decimal(number)


def _shown(value: Json) -> str:
    if value is None:
        return ""
    return _plain(value) if isinstance(value, Decimal) else plain(str(value), limit=80)


def _plain(number: Decimal) -> str:
    return format(number.normalize() if number else Decimal(0), "f")


def _listed(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} …"
