"""The history of the setup in words: who changed what, when, from which value to which."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist
from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import OuterRef, Subquery, Value
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from spa_project.lib.db.history import UNDO, records_of
from spa_project.lib.money import display_amount

#: The records on one page.
SHOWN = 50

#: The records to read of each model.
Sources = Mapping[type[models.Model], models.QuerySet[Any]]


class FieldChange(NamedTuple):
    """A field with its values before and after."""

    label: str
    old: str
    new: str


@dataclass
class Entry:
    """One record; without changes, the row was added or removed."""

    model: type[models.Model]
    record: Any
    #: The record that the row had before.
    before: Any
    #: The address that asks whether to undo the change; empty where there is nothing to undo.
    undo: str = ""
    #: The row as people name it, with the address of its page.
    name: str = ""
    address: str = ""

    @property
    def kind(self) -> str:
        """Return what the row is, in words."""
        return capfirst(str(self.model._meta.verbose_name))

    @property
    def at(self) -> Any:
        """Return when it was changed."""
        return self.record.history_date

    @property
    def who(self) -> str:
        """Return the person's name, empty where a program made the change."""
        person = self.record.history_user
        return person.get_full_name() or person.get_username() if person else ""

    @property
    def origin(self) -> str:
        """Return from where it was changed: the administration, an import, a command."""
        reason = str(self.record.history_change_reason or "")
        if reason == UNDO:
            return _("Undo")
        return reason or (_("Administration") if self.record.history_user else "–")

    @property
    def what(self) -> str:
        """Return whether the row was added or removed, empty for a change."""
        kinds = {"+": _("Added"), "-": _("Removed"), "~": ""}
        return kinds[self.record.history_type]

    @property
    def changes(self) -> list[FieldChange]:
        """Return the fields that changed, in words."""
        is_change = self.record.history_type == "~" and self.before is not None
        return list(_changes(self.record, self.before)) if is_change else []


def page_of_records(sources: Sources, number: Any) -> Page[Any]:
    """Return one page of these records, the latest first, as a page of `Entry`."""
    by_label = {model._meta.label: model for model in sources}
    keys = [
        records.order_by()
        .annotate(_label=Value(model._meta.label, output_field=models.CharField()))
        .values_list("_label", "history_id", "history_date")
        for model, records in sources.items()
    ]
    found: Any = keys[0].union(*keys[1:], all=True) if len(keys) > 1 else keys[0]
    page = Paginator(found.order_by("-history_date", "-history_id"), SHOWN).get_page(number)
    rows = list(page.object_list)
    entries: dict[tuple[str, int], Entry] = {}
    for label in {label for label, _key, _date in rows}:
        wanted = [key for of, key, _date in rows if of == label]
        for entry in _entries(by_label[label], wanted):
            entries[label, entry.record.history_id] = entry
    page.object_list = [entries[label, key] for label, key, _date in rows]
    return page


def _entries(model: type[models.Model], keys: Sequence[int]) -> Iterator[Entry]:
    """Yield the records of one model with those before them, in two queries."""
    records = records_of(model)
    row_key = model._meta.pk.attname
    earlier = records.filter(
        **{row_key: OuterRef(row_key)}, history_id__lt=OuterRef("history_id")
    ).order_by("-history_id")
    found = list(
        records.filter(history_id__in=keys)
        .annotate(_before=Subquery(earlier.values("history_id")[:1]))
        .select_related("history_user")
    )
    before = records.in_bulk([each._before for each in found if each._before])
    for record in found:
        yield Entry(model, record, before.get(record._before))


def _changes(record: Any, before: Any) -> Iterator[FieldChange]:
    for field in record.tracked_fields:
        if getattr(record, field.attname) != getattr(before, field.attname):
            label = capfirst(str(field.verbose_name))
            yield FieldChange(label, _in_words(before, field), _in_words(record, field))


def _in_words(record: Any, field: Any) -> str:
    value = getattr(record, field.attname)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value in (None, ""):
        return "–"
    if isinstance(value, Decimal):
        return display_amount(value)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    try:
        return str(getattr(record, field.name)) if field.is_relation else str(value)
    except ObjectDoesNotExist:
        return str(value)  # the row it names is gone
