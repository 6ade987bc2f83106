"""Models of attempts at a terminal, and of payments with tenders, tips, receipts and prints.

An attempt is written when the terminal is asked and once more when it has answered. Receipts of a
branch are numbered without a gap.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Cashier, Therapist
from payments.models.methods import CASH, PaymentMethod
from payments.models.records import BranchCounter, Print, Record
from queueing.bill import tax_name
from queueing.models import Transaction, new_key
from spa_project.lib.db.fields import ExactCharField
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS


class PaymentAttempt(Record):
    """A request to a terminal for an amount, open until it is approved or declined."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="attempts")
    #: The transaction while the terminal has not answered; unique, so that two attempts cannot be
    #: open.
    active_transaction = models.OneToOneField(
        Transaction,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="open_attempt",
        editable=False,
    )
    cashier = models.ForeignKey(Cashier, on_delete=models.PROTECT)
    method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT)
    amount_due = models.DecimalField(_("due"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    #: The drawer whose close must wait for the terminal's answer; None where a branch has none.
    drawer = models.ForeignKey(
        "payments.DrawerSession",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="attempts",
        verbose_name=_("drawer"),
    )
    #: The tip that belongs to the whole payment, of which this attempt is all or a part.
    tip_amount = models.DecimalField(
        _("tip"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0, db_default=0
    )
    #: The tenders that follow when it is approved, and the tip's shares; see `payments.tenders`.
    plan = models.JSONField(null=True, editable=False)
    reference = models.CharField(_("reference"), max_length=60, blank=True)
    started_at = models.DateTimeField(_("time"), default=timezone.now)
    ended_at = models.DateTimeField(_("result time"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("result entered by"),
    )
    approved = models.BooleanField(_("approved"), null=True)
    request_id = ExactCharField(max_length=64, null=True, unique=True, editable=False)
    request_digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("payment attempt")
        verbose_name_plural = _("payment attempts")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    active_transaction__isnull=False,  # NULL compared with anything would pass
                    active_transaction=F("transaction"),
                    ended_at__isnull=True,
                    ended_by__isnull=True,
                    approved__isnull=True,
                )
                | Q(
                    active_transaction__isnull=True,
                    ended_at__isnull=False,
                    ended_by__isnull=False,
                    approved__isnull=False,
                ),
                name="an_attempt_is_open_or_answered",
            ),
            models.CheckConstraint(condition=Q(amount_due__gte=0), name="attempt_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.transaction}: {self.amount_due}"


class Payment(Record):
    """A payment: amount due, amount given, change (Decimal, 2 places) and receipt number."""

    transaction = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, related_name="payment"
    )
    # The index of receipts begins with the branch, so a second index would be redundant.
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, db_index=False)
    #: The day on which the money was taken, as the branch counts its days.
    business_date = models.DateField(_("business day"))
    # The index of the cashier's day begins with the cashier.
    cashier = models.ForeignKey(Cashier, on_delete=models.PROTECT, db_index=False)
    amount_due = models.DecimalField(_("due"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    amount_paid = models.DecimalField(
        _("paid"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES
    )
    change_amount = models.DecimalField(
        _("change"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES
    )
    #: What the customer gives the therapists on top; no revenue.
    tip_amount = models.DecimalField(
        _("tip"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0, db_default=0
    )
    #: Whether it was taken in parts, which are its tenders; else `method` took all of it.
    is_split = models.BooleanField(_("split"), default=False, db_default=False)
    #: The branch's rate in percent and its name for it when the money was taken, and the tax that
    #: the amount due contains.
    tax_rate = models.DecimalField(
        _("tax rate (%)"), max_digits=5, decimal_places=2, default=0, db_default=0
    )
    tax_label = models.CharField(
        _("tax name"), max_length=20, blank=True, default="", db_default=""
    )
    tax_amount = models.DecimalField(
        _("tax"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0, db_default=0
    )
    method = models.ForeignKey(
        PaymentMethod, verbose_name=_("method"), on_delete=models.PROTECT, default=CASH
    )
    reference = models.CharField(_("reference"), max_length=60, blank=True)
    #: The drawer session that took it; None where the branch works without cash drawers.
    drawer = models.ForeignKey(
        "payments.DrawerSession",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payments",
        verbose_name=_("drawer"),
    )
    receipt_number = models.PositiveIntegerField(_("receipt"))
    #: The secret in the receipt's address.
    receipt_key = ExactCharField(max_length=43, unique=True, default=new_key, editable=False)
    created_at = models.DateTimeField(_("time"), default=timezone.now)
    request_id = ExactCharField(max_length=64, null=True, unique=True, editable=False)
    request_digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        indexes = [
            models.Index(fields=["cashier", "business_date", "id"], name="payment_cashier_day"),
            # For the days of reports.
            models.Index(fields=["branch", "business_date"], name="payment_branch_day"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "receipt_number"], name="receipt_number_once_in_a_branch"
            ),
            models.CheckConstraint(
                condition=Q(amount_due__gte=0) & Q(change_amount__gte=0) & Q(tip_amount__gte=0),
                name="payment_is_not_negative",
            ),
            models.CheckConstraint(
                # Rounded, because SQLite adds decimals as floats: 0.10 + 0.20 is not quite 0.30
                # there.
                condition=Q(
                    amount_paid=Round(
                        F("amount_due") + F("tip_amount") + F("change_amount"), DECIMAL_PLACES
                    )
                ),
                name="paid_is_due_plus_change",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.transaction}: {self.amount_due}"

    @property
    def tax_name(self) -> str:
        """Return the tax with its rate."""
        return tax_name(self.tax_label, self.tax_rate)


class Tender(Record):
    """A part of a split payment: an amount given by one method, and the change of cash."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="tenders")
    method = models.ForeignKey(
        PaymentMethod, verbose_name=_("method"), on_delete=models.PROTECT, related_name="+"
    )
    amount = models.DecimalField(_("paid"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    change_amount = models.DecimalField(
        _("change"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0, db_default=0
    )
    reference = models.CharField(_("reference"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("part of a payment")
        verbose_name_plural = _("parts of a payment")
        constraints = [
            models.CheckConstraint(
                condition=Q(change_amount__gte=0, change_amount__lte=F("amount")),
                name="tender_gives_no_more_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method_id}: {self.amount}"


class TipShare(Record):
    """The part of a payment's tip that one therapist gets."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="tip_shares")
    # Without a constraint, so that a payment does not lock the therapist's row.
    therapist = models.ForeignKey(
        Therapist,
        verbose_name=_("therapist"),
        on_delete=models.PROTECT,
        related_name="tip_shares",
        db_constraint=False,
    )
    amount = models.DecimalField(_("tip"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)

    class Meta:
        verbose_name = _("tip")
        verbose_name_plural = _("tips")
        constraints = [
            models.UniqueConstraint(fields=["payment", "therapist"], name="one_tip_for_each"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="tip_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.therapist}: {self.amount}"


class ReceiptCounter(BranchCounter):
    """The last receipt number of a branch; `payments.receipts` increments it."""


class ReceiptPrint(Print):
    """A print of a sale's receipt."""

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="prints", db_index=False
    )

    class Meta:
        verbose_name = _("print")
        verbose_name_plural = _("prints")
        constraints = [
            models.UniqueConstraint(fields=["payment", "number"], name="each_print_counted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id}: {self.number}"
