"""Tips of a business day by therapist: what they got, what was paid out, and what is still owed."""

import datetime
from collections import defaultdict
from decimal import Decimal
from typing import TypedDict

from django.db.models import Q, QuerySet, Sum

from accounts.models import Branch, Therapist
from payments.models import CashMovement, RefundedTip, TipShare
from queueing.bill import ZERO, rounded
from spa_project.lib.money import format_amount


class TipsOfTherapist(TypedDict):
    therapist_id: int
    name: str
    #: Less what refunds took back today.
    earned: str
    paid_out: str
    #: Negative when more was paid out than earned.
    owed: str


class TipsOfDay(TypedDict):
    """The branch's therapists by name, with their tips of the business day."""

    date: str
    therapists: list[TipsOfTherapist]


def tips_of_day(branch: Branch) -> TipsOfDay:
    """Return the tips of today for each therapist who works here, or has any."""
    today = branch.business_date()
    earned = _earned(branch, today)
    paid_out = _sums(
        CashMovement.objects.filter(drawer__branch=branch, drawer__business_date=today).exclude(
            therapist=None
        )
    )
    here = Q(user__branch=branch, user__is_active=True) | Q(pk__in=[*earned, *paid_out])
    people = Therapist.objects.filter(here).select_related("user").order_by("display_name", "pk")
    return {
        "date": today.isoformat(),
        "therapists": [
            {
                "therapist_id": each.pk,
                "name": each.display_name,
                "earned": format_amount(earned[each.pk]),
                "paid_out": format_amount(paid_out[each.pk]),
                "owed": format_amount(earned[each.pk] - paid_out[each.pk]),
            }
            for each in people
        ],
    }


def _earned(branch: Branch, today: datetime.date) -> defaultdict[int, Decimal]:
    got = TipShare.objects.filter(payment__branch=branch, payment__business_date=today)
    back = RefundedTip.objects.filter(refund__branch=branch, refund__business_date=today)
    earned = _sums(got)
    for pk, amount in _sums(back).items():
        earned[pk] -= amount
    return earned


def _sums(
    rows: QuerySet[TipShare] | QuerySet[RefundedTip] | QuerySet[CashMovement],
) -> defaultdict[int, Decimal]:
    sums = rows.order_by().values_list("therapist").annotate(Sum("amount"))
    return defaultdict(lambda: ZERO, ((pk, rounded(amount)) for pk, amount in sums))
