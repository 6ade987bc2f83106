"""Models of who is on duty, on a break or away."""

import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.branches import Branch


class PresenceKind(models.TextChoices):
    """The state of a therapist who has clocked in; nobody else has an open row of `Presence`."""

    ON_DUTY = "on_duty", _("On duty")
    BREAK_NEXT = "break_next", _("Break after this customer")
    ON_BREAK = "on_break", _("On break")


#: The kinds of those who work, with a customer or without.
AT_WORK = (PresenceKind.ON_DUTY, PresenceKind.BREAK_NEXT)


class Presence(models.Model):
    """A period in which a therapist was on duty or on a break; `accounts.presence` writes it.

    Append-only: a change ends the open row and adds another. An open row counts on its own business
    day only, so whoever forgets to clock out is off duty when the day ends.
    """

    # No foreign key of these two locks the therapist's row, which claims lock first.
    therapist = models.ForeignKey(
        "accounts.Therapist",
        verbose_name=_("therapist"),
        on_delete=models.PROTECT,
        related_name="presences",
        db_constraint=False,
    )
    #: The therapist while the row is open; unique, so one has a single present state.
    active_therapist = models.OneToOneField(
        "accounts.Therapist",
        null=True,
        on_delete=models.PROTECT,
        related_name="presence",
        db_constraint=False,
        editable=False,
    )
    branch = models.ForeignKey(
        Branch, verbose_name=_("branch"), on_delete=models.PROTECT, db_index=False
    )
    business_date = models.DateField(_("business day"))
    kind = models.CharField(_("presence"), max_length=10, choices=PresenceKind)
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("to"), null=True)
    #: How long the break is meant to take; it ends when the therapist says so.
    minutes = models.PositiveSmallIntegerField(_("minutes"), null=True)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        indexes = [
            models.Index(fields=["branch", "business_date"], name="presence_by_day"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=PresenceKind.values), name="presence_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(active_therapist=None, ended_at__isnull=False)
                | Q(active_therapist=F("therapist"), ended_at=None),
                name="presence_is_open_or_ended",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")),
                name="presence_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.therapist}: {self.get_kind_display()}"

    @property
    def back_at(self) -> datetime.datetime | None:
        """Return when the therapist on a break means to be back."""
        if self.kind != PresenceKind.ON_BREAK or self.minutes is None:
            return None
        return self.began_at + datetime.timedelta(minutes=self.minutes)
