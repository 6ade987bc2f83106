"""The difference between the menu and a file: entries to add, to change and to reorder."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from django.forms import model_to_dict
from django.utils.translation import gettext as _

from catalog.menu_import.collation import collations_of, sort_keys
from catalog.menu_import.rows import NAME_COLUMNS, Problem, Row, tidy
from catalog.models import MenuEntry, Service, ServiceCategory, ServiceClassification
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import format_amount

#: The names from the category down: one for a category, two for a service, three for a price.
NamePath: TypeAlias = tuple[str, ...]
Menu: TypeAlias = dict[NamePath, MenuEntry]

# Gaps between order numbers let a new entry fit between two without moving them.
STEP = 10
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


@dataclass
class Entry:
    """One menu entry that the file mentions, with the wanted values and the previous ones."""

    path: NamePath
    row: Row
    instance: MenuEntry
    is_new: bool
    wanted: dict[str, Any]
    old: dict[str, Any] = field(default_factory=dict)

    def apply(self) -> None:
        """Set on the instance what differs from it, and store the previous values in `old`."""
        for name, value in self.wanted.items():
            now = getattr(self.instance, name)
            if (tidy(now) if isinstance(now, str) else now) != value:
                self.old[name] = now
                setattr(self.instance, name, value)

    def in_words(self) -> Iterator[str]:
        """Return what is new or changed, for people."""
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


def load_menu(*, lock: bool = False) -> Menu:
    """Return every menu entry, active or not, by its names; in three queries.

    With `lock`, nobody else can change an entry before the transaction ends.
    """
    menu: Menu = {}
    above: dict[int | None, NamePath] = {None: ()}
    for level in LEVELS:
        here: dict[int | None, NamePath] = {}
        entries = level.model._default_manager.all()
        for instance in entries.select_for_update() if lock else entries:
            parent = above.get(getattr(instance, f"{level.parent}_id", None))
            # A parent that was added since the menu was loaded belongs to another change.
            if parent is not None:
                path = here[instance.pk] = (*parent, tidy(getattr(instance, level.name)))
                menu[path] = instance
        above = here
    return menu


def fingerprint_of(menu: Menu) -> str:
    """Return a digest of every value of every entry."""
    return fingerprint([[*path, *map(str, model_to_dict(menu[path]).values())] for path in menu])


def look_alikes(rows: Sequence[Row], menu: Menu) -> list[Problem]:
    """Return new names that people or the database would take for another one."""
    keys = _comparison_keys({row.path[:depth] for row in rows for depth in _depths(row)}, menu)
    seen = {key: path[-1] for path in menu for key in keys[path]}
    problems: dict[tuple[int, str], Problem] = {}
    for row in rows:
        for depth in _depths(row):
            path = row.path[:depth]
            for key in keys[path]:
                other = seen.setdefault(key, path[-1])
                if other != path[-1] and path not in menu:
                    column = NAME_COLUMNS[depth - 1]
                    problem = Problem(row.line, column, _too_similar(path[-1], other))
                    problems.setdefault((row.line, column), problem)
    return list(problems.values())


def _depths(row: Row) -> Iterator[int]:
    """Yield how deep a row's names can be read: 1 for its category, up to 3."""
    for depth, column in enumerate(NAME_COLUMNS, start=1):
        if column in row.bad:
            return
        yield depth


def _too_similar(name: str, other: str) -> str:
    names = {"name": name, "other": other}
    if _fold(name) == _fold(other):
        return _("“%(name)s” is nearly the same as “%(other)s”. Write both the same way.") % names
    return (
        _("The database can't tell “%(name)s” from “%(other)s”. Let them differ by a letter.")
        % names
    )


def _comparison_keys(paths: Collection[NamePath], menu: Menu) -> dict[NamePath, list[Hashable]]:
    """Return two keys for each path: how people compare its last name, and how the database does.

    The database is asked only when a name is new.
    """
    has_new = any(path not in menu for path in paths)
    columns = [(level.model._meta.db_table, level.name) for level in LEVELS]
    collations = collations_of(columns) if has_new else ["" for _level in LEVELS]
    names: dict[str, set[str]] = defaultdict(set)
    everywhere = {*paths, *menu}
    for path in everywhere:
        names[collations[len(path) - 1]].add(path[-1])
    sorts = {collation: sort_keys(sorted(used), collation) for collation, used in names.items()}
    return {
        path: [
            (*path[:-1], "people", _fold(path[-1])),
            (*path[:-1], "database", sorts[collations[len(path) - 1]][path[-1]]),
        ]
        for path in everywhere
    }


def _fold(name: str) -> str:
    """Return the name without capitals, accents and invisible marks."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Cf"))


def compare(rows: Sequence[Row], menu: Menu) -> list[Entry]:
    """Return every entry the file mentions, parents first, with the file's values applied."""
    entries: dict[NamePath, Entry] = {}
    for row in rows:
        for depth, wanted in enumerate(_wanted(row), start=1):
            path = row.path[:depth]
            if path not in entries:
                instance = menu.get(path) or _new_instance(path, entries)
                entries[path] = Entry(path, row, instance, path not in menu, wanted)
    _put_in_order(list(entries.values()), menu)
    for entry in entries.values():
        entry.apply()
    return list(entries.values())


def _wanted(row: Row) -> tuple[dict[str, Any], ...]:
    """Return what a row says of its category, of its service and of the price itself."""
    return (
        {"active": True},
        {"active": True, "description": row.description},
        {"active": True, "price": row.price, "duration_minutes": row.duration_minutes},
    )


def _new_instance(path: NamePath, entries: dict[NamePath, Entry]) -> MenuEntry:
    level = LEVELS[len(path) - 1]
    fields: dict[str, Any] = {level.name: path[-1]}
    if level.parent:
        fields[level.parent] = entries[path[:-1]].instance
    return level.model(**fields)


def _put_in_order(entries: list[Entry], menu: Menu) -> None:
    highest: dict[NamePath, int] = defaultdict(int)
    for path, instance in menu.items():
        highest[path[:-1]] = max(highest[path[:-1]], instance.order)
    siblings: dict[NamePath, list[Entry]] = defaultdict(list)
    for entry in entries:
        siblings[entry.path[:-1]].append(entry)
    for above, group in siblings.items():
        put_siblings_in_order(group, highest[above])


def put_siblings_in_order(group: list[Entry], highest: int) -> None:
    """Make the order numbers rise as in the file.

    Entries that already follow each other in order keep their numbers. New ones in between come
    right after the entry before them; new ones at the end come after everything, listed or not.
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


def order_after(last: int) -> int:
    """Return the order number that comes after all others: the next round number."""
    return (last // STEP + 1) * STEP
