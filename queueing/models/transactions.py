"""Models of customers' transactions, their codes and notes."""

import secrets
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Cashier, Gender, Therapist
from queueing.models.skills import SkillSet
from queueing.states import OPEN, UNCLAIMED, WITH_CASHIER, WITH_THERAPIST, Status
from spa_project.lib.db.compiled_queries import Param
from spa_project.lib.db.fields import ExactCharField
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS

if TYPE_CHECKING:
    from queueing.models.items import TransactionItem

CODE_DIGITS = 4


def new_key() -> str:
    """Return an unguessable key for a customer's own page: 192 bits, safe in a URL."""
    return secrets.token_urlsafe(24)


class Preference(models.TextChoices):
    """Who may treat a customer, apart from the therapist they asked for."""

    ANYONE = "anyone", _("Anyone")
    WOMAN = Gender.WOMAN.value, Gender.WOMAN.label
    MAN = Gender.MAN.value, Gender.MAN.label


#: Visits whose treatment has ended, and which were not cancelled afterwards.
SERVED = Q(service_finish_at__isnull=False) & ~Q(status=Status.CANCELLED)


class TransactionQuerySet(models.QuerySet["Transaction"]):
    """A queryset of the transactions that operations and screens need."""

    def in_line(self, branch_id: int | Param, status: Status | Param) -> "TransactionQuerySet":
        """Return one branch's line, first come first served."""
        return self.filter(branch_id=branch_id, status=status).order_by("queued_at", "id")

    def in_lane(
        self, branch_id: int | Param, status: Status | Param, lane: int | Param
    ) -> "TransactionQuerySet":
        """Return one lane of a line; one status and one lane, so the pick index orders it."""
        return self.in_line(branch_id, status).filter(lane=lane)

    def with_people(self) -> "TransactionQuerySet":
        """Load the people too, to show rows only: MariaDB would lock the joined rows of a claim."""
        return self.select_related(
            "branch",
            "therapist",
            "requested_therapist",
            "cashier",
            "payment",
            "open_attempt__method",
        ).prefetch_related("items__skill")


class Transaction(models.Model):
    """One customer's visit, from confirmed selection to payment."""

    # The pick index begins with the branch, so a second index would be redundant, with more locks.
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, db_index=False)
    #: The running number of the branch's business day, which never goes back.
    business_date = models.DateField(_("business day"))
    running_number = models.PositiveIntegerField()
    #: The four digits people see, derived from the running number.
    code = models.CharField(_("code"), max_length=CODE_DIGITS)
    key = ExactCharField(max_length=43, unique=True, default=new_key, editable=False)

    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.SELECTING)
    version = models.PositiveIntegerField(default=0)
    customer_name = models.CharField(_("customer"), max_length=60, blank=True)
    therapist = models.ForeignKey(Therapist, null=True, blank=True, on_delete=models.PROTECT)
    cashier = models.ForeignKey(Cashier, null=True, blank=True, on_delete=models.PROTECT)
    room_number = models.CharField(_("room"), max_length=20, blank=True)
    total_amount = models.DecimalField(
        _("total"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0
    )
    #: What discounts and exempted tax take off the total; 0 where the visit has none.
    #: `payments.billing` writes it, as the bill has it.
    discount_amount = models.DecimalField(
        _("discount"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=0,
        db_default=0,
        editable=False,
    )
    #: What terminals have approved while the rest is still to be paid; 0 otherwise.
    received_amount = models.DecimalField(
        _("received"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=0,
        db_default=0,
        editable=False,
    )
    #: What was given back after the payment, with the tip; `payments.refunds` writes it.
    refunded_amount = models.DecimalField(
        _("refunded"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=0,
        db_default=0,
        editable=False,
    )
    total_duration_minutes = models.PositiveIntegerField(_("minutes"), default=0)

    # Null once that part is over; unique, so that the database itself refuses a second customer.
    active_therapist = models.OneToOneField(
        Therapist,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="current_transaction",
    )
    active_room = models.OneToOneField(
        "Room", null=True, blank=True, on_delete=models.PROTECT, related_name="current_transaction"
    )
    active_cashier = models.OneToOneField(
        Cashier, null=True, blank=True, on_delete=models.PROTECT, related_name="current_transaction"
    )
    #: On hold: the customer cannot be claimed until then.
    held_until = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    #: Why, in the words of the staff; empty outside of a hold.
    hold_reason = models.CharField(
        max_length=200, blank=True, default="", db_default="", editable=False
    )
    #: The therapist whom the customer, now waiting, asked to replace: not called by that one again.
    #: Without a constraint, so that no operation locks the therapist's row for it.
    declined_therapist = models.ForeignKey(
        Therapist,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        editable=False,
    )
    #: The therapist the customer asked for. Neither a constraint nor an index: see above, and a
    #: visit is found by its lane.
    requested_therapist = models.ForeignKey(
        Therapist,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    #: Who else will do: anyone, or a gender; empty when the customer did not say.
    preference = models.CharField(
        max_length=6, choices=Preference, blank=True, default="", db_default="", editable=False
    )
    #: Until when only the requested therapist may call, if somebody else will do after that.
    request_until = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    #: What the treatments need of one therapist together; empty when nothing.
    skill_set = models.ForeignKey(
        SkillSet,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    #: Who may call the customer (queueing/lanes.py); 0 in every other status, and in the cashiers'
    #: line.
    lane = models.BigIntegerField(default=0, db_default=0, editable=False)
    #: What the visit counts in the rotation for its present therapist, in quarters of a turn: the
    #: sum of its `TurnEntry` rows. None outside of a rotation.
    turn_quarters = models.PositiveSmallIntegerField(null=True, editable=False)
    #: The estimated wait that the customer was told when they ordered; empty where there was none.
    quoted_from_minutes = models.PositiveIntegerField(null=True, blank=True, editable=False)
    quoted_to_minutes = models.PositiveIntegerField(null=True, blank=True, editable=False)
    #: Whether there is a `VisitNote`, so that claims and screens need not read that table.
    has_note = models.BooleanField(default=False, db_default=False, editable=False)
    #: The therapist who has read it last; another one has to read it again.
    note_read_by = models.ForeignKey(
        Therapist,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    #: The treatments that the customer declined when they were added, as screens show them
    #: (`serializers.ItemData`); empty where there are none.
    declined_items = models.JSONField(null=True, editable=False)
    #: What the therapist removed although the customer wants it, where they are asked about what is
    #: added: they are not asked again when it is put back (consent.py).
    removed_items = models.JSONField(null=True, editable=False)
    #: How often the customer was called to a room since they last joined the line.
    calls = models.PositiveIntegerField(_("calls"), default=0, db_default=0)
    #: The code while the transaction is open: two open customers never share one.
    active_code = models.CharField(max_length=CODE_DIGITS, null=True, blank=True, editable=False)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: When it joined the line it is in now; one index serves both lines.
    queued_at = models.DateTimeField(null=True, blank=True)
    selection_confirmed_at = models.DateTimeField(null=True, blank=True)
    therapist_confirmed_at = models.DateTimeField(null=True, blank=True)
    service_start_at = models.DateTimeField(null=True, blank=True)
    service_finish_at = models.DateTimeField(null=True, blank=True)
    cashier_claimed_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    request_id = ExactCharField(max_length=64, null=True, unique=True, editable=False)
    request_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects = TransactionQuerySet.as_manager()

    _items: list["TransactionItem"] | None = None

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        indexes = [
            # Exactly the claim's WHERE and ORDER BY. With a smaller index InnoDB locks every
            # waiting row, and with SKIP LOCKED a second claim finds nobody while fifty wait.
            models.Index(
                fields=["branch", "status", "lane", "queued_at", "id"], name="transaction_pick"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "business_date", "running_number"],
                name="running_number_once_a_day",
            ),
            models.UniqueConstraint(
                fields=["branch", "active_code"], name="code_once_among_the_open"
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="transaction_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(total_amount__gte=0), name="transaction_total_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(discount_amount__gte=0, discount_amount__lte=F("total_amount")),
                name="discount_is_within_the_total",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.PAID) | Q(paid_at__isnull=False),
                name="paid_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=WITH_THERAPIST) | Q(active_therapist__isnull=False),
                name="a_therapist_has_who_is_treated",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=WITH_CASHIER) | Q(active_cashier__isnull=False),
                name="a_cashier_has_who_pays",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN) | Q(active_code__isnull=True),
                name="a_closed_transaction_frees_its_code",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.ON_HOLD, held_until__isnull=False)
                | (~Q(status=Status.ON_HOLD) & Q(held_until__isnull=True)),
                name="a_hold_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(lane=0) | Q(status__in=UNCLAIMED), name="only_who_waits_has_a_lane"
            ),
            models.CheckConstraint(
                condition=Q(quoted_from_minutes=None, quoted_to_minutes=None)
                | Q(quoted_from_minutes__lt=F("quoted_to_minutes")),
                name="a_quoted_wait_is_a_range",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def item_list(self) -> list["TransactionItem"]:
        """Return the items in their order, without a query after `use_items` or a prefetch."""
        if self._items is not None:
            return self._items
        return list(self.items.all())

    @property
    def note_unread(self) -> bool:
        """Return whether there is a note that the present or next therapist has not read."""
        is_read = self.note_read_by_id is not None and self.note_read_by_id == self.therapist_id
        return self.has_note and not is_read

    @property
    def amount_due(self) -> Decimal:
        """Return what is to be paid."""
        return self.total_amount - self.discount_amount

    @property
    def has_items(self) -> bool:
        """Return whether the items have been set by `use_items`."""
        return self._items is not None

    def use_items(self, items: list["TransactionItem"]) -> None:
        """Set the items, which the caller has just read or written."""
        self._items = items


class VisitNote(models.Model):
    """A note of a customer to their therapist; `queueing.notes` alone reads and writes it.

    A table of its own: no row of a screen, a log or an export can contain it by accident.
    """

    transaction = models.OneToOneField(
        Transaction, primary_key=True, on_delete=models.CASCADE, related_name="note"
    )
    text = models.CharField(max_length=300, blank=True)
    #: The names of the marks as they were.
    marks = models.JSONField(default=list)

    def __str__(self) -> str:
        return str(self.transaction_id)


class TransactionCounter(models.Model):
    """The last running number of a branch's business day; `queueing.codes` increments it."""

    # No id of its own: with a second unique key MariaDB's upsert could deadlock.
    pk = models.CompositePrimaryKey("branch", "business_date")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, db_index=False)
    business_date = models.DateField()
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.branch_id} {self.business_date}: {self.last}"
