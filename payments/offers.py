"""Discounts that a till offers, as its screen shows them."""

from typing import Annotated, TypedDict

from payments.models import Discount, Scope
from queueing.bill import DiscountKind
from spa_project.lib.money import format_amount


class OfferData(TypedDict):
    code: str
    name: str
    kind: Annotated[str, DiscountKind]
    scope: Annotated[str, Scope]
    #: Null where the cashier enters it.
    value: str | None
    #: Above it only a manager may give it; null: no limit.
    cashier_limit: str | None
    needs_reason: bool
    needs_id: bool


def serialize_offers() -> list[OfferData]:
    """Return the discounts that a till offers, in their order."""
    return [
        {
            "code": offer.code,
            "name": offer.name,
            "kind": offer.kind,
            "scope": offer.scope,
            "value": None if offer.value is None else format_amount(offer.value),
            "cashier_limit": (
                None if offer.cashier_limit is None else format_amount(offer.cashier_limit)
            ),
            "needs_reason": offer.needs_reason,
            "needs_id": offer.needs_id,
        }
        for offer in Discount.objects.filter(active=True)
    ]
