"""How much of a change is still usual: the limits beyond which a guard asks, and what a person may set them to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

Setting: TypeAlias = Decimal | int | bool
"""A limit, or whether the guard is on."""

LIMITS: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        "price_times_100": Decimal(20),  # more of the compared prices are a hundredfold, or a hundredth
        "price_times_10": Decimal(20),
        "price_tax_twice": Decimal(20),
        "price_jump": Decimal(50),  # a price changes by more
        "stock_to_zero": Decimal(20),  # more of the known stocks are set to 0
        "catalogue_change": Decimal(50),  # more of all products change in another field than the price
    }
)
"""Guards with a limit, in percent, and the limit when nobody says another."""
SWITCHES: Final = ("price_zero", "new_price_list", "stock_below_zero")
"""Guards that are only on or off."""
LEAST_ROWS: Final = "least_rows"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What holds for one company: limits in percent by guard, guards that never ask, rows below which none weighs."""

    limits: Mapping[str, Decimal] = field(default_factory=lambda: LIMITS)
    off: frozenset[str] = frozenset()
    least_rows: int = 10
    """A share of fewer rows says nothing."""

    def watches(self, code: str) -> bool:
        """Whether the guard is on."""
        return code not in self.off

    def changed_by(self, settings: Mapping[str, Setting]) -> Thresholds:
        """Return what holds after settings by code: a limit (which also turns its guard on), true or false."""
        switched = {code: value is not False for code, value in settings.items() if code != LEAST_ROWS}
        said = {
            code: Decimal(value) for code, value in settings.items() if code in LIMITS and not isinstance(value, bool)
        }
        off = {code for code in (*self.off, *switched) if not switched.get(code, False)}
        return Thresholds({**self.limits, **said}, frozenset(off), int(settings.get(LEAST_ROWS, self.least_rows)))
