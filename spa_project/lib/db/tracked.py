"""A queryset that sends a signal after bulk writes, for which Django sends none."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.dispatch import Signal

Row = TypeVar("Row", bound=Model)

#: Sent by the model after rows were updated or created in bulk, in the same transaction.
bulk_changed = Signal()


class TrackedQuerySet(QuerySet[Row]):
    """A queryset whose `update`, `bulk_update` and `bulk_create` send `bulk_changed`."""

    def update(self, **kwargs: Any) -> int:
        """Update the rows, and send the signal when there were any; `bulk_update` calls this."""
        count = super().update(**kwargs)
        if count:
            bulk_changed.send(self.model)
        return count

    def bulk_create(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> list[Row]:
        """Create the rows, and send the signal."""
        created = super().bulk_create(objs, *args, **kwargs)
        bulk_changed.send(self.model)
        return created
