"""What a workbook says of itself comes back, however long, and is never guessed."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from etl.core.identity import Identity, WorkbookKind, from_properties, to_properties
from etl.model import MappedColumn

WORDS = st.text(max_size=80)
IDENTITIES = st.builds(
    Identity,
    kind=st.sampled_from(WorkbookKind),
    to=st.none() | st.just("tusfacturas.stock"),
    data_sheet=st.none() | st.just("Reenviar"),
    run=st.none() | st.just("2c9f"),
    profile=st.none() | st.just("acme"),
    columns=st.lists(st.builds(MappedColumn, WORDS, WORDS, st.integers(0, 300)), max_size=20).map(tuple),
    constants=st.dictionaries(WORDS, WORDS, max_size=5),
    options=st.dictionaries(WORDS, WORDS, max_size=5),
)


@example(Identity(kind=WorkbookKind.TEMPLATE, to=None, data_sheet=None, constants={"a": " " * 300}))
@given(IDENTITIES)
def test_any_identity_comes_back(identity: Identity) -> None:
    """Long mappings are cut into parts that Excel keeps, none with a blank that a program may trim away."""
    properties = to_properties(identity)
    assert from_properties(properties) == identity
    assert all(len(value.encode("utf-16-le")) // 2 <= 255 for value in properties.values())
    assert all(value == value.strip() for value in properties.values())


def test_spoilt_properties_are_no_identity() -> None:
    """A workbook whose properties were edited or belong to another program is treated as a stranger's."""
    whole = to_properties(Identity(kind=WorkbookKind.RESULTS, to="x.y", data_sheet=None, constants={"a": "b"}))
    assert from_properties({}) is None
    for name, value in (("etl.kind", "other"), ("etl.format", "x"), ("etl.columns", "{"), ("etl.constants", "[1]")):
        assert from_properties(whole | {name: value}) is None
    assert from_properties(whole | {"Company": "Acme"}) is not None
