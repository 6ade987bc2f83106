"""Models of the payment methods that managers offer."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from spa_project.lib.db.history import SetupHistory
from spa_project.lib.db.tracked import TrackedQuerySet

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
