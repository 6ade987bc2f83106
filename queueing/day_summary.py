"""A summary of a therapist's day, and their most frequent services."""

import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, Sum

from accounts.models import Branch, Therapist
from queueing.models import SERVED, Transaction, TransactionItem, TurnKind
from queueing.rotation import entries_of
from queueing.serializers import TransactionData, serialize_transaction
from queueing.turns import signed
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
    #: What customers gave this therapist on top, less what was given back to them today.
    tips: str
    #: What was paid out of these tips today, from cash drawers.
    tips_paid_out: str
    #: What was given back today for this therapist's treatments of any day.
    refunded: str
    transactions: list[TransactionData]


class TherapistDayNow(TherapistDay):
    """The same, with how far the database that it was read from is behind."""

    seconds_behind: int


class TurnData(TypedDict):
    """A row of the turn ledger."""

    id: int
    at: str
    therapist_id: int
    therapist: str
    #: With a sign, such as "+0.5".
    turns: str
    kind: Annotated[str, TurnKind]
    #: The visit's code, None where no visit made it.
    code: str | None
    reason: str
    #: Who did it, None where nobody did.
    by: str | None


class TurnsOfDay(TypedDict):
    """The turn ledger of a business day, newest row first."""

    business_date: str
    turns: list[TurnData]


def turns_of_day(branch: Branch) -> TurnsOfDay:
    """Return today's turn ledger."""
    today = branch.business_date()
    people = ("therapist", "transaction", "by__therapist", "by__cashier")
    return {
        "business_date": today.isoformat(),
        "turns": [
            {
                "id": row.pk,
                "at": row.at.isoformat(),
                "therapist_id": row.therapist_id,
                "therapist": str(row.therapist),
                "turns": signed(row.quarters),
                "kind": row.kind,
                "code": row.transaction.code if row.transaction else None,
                "reason": row.reason,
                "by": row.by.shown_name if row.by else None,
            }
            for row in entries_of(branch.pk, today).select_related(*people).reverse()
        ],
    }


def day_of_therapist(
    branch: Branch, therapist: Therapist, database: str = DEFAULT_DB_ALIAS
) -> TherapistDay:
    """Return the treatments that ended today and were not cancelled afterwards."""
    today = branch.business_date()
    done = Transaction.objects.using(database).filter(
        SERVED, branch=branch, business_date=today, therapist=therapist
    )
    totals = done.aggregate(
        count=Count("pk"), minutes=Sum("total_duration_minutes"), amount=Sum("total_amount")
    )
    paid = therapist.tip_shares.using(database).filter(
        payment__branch=branch, payment__business_date=today
    )
    tips = paid.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    back = therapist.refunded_tips.using(database).filter(
        refund__branch=branch, refund__business_date=today
    )
    tips -= back.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    payouts = therapist.tip_payouts.using(database).filter(
        drawer__branch=branch, drawer__business_date=today
    )
    paid_out = payouts.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    # By reverse relations, as payments is a layer above.
    visits = Transaction.objects.using(database).filter(
        therapist=therapist,
        payment__refunds__branch=branch,
        payment__refunds__business_date=today,
    )
    refunded = visits.aggregate(sum=Sum("payment__refunds__amount"))["sum"] or Decimal(0)
    latest = done.with_people().order_by("-service_finish_at", "-pk")[:SHOWN]
    return {
        "business_date": today.isoformat(),
        "customers": totals["count"],
        "minutes": totals["minutes"] or 0,
        "amount": format_amount(totals["amount"] or Decimal(0)),
        "tips": format_amount(tips),
        "tips_paid_out": format_amount(paid_out),
        "refunded": format_amount(refunded),
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
