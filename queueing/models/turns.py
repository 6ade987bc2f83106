"""Models of the rotation: turns taken, and its lock."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Therapist
from queueing.models.transactions import Transaction


class TurnKind(models.TextChoices):
    """Why a row was added to the turn ledger."""

    CLOCKED_IN = "clocked_in", _("Clocked in")
    CALLED = "called", _("Called")
    REQUESTED = "requested", _("Called, asked for by the customer")
    TAKEN_OVER = "taken_over", _("Taken over")
    HANDED_OVER = "handed_over", _("Handed over")
    TREATMENTS = "treatments", _("Treatments changed")
    RELEASED = "released", _("Back in line")
    HELD = "held", _("Put on hold")
    NO_SHOW = "no_show", _("No-show")
    CANCELLED = "cancelled", _("Canceled")
    UNDONE = "undone", _("Undone")
    GAVE_UP = "gave_up", _("Gave the customer up: to the end")
    MANUAL = "manual", _("Changed by a manager")
    MOVED_BACK = "moved_back", _("Moved to the end by a manager")


class TurnEntry(models.Model):
    """An append-only ledger of the turns in a strict rotation; a correction is another row.

    A visit's rows belong to the visit's business day, so that they add up within it.
    """

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, db_index=False)
    business_date = models.DateField(_("business day"))
    # No foreign key of these two locks the therapist's or the visit's row for an insertion.
    therapist = models.ForeignKey(
        Therapist,
        verbose_name=_("therapist"),
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    transaction = models.ForeignKey(
        Transaction,
        verbose_name=_("visit"),
        null=True,
        on_delete=models.PROTECT,
        related_name="turns",
        db_constraint=False,
    )
    #: In quarters of a turn, so that half of a half is a whole number.
    quarters = models.SmallIntegerField(_("quarters of a turn"))
    kind = models.CharField(_("kind"), max_length=12, choices=TurnKind)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        indexes = [
            models.Index(fields=["branch", "business_date"], name="turn_by_day"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=TurnKind.values), name="turn_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=[TurnKind.MANUAL, TurnKind.MOVED_BACK])
                | (Q(by__isnull=False) & ~Q(reason="")),
                name="a_changed_turn_has_an_author_and_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.therapist_id}: {self.quarters / 4:+g}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; refuse an update, because the ledger is append-only."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse, because the ledger is append-only."""
        raise TypeError("Turns are append-only.")


class RotationLock(models.Model):
    """A row that the claims of a branch with a strict rotation lock one after the other.

    A row of its own: whatever refers to the branch needs a shared lock of the branch's row.
    """

    branch = models.OneToOneField(Branch, primary_key=True, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return str(self.branch_id)
