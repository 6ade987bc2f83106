"""Models of the menu: category > service > classification (a duration or tier with its price)."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from spa_project.lib.db.history import SetupHistory
from spa_project.lib.db.tracked import TrackedQuerySet
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS

DAY_MINUTES = 24 * 60


class MenuEntry(models.Model):
    """The common fields of all menu entries: order and switch."""

    order = models.PositiveIntegerField(_("position"), default=0, db_index=True)
    active = models.BooleanField(_("on menu"), default=True)

    class Meta:
        abstract = True


class ServiceCategory(MenuEntry):
    """A heading of the menu, such as “Massage”."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    add_ons = models.BooleanField(
        _("add-ons"),
        default=False,
        db_default=False,
        help_text=_(
            "Extras to go with a treatment: suggested to customers once per order, and listed "
            "first when a therapist adds to a treatment."
        ),
    )

    objects = TrackedQuerySet["ServiceCategory"].as_manager()
    history = SetupHistory()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.name


class Skill(models.Model):
    """A skill that some treatments need, such as “Hot stone”."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    active = models.BooleanField(
        _("in use"), default=True, help_text=_("Off: no treatment needs it any more.")
    )

    objects = TrackedQuerySet["Skill"].as_manager()
    history = SetupHistory()

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class NoteMark(MenuEntry):
    """A mark that customers may tick for their therapist, such as “Allergies”."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60, unique=True)

    objects = TrackedQuerySet["NoteMark"].as_manager()
    history = SetupHistory()

    class Meta:
        verbose_name = _("note mark")
        verbose_name_plural = _("note marks")
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.name


class TurnWeight(models.IntegerChoices):
    """The weight of a treatment in the therapists' rotation, in quarters of a turn."""

    FULL = 4, _("1 turn")
    HALF = 2, _("½ turn")
    NONE = 0, _("No turn")


class Service(MenuEntry):
    """A treatment, such as “Hilot”; its classifications have the prices."""

    category = models.ForeignKey(
        ServiceCategory,
        verbose_name=_("category"),
        on_delete=models.PROTECT,
        related_name="services",
    )
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=500, blank=True)
    #: Of a visit with several treatments one therapist needs the skills of all.
    skill = models.ForeignKey(
        Skill,
        verbose_name=_("needed skill"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="services",
        help_text=_("Only therapists with this skill give the treatment. Empty = everyone."),
    )
    image = models.FileField(
        _("uploaded picture"),
        upload_to="menu",
        blank=True,
        db_default="",
        help_text=_("JPEG, PNG or WebP, at most 8 MB. It is shown instead of the address below."),
    )
    image_url = models.CharField(
        _("picture"),
        max_length=300,
        blank=True,
        help_text=_("A picture on this site, such as /static/img/hilot.jpg."),
        # The pages' content security policy (CSP) allows pictures of this site only.
        validators=[
            RegexValidator(r"^/[^/\\]", _("Enter an address on this site that begins with “/”."))
        ],
    )

    turn_quarters = models.PositiveSmallIntegerField(
        _("counts as"),
        choices=TurnWeight,
        default=TurnWeight.FULL,
        db_default=TurnWeight.FULL,
        help_text=_(
            "In branches with a strict rotation. A visit counts as the treatment that counts most, "
            "and half if the customer asked for the therapist."
        ),
    )

    objects = TrackedQuerySet["Service"].as_manager()
    history = SetupHistory()

    class Meta:
        verbose_name = _("treatment")
        verbose_name_plural = _("treatments")
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["category", "name"], name="service_once_in_a_category")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def needed_skill(self) -> Skill | None:
        """Return the skill that a therapist needs now, None when everyone gives the treatment."""
        return self.skill if self.skill and self.skill.active else None

    @property
    def picture_url(self) -> str:
        """Return the address of the picture on the menu, empty without one."""
        return self.image.url.replace("-full.", "-card.") if self.image else self.image_url


#: The order of the menu's prices: by category, then treatment, then option.
MENU_ORDER = (
    "service__category__order",
    "service__category",
    "service__order",
    "service",
    "order",
    "id",
)


class ClassificationQuerySet(TrackedQuerySet["ServiceClassification"]):
    """A queryset of prices."""

    def on_the_menu(self) -> "ClassificationQuerySet":
        """Return what can be chosen now, with its service and skill: active on all levels."""
        return self.select_related("service__skill").filter(
            active=True, service__active=True, service__category__active=True
        )


class ServiceClassification(MenuEntry):
    """A variant of a service: its duration or tier, in minutes, and its price."""

    service = models.ForeignKey(
        Service,
        verbose_name=_("treatment"),
        on_delete=models.PROTECT,
        related_name="classifications",
    )
    classification = models.CharField(_("option"), max_length=80)
    price = models.DecimalField(
        _("price"),
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        validators=[MinValueValidator(Decimal(0))],
    )
    duration_minutes = models.PositiveSmallIntegerField(
        _("minutes"), validators=[MinValueValidator(1), MaxValueValidator(DAY_MINUTES)]
    )

    objects = ClassificationQuerySet.as_manager()
    history = SetupHistory()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "classification"], name="classification_once_in_a_service"
            ),
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_is_not_negative"),
            models.CheckConstraint(
                condition=models.Q(duration_minutes__gte=1), name="service_takes_a_minute"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} · {self.classification}"


class PriceList(ServiceClassification):
    """All prices on one page of the admin (menu_admin.py), which lists models."""

    class Meta:
        proxy = True
        verbose_name = _("price list")
        verbose_name_plural = _("price list")
