"""The guards as tables: what fires, what does not, and what each is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from etl.core.changes import changes_of
from etl.core.guards import GUARDS, Alarm, Proposal, judge
from etl.core.thresholds import LIMITS, SWITCHES, Thresholds
from etl.model import Json
from etl.vendors.answers import same_value
from etl.vendors.base import Catalogue, Watched

SHOP = Watched(price="price", currency="currency", tax_rate="rate", price_list="list", unused=("units",))
COUNTER = Watched(stock="stock")
STORE = Watched(taken=("B", "quantity"))
USUAL = Thresholds()


def changed(number: int, old: Json, new: Json, **fields: Json) -> Proposal:
    """Return the change of a price; fields as (old, new) or one value for both."""
    pairs = {name: value if isinstance(value, tuple) else (value, value) for name, value in fields.items()}
    before = {"price": old, "list": "Main", **{name: pair[0] for name, pair in pairs.items()}}
    after = {"price": new, "list": "Main", **{name: pair[1] for name, pair in pairs.items()}}
    return Proposal(
        rows=(number + 2,),
        label=f"A{number}",
        group="M",
        before=before,
        after=after,
        changes=changes_of(before, after, same_value),
    )


def prices(count: int, factor: str, start: int = 0, **fields: Json) -> list[Proposal]:
    """Return changes of `count` prices by a factor, rounded as people do."""
    olds = [Decimal(1500 + 38 * number) for number in range(count)]
    return [
        changed(start + at, old, (old * Decimal(factor)).quantize(Decimal("0.1")), **fields)
        for at, old in enumerate(olds)
    ]


def codes(proposals: Sequence[Proposal], watched: Watched = SHOP, **given: Any) -> list[str]:
    return [alarm.code for alarm in judge(proposals, watched, given.pop("thresholds", USUAL), **given)]


def only(alarms: Sequence[Alarm]) -> Alarm:
    (alarm,) = alarms
    return alarm


@pytest.mark.parametrize(
    ("proposals", "expected"),
    [
        (prices(3000, "1.08"), []),
        (prices(3000, "0.92"), []),
        (prices(3000, "1"), []),
        (prices(20, "1.2"), []),
        (prices(20, "1.5"), []),
        (prices(20, "0.83"), []),
        (prices(20, "1.21"), ["price_tax_twice"]),
        (prices(20, "0.8264"), ["price_tax_twice"]),
        (prices(20, "10"), ["price_times_10"]),
        (prices(20, "0.1"), ["price_times_10"]),
        (prices(20, "100"), ["price_times_100"]),
        (prices(20, "0.01"), ["price_times_100"]),
        (prices(9, "1.21"), []),
        (prices(9, "10"), ["price_jump"]),
        (prices(1, "1.51"), ["price_jump"]),
        (prices(1, "0.49"), ["price_jump"]),
        (prices(95, "1.08") + prices(1, "7", start=95), ["price_jump"]),
        (prices(20, "1.105"), []),
        (prices(20, "1.105", rate=Decimal("10.5")), ["price_tax_twice"]),
        (prices(20, "1.27", rate="27"), ["price_tax_twice"]),
        (prices(20, "1.08", rate=-1), []),
    ],
)
def test_prices_that_change_too_much_are_noticed(proposals: list[Proposal], expected: list[str]) -> None:
    """Each mistake fires its own guard and only that; raises of a week, a promotion and few rows fire none."""
    assert codes(proposals) == expected


def test_many_means_a_share_of_the_rows_or_most_of_those_that_change() -> None:
    """A supplier's 100 rows in a catalogue of 3,000 fire when they are what changes; two among 100 changes do not."""
    assert codes(prices(2900, "1") + prices(100, "1.21", start=2900)) == ["price_tax_twice"]
    assert codes(prices(98, "1.08") + prices(2, "1.21", start=98)) == []
    assert codes(prices(78, "1.08") + prices(22, "1.21", start=78)) == ["price_tax_twice"]
    assert codes(prices(8, "1") + prices(2, "1.21", start=8)) == [], "a fifth is not more than a fifth"


def test_rows_that_a_factor_explains_are_not_asked_about_twice() -> None:
    """Tenfold prices are one question; a jump beside them is another, about its own row alone."""
    tenfold, jump = judge(prices(20, "10") + prices(1, "3", start=20), SHOP, USUAL)
    assert (tenfold.code, len(tenfold.rows)) == ("price_times_10", 20)
    assert (jump.code, jump.rows) == ("price_jump", (22,))


def test_a_guard_that_is_off_leaves_its_rows_to_the_others() -> None:
    """Turned off, a guard is silent; tenfold prices are then jumps like any other."""
    off = USUAL.changed_by({"price_times_10": False})
    assert codes(prices(20, "10"), thresholds=off) == ["price_jump"]
    assert codes(prices(20, "10"), thresholds=off.changed_by({"price_jump": False})) == []
    assert codes(prices(20, "10"), thresholds=off.changed_by({"price_times_10": True})) == ["price_times_10"]


@pytest.mark.parametrize(
    ("before", "after", "fires"),
    [
        (None, 0, True),
        (None, Decimal("0.000"), True),
        ({"price": 12}, 0, True),
        ({"price": "12"}, "0", True),
        ({"price": 0}, 0, False),
        (None, Decimal("0.001"), False),
        ({"price": 0}, 900, False),
    ],
)
def test_a_price_of_0_is_asked_about_whatever_is_known(before: Json, after: Json, *, fires: bool) -> None:
    """Also where nothing was read (a plain A); not where it was 0 before, and a price out of 0 is no jump."""
    one = Proposal(rows=(2,), label="A1", group="A", before=before, after={"price": after})
    assert codes([one]) == (["price_zero"] if fires else [])


def test_another_currency_is_another_price() -> None:
    """The same number in dollars is a jump; a converted price too, and the example shows both currencies."""
    alarm = only(judge([changed(0, 1000, 1000, currency=("PES", "DOL"))], SHOP, USUAL))
    assert alarm.code == "price_jump"
    assert (alarm.examples[0].old, alarm.examples[0].new) == ("1000 PES", "1000 DOL")
    tenfold = prices(20, "10", currency=("PES", "DOL"))
    assert codes(tenfold) == ["price_jump"], "no factor is read out of two currencies"


def counters(zeros: int, of: int, before: Json = 5) -> list[Proposal]:
    return [
        Proposal(
            rows=(at + 2,),
            label=f"P{at}",
            group="",
            before=None if before is None else {"stock": before},
            after={"stock": 0 if at < zeros else 7},
        )
        for at in range(of)
    ]


@pytest.mark.parametrize(
    ("proposals", "fires"),
    [
        (counters(3, 10), True),
        (counters(2, 10), False),
        (counters(9, 9), False),
        (counters(20, 20, before=None), False),
        (counters(20, 20, before=0), False),
        (counters(1, 3) + counters(10, 50, before=None), False),
    ],
)
def test_stocks_set_to_0_are_noticed_by_their_share(proposals: list[Proposal], *, fires: bool) -> None:
    """More than a fifth of at least ten known stocks; what was 0 before, or is not known, does not count."""
    assert codes(proposals, COUNTER) == (["stock_to_zero"] if fires else [])


def test_a_withdrawal_below_zero_is_noticed_for_a_single_row() -> None:
    """By the stock that was read; without a reading, and for deliveries, nothing is said."""

    def moved(group: str, quantity: Json, units: int | None) -> Proposal:
        known = None if units is None else Decimal(units)
        return Proposal(rows=(2, 5), label="A1", group=group, after={"quantity": quantity}, units=known)

    alarm = only(judge([moved("B", 12, 10)], STORE, USUAL))
    assert (alarm.code, alarm.rows) == ("stock_below_zero", (2, 5))
    assert (alarm.examples[0].old, alarm.examples[0].new) == ("10", "-2")
    assert codes([moved("B", 10, 10), moved("B", 12, None), moved("A", 12, 10)], STORE) == []


def added(number: int, price_list: str) -> Proposal:
    return Proposal(rows=(number,), label=f"N{number}", group="A", after={"price": 10, "list": price_list})


def test_a_price_list_that_is_new_beside_others_is_noticed() -> None:
    """Known lists are those of the catalogue and of the rows read; an empty catalogue fires nothing."""
    known = Catalogue(size=40, price_lists=frozenset({"Main", "Other"}))
    alarm = only(judge([added(2, "Mian"), added(3, "Other"), added(4, "Mian")], SHOP, USUAL, known))
    assert (alarm.code, alarm.rows) == ("new_price_list", (2, 4))
    assert "Mian" in str(alarm.message)
    assert "Main, Other" in str(alarm.message)
    assert codes([added(2, "Main")], catalogue=known) == []
    assert codes([added(2, "Mian"), changed(3, 10, 10)]) == ["new_price_list"], "rows of Main were found"
    assert codes([added(2, "Mian")]) == [], "nothing was read"
    assert codes([added(2, "Mian")], catalogue=Catalogue(size=0)) == []


def described(count: int, fields: Callable[[int], dict[str, Json]]) -> list[Proposal]:
    return [changed(at, 10, 10, **fields(at)) for at in range(count)]


def test_a_rewritten_catalogue_is_noticed() -> None:
    """More than half of all products there in another field than the price; quotes and blanks are no change."""
    renamed = described(60, lambda at: {"name": (f"a{at}", f"b{at}")})
    alarm = only(judge(renamed, SHOP, USUAL, Catalogue(size=100)))
    assert (alarm.code, len(alarm.rows)) == ("catalogue_change", 60)
    assert (alarm.examples[0].field, alarm.examples[0].old, alarm.examples[0].new) == ("name", "a0", "b0")
    assert codes(renamed, catalogue=Catalogue(size=120)) == [], "half is not more than half"
    assert codes(renamed) == [], "how many there are is not known"
    assert codes(described(9, lambda _: {"name": ("a", "b")}), catalogue=Catalogue(size=9)) == []
    same = described(60, lambda _: {"bulk": ("1", 1), "name": ("a  b ", "a b"), "units": (3, 9)})
    assert codes(same, catalogue=Catalogue(size=60)) == []
    assert codes(prices(60, "1.08"), catalogue=Catalogue(size=60)) == []


def test_every_limit_can_be_set() -> None:
    """Each limit moves its own guard and no other."""
    assert codes(prices(1, "1.51"), thresholds=USUAL.changed_by({"price_jump": Decimal(60)})) == []
    assert codes(prices(1, "1.2"), thresholds=USUAL.changed_by({"price_jump": Decimal(15)})) == ["price_jump"]
    few = USUAL.changed_by({"least_rows": 5})
    assert codes(prices(5, "1.21"), thresholds=few) == ["price_tax_twice"]
    strict = USUAL.changed_by({"stock_to_zero": Decimal(5)})
    assert codes(counters(1, 10), COUNTER, thresholds=strict) == ["stock_to_zero"]
    loose = USUAL.changed_by({"catalogue_change": Decimal(100)})
    renamed = described(60, lambda _: {"name": ("a", "b")})
    assert codes(renamed, thresholds=loose, catalogue=Catalogue(size=60)) == []
    assert set(GUARDS) == {*LIMITS, *SWITCHES}
    for code in GUARDS:
        assert not USUAL.changed_by({code: False}).watches(code)


def test_nonsense_is_not_compared() -> None:
    """Texts, nothing, and numbers beyond sense where a number should stand fire nothing and break nothing."""
    for odd in (None, "", "n/a", True, [], {}, Decimal("1E+999"), "1e5"):
        assert codes([changed(0, odd, 10), changed(1, 10, 10, currency=(odd, odd))]) == []
