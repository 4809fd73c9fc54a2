"""What a simulated Justo account has: stores, products, modifiers with their options, each with two ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl.model import Json

Thing = tuple[str, ...]
"""What a counter belongs to, by Justo's own ids: (store, product) or (store, modifier, option)."""


@dataclass(frozen=True, slots=True)
class Node:
    """A store, product, modifier or option."""

    id: str
    external: str | None
    name: str


@dataclass(slots=True)
class Catalogue:
    """Nodes by their own id."""

    stores: dict[str, Node] = field(default_factory=dict)
    products: dict[str, Node] = field(default_factory=dict)
    modifiers: dict[str, Node] = field(default_factory=dict)
    options: dict[tuple[str, str], Node] = field(default_factory=dict)
    """By (modifier, option)."""

    def add_store(self, own: str, external: str | None = None) -> None:
        """Make a store known."""
        self.stores[own] = Node(own, external, f"Local {external or own}")

    def add_product(self, own: str, external: str | None = None) -> None:
        """Make a product known."""
        self.products[own] = Node(own, external, f"Producto {external or own}")

    def add_modifier(self, own: str, external: str | None = None) -> None:
        """Make a modifier known."""
        self.modifiers[own] = Node(own, external, f"Modificador {external or own}")

    def add_option(self, modifier: str, own: str, external: str | None = None) -> None:
        """Make an option of a modifier known; the modifier too, when it is new."""
        if modifier not in self.modifiers:
            self.add_modifier(modifier)
        self.options[modifier, own] = Node(own, external, f"Opción {external or own}")

    def missing(self, item: Mapping[str, Json]) -> list[str]:
        """Return what an item names and nobody knows, in the page's words."""
        found = [f"Store not found [storeId:{item['storeId']}]"] if _find(self.stores, item["storeId"]) is None else []
        if item["type"] == "product":
            if _find(self.products, item["productId"]) is None:
                found.append(f"Product not found [productId:{item['productId']}]")
            return found
        modifier = _find(self.modifiers, item["modifierId"])
        if modifier is None:
            return [*found, f"Modifier not found [modifierId:{item['modifierId']}]"]
        if _find(self._options_of(modifier.id), item["modifierOptionId"]) is None:
            found.append(f"Modifier option not found [modifierOptionId:{item['modifierOptionId']}]")
        return found

    def thing_of(self, item: Mapping[str, Json]) -> Thing:
        """Return what an item without complaints means."""
        if item["type"] == "product":
            return self.thing(item["storeId"], item["productId"])
        return self.thing(item["storeId"], item["modifierId"], item["modifierOptionId"])

    def thing(self, store: str, *ids: str) -> Thing:
        """Return what ids of either kind mean: store and product, or store, modifier and option; KeyError for none."""
        place = _known(self.stores, store).id
        if len(ids) == 1:
            return (place, _known(self.products, ids[0]).id)
        modifier = _known(self.modifiers, ids[0]).id
        return (place, modifier, _known(self._options_of(modifier), ids[1]).id)

    def nodes(self, thing: Thing) -> dict[str, Node | None]:
        """Return the nodes that an answer tells of a thing."""
        if len(thing) == 2:
            return {
                "product": self.products[thing[1]],
                "store": self.stores[thing[0]],
                "modifier": None,
                "modifierOption": None,
            }
        return {
            "store": self.stores[thing[0]],
            "modifier": self.modifiers[thing[1]],
            "modifierOption": self.options[thing[1], thing[2]],
        }

    def _options_of(self, modifier: str) -> dict[str, Node]:
        return {own: node for (of, own), node in self.options.items() if of == modifier}


def _find(nodes: Mapping[str, Node], wanted: str) -> Node | None:
    if wanted in nodes:
        return nodes[wanted]
    return next((node for node in nodes.values() if node.external == wanted), None)


def _known(nodes: Mapping[str, Node], wanted: str) -> Node:
    node = _find(nodes, wanted)
    if node is None:
        raise KeyError(wanted)
    return node


def _page_and_samples() -> Catalogue:
    """Return the account that the vendor's page speaks of, and what our sample sheets name."""
    made = Catalogue()
    for own, external in (
        ("Li4eEa3W2hiuGGCFa", None),
        ("xKoiiqdtKGaRA2ve4", None),
        ("mY5Lw8cQnT2aRk7Zs", "local-centro"),
        ("pB9xVd3HfK6uJe1Wq", "local-norte"),
    ):
        made.add_store(own, external)
    for own, external in (
        ("r5RZaWcBzzWz3WAnp", None),
        ("h67Hkjhusdf54JnaK", None),
        ("c8TfYh2NqLw5sXb3D", "empanada-carne"),
        ("k4GjRm9PzVa7dUe6C", "empanada-humita"),
        ("w2QxSn6BtHy8fLi5M", "00123"),
        ("e7OvKp1JrZc4gWa9T", "limonada-500"),
    ):
        made.add_product(own, external)
    made.add_modifier("3sN33saCKhr7juwJk", "modifier_external_id")
    made.add_modifier("n3FbEu8YsDx5hQo2K", "salsas")
    for modifier, own, option in (
        ("gSnnm7XEWqKbNqNKd", "PG68HFqD7rGz6XGBe", None),
        ("Jhjk987lJklnAdxf9", "pqMan54HyrC537Nnm", None),
        ("3sN33saCKhr7juwJk", "RNbsQKhNx5LxJahqG", "modifier_option_external_id"),
        ("n3FbEu8YsDx5hQo2K", "a6ZiCt4WvGm9jRl7P", "salsa-criolla"),
        ("n3FbEu8YsDx5hQo2K", "t1HoNy5XkSb8eVf3J", "salsa-picante"),
    ):
        made.add_option(modifier, own, option)
    return made


CATALOGUE = _page_and_samples()
"""As new. Copy it before changing it."""
