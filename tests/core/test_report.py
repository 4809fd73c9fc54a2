"""A report's own conclusions: its counts, and what runs out of stock."""

from __future__ import annotations

from decimal import Decimal

import pytest

from etl.core.report import Report, ReportRow
from etl.model import Outcome


def accepted(**data: object) -> Report:
    return Report("run", rows=(ReportRow(2, (), Outcome.ACCEPTED, data=data),))


@pytest.mark.parametrize(
    ("stock", "minimum", "low"),
    [
        (3, 5, True),
        (5, 5, True),
        (6, 5, False),
        ("3", "5", True),
        ("10", "9", False),
        (Decimal("4.5"), 5, True),
        (-1, 0, True),
        (None, 5, False),
        ("", 5, False),
        ("NaN", 5, False),
        (True, 5, False),
        ({}, 5, False),
    ],
)
def test_low_stock_is_at_or_below_the_minimum(stock: object, minimum: object, low: bool) -> None:
    """Numbers count as numbers, quoted or not; what is no number tells nothing."""
    assert bool(list(accepted(stock=stock, least=minimum).low_stock("stock", "least"))) is low


def test_only_accepted_rows_tell_their_stock() -> None:
    """What a rejected row says of the stock is not known to be true."""
    rejected = Report("run", rows=(ReportRow(2, (), Outcome.REJECTED, data={"stock": 1, "least": 5}),))
    assert list(rejected.low_stock("stock", "least")) == []
    assert list(accepted(stock=1).low_stock("stock", "least")) == []
