"""Models of the log of every step of a transaction, which is append-only."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from queueing.models.items import Consent
from queueing.models.transactions import Transaction
from queueing.states import Status


class TransactionEvent(models.Model):
    """An append-only log of a transaction: person, statuses, time, reason."""

    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty when the customer did it."),
    )
    from_status = models.CharField(max_length=20, choices=Status)
    to_status = models.CharField(max_length=20, choices=Status)
    #: Holds the longest change with the longest reason: two therapists' names, and what one typed.
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    #: Whether the step goes back along the arrow of the event before it.
    is_undo = models.BooleanField(_("undone"), default=False, db_default=False)
    #: Whether the therapist has read the note, which is no call.
    note_read = models.BooleanField(_("note read"), default=False, db_default=False)
    #: What the step did about the consent to one treatment, which the reason names.
    consent = models.CharField(
        _("consent"), max_length=9, choices=Consent, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["transaction", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["transaction", "version"], name="one_event_for_each_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_status} > {self.to_status}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; refuse an update, because the log is append-only."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse, because the log is append-only."""
        raise TypeError("Events are append-only.")
