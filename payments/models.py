"""Money taken: one payment for a transaction, never changed afterwards."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Cashier
from queueing.models import Transaction
from spa_project.lib.fields import ExactCharField
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS


class Method(models.TextChoices):
    """How a customer pays."""

    CASH = "cash", _("Cash")


class Payment(models.Model):
    """What was due, what the customer gave, what they got back."""

    transaction = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, related_name="payment"
    )
    cashier = models.ForeignKey(Cashier, on_delete=models.PROTECT)
    amount_due = models.DecimalField(_("due"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    amount_paid = models.DecimalField(
        _("paid"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES
    )
    change_amount = models.DecimalField(
        _("change"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES
    )
    method = models.CharField(_("method"), max_length=20, choices=Method, default=Method.CASH)
    reference = models.CharField(_("reference"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("at"), default=timezone.now)
    request_id = ExactCharField(max_length=64, null=True, unique=True, editable=False)
    request_digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_due__gte=0) & Q(change_amount__gte=0),
                name="payment_is_not_negative",
            ),
            models.CheckConstraint(
                # Rounded, because SQLite adds as floats: 0.10 + 0.20 is not quite 0.30 there.
                condition=Q(
                    amount_paid=Round(F("amount_due") + F("change_amount"), DECIMAL_PLACES)
                ),
                name="paid_is_due_plus_change",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.transaction}: {self.amount_due}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only: a payment is a record."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused: a payment is a record."""
        raise TypeError("Payments are never deleted.")
