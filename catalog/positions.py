"""The order of the menu, changed by moving an entry past its neighbour."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.transaction import atomic

from catalog.menu_import.diff import LEVELS, STEP
from catalog.models import MenuEntry, Service, ServiceCategory

#: The parts of the menu that can be moved, by the word with which pages name them.
MOVABLE = dict(zip(("category", "service", "option"), LEVELS, strict=True))


@dataclass(frozen=True)
class Place:
    """An entry of the menu as the page of its order shows it."""

    kind: str
    entry: MenuEntry
    name: str
    below: "list[Place]"

    @property
    def key(self) -> str:
        """Return the word and number that name this entry on the page."""
        return f"{self.kind}-{self.entry.pk}"

    @property
    def is_active(self) -> bool:
        """Return whether the entry is on the menu."""
        return self.entry.active


def outline() -> list[Place]:
    """Return the whole menu in its order, on the menu or not; in three queries."""
    return [
        Place("category", category, category.name, _services_of(category))
        for category in ServiceCategory.objects.prefetch_related("services__classifications")
    ]


def _services_of(category: ServiceCategory) -> list[Place]:
    return [
        Place("service", service, service.name, _options_of(service))
        for service in category.services.all()
    ]


def _options_of(service: Service) -> list[Place]:
    return [
        Place("option", option, option.classification, [])
        for option in service.classifications.all()
    ]


@atomic
def move(kind: str, pk: int, *, up: bool) -> MenuEntry | None:
    """Move an entry past the one above or below; return it, or None when there is none."""
    level = MOVABLE[kind]
    entry = level.model._default_manager.filter(pk=pk).first()
    if entry is None:
        return None
    siblings = level.model._default_manager.select_for_update().order_by("order", "id")
    if level.parent:
        parent = f"{level.parent}_id"
        siblings = siblings.filter(**{parent: getattr(entry, parent)})
    before = list(siblings)
    at = before.index(entry)
    other = at - 1 if up else at + 1
    if not 0 <= other < len(before):
        return None
    after = list(before)
    after[at], after[other] = after[other], after[at]
    _renumber(after, [sibling.order for sibling in before])
    return entry


def _renumber(entries: Sequence[MenuEntry], orders: list[int]) -> None:
    """Give entries these order numbers, or new ones where two are the same."""
    if len(set(orders)) < len(orders):
        orders = [STEP * place for place in range(1, len(entries) + 1)]
    for entry, order in zip(entries, orders, strict=True):
        if entry.order != order:
            entry.order = order
            entry.save(update_fields=["order"])
