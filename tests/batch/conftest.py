"""What the batch tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.sandbox import Sandbox
from tests.batch.nights import Nights
from tests.cli.conftest import etl
from tests.recovery.lab import Lab, shops

__all__ = ["etl", "nights"]


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    """Give a shop whose vendor has twenty products with 100 units each."""
    with Sandbox() as sandbox:
        lab = Lab(tmp_path / "home", sandbox, {"ETL_MIN_AGE": "0"})
        shops(lab, 20)
        yield Nights(lab, tmp_path)
