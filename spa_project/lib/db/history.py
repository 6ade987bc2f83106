"""The history of the setup: who changed what and when, from which value to which.

django-simple-history writes a row for each change of a tracked column. This module adds what it
leaves to its users: nothing is written (or read) where no tracked column is saved, bulk writes and
commands are recorded as well, and rows older than the history get a first record.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from django.db import connection, models
from django.utils import timezone
from simple_history.models import HistoricalRecords
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

REASON_LENGTH = 200
#: The reason of a change that undoes another one.
UNDO = "undo"
#: How many records of a row are searched for the one that changed a field.
SEARCHED = 100

_reason: ContextVar[str] = ContextVar("change_reason", default="")


@contextlib.contextmanager
def because(reason: str) -> Iterator[None]:
    """Record this reason with all changes made inside the block."""
    token = _reason.set(reason[:REASON_LENGTH])
    try:
        yield
    finally:
        _reason.reset(token)


def current_reason() -> str:
    """Return the reason of the block, else the name of the management command that runs."""
    return _reason.get() or _command_name()


def _command_name() -> str:
    """Return the command's name, empty in a server; arguments may be passwords."""
    in_request = hasattr(HistoricalRecords.context, "request")
    is_command = Path(sys.argv[0]).name == "manage.py" and len(sys.argv) > 1
    return sys.argv[1][:REASON_LENGTH] if is_command and not in_request else ""


class SetupHistory(HistoricalRecords):
    """The history of a model, without the columns to leave out."""

    def __init__(self, *, leave_out: Sequence[str] = (), **options: Any) -> None:
        options.setdefault("history_id_field", models.BigAutoField())
        reason = models.CharField(max_length=REASON_LENGTH, blank=True, default="")
        options.setdefault("history_change_reason_field", reason)
        super().__init__(excluded_fields=list(leave_out), **options)

    def finalize(self, sender: Any, **details: Any) -> None:
        """Follow the model, and every proxy of it: Django sends their signals as the proxy's."""
        if sender._meta.proxy and sender._meta.concrete_model is self.cls:
            models.signals.post_save.connect(self.post_save, sender=sender, weak=False)
            models.signals.post_delete.connect(self.post_delete, sender=sender, weak=False)
            models.signals.pre_delete.connect(self.pre_delete, sender=sender, weak=False)
        else:
            super().finalize(sender, **details)

    def post_save(
        self, instance: Any, created: bool, using: str | None = None, **details: Any
    ) -> None:
        """Record the saved row, unless no tracked column was written or has another value."""
        fields = self.fields_included(instance)
        tracked = {name for field in fields for name in (field.name, field.attname)}
        written = details.get("update_fields")
        if written is not None and tracked.isdisjoint(written):
            return
        if created or _differs(instance, fields):
            super().post_save(instance, created, using=using, **details)

    def get_change_reason_for_object(
        self, instance: Any, history_type: str, using: str | None
    ) -> str:
        """Return the reason to record."""
        return current_reason()


def _differs(instance: models.Model, fields: Sequence[models.Field]) -> bool:
    """Return whether a tracked column differs from the latest record."""
    records = records_of(type(instance)).filter(**{instance._meta.pk.attname: instance.pk})
    latest = records.order_by("-history_id").values(*(field.attname for field in fields)).first()
    return latest is None or any(
        field.to_python(getattr(instance, field.attname)) != latest[field.attname]
        for field in fields
    )


# -- Reading ----------------------------------------------------------------------------------


def _options(model: type[models.Model]) -> Any:
    """Return the options of the model itself: a proxy has the records of its rows."""
    return (model._meta.concrete_model or model)._meta


def has_history(model: type[models.Model]) -> bool:
    """Return whether changes of this model are recorded."""
    return hasattr(_options(model), "simple_history_manager_attribute")


def records_of(model: type[models.Model]) -> Any:
    """Return the records of all rows of a model, the latest first."""
    attribute: str = _options(model).simple_history_manager_attribute
    return getattr(model, attribute).all()


def last_change(instance: models.Model, name: str | None) -> Any:
    """Return the record that gave a field its present value; without a name, the latest.

    None where nothing is recorded.
    """
    records = records_of(type(instance)).filter(**{instance._meta.pk.attname: instance.pk})
    records = records.select_related("history_user")
    tracked = {field.name: field.attname for field in records.model.tracked_fields}
    if name not in tracked:
        return records.first()
    found = None
    for record in records[:SEARCHED]:
        if found and getattr(record, tracked[name]) != getattr(found, tracked[name]):
            break
        found = record
    return found


# -- Writing many -----------------------------------------------------------------------------


def insert_many(model: type[models.Model], instances: Sequence[models.Model]) -> None:
    """Insert rows with their records, in few statements where the database returns the keys."""
    if connection.features.can_return_rows_from_bulk_insert:
        bulk_create_with_history(instances, model, default_change_reason=current_reason())
        return
    for instance in instances:  # MySQL does not return the keys of a bulk insert
        instance.save(force_insert=True)


def update_many(
    model: type[models.Model], instances: Sequence[models.Model], fields: Sequence[str]
) -> None:
    """Update these fields of rows, with their records."""
    bulk_update_with_history(instances, model, fields, default_change_reason=current_reason())


# -- Migrations -------------------------------------------------------------------------------


def first_records(app: str, *names: str) -> Callable[[Any, Any], None]:
    """Return the step of a migration that records existing rows as they are."""

    def write(apps: Any, schema_editor: Any) -> None:
        for name in names:
            _write_first_records(
                apps.get_model(app, name), apps.get_model(app, f"Historical{name}")
            )

    return write


def _write_first_records(model: Any, history: Any) -> None:
    columns = {field.attname for field in model._meta.concrete_fields}
    kept = [f.attname for f in history._meta.concrete_fields if f.attname in columns]
    now = timezone.now()
    history._base_manager.bulk_create(
        (
            history(**row, history_date=now, history_type="+")
            for row in model._base_manager.values(*kept)
        ),
        batch_size=500,
    )
