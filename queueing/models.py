"""Models of rooms, customers' transactions, their items, events and codes."""

import secrets
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Cashier, Gender, Therapist
from catalog.models import Service, ServiceClassification, Skill, TurnWeight
from queueing.states import OPEN, UNCLAIMED, WITH_CASHIER, WITH_THERAPIST, Status
from spa_project.lib.db.compiled_queries import Param
from spa_project.lib.db.fields import ExactCharField
from spa_project.lib.db.history import SetupHistory
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS

CODE_DIGITS = 4


def new_key() -> str:
    """Return an unguessable key for a customer's own page: 192 bits, safe in a URL."""
    return secrets.token_urlsafe(24)


class RoomStatus(models.TextChoices):
    """The status of a room."""

    AVAILABLE = "available", _("Available")
    OCCUPIED = "occupied", _("Occupied")
    PREPARING = "preparing", _("Being prepared")
    OUT_OF_SERVICE = "out_of_service", _("Closed")


class Room(models.Model):
    """A treatment room; only `queueing.rooms` writes its status."""

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="rooms")
    number = models.CharField(_("number"), max_length=20)
    status = models.CharField(
        _("status"), max_length=20, choices=RoomStatus, default=RoomStatus.AVAILABLE
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    #: Whether the room goes out of service when its present customer has left.
    closing = models.BooleanField(_("closes after this visit"), default=False, editable=False)
    #: When a room in preparation becomes available by itself.
    ready_at = models.DateTimeField(null=True, editable=False, db_index=True)

    history = SetupHistory(leave_out=("status", "version", "closing", "ready_at"))

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["branch", "number"]
        constraints = [
            models.UniqueConstraint(fields=["branch", "number"], name="room_once_in_a_branch"),
            models.CheckConstraint(
                condition=Q(status__in=RoomStatus.values), name="room_status_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        """Refuse to move a room to another branch while somebody is in it, or it is one's own."""
        before = Room.objects.filter(pk=self.pk).exclude(branch=self.branch_id).first()
        if before is None:
            return
        if visit := Transaction.objects.filter(active_room=before).first():
            raise ValidationError(
                {
                    "branch": _("%(code)s is in room %(room)s. Move it when the visit is over.")
                    % {"code": visit.code, "room": before.number}
                }
            )
        if owner := before.owners.first():
            raise ValidationError(
                {
                    "branch": _(
                        "Room %(room)s is %(name)s's own room. Choose another one for them first."
                    )
                    % {"room": before.number, "name": owner}
                }
            )


class SetupVersion(models.Model):
    """The version of a branch's setup; `queueing.setup` increments it.

    A row of its own: operations insert rows that refer to the branch, whose row must not be locked
    while a manager's change is saved.
    """

    branch = models.OneToOneField(
        Branch, primary_key=True, on_delete=models.CASCADE, related_name="setup_version"
    )
    last = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.branch_id}: {self.last}"


class Preference(models.TextChoices):
    """Who may treat a customer, apart from the therapist they asked for."""

    ANYONE = "anyone", _("Anyone")
    WOMAN = Gender.WOMAN.value, Gender.WOMAN.label
    MAN = Gender.MAN.value, Gender.MAN.label


class Consent(models.TextChoices):
    """A customer's answer about a treatment that was added during their visit."""

    ASKED = "asked", _("Waiting for an answer")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    IN_PERSON = "in_person", _("Agreed in person")


class SkillSet(models.Model):
    """The skills that some visits need together; `queueing.skills` writes each set once.

    Its key is a part of the lane in which such a visit waits (lanes.py), so no row ever changes.
    """

    #: The keys of the skills in ascending order, such as "3,7".
    members = ExactCharField(max_length=200, unique=True, editable=False)

    def __str__(self) -> str:
        return self.members


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
        Room, null=True, blank=True, on_delete=models.PROTECT, related_name="current_transaction"
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


class TransactionItem(models.Model):
    """One service of a visit.

    Names, price and minutes are copied, so that old visits never change.
    """

    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="items")
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    service_classification = models.ForeignKey(ServiceClassification, on_delete=models.PROTECT)
    service_name = models.CharField(_("treatment"), max_length=120)
    classification = models.CharField(_("option"), max_length=80)
    price = models.DecimalField(_("price"), max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    #: The part of the visit's `discount_amount` that is taken off this price.
    discount_amount = models.DecimalField(
        _("discount"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=0,
        db_default=0,
        editable=False,
    )
    duration_minutes = models.PositiveSmallIntegerField(_("minutes"))
    #: The skill that the treatment needed when it was chosen.
    skill = models.ForeignKey(
        Skill,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    #: What the treatment counts in a rotation.
    turn_quarters = models.PositiveSmallIntegerField(
        default=TurnWeight.FULL, db_default=TurnWeight.FULL, editable=False
    )
    #: Whether the customer agreed to it; empty where nobody had to ask. What they declined is no
    #: item any more.
    consent = models.CharField(
        _("consent"), max_length=9, choices=Consent, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0), name="item_price_is_not_negative"),
            models.CheckConstraint(
                condition=Q(consent__in=["", Consent.ASKED, Consent.ACCEPTED, Consent.IN_PERSON]),
                name="an_item_is_not_declined",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_name} · {self.classification}"

    @classmethod
    def copy_of(cls, offer: ServiceClassification, **fields: Any) -> "TransactionItem":
        """Return an unsaved item with the menu's present values."""
        return cls(
            service=offer.service,
            service_classification=offer,
            service_name=offer.service.name,
            classification=offer.classification,
            price=offer.price,
            duration_minutes=offer.duration_minutes,
            skill=offer.service.needed_skill,
            turn_quarters=offer.service.turn_quarters,
            **fields,
        )


class TransactionEvent(models.Model):
    """An append-only log of a transaction: person, statuses, time, reason."""

    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty when the customer did it."),
    )
    from_status = models.CharField(max_length=20, choices=Status)
    to_status = models.CharField(max_length=20, choices=Status)
    #: Holds the longest change with the longest reason: two therapists' names, and what one typed.
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    #: Whether the step goes back along the arrow of the event before it.
    is_undo = models.BooleanField(_("undone"), default=False, db_default=False)
    #: Whether the therapist has read the note, which is no call.
    note_read = models.BooleanField(_("note read"), default=False, db_default=False)
    #: What the step did about the consent to one treatment, which the reason names.
    consent = models.CharField(
        _("consent"), max_length=9, choices=Consent, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["transaction", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["transaction", "version"], name="one_event_for_each_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_status} > {self.to_status}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; refuse an update, because the log is append-only."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse, because the log is append-only."""
        raise TypeError("Events are append-only.")


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


class TransactionCounter(models.Model):
    """The last running number of a branch's business day; `queueing.codes` increments it."""

    # No id of its own: with a second unique key MariaDB's upsert could deadlock.
    pk = models.CompositePrimaryKey("branch", "business_date")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, db_index=False)
    business_date = models.DateField()
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.branch_id} {self.business_date}: {self.last}"
