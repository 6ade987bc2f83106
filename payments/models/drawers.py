"""Models of cash drawers: sessions, movements, counts and closes."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Therapist
from payments.models.records import SUM_DIGITS, BranchCounter, PersonsRecord
from spa_project.lib.db.fields import ExactCharField
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS


class DrawerSession(PersonsRecord):
    """A cash drawer from its opening to its `DrawerClose`; `payments.drawers` writes it.

    The drawer is that of a counter, whoever works there. Payments store the session's key, and all
    totals are computed from it.
    """

    # The unique constraint's index begins with the branch.
    branch = models.ForeignKey(
        Branch, verbose_name=_("branch"), on_delete=models.PROTECT, db_index=False
    )
    counter_number = ExactCharField(_("counter"), max_length=20, blank=True)
    #: Counts the sessions of this drawer; unique, so that two people cannot open it at once.
    number = models.PositiveIntegerField(_("number"))
    business_date = models.DateField(_("business day"))
    #: How many of each note and coin, by its value.
    counts = models.JSONField(_("notes and coins"))
    float_amount = models.DecimalField(
        _("float"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("drawer session")
        verbose_name_plural = _("drawer sessions")
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "counter_number", "number"], name="drawer_opened_once"
            ),
            models.CheckConstraint(condition=Q(float_amount__gte=0), name="float_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.counter_number}: {self.number}"


class Movement(models.TextChoices):
    """A reason for which cash enters or leaves a drawer without a sale."""

    IN = "in", _("Cash in")
    OUT = "out", _("Cash out")
    SAFE_DROP = "safe_drop", _("Safe drop")
    TIP_PAYOUT = "tip_payout", _("Tip payout")


class CashMovement(PersonsRecord):
    """Cash put into a drawer or taken out, not by a sale."""

    drawer = models.ForeignKey(DrawerSession, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(_("type"), max_length=10, choices=Movement)
    amount = models.DecimalField(_("amount"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    reason = models.CharField(_("reason"), max_length=200)
    #: Who was paid their tips; None where nobody was named.
    therapist = models.ForeignKey(
        Therapist,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tip_payouts",
        verbose_name=_("therapist"),
    )
    request_id = ExactCharField(max_length=64, null=True, unique=True, editable=False)
    request_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )

    class Meta:
        verbose_name = _("cash movement")
        verbose_name_plural = _("cash movements")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=Movement.values), name="movement_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="movement_is_positive"),
            models.CheckConstraint(
                condition=Q(therapist=None) | Q(kind=Movement.TIP_PAYOUT),
                name="movement_pays_tips_to_a_therapist",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.amount}"


class DrawerCount(PersonsRecord):
    """A blind count: what was found, and what was expected at that moment."""

    drawer = models.ForeignKey(
        DrawerSession, on_delete=models.PROTECT, related_name="drawer_counts"
    )
    counts = models.JSONField(_("notes and coins"))
    counted_amount = models.DecimalField(
        _("counted"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES
    )
    expected_amount = models.DecimalField(
        _("expected"), max_digits=SUM_DIGITS, decimal_places=DECIMAL_PLACES
    )

    class Meta:
        verbose_name = _("drawer count")
        verbose_name_plural = _("drawer counts")

    def __str__(self) -> str:
        return f"{self.drawer_id}: {self.counted_amount}"

    @property
    def variance(self) -> Decimal:
        """Return by how much more was found than expected; negative for less."""
        return self.counted_amount - self.expected_amount


class DrawerClose(PersonsRecord):
    """The end of a drawer session: the Z report, numbered in its branch without a gap."""

    drawer = models.OneToOneField(
        DrawerSession, primary_key=True, on_delete=models.PROTECT, related_name="close"
    )
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, db_index=False)
    z_number = models.PositiveIntegerField(_("Z number"))
    count = models.OneToOneField(DrawerCount, on_delete=models.PROTECT, related_name="close")
    note = models.CharField(_("note"), max_length=200, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("approved by"),
    )
    #: The figures as they were (`payments.drawer_figures`), so that a reprint never differs.
    figures = models.JSONField(_("figures"))

    class Meta:
        verbose_name = _("Z report")
        verbose_name_plural = _("Z reports")
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "z_number"], name="z_number_once_in_a_branch"
            ),
        ]

    def __str__(self) -> str:
        return f"Z {self.z_number}"


class ZCounter(BranchCounter):
    """The last Z number of a branch; `payments.drawers` increments it."""
