"""Discounts that a till offers, as its screen shows them."""

from decimal import Decimal
from typing import Annotated, TypedDict

from payments.models import Discount, Scope
from queueing.bill import DiscountKind
from spa_project.lib.db.history import insert_many
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


def create_demo_discounts() -> None:
    """Create the discounts of the demo, where there are none: one for each kind of rule."""
    if Discount.objects.exists():
        return
    insert_many(
        Discount,
        [
            Discount(
                code="senior",
                name="Senior",
                kind=DiscountKind.PERCENT,
                value=Decimal(20),
                scope=Scope.LINE,
                needs_id=True,
                tax_exempt=True,
                position=1,
            ),
            Discount(
                code="member",
                name="Member",
                kind=DiscountKind.PERCENT,
                value=Decimal(10),
                position=2,
            ),
            Discount(
                code="manager",
                name="Manager’s discount",
                kind=DiscountKind.AMOUNT,
                # Above nothing: a cashier needs a manager's approval for any amount.
                cashier_limit=Decimal(0),
                needs_reason=True,
                position=3,
            ),
        ],
    )
