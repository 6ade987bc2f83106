"""Import the menu from CSV or XLSX, and export it.

A row is matched by names: category > service > classification. What is listed becomes active, in
the order of the file; what is not listed stays as it is. Prices that were copied to a customer's
transaction are never changed.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _
from tqdm import tqdm

from catalog.menu_import import csv_format, xlsx_format
from catalog.menu_import.diff import (
    LEVELS,
    Entry,
    Menu,
    compare,
    fingerprint_of,
    load_menu,
    look_alikes,
)
from catalog.menu_import.rows import BadPriceList, Problem, Row, bad_file
from catalog.menu_import.sources import Source, read
from catalog.models import MENU_ORDER, MenuEntry, ServiceClassification
from spa_project.lib.db.history import insert_many, update_many

BATCH = 500


class MenuChanged(Exception):
    """An error when the menu is not the one that a preview was compared with."""


@dataclass(frozen=True)
class Change:
    """The addition or change made by one row of the file, in words."""

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
class ImportReport:
    """The result of an import or of a dry run."""

    rows: int
    changes: tuple[Change, ...]
    #: How many prices are in the database but not in the file.
    left_alone: int
    #: Identifies the menu that the file was compared with.
    compared_with: str

    @property
    def added(self) -> int:
        """Return how many rows add a price."""
        return sum(change.is_new for change in self.changes)

    @property
    def changed(self) -> int:
        """Return how many rows change something."""
        return len(self.changes) - self.added

    @property
    def unchanged(self) -> int:
        """Return how many rows change nothing."""
        return self.rows - len(self.changes)


def import_file(source: Source, *, dry_run: bool = False) -> ImportReport:
    """Import a file, from a path, its content or its lines, in one database transaction.

    Raises `BadPriceList`, which names every bad cell. A dry run writes nothing.
    """
    return import_rows(*read(source), dry_run=dry_run)


def import_rows(
    rows: Sequence[Row], problems: Sequence[Problem] = (), *, dry_run: bool = False, seen: str = ""
) -> ImportReport:
    """Import rows in one database transaction; `seen` is the menu that a preview compared with.

    Raises `BadPriceList` for rows with problems, and `MenuChanged` when the menu is another one.
    """
    try:
        with atomic():
            menu = load_menu(lock=not dry_run)
            compared_with = fingerprint_of(menu)
            if seen and seen != compared_with:
                raise MenuChanged
            problems = [*problems, *look_alikes(rows, menu)]
            if problems:
                raise BadPriceList(problems)
            entries = compare(rows, menu)
            report = _report(rows, entries, menu, compared_with)
            if not dry_run:
                _save(entries)
    except IntegrityError:
        # The database's collation equates the name with another one, or someone else added it just
        # now.
        sentence = _("Two names are too similar, or the menu changed meanwhile. Try again.")
        raise bad_file(sentence) from None
    return report


def export_text() -> str:
    """Return the menu as CSV text, in its order; importing it changes nothing."""
    return csv_format.write(_rows_on_the_menu())


def export_workbook() -> bytes:
    """Return the menu as an Excel workbook, in its order; importing it changes nothing."""
    return xlsx_format.write(_rows_on_the_menu())


def _rows_on_the_menu() -> Iterator[Row]:
    offers = ServiceClassification.objects.on_the_menu().select_related("service__category")
    return map(_row_of, offers.order_by(*MENU_ORDER))


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


def _report(
    rows: Sequence[Row], entries: Sequence[Entry], menu: Menu, compared_with: str
) -> ImportReport:
    details: dict[Row, list[str]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: -len(entry.path)):
        details[entry.row] += entry.in_words()
    prices = {entry.path: entry for entry in entries if len(entry.path) == len(LEVELS)}
    changes = (Change(row, prices[row.path].is_new, tuple(details[row])) for row in rows)
    return ImportReport(
        rows=len(rows),
        changes=tuple(change for change in changes if change.details),
        left_alone=sum(len(path) == len(LEVELS) and path not in prices for path in menu),
        compared_with=compared_with,
    )


# -- Saving -----------------------------------------------------------------------------------


def _save(entries: Sequence[Entry]) -> None:
    """Write new and changed entries, parents first."""
    work = [entry for entry in entries if entry.is_new or entry.old]
    with tqdm(total=len(work), desc="Saving", disable=None, delay=1, leave=False) as progress:
        for level in LEVELS:
            mine = [entry for entry in work if isinstance(entry.instance, level.model)]
            for batch in _batches([entry.instance for entry in mine if entry.is_new]):
                insert_many(level.model, batch)
                progress.update(len(batch))
            for fields, instances in _by_fields(mine).items():
                for batch in _batches(instances):
                    update_many(level.model, batch, fields)
                    progress.update(len(batch))


def _batches(instances: list[MenuEntry]) -> Iterator[list[MenuEntry]]:
    for start in range(0, len(instances), BATCH):
        yield instances[start : start + BATCH]


def _by_fields(entries: Sequence[Entry]) -> dict[tuple[str, ...], list[MenuEntry]]:
    """Group changed entries by the fields to update, so that no other field is overwritten."""
    groups: dict[tuple[str, ...], list[MenuEntry]] = defaultdict(list)
    for entry in entries:
        if not entry.is_new:
            groups[tuple(sorted(entry.old))].append(entry.instance)
    return groups
