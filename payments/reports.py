"""Reports for managers about some business days: takings, by service and person, and waits.

Each is a short read of its own: one long snapshot of the database would slow claims.
"""

import datetime
from collections import defaultdict
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Max, QuerySet, Sum

from accounts.hours import Hours, hours_of
from accounts.models import Branch
from accounts.namesakes import tell_apart
from payments.models import Payment, TipShare
from payments.takings import by_method
from queueing.bill import tax_name
from queueing.models import Transaction, TransactionItem
from queueing.states import Status
from queueing.visit_bills import bill_of_visit, discounts_of

#: The most days of one report: a quarter of a year.
LONGEST = datetime.timedelta(days=92)
#: How many bills are read at a time.
CHUNK = 500
MINUTE = datetime.timedelta(minutes=1)


class Period(NamedTuple):
    """Business days from the first to the last, both included."""

    first: datetime.date
    last: datetime.date


class ReportRow(NamedTuple):
    """One row of a table: a name, a count and a sum."""

    name: Any
    times: int
    amount: Decimal


class Waits(NamedTuple):
    """The average and the longest wait of a day's customers for a therapist."""

    day: datetime.date
    customers: int
    average: datetime.timedelta
    longest: datetime.timedelta

    @property
    def average_minutes(self) -> int:
        """Return the average wait in whole minutes, as the screens count them."""
        return self.average // MINUTE

    @property
    def longest_minutes(self) -> int:
        """Return the longest wait in whole minutes."""
        return self.longest // MINUTE


class Report(NamedTuple):
    """All tables of the page."""

    days: list[ReportRow]
    services: list[ReportRow]
    therapists: list[ReportRow]
    methods: list[ReportRow]
    waits: list[Waits]
    hours: list[Hours]
    #: The tax that the sales contain, by its name and rate.
    taxes: list[ReportRow]
    #: What customers gave each therapist on top.
    tips: list[ReportRow]
    #: What discounts have taken off, by their name.
    discounts: list[ReportRow]

    @property
    def total(self) -> ReportRow:
        """Return the total of all days."""
        amount = sum((day.amount for day in self.days), Decimal("0.00"))
        return ReportRow("", sum(day.times for day in self.days), amount)


def report_of(branch: Branch, period: Period, database: str = DEFAULT_DB_ALIAS) -> Report:
    """Return the branch's report of these business days, as this database has them."""
    payments = Payment.objects.using(database).filter(branch=branch, business_date__range=period)
    sold = TransactionItem.objects.using(database).filter(
        transaction__payment__branch=branch, transaction__payment__business_date__range=period
    )
    return Report(
        days=_lines(payments, "business_date", Sum("amount_due"), by="business_date"),
        services=_lines(sold, "service_name", Sum(F("price") - F("discount_amount"))),
        therapists=_therapists(payments),
        methods=_methods(payments),
        tips=_tips(payments),
        waits=_waits(branch, period, database),
        hours=hours_of(branch, period, database),
        taxes=_taxes(payments),
        discounts=_discounts(payments),
    )


def _lines(
    rows: QuerySet[Any], name: str, amount: Sum, *identity: str, by: str = "-sum"
) -> list[ReportRow]:
    """Return rows grouped by a name, by default with the largest sum first.

    `identity` tells those of the same name apart.
    """
    grouped = rows.order_by().values_list(name, *identity).annotate(times=Count("pk"), sum=amount)
    return [ReportRow(row[0], *row[-2:]) for row in grouped.order_by(by, name, *identity)]


def _therapists(payments: QuerySet[Payment]) -> list[ReportRow]:
    """Return a row of each therapist, with the user name where two have the same name."""
    name, user = "transaction__therapist__display_name", "transaction__therapist__user__username"
    grouped = payments.order_by().values_list(name, user)
    found = grouped.annotate(times=Count("pk"), sum=Sum("amount_due")).order_by("-sum", name, user)
    rows = list(found)
    names = tell_apart(row[:2] for row in rows)
    return [ReportRow(names[row[:2]], *row[2:]) for row in rows]


def _methods(payments: QuerySet[Payment]) -> list[ReportRow]:
    takings = sorted(by_method(payments), key=lambda it: (-it.amount, it.name, it.method))
    return [ReportRow(it.name, it.times, it.amount) for it in takings]


def _tips(payments: QuerySet[Payment]) -> list[ReportRow]:
    shares = TipShare.objects.using(payments.db).filter(payment__in=payments).order_by()
    grouped = shares.values_list("therapist__display_name", "therapist__user__username")
    rows = list(grouped.annotate(times=Count("pk"), sum=Sum("amount")).order_by("-sum"))
    names = tell_apart(row[:2] for row in rows)
    return [ReportRow(names[row[:2]], *row[2:]) for row in rows]


def _taxes(payments: QuerySet[Payment]) -> list[ReportRow]:
    taxed = payments.exclude(tax_rate=0).order_by().values_list("tax_label", "tax_rate")
    sums = taxed.annotate(times=Count("pk"), sum=Sum("tax_amount"))
    return [
        ReportRow(tax_name(label, rate), times, amount)
        for label, rate, times, amount in sums.order_by("tax_label", "tax_rate")
    ]


def _discounts(payments: QuerySet[Payment]) -> list[ReportRow]:
    """Return what discounts took off, from the bills that have some; exempted tax is not theirs."""
    visits = Transaction.objects.using(payments.db).filter(
        payment__in=payments, discount_amount__gt=0
    )
    visits = visits.select_related("payment").prefetch_related("items", "discounts")
    sums: dict[str, list[Decimal]] = defaultdict(list)
    for visit in visits.iterator(CHUNK):
        given = discounts_of(visit)
        bill = bill_of_visit(visit, given)
        for row in given:
            sums[row.name].append(bill.discounts[row.pk])
    rows = [
        ReportRow(name, len(amounts), sum(amounts, Decimal("0.00")))
        for name, amounts in sums.items()
    ]
    return sorted(rows, key=lambda row: (-row.amount, row.name))


_WAIT = ExpressionWrapper(
    F("therapist_confirmed_at") - F("selection_confirmed_at"), output_field=DurationField()
)


def _waits(branch: Branch, period: Period, database: str) -> list[Waits]:
    called = (
        Transaction.objects.using(database)
        .filter(branch=branch, business_date__range=period, therapist_confirmed_at__isnull=False)
        .exclude(status=Status.CANCELLED)
    )
    days = called.order_by().values_list("business_date")
    found = days.annotate(customers=Count("pk"), average=Avg(_WAIT), longest=Max(_WAIT))
    return [Waits(*row) for row in found.order_by("business_date")]
