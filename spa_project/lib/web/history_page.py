"""The history of one row of the setup, in words: who, when, from which value to which."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from spa_project.lib.db.history import records_of

#: The most records that a page shows.
SHOWN = 200


class FieldChange(NamedTuple):
    label: str
    old: str
    new: str


class Entry(NamedTuple):
    """One record; without changes, the row was added or removed."""

    at: Any
    who: str
    what: str
    changes: Sequence[FieldChange]


def entries_of(model: type[models.Model], key: Any) -> Iterator[Entry]:
    """Yield the records of a row, the latest first."""
    records = records_of(model).filter(**{model._meta.pk.attname: key})
    found = list(records.select_related("history_user")[: SHOWN + 1])
    for record, before in list(pairwise([*found, None]))[:SHOWN]:
        yield _entry(record, before)


def _entry(record: Any, before: Any) -> Entry:
    person = record.history_user
    who = person and (person.get_full_name() or person.get_username())
    kinds = {"+": _("Added"), "-": _("Removed"), "~": ""}
    is_change = record.history_type == "~" and before is not None
    return Entry(
        record.history_date,
        who or record.history_change_reason or "–",
        kinds[record.history_type],
        list(_changes(record, before)) if is_change else (),
    )


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
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    try:
        return str(getattr(record, field.name)) if field.is_relation else str(value)
    except ObjectDoesNotExist:
        return str(value)  # the row it names is gone
