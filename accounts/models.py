"""Models of branches, people, their roles and their logins."""

import datetime
import secrets
import zoneinfo
from decimal import Decimal
from typing import ClassVar, Self, TypeVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from spa_project.lib.db.history import SetupHistory
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS


class Role(models.TextChoices):
    """A role of a person on the floor; one person may have several."""

    THERAPIST = "therapist", _("Therapist")
    CASHIER = "cashier", _("Cashier")
    MONITOR = "monitor", _("Wall screen")
    MANAGER = "manager", _("Manager")


#: Roles that may act on the floor; the account of a wall screen only watches.
STAFF = (Role.THERAPIST, Role.CASHIER, Role.MANAGER)


def validate_time_zone(name: str) -> None:
    """Refuse a name that the time-zone database does not have."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” isn't a time zone. Enter one like “Asia/Manila”."), params={"name": name}
        )


class TurnMode(models.TextChoices):
    """How a branch decides which therapist may call the next customer."""

    FREE = "free", _("Free: whoever is free first")
    STRICT = "strict", _("Strict rotation: fewest turns first")


class Branch(models.Model):
    """One spa; queues, codes, rooms and screens all belong to a branch."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(_("URL name"), max_length=40, unique=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Manila", validators=[validate_time_zone]
    )
    day_start = models.TimeField(
        _("business day starts at"),
        default=datetime.time(4, 0),
        help_text=_("Visits before this time count as the previous day."),
    )
    request_minutes = models.PositiveSmallIntegerField(
        _("requested therapist (minutes)"),
        default=15,
        db_default=15,
        help_text=_(
            "How long a customer waits for the therapist they asked for, if anyone else will do "
            "after that. 0 = customers can't ask for a therapist."
        ),
    )
    note_days = models.PositiveSmallIntegerField(
        _("keep customers' notes (days)"),
        default=30,
        db_default=30,
        help_text=_("How long a customer's note to the therapist is kept after the visit."),
    )
    asks_consent = models.BooleanField(
        _("ask about added treatments"),
        default=False,
        db_default=False,
        help_text=_(
            "Customers accept or decline on their ticket what a therapist adds, or the therapist "
            "records that they agreed in person."
        ),
    )
    offers_gender = models.BooleanField(
        _("woman or man"),
        default=False,
        db_default=False,
        help_text=_("Customers can ask for a woman or a man."),
    )
    turn_mode = models.CharField(
        _("turns"),
        max_length=6,
        choices=TurnMode,
        default=TurnMode.FREE,
        db_default=TurnMode.FREE,
        help_text=_(
            "In strict rotation only the therapist who is next may call from the line. Customers "
            "who asked for a therapist are always called by that one."
        ),
    )
    suggests_add_ons = models.BooleanField(
        _("suggest add-ons"),
        default=True,
        db_default=True,
        help_text=_("Customers are offered an add-on once per order."),
    )
    shared_rooms = models.BooleanField(
        _("shared rooms"),
        default=False,
        help_text=_("A therapist without a ready room gets any available one."),
    )
    preparing_minutes = models.PositiveSmallIntegerField(
        _("room turnaround (minutes)"),
        default=15,
        help_text=_("Rooms become ready after this time. 0 = only when staff mark them ready."),
    )
    active = models.BooleanField(_("open"), default=True)
    board_message = models.CharField(
        _("message on the board"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("Shown on the waiting room's screen, such as the Wi-Fi or an offer."),
    )
    board_picture = models.FileField(
        _("picture on the board"),
        upload_to="menu",
        blank=True,
        default="",
        db_default="",
        help_text=_("JPEG, PNG or WebP, at most 8 MB. Shown on the waiting room's screen."),
    )
    address = models.TextField(_("address"), blank=True, help_text=_("Printed on receipts."))
    tax_id = models.CharField(_("tax number"), max_length=40, blank=True)
    tax_rate = models.DecimalField(
        _("tax rate (%)"),
        max_digits=5,
        decimal_places=2,
        default=0,
        db_default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("Prices include this tax. 0 = receipts show no tax."),
    )
    tax_label = models.CharField(
        _("tax name"),
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text=_("Such as VAT. Printed on receipts."),
    )
    doubtful_change = models.DecimalField(
        _("large-change warning"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        default=Decimal(1000),
        validators=[MinValueValidator(0)],
        help_text=_(
            "Ask cashiers to confirm when change is at least this much. Tip: your largest "
            "note. Empty = never."
        ),
    )

    drawers = models.BooleanField(
        _("cash drawers"),
        default=False,
        db_default=False,
        help_text=_("Cashiers open a drawer with a float and count it at the end."),
    )
    variance_note_above = models.DecimalField(
        _("difference that needs a note"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=0,
        db_default=0,
        validators=[MinValueValidator(0)],
        help_text=_("Cashiers explain a larger difference when they close. 0 = every difference."),
    )
    variance_approval_above = models.DecimalField(
        _("difference that needs a manager"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=Decimal(500),
        db_default=Decimal(500),
        validators=[MinValueValidator(0)],
        help_text=_("A manager approves a larger difference with name and PIN."),
    )

    history = SetupHistory()

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def takes_requests(self) -> bool:
        """Return whether customers can ask for a therapist, or for a woman or a man."""
        return bool(self.request_minutes) or self.offers_gender

    def clean(self) -> None:
        """Refuse a tax without a name, and another day that would split today's visits."""
        if self.tax_rate and not self.tax_label:
            raise ValidationError({"tax_label": _("Enter the name of the tax, such as VAT.")})
        before = Branch.objects.filter(pk=self.pk).first()
        if before is None or before.business_date() == self.business_date():
            return
        if before.transaction_set.filter(business_date=before.business_date()).exists():
            raise ValidationError(
                _(
                    "There are visits today already, and today would become %(day)s. Change the "
                    "time zone or the start of the day before the first customer."
                )
                % {"day": self.business_date()}
            )

    def business_date(self, at: datetime.datetime | None = None) -> datetime.date:
        """Return the business day of a moment, by default now, in the branch's time zone."""
        local = (at or timezone.now()).astimezone(zoneinfo.ZoneInfo(self.time_zone))
        # Compares wall-clock time, so that the day is right on the two days a year when clocks
        # change.
        day = local.date()
        return day if local.time() >= self.day_start else day - datetime.timedelta(days=1)

    def end_of_day(self, business_date: datetime.date) -> datetime.datetime:
        """Return the moment at which a business day ends."""
        following = business_date + datetime.timedelta(days=1)
        zone = zoneinfo.ZoneInfo(self.time_zone)
        return datetime.datetime.combine(following, self.day_start, zone)


class StaffManager(UserManager["User"]):
    """A manager of users that can load what authorization needs in one query."""

    def with_roles(self) -> models.QuerySet["User"]:
        """Return users with branch, therapist, own room and cashier, all in the same query."""
        return self.select_related("branch", "therapist__own_room", "cashier")


class User(AbstractUser):
    """A person who can log in; managers are those who may enter the admin (`is_staff`)."""

    branch = models.ForeignKey(
        Branch, verbose_name=_("branch"), null=True, blank=True, on_delete=models.PROTECT
    )
    is_staff = models.BooleanField(
        _("manager"), default=False, help_text=_("Can open Administration and reports.")
    )
    is_monitor = models.BooleanField(
        _("wall screen"),
        default=False,
        help_text=_("For wall screens. Staff always have access."),
    )
    is_demo = models.BooleanField(
        _("demo account"),
        default=False,
        editable=False,
        help_text=_("Created with the demo data."),
    )

    #: Incrementing it revokes every login of this person: sessions, tokens and tickets.
    login_epoch = models.PositiveIntegerField(default=0, editable=False)

    #: Unlocks the person's screens; hashed as the password is. Empty: the screens never lock.
    pin = models.CharField(max_length=128, blank=True, editable=False)

    objects: ClassVar[StaffManager] = StaffManager()
    #: No secrets, and nothing that a login or the system itself writes.
    history = SetupHistory(
        leave_out=("password", "pin", "login_epoch", "last_login", "date_joined", "is_demo")
    )

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")

    @property
    def roles(self) -> frozenset[Role]:
        """Return the roles this person has now, none when the account is switched off."""
        if not self.is_active:
            return frozenset()
        plays = {
            Role.THERAPIST: (therapist := getattr(self, "therapist", None)) and therapist.active,
            Role.CASHIER: (cashier := getattr(self, "cashier", None)) and cashier.active,
            Role.MONITOR: self.is_monitor,
            Role.MANAGER: self.is_staff,
        }
        return frozenset(role for role, played in plays.items() if played)

    @property
    def shown_name(self) -> str:
        """Return the name on screens, or the person's own name."""
        profile = getattr(self, "therapist", None) or getattr(self, "cashier", None)
        return profile.display_name if profile else self.get_full_name() or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return a hash that a new password or a new epoch changes, which revokes all logins."""
        proof = f"{self.login_epoch}:{self.password}"
        return salted_hmac(
            "accounts.User.login", proof, secret=secret, algorithm="sha256"
        ).hexdigest()


Profile = TypeVar("Profile", bound="StaffProfile")


class StaffProfileManager(models.Manager[Profile]):
    """A manager of therapists or cashiers."""

    def active_in(self, branch: Branch) -> models.QuerySet[Profile]:
        """Return the branch's active profiles whose person is active, too."""
        return self.filter(active=True, user__is_active=True, user__branch=branch)


class StaffProfile(models.Model):
    """The common fields of therapists and cashiers."""

    display_name = models.CharField(_("display name"), max_length=60)
    active = models.BooleanField(_("active"), default=True)

    objects: ClassVar[StaffProfileManager[Self]] = StaffProfileManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.display_name


class TherapistManager(StaffProfileManager["Therapist"]):
    """A manager of therapists that knows who is at work."""

    def at_work(self, branch: Branch) -> models.QuerySet["Therapist"]:
        """Return the active therapists who have clocked in, also those on a break."""
        return self.active_in(branch).filter(
            presence__branch=branch, presence__business_date=branch.business_date()
        )

    def on_duty(self, branch: Branch) -> models.QuerySet["Therapist"]:
        """Return the active therapists who may get a customer now: neither away nor on a break."""
        return self.at_work(branch).filter(presence__kind=PresenceKind.ON_DUTY)


class Gender(models.TextChoices):
    """A gender of therapists that customers may ask for."""

    WOMAN = "woman", _("Woman")
    MAN = "man", _("Man")


class Therapist(StaffProfile):
    """A person who treats customers, usually in a room of their own."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="therapist")
    # By name: accounts does not import the app of the rooms.
    own_room = models.ForeignKey(
        "queueing.Room",
        verbose_name=_("own room"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="owners",
    )
    gender = models.CharField(
        _("gender"), max_length=5, choices=Gender, blank=True, default="", db_default=""
    )
    # By name: accounts does not import the app of the menu.
    skills = models.ManyToManyField(
        "catalog.Skill", through="accounts.TherapistSkill", related_name="therapists"
    )

    objects: ClassVar[TherapistManager] = TherapistManager()
    history = SetupHistory()

    class Meta:
        verbose_name = _("therapist")
        verbose_name_plural = _("therapists")

    @property
    def room_number(self) -> str:
        """Return the number of their own room, empty without one."""
        return self.own_room.number if self.own_room else ""


class TherapistSkill(models.Model):
    """A skill of a therapist; a row of its own, so that the history has each."""

    therapist = models.ForeignKey(
        Therapist, verbose_name=_("therapist"), on_delete=models.CASCADE, related_name="+"
    )
    skill = models.ForeignKey(
        "catalog.Skill", verbose_name=_("skill"), on_delete=models.CASCADE, related_name="+"
    )

    history = SetupHistory()

    class Meta:
        verbose_name = _("skill of a therapist")
        verbose_name_plural = _("skills of therapists")
        constraints = [
            models.UniqueConstraint(
                fields=["therapist", "skill"], name="skill_once_for_a_therapist"
            )
        ]

    def __str__(self) -> str:
        return f"{self.therapist}: {self.skill}"


class Workplace(models.Model):
    """A branch in which a person may work besides the present one, which is `User.branch`.

    `spa_project.chain.moves` exchanges the two when the person chooses where they work today.
    """

    user = models.ForeignKey(
        User, verbose_name=_("staff member"), on_delete=models.CASCADE, related_name="workplaces"
    )
    branch = models.ForeignKey(
        Branch, verbose_name=_("branch"), on_delete=models.CASCADE, related_name="+"
    )
    #: A therapist's own room there, for when they are back. By name, as `Therapist.own_room`.
    own_room = models.ForeignKey(
        "queueing.Room",
        verbose_name=_("own room"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    history = SetupHistory()

    class Meta:
        verbose_name = _("workplace")
        verbose_name_plural = _("workplaces")
        constraints = [
            models.UniqueConstraint(fields=["user", "branch"], name="workplace_once_for_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.user.shown_name}: {self.branch}"


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
        Therapist,
        verbose_name=_("therapist"),
        on_delete=models.PROTECT,
        related_name="presences",
        db_constraint=False,
    )
    #: The therapist while the row is open; unique, so one has a single present state.
    active_therapist = models.OneToOneField(
        Therapist,
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


class Cashier(StaffProfile):
    """A person who takes money at a counter."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="cashier")
    counter_number = models.CharField(_("counter"), max_length=20, blank=True)

    history = SetupHistory()

    class Meta:
        verbose_name = _("cashier")
        verbose_name_plural = _("cashiers")


class ClosedStep(models.Model):
    """A step of the first day's checklist that an owner has skipped or marked as done."""

    name = models.CharField(max_length=20, primary_key=True)
    skipped = models.BooleanField()

    def __str__(self) -> str:
        return self.name


class SessionLock(models.Model):
    """A session whose screens wait for their person's PIN; it ends with the session."""

    session = models.OneToOneField(Session, primary_key=True, on_delete=models.CASCADE)
    tries = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.session_id[:4]}…"


class Secret(models.Model):
    """A secret of which the database stores the digest only, so that nobody can read it there."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    #: The person's session hash when they logged in.
    stamp = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"


class AuthToken(Secret):
    """A login of a program or phone; use extends it, up to an absolute limit."""

    #: The absolute end, however much the token is used.
    ends_at = models.DateTimeField()


class SocketTicket(Secret):
    """A ticket that opens one socket, for programs that cannot send headers.

    It belongs to the login that requested it.
    """

    login_key = models.CharField(max_length=64, editable=False)
    #: The end of the token that requested it; None for a session.
    login_ends_at = models.DateTimeField(null=True)


def new_device_name() -> str:
    """Return a name for a device, which nobody guesses."""
    return secrets.token_hex(8)


class PairedDevice(models.Model):
    """A kiosk or waiting room screen with rate limits of its own; `accounts.devices` writes it."""

    #: In the device's signed cookie.
    name = models.CharField(max_length=16, unique=True, default=new_device_name, editable=False)
    label = models.CharField(_("device"), max_length=60)
    branch = models.ForeignKey(Branch, verbose_name=_("branch"), on_delete=models.CASCADE)
    paired_by = models.ForeignKey(
        User, verbose_name=_("paired by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    paired_at = models.DateTimeField(_("paired at"), default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("paired device")
        verbose_name_plural = _("paired devices")

    def __str__(self) -> str:
        return self.label
