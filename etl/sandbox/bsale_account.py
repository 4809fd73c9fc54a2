"""What a simulated Bsale account holds: offices, variants, stock, the documents that moved it, and what was applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from etl.model import Json

ACTIVE = 0
PACK = 3
"""`classification` of a product that is a pack."""

Kind: TypeAlias = Literal["receptions", "consumptions"]
RECEPTION: Final = "receptions"
CONSUMPTION: Final = "consumptions"


@dataclass(frozen=True, slots=True)
class Office:
    """A place that holds stock. `state`: 0 active, 1 inactive, 99 deleted."""

    id: int
    name: str
    state: int = ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What variants belong to. Only a pack has `parts`: pairs of (variant, how many of it)."""

    id: int
    name: str
    allow_decimal: bool = True
    parts: tuple[tuple[int, Decimal], ...] = ()

    @property
    def classification(self) -> int:
        """0 a product, 3 a pack."""
        return PACK if self.parts else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What is counted. Codes need not be unique: only the id is."""

    id: int
    code: str
    bar_code: str = ""
    product: int
    description: str = ""
    state: int = ACTIVE
    serial_number: bool = False
    unlimited_stock: bool = False
    allow_negative_stock: bool = False
    cost: Decimal = Decimal(0)
    """What a consumption of it says that a unit cost."""


@dataclass(frozen=True, slots=True)
class ConsumptionType:
    """A reason for which stock is consumed."""

    id: int
    name: str
    active: bool
    code: str


@dataclass(slots=True)
class Stock:
    """How much of a variant an office has."""

    id: int
    quantity: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)

    @property
    def available(self) -> Decimal:
        """What is neither in drafts nor to be dispatched."""
        return self.quantity - self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A line of a document as it was recorded."""

    id: int
    variant: int
    quantity: Decimal
    cost: Decimal
    variant_stock: Decimal
    """The variant's stock after this line."""
    serial_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A reception or a consumption."""

    id: int
    day: date
    office: int
    note: str
    details: tuple[Detail, ...] = ()
    document: str = ""
    document_number: str = ""
    update_stock: int = 0
    consumption_type: int = 1
    user: int = 1

    @property
    def midnight(self) -> int:
        """Seconds since 1970 of 00:00 UTC of its day."""
        return int(datetime.combine(self.day, time(), UTC).timestamp())


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One line that was really applied."""

    number: int
    """From 1, in the order of happening."""
    kind: Kind
    document: int
    """The id of the reception or consumption."""
    method: str
    """POST, or PUT for a reception that was written anew."""
    office: int
    variant: int
    quantity: Decimal
    """As it stood in the line; a consumption takes it away."""
    note: str
    body_sha256: str
    sent: Mapping[str, Json]


@dataclass(slots=True)
class Mood:
    """What the vendor's page leaves open, and other ways in which an account may behave."""

    notes: Literal["kept", "other_echo", "lost"] = "kept"
    """Whether a note comes back as it was sent: always; not in the answer to a POST (the page's samples); never."""
    newest_first: bool = False
    """Lists of receptions and consumptions begin with the newest."""
    requests: int = 3000
    seconds: float = 300.0
    """So many requests in so many seconds are answered, then 429 (facts 2.7)."""
    hints: tuple[str, ...] = ("header", "body")
    """Where a 429 says how long to wait: the header Retry-After, `retry_after` in the body."""
    denial: Literal[400, 401] = 401
    """How a wrong access token is answered: the page's table has it as 401, its list of texts among the 400s."""


@dataclass(slots=True)
class Account:
    """Everything, by id."""

    offices: dict[int, Office] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    variants: dict[int, Variant] = field(default_factory=dict)
    types: dict[int, ConsumptionType] = field(default_factory=dict)
    users: dict[int, str] = field(default_factory=dict)
    stocks: dict[tuple[int, int], Stock] = field(default_factory=dict)
    """By (office, variant)."""
    serials: set[tuple[int, int, str]] = field(default_factory=set)
    """The units with a serial number that are there: (office, variant, number)."""
    documents: dict[Kind, dict[int, Document]] = field(default_factory=lambda: {RECEPTION: {}, CONSUMPTION: {}})
    applied: list[Moved] = field(default_factory=list)
    mood: Mood = field(default_factory=Mood)

    def stock(self, office: int, variant: int) -> Stock:
        """Return the stock of a variant in an office; there is one from now on, of nothing, if there was none."""
        known = self.stocks.get((office, variant))
        if known is None:
            next_id = max((one.id for one in self.stocks.values()), default=0) + 1
            known = self.stocks[office, variant] = Stock(next_id)
        return known

    def pack_quantity(self, office: int, product: Product) -> Decimal:
        """Return how many whole packs the physical stock of their parts makes up."""
        whole = (self.stocks[office, part].quantity // each for part, each in product.parts)
        return min(whole) if all((office, part) in self.stocks for part, _ in product.parts) else Decimal(0)

    def active(self, matches: Callable[[Variant], bool]) -> Iterable[Variant]:
        """Return the variants in use that match, the oldest first."""
        return (one for _, one in sorted(self.variants.items()) if one.state == ACTIVE and matches(one))

    def next_document(self, kind: Kind) -> int:
        """Return the id of the next reception or consumption."""
        return max(self.documents[kind], default=0) + 1

    def next_detail(self) -> int:
        """Return the id of the next line."""
        every = (detail.id for kind in self.documents.values() for one in kind.values() for detail in one.details)
        return max(every, default=0) + 1
