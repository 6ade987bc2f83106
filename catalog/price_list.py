"""The price list and the menu: bring the one in, write the other out.

A row finds its place by names: category > service > classification. What is listed is on the
menu, in the order of the list, even if it was switched off; what is not listed stays as it is.
Prices that were copied on a customer's transaction are never touched.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from django.db import IntegrityError, connection
from django.db.transaction import atomic
from django.utils.translation import gettext as _
from tqdm import tqdm

from catalog.models import MenuEntry, Service, ServiceCategory, ServiceClassification
from catalog.price_sheet import (
    NAME_COLUMNS,
    BadPriceList,
    Problem,
    Row,
    Source,
    bad_file,
    read,
    tidy,
    write,
)
from spa_project.lib.money import format_amount

#: The names from the category down: one for a category, two for a service, three for a price.
NamePath: TypeAlias = tuple[str, ...]
Menu: TypeAlias = dict[NamePath, MenuEntry]

# Room between neighbours, so that a new line fits between two without moving them.
STEP = 10
BATCH = 500
INFINITY = float("inf")


class Level(NamedTuple):
    """One level of the menu: its model, the field with its name, the field with its parent."""

    model: type[MenuEntry]
    name: str
    parent: str


LEVELS = (
    Level(ServiceCategory, "name", ""),
    Level(Service, "name", "category"),
    Level(ServiceClassification, "classification", "service"),
)


@dataclass(frozen=True)
class Change:
    """What one row of the file adds or changes, in words."""

    row: Row
    is_new: bool
    details: tuple[str, ...]

    def __str__(self) -> str:
        return _("line %(line)d: %(names)s: %(details)s") % {
            "line": self.row.line,
            "names": " > ".join(self.row.path),
            "details": ", ".join(self.details),
        }


@dataclass(frozen=True)
class Report:
    """What an import did, or would do."""

    rows: int
    changes: tuple[Change, ...]
    #: How many prices are on record but not in the file.
    left_alone: int

    @property
    def added(self) -> int:
        """How many rows bring a new price."""
        return sum(change.is_new for change in self.changes)

    @property
    def changed(self) -> int:
        """How many rows change something that was there."""
        return len(self.changes) - self.added

    @property
    def unchanged(self) -> int:
        """How many rows say what the menu says already."""
        return self.rows - len(self.changes)


@dataclass
class _Entry:
    """One line of the menu that the file speaks of: what it wants, and what was there before."""

    path: NamePath
    row: Row
    instance: MenuEntry
    is_new: bool
    wanted: dict[str, Any]
    old: dict[str, Any] = field(default_factory=dict)

    def apply(self) -> None:
        """Set on the instance what differs from it, and keep in `old` what that was."""
        for name, value in self.wanted.items():
            now = getattr(self.instance, name)
            if (tidy(now) if isinstance(now, str) else now) != value:
                self.old[name] = now
                setattr(self.instance, name, value)

    def in_words(self) -> Iterator[str]:
        """What is new or changed, for people."""
        if self.is_new:
            if len(self.path) == len(LEVELS):
                added = _("added, %(price)s, %(duration_minutes)d min")
                yield added % self.wanted
            return
        for name, old in self.old.items():
            yield self._difference(name, old)

    def _difference(self, name: str, old: Any) -> str:
        meta = self.instance._meta
        label = str(getattr(meta.get_field(name), "verbose_name", name))
        if len(self.path) < len(LEVELS):
            label = f"{meta.verbose_name} {label}"
        if name == "active":
            return _("%(label)s again") % {"label": label}
        return f"{label} {_shown(old)} → {_shown(self.wanted[name])}"


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return format_amount(value)
    return f"“{value}”" if isinstance(value, str) else str(value)


def import_file(source: Source, *, dry_run: bool = False) -> Report:
    """Bring a price list in, from a path or from its lines, all of it or nothing.

    Raises `BadPriceList`, which names every bad cell. A dry run writes nothing.
    """
    rows, problems = read(source)
    try:
        with atomic():
            menu = _load_menu()
            problems += _look_alikes(rows, menu)
            if problems:
                raise BadPriceList(problems)
            entries = _compare(rows, menu)
            report = _report(rows, entries, menu)
            if not dry_run:
                _save(entries)
    except IntegrityError:
        # A name the database takes for another one, or someone else added it just now.
        sentence = _(
            "The database takes two names for the same, or the menu was changed meanwhile."
        )
        raise bad_file(sentence) from None
    return report


def export_text() -> str:
    """The menu of now as a price list, in its order. Importing it changes nothing."""
    offers = ServiceClassification.objects.on_the_menu().select_related("service__category")
    in_order = offers.order_by(
        "service__category__order", "service__category", "service__order", "service", "order", "id"
    )
    return write(_row_of(offer) for offer in in_order)


def order_after(last: int) -> int:
    """The order of what comes after everything: the next round number."""
    return (last // STEP + 1) * STEP


def _row_of(offer: ServiceClassification) -> Row:
    return Row(
        line=0,
        category=offer.service.category.name,
        service=offer.service.name,
        description=offer.service.description,
        classification=offer.classification,
        price=offer.price,
        duration_minutes=offer.duration_minutes,
    )


# -- The menu and the file side by side -------------------------------------------------------


def _load_menu() -> Menu:
    """Every line of the menu, switched off or not, by its names; in three queries."""
    menu: Menu = {}
    above: dict[int | None, NamePath] = {None: ()}
    for level in LEVELS:
        here: dict[int | None, NamePath] = {}
        for instance in level.model._default_manager.all():
            parent = above.get(getattr(instance, f"{level.parent}_id", None))
            # A parent made since it was asked for belongs to someone else's change.
            if parent is not None:
                path = here[instance.pk] = (*parent, tidy(getattr(instance, level.name)))
                menu[path] = instance
        above = here
    return menu


def _look_alikes(rows: Sequence[Row], menu: Menu) -> list[Problem]:
    """New names that a person, and most databases, would take for one that is there."""
    seen = {(*path[:-1], _fold(path[-1])): path[-1] for path in menu}
    problems = []
    for row in rows:
        for depth, column in enumerate(NAME_COLUMNS, start=1):
            if column in row.bad:
                break
            *above, name = path = row.path[:depth]
            other = seen.setdefault((*above, _fold(name)), name)
            if other != name and path not in menu:
                sentence = _("“%(name)s” is too much like “%(other)s”. Write both the same way.")
                names = {"name": name, "other": other}
                problems.append(Problem(row.line, column, sentence % names))
    return problems


def _fold(name: str) -> str:
    """The name without capitals, accents and marks that cannot be seen."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Cf"))


def _compare(rows: Sequence[Row], menu: Menu) -> list[_Entry]:
    """Every line of the menu that the file speaks of, parents first, brought to what it says."""
    entries: dict[NamePath, _Entry] = {}
    for row in rows:
        for depth, wanted in enumerate(_wanted(row), start=1):
            path = row.path[:depth]
            if path not in entries:
                instance = menu.get(path) or _new_instance(path, entries)
                entries[path] = _Entry(path, row, instance, path not in menu, wanted)
    _put_in_order(list(entries.values()), menu)
    for entry in entries.values():
        entry.apply()
    return list(entries.values())


def _wanted(row: Row) -> tuple[dict[str, Any], ...]:
    """What a row says of its category, of its service and of the price itself."""
    return (
        {"active": True},
        {"active": True, "description": row.description},
        {"active": True, "price": row.price, "duration_minutes": row.duration_minutes},
    )


def _new_instance(path: NamePath, entries: dict[NamePath, _Entry]) -> MenuEntry:
    level = LEVELS[len(path) - 1]
    fields: dict[str, Any] = {level.name: path[-1]}
    if level.parent:
        fields[level.parent] = entries[path[:-1]].instance
    return level.model(**fields)


def _put_in_order(entries: list[_Entry], menu: Menu) -> None:
    highest: dict[NamePath, int] = defaultdict(int)
    for path, instance in menu.items():
        highest[path[:-1]] = max(highest[path[:-1]], instance.order)
    siblings: dict[NamePath, list[_Entry]] = defaultdict(list)
    for entry in entries:
        siblings[entry.path[:-1]].append(entry)
    for above, group in siblings.items():
        _put_siblings_in_order(group, highest[above])


def _put_siblings_in_order(group: list[_Entry], highest: int) -> None:
    """Let the order rise as in the file, moving as few as possible.

    Lines that follow each other rightly keep their numbers. New ones in between come right after
    the line before them; new ones at the end come after everything, listed or not.
    """
    last_known = max((at for at, entry in enumerate(group) if not entry.is_new), default=-1)
    order, tie = 0, 0.0
    for at, entry in enumerate(group):
        now, pk = entry.instance.order, entry.instance.pk
        if at > last_known:
            order, tie = order_after(max(order, highest)), INFINITY
        elif entry.is_new or (now, pk) <= (order, tie):
            order, tie = order + 1, pk or INFINITY
        else:
            order, tie = now, pk
        entry.wanted["order"] = order


def _report(rows: Sequence[Row], entries: Sequence[_Entry], menu: Menu) -> Report:
    details: dict[Row, list[str]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: -len(entry.path)):
        details[entry.row] += entry.in_words()
    prices = {entry.path: entry for entry in entries if len(entry.path) == len(LEVELS)}
    changes = (Change(row, prices[row.path].is_new, tuple(details[row])) for row in rows)
    return Report(
        rows=len(rows),
        changes=tuple(change for change in changes if change.details),
        left_alone=sum(len(path) == len(LEVELS) and path not in prices for path in menu),
    )


# -- Saving -----------------------------------------------------------------------------------


def _save(entries: Sequence[_Entry]) -> None:
    """Write what is new and what differs, parents first."""
    work = [entry for entry in entries if entry.is_new or entry.old]
    with tqdm(total=len(work), desc="Saving", disable=None, delay=1, leave=False) as progress:
        for level in LEVELS:
            mine = [entry for entry in work if isinstance(entry.instance, level.model)]
            for batch in _batches([entry.instance for entry in mine if entry.is_new]):
                _insert(level.model, batch)
                progress.update(len(batch))
            for fields, instances in _by_fields(mine).items():
                for batch in _batches(instances):
                    level.model._default_manager.bulk_update(batch, fields)
                    progress.update(len(batch))


def _batches(instances: list[MenuEntry]) -> Iterator[list[MenuEntry]]:
    for start in range(0, len(instances), BATCH):
        yield instances[start : start + BATCH]


def _by_fields(entries: Sequence[_Entry]) -> dict[tuple[str, ...], list[MenuEntry]]:
    """The changed lines by what changed on them: nothing else may be written over."""
    groups: dict[tuple[str, ...], list[MenuEntry]] = defaultdict(list)
    for entry in entries:
        if not entry.is_new:
            groups[tuple(sorted(entry.old))].append(entry.instance)
    return groups


def _insert(model: type[MenuEntry], instances: list[MenuEntry]) -> None:
    has_children = model is not LEVELS[-1].model
    if has_children and not connection.features.can_return_rows_from_bulk_insert:
        # MySQL does not tell the ids of many rows, and the next level needs them.
        for instance in instances:
            instance.save(force_insert=True)
    else:
        model._default_manager.bulk_create(instances)
