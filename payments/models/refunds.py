"""Models of refunds: rows of their own beside the payment, numbered without a gap in a branch."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Therapist
from payments.models.drawers import DrawerSession
from payments.models.methods import PaymentMethod
from payments.models.payments import Payment
from payments.models.records import BranchCounter, PersonsRecord, Print, Record
from queueing.models import TransactionItem, new_key
from spa_project.lib.db.fields import ExactCharField
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS


class Refund(PersonsRecord):
    """Money given back for a payment: all of it, or a part; with `is_void` the sale was void.

    The payment itself never changes. A refund counts on its own day and in the drawer that paid
    it; its numbers are a series of their own, so that each series of a branch is without a gap.
    """

    payment = models.ForeignKey(
        Payment, verbose_name=_("payment"), on_delete=models.PROTECT, related_name="refunds"
    )
    # The unique constraint's index begins with the branch.
    branch = models.ForeignKey(
        Branch, verbose_name=_("branch"), on_delete=models.PROTECT, db_index=False
    )
    business_date = models.DateField(_("business day"))
    number = models.PositiveIntegerField(_("refund"))
    #: The secret in the address of the refund's receipt.
    key = ExactCharField(max_length=43, unique=True, default=new_key, editable=False)
    #: What is given back of the amount due, and the tax that this contains.
    amount = models.DecimalField(_("amount"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    tax_amount = models.DecimalField(_("tax"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    #: What is given back of the tip.
    tip_amount = models.DecimalField(_("tip"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    is_void = models.BooleanField(_("void"))
    reason = models.CharField(_("reason"), max_length=200)
    #: Who approved it, where somebody had to.
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("approved by"),
    )
    #: The drawer session that paid it; None where the branch works without cash drawers.
    drawer = models.ForeignKey(
        DrawerSession,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="refunds",
        verbose_name=_("drawer"),
    )
    request_id = ExactCharField(max_length=64, null=True, unique=True, editable=False)
    request_digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        indexes = [models.Index(fields=["branch", "business_date"], name="refund_branch_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "number"], name="refund_number_once_in_a_branch"
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0, tip_amount__gte=0, tax_amount__gte=0)
                & (Q(amount__gt=0) | Q(tip_amount__gt=0)),
                name="refund_is_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"R{self.number}"

    @property
    def total(self) -> Decimal:
        """Return all that is given back."""
        return self.amount + self.tip_amount


class RefundLine(Record):
    """The part of a refund that gives back one treatment."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey(
        TransactionItem, verbose_name=_("treatment"), on_delete=models.PROTECT, related_name="+"
    )
    amount = models.DecimalField(_("amount"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)

    class Meta:
        verbose_name = _("line of a refund")
        verbose_name_plural = _("lines of a refund")
        constraints = [
            models.UniqueConstraint(fields=["refund", "item"], name="refund_line_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_line_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.amount}"


class RefundTender(Record):
    """The part of a refund that one method gives back."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="tenders")
    method = models.ForeignKey(
        PaymentMethod, verbose_name=_("method"), on_delete=models.PROTECT, related_name="+"
    )
    amount = models.DecimalField(_("amount"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)

    class Meta:
        verbose_name = _("part of a refund")
        verbose_name_plural = _("parts of a refund")
        constraints = [
            models.UniqueConstraint(fields=["refund", "method"], name="refund_tender_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_tender_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.method_id}: {self.amount}"


class RefundedTip(Record):
    """The part of a tip that a refund takes back from one therapist."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="tips")
    # Without a constraint, as that of a tip's share.
    therapist = models.ForeignKey(
        Therapist,
        verbose_name=_("therapist"),
        on_delete=models.PROTECT,
        related_name="refunded_tips",
        db_constraint=False,
    )
    amount = models.DecimalField(_("tip"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)

    class Meta:
        verbose_name = _("refunded tip")
        verbose_name_plural = _("refunded tips")
        constraints = [
            models.UniqueConstraint(fields=["refund", "therapist"], name="refunded_tip_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refunded_tip_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.therapist}: {self.amount}"


class RefundPrint(Print):
    """A print of a refund's receipt."""

    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, related_name="prints", db_index=False
    )

    class Meta:
        verbose_name = _("print of a refund")
        verbose_name_plural = _("prints of refunds")
        constraints = [
            models.UniqueConstraint(fields=["refund", "number"], name="each_refund_print_once"),
        ]

    def __str__(self) -> str:
        return f"{self.refund_id}: {self.number}"


class RefundCounter(BranchCounter):
    """The last refund number of a branch; `payments.refunds` increments it."""
