"""Models of people: accounts, roles, therapists, cashiers, and where they work."""

from typing import ClassVar, Self, TypeVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models.branches import Branch
from accounts.models.presence import PresenceKind
from spa_project.lib.db.history import SetupHistory


class Role(models.TextChoices):
    """A role of a person on the floor; one person may have several."""

    THERAPIST = "therapist", _("Therapist")
    CASHIER = "cashier", _("Cashier")
    MONITOR = "monitor", _("Wall screen")
    MANAGER = "manager", _("Manager")


#: Roles that may act on the floor; the account of a wall screen only watches.
STAFF = (Role.THERAPIST, Role.CASHIER, Role.MANAGER)


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


class Cashier(StaffProfile):
    """A person who takes money at a counter."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="cashier")
    counter_number = models.CharField(_("counter"), max_length=20, blank=True)

    history = SetupHistory()

    class Meta:
        verbose_name = _("cashier")
        verbose_name_plural = _("cashiers")
