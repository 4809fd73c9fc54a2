"""What every destination of the registry promises. A new one is found by itself; it brings only its samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.model import Answer, Doubt, Effect, Json, Presence, Request
from etl.sandbox import Sandbox
from etl.vendors import DESTINATIONS, VENDORS
from etl.vendors.base import Destination, Vendor
from tests.vendors.kit import TOKEN, Case, as_stored, ask, hold, sample_of

CASES = tuple(Case(destination, kind) for destination in DESTINATIONS.values() for kind in sample_of(destination).rows)
each_case = pytest.mark.parametrize("case", CASES, ids=str)
READABLE = [case for case in CASES if case.destination.can_be_looked_up]
each_readable_case = pytest.mark.parametrize("case", READABLE, ids=str)
"""Those whose lost answers can be looked up."""
each_destination = pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=lambda one: one.name)
each_vendor = pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda one: one.name)

SECRETS = {"usertoken": 'canary-"usér"-1', "apikey": "1134", "apitoken": "canary\\api/3"}


@pytest.fixture
def sandbox() -> Any:
    with Sandbox() as running:
        yield running


# What is declared.


@each_destination
def test_declares_itself_coherently(destination: Destination) -> None:
    """Key, group, sum and low stock name fields that exist; every column says where its rule stands."""
    names = [column.name for column in destination.columns]
    assert len(set(names)) == len(names)
    assert set(destination.key) <= set(names)
    assert destination.name.partition(".")[0] in VENDORS
    assert destination.batch_limit >= 1
    assert destination.kinds or all(destination.column(name).choices for name in destination.group_fields)
    assert set(destination.group_fields) <= {*names, *destination.derived_fields}
    assert set(destination.known_by) | set(destination.identifiers) <= set(names)
    assert bool(destination.known_by) is (not destination.key)
    assert destination.summed is None or destination.summed in names
    assert (destination.summed is not None) is ("sum" in destination.duplicates)
    assert destination.duplicates <= {"sum", "first", "last"}
    for column in destination.columns:
        assert column.source
        assert str(column.help)
        assert column.replaces is None or column.replaces in names
        assert not (column.required and not column.example), f"{column.name} has no example"


@each_destination
def test_decides_the_effect_of_every_group_it_accepts(destination: Destination) -> None:
    """Each code of the group's column, or each kind of document, has an effect; none of them is left to a default."""
    kinds = destination.effects()
    assert set(sample_of(destination).rows) == set(kinds) - destination.undecided
    assert set(kinds.values()) <= {Effect.SET, Effect.CREATE, Effect.DELTA}
    with pytest.raises(KeyError):
        destination.effect("no such group")


@each_case
def test_movements_can_be_added_up_and_never_dropped(case: Case) -> None:
    """Of two movements of one key neither may be forgotten; of two values for one key there is no sum."""
    if case.destination.effect(case.group) is Effect.DELTA:
        assert case.destination.duplicates <= {"sum"}
    else:
        assert case.destination.duplicates <= {"first", "last"}


# What is sent.


@each_case
def test_sends_the_golden_request(case: Case, golden: Callable[[Path, str], None]) -> None:
    """The bytes on the wire change only when somebody means it."""
    folder = Path(__file__).parent / case.vendor.name / "golden"
    request = case.sent
    body = msgspec.json.format(request.body or b"", indent=2).decode()
    golden(folder / f"{case}.txt", f"{request.method} {request.path}\n\n{body}\n")


@each_case
def test_sends_only_declared_fields_and_never_a_blank(case: Case) -> None:
    """A blank optional cell sends no key and never null; nothing is sent that no column explains."""
    declared = {column.name for column in case.destination.columns if column.on_wire}
    for row, payload in zip(case.rows, case.payloads, strict=True):
        assert set(payload) <= declared
        assert set(payload) == {name for name in row if name in declared}
        assert None not in payload.values()


@each_case
def test_required_values_are_enough(case: Case) -> None:
    """A row with nothing optional makes a payload with nothing optional."""
    required = {column.name for column in case.destination.columns if column.required}
    row = {name: value for name, value in case.rows[0].items() if name in required}
    on_wire = {column.name for column in case.destination.columns if column.on_wire}
    assert set(case.destination.payload(row)) == set(row) & on_wire


@each_case
def test_texts_and_numbers_are_of_the_declared_kind(case: Case) -> None:
    """What a column declares as text is quoted on the wire, whatever it looks like."""
    for payload in case.payloads:
        for name, value in payload.items():
            column = case.destination.column(name)
            if column.as_text:
                assert isinstance(value, str)


@each_case
def test_equal_payloads_make_equal_bytes(case: Case) -> None:
    """Neither the order of the fields nor a stay in the journal changes a byte: a resend is the same request."""
    shuffled = [dict(reversed(payload.items())) for payload in case.payloads]
    stored = [as_stored(payload) for payload in case.payloads]
    for payloads in (shuffled, stored):
        assert case.destination.submit.build(case.group, payloads) == case.request
    mark = case.destination.mark
    assert mark is None or mark(case.request, TOKEN) == mark(case.request, TOKEN) == case.sent


@each_case
def test_where_a_request_goes_depends_on_its_group_alone(case: Case) -> None:
    """Any one item of a batch tells the method, the path and the query of its request; a mark stands in the body."""
    assert replace(case.sent, body=case.request.body) == case.request
    for payload in case.payloads:
        assert replace(case.destination.submit.build(case.group, [payload]), body=case.request.body) == case.request


@each_case
def test_the_request_holds_no_credential_until_it_is_signed(case: Case) -> None:
    """Signing adds every secret and changes nothing else; the signed request never shows itself."""
    secrets = {name: SECRETS.get(name, f"canary-{name}") for name in case.vendor.secrets}
    signed = case.vendor.sign(case.request, secrets)
    body, headers = signed.body or b"", " ".join(signed.headers.values())
    plain, unsigned = json.loads(body), json.loads(case.request.body or b"{}")
    for name, secret in secrets.items():
        assert secret in headers or plain.pop(name, None) == secret
        assert secret not in (case.request.body or b"").decode()
        assert secret not in repr(signed)
    assert plain == unsigned
    assert (case.request.body or b"")[1:] in body


@each_vendor
def test_the_ping_is_signed_and_harmless(vendor: Vendor, sandbox: Sandbox) -> None:
    """``etl doctor`` can ask without changing anything."""
    if vendor.ping is None:
        pytest.skip("the vendor documents no read")
    assert ask(sandbox, vendor, vendor.ping).status == 200
    assert vendor.ping.path not in {case.request.path for case in CASES}


@each_case
def test_the_simulation_takes_the_golden_request(case: Case, sandbox: Sandbox) -> None:
    """The simulation, written from the vendor's page by itself, finds nothing wrong with any field."""
    case.sample.arrange(sandbox, case.group, case.payloads)
    reading = case.destination.submit.read(case.group, case.payloads, ask(sandbox, case.vendor, case.request))
    assert reading.understood
    assert [item.position for item in reading.items] == list(range(len(case.payloads)))
    assert all(item.accepted for item in reading.items), reading


# What is answered.


@each_case
def test_understands_when_all_is_well(case: Case) -> None:
    """Every item that was sent is accepted, in whatever order it is told."""
    reading = case.destination.submit.read(case.group, case.payloads, Answer(200, case.good_answer))
    assert reading.understood
    assert sorted(item.position for item in reading.items) == list(range(len(case.payloads)))
    assert all(item.accepted for item in reading.items)
    assert reading.texts == ()


@each_case
def test_a_cut_answer_is_no_answer(case: Case) -> None:
    """At every byte short of its end, a good answer says nothing of any item."""
    whole = case.good_answer
    for end in range(len(whole)):
        reading = case.destination.submit.read(case.group, case.payloads, Answer(200, whole[:end]))
        assert not reading.understood, end
        assert reading.items == ()


@each_case
@pytest.mark.parametrize("status", [301, 400, 401, 404, 408, 422, 429, 500, 502, 503, 504, 524])
def test_no_other_status_settles_an_item(case: Case, status: int) -> None:
    """A good body under a bad status is no answer about items."""
    reading = case.destination.submit.read(case.group, case.payloads, Answer(status, case.good_answer))
    assert not reading.understood
    assert reading.items == ()


def _vocabulary(case: Case) -> tuple[list[str], list[Json]]:
    """Return the names and the values that stand in a good answer, so that random ones come close to it."""
    names: set[str] = set()
    values: list[Json] = []

    def walk(value: Json) -> None:
        if isinstance(value, dict):
            names.update(value)
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        else:
            values.append(value)

    walk(json.loads(case.good_answer))
    return sorted(names), values


def _near_json(case: Case) -> st.SearchStrategy[Json]:
    names, values = _vocabulary(case)
    leaves = st.one_of(
        st.sampled_from(values),
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(codec=None), max_size=8),
    )
    keys = st.one_of(st.sampled_from(names), st.text(max_size=3))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=6)),
        max_leaves=12,
    )


def _check_total(case: Case, answer: Answer) -> None:
    reading = case.destination.submit.read(case.group, case.payloads, answer)
    positions = [item.position for item in reading.items]
    assert len(set(positions)) == len(positions)
    assert set(positions) <= set(range(len(case.payloads)))
    assert reading.understood or not reading.items
    assert reading.understood <= (answer.status in case.sample.telling)
    for words in chain(reading.texts, *(item.texts for item in reading.items)):
        words.encode("utf-8")
    for item in reading.items:
        as_stored(dict(item.data))


statuses = st.one_of(st.sampled_from([200, 207, 400]), st.integers(100, 599))
some = pytest.mark.parametrize("examples", [30, pytest.param(500, marks=pytest.mark.long)])
"""A few examples in the suite, many in the long runs."""


def tries(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@each_case
@some
def test_any_json_can_be_read(case: Case, examples: int) -> None:
    """Whatever JSON comes, nothing is raised, and no item is told twice or made up."""

    @tries(examples)
    @given(_near_json(case), statuses)
    def run(told: Json, status: int) -> None:
        _check_total(case, Answer(status, json.dumps(told).encode()))

    run()


@each_case
@some
def test_any_bytes_can_be_read(case: Case, examples: int) -> None:
    """Whatever bytes come, nothing is raised."""

    @tries(examples)
    @given(st.one_of(st.binary(max_size=200), st.text(max_size=50).map(str.encode)), statuses)
    def run(told: bytes, status: int) -> None:
        _check_total(case, Answer(status, told))

    run()


@each_case
@pytest.mark.parametrize(
    "monster",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 10_000,
        b"1e999999999999999999999",
        b'{"error": "N", "productos": ' + b"9" * 5000 + b"}",
        "\ufeff{}".encode("utf-16"),
        b"\x1f\x8b\x08\x00",
    ],
)
def test_monsters_can_be_read(case: Case, monster: bytes) -> None:
    """Depth, size and exponents beyond all reason are no answer, quickly."""
    _check_total(case, Answer(200, monster))


@each_case
@some
def test_a_good_answer_with_one_wrong_value_can_be_read(case: Case, examples: int) -> None:
    """Anything in any place of a good answer: nothing is raised, and no other row gains from it."""
    good = json.loads(case.good_answer)

    @tries(examples)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        spoilt = _spoil(data, good, _near_json(case))
        _check_total(case, Answer(200, json.dumps(spoilt).encode()))

    run()


def _spoil(data: st.DataObject, value: Json, junk: st.SearchStrategy[Json]) -> Json:
    """Return `value` with something else in one place of it."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 4)):
        name = data.draw(st.sampled_from(sorted(value)))
        return {**value, name: _spoil(data, value[name], junk)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 4)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], _spoil(data, value[at], junk), *value[at + 1 :]]
    return data.draw(junk)


# How a lost answer is looked up.


def _doubt(case: Case, baseline: Json = None) -> Doubt:
    return Doubt(case.group, case.payloads, TOKEN, as_stored(baseline))


def _baseline(case: Case, answer: Callable[[Request], Answer]) -> Json:
    if case.destination.baseline is None:
        return None
    return hold(case.destination.baseline(case.group, case.payloads), answer)


@each_readable_case
def test_what_was_applied_is_found_present(case: Case, sandbox: Sandbox) -> None:
    """After a request whose answer was lost, the look-up finds every item of it."""
    assert case.destination.look_up is not None
    case.sample.arrange(sandbox, case.group, case.payloads)
    baseline = _baseline(case, lambda request: ask(sandbox, case.vendor, request))
    ask(sandbox, case.vendor, case.sent)
    sightings = hold(
        case.destination.look_up(_doubt(case, baseline)), lambda request: ask(sandbox, case.vendor, request)
    )
    assert [one.position for one in sightings] == list(range(len(case.payloads)))
    assert {one.presence for one in sightings} == {Presence.PRESENT}


@each_readable_case
def test_what_was_not_applied_is_found_absent(case: Case, sandbox: Sandbox) -> None:
    """When the request never arrived, the look-up says so; of movements it says that it is inferred."""
    assert case.destination.look_up is not None
    case.sample.arrange(sandbox, case.group, case.payloads)
    baseline = _baseline(case, lambda request: ask(sandbox, case.vendor, request))
    sightings = hold(
        case.destination.look_up(_doubt(case, baseline)), lambda request: ask(sandbox, case.vendor, request)
    )
    assert {one.presence for one in sightings} == {Presence.ABSENT}
    if case.destination.effect(case.group) is Effect.DELTA and case.destination.mark is None:
        assert all(one.inferred for one in sightings)


@each_readable_case
def test_a_look_asks_and_never_submits(case: Case) -> None:
    """Neither the read before nor the look after a request can itself change anything."""
    asked: list[Request] = []

    def answer(request: Request) -> Answer:
        asked.append(request)
        return Answer(200, b"{}")

    _baseline(case, answer)
    assert case.destination.look_up is not None
    hold(case.destination.look_up(_doubt(case)), answer)
    assert asked
    submission = (case.request.method, case.request.path)
    assert submission not in {(request.method, request.path) for request in asked}


@each_readable_case
def test_a_look_that_tells_nothing_leaves_everything_unknown(case: Case) -> None:
    """A page, an empty body, a refusal, a list of nothing: no verdict in either direction."""
    assert case.destination.look_up is not None
    for told in (b"", b"<html>", b"[]", b"{}", b'{"error":"S","errores":["x"]}', b'{"error":"N","productos":[]}'):
        for status in (200, 400, 500):
            sightings = hold(
                case.destination.look_up(_doubt(case)), lambda _, told=told, status=status: Answer(status, told)
            )
            assert [one.position for one in sightings] == list(range(len(case.payloads)))
            assert {one.presence for one in sightings} == {Presence.UNKNOWN}, told


@each_readable_case
@some
def test_any_answer_to_a_look_leads_to_a_conclusion(case: Case, examples: int) -> None:
    """Whatever is answered, the conversation ends, with one storable sighting an item."""
    assert case.destination.look_up is not None
    look_up = case.destination.look_up

    @tries(examples)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        junk = _near_json(case)

        def answer(request: Request) -> Answer:
            return Answer(data.draw(statuses), json.dumps(data.draw(junk)).encode())

        as_stored(_baseline(case, answer))
        baseline = data.draw(st.one_of(st.none(), junk))
        sightings = hold(look_up(Doubt(case.group, case.payloads, TOKEN, baseline)), answer)
        assert [one.position for one in sightings] == list(range(len(case.payloads)))
        for one in sightings:
            as_stored({"seen": dict(one.seen), "expected": dict(one.expected), "before": dict(one.before)})
            as_stored(one.note.to_json() if one.note else None)

    run()
