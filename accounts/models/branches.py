"""Models of branches."""

import datetime
import zoneinfo
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from spa_project.lib.db.history import SetupHistory
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS


def validate_time_zone(name: str) -> None:
    """Refuse a name that the time-zone database does not have."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” isn't a time zone. Enter one like “Asia/Manila”."), params={"name": name}
        )


class TurnMode(models.TextChoices):
    """A rule by which a branch decides which therapist may call the next customer."""

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
