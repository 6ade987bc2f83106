"""Models of methods, attempts at a terminal, payments with their receipts, refunds, and prints.

Records are append-only: a payment is inserted once and never changed, a refund is rows of its own.
An attempt is written when the terminal is asked and once more when it has answered. Receipts of a
branch are numbered without a gap, and so are its refunds.
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

from accounts.models import Branch, Cashier, Therapist
from queueing.bill import DiscountKind, tax_name
from queueing.models import Transaction, TransactionItem, new_key
from spa_project.lib.db.fields import ExactCharField
from spa_project.lib.db.history import SetupHistory
from spa_project.lib.db.tracked import TrackedQuerySet
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS

#: A whole price, in percent.
WHOLE = Decimal(100)
#: Digits of a sum of many amounts.
SUM_DIGITS = 16

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
    """The scope of a discount: an item or the whole bill."""

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


class ReceiptCounter(models.Model):
    """The last receipt number of a branch; `payments.receipts` increments it."""

    branch = models.OneToOneField(Branch, on_delete=models.PROTECT, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.branch_id}: {self.last}"


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


class RefundCounter(models.Model):
    """The last refund number of a branch; `payments.refunds` increments it."""

    branch = models.OneToOneField(Branch, on_delete=models.PROTECT, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.branch_id}: {self.last}"


class ZCounter(models.Model):
    """The last Z number of a branch; `payments.drawers` increments it."""

    branch = models.OneToOneField(Branch, on_delete=models.PROTECT, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.branch_id}: {self.last}"


class Approval(PersonsRecord):
    """A manager's one-time approval of exactly one command, entered at a colleague's till."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    branch = models.ForeignKey(Branch, verbose_name=_("branch"), on_delete=models.PROTECT)
    command = models.CharField(_("command"), max_length=40)
    #: The digests of the command's content and of the secret that was returned.
    content_digest = models.CharField(max_length=64, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")

    def __str__(self) -> str:
        return f"{self.command}: {self.by}"


class PinTries(models.Model):
    """How often one person tried a manager's PIN in a period; a right one deletes the row."""

    # The primary key: beside an automatic one MariaDB would not return the counter's value.
    #: The digest of the person who asks, the name tried, and the period.
    digest = ExactCharField(max_length=64, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.digest[:4]}…: {self.last}"
