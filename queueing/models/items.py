"""Models of a transaction's items."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Service, ServiceClassification, Skill, TurnWeight
from queueing.models.transactions import Transaction
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS


class Consent(models.TextChoices):
    """A customer's answer about a treatment that was added during their visit."""

    ASKED = "asked", _("Waiting for an answer")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    IN_PERSON = "in_person", _("Agreed in person")


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
