"""The price list and the menu: bring the one in, write the other out.

A row finds its place by names: category > service > classification. What is listed is on the
menu, in the order of the list, even if it was switched off; what is not listed stays as it is.
Prices that were copied on a customer's transaction are never touched.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, connection
from django.db.transaction import atomic
from django.utils.translation import gettext as _
from tqdm import tqdm

from catalog.menu_import.csv_format import BadPriceList, Row, Source, bad_file, read, write
from catalog.menu_import.diff import LEVELS, Entry, Menu, compare, load_menu, look_alikes
from catalog.models import MenuEntry, ServiceClassification

BATCH = 500


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
class ImportReport:
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


def import_file(source: Source, *, dry_run: bool = False) -> ImportReport:
    """Bring a price list in, from a path or from its lines, all of it or nothing.

    Raises `BadPriceList`, which names every bad cell. A dry run writes nothing.
    """
    rows, problems = read(source)
    try:
        with atomic():
            menu = load_menu()
            problems += look_alikes(rows, menu)
            if problems:
                raise BadPriceList(problems)
            entries = compare(rows, menu)
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


def _report(rows: Sequence[Row], entries: Sequence[Entry], menu: Menu) -> ImportReport:
    details: dict[Row, list[str]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: -len(entry.path)):
        details[entry.row] += entry.in_words()
    prices = {entry.path: entry for entry in entries if len(entry.path) == len(LEVELS)}
    changes = (Change(row, prices[row.path].is_new, tuple(details[row])) for row in rows)
    return ImportReport(
        rows=len(rows),
        changes=tuple(change for change in changes if change.details),
        left_alone=sum(len(path) == len(LEVELS) and path not in prices for path in menu),
    )


# -- Saving -----------------------------------------------------------------------------------


def _save(entries: Sequence[Entry]) -> None:
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


def _by_fields(entries: Sequence[Entry]) -> dict[tuple[str, ...], list[MenuEntry]]:
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
