"""The guards' limits in configuration files: whose win, and what is refused with its line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from etl.core.thresholds import Thresholds
from etl.errors import ConfigurationError
from etl.settings import load_settings


def limits(folder: Path, written: str) -> Thresholds:
    (folder / "etl.toml").write_text(written, encoding="utf-8")
    return load_settings(environ={"ETL_HOME": str(folder)}, cwd=folder).profile("tusfacturas", "acme").guards


def test_a_company_s_own_limits_win_over_those_it_inherits(tmp_path: Path) -> None:
    """Limit by limit: the company's, else the inherited, else what is built in."""
    found = limits(
        tmp_path,
        "[defaults.tusfacturas.guards]\nprice_jump = 80\nprice_zero = false\nleast_rows = 30\n"
        "[profiles.acme.tusfacturas]\nguards = { price_jump = 12.5, new_price_list = false, price_zero = true }\n",
    )
    assert found.limits["price_jump"] == Decimal("12.5")
    assert found.limits["price_tax_twice"] == Decimal(20)
    assert found.off == {"new_price_list"}
    assert found.least_rows == 30
    assert limits(tmp_path, "[profiles.acme.tusfacturas]\n") == Thresholds()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("price_jmup = 80", "price_jump"),
        ('price_jump = "80"', "percentage"),
        ("price_jump = -1", "percentage"),
        ("price_jump = nan", "percentage"),
        ("price_zero = 3", "true or false"),
        ("least_rows = 2.5", "number of rows"),
        ("least_rows = false", "number of rows"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    """A typing mistake never turns a guard off silently."""
    with pytest.raises(ConfigurationError) as refused:
        limits(tmp_path, f"[profiles.acme.tusfacturas.guards]\n{line}\n")
    assert "line 2" in str(refused.value)
    assert told in f"{refused.value} {refused.value.hint}"
