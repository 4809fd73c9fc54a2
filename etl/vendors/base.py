"""What a vendor is: data and pure functions. No module of a vendor does I/O, knows the clock or keeps state."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from etl.messages import Text
from etl.model import Answer, Doubt, Effect, Finding, Json, Reading, Request, Row, Sighting, Value
from etl.vendors.answers import same_value

if TYPE_CHECKING:
    from etl.vendors.listing import Listing

T = TypeVar("T")

Conversation: TypeAlias = Generator[Request, Answer, T]
"""Pure code that asks: it yields requests, is sent whole answers, and returns its conclusion.

Whoever drives it does the sending and retrying, and throws nothing into it: when an answer cannot be had, it is closed.
An answer it cannot understand makes it conclude "unknown", never raise.
"""


class Kind(StrEnum):
    """How a cell of a column is understood."""

    TEXT = "text"
    CODE = "code"
    """Text that may look like a number: leading zeros are kept, 123.0 becomes ``123``."""
    INTEGER = "integer"
    DECIMAL = "decimal"
    CHOICE = "choice"
    """One of `Column.choices`; ``S``/``N`` flags too."""
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class Choice:
    """One allowed code: what goes on the wire, what it means, and how people write it."""

    value: str | Decimal
    meaning: str
    """In the vendor's language (Spanish): it is the vendor's own table."""
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field of a destination, declared once.

    It drives header matching, parsing, the pandera schema, the template, the column tables in README and the messages.
    """

    name: str
    """As the vendor's JSON names it."""
    label: str
    """The header that templates show, in Spanish."""
    kind: Kind
    help: Text
    source: str
    """Where the rule stands: the vendor's page and section."""
    required: bool = False
    max_length: int | None = None
    max_decimals: int | None = None
    minimum: Decimal | None = None
    above_minimum: bool = False
    """The value must be greater than `minimum`, not equal to it."""
    choices: tuple[Choice, ...] = ()
    aliases: tuple[str, ...] = ()
    example: str = ""
    looked_up: bool = False
    """Its value may be a name that is looked up: a name and a number may mean the same thing."""
    as_text: bool = False
    """A number or code that the vendor wants quoted."""
    barcode: bool = False
    """Its EAN check digit is looked at (warning)."""
    on_wire: bool = True
    """False for a field of ours that is turned into another one before sending."""
    percent: bool = False
    """A rate in percent: ``21%`` and Excel's percent cells are understood."""
    replaces: str | None = None
    """The field that `Destination.derive` makes of this one: a row needs either of the two."""
    said: Mapping[str, str | Decimal] = field(default_factory=dict)
    """Which code a person said that a value means, by `etl.core.code_lists.value_key`; no declaration has any."""


class Need(StrEnum):
    """Whether the rows of a sheet must have a value of a field."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    """Only where nothing can be completed from what the vendor has."""
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A check over several fields of one row."""

    concerns: str | None = None
    """It has nothing to say of rows without a value of this field; None: it looks at every row."""
    check: Callable[[Row], Sequence[tuple[str, Finding]]]
    """Row -> pairs of (field it concerns, finding without place)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """Turns fields of ours into the vendor's (`precio_con_iva`)."""

    of: tuple[str, ...]
    """Rows without a value of any of these fields stay as they are."""
    make: Callable[[Mapping[str, Value]], Mapping[str, Value]]
    """The understood values of a row -> its values with those that are derived; itself when there is nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A pair of pure functions: what is sent, and what an answer to it says."""

    build: Callable[[str, Sequence[Mapping[str, Json]]], Request]
    """(group, payloads of the items) -> request. The body is canonical: equal payloads, equal bytes.

    Everything else of it depends on the group alone.
    """
    read: Callable[[str, Sequence[Mapping[str, Json]], Answer], Reading]
    """(group, payloads that were sent, answer) -> reading. Total: any status, any bytes; never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person chose that decides what is read before planning, and what is made of it."""

    only_changed: bool = False
    """Rows that equal what the vendor has are `unchanged`, not sent."""
    key: str | None = None
    """The identifier that is sent where a row has several (``--key``)."""
    partial_documents: bool = False
    """The good lines of a document go out without its bad ones."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """The profile's settings of this vendor, other than credentials."""
    numeric: frozenset[tuple[int, str]] = frozenset()
    """The cells (row, field of `identifiers`) that hold a number: zeros that the code begins with may be lost."""
    constants: Mapping[str, Value] = field(default_factory=dict)
    """``--set``, understood, for the rows that `Destination.completes`: for fields that neither the sheet nor the
    vendor has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What reading told of the whole of what a vendor has, beyond the rows of the sheet."""

    size: int | None = None
    """How many products there are in all; None when that was not told."""
    price_lists: frozenset[str] = frozenset()
    """The names of price lists that exist, as far as they were told."""
    whole: bool = True
    """Whether these are all of them; else those of the products that were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What reading the vendor before planning made of the valid rows."""

    rows: tuple[Row, ...]
    """The rows to plan, in the sheet's order, with completed values; those with errors or `unchanged` are left out."""
    findings: tuple[tuple[int, str, Finding], ...] = ()
    """(row number, field it concerns, finding without place)"""
    unchanged: Mapping[int, Text] = field(default_factory=dict)
    """Rows that equal what the vendor has, with the reason to show."""
    before: Mapping[int, Mapping[str, Json]] = field(default_factory=dict)
    """By row and field, what the vendor has now, for the rows of which it is known."""
    told: Mapping[int, Text] = field(default_factory=dict)
    """What to tell of rows that are sent."""
    derived: Mapping[int, Mapping[str, Value]] = field(default_factory=dict)
    """By row, what was computed of it (`Destination.derived_fields`), to be shown beside it."""
    catalogue: Catalogue | None = None
    """What was learnt of everything that is there; None when only the rows were asked for."""
    unread: Text | None = None
    """Why the vendor's answers could not be understood: nothing may be planned then, the rest of it means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the guards look at, by the names of the payload's fields: an empty one keeps its guards silent."""

    price: str | None = None
    currency: str | None = None
    """The field that says in which currency the price is."""
    tax_rate: str | None = None
    """The field with the rate of the tax in percent, which the price does not hold."""
    price_list: str | None = None
    stock: str | None = None
    """A stock that is set to a value, not moved."""
    taken: tuple[str, str] | None = None
    """(group, field): units that are taken away; `Destination.baseline` tells by position how many there are."""
    unused: tuple[str, ...] = ()
    """Fields that the vendor ignores when it changes a product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run did with one thing, as far as setting it back needs it."""

    group: str
    payload: Mapping[str, Json]
    before: Mapping[str, Json] | None = None
    """What the vendor had before, by `Survey.before`, or by the journal where it cannot be read; None: not known."""
    vendor_id: str | None = None
    """The vendor's own number of the record that was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What a sheet is sent to."""

    name: str
    """``vendor.resource``"""
    title: Text
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Fields whose values together must be unique in a sheet; empty where lines have no key."""
    alternative_keys: tuple[tuple[str, ...], ...] = ()
    """Where rows of several kinds stand in one sheet: the fields of `key` by which each kind is known."""
    group_fields: tuple[str, ...] = ()
    """The fields whose values decide the group (`operacion`; the head of a document); none: one group, ''."""
    effect: Callable[[str], Effect]
    """Of a group. The source of the decision stands beside it. KeyError for a group that cannot be."""
    kinds: tuple[tuple[str, str], ...] = ()
    """Where groups are not the codes of a field: (what a kind of group is called, an example of such a group)."""
    documents: bool = False
    """The rows of a group make one document: with an invalid row among them, the others are held back."""
    indivisible: Callable[[str], bool] = lambda _group: False
    """Groups whose rows must stand in one request, however many they are: a second one would replace the first."""
    corrects: str | None = None
    """The field of `group_fields` that names a document which exists: its rows must agree in the others."""
    batch_limit: int
    """Rows of a request, unless the profile's setting `limit_setting` says another number."""
    limit_setting: str | None = None
    known_by: tuple[str, ...] = ()
    """Where lines have no key: the fields that make a line the same as one that an earlier run sent …"""
    amount: str | None = None
    """… together with this one; and without it, the same with another quantity."""
    identifiers: tuple[str, ...] = ()
    """Fields of which one is sent, the first that has a value unless ``--key`` says another."""
    payload: Callable[[Mapping[str, Value]], dict[str, Json]]
    """The understood values of a row -> its JSON object; blank optional fields leave no key."""
    submit: Exchange
    mark: Callable[[Request, str], Request] | None = None
    """(request, token of the batch) -> the request that carries it, so that its record can be found at the vendor."""
    baseline: Callable[[str, Sequence[Mapping[str, Json]]], Conversation[Json]] | None = None
    """(group, payloads) -> what must be known before the first attempt, as JSON for the journal; None: nothing."""
    recheck: (
        Callable[[str, Sequence[Mapping[str, Json]], Mapping[str, Json]], Conversation[Mapping[int, Text] | None]]
        | None
    ) = None
    """(group, payloads, the profile's settings) -> by position, why an item must not be sent any more; None: unknown.
    It is read just before each request, where what was surveyed may have changed since."""
    bisects: bool = False
    """Its batches are no documents of the person: one that is refused as a whole is sent in parts, until the bad rows
    are alone."""
    surveys_rehearsals: bool = False
    """A dry run reads the vendor without being asked to: without it there is nothing to show."""
    keeps_baseline: bool = False
    """What was read before the first attempt of a batch stays, also when it is sent again."""
    reads_per_batch: int = 0
    """Reads that belong to a request of movements: before it and, for what its answer does not tell, after it."""
    details: (
        Callable[[str, Sequence[Mapping[str, Json]], str], Conversation[Mapping[int, Mapping[str, Json]]]] | None
    ) = None
    """(group, payloads, the vendor's id of the record) -> by position, what the answer did not tell of each item."""
    look_up: Callable[[Doubt], Conversation[tuple[Sighting, ...]]] | None = None
    """How a lost answer is looked up. None: it cannot be."""
    watched: Watched = field(default_factory=Watched)
    """What the guards look at before the first request."""
    survey: Callable[[Sequence[Row], Wishes], Conversation[Survey]] | None = None
    """What must be read between validation and planning; only `run` does it (and a dry run with ``--read``)."""
    undo: Callable[[Done], Mapping[str, Json] | Text] | None = None
    """A row that sets back what was done: its values by field, None for one to be erased; or why there is none."""
    undone_by: str | None = None
    """The destination that takes such rows; None: this one."""
    most_reads: Callable[[Sequence[Row]], int] | None = None
    """How many requests `survey` makes of these rows at most; None: nobody can say beforehand."""
    preview: Callable[[Sequence[Row]], Sequence[Text]] = lambda _rows: ()
    """What `survey` would read and complete, said where nothing is read (validate, a plain dry run)."""
    remembered: Text | None = None
    """For values that cannot be read: ``--only-changed`` compares with those that were accepted last, by the journal,
    and says this of them."""
    completes: frozenset[str] = frozenset()
    """The groups of rows that need only their key: `survey` gives a blank field what the vendor has, `Wishes.constants`
    give what neither has, and ``(vacío)`` in a cell erases (`Row.erased`)."""
    undecided: frozenset[str] = frozenset()
    """The groups that are never sent: `survey` makes other ones of their rows."""
    default_group: str | None = None
    """The group of all rows when neither the sheet nor ``--set`` says one anywhere."""
    rules: tuple[Rule, ...] = ()
    derivation: Derivation | None = None
    """How fields of ours become the vendor's, after validation."""
    derived_fields: tuple[str, ...] = ()
    """Fields that `derive` may add; shown in `Filas` beside the user's columns."""
    questions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Headers never taken by themselves, with the fields they may mean."""
    same: Callable[[Json, Json], bool] = same_value
    """(what was sent of a field, what the vendor tells of it) -> whether they are one value."""
    duplicates: frozenset[str] = frozenset()
    """The values of ``--duplicates`` that make sense beside ``error``."""
    summed: str | None = None
    """The field that ``--duplicates sum`` adds up."""
    parallel: bool = False
    """Whether requests that are no movements may be in flight together (a profile's `in_flight` says how many)."""
    most_uncertain: int = 1
    """Uncertain batches of movements after which a run stops sending (RET-5)."""
    low_stock: tuple[str, str] | None = None
    """The returned fields (stock, minimum) that tell that a product is running out."""
    same_thing: tuple[str, ...] = ()
    """The returned fields that tell what was changed: rows with other keys and the same of these are warned of."""
    fresh_for: timedelta | None = None
    """How old a sheet may be before its values are warned of: what the vendor counts by itself has moved on."""
    unattended_for: timedelta | None = None
    """How old a file may be for a scheduled job that nobody watches; an older one is not sent."""

    def derive(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return the values of a row in the vendor's own fields; itself when there is nothing to derive."""
        return values if self.derivation is None else self.derivation.make(values)

    def column(self, name: str) -> Column:
        """Return the declared column; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def key_fields(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """Return the fields by which a row with these values is known; none when they are not all there."""
        return next((names for names in self.alternative_keys or (self.key,) if values.keys() >= set(names)), ())

    def effects(self) -> dict[str, Effect]:
        """Return what sending twice does, by what a kind of group is called ('' where there is one group)."""
        if self.kinds:
            return {name: self.effect(group) for name, group in self.kinds}
        if not self.group_fields:
            return {"": self.effect("")}
        (field_name,) = self.group_fields
        return {str(choice.value): self.effect(str(choice.value)) for choice in self.column(field_name).choices}

    @property
    def group_field(self) -> str | None:
        """The one field whose value names the group of a row; None where there is none, or several."""
        return self.group_fields[0] if len(self.group_fields) == 1 else None

    def need(self, column: Column) -> Need:
        """Return whether the rows of a sheet must have a value of this column."""
        if not column.required or (self.default_group is not None and column.name == self.group_field):
            return Need.NEVER
        kept = column.name in self.key or column.name == self.group_field
        return Need.SOMETIMES if self.completes and not kept else Need.ALWAYS

    def erasable(self, column: Column) -> bool:
        """Say whether ``(vacío)`` in a cell of this column erases the vendor's value."""
        return bool(self.completes) and column.on_wire and self.need(column) is Need.NEVER

    @property
    def can_be_looked_up(self) -> bool:
        """Whether a lost answer can be settled by reading."""
        return self.look_up is not None


class _Configured(Protocol):
    @property
    def settings(self) -> Mapping[str, Json]:
        """The profile's settings of its vendor."""


def configured(destination: Destination, profile: _Configured | None) -> Destination:
    """Return the destination with the limit that a profile sets, if it sets one."""
    limit = (
        None if profile is None or destination.limit_setting is None else profile.settings[destination.limit_setting]
    )
    return destination if limit is None else replace(destination, batch_limit=int(limit))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What goes on the wire: body and headers with credentials. Never stored, never shown."""

    body: bytes | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a profile may say for one vendor alone: a number or yes/no, never a credential."""

    name: str
    default: int | bool
    minimum: int = 0
    help: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many requests an account may make: the names of the settings that hold both numbers."""

    requests: str
    seconds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a vendor's plan allows in requests."""

    total: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A vendor's system."""

    name: str
    title: str
    address: str
    """The default base address, ending in a slash."""
    secrets: tuple[str, ...]
    """Names of its credentials, as they stand in a profile."""
    sign: Callable[[Request, Mapping[str, str]], Signed]
    """(request, credentials) -> what goes on the wire."""
    destinations: tuple[Destination, ...]
    settings: tuple[Setting, ...] = ()
    """What a profile may say beside credentials and what every vendor has."""
    pace: Pace | None = None
    """How fast it may be asked; None: no limit is known."""
    retry_hint: Callable[[Answer], float | None] | None = None
    """Seconds to wait that the vendor states elsewhere than in Retry-After."""
    denies: Callable[[Answer], bool] | None = None
    """Says of an answer whose status does not tell it that these credentials let nobody in."""
    listings: tuple[Listing, ...] = ()
    """What ``etl fetch`` can read."""
    ping: Request | None = None
    """A harmless read, for ``etl doctor``."""
    allowance: Callable[[Answer], Allowance | None] | None = None
    """What the answer to `ping` tells of the plan; None: nothing."""
