"""Bases of records, which are inserted once and never changed, and of their counters."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch

#: Digits of a sum of many amounts.
SUM_DIGITS = 16


class Record(models.Model):
    """An append-only row: inserted, never deleted."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; refuse an update."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: records of money are kept."""
        raise TypeError("Records of money are never deleted.")


class Print(Record):
    """A print of a receipt; the first is the original, the others are copies."""

    number = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty when the customer did it."),
    )

    class Meta:
        abstract = True


class PersonsRecord(Record):
    """A record with its time and the person who made it."""

    at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("person"),
    )

    class Meta:
        abstract = True


class BranchCounter(models.Model):
    """The last number that a branch has given to something; numbers have no gap."""

    branch = models.OneToOneField(Branch, on_delete=models.PROTECT, primary_key=True)
    last = models.PositiveIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.branch_id}: {self.last}"
