"""Models of methods, attempts at a terminal, payments with their receipts, and prints.

Records are append-only: a payment is inserted once and never changed. An attempt is written when
the terminal is asked and once more when it has answered. Receipts of a branch are numbered without
a gap.
"""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Cashier
from queueing.bill import DiscountKind, tax_name
from queueing.models import Transaction, TransactionItem, new_key
from spa_project.lib.db.fields import ExactCharField
from spa_project.lib.db.history import SetupHistory
from spa_project.lib.db.tracked import TrackedQuerySet
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS

#: A whole price, in percent.
WHOLE = Decimal(100)

#: The method of a payment that names none.
CASH = "cash"


class Kind(models.TextChoices):
    """A way in which a method takes money."""

    CASH = "cash", _("Cash")
    TERMINAL = "terminal", _("Card or e-wallet terminal")


class PaymentMethod(models.Model):
    """A payment method that managers offer."""

    code = models.SlugField(_("code"), max_length=20, primary_key=True)
    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("type"), max_length=10, choices=Kind)
    active = models.BooleanField(_("available"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = TrackedQuerySet["PaymentMethod"].as_manager()
    history = SetupHistory()

    class Meta:
        verbose_name = _("payment method")
        verbose_name_plural = _("payment methods")
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="payment_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    """What a discount is given for."""

    LINE = "line", _("One treatment")
    BILL = "bill", _("Whole bill")


class Discount(models.Model):
    """A discount that managers offer."""

    code = models.SlugField(_("code"), max_length=20, primary_key=True)
    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("type"), max_length=10, choices=DiscountKind)
    value = models.DecimalField(
        _("value"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text=_("Percent or amount. Empty = the cashier enters it."),
    )
    scope = models.CharField(_("for"), max_length=10, choices=Scope, default=Scope.BILL)
    cashier_limit = models.DecimalField(
        _("cashier's limit"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Above this value only a manager can give it. Empty = no limit."),
    )
    needs_reason = models.BooleanField(_("needs a reason"), default=False)
    needs_id = models.BooleanField(_("needs ID number and name"), default=False)
    stacks = models.BooleanField(
        _("combines with other discounts"),
        default=False,
        help_text=_("On the same treatment, if the others combine too."),
    )
    tax_exempt = models.BooleanField(
        _("tax-exempt"),
        default=False,
        help_text=_("Takes the tax out of the price first, then the discount."),
    )
    active = models.BooleanField(_("available"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = TrackedQuerySet["Discount"].as_manager()
    history = SetupHistory()

    class Meta:
        verbose_name = _("discount")
        verbose_name_plural = _("discounts")
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=DiscountKind.values), name="discount_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(scope__in=Scope.values), name="discount_scope_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse more than the whole price."""
        if self.kind == DiscountKind.PERCENT and self.value and self.value > WHOLE:
            raise ValidationError({"value": _("A discount can't exceed 100%.")})


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


class AppliedDiscount(Record):
    """A discount given to a visit, or, with `removal_of`, the removal of one.

    What the discount was then is copied, so that a bill never changes afterwards.
    """

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="discounts")
    discount = models.ForeignKey(Discount, verbose_name=_("discount"), on_delete=models.PROTECT)
    #: The treatment it was given for; it may have been removed since. None: the whole bill.
    item = models.ForeignKey(
        TransactionItem,
        verbose_name=_("treatment"),
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("type"), max_length=10, choices=DiscountKind)
    value = models.DecimalField(_("value"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    stacks = models.BooleanField(_("combines with other discounts"))
    #: The tax rate that is taken out of the price first; None where it is not.
    exempt_rate = models.DecimalField(
        _("exempt from tax (%)"), max_digits=5, decimal_places=2, null=True
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    id_number = models.CharField(_("ID number"), max_length=40, blank=True)
    holder_name = models.CharField(_("name on the ID"), max_length=60, blank=True)
    at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("entered by"),
    )
    removal_of = models.OneToOneField(
        "self",
        verbose_name=_("removes"),
        null=True,
        on_delete=models.PROTECT,
        related_name="removal",
    )

    class Meta:
        verbose_name = _("given discount")
        verbose_name_plural = _("given discounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=DiscountKind.values), name="applied_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(value__gt=0), name="applied_value_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.value.normalize():f}"


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
                condition=Q(amount_due__gte=0) & Q(change_amount__gte=0),
                name="payment_is_not_negative",
            ),
            models.CheckConstraint(
                # Rounded, because SQLite adds decimals as floats: 0.10 + 0.20 is not quite 0.30
                # there.
                condition=Q(
                    amount_paid=Round(F("amount_due") + F("change_amount"), DECIMAL_PLACES)
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


class ReceiptCounter(models.Model):
    """The last receipt number of a branch; `payments.receipts` increments it."""

    branch = models.OneToOneField(Branch, on_delete=models.PROTECT, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.branch_id}: {self.last}"


class ReceiptPrint(Record):
    """A print of a receipt; the first is the original, the others are copies."""

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="prints", db_index=False
    )
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
        verbose_name = _("print")
        verbose_name_plural = _("prints")
        constraints = [
            models.UniqueConstraint(fields=["payment", "number"], name="each_print_counted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id}: {self.number}"
