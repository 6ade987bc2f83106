"""A summary of a therapist's day, and their most frequent services."""

import datetime
from decimal import Decimal
from typing import TypedDict

from django.db.models import Count, Sum

from accounts.models import Branch, Therapist
from queueing.models import SERVED, Transaction, TransactionItem
from queueing.serializers import TransactionData, serialize_transaction
from spa_project.lib.money import format_amount

SHOWN = 50
#: The period over which favourites are counted, and how many there are at most.
FAVOURITES_WITHIN = datetime.timedelta(days=90)
FAVOURITES = 8


class TherapistDay(TypedDict):
    """The last customers of a business day, newest first, and the totals of the whole day."""

    business_date: str
    customers: int
    minutes: int
    amount: str
    #: What customers gave this therapist on top.
    tips: str
    transactions: list[TransactionData]


def day_of_therapist(branch: Branch, therapist: Therapist) -> TherapistDay:
    """Return the treatments that ended today and were not cancelled afterwards."""
    today = branch.business_date()
    done = Transaction.objects.filter(
        SERVED, branch=branch, business_date=today, therapist=therapist
    )
    totals = done.aggregate(
        count=Count("pk"), minutes=Sum("total_duration_minutes"), amount=Sum("total_amount")
    )
    paid = therapist.tip_shares.filter(payment__branch=branch, payment__business_date=today)
    tips = paid.aggregate(sum=Sum("amount"))["sum"]
    latest = done.with_people().order_by("-service_finish_at", "-pk")[:SHOWN]
    return {
        "business_date": today.isoformat(),
        "customers": totals["count"],
        "minutes": totals["minutes"] or 0,
        "amount": format_amount(totals["amount"] or Decimal(0)),
        "tips": format_amount(tips or Decimal(0)),
        "transactions": [serialize_transaction(row) for row in latest],
    }


def favourites_of(branch: Branch, therapist: Therapist) -> list[int]:
    """Return the service classifications the therapist has done most often lately."""
    since = branch.business_date() - FAVOURITES_WITHIN
    done = TransactionItem.objects.filter(
        transaction__branch=branch,
        transaction__therapist=therapist,
        transaction__business_date__gte=since,
        transaction__service_finish_at__isnull=False,
    )
    often = done.values("service_classification").annotate(times=Count("pk"))
    ranked = often.order_by("-times", "service_classification")
    return list(ranked.values_list("service_classification", flat=True)[:FAVOURITES])
