"""What a vendor's tests bring for the contract tests, and the way to speak with its simulation.

A vendor's folder has a module ``samples`` with ``SAMPLES: dict[str, Sample]``, a sample for each of its destinations.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TypeVar
from urllib.parse import urlencode

from etl.core.planning import group_of, token_of
from etl.io.journal.encoding import from_text, to_text
from etl.model import Answer, Json, Request, Value
from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from etl.vendors import vendor_of
from etl.vendors.base import Conversation, Destination, Vendor

T = TypeVar("T")
TOKEN = token_of("0badcafe", 1)
"""The mark of the batch that the cases send."""
Payloads = Sequence[Mapping[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Good rows of a destination and the vendor's good answers to them."""

    rows: Mapping[str, tuple[Mapping[str, Value], ...]]
    """By kind of group (`Destination.effects`): understood values of at least two rows that a request may hold."""
    answer: Callable[[str, Payloads], bytes]
    """(group, payloads) -> the body with which the vendor accepts all of them."""
    arrange: Callable[[Sandbox, str, Payloads], None]
    """Put into the simulation what must be there for them to be accepted."""
    telling: frozenset[int] = frozenset({200})
    """The statuses under which the vendor tells of single items."""


def sample_of(destination: Destination) -> Sample:
    """Return the sample of a destination; a vendor without samples has not passed the contract."""
    module = importlib.import_module(f"tests.vendors.{vendor_of(destination.name).name}.samples")
    samples: dict[str, Sample] = module.SAMPLES
    return samples[destination.name]


@dataclass(frozen=True, slots=True)
class Case:
    """A destination and one kind of its groups, with good rows."""

    destination: Destination
    kind: str

    @property
    def rows(self) -> tuple[Mapping[str, Value], ...]:
        return self.sample.rows[self.kind]

    @property
    def group(self) -> str:
        (group,) = {group_of(row, self.destination) for row in self.rows}
        return group

    @property
    def vendor(self) -> Vendor:
        return vendor_of(self.destination.name)

    @property
    def sample(self) -> Sample:
        return sample_of(self.destination)

    @property
    def payloads(self) -> tuple[dict[str, Json], ...]:
        return tuple(self.destination.payload(row) for row in self.rows)

    @property
    def request(self) -> Request:
        return self.destination.submit.build(self.group, self.payloads)

    @property
    def sent(self) -> Request:
        """The request as it goes out in a run: with the mark of its batch, where it carries one."""
        mark = self.destination.mark
        return self.request if mark is None else mark(self.request, TOKEN)

    @property
    def good_answer(self) -> bytes:
        return self.sample.answer(self.group, self.payloads)

    def __str__(self) -> str:
        return f"{self.destination.name}-{self.kind}" if self.kind else self.destination.name


def ask(sandbox: Sandbox, vendor: Vendor, request: Request) -> Answer:
    """Send a request to the simulated vendor and return its answer."""
    signed = vendor.sign(request, DEMO_CREDENTIALS[vendor.name])
    query = f"?{urlencode(request.query)}" if request.query else ""
    connection = HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    path = f"/{sandbox.vendors[vendor.name].prefix}{request.path}{query}"
    with closing(connection):
        connection.request(request.method, path, signed.body, dict(signed.headers))
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, answer.read(), headers)


def hold(conversation: Conversation[T], answer: Callable[[Request], Answer], most: int = 20) -> T:
    """Hold a conversation to its end and return its conclusion."""
    try:
        request = next(conversation)
        for _ in range(most):
            request = conversation.send(answer(request))
    except StopIteration as end:
        conclusion: T = end.value
        return conclusion
    raise AssertionError(f"still asking after {most} answers")


def as_stored(value: Json) -> Json:
    """Return a value as it comes back from the journal."""
    return from_text(to_text(value))
