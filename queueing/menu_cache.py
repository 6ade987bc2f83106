"""The menu, cached in each process by the setup version.

Whoever changes the menu increments the setup version of every branch in the same transaction
(setup.py). One statement on a table with one row for each branch tells whether the cached menu is
still the menu: it is never out of date, however many processes there are.
"""

from typing import NamedTuple

from catalog.serializers import MenuData, serialize_menu
from queueing.models import SetupVersion


class _Cached(NamedTuple):
    versions: tuple[tuple[int, int], ...]
    menu: MenuData


_cached: _Cached | None = None


def menu_now() -> MenuData:
    """Return the menu as it is now; to be read only, because others are given the same one."""
    global _cached
    # Read before the rows: with older versions than its rows, a menu is only read once more.
    versions = tuple(SetupVersion.objects.order_by("pk").values_list("branch_id", "last"))
    found = _cached
    if not versions or found is None or found.versions != versions:
        found = _cached = _Cached(versions, serialize_menu())
    return found.menu


def forget() -> None:
    """Forget the menu, where a database is replaced by another (tests)."""
    global _cached
    _cached = None
