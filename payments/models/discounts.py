"""Models of the discounts that managers offer, and of those given to a visit."""

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.records import Record
from queueing.bill import DiscountKind
from queueing.models import Transaction, TransactionItem
from spa_project.lib.db.history import SetupHistory
from spa_project.lib.db.tracked import TrackedQuerySet
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS

#: A whole price, in percent.
WHOLE = Decimal(100)


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
